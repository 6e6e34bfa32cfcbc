/* What the embedded backend's files share. The committer thread makes every change of index and segments; the
 * maintenance thread ends boxes (leases) and gives disk back; callers' threads read. A box lives while three things
 * hold: its end has not come, its lease slot still holds its id, and nobody asked for its end a moment ago (the ending
 * set). */
#pragma once
#include "base/map.h"
#include "store/embed_clock.h"
#include "store/embed_flush.h"
#include "store/embed_index.h"
#include "store/embed_lease.h"
#include "store/embed_segment.h"
#include "store/record.h"
#include "store/store_op.h"
#include <pthread.h>

struct commit;   /* embed_commit.c */
struct maintain; /* embed_maintain.c */
struct reclaim;  /* embed_reclaim.c */
struct handover; /* embed_handover.c */
struct disk;     /* embed_disk.c */

struct store_counts {
    _Atomic uint64_t created, ended, appended, duplicates, deleted, commits, syncs, errors;
    _Atomic uint32_t queue;
};
struct store {
    struct store_opts opts;
    char *dir;
    int lock_fd;
    uint8_t index_key[KEY_N];
    struct guard *guard;
    struct index *index;
    struct segs *segs;
    struct leases *leases;
    struct flush *flush;
    struct commit *commit;
    struct maintain *maintain;
    struct reclaim *reclaim;
    struct handover *handover;
    struct disk *disk;
    pthread_mutex_t ending_mx;
    struct map ending;              /* box ids whose end was asked for and is not done */
    _Atomic size_t ending_n;        /* so that nobody takes the lock while there are none */
    _Atomic bool full;              /* disk below the reserve: no intake */
    _Atomic bool faulted;           /* the index could not be opened again */
    _Atomic int64_t batch_start_ms; /* due time of the batch under way, 0: none; see embed_maintain.c */
    _Atomic int64_t oldest_due_ms;
    struct store_counts counts;
};

enum { BATCH_BEGINS = 1 }; /* in batch_start_ms: its time is being read */

struct punch {
    uint64_t seg, off, n;
};
/* One commit in the making. It may be made twice: again without intake when that failed. */
struct batch {
    struct store *st;
    struct index_txn t;
    int64_t now_ms, due_ms;
    struct lease_ref *taken; /* slots written for new boxes, given back should the batch fail */
    size_t taken_n, taken_cap;
    struct punch *punches; /* bytes of deleted messages, to be punched out afterwards */
    size_t punches_n, punches_cap;
    bool failed; /* memory ran out half-way: commit nothing */
};

/* The store's own work in the committer's queue. done() runs on the committer's thread, with req.err set. */
struct task {
    struct store_req req;
    void (*run)(struct batch *b, struct task *t);
    void (*done)(struct task *t);
};
