/* One mail before clamd (INSTREAM, see clamd(8)): over a connection of its own, its octets as they came. */
#pragma once
#include "io/exchange.h"

enum { LIMIT_SCAN_NAME = 100 }; /* octets of a signature's name; ClamAV's own are shorter */

enum clamd_said {
    CLAMD_CLEAN,
    CLAMD_FOUND,
    CLAMD_TOO_LARGE, /* over its StreamMaxLength */
    CLAMD_LIMITS,    /* it could not look into all of it: over its limits, encrypted, or broken */
    CLAMD_ERROR,     /* an error of its own over this mail: no memory, no room for its files */
    CLAMD_FAILED     /* nothing that we know: no clamd, or one that does not work */
};
struct clamd_reply {
    enum clamd_said said;
    struct str name; /* FOUND: of the signature, printable ASCII */
};
/* Total: whatever is in the line is some reply. Borrows from it. */
struct clamd_reply clamd_reply_of(struct str line);

struct clamd_opts {
    struct loop *loop;
    const struct dial_to *to;
    int64_t deadline_ms;
};
struct clamd_scan;
/* Answers once, on a later turn: OK with a reply, borrowed for the call; else exchange.h's errors. msg outlives it.
 * ERR_IO: no memory; then no answer comes. */
[[nodiscard]] enum err clamd_scan(const struct clamd_opts *o, struct str msg,
                                  void (*done)(void *ctx, enum err e, const struct clamd_reply *r), void *ctx,
                                  struct clamd_scan **out);
void clamd_cancel(struct clamd_scan *s); /* before the answer, which then does not come */
