/* One pass cuts the field into pieces (name, RFC 2231 number, octets); a second puts the pieces of each name together.
 * There are at most LIMIT_PARAM_PIECES, so the second pass may look through all of them for each. */
#include "wire/param.h"
#include "base/text.h"
#include "wire/charset.h"
#include "wire/encword.h"

enum { WHOLE = -1 }; /* the number of a piece that has none */

struct piece {
    struct str name, text; /* text as in the field, without its outer quotes */
    int number;
    bool extended; /* charset'language'percent-encoded, RFC 2231 section 4 */
    bool quoted;
    bool used;
};
struct reader {
    struct str s;
    size_t at;
    struct piece pieces[LIMIT_PARAM_PIECES];
    size_t n;
    bool broken, dup;
};

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
static bool more(const struct reader *r) { return r->at < r->s.n; }
static char peek(const struct reader *r) { return r->s.p[r->at]; }

/* A comment, nested ones with it; one that never ends takes the rest. */
static void skip_comment(struct reader *r)
{
    size_t depth = 0;
    while (more(r)) {
        char c = r->s.p[r->at++];
        if (c == '\\' && more(r))
            r->at++;
        depth += c == '(';
        depth -= c == ')';
        if (depth == 0)
            return;
    }
    r->broken = true;
}

static void skip_blanks(struct reader *r)
{
    while (more(r) && (is_blank(peek(r)) || peek(r) == '('))
        if (peek(r) == '(')
            skip_comment(r);
        else
            r->at++;
}

static struct str read_until(struct reader *r, const char *stops)
{
    size_t begin = r->at;
    while (more(r) && !is_blank(peek(r)) && str_chr(str_c(stops), peek(r)) == STR_NONE)
        r->at++;
    return str_sub(r->s, begin, r->at - begin);
}

/* "text/plain", with blanks and comments around the slash (RFC 822 allowed them) taken out, in lower case. */
static bool read_value(struct reader *r, struct arena *a, struct str *out)
{
    skip_blanks(r);
    struct str left = read_until(r, ";(/="), right = S("");
    skip_blanks(r);
    bool slash = more(r) && peek(r) == '/';
    if (slash) {
        r->at++;
        skip_blanks(r);
        right = read_until(r, ";(");
        skip_blanks(r);
    }
    char *p = arena_alloc(a, left.n + right.n + 1);
    size_t n = 0;
    if (p == NULL)
        return false;
    for (size_t i = 0; i < left.n; i++)
        p[n++] = left.p[i] > 32 && left.p[i] < 127 ? char_lower(left.p[i]) : '?';
    if (slash)
        p[n++] = '/';
    for (size_t i = 0; i < right.n; i++)
        p[n++] = right.p[i] > 32 && right.p[i] < 127 ? char_lower(right.p[i]) : '?';
    *out = (struct str){ p, n };
    return true;
}

/* Between quotes; r stands behind the opening one. */
static struct str read_quoted(struct reader *r)
{
    size_t begin = r->at;
    while (more(r) && peek(r) != '"')
        r->at += peek(r) == '\\' && r->at + 1 < r->s.n ? 2 : 1;
    struct str text = str_sub(r->s, begin, r->at - begin);
    r->broken |= !more(r);
    r->at++; /* may be one past the end: more() is then false */
    return text;
}

/* True when name= stands at "at": a parameter whose ';' was forgotten. */
static bool param_begins(struct str s, size_t at)
{
    size_t i = at;
    while (i < s.n &&
           ((s.p[i] >= 'a' && s.p[i] <= 'z') || (s.p[i] >= 'A' && s.p[i] <= 'Z') || s.p[i] == '*' || s.p[i] == '-'))
        i++;
    return i > at && i < s.n && s.p[i] == '=';
}

/* Up to the next ';'. Senders leave out quotes where they must stand, so blanks may be part of it. */
static struct str read_bare(struct reader *r)
{
    size_t begin = r->at, end = begin;
    while (more(r) && peek(r) != ';') {
        bool word_begins = r->at > begin && is_blank(r->s.p[r->at - 1]) && !is_blank(peek(r));
        if (word_begins && peek(r) == '(') {
            skip_comment(r);
            continue;
        }
        if (word_begins && param_begins(r->s, r->at)) {
            r->broken = true;
            break;
        }
        r->at++;
        if (!is_blank(r->s.p[r->at - 1]))
            end = r->at;
    }
    return str_sub(r->s, begin, end - begin);
}

/* Splits name*, name*3 and name*3* (RFC 2231 section 4.1). */
static void piece_name(struct piece *p, struct str name)
{
    p->number = WHOLE;
    if (str_ends(name, S("*"))) {
        p->extended = true;
        name.n--;
    }
    size_t star = str_chr(name, '*');
    uint32_t number;
    if (star != STR_NONE && str_to_u32(str_from(name, star + 1), &number) && number < LIMIT_PARAM_PIECES) {
        p->number = (int)number;
        name.n = star;
    }
    p->name = name;
}

