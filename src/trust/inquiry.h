/* Drives the checks of one message until they have their answers: calls them, asks the DNS what they want to know,
 * calls them again. All on one loop. Ends by itself at the deadline: what is not known by then counts as failed. */
#pragma once
#include "io/dns.h"
#include "trust/answers.h"

enum {
    LIMIT_ASKED = 16,             /* questions of one message under way: nobody's mail has the DNS to itself */
    LIMIT_INQUIRY_BYTES = 1 << 20 /* what its answers may take while it waits */
};
struct inquiry;
struct inquiry_opts {
    struct dns *dns; /* NULL: every question fails at once */
    struct loop *loop;
    int64_t deadline_ms;    /* from now, of all together */
    struct key_cache *keys; /* as in answers.h; of this loop; may be NULL */
    /* Called on later turns, again and again as long as it returns ERR_MORE. */
    enum err (*check)(void *ctx, struct answers *as);
    /* Once, with what check returned last (no ERR_MORE); ERR_BUSY: there was no room to ask for a policy, so what was
     * found says too little. inquiry_free() may be called in it. */
    void (*done)(void *ctx, enum err e);
    void *ctx;
};
[[nodiscard]] enum err inquiry_start(const struct inquiry_opts *o, struct inquiry **out);
/* Gives back what the answers and the last check's results are made of; under way it is a cancel: done() is not called.
 * NULL is fine. */
void inquiry_free(struct inquiry *q);
