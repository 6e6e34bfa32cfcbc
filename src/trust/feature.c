/* Groups in their order. The text is the HTML's where there is one, then the plain one: what most readers see first. */
#include "trust/feature.h"
#include "base/text.h"
#include "trust/feature_set.h"
#include "wire/html.h"
#include <string.h>

enum {
    MARKUP_FIRST = 32 << 10, /* octets of HTML that nearly always hold FEATURE_TEXT of text; else all of it is read */
    SALT_TEXT = 0x6f2ca1d3,
    SALT_NAMES = 0x2b9f04e7,
    SALT_NAMES_STEP = 0x51ed27,
};

#define FOLD_8(c) (c), (c) + 1, (c) + 2, (c) + 3, (c) + 4, (c) + 5, (c) + 6, (c) + 7
#define FOLD_32(c) FOLD_8(c), FOLD_8((c) + 8), FOLD_8((c) + 16), FOLD_8((c) + 24)
const char feature_folded[256] = {
    FOLD_32(0),    FOLD_8(32),   FOLD_8(40),   '0',          '0', '0', '0', '0', '0',  '0', '0', '0', '0',
    ':',           ';',          '<',          '=',          '>', '?', '@', 'a', 'b',  'c', 'd', 'e', 'f',
    'g',           'h',          'i',          'j',          'k', 'l', 'm', 'n', 'o',  'p', 'q', 'r', 's',
    't',           'u',          'v',          'w',          'x', 'y', 'z', '[', '\\', ']', '^', '_', FOLD_32(96),
    FOLD_32(-128), FOLD_32(-96), FOLD_32(-64), FOLD_32(-32),
};

enum err feature_set_init(struct feature_set *s, struct arena *a, size_t max)
{
    *s = (struct feature_set){ .max = max };
    s->seen = arena_alloc(a, (1u << FEATURE_SEEN_BITS) / 8);
    s->v = arena_room(a, max * sizeof *s->v);
    return s->seen != NULL && s->v != NULL ? OK : ERR_FULL;
}

struct feature_group feature_set_cut(struct feature_set *s)
{
    struct feature_group g = { s->v, (uint32_t)s->n };
    for (size_t i = 0; i < s->n; i++)
        s->seen[(s->v[i] & ((1u << FEATURE_SEEN_BITS) - 1)) >> 6] = 0;
    s->v += s->n;
    s->max -= s->n;
    s->n = 0;
    return g;
}

void feature_grams(struct feature_set *s, struct str text, uint32_t salt)
{
    uint32_t x = 0;
    for (size_t i = 0; i < text.n; i++) {
        x = x >> 8 | (uint32_t)(uint8_t)feature_folded[(uint8_t)text.p[i]] << 24;
        if (i >= 3)
            feature_add(s, feature_mix(x + salt));
    }
}

