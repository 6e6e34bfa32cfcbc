/* What the two files of the index share, and who meets LMDB; nobody else includes it. */
#pragma once
#include "store/embed_checkpoint.h"
#include "store/embed_index.h"
#include "store/embed_journal.h"
#include <errno.h>
#include <lmdb.h>
#include <pthread.h>

enum { INDEX_IDLE_MAX = 16 };
struct index {
    struct index_opts opts;
    char *dir;
    struct log *log;
    MDB_env *env;
    MDB_dbi dbi[TAB_N];
    pthread_rwlock_t gate; /* held for reading by each reading transaction, for writing while LMDB is made anew */
    pthread_mutex_t idle_mx;
    MDB_txn *idle[INDEX_IDLE_MAX]; /* reset, to be renewed */
    size_t idle_n;
    struct journal *journal;
    struct checkpoint *checkpoint;
    MDB_txn *pin, *next_pin;        /* hold on to the state of the checkpoint, and of the one under way */
    uint64_t seq, durable;          /* number of the newest commit, and of the newest one in a checkpoint */
    uint64_t marked_seq, marked_us; /* of the one begun last: its commit, and when */
    uint32_t since;                 /* commits after it */
    MDB_txn *playing;               /* a record of the journal that is being played again */
    bool behind;                    /* the journal has a record that was given up: it must never be played */
    bool broken;                    /* LMDB's file can't be trusted to be what was written */
};

static inline MDB_val val_of(struct str s) { return (MDB_val){ s.n, (void *)(uintptr_t)s.p }; }
static inline struct str str_of_val(MDB_val v) { return str_of(v.mv_data, v.mv_size); }

static inline bool index_means_full(int rc)
{
    return rc == ENOSPC || rc == EDQUOT || rc == MDB_MAP_FULL || rc == MDB_TXN_FULL;
}

/* Before each write: begins a checkpoint when it is time, and makes good what went wrong. */
[[nodiscard]] enum err index_tend(struct index *ix);
