/* Values of fields are kept as they stand, octet for octet, or left out whole; who speaks, when, and the id are written
 * anew. */
#include "core/send_fix.h"
#include "base/text.h"
#include "core/received.h"
#include "core/send_author.h"
#include "wire/date.h"

enum { AUTHOR_ARENA = 4 * 1024 * 1024 }; /* the longest header of nothing but From, read as a list */

/* RFC 5322 section 3.6: each of these at most once, or readers disagree on which counts. */
static const struct str singles[] = {
    STR("From"),
    STR("Sender"),
    STR("Reply-To"),
    STR("To"),
    STR("Cc"),
    STR("Message-ID"),
    STR("In-Reply-To"),
    STR("References"),
    STR("Subject"),
    STR("Date"),
    STR("MIME-Version"),
    STR("Content-Type"),
    STR("Content-Transfer-Encoding"),
};

static bool is_single(struct str name, unsigned *seen)
{
    for (size_t i = 0; i < COUNT(singles); i++) {
        if (!str_eq_nocase(name, singles[i]))
            continue;
        bool first = !(*seen & 1u << i);
        *seen |= 1u << i;
        return first;
    }
    return true;
}

static enum send_refusal check_authors(struct str head, struct str own, struct arena *a)
{
    static const struct str others[] = { STR("Sender"), STR("Resent-From"), STR("Resent-Sender") };
    size_t n = header_count(head, S("From"));
    if (n != 1)
        return n == 0 ? SEND_NO_FROM : SEND_TWO_FROM;
    const enum send_refusal from = send_author_check(header_find(head, S("From")), own, a);
    enum send_refusal r = from;
    struct header_iter it = header_walk(head);
    struct header_field f;
    while (r == SEND_OK && header_next(&it, &f))
        for (size_t i = 0; i < COUNT(others); i++)
            if (str_eq_nocase(f.name, others[i]) && r == SEND_OK)
                r = send_author_check(f.raw, own, a);
    bool other = r != SEND_OK && r != SEND_LATER && from == SEND_OK;
    return other ? SEND_NOT_YOUR_ADDRESS : r;
}

/* CR and LF only as a pair: what one server takes for the end of a line another must not take for a part of it. */
static bool has_bare_ends(struct str s)
{
    for (size_t lf = str_chr(s, '\n'); lf != STR_NONE; lf = str_chr(s, '\n')) {
        if (lf == 0 || s.p[lf - 1] != '\r' || str_chr(str_sub(s, 0, lf - 1), '\r') != STR_NONE)
            return true;
        s = str_from(s, lf + 1);
    }
    return str_chr(s, '\r') != STR_NONE;
}

/* What is written is sent as it is, or not at all: to break a line anew would break what signs or encodes it. */
static bool has_long_line(struct str s)
{
    while (s.n > LIMIT_SENT_LINE) {
        size_t lf = str_chr(s, '\n');
        size_t n = lf == STR_NONE ? s.n : lf - (lf > 0 && s.p[lf - 1] == '\r');
        if (n > LIMIT_SENT_LINE)
            return true;
        s = str_from(s, lf + 1);
    }
    return false;
}

/* RFC 5322 section 2.2; those of Latin-1 (U+0080 to U+009F), which terminals act upon too, with them. */
static bool has_controls(struct str head)
{
    for (size_t i = 0; i < head.n; i++) {
        unsigned char c = (unsigned char)head.p[i], next = i + 1 < head.n ? (unsigned char)head.p[i + 1] : 0;
        bool fine = c >= ' ' || c == '\t' || c == '\r' || c == '\n';
        if (!fine || c == 0x7f || (c == 0xc2 && next < 0xa0))
            return true;
    }
    return false;
}

/* What stands behind the '@' is often the machine's address or its name, which never leave (DESIGN P5): an id in the
 * box's own domain is fine, any other is made anew. Answers still find their thread by In-Reply-To. */
static struct str usable_id(struct str raw, struct str own)
{
    struct str rest, domain, id = header_msgid(raw, &rest);
    struct str whole = str_trim(raw);
    str_cut(id, '@', &domain);
    bool fine = id.n > 0 && whole.n == id.n + 2 && str_eq_nocase(domain, str_from(own, str_rchr(own, '@') + 1));
    return fine ? whole : (struct str){ 0 };
}

/* Also in UTC, which it leaves in, a date that RFC 5322 section 3.3 knows how to write. */
static bool usable_date(struct str raw, struct date *out)
{
    static const int64_t first_ms = -2208988800000 /* 1900 */, end_ms = 253402300800000 /* 10000 */;
    return date_parse(raw, out) == OK && out->ms >= first_ms && out->ms < end_ms;
}

