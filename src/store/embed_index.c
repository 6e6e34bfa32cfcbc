/* LMDB commits without a flush; what is durable is the journal's record, flushed before (embed_journal.h), and the
 * checkpoint it goes on from (embed_checkpoint.h). A reading transaction, the pin, holds on to the checkpoint's state.
 * Any other is reset as soon as its answer is copied, since one left open stops page reuse. No WRITEMAP or MAPASYNC:
 * LMDB's file is changed by writes alone, in its own order. */
#include "store/embed_index.h"
#include "base/clock.h"
#include "store/embed_checkpoint.h"
#include "store/embed_journal.h"
#include <errno.h>
#include <lmdb.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    IDLE_MAX = 16,
    READERS_MAX = 512,
    /* A checkpoint is begun after so much; what is freed meanwhile can't be used again before it is done. */
    MARK_BYTES = 4 << 20,
    MARK_COMMITS = 512,
    MARK_US = 1000 * 1000,
    WAIT_BYTES = 32 << 20 /* with so much more written the one under way is waited for */
};
static const size_t map_bytes = 64ull << 30; /* address space only */
static const char *const names[TAB_N] = { "data", "addr", "end", "cred", "seg", "rest", "dedup" };

struct index {
    struct index_opts opts;
    char *dir;
    struct log *log;
    MDB_env *env;
    MDB_dbi dbi[TAB_N];
    pthread_rwlock_t gate; /* held for reading by each reading transaction, for writing by index_reopen() */
    pthread_mutex_t idle_mx;
    MDB_txn *idle[IDLE_MAX]; /* reset, to be renewed */
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

static MDB_val val_of(struct str s) { return (MDB_val){ s.n, (void *)(uintptr_t)s.p }; }
static struct str str_of_val(MDB_val v) { return str_of(v.mv_data, v.mv_size); }

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
        return rc ? ERR_IO : OK;
    }
    k = val_of(op->key);
    v = val_of(op->val);
    rc = op->put ? mdb_put(ix->playing, ix->dbi[op->table], &k, &v, 0)
                 : mdb_del(ix->playing, ix->dbi[op->table], &k, NULL);
    return rc && rc != MDB_NOTFOUND ? ERR_IO : OK;
}

static bool holds(void *ctx, const struct journal_op *claim)
{
    const struct index *ix = ctx;
    return !ix->opts.claimed || ix->opts.claimed(ix->opts.ctx, claim->key, claim->val);
}

