/* Upper case (title case, where that differs) first, then the accents one by one: so two rows at most are looked up for
 * a letter, and three more for the most decorated one there is. */
#include "wire/fold.h"
#include "base/text.h"
#include "wire/fold_table.h"

static uint32_t upper(uint32_t cp)
{
    if (cp < 0x80)
        return cp >= 'a' && cp <= 'z' ? cp - 'a' + 'A' : cp;
    size_t lo = 0, hi = fold_case_n; /* the first row that ends at cp or behind it */
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (fold_cases[mid].last < cp)
            lo = mid + 1;
        else
            hi = mid;
    }
    const struct fold_case *c = &fold_cases[lo];
    bool in = lo < fold_case_n && c->first <= cp && (cp - c->first) % c->step == 0;
    return in ? (uint32_t)((int32_t)cp + c->delta) : cp;
}

static const struct fold_mark *mark_of(uint32_t cp)
{
    size_t lo = 0, hi = fold_mark_n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (fold_marks[mid].whole < cp)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < fold_mark_n && fold_marks[lo].whole == cp ? &fold_marks[lo] : NULL;
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

void fold_put(struct buf *out, struct str s)
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
