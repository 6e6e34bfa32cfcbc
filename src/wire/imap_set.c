/* Ranges are read in the client's order, then sorted (which costs nothing when they were in order, as nearly all are)
 * and merged in place. What is bounded is what was written, so nothing grows on the way. */
#include "wire/imap_set.h"
#include <stdlib.h>

static bool take_number(struct str *s, uint32_t star, uint32_t *out)
{
    if (s->n > 0 && s->p[0] == '*') {
        *s = str_from(*s, 1);
        *out = star;
        return true;
    }
    size_t n = 0;
    while (n < s->n && s->p[n] >= '0' && s->p[n] <= '9')
        n++;
    bool good = str_to_u32(str_sub(*s, 0, n), out) && s->p[0] != '0'; /* nz-number */
    *s = str_from(*s, n);
    return good;
}

/* One range of the set; {0, 0} where '*' is nothing. */
static bool take_range(struct str *s, uint32_t star, struct imap_range *out)
{
    uint32_t a, b;
    if (!take_number(s, star, &a))
        return false;
    b = a;
    if (s->n > 0 && s->p[0] == ':') {
        *s = str_from(*s, 1);
        if (!take_number(s, star, &b))
            return false;
    }
    *out = a == 0 || b == 0 ? (struct imap_range){ 0 } : (struct imap_range){ MIN(a, b), MAX(a, b) };
    return true;
}

static int range_cmp(const void *x, const void *y)
{
    const struct imap_range *a = x, *b = y;
    return (a->from > b->from) - (a->from < b->from);
}

static size_t merge(struct imap_range *v, size_t n)
{
    bool sorted = true;
    for (size_t i = 1; i < n && sorted; i++)
        sorted = v[i - 1].from <= v[i].from;
    if (!sorted)
        qsort(v, n, sizeof *v, range_cmp);
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        if (kept > 0 && (v[kept - 1].to == UINT32_MAX || v[i].from <= v[kept - 1].to + 1))
            v[kept - 1].to = MAX(v[kept - 1].to, v[i].to);
        else
            v[kept++] = v[i];
    }
    return kept;
}

enum err imap_set_parse(struct arena *a, struct str in, uint32_t star, struct imap_set *out)
{
    if (str_eq(in, S("$"))) {
        *out = (struct imap_set){ .saved = true };
        return OK;
    }
    size_t most = 1, n = 0;
    for (size_t i = 0; i < in.n; i++)
        most += in.p[i] == ',';
    struct imap_range *v = most <= LIMIT_IMAP_RANGES ? arena_array(a, most, sizeof *v) : NULL;
    if (v == NULL)
        return ERR_FULL;
    for (bool more = true; more;) {
        if (!take_range(&in, star, &v[n]))
            return ERR_BAD;
        n += v[n].from > 0;
        more = in.n > 0 && in.p[0] == ',';
        in = str_from(in, more);
    }
    if (in.n > 0)
        return ERR_BAD;
    *out = (struct imap_set){ .v = v, .n = merge(v, n) };
    return OK;
}

bool imap_set_read(struct imap_token *t, uint32_t star, struct imap_set *out)
{
    size_t n = 0;
    while (n < t->rest.n && str_chr(S("0123456789:*,$"), t->rest.p[n]) != STR_NONE)
        n++;
    enum err e = t->failed ? ERR_BAD : imap_set_parse(t->arena, str_sub(t->rest, 0, n), star, out);
    t->full |= e == ERR_FULL;
    t->failed |= e != OK;
    t->rest = str_from(t->rest, e == OK ? n : 0);
    return e == OK;
}

bool imap_set_has(const struct imap_set *s, uint32_t number)
{
    size_t lo = 0, hi = s->n; /* the first range that ends at number or behind it */
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (s->v[mid].to < number)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < s->n && s->v[lo].from <= number;
}

uint64_t imap_set_count(const struct imap_set *s)
{
    uint64_t n = 0;
    for (size_t i = 0; i < s->n; i++)
        n += (uint64_t)s->v[i].to - s->v[i].from + 1;
    return n;
}

uint32_t imap_set_last(const struct imap_set *s) { return s->n > 0 ? s->v[s->n - 1].to : 0; }

enum err imap_set_from(struct arena *a, const uint32_t *sorted, size_t n, struct imap_set *out)
{
    size_t ranges = 0;
    for (size_t i = 0; i < n; i++)
        ranges += i == 0 || sorted[i] > sorted[i - 1] + 1;
    struct imap_set s = { .v = arena_array(a, MAX(ranges, (size_t)1), sizeof *s.v) };
    if (s.v == NULL)
        return ERR_FULL;
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || sorted[i] > sorted[i - 1] + 1)
            s.v[s.n++].from = sorted[i];
        s.v[s.n - 1].to = sorted[i];
    }
    *out = s;
    return OK;
}

static void put_range(struct buf *out, uint32_t from, uint32_t to)
{
    buf_put_u64(out, from);
    if (to == from)
        return;
    buf_putc(out, ':');
    buf_put_u64(out, to);
}

void imap_set_put(struct buf *out, const struct imap_set *s)
{
    for (size_t i = 0; i < s->n; i++) {
        if (i > 0)
            buf_putc(out, ',');
        put_range(out, s->v[i].from, s->v[i].to);
    }
}

bool imap_set_next(struct imap_set_walk *w, uint32_t *number)
{
    if (w->at == w->set->n)
        return false;
    const struct imap_range *r = &w->set->v[w->at];
    *number = (uint32_t)MAX(w->next, r->from);
    w->next = (uint64_t)*number + 1;
    w->at += *number == r->to;
    return true;
}

void imap_set_add(struct imap_set_writer *w, uint32_t number)
{
    if (w->from > 0 && number == w->to + 1) {
        w->to = number;
        return;
    }
    imap_set_end(w);
    w->from = w->to = number;
}

void imap_set_end(struct imap_set_writer *w)
{
    if (w->from == 0)
        return;
    if (w->begun)
        buf_putc(w->out, ',');
    put_range(w->out, w->from, w->to);
    w->begun = true;
    w->from = 0;
}
