/* One question to a neighbour and its answer, over a connection of its own. The question goes out piece by piece, as
 * fast as it is read, so that a large one is never held twice. */
#pragma once
#include "io/dial.h"
#include "io/loop.h"

struct exchange_ops {
    /* The next bytes to send, borrowed until the next call. False: there are no more. */
    bool (*send)(void *ctx, struct str *piece);
    /* All that has been answered so far; ended: no more will come. OK: it is whole; ERR_MORE: not yet; ERR_BAD. */
    enum err (*read)(void *ctx, struct str answer, bool ended);
    /* The last call, once: OK: read() said so; ERR_BAD: likewise, or a longer answer than answer_max; ERR_BUSY: the
     * time was up; ERR_IO: no connection, or it broke before the answer was whole. */
    void (*done)(void *ctx, enum err e);
};
struct exchange_opts {
    struct loop *loop;
    const struct dial_to *to;
    int64_t deadline_ms; /* from now, for all of it */
    size_t answer_max;
};
struct exchange;
/* Calls come on later turns. ERR_IO: no memory; then none comes. */
[[nodiscard]] enum err exchange_start(const struct exchange_opts *o, const struct exchange_ops *ops, void *ctx,
                                      struct exchange **out);
void exchange_cancel(struct exchange *x); /* before done(), which then is not called, nor anything else */