static bool names_are_single(struct str head)
{
    struct header_iter it = header_walk(head);
    struct header_field f;
    unsigned seen = 0;
    while (header_next(&it, &f))
        if (!is_single(f.name, &seen))
            return false;
    return true;
}

/* What is in front of the body is a header whole: a line that is no field ends it for some readers and not for others,
 * and what stands behind it would leave as text, Bcc among it. */
static enum send_refusal check_bounds(struct str msg, struct header_bounds *at)
{
    if (header_bounds(msg, at) != OK)
        return SEND_LONG_HEADER;
    if (has_bare_ends(msg))
        return SEND_BARE_ENDS;
    bool whole = header_start(msg) == HEADER_STARTS && !at->junk && (!at->no_blank || at->body == msg.n);
    return whole ? SEND_OK : SEND_BAD_HEADER;
}

/* The fields that leave; of all others nobody could say what they tell of the client, its network and its programs
 * (X-Forwarded-For, X-Received, User-Agent, X-Apple-…), or in whose name a server would believe them
 * (Authentication-Results, Return-Path, DKIM-Signature). Names are compared whole, so none with octets that some reader
 * takes for the beginning of another field gets through either. */
static const struct str leaving_names[] = {
    /* RFC 5322: who writes to whom, when, about what, in which thread. Not Bcc, and not Received, which is ours. */
    STR("From"),
    STR("Sender"),
    STR("Reply-To"),
    STR("To"),
    STR("Cc"),
    STR("Date"),
    STR("Message-ID"),
    STR("In-Reply-To"),
    STR("References"),
    STR("Subject"),
    STR("Comments"),
    STR("Keywords"),
    /* RFC 5322 section 3.6.6: sent on by the box itself. */
    STR("Resent-From"),
    STR("Resent-Sender"),
    STR("Resent-To"),
    STR("Resent-Cc"),
    STR("Resent-Date"),
    STR("Resent-Message-ID"),
    /* RFC 2045, 2183, 1864, 3282: without them the body cannot be read. Not Content-Location or Content-Base, which
     * name files of the client's machine. */
    STR("MIME-Version"),
    STR("Content-Type"),
    STR("Content-Transfer-Encoding"),
    STR("Content-Disposition"),
    STR("Content-ID"),
    STR("Content-Description"),
    STR("Content-Language"),
    STR("Content-MD5"),
    STR("Content-Duration"),
    STR("Content-Features"),
    STR("Content-Alternative"),
    /* RFC 2369, 2919, 8058: a list's mail is refused by large servers without them. */
    STR("List-Id"),
    STR("List-Help"),
    STR("List-Post"),
    STR("List-Owner"),
    STR("List-Archive"),
    STR("List-Subscribe"),
    STR("List-Unsubscribe"),
    STR("List-Unsubscribe-Post"),
    /* RFC 3834, 2156 and what became of it: so that no machine answers a machine, and how urgent the writer finds it.
     */
    STR("Auto-Submitted"),
    STR("Precedence"),
    STR("Importance"),
    STR("Priority"),
    STR("X-Priority"),
    STR("Sensitivity"),
    STR("Expires"),
    /* The writer's wish for a receipt, to the box alone (RFC 8098), and for how it is carried (RFC 8689). */
    STR("Disposition-Notification-To"),
    STR("TLS-Required"),
    /* What the writer says of himself: keys to answer with (Autocrypt Level 1), and for whom he works. */
    STR("Autocrypt"),
    STR("OpenPGP"),
    STR("Organization"),
};
/* In the writer's own copy, too. */
static const struct str copy_names[] = {
    STR("Bcc"),
    STR("Resent-Bcc"),
};

static bool is_named(struct str name, const struct str *table, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq_nocase(name, table[i]))
            return true;
    return false;
}

/* Of the fields that leave as they stand. */
static enum send_refusal check_fields(struct str head)
{
    struct header_iter it = header_walk(head);
    struct header_field f;
    while (header_next(&it, &f)) {
        if (!is_named(f.name, leaving_names, COUNT(leaving_names)) || send_author_is(f.name))
            continue;
        if (has_controls(f.raw))
            return SEND_CONTROLS;
        if (has_long_line(f.line))
            return SEND_LONG_LINE;
    }
    return SEND_OK;
}

