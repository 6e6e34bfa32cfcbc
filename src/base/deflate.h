/* A connection's octets compressed both ways (RFC 4978: raw deflate, RFC 1951), one stream each. Small windows: a
 * connection holds some 40 KiB, not 300. */
#pragma once
#include "base/buf.h"
#include "base/err.h"

struct deflate;
struct deflate *deflate_new(void);    /* NULL: no memory */
void deflate_free(struct deflate *d); /* NULL is fine */
/* Appends s compressed, and flushed: the peer can read all of it. */
void deflate_put(struct deflate *d, struct str s, struct buf *out);
/* Appends what in decompresses to, as far as out has room; *used octets of in were taken. ERR_BAD: not such a stream.
 */
[[nodiscard]] enum err deflate_take(struct deflate *d, struct str in, size_t *used, struct buf *out);
/* Appends in as one gzip file (RFC 1952), which says neither a name nor a time. ERR_FULL: memory, or out's ceiling. */
[[nodiscard]] enum err gzip_pack(struct buf *out, struct str in);
/* Appends the first octets that a raw stream of somebody's decompresses to: until its end, an error, or out is full.
 * True: its end was reached; *used octets of in were taken. */
bool deflate_peek(struct str in, size_t *used, struct buf *out);
