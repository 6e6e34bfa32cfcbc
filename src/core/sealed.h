/* One box's copy of a message on its way into the store: the key window and lease it is sealed with, then the three
 * blobs one after the other. */
#pragma once
#include "core/auth.h"
#include "core/pack.h"

struct sealed {
    struct box_id box;
    struct msg_id msg;
    uint8_t dedupe[HASH_N];    /* what a retry of it is known by; all zero: by nothing */
    struct seal_window window; /* r is this copy's own cell */
    uint8_t *lease;            /* a cell */
    enum err err;
    uint32_t folder; /* where it goes */
    struct buf bytes;
    size_t env_n, hdr_n;
};
/* A new message id, and the keys of a box that the holder has opened. ERR_GONE, ERR_FULL; sealed_fini() is due. */
[[nodiscard]] enum err sealed_begin(struct sealed *s, struct opened *o);
/* Seals what was packed; keys are needed no more afterwards. ERR_BUSY: memory. Any thread. */
[[nodiscard]] enum err sealed_make(struct sealed *s, const struct pack *p, struct str summary);
/* Box, id, dedupe hash, generation and the three blobs, which live as long as s. */
void sealed_item(const struct sealed *s, struct store_append_item *it);
void sealed_fini(struct sealed *s);