/* ---- the visible text ---- */
static bool is_blank(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

/* Where a link's path begins, its blank or bracket ends it: who may guess must find no token there. */
static size_t path_end(struct str s, size_t at)
{
    while (at < s.n && !is_blank(s.p[at]) && str_chr(S("<>\"'()"), s.p[at]) == STR_NONE)
        at++;
    return at;
}

/* Appends with blanks joined and paths of links left out, until out is full. */
static void put_squeezed(struct buf *out, struct str s)
{
    bool host = false; /* within a link, up to its path */
    size_t most = FEATURE_TEXT - out->n, n = 0;
    char *to = buf_reserve(out, most), last = out->n > 0 && to ? to[-1] : ' ';
    for (size_t i = 0; to && i < s.n && n < most; i++) {
        char c = is_blank(s.p[i]) ? ' ' : s.p[i];
        if (host && (c == '/' || c == '?' || c == '#')) {
            i = path_end(s, i) - 1;
            host = false;
            continue;
        }
        host = host && c != ' ';
        if (c == ' ' && last == ' ')
            continue;
        to[n++] = last = c;
        if (c == '/' && i >= 2 && s.p[i - 1] == '/' && s.p[i - 2] == ':')
            host = true;
    }
    if (to && last != ' ' && n < most)
        to[n++] = ' ';
    out->n += n;
}

static enum err put_page(struct arena *a, struct str html, struct buf *out)
{
    struct html_out page;
    enum err e = html_text(utf8_cut(html, MARKUP_FIRST), a, &page);
    if (e == OK && html.n > MARKUP_FIRST && page.text.n < FEATURE_TEXT)
        e = html_text(html, a, &page);
    if (e == OK)
        put_squeezed(out, page.text);
    return e;
}

static enum err put_part(struct arena *a, const struct mime_part *p, struct str msg, struct buf *out)
{
    bool html = mime_is(p, S("text"), S("html"));
    AUTO_BUF struct buf text = { .max = html ? HTML_MAX : 4 * FEATURE_TEXT, .secret = true };
    (void)mime_text(p, mime_body(p, msg), &text); /* what does not fit is of no use here */
    if (html)
        return put_page(a, buf_str(&text), out);
    put_squeezed(out, buf_str(&text));
    return OK;
}

static bool contains(const uint32_t *v, uint32_t n, uint32_t part)
{
    for (uint32_t i = 0; i < n; i++)
        if (v[i] == part)
            return true;
    return false;
}

static enum err put_text(struct arena *a, const struct mime_tree *t, struct str msg, struct buf *out)
{
    struct mime_pick pick;
    enum err e = mime_pick(a, t, msg, &pick);
    for (uint32_t i = 0; e == OK && i < pick.html_n && out->n < FEATURE_TEXT; i++)
        e = put_part(a, &t->v[pick.html[i]], msg, out);
    for (uint32_t i = 0; e == OK && i < pick.text_n && out->n < FEATURE_TEXT; i++)
        if (!contains(pick.html, pick.html_n, pick.text[i]))
            e = put_part(a, &t->v[pick.text[i]], msg, out);
    return e;
}

/* A short rest goes with the segment before it. */
static void cut_segments(struct feature_set *s, struct str text, struct features *out)
{
    do {
        size_t n = text.n < FEATURE_SEGMENT + FEATURE_SEGMENT / 2 ? text.n : FEATURE_SEGMENT;
        feature_grams(s, str_sub(text, 0, n), SALT_TEXT);
        out->segment[out->segments++] = feature_set_cut(s);
        text = str_from(text, n);
    } while (text.n > 0 && out->segments < FEATURE_SEGMENTS_MAX);
}

/* ---- the whole ---- */
static void add_names(struct feature_set *s, struct arena *a, const struct feature_head *head)
{
    for (uint32_t i = 0; i < FEATURE_NAMES; i++)
        feature_grams(s, str_sub(header_text(a, str_sub(head->names[i], 0, 4 * FEATURE_FIELD)), 0, FEATURE_FIELD),
                      SALT_NAMES + i * SALT_NAMES_STEP);
}

enum err feature_make(struct arena *a, const struct mime_tree *t, struct str msg, struct str host, struct features *out)
{
    enum { MOST = FEATURE_HEADER_MAX + FEATURE_NAMES * FEATURE_FIELD + FEATURE_TEXT };
    AUTO_BUF struct buf text = { .max = FEATURE_TEXT, .secret = true };
    struct feature_set s;
    struct feature_head head;
    *out = (struct features){ 0 };
    enum err e = feature_set_init(&s, a, MOST);
    if (e == OK)
        e = put_text(a, t, msg, &text);
    if (e != OK)
        return e;
    head = feature_head_read(a, mime_head(&t->v[0], msg), host);
    s.max = FEATURE_NAMES * FEATURE_FIELD; /* no group takes another's room */
    add_names(&s, a, &head);
    out->names = feature_set_cut(&s);
    s.max = FEATURE_HEADER_MAX;
    feature_header(&s, a, &head, &out->travels);
    out->header = feature_set_cut(&s);
    s.max = FEATURE_TEXT;
    cut_segments(&s, buf_str(&text), out);
    return OK;
}
