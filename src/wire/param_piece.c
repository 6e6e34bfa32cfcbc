/* One pass over the field (RFC 2045 section 5.1, RFC 2231 section 3): its value, then name, number and octets of each
 * piece. Lenient: what can't be read is passed over and noted. */
#include "wire/param_piece.h"

struct reader {
    struct str s;
    size_t at;
    struct param_pieces *out;
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
    r->out->broken = true;
}

static void skip_blanks(struct reader *r)
{
    while (more(r) && (is_blank(peek(r)) || peek(r) == '('))
        if (peek(r) == '(')
            skip_comment(r);
        else
            r->at++;
}

/* Few stops, and characters that mostly are none: no call for each. */
static bool is_stop(char c, const char *stops)
{
    while (*stops != '\0' && *stops != c)
        stops++;
    return *stops != '\0';
}

static struct str read_until(struct reader *r, const char *stops)
{
    size_t begin = r->at;
    while (more(r) && !is_blank(peek(r)) && !is_stop(peek(r), stops))
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
    r->out->broken |= !more(r);
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
            r->out->broken = true;
            break;
        }
        r->at++;
        if (!is_blank(r->s.p[r->at - 1]))
            end = r->at;
    }
    return str_sub(r->s, begin, end - begin);
}

/* Splits name*, name*3 and name*3* (RFC 2231 section 4.1). */
static void piece_name(struct param_piece *p, struct str name)
{
    p->number = PARAM_WHOLE;
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

static void piece_add(struct reader *r, const struct param_piece *p)
{
    for (size_t i = 0; i < r->out->n; i++)
        if (r->out->v[i].number == p->number && r->out->v[i].extended == p->extended &&
            str_eq_nocase(r->out->v[i].name, p->name)) {
            r->out->dup = true; /* the first one counts */
            return;
        }
    if (r->out->n == r->out->max)
        r->out->broken = true;
    else
        r->out->v[r->out->n++] = *p;
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
            r->out->broken = true;
            if (name.n == 0 && more(r) && peek(r) != ';')
                r->at++; /* something is always taken */
            continue;
        }
        r->at++;
        skip_blanks(r);
        struct param_piece p = { .quoted = more(r) && peek(r) == '"' };
        r->at += p.quoted;
        p.text = p.quoted ? read_quoted(r) : read_bare(r);
        piece_name(&p, name);
        if (p.name.n > 0)
            piece_add(r, &p);
        else
            r->out->broken = true;
    }
}

/* No more pieces than there are '='. */
static bool pieces_room(struct arena *a, struct str raw, struct param_pieces *out)
{
    for (size_t at; out->max < LIMIT_PARAM_PIECES && (at = str_chr(raw, '=')) != STR_NONE; raw = str_from(raw, at + 1))
        out->max++;
    out->v = out->max > 0 ? arena_array(a, out->max, sizeof *out->v) : NULL;
    return out->max == 0 || out->v != NULL;
}

enum err param_pieces_read(struct arena *a, struct str raw, struct param_pieces *out)
{
    struct reader r = { .s = raw, .out = out };
    *out = (struct param_pieces){ .octets = raw.n };
    if (!read_value(&r, a, &out->value) || !pieces_room(a, raw, out))
        return ERR_FULL;
    read_pieces(&r);
    return OK;
}

struct param_piece *param_piece_find(struct param_pieces *p, struct str name, int number, bool extended)
{
    for (size_t i = 0; i < p->n; i++)
        if (p->v[i].number == number && p->v[i].extended == extended && str_eq_nocase(p->v[i].name, name))
            return &p->v[i];
    return NULL;
}
