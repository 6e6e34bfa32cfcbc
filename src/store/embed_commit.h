/* The committer: one thread that takes all that is queued, makes it one durable commit, and answers. The flush is the
 * timer: what arrives meanwhile is the next batch. */
#pragma once
#include "store/embed_state.h"

[[nodiscard]] enum err commit_start(struct store *st, struct commit **out);
void commit_stop(struct commit *c); /* finishes what is queued; a kick after it does nothing */
void commit_free(struct commit *c);
void commit_add(struct commit *c, struct store_req *r);
void commit_kick(struct commit *c); /* there is something to reclaim or to age */
