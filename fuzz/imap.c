/* The IMAP grammar: a command in any pieces is framed alike, whatever is read from it can be written and read again,
 * and what is said of a message is well-formed whatever the message is. The first octet chooses. */
#include "base/text.h"
#include "wire/imap_envelope.h"
#include "wire/imap_fetch.h"
#include "wire/imap_frame.h"
#include "wire/imap_mailbox.h"
#include "wire/imap_notify.h"
#include "wire/imap_search.h"
#include "wire/imap_section.h"
#include "wire/imap_sort.h"
#include "wire/imap_structure.h"
#include "wire/imap_subject.h"
#include "wire/imap_thread.h"
#include "wire/imap_url.h"
#include "wire/imap_write.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(bool ok)
{
    if (!ok)
        abort();
}

/* ---- framing ---- */

static const struct imap_frame_limits limits = {
    .line_max = 2000, .command_max = 4000, .literal_max = 3000, .nonsync_max = 1000
};

/* Where the commands end that in holds, when it comes that many octets at a time; the last one is how it stopped. */
static void frames(struct str in, size_t piece, struct buf *out)
{
    struct imap_frame f = { 0 };
    struct imap_frame_event e;
    for (size_t begin = 0, have = 0;;) {
        enum err err = imap_frame_next(&f, str_sub(in, begin, have - begin), &limits, &e);
        if (err == ERR_MORE && have < in.n) {
            have = MIN(have + piece, in.n);
            continue;
        }
        if (err != OK) {
            buf_puts(out, err_name(err));
            return;
        }
        must(e.n <= have - begin && e.n <= limits.command_max);
        buf_printf(out, "%zu,", e.n);
        if (e.kind == IMAP_FRAME_COMMAND)
            begin += e.n;
        else if (e.over || e.unbuffered)
            return;
        else
            imap_frame_keep(&f, &e);
    }
}

static void framing(struct str in)
{
    AUTO_BUF struct buf whole = { .max = 1 << 20 }, pieces = { .max = 1 << 20 };
    frames(in, in.n + 1, &whole);
    frames(in, 1 + in.n % 7, &pieces);
    must(str_eq(buf_str(&whole), buf_str(&pieces)));
}

/* ---- what comes in ---- */

/* Everything that might stand here, each on a copy of the reader. */
static void try_all(const struct imap_token *at)
{
    struct imap_token t = *at;
    struct imap_flags f;
    struct imap_literal l;
    struct str s;
    uint64_t v;
    int64_t ms;
    int zone;
    int32_t day;
    if (imap_token_store_flags(&t, &f))
        must(!(f.system & IMAP_RECENT) && f.keyword_n <= LIMIT_IMAP_KEYWORDS);
    t = *at;
    (void)imap_token_number64(&t, &v);
    t = *at;
    (void)imap_token_date_time(&t, &ms, &zone);
    t = *at;
    (void)imap_token_date(&t, &day);
    t = *at;
    (void)imap_token_list_mailbox(&t, &s);
    t = *at;
    (void)imap_token_announce(&t, &l);
    t = *at;
    (void)imap_token_nstring(&t, &s);
}

static void write_and_read(struct str s)
{
    AUTO_BUF struct buf out = { .max = 1 << 20 };
    AUTO_ARENA struct arena a = { .max = 1 << 20 };
    struct imap_token t;
    struct str same;
    imap_put_astring(&out, s);
    buf_puts(&out, "\r\n");
    imap_token_init(&t, &a, buf_str(&out), true);
    must(imap_token_astring(&t, &same) && str_eq(s, same) && imap_token_end(&t));
}

static void tokens(struct str in)
{
    AUTO_ARENA struct arena a = { .max = 1 << 20 };
    struct imap_token t;
    struct str s;
    imap_token_init(&t, &a, in, true);
    if (imap_token_tag(&t, &s))
        must(s.n > 0 && s.n <= LIMIT_IMAP_TAG);
    while (!t.failed && t.rest.n > 0) {
        size_t before = t.rest.n;
        try_all(&t);
        if (imap_token_peek(&t) == '(')
            (void)imap_token_open(&t);
        else if (imap_token_peek(&t) == ')')
            (void)imap_token_close(&t);
        else if (imap_token_peek(&t) == ' ')
            (void)imap_token_sp(&t);
        else if (imap_token_astring(&t, &s))
            write_and_read(s);
        must((t.failed || t.rest.n < before) && t.depth <= LIMIT_IMAP_DEPTH);
    }
}

