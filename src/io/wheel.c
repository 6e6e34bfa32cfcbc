#include "io/wheel.h"

static size_t slot_of(int64_t tick) { return (size_t)tick % WHEEL_SLOTS; }

void wheel_init(struct wheel *w, int64_t now_ms)
{
    *w = (struct wheel){ .tick = now_ms / WHEEL_TICK_MS };
    for (size_t i = 0; i < WHEEL_SLOTS; i++)
        list_init(&w->slots[i]);
}

void wheel_clear(struct wheel *w, struct deadline *d)
{
    if (d->due_ms == 0)
        return;
    list_del(&d->in);
    d->due_ms = 0;
    w->n--;
}

static void put(struct wheel *w, struct deadline *d)
{
    int64_t tick = MAX((d->due_ms + WHEEL_TICK_MS - 1) / WHEEL_TICK_MS, w->tick + 1);
    size_t slot = slot_of(tick);
    list_add_tail(&w->slots[slot], &d->in);
    w->filled[slot / 64] |= (uint64_t)1 << slot % 64;
}

void wheel_set(struct wheel *w, struct deadline *d, int64_t due_ms)
{
    wheel_clear(w, d);
    d->due_ms = MAX(due_ms, (int64_t)1);
    put(w, d);
    w->n++;
}

/* The slot's nodes move to a list of their own first: whatever fire() sets anew is then met on a later lap or run, and
 * what it clears leaves this list like any other. */
static void run_slot(struct wheel *w, size_t slot, int64_t now_ms)
{
    struct list due;
    list_init(&due);
    while (!list_empty(&w->slots[slot])) {
        struct list *first = w->slots[slot].next;
        list_del(first);
        list_add_tail(&due, first);
    }
    w->filled[slot / 64] &= ~((uint64_t)1 << slot % 64);
    while (!list_empty(&due)) {
        struct deadline *d = CONTAINER_OF(due.next, struct deadline, in);
        list_del(&d->in);
        if (d->due_ms > now_ms) {
            put(w, d);
            continue;
        }
        d->due_ms = 0;
        w->n--;
        d->fire(d);
    }
}

void wheel_run(struct wheel *w, int64_t now_ms)
{
    int64_t from = w->tick + 1, to = now_ms / WHEEL_TICK_MS;
    if (to - from >= WHEEL_SLOTS)
        from = to - WHEEL_SLOTS + 1; /* a long sleep: one lap meets every node */
    for (int64_t t = from; t <= to; t++) {
        w->tick = t;
        size_t slot = slot_of(t);
        if (w->filled[slot / 64] >> slot % 64 & 1)
            run_slot(w, slot, now_ms);
    }
}

int64_t wheel_next_ms(const struct wheel *w)
{
    for (int64_t t = w->tick + 1; w->n && t <= w->tick + WHEEL_SLOTS; t++) {
        size_t slot = slot_of(t);
        if (w->filled[slot / 64] >> slot % 64 & 1)
            return t * WHEEL_TICK_MS;
    }
    return INT64_MAX;
}
