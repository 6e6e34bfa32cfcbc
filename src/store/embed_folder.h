/* The data folder itself: ours alone, of a format we know, with its index key. */
#pragma once
#include "store/embed_state.h"

/* ERR_BUSY: locked by another process; ERR_BAD: not ours, or newer; ERR_DENIED: a file system that does not overwrite
 * in place, or the mark of a test clock differs. */
[[nodiscard]] enum err folder_open(struct store *st);