static void sets(struct str in)
{
    AUTO_ARENA struct arena a = { .max = 4 << 20 };
    AUTO_BUF struct buf once = { .max = 1 << 20 }, twice = { .max = 1 << 20 };
    struct imap_set s, again;
    if (imap_set_parse(&a, in, 1000, &s) != OK || s.n == 0)
        return;
    for (size_t i = 0; i < s.n; i++)
        must(s.v[i].from <= s.v[i].to && s.v[i].from > 0 && (i == 0 || s.v[i].from > s.v[i - 1].to + 1));
    imap_set_put(&once, &s);
    must(imap_set_parse(&a, buf_str(&once), 1000, &again) == OK);
    imap_set_put(&twice, &again);
    must(str_eq(buf_str(&once), buf_str(&twice)) && imap_set_has(&s, imap_set_last(&s)));
}

static void names(struct str in)
{
    AUTO_BUF struct buf name = { .max = 1 << 20 }, wire = { .max = 1 << 20 }, back = { .max = 1 << 20 };
    AUTO_BUF struct buf pattern = { .max = 1 << 20 };
    if (imap_utf7_decode(&name, in) == OK) {
        imap_utf7_encode(&wire, buf_str(&name));
        must(str_eq(buf_str(&wire), in) && utf8_valid(buf_str(&name)));
    }
    buf_clear(&name);
    if (imap_mailbox_read(&name, in, in.n % 2) != OK)
        return;
    must(name.n <= LIMIT_IMAP_MAILBOX && utf8_valid(buf_str(&name)));
    must(imap_mailbox_read(&back, buf_str(&name), true) == OK && str_eq(buf_str(&name), buf_str(&back)));
    must(imap_pattern_match(buf_str(&name), buf_str(&name)) && imap_pattern_match(S("*"), buf_str(&name)));
    if (imap_pattern_read(&pattern, in, true) == OK)
        (void)imap_pattern_match(buf_str(&pattern), buf_str(&name));
}

static void fetch(struct str in)
{
    AUTO_ARENA struct arena a = { .max = 4 << 20 };
    struct imap_token t;
    struct imap_fetch f;
    imap_token_init(&t, &a, in, true);
    if (!imap_fetch_read(&t, &f))
        return;
    must(f.n > 0 && f.n <= LIMIT_IMAP_ATTRS);
    for (size_t i = 0; i < f.n; i++) { /* a name that comes out is one that can be asked for */
        AUTO_BUF struct buf once = { .max = 1 << 20 };
        struct imap_fetch again;
        imap_attr_put(&once, &f.v[i]);
        buf_puts(&once, f.v[i].partial ? "" : "\r\n");
        imap_token_init(&t, &a, str_sub(buf_str(&once), 0, once.n), true);
        bool long_list = f.v[i].section.field_n > 20; /* spares the arena */
        must(f.v[i].partial || long_list || t.arena->used > t.arena->max / 2 || imap_fetch_read(&t, &again));
    }
}

static const char sample[] = "From: a@b\r\nSubject: c\r\nDate: Fri, 1 May 2026 10:00:00 +0000\r\n"
                             "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\ntext\r\n--x--\r\n";

static void search(struct str in)
{
    AUTO_ARENA struct arena a = { .max = 4 << 20 };
    struct imap_search_context c = { 9, 90 };
    struct imap_token t;
    struct imap_search s;
    struct mime_tree tree;
    imap_token_init(&t, &a, in, true);
    if (!imap_search_read(&t, &c, &s) || mime_parse(&a, S(sample), &tree) != OK)
        return;
    must(s.n > 0 && s.n <= LIMIT_IMAP_KEYS && s.v[0].end == s.n);
    for (uint32_t i = 0; i < s.n; i++)
        must(s.v[i].end > i && s.v[i].end <= s.n);
    struct imap_search_message whole = { .seq = 1, .uid = 2, .head = S(sample), .tree = &tree, .msg = S(sample) };
    struct imap_search_message bare = { .seq = 1, .uid = 2 };
    enum imap_search_answer all = imap_search_match(&s, &whole, 0), some = imap_search_match(&s, &bare, 0);
    must(all == IMAP_SEARCH_NO || all == IMAP_SEARCH_YES);
    must(some == all || some == IMAP_SEARCH_NEEDS_HEADER || some == IMAP_SEARCH_NEEDS_BODY);
}

