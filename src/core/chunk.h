/* A piece of a body as it gets sealed, and back: a zstd frame, or, where there are runs of base64 lines in it, one in
 * which they are the octets they stand for. docs/storage.md has the layout. */
#pragma once
#include "base/buf.h"
#include "base/err.h"

/* Appends in, of less than 4 GiB. What it appends is hardly longer. ERR_FULL: out's ceiling; ERR_IO: memory. */
[[nodiscard]] enum err chunk_pack(struct buf *out, struct str in);
/* Appends what was packed, at most max octets. Total: ERR_BAD on what is not of the layout, out then as it was. */
[[nodiscard]] enum err chunk_unpack(struct buf *out, struct str in, size_t max);
