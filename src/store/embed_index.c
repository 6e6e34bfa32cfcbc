/* Transactions over LMDB. What becomes of its file is embed_index_env.c's part. */
#include "store/embed_index_env.h"
#include <errno.h>
#include <unistd.h>

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
    if (ix->idle_n < INDEX_IDLE_MAX)
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
    enum err e = index_tend(ix);
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

static enum err failed(struct index_txn *t, int rc)
{
    log_error(t->ix->log, "store.commit", LOG_C("why", mdb_strerror(rc)));
    return index_means_full(rc) ? ERR_FULL : ERR_IO;
}

void index_claim(struct index_txn *t, struct str what, struct str checksum)
{
    journal_claim(t->ix->journal, what, checksum);
}

uint64_t index_changes(const struct index_txn *t) { return journal_noted(t->ix->journal); }

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
        ix->broken |= !index_means_full(rc);
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