static void sort(struct str in)
{
    AUTO_ARENA struct arena a = { .max = 4 << 20 };
    struct imap_token t;
    struct imap_sort s;
    imap_token_init(&t, &a, in, true);
    if (imap_sort_read(&t, &s))
        must(s.n > 0 && s.n <= LIMIT_IMAP_SORT_KEYS);
}

/* What is read can be written, and is then the same. */
static void url(struct str in)
{
    AUTO_ARENA struct arena a = { .max = 4 << 20 };
    AUTO_BUF struct buf once = { .max = 1 << 20 };
    struct imap_url u, again;
    if (imap_url_parse(&a, in, &u) != OK)
        return;
    must(u.uid > 0 && (u.mailbox.n > 0 || u.uidvalidity == 0) && u.mailbox.n <= LIMIT_IMAP_MAILBOX);
    buf_puts(&once, u.mailbox.n > 0 && !u.relative ? "/" : "");
    for (size_t i = 0; i < u.mailbox.n; i++)
        buf_printf(&once, u.mailbox.p[i] == '/' ? "/" : "%%%02x", (uint8_t)u.mailbox.p[i]);
    if (u.uidvalidity > 0)
        buf_printf(&once, ";UIDVALIDITY=%u", u.uidvalidity);
    buf_printf(&once, "%s;UID=%u", u.mailbox.n > 0 ? "/" : "", u.uid);
    if (once.n <= LIMIT_IMAP_URL)
        must(imap_url_parse(&a, buf_str(&once), &again) == OK && str_eq(u.mailbox, again.mailbox) &&
             u.uid == again.uid && u.uidvalidity == again.uidvalidity && u.relative == again.relative);
}

static void notify(struct str in)
{
    AUTO_ARENA struct arena a = { .max = 4 << 20 };
    struct imap_token t;
    struct imap_notify n;
    struct imap_fetch f;
    imap_token_init(&t, &a, in, true);
    if (!imap_notify_read(&t, &n)) {
        must(n.n == 0 && !n.status);
        return;
    }
    must(n.n <= LIMIT_IMAP_NOTIFY_GROUPS && n.names_n <= LIMIT_IMAP_NOTIFY_NAMES);
    for (size_t i = 0; i < n.n; i++) { /* what new messages are told with is read again for each */
        must(!(n.v[i].events & IMAP_NOTIFY_FLAGS) || n.v[i].events & IMAP_NOTIFY_NEW);
        imap_token_init(&t, &a, n.v[i].fetch, true);
        must(n.v[i].fetch.n == 0 || imap_fetch_read(&t, &f));
    }
}

/* ---- what goes out ---- */

/* One value: parentheses that match, strings that end, literals that are as long as they say. */
static void check_value(struct str s)
{
    size_t depth = 0;
    while (s.n > 0) {
        AUTO_ARENA struct arena a = { .max = 1 << 20 };
        struct imap_token t;
        struct str text;
        imap_token_init(&t, &a, s, false);
        char c = s.p[0];
        if (c == '"' || c == '{')
            must(imap_token_string(&t, &text));
        else if (c == '(' || c == ')' || c == ' ') {
            must(c != ')' || depth > 0);
            depth += c == '(';
            depth -= c == ')';
            t.rest = str_from(s, 1);
        } else
            must(imap_token_atom(&t, &text));
        s = str_from(s, s.n - t.rest.n);
    }
    must(depth == 0);
}

