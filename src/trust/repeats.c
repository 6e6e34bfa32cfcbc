/* The smallest of many hashes are a fair sample: the share of them that two mails have in common is about the share of
 * all (Broder 1997). */
#include "trust/repeats.h"

enum { ALIKE_PERCENT = 75 };

static void sample_one(struct repeats_mail *m, uint32_t hash)
{
    if (m->n == REPEATS_SKETCH && hash >= m->v[m->n - 1])
        return;
    uint32_t at = 0;
    while (at < m->n && m->v[at] < hash)
        at++;
    if (at < m->n && m->v[at] == hash)
        return;
    m->n += m->n < REPEATS_SKETCH;
    for (uint32_t i = m->n - 1; i > at; i--)
        m->v[i] = m->v[i - 1];
    m->v[at] = hash;
}

static void sample(struct repeats_mail *m, struct feature_group g)
{
    for (uint32_t i = 0; i < g.n; i++)
        sample_one(m, g.v[i]);
}

static bool alike(const struct repeats_mail *a, const struct repeats_mail *b)
{
    uint32_t same = 0;
    for (uint32_t i = 0, k = 0; i < a->n && k < b->n;) {
        same += a->v[i] == b->v[k];
        bool left = a->v[i] <= b->v[k], right = b->v[k] <= a->v[i];
        i += left;
        k += right;
    }
    return same > 0 && same * 100 >= MAX(a->n, b->n) * ALIKE_PERCENT;
}

uint64_t repeats_source(struct repeats *r, const struct features *f, uint64_t source)
{
    struct repeats_mail m = { .source = source };
    sample(&m, f->names);
    for (size_t i = 0; i < f->segments; i++)
        sample(&m, f->segment[i]);
    for (size_t i = 0; i < REPEATS_KEPT; i++)
        if (alike(&m, &r->v[i]))
            return r->v[i].source;
    r->v[r->next] = m;
    r->next = (r->next + 1) % REPEATS_KEPT;
    return source;
}
