/* Lease keys: two preallocated files of 128-byte checksummed slots. A box lives as long as its slot holds its id; its
 * end, whatever the cause, is its slot overwritten in A, synced, then in B, synced. So a slot that is live in B only is
 * an end that was under way, and is finished at open; a slot whose bytes in A are damaged is mended from B. Memory
 * holds one bit a slot. Thread-safe. */
#pragma once
#include "base/log.h"
#include "store/record.h"

struct leases;
struct lease_ref {
    struct box_id box;
    uint32_t slot;
    bool was_live; /* out of lease_shred(): held its box when this ref was first tried */
    bool empty;    /* lease_shred()'s own */
};

[[nodiscard]] enum err leases_open(const char *dir, uint32_t max_slots, struct log *log, struct leases **out);
void leases_close(struct leases *l);
bool leases_fresh(const struct leases *l); /* neither file was there */
/* At open, before anything is taken or shredded: reads which slots are used. Live ones for which keep() answers false
 * are shredded (a box that was never acknowledged). */
[[nodiscard]] enum err leases_check(struct leases *l, bool (*keep)(void *ctx, const struct box_id *box, uint32_t slot),
                                    void *ctx);

/* A free slot, written in both files but not synced. ERR_FULL: none is free, or no disk to grow. */
[[nodiscard]] enum err lease_take(struct leases *l, const struct box_id *box, const uint8_t key[KEY_N], uint32_t *slot);
/* OK; ERR_GONE when the slot holds another box or none; ERR_IO when it can't be read in either file. key may be NULL.
 */
[[nodiscard]] enum err lease_get(struct leases *l, const struct box_id *box, uint32_t slot, uint8_t key[KEY_N]);
/* Overwrites those that still hold their box, in A and then in B, each synced, and frees the slots. On ERR_IO call
 * again: the files were opened anew. A slot that is free already is left alone. refs are sorted on the way. One call at
 * a time runs; lease_take() goes on beside it. */
[[nodiscard]] enum err lease_shred(struct leases *l, struct lease_ref *refs, size_t n);
/* For the committer's flush. When the answer differs before lease_take() and after the flush, the files were opened
 * anew meanwhile and the flush says nothing. */
uint32_t leases_fds(struct leases *l, int fds[2]);
void leases_failed(struct leases *l); /* a flush of them failed: opens the files anew */
uint32_t leases_used(struct leases *l);
