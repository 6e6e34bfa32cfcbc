/* Pitfalls this keeps clear of (research: store): no NOSYNC, WRITEMAP or MAPASYNC; a reading transaction is reset as
 * soon as its answer is copied, since one left open stops page reuse; the environment is opened once a process. */
#include "store/embed_index.h"
#include <errno.h>
#include <lmdb.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { IDLE_MAX = 16, READERS_MAX = 512 };
static const size_t map_bytes = 64ull << 30; /* address space only */
static const char *const names[TAB_N] = { "data", "addr", "end", "cred", "seg", "rest", "dedup" };

struct index {
    char *dir;
    struct log *log;
    MDB_env *env;
    MDB_dbi dbi[TAB_N];
    pthread_rwlock_t gate; /* held for reading by each reading transaction, for writing by index_reopen() */
    pthread_mutex_t idle_mx;
    MDB_txn *idle[IDLE_MAX]; /* reset, to be renewed */
    size_t idle_n;
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
            return OK;
    }
    log_error(ix->log, "store.index", LOG_C("why", rc ? mdb_strerror(rc) : "tables"));
    mdb_env_close(ix->env);
    ix->env = NULL;
    return rc == MDB_VERSION_MISMATCH || rc == MDB_INVALID ? ERR_BAD : ERR_IO;
}

enum err index_open(const char *dir, struct log *log, struct index **out)
{
    struct index *ix = calloc(1, sizeof *ix);
    if (!ix)
        return ERR_IO;
    ix->dir = strdup(dir);
    ix->log = log;
    pthread_rwlock_init(&ix->gate, NULL);
    pthread_mutex_init(&ix->idle_mx, NULL);
    enum err e = ix->dir ? env_open(ix) : ERR_IO;
    if (e != OK)
        index_close(ix);
    else
        *out = ix;
    return e;
}

static void env_close(struct index *ix)
{
    while (ix->idle_n > 0)
        mdb_txn_abort(ix->idle[--ix->idle_n]);
    if (ix->env)
        mdb_env_close(ix->env);
    ix->env = NULL;
}

void index_close(struct index *ix)
{
    if (!ix)
        return;
    env_close(ix);
    pthread_rwlock_destroy(&ix->gate);
    pthread_mutex_destroy(&ix->idle_mx);
    free(ix->dir);
    free(ix);
}

enum err index_reopen(struct index *ix)
{
    pthread_rwlock_wrlock(&ix->gate);
    env_close(ix);
    enum err e = env_open(ix);
    pthread_rwlock_unlock(&ix->gate);
    return e;
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
    int rc = ix->env ? mdb_txn_begin(ix->env, NULL, 0, &t->t) : EIO;
    if (rc)
        log_error(ix->log, "store.write", LOG_C("why", mdb_strerror(rc)));
    return rc ? ERR_IO : OK;
}

void index_end(struct index_txn *t)
{
    if (!t->t)
        return;
    if (t->writes) {
        mdb_txn_abort(t->t);
    } else {
        idle_give(t->ix, t->t);
        pthread_rwlock_unlock(&t->ix->gate);
    }
    t->t = NULL;
}

static bool means_full(int rc) { return rc == ENOSPC || rc == EDQUOT || rc == MDB_MAP_FULL || rc == MDB_TXN_FULL; }

/* Once the page with the roots is being written nobody but LMDB itself can say which of the two it will find. A full
 * disk shows before that, when the data pages are written. */
enum err index_commit(struct index_txn *t)
{
    int rc = t->rc;
    if (rc)
        mdb_txn_abort(t->t);
    else
        rc = mdb_txn_commit(t->t);
    t->t = NULL;
    if (rc == 0)
        return OK;
    log_error(t->ix->log, "store.commit", LOG_C("why", mdb_strerror(rc)));
    return means_full(rc) ? ERR_FULL : ERR_IO;
}

static MDB_val val_of(struct str s) { return (MDB_val){ s.n, (void *)(uintptr_t)s.p }; }
static struct str str_of_val(MDB_val v) { return str_of(v.mv_data, v.mv_size); }

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
    if (!t->rc)
        t->rc = mdb_put(t->t, t->ix->dbi[tab], &k, &v, 0);
}

void index_del(struct index_txn *t, enum index_table tab, struct str key)
{
    MDB_val k = val_of(key);
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
    *s = (struct index_scan){ .t = t };
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
    if (!s->t->rc)
        s->t->rc = mdb_cursor_del(s->c, 0);
}

void scan_end(struct index_scan *s)
{
    if (s->c)
        mdb_cursor_close(s->c);
    s->c = NULL;
}
