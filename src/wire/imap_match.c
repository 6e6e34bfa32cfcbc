/* Whether a message is found. Every key is yes, no or not known yet. From the last key to the first each group has what
 * its keys have, because they stand behind it; from the first to the last a key matters if its group does and is not
 * settled. What is not known and matters says how much of the message must be opened, and then all keys that need it
 * are asked in one pass over it. */
#include "base/text.h"
#include "wire/date.h"
#include "wire/encword.h"
#include "wire/fold.h"
#include "wire/imap_search.h"

enum state { NO, YES, UNKNOWN };
enum { PIECE_MAX = 16 * 1024 * 1024 }; /* octets of text that one part is searched for */

struct match {
    const struct imap_search *s;
    const struct imap_search_message *m;
    int64_t now_ms;
    enum state state[LIMIT_IMAP_KEYS];
    bool matters[LIMIT_IMAP_KEYS];
};

static bool is_group(enum imap_key kind) { return kind == IMAP_KEY_AND || kind == IMAP_KEY_OR || kind == IMAP_KEY_NOT; }
static bool needs_header(enum imap_key kind) { return kind >= IMAP_KEY_SENTBEFORE && kind <= IMAP_KEY_HEADER; }
static bool needs_body(enum imap_key kind) { return kind == IMAP_KEY_BODY || kind == IMAP_KEY_TEXT; }

static int32_t day_of(int64_t ms) { return (int32_t)(ms / 86400000 - (ms % 86400000 < 0)); }

static bool in_days(enum imap_key kind, enum imap_key before, int32_t day, int32_t of)
{
    return kind == before ? day < of : kind == before + 1 ? day == of : day >= of;
}

static bool is_day(const struct imap_search_message *m, const struct imap_search_key *k)
{
    bool saved = k->kind >= IMAP_KEY_SAVEDBEFORE && m->saved_ms >= 0;
    enum imap_key before = k->kind >= IMAP_KEY_SAVEDBEFORE ? IMAP_KEY_SAVEDBEFORE : IMAP_KEY_BEFORE;
    return in_days(k->kind, before, day_of(saved ? m->saved_ms : m->internal_ms), k->day);
}

/* RFC 5032 section 3. */
static bool is_age(const struct match *x, const struct imap_search_key *k)
{
    int64_t age_s = (x->now_ms - x->m->internal_ms) / 1000;
    return k->kind == IMAP_KEY_YOUNGER ? age_s <= (int64_t)k->number : age_s >= (int64_t)k->number;
}

/* What needs nothing but what is known of every message. */
static enum state cheap(const struct match *x, const struct imap_search_key *k)
{
    const struct imap_search_message *m = x->m;
    switch (k->kind) {
    case IMAP_KEY_ALL:
        return YES;
    case IMAP_KEY_SEQ:
        return imap_set_has(&k->set, m->seq);
    case IMAP_KEY_UID:
        return imap_set_has(&k->set, m->uid);
    case IMAP_KEY_SAVED:
        return m->saved;
    case IMAP_KEY_FLAG:
    case IMAP_KEY_KEYWORD:
        return (m->flags & k->number) != 0;
    case IMAP_KEY_LARGER:
        return m->size > k->number;
    case IMAP_KEY_SMALLER:
        return m->size < k->number;
    case IMAP_KEY_MODSEQ:
        return m->modseq >= k->number;
    case IMAP_KEY_BEFORE:
    case IMAP_KEY_ON:
    case IMAP_KEY_SINCE:
    case IMAP_KEY_SAVEDBEFORE:
    case IMAP_KEY_SAVEDON:
    case IMAP_KEY_SAVEDSINCE:
        return is_day(m, k);
    case IMAP_KEY_YOUNGER:
    case IMAP_KEY_OLDER:
        return is_age(x, k);
    case IMAP_KEY_EMAILID:
        return str_eq(m->emailid, k->text);
    case IMAP_KEY_THREADID:
        return str_eq(m->threadid, k->text);
    case IMAP_KEY_AND:
    case IMAP_KEY_OR:
    case IMAP_KEY_NOT:
    case IMAP_KEY_SENTBEFORE:
    case IMAP_KEY_SENTON:
    case IMAP_KEY_SENTSINCE:
    case IMAP_KEY_HEADER:
    case IMAP_KEY_BODY:
    case IMAP_KEY_TEXT:
        return UNKNOWN;
    }
    return UNKNOWN;
}

