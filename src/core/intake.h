/* Message octets as they come in, counted against the message memory of the whole process (DESIGN section 6): what was
 * declared is set aside at once, otherwise it doubles; memory is set aside before it is allocated, old and new together
 * while it moves, so the sum never passes the budget. */
#pragma once
#include "base/buf.h"
#include "base/err.h"
#include <stdatomic.h>

struct intake_budget { /* one for the process */
    size_t max;
    _Atomic size_t used;
};
size_t intake_budget_default(void); /* DESIGN section 6: a quarter of the machine's memory, at most 1 GiB */
bool intake_budget_take(struct intake_budget *b, size_t n);
void intake_budget_give(struct intake_budget *b, size_t n);
bool intake_budget_stressed(const struct intake_budget *b); /* more than three quarters are taken */
bool intake_budget_spares(const struct intake_budget *b);   /* half is free: also for what is no mail that comes in */

struct intake {
    struct intake_budget *budget;
    size_t max;      /* octets in all */
    size_t reserved; /* of the budget; data.cap never passes it but for page rounding */
    struct buf data;
};
/* declared: octets to come, 0: not known. ERR_BUSY: the memory is used up. */
[[nodiscard]] enum err intake_begin(struct intake *in, struct intake_budget *b, size_t declared, size_t max);
/* Room for some of *n octets, at least one: where, and how many; count them by in->data.n. NULL: *why is ERR_FULL (over
 * max) or ERR_BUSY (memory). */
char *intake_room(struct intake *in, size_t *n, enum err *why);
[[nodiscard]] enum err intake_put(struct intake *in, struct str s); /* the same; what was put before stays */
void intake_end(struct intake *in);                                 /* wipes, gives back; fine when it never began */
