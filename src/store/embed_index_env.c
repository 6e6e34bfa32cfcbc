/* LMDB commits without a flush; what is durable is the journal's record, flushed before (embed_journal.h), and the
 * checkpoint it goes on from (embed_checkpoint.h). A reading transaction, the pin, holds on to the checkpoint's state.
 * Any other is reset as soon as its answer is copied, since one left open stops page reuse. No WRITEMAP or MAPASYNC:
 * LMDB's file is changed by writes alone, in its own order. */
#include "store/embed_index_env.h"
#include "base/clock.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    READERS_MAX = 512,
    /* A checkpoint is begun after so much; what is freed meanwhile can't be used again before it is done. */
    MARK_BYTES = 4 << 20,
    MARK_COMMITS = 512,
    MARK_US = 200 * 1000,
    WAIT_BYTES = 32 << 20 /* with so much more written the one under way is waited for */
};
static const size_t map_bytes = 64ull << 30; /* address space only */
static const char *const names[TAB_N] = { "data", "addr", "end", "cred", "seg", "rest", "dedup" };

static enum err open_tables(struct index *ix)
{
    MDB_txn *t;
    int rc = mdb_txn_begin(ix->env, NULL, 0, &t);
    if (rc)
        return ERR_IO;
    for (size_t i = 0; i < TAB_N && !rc; i++)
        rc = mdb_dbi_open(t, names[i], MDB_CREATE, &ix->dbi[i]);
    if (!rc)
        return mdb_txn_commit(t) ? ERR_IO : OK;
    mdb_txn_abort(t);
    return ERR_IO;
}

static void txn_drop(MDB_txn **t)
{
    if (*t)
        mdb_txn_abort(*t);
    *t = NULL;
}

static void env_close(struct index *ix)
{
    while (ix->idle_n > 0)
        mdb_txn_abort(ix->idle[--ix->idle_n]);
    txn_drop(&ix->pin);
    txn_drop(&ix->next_pin);
    if (ix->env)
        mdb_env_close(ix->env);
    ix->env = NULL;
}

/* With all flushes, until the tables are there: a file without a checkpoint is whole as it is. */
static enum err env_open(struct index *ix)
{
    int rc = mdb_env_create(&ix->env);
    if (rc)
        return ERR_IO;
    mdb_env_set_maxdbs(ix->env, TAB_N + 1);
    mdb_env_set_maxreaders(ix->env, READERS_MAX);
    mdb_env_set_mapsize(ix->env, map_bytes);
    rc = mdb_env_open(ix->env, ix->dir, MDB_NOTLS | MDB_NORDAHEAD, 0600);
    if (!rc) {
        int dead;
        mdb_reader_check(ix->env, &dead);
        if (open_tables(ix) == OK)
            rc = mdb_env_set_flags(ix->env, MDB_NOSYNC, 1);
        else
            rc = EIO;
    }
    if (!rc)
        rc = mdb_txn_begin(ix->env, NULL, MDB_RDONLY, &ix->pin);
    if (!rc)
        return OK;
    log_error(ix->log, "store.index", LOG_C("why", mdb_strerror(rc)));
    env_close(ix);
    return rc == MDB_VERSION_MISMATCH || rc == MDB_INVALID ? ERR_BAD : ERR_IO;
}

/* ---- checkpoints ---- */

/* Begins one, between two commits. With a record that was given up its number is used up too: it is never played. */
static enum err mark(struct index *ix)
{
    struct root root;
    enum err e = checkpoint_root(ix->checkpoint, ix->seq + ix->behind, &root);
    if (e == OK && mdb_txn_begin(ix->env, NULL, MDB_RDONLY, &ix->next_pin)) {
        ix->broken = true;
        e = ERR_IO;
    }
    if (e != OK)
        return e;
    journal_turn(ix->journal, ix->durable);
    ix->marked_seq = root.seq;
    ix->marked_us = clock_mono_us();
    ix->since = 0;
    checkpoint_begin(ix->checkpoint, &root);
    return OK;
}

/* What came of it. The older pin stays after a failure: the new root may be on the disk nevertheless, and LMDB keeps
 * what any state since the oldest pin has. */
static void marked(struct index *ix, enum checkpoint_state s)
{
    if (s == CHECKPOINT_DONE) {
        txn_drop(&ix->pin);
        ix->pin = ix->next_pin;
        ix->next_pin = NULL;
        ix->durable = ix->marked_seq;
        ix->seq = MAX(ix->seq, ix->durable);
    } else if (s == CHECKPOINT_FAILED || s == CHECKPOINT_LOST) {
        log_error(ix->log, "store.checkpoint");
        txn_drop(&ix->next_pin);
        ix->broken |= s == CHECKPOINT_LOST;
    }
}

static enum err play(void *ctx, const struct journal_op *op)
{
    struct index *ix = ctx;
    MDB_val k, v;
    int rc = ix->playing ? 0 : mdb_txn_begin(ix->env, NULL, 0, &ix->playing);
    if (rc || (op && op->table >= TAB_N))
        return ERR_IO;
    if (!op) {
        rc = mdb_txn_commit(ix->playing);
        ix->playing = NULL;
        return rc == 0 ? OK : index_means_full(rc) ? ERR_FULL : ERR_IO;
    }
    k = val_of(op->key);
    v = val_of(op->val);
    rc = op->put ? mdb_put(ix->playing, ix->dbi[op->table], &k, &v, 0)
                 : mdb_del(ix->playing, ix->dbi[op->table], &k, NULL);
    return rc == 0 || rc == MDB_NOTFOUND ? OK : index_means_full(rc) ? ERR_FULL : ERR_IO;
}

