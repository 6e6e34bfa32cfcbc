/* What is said for good about a box's sending: allowed (a proof of work, or the operator) or stopped (the operator).
 * Kept with the box, and known to all sessions at once. */
#pragma once
#include "core/send_shared.h"

struct send_grant { /* what becomes of BOX_MAY_SEND and BOX_NO_SEND */
    struct box_id box;
    uint32_t set, clear;
};
/* Durable, then in force. ERR_GONE: no such box. Answers once, on a later turn. False: no memory, there is no answer.
 */
typedef void send_grant_fn(void *ctx, enum err e);
[[nodiscard]] bool send_grant(struct store *st, struct loop *l, struct send_shared *shared, const struct send_grant *g,
                              send_grant_fn *done, void *ctx);
