/* A second look puts the pieces of each name together. There are at most LIMIT_PARAM_PIECES, so it may look through all
 * of them for each. */
#include "base/text.h"
#include "wire/charset.h"
#include "wire/encword.h"
#include "wire/param_piece.h"

/* The octets of a piece. A backslash quotes itself and a quote alone: file names come as C:\dir\name. */
static void put_octets(struct buf *out, const struct param_piece *p, struct str text)
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

/* All pieces of that name in order, into out; the extended form is the sender's better one (RFC 2231 section 3, as RFC
 * 6266 section 4.3 spells out). True when a charset is to be undone. */
static bool gather(struct param_pieces *r, struct str name, struct buf *out, struct str *charset)
{
    struct param_piece *p = param_piece_find(r, name, PARAM_WHOLE, true);
    if (p != NULL) {
        put_octets(out, p, take_charset(p->text, charset));
        return true;
    }
    bool extended = false;
    for (int k = 0; k < LIMIT_PARAM_PIECES; k++) {
        p = param_piece_find(r, name, k, true);
        p = p != NULL ? p : param_piece_find(r, name, k, false);
        if (p == NULL)
            break;
        bool first = k == 0 && p->extended;
        extended |= first;
        put_octets(out, p, first ? take_charset(p->text, charset) : p->text);
    }
    p = param_piece_find(r, name, PARAM_WHOLE, false);
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

/* Nearly every parameter is one piece of printable ASCII in which nothing is to be undone. */
static bool is_simple(const struct param_pieces *r, const struct param_piece *p)
{
    for (size_t i = 0; i < r->n; i++)
        if (&r->v[i] != p && str_eq_nocase(r->v[i].name, p->name))
            return false;
    for (size_t i = 0; i < p->text.n; i++)
        if (p->text.p[i] < 32 || p->text.p[i] > 126 || p->text.p[i] == '\\' || p->text.p[i] == '=')
            return false;
    return p->number == PARAM_WHOLE && !p->extended;
}

static bool param_make(struct param_pieces *r, struct arena *a, const struct param_piece *first, struct param *out)
{
    struct str name = first->name;
    if (is_simple(r, first)) {
        *out = (struct param){ .name = lower_dup(a, name), .value = arena_dup(a, first->text) };
        out->raw = out->value;
        return out->name.p != NULL && out->value.p != NULL;
    }
    AUTO_BUF struct buf octets = { .max = r->octets }, text = { .max = 8 * r->octets };
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

static void mark_used(struct param_pieces *r, struct str name)
{
    for (size_t i = 0; i < r->n; i++)
        if (str_eq_nocase(r->v[i].name, name))
            r->v[i].used = true;
}

enum err params_parse(struct arena *a, struct str raw, struct params *out)
{
    struct param_pieces r;
    if (param_pieces_read(a, raw, &r) != OK)
        return ERR_FULL;
    struct params made = { .value = r.value };
    made.v = r.n > 0 ? arena_array(a, MIN(r.n, (size_t)LIMIT_PARAMS), sizeof *made.v) : NULL;
    if (r.n > 0 && made.v == NULL)
        return ERR_FULL;
    for (size_t i = 0; i < r.n; i++) {
        if (r.v[i].used)
            continue;
        if (made.n == LIMIT_PARAMS) {
            r.broken = true;
            break;
        }
        if (!param_make(&r, a, &r.v[i], &made.v[made.n]))
            return ERR_FULL;
        made.n++;
        mark_used(&r, r.v[i].name);
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
