/* How often somebody is asked whether mail may be forwarded to him: an address once a day by all boxes together, and a
 * box few addresses a day. Kept in memory, as keyed hashes; a restart forgives. One a process; any thread. */
#pragma once
#include "base/err.h"
#include "store/store.h"

enum { FORWARD_ASKS_BOX = 3 /* addresses a box and day: one that was mistyped, and another one */ };

struct forward_asks;
[[nodiscard]] enum err forward_asks_new(struct forward_asks **out); /* ERR_IO: memory */
void forward_asks_free(struct forward_asks *f);                     /* NULL is fine */
/* to: as addr_other_key() has it; a "+tag" makes no other reader of it. ERR_DENIED: it was asked within a day.
 * ERR_BUSY: the box has had its share of the day, or there is no memory. On OK alone it counts. */
[[nodiscard]] enum err forward_asks_take(struct forward_asks *f, const struct box_id *box, struct str to,
                                         int64_t now_ms);
void forward_asks_give(struct forward_asks *f, const struct box_id *box, struct str to); /* nothing was sent */