static enum state group(const struct match *x, uint32_t i)
{
    const struct imap_search_key *v = x->s->v;
    enum state settles = v[i].kind == IMAP_KEY_OR ? YES : NO, all = settles == YES ? NO : YES;
    for (uint32_t c = i + 1; c < v[i].end; c = v[c].end) {
        if (v[i].kind == IMAP_KEY_NOT)
            return x->state[c] == UNKNOWN ? UNKNOWN : x->state[c] == YES ? NO : YES;
        if (x->state[c] == settles)
            return settles;
        if (x->state[c] == UNKNOWN)
            all = UNKNOWN;
    }
    return all;
}

/* What the keys together say so far, and which of the unknown ones could change it. */
static enum state settle(struct match *x)
{
    const struct imap_search_key *v = x->s->v;
    for (uint32_t i = x->s->n; i-- > 0;)
        if (is_group(v[i].kind))
            x->state[i] = group(x, i);
    x->matters[0] = x->state[0] == UNKNOWN;
    for (uint32_t i = 0; i < x->s->n; i++)
        for (uint32_t c = i + 1; is_group(v[i].kind) && c < v[i].end; c = v[c].end)
            x->matters[c] = x->matters[i] && x->state[c] == UNKNOWN;
    return x->state[0];
}

static bool any(const struct match *x, bool (*of)(enum imap_key))
{
    for (uint32_t i = 0; i < x->s->n; i++)
        if (x->matters[i] && of(x->s->v[i].kind))
            return true;
    return false;
}

/* ---- header ---- */

/* A field's value as people read it, folded; on one line with single blanks. */
static void put_value(struct buf *out, struct str raw)
{
    raw = str_sub(raw, 0, LIMIT_HEADER_TEXT);
    AUTO_BUF struct buf line = { .max = raw.n, .secret = true }, text = { .max = 8 * raw.n, .secret = true };
    for (size_t i = 0; i < raw.n; i++) {
        bool blank = raw.p[i] == '\r' || raw.p[i] == '\n' || raw.p[i] == '\t' || raw.p[i] == ' ';
        if (!blank)
            buf_putc(&line, raw.p[i]);
        else if (line.n > 0 && line.p[line.n - 1] != ' ')
            buf_putc(&line, ' ');
    }
    encword_decode(&text, buf_str(&line));
    fold_text_put(out, buf_str(&text));
}

static bool has_field(struct str head, const struct imap_search_key *k)
{
    struct header_iter it = header_walk(head);
    struct header_field f;
    while (header_next(&it, &f)) {
        if (!str_eq_nocase(f.name, k->field))
            continue;
        AUTO_BUF struct buf value = { .max = 64 * LIMIT_HEADER_TEXT, .secret = true };
        if (k->text.n == 0)
            return true;
        put_value(&value, f.raw);
        if (str_find(buf_str(&value), k->text) != STR_NONE)
            return true;
    }
    return false;
}

static bool was_sent(struct str head, const struct imap_search_key *k)
{
    struct date d;
    if (date_parse(header_find(head, S("Date")), &d) != OK)
        return false;
    return in_days(k->kind, IMAP_KEY_SENTBEFORE, day_of(d.ms + (int64_t)d.zone_min * 60000), k->day);
}

static void ask_header(struct match *x)
{
    for (uint32_t i = 0; i < x->s->n; i++) {
        const struct imap_search_key *k = &x->s->v[i];
        if (x->matters[i] && needs_header(k->kind))
            x->state[i] = k->kind == IMAP_KEY_HEADER ? has_field(x->m->head, k) : was_sent(x->m->head, k);
    }
}

/* ---- body ---- */

