/* A message as the three plaintexts that get sealed, and back: summary, header data (raw header, part tree, chunk
 * table), body frames. Made once a mail, sealed once a box. docs/storage.md has the layout. */
#pragma once
#include "core/seal.h"
#include "wire/mime.h"

struct pack {
    struct buf hdr;    /* zstd(header data) */
    struct buf frames; /* zstd frames of the body, one after the other */
    uint32_t *frame_n; /* length of each, in the arena */
    uint32_t frames_n;
    struct arena *arena;
};
/* ERR_FULL: memory. */
[[nodiscard]] enum err pack_make(struct pack *p, struct arena *a, struct str msg, const struct mime_tree *tree);
void pack_fini(struct pack *p);
/* Seals for one box: out gets env, hdr and body one after the other; their lengths go to *env_n and *hdr_n. */
[[nodiscard]] enum err pack_seal(const struct pack *p, struct buf *out, const struct seal_window *w,
                                 const uint8_t lease[KEY_N], const struct box_id *box, const struct msg_id *msg,
                                 struct str json, size_t *env_n, size_t *hdr_n);

/* Header data as read back. Views are in the arena. */
struct unpacked {
    struct str header;
    struct mime_tree tree;
    uint64_t size;           /* octets of the message */
    const uint32_t *chunk_n; /* ciphertext length of each body chunk */
    uint32_t chunks;
};
/* opened: what open_hdr() gave. Total: ERR_BAD unless consistent. */
[[nodiscard]] enum err pack_read(struct str opened, struct arena *a, struct unpacked *out);
