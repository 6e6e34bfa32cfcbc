#include "core/due.h"
#include <assert.h>
#include <stdlib.h>

enum { DUE_CAP_MIN = 64 };

void due_fini(struct due_heap *h)
{
    free(h->v);
    *h = (struct due_heap){ 0 };
}

static bool earlier(const struct due *a, const struct due *b)
{
    return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->seq < b->seq;
}

static void place(struct due_heap *h, size_t i, struct due *d)
{
    h->v[i] = d;
    d->pos = i + 1;
}

static void up(struct due_heap *h, size_t i)
{
    struct due *d = h->v[i];
    for (; i > 0 && earlier(d, h->v[(i - 1) / 2]); i = (i - 1) / 2)
        place(h, i, h->v[(i - 1) / 2]);
    place(h, i, d);
}

static void down(struct due_heap *h, size_t i)
{
    struct due *d = h->v[i];
    for (size_t child; (child = 2 * i + 1) < h->n; i = child) {
        if (child + 1 < h->n && earlier(h->v[child + 1], h->v[child]))
            child++;
        if (!earlier(h->v[child], d))
            break;
        place(h, i, h->v[child]);
    }
    place(h, i, d);
}

enum err due_admit(struct due_heap *h, size_t n)
{
    size_t cap = MAX(h->cap, (size_t)DUE_CAP_MIN);
    while (cap < h->owners + n)
        cap *= 2;
    if (cap > h->cap) {
        struct due **v = realloc(h->v, cap * sizeof(struct due *));
        if (!v)
            return ERR_FULL;
        h->v = v;
        h->cap = cap;
    }
    h->owners += n;
    return OK;
}

void due_dismiss(struct due_heap *h, size_t n) { h->owners -= n; }

void due_set(struct due_heap *h, struct due *d, int64_t at_ms)
{
    assert(d->pos != 0 || h->n < h->owners);
    d->at_ms = at_ms;
    d->seq = h->seq++;
    if (d->pos == 0)
        place(h, h->n++, d);
    up(h, d->pos - 1);
    down(h, d->pos - 1);
}

void due_clear(struct due_heap *h, struct due *d)
{
    if (d->pos == 0)
        return;
    size_t i = d->pos - 1;
    struct due *last = h->v[--h->n];
    d->pos = 0;
    if (last == d)
        return;
    place(h, i, last);
    up(h, i);
    down(h, last->pos - 1);
}

struct due *due_first(const struct due_heap *h) { return h->n ? h->v[0] : NULL; }