static enum err holds(void *ctx, const struct journal_op *claim)
{
    const struct index *ix = ctx;
    return ix->opts.claimed ? ix->opts.claimed(ix->opts.ctx, claim->key, claim->val) : OK;
}

/* From the newest checkpoint up to commit number `last`, or as far as the journal goes. */
static enum err load(struct index *ix, uint64_t last)
{
    uint64_t seq = 0;
    struct journal_player p = { .apply = play, .holds = last == UINT64_MAX ? holds : NULL, .ctx = ix };
    enum err e = checkpoint_restore(ix->checkpoint, &seq);
    if (e == OK || e == ERR_GONE)
        e = env_open(ix);
    if (e != OK)
        return e;
    ix->durable = seq;
    e = journal_replay(ix->journal, &seq, last, &p);
    txn_drop(&ix->playing);
    if (e == OK && last != UINT64_MAX && seq < last)
        e = ERR_IO;
    if (e == OK)
        ix->seq = seq;
    if (p.dropped) {
        log_warn(ix->log, "store.journal", LOG_C("why", "the newest commit never came to its end"));
        ix->behind = true;
    }
    return e;
}

static enum err rebuild(struct index *ix)
{
    pthread_rwlock_wrlock(&ix->gate);
    env_close(ix);
    enum err e = load(ix, ix->seq);
    if (e != OK)
        env_close(ix);
    ix->broken = e != OK;
    pthread_rwlock_unlock(&ix->gate);
    return e;
}

static enum err checkpoint_now(struct index *ix)
{
    enum err e = mark(ix);
    if (e != OK)
        return e;
    enum checkpoint_state s = checkpoint_wait(ix->checkpoint);
    marked(ix, s);
    if (s != CHECKPOINT_DONE)
        return ERR_IO;
    ix->behind = false;
    return OK;
}

/* Twice, since LMDB may turn out to be of no use only when it is asked for the checkpoint. */
enum err index_settle(struct index *ix)
{
    enum err e = ERR_IO;
    marked(ix, checkpoint_wait(ix->checkpoint));
    for (int tries = 0; tries < 2 && e != OK; tries++) {
        e = ix->broken ? rebuild(ix) : OK;
        if (e == OK && ix->behind)
            e = checkpoint_now(ix);
    }
    return e;
}

static bool is_due(const struct index *ix)
{
    return ix->since >= MARK_COMMITS || journal_size(ix->journal) >= MARK_BYTES ||
           (ix->since > 0 && clock_mono_us() - ix->marked_us >= MARK_US);
}

/* A checkpoint that can't be begun is tried again with the next write. */
enum err index_tend(struct index *ix)
{
    bool wait = ix->next_pin && journal_size(ix->journal) >= WAIT_BYTES;
    marked(ix, wait ? checkpoint_wait(ix->checkpoint) : checkpoint_poll(ix->checkpoint));
    if (ix->broken || ix->behind)
        return index_settle(ix);
    if (!ix->next_pin && is_due(ix) && mark(ix) != OK) {
        log_error(ix->log, "store.checkpoint");
        ix->marked_us = clock_mono_us();
        ix->since = 1;
    }
    return OK;
}

/* ---- opening and closing ---- */

static enum err open_all(struct index *ix)
{
    ix->dir = strdup(ix->opts.dir);
    enum err e = ix->dir ? checkpoint_open(ix->dir, ix->opts.syncs, &ix->checkpoint) : ERR_IO;
    if (e == OK)
        e = journal_open(ix->dir, &ix->journal);
    if (e == OK)
        e = load(ix, UINT64_MAX);
    return e == OK ? checkpoint_now(ix) : e;
}

enum err index_open(const struct index_opts *opts, struct index **out)
{
    struct index *ix = calloc(1, sizeof *ix);
    if (!ix)
        return ERR_IO;
    ix->opts = *opts;
    ix->log = opts->log;
    pthread_rwlock_init(&ix->gate, NULL);
    pthread_mutex_init(&ix->idle_mx, NULL);
    enum err e = open_all(ix);
    if (e != OK) {
        ix->broken = true;
        index_close(ix);
    } else {
        *out = ix;
    }
    return e;
}

void index_close(struct index *ix)
{
    if (!ix)
        return;
    if (ix->checkpoint && !ix->broken) {
        marked(ix, checkpoint_wait(ix->checkpoint));
        if (!ix->broken && ix->seq + ix->behind > ix->durable && checkpoint_now(ix) != OK)
            log_error(ix->log, "store.checkpoint"); /* the journal has it all */
    }
    checkpoint_close(ix->checkpoint);
    env_close(ix);
    journal_close(ix->journal);
    pthread_rwlock_destroy(&ix->gate);
    pthread_mutex_destroy(&ix->idle_mx);
    free(ix->dir);
    free(ix);
}
