/* The order of a commit: segments and the index's journal written, flushed together with the lease files, then the LMDB
 * transaction, then the answers. When any of it fails the segments are cut back to what the index says, new leases are
 * given back, intake is answered with the error, and the rest of the batch is made again by itself: deleting and ending
 * must work when storing does not. */
#include "store/embed_commit.h"
#include "store/embed_answer.h"
#include "store/embed_batch_log.h"
#include "store/embed_box.h"
#include "store/embed_commit_queue.h"
#include "store/embed_disk.h"
#include "store/embed_handover.h"
#include "store/embed_mail.h"
#include "store/embed_name.h"
#include "store/embed_reclaim.h"
#include <stdlib.h>
#include <unistd.h>

enum {
    BATCH_CHANGES = 16 << 20, /* of the index, in the journal; what is left waits for the next batch */
    SLICE_US = 1000, /* reclaiming, at most; beside a batch a 16th of what the last one took, but at least so much: */
    SLICE_BUSY_MIN_US = 200,
    SLICE_BUSY_EACH_US = 10, /* for each request: what comes in must not outrun what is cleared away */
    SLICE_BUSY_ROWS = 1000   /* some five a message */
};

struct commit {
    struct store *st;
    pthread_t thread;
    struct commit_queue q;
    bool unwell;      /* the last try failed, and so did going back to what was before it */
    struct job *left; /* of the batch's list: what there was no room for, NULL: nothing */
    struct batch b;   /* its arrays are kept from one to the next */
};

void commit_add(struct commit *c, struct store_req *r)
{
    atomic_fetch_add(&c->st->counts.queue, 1);
    commit_queue_add(&c->q, r);
}

void commit_kick(struct commit *c) { commit_queue_kick(&c->q); }

/* ---- making a batch ---- */

static void run_end(struct batch *b, struct store_req *r)
{
    struct store_end *q = CONTAINER_OF(r, struct store_end, req);
    box_ending_add(b->st, q->ids, q->n); /* what comes after it in the queue finds them gone */
    r->err = OK;
}

static void run_task(struct batch *b, struct store_req *r)
{
    struct task *t = CONTAINER_OF(r, struct task, req);
    t->run(b, t);
}

static void run_req(struct batch *b, struct store_req *r)
{
    switch (r->op->kind) {
    case STORE_CREATE:
        return run_create(b, r);
    case STORE_RECRED:
        return run_recred(b, r);
    case STORE_CHANGE:
        return run_change(b, r);
    case STORE_END:
        return run_end(b, r);
    case STORE_APPEND:
        return run_append(b, r);
    case STORE_FLAG:
        return run_flag(b, r);
    case STORE_MOVE:
        return run_move(b, r);
    case STORE_DELETE:
        return run_delete(b, r);
    case STORE_FOLDER_PUT:
        return run_folder_put(b, r);
    case STORE_FOLDER_DEL:
        return run_folder_del(b, r);
    case STORE_RECENT:
        return run_recent(b, r);
    case STORE_KEYWORD_PUT:
        return run_keyword_put(b, r);
    case STORE_TASK:
        return run_task(b, r);
    case STORE_FIND:
    case STORE_LOGIN:
    case STORE_LIST:
    case STORE_GET:
    case STORE_READ:
    case STORE_FOLDERS:
    case STORE_CHANGES:
    case STORE_KEYWORDS:
        break;
    }
    r->err = ERR_BAD;
}

static void batch_begin(struct commit *c)
{
    struct batch *b = &c->b;
    b->failed = false;
    b->taken_n = b->punches_n = 0;
    atomic_store(&c->st->batch_start_ms, BATCH_BEGINS); /* before the clock is read: see embed_maintain.c */
    b->due_ms = guard_due_ms(c->st->guard);
    b->now_ms = MAX(guard_now_ms(c->st->guard), b->due_ms);
    atomic_store(&c->st->batch_start_ms, b->due_ms);
}

static uint64_t slice_us(const struct commit *c)
{
    uint64_t busy_us = MAX(MAX(c->q.last_us / 16, (uint64_t)SLICE_BUSY_MIN_US), (uint64_t)SLICE_BUSY_EACH_US * c->q.n);
    return c->q.n ? MIN(busy_us, (uint64_t)SLICE_US) : SLICE_US;
}

/* Back to what the index says, which is as it was before. */
static enum err heal(struct commit *c)
{
    struct store *st = c->st;
    struct index_txn t;
    enum err e = index_settle(st->index);
    if (e == OK)
        e = index_begin_read(st->index, &t);
    if (e == OK) {
        e = segs_load(st->segs, &t);
        index_end(&t);
    }
    c->unwell = e != OK;
    atomic_store(&st->faulted, c->unwell);
    return e;
}

