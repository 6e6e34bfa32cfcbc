/* Between LMDB's changes and its commit: the segments' rows, the journal's record, and all of it flushed. */
#pragma once
#include "store/embed_state.h"

/* After segs_write(). `lease_epoch`: that of the lease files when the batch's slots were written. After an error
 * nothing of it counts. */
[[nodiscard]] enum err batch_log(struct batch *b, uint32_t lease_epoch);
