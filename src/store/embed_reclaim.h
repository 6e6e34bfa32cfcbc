/* What an ended box leaves behind in the index goes in slices between commits, as do tombstones whose rest is over and
 * memories of retries older than a day. Runs in the committer; the maintenance thread says what may go. */
#pragma once
#include "store/embed_state.h"

[[nodiscard]] enum err reclaim_new(struct reclaim **out);
void reclaim_free(struct reclaim *c);
/* Maintenance thread: boxes whose leases are gone. */
void reclaim_add(struct reclaim *c, const struct lease_ref *refs, size_t n);
/* Committer: one slice of at most so many µs and rows. True: there is more. */
bool reclaim_slice(struct reclaim *c, struct batch *b, uint64_t budget_us, unsigned rows_max);
void reclaim_committed(struct reclaim *c); /* the slice is durable */
void reclaim_failed(struct reclaim *c);    /* or it is not: the same boxes again */
bool reclaim_pending(struct reclaim *c);
