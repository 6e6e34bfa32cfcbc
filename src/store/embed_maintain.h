/* The maintenance thread: ends boxes on time and on demand, watches clock and disk, gives disk back. Its answers to a
 * reader or a sender never wait for it; only burning waits, for the lease's two flushes. */
#pragma once
#include "store/embed_state.h"

[[nodiscard]] enum err maintain_start(struct store *st, struct maintain **out);
void maintain_stop(struct maintain *m); /* answers what is queued */