static void piece_add(struct reader *r, const struct piece *p)
{
    for (size_t i = 0; i < r->n; i++)
        if (r->pieces[i].number == p->number && r->pieces[i].extended == p->extended &&
            str_eq_nocase(r->pieces[i].name, p->name)) {
            r->dup = true; /* the first one counts */
            return;
        }
    if (r->n == LIMIT_PARAM_PIECES)
        r->broken = true;
    else
        r->pieces[r->n++] = *p;
}

static void read_pieces(struct reader *r)
{
    for (;;) {
        skip_blanks(r);
        while (more(r) && peek(r) == ';') {
            r->at++;
            skip_blanks(r);
        }
        if (!more(r))
            return;
        struct str name = read_until(r, ";=(\"");
        skip_blanks(r);
        if (!more(r) || peek(r) != '=') {
            r->broken = true;
            if (name.n == 0 && more(r) && peek(r) != ';')
                r->at++; /* something is always taken */
            continue;
        }
        r->at++;
        skip_blanks(r);
        struct piece p = { .quoted = more(r) && peek(r) == '"' };
        r->at += p.quoted;
        p.text = p.quoted ? read_quoted(r) : read_bare(r);
        piece_name(&p, name);
        if (p.name.n > 0)
            piece_add(r, &p);
        else
            r->broken = true;
    }
}

/* The octets of a piece. A backslash quotes itself and a quote alone: file names come as C:\dir\name. */
static void put_octets(struct buf *out, const struct piece *p, struct str text)
{
    if (p->extended) {
        size_t had = out->n;
        if (text_percent_decode(out, text, false) != OK) {
            out->n = had;
            buf_put(out, text);
        }
        return;
    }
    for (size_t i = 0; i < text.n; i++) {
        bool pair = p->quoted && text.p[i] == '\\' && i + 1 < text.n && (text.p[i + 1] == '"' || text.p[i + 1] == '\\');
        i += pair;
        bool fold = text.p[i] == '\r' || text.p[i] == '\n';
        if (!fold)
            buf_putc(out, text.p[i]);
    }
}

/* charset'language'rest; without two quotes all of it is the rest. */
static struct str take_charset(struct str text, struct str *charset)
{
    size_t first = str_chr(text, '\'');
    size_t second = first == STR_NONE ? STR_NONE : str_chr(str_from(text, first + 1), '\'');
    if (second == STR_NONE)
        return text;
    *charset = str_sub(text, 0, first);
    return str_from(text, first + second + 2);
}

static struct piece *piece_find(struct reader *r, struct str name, int number, bool extended)
{
    for (size_t i = 0; i < r->n; i++)
        if (r->pieces[i].number == number && r->pieces[i].extended == extended &&
            str_eq_nocase(r->pieces[i].name, name))
            return &r->pieces[i];
    return NULL;
}

/* All pieces of that name in order, into out; the extended form is the sender's better one (RFC 2231 section 3, as RFC
 * 6266 section 4.3 spells out). True when a charset is to be undone. */
static bool gather(struct reader *r, struct str name, struct buf *out, struct str *charset)
{
    struct piece *p = piece_find(r, name, WHOLE, true);
    if (p != NULL) {
        put_octets(out, p, take_charset(p->text, charset));
        return true;
    }
    bool extended = false;
    for (int k = 0; k < LIMIT_PARAM_PIECES; k++) {
        p = piece_find(r, name, k, true);
        p = p != NULL ? p : piece_find(r, name, k, false);
        if (p == NULL)
            break;
        bool first = k == 0 && p->extended;
        extended |= first;
        put_octets(out, p, first ? take_charset(p->text, charset) : p->text);
    }
    p = piece_find(r, name, WHOLE, false);
    if (out->n == 0 && p != NULL)
        put_octets(out, p, p->text);
    return extended;
}

static struct str lower_dup(struct arena *a, struct str s)
{
    char *p = arena_alloc(a, s.n + 1);
    for (size_t i = 0; p != NULL && i < s.n; i++)
        p[i] = s.p[i] > 32 && s.p[i] < 127 ? char_lower(s.p[i]) : '?';
    return (struct str){ p, p != NULL ? s.n : 0 };
}

static bool param_make(struct reader *r, struct arena *a, struct str name, struct param *out)
{
    AUTO_BUF struct buf octets = { .max = r->s.n }, text = { .max = 8 * r->s.n };
    struct str charset = S("");
    if (gather(r, name, &octets, &charset))
        charset_to_utf8(&text, charset, buf_str(&octets));
    else
        encword_decode(&text, buf_str(&octets)); /* RFC 2047 section 5 forbids it, and many do it */
    for (size_t i = 0; i < text.n; i++)
        if ((unsigned char)text.p[i] < 32 || text.p[i] == 127)
            text.p[i] = ' ';
    *out = (struct param){ .name = lower_dup(a, name),
                           .value = arena_dup(a, buf_str(&text)),
                           .raw = arena_dup(a, buf_str(&octets)) };
    return out->name.p != NULL && out->value.p != NULL && out->raw.p != NULL;
}

static void mark_used(struct reader *r, struct str name)
{
    for (size_t i = 0; i < r->n; i++)
        if (str_eq_nocase(r->pieces[i].name, name))
            r->pieces[i].used = true;
}

