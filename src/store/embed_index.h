/* LMDB, which nobody else meets: a few tables of sorted keys, one writing transaction at a time (the
 * committer's), reading ones from any thread. A value is borrowed until its transaction ends, in a writing one until
 * the next write. */
#pragma once
#include "base/err.h"
#include "base/log.h"
#include "base/str.h"

enum index_table {
    TAB_DATA,  /* box ‖ kind ‖ …: all that belongs to a box */
    TAB_ADDR,  /* address hash → box or tombstone */
    TAB_END,   /* end ms ‖ box → lease slot */
    TAB_CRED,  /* lookup hash → box ‖ credential */
    TAB_SEG,   /* segment → counts */
    TAB_REST,  /* ms ‖ address hash: tombstones by the end of their rest */
    TAB_DEDUP, /* ms ‖ box ‖ hash: what a retry is known by, by age */
    TAB_N
};

struct index;
struct MDB_txn;
struct MDB_cursor;
struct index_txn {
    struct index *ix;
    struct MDB_txn *t;
    int rc; /* the first failure of a write, an MDB_* or errno */
    bool writes;
    bool wrote;  /* something was put or deleted */
    bool logged; /* its record is in the journal's file */
};
struct index_scan {
    struct MDB_cursor *c;
    struct index_txn *t;
    enum index_table tab;
    struct str key, val; /* valid after a call that answered true */
};

struct index_opts {
    const char *dir;
    struct log *log;
    _Atomic uint64_t *syncs; /* counts the flushes of checkpoints */
    /* Is what index_claim() said true? Asked at open, of the newest commit. ERR_GONE: no. ERR_IO: it can't be read. */
    enum err (*claimed)(void *ctx, struct str what, struct str checksum);
    void *ctx;
};
/* What was durable when a machine or process stopped is there afterwards. ERR_FULL: no room to bring it there. */
[[nodiscard]] enum err index_open(const struct index_opts *opts, struct index **out);
void index_close(struct index *ix);
/* After a write that failed: what was given up can't come back, and LMDB's file is as its last commit left it; when
 * need be, made anew, for which it waits for the readers. Otherwise the next write does it. ERR_IO: not now. */
[[nodiscard]] enum err index_settle(struct index *ix);
void index_check_readers(struct index *ix); /* slots of processes that died */

[[nodiscard]] enum err index_begin_read(struct index *ix, struct index_txn *t);
[[nodiscard]] enum err index_begin_write(struct index *ix, struct index_txn *t);
void index_end(struct index_txn *t);               /* of a reading one; gives up a writing one */
uint64_t index_changes(const struct index_txn *t); /* octets in the journal, so far */
/* The commit counts only if what was written elsewhere is there as well, so both may be flushed at once. */
void index_claim(struct index_txn *t, struct str what, struct str checksum);
/* Writes the changes to the journal. What *fd names (-1: nothing was changed) is to be flushed before index_commit(),
 * together with whatever else the commit needs. */
[[nodiscard]] enum err index_log(struct index_txn *t, int *fd);
/* Without an index_log() before it does that too, and flushes. ERR_FULL, ERR_IO: given up, nothing has happened. */
[[nodiscard]] enum err index_commit(struct index_txn *t);

[[nodiscard]] enum err index_get(struct index_txn *t, enum index_table tab, struct str key,
                                 struct str *val); /* ERR_GONE */
void index_put(struct index_txn *t, enum index_table tab, struct str key, struct str val);
void index_del(struct index_txn *t, enum index_table tab, struct str key); /* absent is fine */
uint64_t index_count(struct index_txn *t, enum index_table tab);

/* A scan that fails to begin is at its end. */
void scan_begin(struct index_scan *s, struct index_txn *t, enum index_table tab);
bool scan_seek(struct index_scan *s, struct str key);      /* first at or after key */
bool scan_seek_back(struct index_scan *s, struct str key); /* last at or before key */
bool scan_next(struct index_scan *s);
bool scan_prev(struct index_scan *s);
void scan_del(struct index_scan *s); /* the current one; scan_next() goes on behind it */
void scan_end(struct index_scan *s);
