/* Which state of LMDB's file is on the disk for certain, and the way back to it. LMDB commits without a flush (the
 * journal is what is durable), so after a power cut its file may hold any part of what was written since. It never
 * overwrites a page in place: as long as a reading transaction holds on to a state, all pages of it stay, and only the
 * two root pages name newer ones. So a checkpoint is: note the root, hold on to its state, flush the file, write the
 * root down. At open the root is put back in both places, and the journal played from there. Format: docs/storage.md.
 */
#pragma once
#include "base/err.h"
#include "base/log.h"

struct checkpoint;
enum { ROOT_N = 152 }; /* LMDB 0.9's page header (16) and MDB_meta, on 64 bits */
/* What a flushed state is known by. */
struct root {
    uint64_t seq; /* the newest journal record in it */
    uint8_t raw[ROOT_N];
};

/* For the index in `dir`; *syncs counts flushes. ERR_BAD: there is one, and it is damaged. */
[[nodiscard]] enum err checkpoint_open(const char *dir, _Atomic uint64_t *syncs, struct checkpoint **out);
void checkpoint_close(struct checkpoint *c); /* waits for what is under way */
/* Before LMDB opens its file: puts the root of the newest checkpoint back, and makes sure that the file names no other:
 * one that could not be written down may be there, and its pages are about to be used again. ERR_GONE: there is none,
 * the file is whole as it is (made, or left by an older version, with all its flushes). Otherwise *seq is what the
 * journal goes on from.
 */
[[nodiscard]] enum err checkpoint_restore(struct checkpoint *c, uint64_t *seq);
/* After LMDB opened its file, and between its commits: the root as it is now. ERR_BAD: not as LMDB 0.9 writes it. */
[[nodiscard]] enum err checkpoint_root(struct checkpoint *c, uint64_t seq, struct root *out);

/* Flushes and writes down `root`, in a thread of its own. The caller holds on to its state until the next one is done,
 * and to the one before it until this one is. One at a time. */
void checkpoint_begin(struct checkpoint *c, const struct root *root);
enum checkpoint_state {
    CHECKPOINT_IDLE,
    CHECKPOINT_RUNS,
    CHECKPOINT_DONE,
    CHECKPOINT_FAILED, /* the root could not be written down; it may be on the disk nevertheless */
    CHECKPOINT_LOST    /* the flush failed: pages that look clean in memory may not be on the disk */
};
/* How the last one stands. What it ended with is told once, then it is IDLE. */
enum checkpoint_state checkpoint_poll(struct checkpoint *c);
enum checkpoint_state checkpoint_wait(struct checkpoint *c); /* the same, not before it is over */
