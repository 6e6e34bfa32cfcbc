/* Asks a neighbour whether it is alive, again and again, so that whoever looks sees how it is although no mail comes.
 */
#pragma once
#include "io/exchange.h"
#include "trust/neighbour.h"

enum { PING_EVERY_MS = 10 * 1000, PING_AGAIN_MS = 1000 /* after a failure */, PING_TIMEOUT_MS = 5 * 1000 };

struct ping_kind {
    struct str question, answer; /* what its answer begins with */
};
extern const struct ping_kind ping_clamd, ping_rspamd;

struct ping_opts {
    struct loop *loop;
    const struct dial_to *to;
    const struct ping_kind *kind;
    struct neighbour *state; /* is told */
    /* When it has come up or gone down since it was asked last, whoever noticed. May be NULL. */
    void (*changed)(void *ctx, bool up);
    void *ctx;
};
struct ping;
[[nodiscard]] enum err ping_start(const struct ping_opts *o, struct ping **out); /* the first question goes at once */
void ping_stop(struct ping *p); /* NULL is fine; the loop is freed later */