enum err params_parse(struct arena *a, struct str raw, struct params *out)
{
    struct reader r;
    r.s = raw;
    r.at = r.n = 0;
    r.broken = r.dup = false;
    struct params made = { 0 };
    if (!read_value(&r, a, &made.value))
        return ERR_FULL;
    read_pieces(&r);
    made.v = r.n > 0 ? arena_array(a, MIN(r.n, (size_t)LIMIT_PARAMS), sizeof *made.v) : NULL;
    if (r.n > 0 && made.v == NULL)
        return ERR_FULL;
    for (size_t i = 0; i < r.n; i++) {
        if (r.pieces[i].used)
            continue;
        if (made.n == LIMIT_PARAMS) {
            r.broken = true;
            break;
        }
        if (!param_make(&r, a, r.pieces[i].name, &made.v[made.n]))
            return ERR_FULL;
        made.n++;
        mark_used(&r, r.pieces[i].name);
    }
    made.dup = r.dup;
    made.broken = r.broken;
    *out = made;
    return OK;
}

struct str params_get(const struct params *p, struct str name)
{
    for (uint32_t i = 0; i < p->n; i++)
        if (str_eq_nocase(p->v[i].name, name))
            return p->v[i].value;
    return (struct str){ NULL, 0 };
}

/* ---- as sent ---- */

/* As put_octets(), but to the letter: a backslash quotes whatever follows it (RFC 5322 section 3.2.1). */
static void put_unquoted(struct buf *out, const struct piece *p)
{
    for (size_t i = 0; i < p->text.n; i++) {
        i += p->quoted && p->text.p[i] == '\\' && i + 1 < p->text.n;
        if (p->text.p[i] != '\r' && p->text.p[i] != '\n')
            buf_putc(out, p->text.p[i]);
    }
}

/* A piece that was not percent-encoded, among some that are. */
static void put_escaped(struct buf *out, const struct piece *p)
{
    AUTO_BUF struct buf plain = { .max = p->text.n };
    put_unquoted(&plain, p);
    for (size_t i = 0; i < plain.n; i++) {
        unsigned char c = (unsigned char)plain.p[i];
        if (c < ' ' || c >= 0x7f || c == '%')
            buf_printf(out, "%%%02X", c);
        else
            buf_putc(out, (char)c);
    }
}

static void put_sent(struct buf *out, const struct piece *p, bool among_extended)
{
    if (p->extended)
        buf_put(out, p->text);
    else if (among_extended)
        put_escaped(out, p);
    else
        put_unquoted(out, p);
}

/* The pieces of that one's name put together, with a star behind the name if some are percent-encoded. */
static bool sent_make(struct reader *r, struct arena *a, struct piece *p, struct param *out)
{
    AUTO_BUF struct buf name = { .max = p->name.n + 1 }, value = { .max = 3 * r->s.n };
    struct piece *v[LIMIT_PARAM_PIECES];
    size_t n = 0;
    bool extended = p->extended;
    if (p->number == WHOLE) {
        v[n++] = p;
    } else {
        for (struct piece *q; n < LIMIT_PARAM_PIECES; extended |= q->extended) {
            q = piece_find(r, p->name, (int)n, true);
            q = q != NULL ? q : piece_find(r, p->name, (int)n, false);
            if (q == NULL)
                break;
            q->used = true;
            v[n++] = q;
        }
    }
    for (size_t i = 0; i < n; i++)
        put_sent(&value, v[i], extended);
    buf_put(&name, p->name);
    if (extended)
        buf_putc(&name, '*');
    *out = (struct param){ .name = arena_dup(a, buf_str(&name)), .value = arena_dup(a, buf_str(&value)) };
    out->raw = out->value;
    p->used = true;
    return out->name.p != NULL && out->value.p != NULL;
}

/* First what is whole and plain, then what RFC 2231 has a star for, each in the order of the field. */
static bool sent_add(struct reader *r, struct arena *a, bool starred, struct params *made)
{
    for (size_t i = 0; i < r->n && made->n < LIMIT_PARAMS; i++) {
        struct piece *p = &r->pieces[i];
        bool has_star = p->number != WHOLE || p->extended;
        if (p->used || has_star != starred)
            continue;
        if (!sent_make(r, a, p, &made->v[made->n]))
            return false;
        made->n++;
    }
    return true;
}

enum err params_sent(struct arena *a, struct str raw, struct params *out)
{
    struct reader r;
    r.s = raw;
    r.at = r.n = 0;
    r.broken = r.dup = false;
    struct params made = { 0 };
    if (!read_value(&r, a, &made.value))
        return ERR_FULL;
    read_pieces(&r);
    made.v = arena_array(a, MAX(MIN(r.n, (size_t)LIMIT_PARAMS), (size_t)1), sizeof *made.v);
    if (made.v == NULL || !sent_add(&r, a, false, &made) || !sent_add(&r, a, true, &made))
        return ERR_FULL;
    made.dup = r.dup;
    made.broken = r.broken;
    *out = made;
    return OK;
}
