/* zstd frames (RFC 8878), one call each; contexts are kept per thread. */
#pragma once
#include "base/buf.h"
#include "base/err.h"

/* Appends one frame at the given level: 1-3, or -1, which finds repetitions but codes no literals and takes half the
 * time of 1 for a short text. ERR_FULL when out's ceiling is reached. */
[[nodiscard]] enum err zip_pack(struct buf *out, struct str in, int level);
/* Appends the content of exactly one frame whose declared size is at most max. ERR_BAD on anything else. */
[[nodiscard]] enum err zip_unpack(struct buf *out, struct str in, size_t max);
/* Gives this thread's contexts back: their tables keep pieces of what went through. */
void zip_forget(void);
