#include "core/intake.h"
#include <unistd.h>

enum { FIRST_RESERVE = 16 * 1024, BUDGET_DEFAULT_MAX = 1 << 30 };

size_t intake_budget_default(void)
{
    long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    uint64_t quarter = pages > 0 && page > 0 ? (uint64_t)pages * (uint64_t)page / 4 : BUDGET_DEFAULT_MAX;
    return (size_t)MIN(quarter, (uint64_t)BUDGET_DEFAULT_MAX);
}

bool intake_budget_take(struct intake_budget *b, size_t n)
{
    size_t used = atomic_load_explicit(&b->used, memory_order_relaxed);
    do {
        if (n > b->max || used > b->max - n)
            return false;
    } while (
        !atomic_compare_exchange_weak_explicit(&b->used, &used, used + n, memory_order_relaxed, memory_order_relaxed));
    return true;
}

void intake_budget_give(struct intake_budget *b, size_t n)
{
    atomic_fetch_sub_explicit(&b->used, n, memory_order_relaxed);
}

bool intake_budget_stressed(const struct intake_budget *b)
{
    return atomic_load_explicit(&b->used, memory_order_relaxed) > b->max / 4 * 3;
}

bool intake_budget_spares(const struct intake_budget *b)
{
    return atomic_load_explicit(&b->used, memory_order_relaxed) <= b->max / 2;
}

enum err intake_begin(struct intake *in, struct intake_budget *b, size_t declared, size_t max)
{
    size_t reserve = MIN(declared, max);
    *in = (struct intake){ .budget = NULL };
    if (!intake_budget_take(b, reserve))
        return ERR_BUSY;
    *in = (struct intake){ .budget = b, .max = max, .reserved = reserve };
    in->data = (struct buf){ .max = reserve, .secret = true };
    return OK;
}

static bool reserve(struct intake *in, size_t want)
{
    if (!intake_budget_take(in->budget, want))
        return false;
    intake_budget_give(in->budget, in->reserved);
    in->reserved = want;
    return true;
}

char *intake_room(struct intake *in, size_t *n, enum err *why)
{
    if (in->data.n >= in->reserved) {
        size_t want = MIN(MAX(in->reserved * 2, (size_t)FIRST_RESERVE), in->max);
        if (want <= in->data.n || !reserve(in, want)) {
            *why = want <= in->data.n ? ERR_FULL : ERR_BUSY;
            return NULL;
        }
    }
    in->data.max = in->reserved;
    char *p = buf_reserve(&in->data, in->reserved - in->data.n);
    *why = p == NULL ? ERR_BUSY : OK;
    *n = MIN(*n, in->reserved - in->data.n);
    return p;
}

enum err intake_put(struct intake *in, struct str s)
{
    while (s.n > 0) {
        size_t n = s.n;
        enum err why;
        char *p = intake_room(in, &n, &why);
        if (p == NULL)
            return why;
        memcpy(p, s.p, n);
        in->data.n += n;
        s = str_from(s, n);
    }
    return OK;
}

void intake_end(struct intake *in)
{
    if (in->budget == NULL)
        return;
    buf_fini(&in->data);
    intake_budget_give(in->budget, in->reserved);
    *in = (struct intake){ .budget = NULL };
}
