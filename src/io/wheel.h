/* Deadlines for tens of thousands of connections: a wheel of slots, each a list. Setting and clearing are O(1) and take
 * no memory but the node. A deadline fires at or up to one tick after its time. No clock in here: time is given. */
#pragma once
#include "base/list.h"

enum { WHEEL_TICK_MS = 16, WHEEL_SLOTS = 1024 }; /* one lap is 16 s; later deadlines stay for more laps */

/* Zeroed, it is not set. */
struct deadline {
    struct list in;
    int64_t due_ms; /* 0: not set */
    void (*fire)(struct deadline *d);
};
struct wheel {
    struct list slots[WHEEL_SLOTS];
    uint64_t filled[WHEEL_SLOTS / 64]; /* one bit a slot: may hold something */
    int64_t tick;                      /* the last one that was run */
    size_t n;
};

void wheel_init(struct wheel *w, int64_t now_ms);
void wheel_set(struct wheel *w, struct deadline *d,
               int64_t due_ms); /* again: moves it. What is past fires at the next run */
void wheel_clear(struct wheel *w, struct deadline *d);
/* Fires what is due, each once; fire() may set and clear any deadline, its own too. */
void wheel_run(struct wheel *w, int64_t now_ms);
int64_t wheel_next_ms(const struct wheel *w); /* when to run it next, or INT64_MAX */
