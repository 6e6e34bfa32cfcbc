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
#include <unistd.h>

enum {
    BATCH_REQS = 4096,
    BATCH_BYTES = 8 << 20,
    BATCH_CHANGES = 16 << 20, /* of the index, in the journal; what is left waits for the next batch */
    SLICE_US = 1000,          /* reclaiming, at most; beside a batch no more than an eighth of what the last one took */
    SLICE_BUSY_MIN_US = 100,
    SLICE_BUSY_ROWS = 1000, /* some five a message */
    SECOND_US = 1000000,
    SLOW_US = 1500,  /* a commit that takes longer is worth gathering for */
    GATHER_STEPS = 8 /* of a 32nd of the last commit each */
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
    uint32_t expect;               /* as many as were in it, and those that waited then */
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

static uint64_t slice_us(const struct commit *c, const struct job *list)
{
    return list ? MAX((uint64_t)SLICE_BUSY_MIN_US, MIN(c->last_us / 8, (uint64_t)SLICE_US)) : SLICE_US;
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
    *more = reclaim_slice(st->reclaim, b, slice_us(c, list), list ? SLICE_BUSY_ROWS : UINT32_MAX);
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
    answer_all(c->st, list);
    return more;
}

/* ---- the thread ---- */

static uint64_t req_bytes(const struct store_req *r)
{
    return r->op->kind == STORE_APPEND ? append_bytes(CONTAINER_OF(r, struct store_append, req)) : 0;
}

/* With the lock held: the head of the queue, as much as one commit should be. */
static struct job *take(struct commit *c, uint32_t *taken)
{
    struct job *first = c->head, **cut = &c->head;
    uint64_t bytes = 0;
    uint32_t n = 0;
    for (; *cut && n < BATCH_REQS && bytes < BATCH_BYTES; n++) {
        bytes += req_bytes(req_of(*cut));
        cut = &(*cut)->next;
    }
    *taken = n;
    struct job *rest = *cut;
    *cut = NULL;
    c->head = rest;
    if (!rest)
        c->tail = &c->head;
    return first;
}

/* Who was just answered is likely to come again at once. Begun without them, the next commit makes them wait for all of
 * it, and at a slow disk two half-full commits alternate for ever: an eighth of a commit spent on waiting nearly
 * doubles what gets through. Nobody is waited for when fewer were answered, or long ago. */
static void gather(const struct commit *c)
{
    if (c->last_us < SLOW_US || clock_mono_us() - c->last_end_us > c->last_us / 2)
        return;
    for (int i = 0; i < GATHER_STEPS && atomic_load(&c->st->counts.queue) < c->expect; i++)
        usleep((useconds_t)(c->last_us / 32));
}

static bool batch_timed(struct commit *c, struct job *list, uint32_t n)
{
    uint64_t begin = clock_mono_us();
    bool more = batch_run(c, list);
    if (n == 0)
        return more;
    c->last_end_us = clock_mono_us();
    c->last_us = MIN(c->last_end_us - begin, (uint64_t)SECOND_US);
    c->expect = MIN(n + atomic_load(&c->st->counts.queue), (uint32_t)BATCH_REQS);
    return more;
}

static void *run(void *arg)
{
    struct commit *c = arg;
    bool more = false;
    pthread_setname_np(pthread_self(), "store-commit");
    pthread_mutex_lock(&c->mx);
    while (!c->stop || c->head) {
        while (!c->head && !c->stop && !c->kicked && !more) {
            c->waiting = true;
            pthread_cond_wait(&c->wake, &c->mx);
            c->waiting = false;
        }
        c->kicked = false;
        if (c->head && !c->stop) {
            pthread_mutex_unlock(&c->mx);
            gather(c);
            pthread_mutex_lock(&c->mx);
        }
        uint32_t n;
        struct job *list = take(c, &n);
        pthread_mutex_unlock(&c->mx);
        more = batch_timed(c, list, n);
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
    pthread_cond_init(&c->wake, NULL);
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
