/* A few threads for work over 5 ms: Argon2id (its own pool of one) and large mails (two threads). A job's work() runs
 * on a pool thread, then done() on the loop that submitted it. Bounded queue. */
#pragma once
#include "base/err.h"
#include "io/post.h"

struct work_pool;
struct work {
    struct job job;               /* the pool's */
    struct loop *home;            /* the pool's */
    struct work *next;            /* the pool's */
    void (*work)(struct work *w); /* on a pool thread; touches nothing of a loop */
    void (*done)(struct work *w); /* back on the home loop, exactly once; owns w from here */
};

[[nodiscard]] enum err work_pool_new(unsigned threads, unsigned max_queue, struct work_pool **out);
void work_pool_free(struct work_pool *p); /* finishes what is queued, joins */
/* ERR_BUSY when max_queue jobs wait: then neither callback runs. */
[[nodiscard]] enum err work_submit(struct work_pool *p, struct loop *home, struct work *w);
