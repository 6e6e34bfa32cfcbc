/* One stored message opened for reading: its key, header data and body, chunk by chunk. What mail_get() and mail
 * streams share. */
#pragma once
#include "core/auth.h"
#include "core/pack.h"

struct body {
    struct store *st;
    struct loop *loop;
    struct opened *o; /* a reference */
    struct msg_id id;
    struct store_row row;
    uint8_t *k; /* a cell */
    struct arena arena;
    struct str summary; /* opened env */
    struct str at_hand; /* the body as it came with its row, sealed, or nothing */
    bool whole;         /* all of the body is in plain */
    struct unpacked u;
    struct mime_pick pick;
    struct store_req *pending;
    void (*opened)(struct body *b, enum err e);
    void (*chunk)(struct body *b, enum err e, struct str plain);
    struct buf plain;
    uint32_t reading;
    bool raw; /* only octets are wanted: neither summary nor pick. Set after body_open(), before its answer */
};
/* Fetches and opens env and header data, and a body of at most ahead octets (0: none) with them; opened() is called
 * once, on a later turn. The struct is the caller's and must live until body_close(). On an error nothing was begun
 * (but body_close() is still due). */
[[nodiscard]] enum err body_open(struct body *b, struct store *st, struct loop *l, struct opened *o,
                                 const struct msg_id *id, uint32_t ahead, void (*opened)(struct body *, enum err));
/* The same from a row that was read with env and hdr, and at once; raw as above. What the row has of its body is
 * borrowed until body_close(). */
[[nodiscard]] enum err body_open_row(struct body *b, struct store *st, struct loop *l, struct opened *o,
                                     const struct store_row *row, bool raw);
/* Reads chunk i of the body (from the octet after the header on); one at a time; chunk() is called on a later turn. */
[[nodiscard]] enum err body_chunk(struct body *b, uint32_t i, void (*chunk)(struct body *, enum err, struct str));
/* The same at once, of a small body that came along: all of it is in b->plain. ERR_MORE: it has to be read. */
[[nodiscard]] enum err body_open_at_hand(struct body *b);
void body_close(struct body *b); /* cancels, wipes */
/* The chunk that holds octet off of the message, which lies behind the header; and the octet where chunk i begins. */
static inline uint32_t body_chunk_of(const struct body *b, uint64_t off)
{
    return (uint32_t)((off - b->u.header.n) / SEAL_CHUNK_BYTES);
}
static inline uint64_t body_chunk_at(const struct body *b, uint32_t i)
{
    return b->u.header.n + (uint64_t)i * SEAL_CHUNK_BYTES;
}
