/* A connection to whichever of some addresses answers first, tried in their order (RFC 8305): the next one begins when
 * the last has failed, or has not answered for a moment. */
#pragma once
#include "io/dial.h"
#include "io/loop.h"

enum { DIAL_ANY_MAX = 16 };
struct dial_any_opts {
    struct loop *loop;
    const struct dial_to *to;            /* copied */
    size_t n;                            /* 1 to DIAL_ANY_MAX */
    const struct dial_to *from4, *from6; /* NULL: the kernel chooses; copied */
    int64_t next_ms;                     /* after which the next is tried beside */
    int64_t deadline_ms;                 /* of all together */
};
/* OK: fd is connected to to[i], and the callee's. ERR_IO: nobody could be reached; ERR_BUSY: nobody answered in time.
 */
typedef void dial_any_fn(void *ctx, enum err e, int fd, size_t i);
struct dial_any;
/* Answers once, on a later turn. NULL: no memory; then never. */
struct dial_any *dial_any(const struct dial_any_opts *o, dial_any_fn *done, void *ctx);
void dial_any_cancel(struct dial_any *d); /* before done(). NULL is fine */