static void check_sections(const struct mime_tree *tree, struct str msg)
{
    static const char *const wanted[] = { "1", "2.1.MIME", "1.HEADER", "1.2.TEXT", "HEADER.FIELDS (To)", "1.1.HEADER" };
    for (size_t i = 0; i < COUNT(wanted); i++) {
        AUTO_ARENA struct arena a = { .max = 1 << 16 };
        AUTO_BUF struct buf out = { .max = msg.n + 4 };
        struct imap_token t;
        struct imap_section s;
        struct imap_octets o;
        imap_token_init(&t, &a, str_c(wanted[i]), false);
        must(imap_section_read(&t, &s));
        if (imap_section_find(tree, &s, &o) != OK)
            continue;
        must(o.begin <= o.end && o.end <= msg.n && o.part < tree->n);
        if (o.made)
            imap_section_fields(&out, str_sub(msg, o.begin, o.end - o.begin), &s);
        must(!out.failed);
    }
}

static void message(struct str msg)
{
    AUTO_ARENA struct arena a = { .max = LIMIT_MIME_ARENA }, scratch = { .max = LIMIT_MIME_ARENA };
    AUTO_BUF struct buf out = { .max = 64 << 20 };
    struct mime_tree t;
    if (mime_parse(&a, msg, &t) != OK)
        return;
    must(imap_structure_put(&out, &t, msg, IMAP_STRUCTURE_FULL, &scratch) == OK);
    check_value(buf_str(&out));
    buf_clear(&out);
    must(imap_structure_put(&out, &t, msg, IMAP_STRUCTURE_BODY, &scratch) == OK);
    check_value(buf_str(&out));
    buf_clear(&out);
    must(imap_envelope_put(&out, mime_head(&t.v[0], msg), &scratch) == OK);
    check_value(buf_str(&out));
    check_sections(&t, msg);
    struct imap_sort_record r = { .seq = 1 };
    struct imap_thread_record h = { .seq = 1 };
    must(imap_sort_fill(&scratch, mime_head(&t.v[0], msg), &r) == OK);
    must(imap_thread_fill(&scratch, mime_head(&t.v[0], msg), 0, &h) == OK && h.ref_n <= LIMIT_IMAP_REFERENCES);
}

/* Every line is a message: its first octets its id, the others what it refers to. */
static void threads(struct str in)
{
    enum { MOST = 200, REFS = 8 };
    AUTO_ARENA struct arena a = { .max = 4 << 20 };
    AUTO_BUF struct buf out = { .max = 1 << 20 };
    struct imap_thread_record v[MOST];
    size_t n = 0, depth = 0, numbers = 0;
    while (in.n > 0 && n < MOST) {
        struct str line = str_line(in, &in);
        struct imap_thread_record *r = &v[n++];
        *r = (struct imap_thread_record){ .seq = (uint32_t)n,
                                          .number = (uint32_t)n,
                                          .id = str_sub(line, 0, 1),
                                          .subject = str_sub(line, 1, 1),
                                          .reply = line.n % 2,
                                          .sent_ms = line.n > 2 ? line.p[2] : 0,
                                          .refs = arena_array(&a, REFS, sizeof(struct str)) };
        for (; r->ref_n < REFS && r->ref_n + 3 < line.n; r->ref_n++)
            r->refs[r->ref_n] = str_sub(line, 3 + r->ref_n, 1);
    }
    must(imap_thread_put(&out, IMAP_THREAD_REFERENCES, v, n, &a) == OK);
    for (size_t i = 0; i < out.n; i++) {
        depth += out.p[i] == '(';
        depth -= out.p[i] == ')';
        bool digit = out.p[i] >= '0' && out.p[i] <= '9';
        numbers += digit && !(i > 0 && out.p[i - 1] >= '0' && out.p[i - 1] <= '9');
    }
    must(depth == 0 && numbers == n); /* everybody is there, once */
    must(imap_thread_put(&out, IMAP_THREAD_ORDEREDSUBJECT, v, n, &a) == OK);
}

static void subject(struct str in)
{
    AUTO_ARENA struct arena a = { .max = 4 << 20 };
    struct imap_subject s;
    must(imap_subject_base(&a, in, &s) == OK && utf8_valid(s.base));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static void (*const parsers[])(struct str) = { framing, tokens,  sets,    names,   fetch, search,
                                                   sort,    message, threads, subject, url,   notify };
    if (n > 0)
        parsers[data[0] % COUNT(parsers)](str_of(data + 1, n - 1));
    return 0;
}
