/* The maintenance thread: ends boxes on time and on demand, watches clock and disk, gives disk back. Its answers to a reader
 * or a sender never wait for it; only burning waits, for the lease's two flushes. */
#pragma once
#include "store/embed_state.h"

[[nodiscard]] enum err maintain_start(struct store *st, struct maintain **out);
void maintain_stop(struct maintain *m); /* answers what is queued */
void maintain_end(struct maintain *m, struct store_end *q); /* takes it: leases overwritten, then answered */
void maintain_punch(struct maintain *m, const struct punch *p, size_t n);
void maintain_full(struct maintain *m); /* the disk is full: gives the ballast up, stops intake until there is room */