/* All keys of that kind (and, with TEXT, of the other) that are still open, against one piece of folded text. */
static void ask_piece(struct match *x, struct str folded, bool is_header)
{
    for (uint32_t i = 0; i < x->s->n; i++) {
        const struct imap_search_key *k = &x->s->v[i];
        bool asks = k->kind == IMAP_KEY_TEXT || (k->kind == IMAP_KEY_BODY && !is_header);
        if (x->matters[i] && asks && x->state[i] != YES && str_find(folded, k->text) != STR_NONE)
            x->state[i] = YES;
    }
}

static void ask_fields(struct match *x, struct str head)
{
    struct header_iter it = header_walk(head);
    struct header_field f;
    AUTO_BUF struct buf line = { .max = PIECE_MAX, .secret = true };
    while (header_next(&it, &f)) {
        buf_clear(&line);
        fold_text_put(&line, f.name);
        buf_put(&line, S(": "));
        put_value(&line, f.raw);
        ask_piece(x, buf_str(&line), true);
    }
}

/* Folded window by window, so that no more than one is in memory; each begins with as much of the one before as a key
 * could hang over. */
static void ask_text(struct match *x, struct str text)
{
    enum { WINDOW = 256 * 1024 };
    size_t longest = 0;
    for (uint32_t i = 0; i < x->s->n; i++)
        longest = MAX(longest, x->s->v[i].text.n);
    AUTO_BUF struct buf folded = { .max = 6 * WINDOW + longest, .secret = true };
    while (text.n > 0) {
        struct str piece = utf8_cut(text, WINDOW);
        buf_drop(&folded, folded.n - MIN(folded.n, longest));
        fold_text_put(&folded, piece);
        ask_piece(x, buf_str(&folded), false);
        text = str_from(text, piece.n);
    }
}

/* Text of any kind, and what is in messages about messages; files are not looked into. */
static void ask_part(struct match *x, const struct mime_part *p)
{
    if (!mime_is_leaf(p) || !(mime_is(p, S("text"), S("")) || mime_is(p, S("message"), S(""))))
        return;
    AUTO_BUF struct buf text = { .max = PIECE_MAX, .secret = true };
    mime_text(p, mime_body(p, x->m->msg), &text);
    ask_text(x, buf_str(&text));
}

static bool is_asked(const struct match *x, uint32_t i) { return x->matters[i] && needs_body(x->s->v[i].kind); }

/* Whether some key has not been found yet; *fields: one that may be in a header. */
static bool looks_on(const struct match *x, bool *fields)
{
    bool any = false;
    *fields = false;
    for (uint32_t i = 0; i < x->s->n; i++) {
        bool open = is_asked(x, i) && x->state[i] == NO;
        any |= open;
        *fields |= open && x->s->v[i].kind == IMAP_KEY_TEXT;
    }
    return any;
}

static void ask_body(struct match *x)
{
    const struct mime_tree *t = x->m->tree;
    bool fields;
    for (uint32_t i = 0; i < x->s->n; i++)
        if (is_asked(x, i))
            x->state[i] = x->s->v[i].text.n == 0 ? YES : NO;
    for (uint32_t i = 0; i < t->n && looks_on(x, &fields); i++) {
        if (fields)
            ask_fields(x, mime_head(&t->v[i], x->m->msg));
        ask_part(x, &t->v[i]);
    }
}

static enum imap_search_answer answer(enum state s) { return s == YES ? IMAP_SEARCH_YES : IMAP_SEARCH_NO; }

enum imap_search_answer imap_search_match(const struct imap_search *s, const struct imap_search_message *m,
                                          int64_t now_ms)
{
    struct match x;
    x.s = s;
    x.m = m;
    x.now_ms = now_ms;
    for (uint32_t i = 0; i < s->n; i++)
        x.state[i] = cheap(&x, &s->v[i]);
    if (settle(&x) != UNKNOWN)
        return answer(x.state[0]);
    if (any(&x, needs_header)) {
        if (m->head.p == NULL)
            return IMAP_SEARCH_NEEDS_HEADER;
        ask_header(&x);
        if (settle(&x) != UNKNOWN)
            return answer(x.state[0]);
    }
    if (m->tree == NULL)
        return IMAP_SEARCH_NEEDS_BODY;
    ask_body(&x);
    return answer(settle(&x));
}