/* From the newest checkpoint up to commit number `last`, or as far as the journal goes. */
static enum err load(struct index *ix, uint64_t last)
{
    uint64_t seq = 0;
    const struct journal_player p = { .apply = play, .holds = last == UINT64_MAX ? holds : NULL, .ctx = ix };
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
    marked(ix, checkpoint_wait(ix->checkpoint));
    if (ix->durable < ix->marked_seq)
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

/* Before each write. One that can't be begun is tried again with the next. */
static enum err tend(struct index *ix)
{
    bool wait = ix->next_pin && journal_size(ix->journal) >= WAIT_BYTES;
    marked(ix, wait ? checkpoint_wait(ix->checkpoint) : checkpoint_poll(ix->checkpoint));
    if (ix->broken || ix->behind)
        return index_settle(ix);
    if (!ix->next_pin && is_due(ix) && mark(ix) != OK)
        log_error(ix->log, "store.checkpoint");
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

void index_check_readers(struct index *ix)
{
    int dead;
    pthread_rwlock_rdlock(&ix->gate);
    if (ix->env)
        mdb_reader_check(ix->env, &dead);
    pthread_rwlock_unlock(&ix->gate);
}

static MDB_txn *idle_take(struct index *ix)
{
    pthread_mutex_lock(&ix->idle_mx);
    MDB_txn *t = ix->idle_n > 0 ? ix->idle[--ix->idle_n] : NULL;
    pthread_mutex_unlock(&ix->idle_mx);
    return t;
}

static void idle_give(struct index *ix, MDB_txn *t)
{
    mdb_txn_reset(t);
    pthread_mutex_lock(&ix->idle_mx);
    if (ix->idle_n < IDLE_MAX)
        ix->idle[ix->idle_n++] = t, t = NULL;
    pthread_mutex_unlock(&ix->idle_mx);
    if (t)
        mdb_txn_abort(t);
}

enum err index_begin_read(struct index *ix, struct index_txn *t)
{
    *t = (struct index_txn){ .ix = ix };
    pthread_rwlock_rdlock(&ix->gate);
    MDB_txn *m = ix->env ? idle_take(ix) : NULL;
    int rc = !ix->env ? EIO : m ? mdb_txn_renew(m) : mdb_txn_begin(ix->env, NULL, MDB_RDONLY, &m);
    if (rc == 0) {
        t->t = m;
        return OK;
    }
    log_error(ix->log, "store.read", LOG_C("why", mdb_strerror(rc)));
    if (m)
        mdb_txn_abort(m);
    pthread_rwlock_unlock(&ix->gate);
    return ERR_IO;
}

enum err index_begin_write(struct index *ix, struct index_txn *t)
{
    *t = (struct index_txn){ .ix = ix, .writes = true };
    enum err e = tend(ix);
    if (e != OK)
        return e;
    journal_begin(ix->journal);
    int rc = ix->env ? mdb_txn_begin(ix->env, NULL, 0, &t->t) : EIO;
    if (!rc)
        return OK;
    ix->broken = true; /* LMDB may have given up on itself */
    log_error(ix->log, "store.write", LOG_C("why", mdb_strerror(rc)));
    return ERR_IO;
}

void index_end(struct index_txn *t)
{
    if (!t->t)
        return;
    if (t->writes) {
        mdb_txn_abort(t->t);
        t->ix->behind |= t->logged;
    } else {
        idle_give(t->ix, t->t);
        pthread_rwlock_unlock(&t->ix->gate);
    }
    t->t = NULL;
}

static bool means_full(int rc) { return rc == ENOSPC || rc == EDQUOT || rc == MDB_MAP_FULL || rc == MDB_TXN_FULL; }

static enum err failed(struct index_txn *t, int rc)
{
    log_error(t->ix->log, "store.commit", LOG_C("why", mdb_strerror(rc)));
    return means_full(rc) ? ERR_FULL : ERR_IO;
}

void index_claim(struct index_txn *t, struct str what, struct str checksum)
{
    journal_claim(t->ix->journal, what, checksum);
}

enum err index_log(struct index_txn *t, int *fd)
{
    *fd = -1;
    if (t->rc)
        return failed(t, t->rc);
    if (!t->wrote)
        return OK;
    t->logged = true;
    return journal_write(t->ix->journal, t->ix->seq + 1, fd);
}

static enum err log_flushed(struct index_txn *t)
{
    int fd;
    enum err e = index_log(t, &fd);
    return e == OK && fd >= 0 && fdatasync(fd) ? ERR_IO : e;
}

/* A disk that is full shows when LMDB writes its pages, before it writes the root: nothing has happened then. After any
 * other failure its file is made anew from the checkpoint. */
enum err index_commit(struct index_txn *t)
{
    struct index *ix = t->ix;
    enum err e = t->logged ? OK : log_flushed(t);
    if (e != OK) {
        index_end(t);
        return e;
    }
    int rc = mdb_txn_commit(t->t);
    t->t = NULL;
    if (rc) {
        ix->behind |= t->logged;
        ix->broken |= !means_full(rc);
        return failed(t, rc);
    }
    if (t->logged) {
        journal_keep(ix->journal);
        ix->seq++;
        ix->since++;
    }
    return OK;
}

enum err index_get(struct index_txn *t, enum index_table tab, struct str key, struct str *val)
{
    MDB_val k = val_of(key), v;
    int rc = t->rc ? t->rc : mdb_get(t->t, t->ix->dbi[tab], &k, &v);
    if (rc == MDB_NOTFOUND)
        return ERR_GONE;
    if (rc)
        return ERR_IO;
    *val = str_of_val(v);
    return OK;
}

void index_put(struct index_txn *t, enum index_table tab, struct str key, struct str val)
{
    MDB_val k = val_of(key), v = val_of(val);
    t->wrote = true;
    journal_put(t->ix->journal, tab, key, val);
    if (!t->rc)
        t->rc = mdb_put(t->t, t->ix->dbi[tab], &k, &v, 0);
}

void index_del(struct index_txn *t, enum index_table tab, struct str key)
{
    MDB_val k = val_of(key);
    journal_del(t->ix->journal, tab, key);
    int rc = t->rc ? t->rc : mdb_del(t->t, t->ix->dbi[tab], &k, NULL);
    if (rc == MDB_NOTFOUND)
        return;
    t->rc = rc;
    t->wrote = true;
}

uint64_t index_count(struct index_txn *t, enum index_table tab)
{
    MDB_stat st;
    return mdb_stat(t->t, t->ix->dbi[tab], &st) ? 0 : st.ms_entries;
}

void scan_begin(struct index_scan *s, struct index_txn *t, enum index_table tab)
{
    *s = (struct index_scan){ .t = t, .tab = tab };
    if (t->rc || mdb_cursor_open(t->t, t->ix->dbi[tab], &s->c))
        s->c = NULL;
}

static bool move(struct index_scan *s, MDB_val k, MDB_cursor_op op)
{
    MDB_val v;
    int rc = s->c && !s->t->rc ? mdb_cursor_get(s->c, &k, &v, op) : MDB_NOTFOUND;
    if (rc) {
        if (rc != MDB_NOTFOUND && s->t->writes)
            s->t->rc = rc;
        return false;
    }
    s->key = str_of_val(k);
    s->val = str_of_val(v);
    return true;
}

bool scan_seek(struct index_scan *s, struct str key)
{
    return move(s, val_of(key), key.n > 0 ? MDB_SET_RANGE : MDB_FIRST); /* LMDB refuses an empty key */
}
bool scan_next(struct index_scan *s) { return move(s, (MDB_val){ 0 }, MDB_NEXT); }
bool scan_prev(struct index_scan *s) { return move(s, (MDB_val){ 0 }, MDB_PREV); }

bool scan_seek_back(struct index_scan *s, struct str key)
{
    if (!scan_seek(s, key))
        return move(s, (MDB_val){ 0 }, MDB_LAST);
    return str_eq(s->key, key) || scan_prev(s);
}

void scan_del(struct index_scan *s)
{
    s->t->wrote = true;
    journal_del(s->t->ix->journal, s->tab, s->key);
    if (!s->t->rc)
        s->t->rc = mdb_cursor_del(s->c, 0);
}

void scan_end(struct index_scan *s)
{
    if (s->c)
        mdb_cursor_close(s->c);
    s->c = NULL;
}