/* One try. `intake` false: those requests have had their answer set already. */
static enum err attempt(struct commit *c, struct job *list, bool intake, bool *more)
{
    struct store *st = c->st;
    struct batch *b = &c->b;
    int fds[2];
    batch_begin(c);
    enum err e = c->unwell ? heal(c) : OK;
    if (e == OK)
        e = index_begin_write(st->index, &b->t);
    if (e != OK)
        return e;
    uint32_t epoch = leases_fds(st->leases, fds);
    struct job *j = list;
    for (; j && index_changes(&b->t) < BATCH_CHANGES; j = j->next)
        if (intake || !is_intake(req_of(j)))
            run_req(b, req_of(j));
    c->left = j;
    *more = reclaim_slice(st->reclaim, b, slice_us(c), c->q.n ? SLICE_BUSY_ROWS : UINT32_MAX);
    segs_age(st->segs, b->now_ms);
    e = b->failed ? ERR_IO : segs_write(st->segs);
    if (e == OK)
        e = batch_log(b, epoch);
    if (e != OK) {
        index_end(&b->t);
        return e;
    }
    bool wrote = b->t.wrote;
    e = index_commit(&b->t);
    if (e == OK && wrote)
        atomic_fetch_add(&st->counts.commits, 1);
    return e;
}

static void recover(struct commit *c, enum err why)
{
    struct store *st = c->st;
    atomic_fetch_add(&st->counts.errors, 1);
    log_error(st->opts.log, "store.batch", LOG_ERR(why));
    (void)heal(c);
    if (c->b.taken_n > 0 && lease_shred(st->leases, c->b.taken, c->b.taken_n) != OK)
        log_error(st->opts.log, "store.lease",
                  LOG_C("why", "slots of boxes that were not made stay used until a restart"));
    if (why == ERR_FULL)
        disk_full(st->disk);
    reclaim_failed(st->reclaim);
}

/* What there was no room for goes first the next time. Gives what was done. */
static struct job *put_back(struct commit *c, struct job *list)
{
    struct job **at = &list;
    if (!c->left)
        return list;
    while (*at != c->left)
        at = &(*at)->next;
    *at = NULL;
    commit_queue_put_back(&c->q, c->left);
    return list;
}

/* True: there is more to reclaim. */
static bool batch_run(struct commit *c, struct job *list)
{
    bool more = false;
    enum err e = attempt(c, list, true, &more);
    if (e != OK) {
        recover(c, e);
        answer_set_err(list, e, true);
        e = attempt(c, list, false, &more);
        if (e != OK) {
            recover(c, e);
            answer_set_err(list, e, false);
            more = false;
        }
    }
    if (e == OK) {
        segs_committed(c->st->segs);
        reclaim_committed(c->st->reclaim);
        handover_punch(c->st->handover, c->b.punches, c->b.punches_n);
    }
    atomic_store(&c->st->batch_start_ms, 0);
    if (e == OK)
        list = put_back(c, list);
    if (c->q.n > 0) /* before any of them can have come again */
        c->q.expect = MIN(atomic_load(&c->st->counts.queue), (uint32_t)COMMIT_QUEUE_TAKE);
    answer_all(c->st, list);
    return more;
}

/* ---- the thread ---- */

static void *run(void *arg)
{
    struct commit *c = arg;
    struct job *list;
    bool more = false;
    pthread_setname_np(pthread_self(), "store-commit");
    while (commit_queue_take(&c->q, more, &list)) {
        more = batch_run(c, list);
        commit_queue_done(&c->q);
    }
    return NULL;
}

enum err commit_start(struct store *st, struct commit **out)
{
    struct commit *c = calloc(1, sizeof *c);
    if (!c)
        return ERR_IO;
    c->st = c->b.st = st;
    commit_queue_init(&c->q, &st->counts.queue);
    if (pthread_create(&c->thread, NULL, run, c)) {
        commit_queue_fini(&c->q);
        free(c);
        return ERR_IO;
    }
    *out = c;
    return OK;
}

void commit_stop(struct commit *c)
{
    if (!c)
        return;
    commit_queue_stop(&c->q);
    pthread_join(c->thread, NULL);
}

void commit_free(struct commit *c)
{
    if (!c)
        return;
    commit_queue_fini(&c->q);
    free(c->b.taken);
    free(c->b.punches);
    free(c);
}
