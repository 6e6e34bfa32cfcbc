/* The order of a commit: segments and the index's journal written, flushed together with the lease files, then the LMDB
 * transaction, then the answers. When any of it fails the segments are cut back to what the index says, new leases are
 * given back, intake is answered with the error, and the rest of the batch is made again by itself: deleting and ending
 * must work when storing does not. */
#include "store/embed_commit.h"
#include "store/embed_answer.h"
#include "store/embed_batch_log.h"
#include "store/embed_box.h"
#include "store/embed_disk.h"
#include "store/embed_handover.h"
#include "store/embed_mail.h"
#include "store/embed_name.h"
#include "store/embed_reclaim.h"
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum {
    BATCH_REQS = 4096,
    BATCH_BYTES = 8 << 20,
    BATCH_CHANGES = 16 << 20, /* of the index, in the journal; what is left waits for the next batch */
    SLICE_US = 1000, /* reclaiming, at most; beside a batch a 16th of what the last one took, but at least so much: */
    SLICE_BUSY_MIN_US = 200,
    SLICE_BUSY_EACH_US = 10, /* for each request: what comes in must not outrun what is cleared away */
    SLICE_BUSY_ROWS = 1000,  /* some five a message */
    QUIET_US = 10000,        /* without a request: reclaiming has commits of its own */
    SECOND_US = 1000000,
    SLOW_US = 1500,   /* a commit that takes longer is worth gathering for */
    GATHER_STEPS = 8, /* of a 32nd of the last commit each */
    GATHER_REST = 32  /* commits, after one for which it did not pay */
};

struct commit {
    struct store *st;
    pthread_t thread;
    pthread_mutex_t mx;
    pthread_cond_t wake;
    struct job *head, **tail;
    bool stop, kicked, waiting;
    bool unwell;                   /* the last try failed, and so did going back to what was before it */
    uint64_t last_us, last_end_us; /* how long the last batch took, and when it was answered */
    uint32_t n;                    /* requests in this one */
    uint32_t expect;               /* as many as were in the last one, and those that waited then */
    unsigned rest;                 /* commits without gathering still */
    struct job *left;              /* of the batch's list: what there was no room for, NULL: nothing */
    struct batch b;                /* its arrays are kept from one to the next */
};

void commit_add(struct commit *c, struct store_req *r)
{
    r->job.next = NULL;
    atomic_fetch_add(&c->st->counts.queue, 1);
    pthread_mutex_lock(&c->mx);
    *c->tail = &r->job;
    c->tail = &r->job.next;
    bool wake = c->waiting;
    pthread_mutex_unlock(&c->mx);
    if (wake)
        pthread_cond_signal(&c->wake);
}

void commit_kick(struct commit *c)
{
    pthread_mutex_lock(&c->mx);
    c->kicked = true;
    pthread_mutex_unlock(&c->mx);
    pthread_cond_signal(&c->wake);
}

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
    uint64_t busy_us = MAX(MAX(c->last_us / 16, (uint64_t)SLICE_BUSY_MIN_US), (uint64_t)SLICE_BUSY_EACH_US * c->n);
    return c->n ? MIN(busy_us, (uint64_t)SLICE_US) : SLICE_US;
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
    *more = reclaim_slice(st->reclaim, b, slice_us(c), c->n ? SLICE_BUSY_ROWS : UINT32_MAX);
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
    struct job *left = c->left, **at = &list, *last = left;
    if (!left)
        return list;
    while (*at != left)
        at = &(*at)->next;
    *at = NULL;
    while (last->next)
        last = last->next;
    pthread_mutex_lock(&c->mx);
    last->next = c->head;
    if (!c->head)
        c->tail = &last->next;
    c->head = left;
    pthread_mutex_unlock(&c->mx);
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
    if (c->n > 0) /* before any of them can have come again */
        c->expect = MIN(atomic_load(&c->st->counts.queue), (uint32_t)BATCH_REQS);
    answer_all(c->st, list);
    return more;
}

/* ---- the thread ---- */

static uint64_t req_bytes(const struct store_req *r)
{
    return r->op->kind == STORE_APPEND ? append_bytes(CONTAINER_OF(r, struct store_append, req)) : 0;
}

