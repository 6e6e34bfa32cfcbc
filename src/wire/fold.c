/* Upper case (title case, where that differs) first, then the accents one by one: so two rows at most are looked up for
 * a letter, and three more for the most decorated one there is. */
#include "wire/fold.h"
#include "base/text.h"
#include "wire/fold_table.h"
#include <stdlib.h>

static int case_cmp(const void *key, const void *row)
{
    const uint32_t *cp = key;
    const struct fold_case *c = row;
    return *cp < c->first ? -1 : *cp > c->last;
}

static uint32_t upper(uint32_t cp)
{
    if (cp < 0x80)
        return cp >= 'a' && cp <= 'z' ? cp - 'a' + 'A' : cp;
    const struct fold_case *c = bsearch(&cp, fold_cases, fold_case_n, sizeof *c, case_cmp);
    bool in = c != NULL && (cp - c->first) % c->step == 0;
    return in ? (uint32_t)((int32_t)cp + c->delta) : cp;
}

static int mark_cmp(const void *key, const void *row)
{
    const uint32_t *cp = key;
    const struct fold_mark *m = row;
    return *cp < m->whole ? -1 : *cp > m->whole;
}

static const struct fold_mark *mark_of(uint32_t cp)
{
    return bsearch(&cp, fold_marks, fold_mark_n, sizeof(struct fold_mark), mark_cmp);
}

static void put_char(struct buf *out, uint32_t cp)
{
    enum { MARKS_MAX = 4 }; /* Unicode has three on one letter */
    uint32_t marks[MARKS_MAX];
    size_t n = 0;
    cp = upper(cp);
    for (const struct fold_mark *m; n < MARKS_MAX && (m = mark_of(cp)) != NULL; cp = upper(m->letter))
        marks[n++] = m->mark;
    utf8_put(out, cp);
    while (n > 0)
        utf8_put(out, marks[--n]);
}

static void put_ascii(struct buf *out, struct str s)
{
    char *p = s.n > 0 ? buf_reserve(out, s.n) : NULL;
    if (p == NULL)
        return;
    for (size_t i = 0; i < s.n; i++)
        p[i] = s.p[i] >= 'a' && s.p[i] <= 'z' ? (char)(s.p[i] - 'a' + 'A') : s.p[i];
    out->n += s.n;
}

void fold_text_put(struct buf *out, struct str s)
{
    while (s.n > 0) {
        size_t ascii = utf8_ascii(s);
        put_ascii(out, str_sub(s, 0, ascii));
        s = str_from(s, ascii);
        uint32_t cp = 0xfffd;
        size_t n = utf8_next(s, &cp);
        if (s.n > 0)
            put_char(out, cp);
        s = str_from(s, n > 0 ? n : utf8_ill_formed(s));
    }
}