enum send_refusal send_head_check(struct str msg, struct str own, struct arena *a, struct send_head *out)
{
    struct send_head h = { 0 };
    struct date date;
    enum send_refusal r = check_bounds(msg, &h.at);
    if (r != SEND_OK)
        return r;
    struct str head = str_sub(msg, 0, h.at.body);
    r = check_authors(head, own, a);
    if (r != SEND_OK)
        return r;
    if (!names_are_single(head))
        return SEND_TWICE;
    if (memchr(head.p, 0, head.n))
        return SEND_CONTROLS;
    if (!utf8_valid(head))
        return SEND_NOT_UTF8;
    struct str body = str_from(msg, h.at.body);
    r = check_fields(head);
    if (r == SEND_OK && body.n > 0 && memchr(body.p, 0, body.n))
        r = SEND_CONTROLS;
    if (r == SEND_OK && has_long_line(body))
        r = SEND_LONG_LINE;
    if (r != SEND_OK)
        return r;
    h.eight_bit = utf8_ascii(body) < body.n;
    h.received = received_count(head);
    if (h.received >= OUTQ_RECEIVED_MAX) /* ours comes on top */
        return SEND_LOOP;
    h.has_date = usable_date(header_find(head, S("Date")), &date);
    h.message_id = usable_id(header_find(head, S("Message-ID")), own);
    *out = h;
    return SEND_OK;
}

/* ---- what leaves ---- */

/* The client's zone says where on earth it is: the time is told, in UTC. One that is none is not. */
static void put_date(struct buf *out, struct str name, int64_t ms)
{
    buf_put(out, name);
    buf_puts(out, ": ");
    date_put(out, ms, 0);
    buf_puts(out, "\r\n");
}

/* As it stands, but for lines of nothing but blanks (RFC 5322 section 4.2), where some readers end the header, and
 * blanks before the colon (section 4.5). */
static void put_plain(struct buf *out, const struct header_field *f)
{
    buf_put(out, f->name);
    buf_putc(out, ':');
    for (struct str rest = f->raw; rest.n > 0;) {
        bool fold = rest.p != f->raw.p;
        struct str line = str_cut(rest, '\n', &rest);
        line.n -= str_ends(line, S("\r"));
        if (fold && str_trim(line).n == 0)
            continue;
        buf_puts(out, fold ? "\r\n" : "");
        buf_put(out, line);
    }
    buf_puts(out, "\r\n");
}

static void put_author(struct buf *out, const struct header_field *f, struct str own)
{
    AUTO_ARENA struct arena a = { .max = AUTHOR_ARENA, .secret = true };
    send_author_put(out, f->name, f->raw, own, &a);
}

static void put_field(struct buf *out, const struct header_field *f, const struct send_head *h, struct str own)
{
    struct date date;
    bool resent = str_starts_nocase(f->name, S("Resent-"));
    struct str kind = resent ? str_from(f->name, S("Resent-").n) : f->name;
    if (send_author_is(f->name)) {
        put_author(out, f, own);
    } else if (str_eq_nocase(kind, S("Date"))) {
        if (usable_date(f->raw, &date))
            put_date(out, f->name, date.ms);
    } else if (str_eq_nocase(kind, S("Message-ID"))) {
        if (resent ? usable_id(f->raw, own).n > 0 : h->message_id.n > 0)
            put_plain(out, f);
    } else {
        put_plain(out, f);
    }
}

static void put_fields(struct buf *out, struct str msg, const struct send_head *h, struct str own, bool private)
{
    struct header_iter it = header_walk(str_sub(msg, 0, h->at.body));
    struct header_field f;
    while (header_next(&it, &f))
        if (is_named(f.name, leaving_names, COUNT(leaving_names)) ||
            (private && is_named(f.name, copy_names, COUNT(copy_names))))
            put_field(out, &f, h, own);
    buf_puts(out, "\r\n");
}

static void put_missing(struct buf *out, const struct send_head *h, const struct send_fix *f)
{
    if (!h->has_date)
        put_date(out, S("Date"), f->now_ms);
    if (h->message_id.n == 0) {
        buf_puts(out, "Message-ID: ");
        buf_put(out, f->message_id);
        buf_puts(out, "\r\n");
    }
}

void send_fix_leaving(struct buf *out, struct str msg, const struct send_head *h, const struct send_fix *f)
{
    /* RFC 5321 section 4.4, without its "from": that would be the client (DESIGN P5). */
    buf_puts(out, "Received: by ");
    buf_put(out, f->hostname);
    if (f->protocol)
        buf_printf(out, " with %s", f->protocol);
    buf_puts(out, " id ");
    buf_put(out, f->id);
    buf_puts(out, "; ");
    date_put(out, f->now_ms, 0);
    buf_puts(out, "\r\n");
    received_put_before(out, h->received);
    put_missing(out, h, f);
    put_fields(out, msg, h, f->own, false);
}

void send_fix_copy(struct buf *out, struct str msg, const struct send_head *h, const struct send_fix *f)
{
    put_missing(out, h, f);
    put_fields(out, msg, h, f->own, true);
}