/* With the lock held: the head of the queue, as much as one commit should be. */
static struct job *take(struct commit *c)
{
    struct job *first = c->head, **cut = &c->head;
    uint64_t bytes = 0;
    uint32_t n = 0;
    for (; *cut && n < BATCH_REQS && bytes < BATCH_BYTES; n++) {
        bytes += req_bytes(req_of(*cut));
        cut = &(*cut)->next;
    }
    c->n = n;
    struct job *rest = *cut;
    *cut = NULL;
    c->head = rest;
    if (!rest)
        c->tail = &c->head;
    return first;
}

/* Who was just answered is likely to come again at once. Begun without them, the next commit makes them wait for all of
 * it, and at a slow disk two half-full commits alternate for ever: at most a quarter of a commit spent on waiting
 * nearly doubles what gets through. Nobody is waited for when all are there, or were answered long ago, or when it did
 * not pay of late: while it was waited, fewer came than a commit takes in the same time, since they have work to do
 * first. */
static void gather(struct commit *c)
{
    uint64_t begin = clock_mono_us();
    uint32_t before = atomic_load(&c->st->counts.queue);
    if (before >= c->expect || c->last_us < SLOW_US || begin - c->last_end_us > c->last_us / 2)
        return;
    if (c->rest > 0) {
        c->rest--;
        return;
    }
    for (int i = 0; i < GATHER_STEPS && atomic_load(&c->st->counts.queue) < c->expect; i++)
        usleep((useconds_t)(c->last_us / 32));
    uint64_t came = atomic_load(&c->st->counts.queue) - before;
    if (came * c->last_us < before * (clock_mono_us() - begin))
        c->rest = GATHER_REST;
}

static bool batch_timed(struct commit *c, struct job *list)
{
    uint64_t begin = clock_mono_us();
    bool more = batch_run(c, list);
    if (c->n == 0)
        return more;
    c->last_end_us = clock_mono_us();
    c->last_us = MIN(c->last_end_us - begin, (uint64_t)SECOND_US);
    return more;
}

/* With the lock held. While requests come in, what there is to reclaim goes beside them, but for a slice at each kick
 * (something has just ended): a commit of its own makes the next mail wait for one flush more. */
static void wait_for_work(struct commit *c, bool more)
{
    while (!c->head && !c->stop && !c->kicked) {
        uint64_t quiet_us = c->last_end_us + QUIET_US;
        if (more && clock_mono_us() >= quiet_us)
            return;
        struct timespec until = { (time_t)(quiet_us / SECOND_US), (long)(quiet_us % SECOND_US) * 1000 };
        c->waiting = true;
        if (more)
            pthread_cond_timedwait(&c->wake, &c->mx, &until);
        else
            pthread_cond_wait(&c->wake, &c->mx);
        c->waiting = false;
    }
}

static void *run(void *arg)
{
    struct commit *c = arg;
    bool more = false;
    pthread_setname_np(pthread_self(), "store-commit");
    pthread_mutex_lock(&c->mx);
    while (!c->stop || c->head) {
        wait_for_work(c, more);
        c->kicked = false;
        if (c->head && !c->stop) {
            pthread_mutex_unlock(&c->mx);
            gather(c);
            pthread_mutex_lock(&c->mx);
        }
        struct job *list = take(c);
        pthread_mutex_unlock(&c->mx);
        more = batch_timed(c, list);
        pthread_mutex_lock(&c->mx);
    }
    pthread_mutex_unlock(&c->mx);
    return NULL;
}

enum err commit_start(struct store *st, struct commit **out)
{
    struct commit *c = calloc(1, sizeof *c);
    if (!c)
        return ERR_IO;
    c->st = c->b.st = st;
    c->tail = &c->head;
    pthread_mutex_init(&c->mx, NULL);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&c->wake, &attr);
    pthread_condattr_destroy(&attr);
    if (pthread_create(&c->thread, NULL, run, c)) {
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
    pthread_mutex_lock(&c->mx);
    c->stop = true;
    pthread_mutex_unlock(&c->mx);
    pthread_cond_signal(&c->wake);
    pthread_join(c->thread, NULL);
}

void commit_free(struct commit *c)
{
    if (!c)
        return;
    pthread_mutex_destroy(&c->mx);
    pthread_cond_destroy(&c->wake);
    free(c->b.taken);
    free(c->b.punches);
    free(c);
}
