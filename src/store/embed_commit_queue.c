#include "store/embed_commit_queue.h"
#include "base/clock.h"
#include "store/embed_answer.h"
#include "store/embed_mail.h"
#include <time.h>
#include <unistd.h>

enum {
    BATCH_BYTES = 8 << 20,
    QUIET_US = 10000,  /* without a request: reclaiming has commits of its own */
    PATIENT_US = 5000, /* whoever can wait for another's commit waits so long */
    SECOND_US = 1000000,
    SLOW_US = 1500,   /* a commit that takes longer is worth gathering for */
    GATHER_STEPS = 8, /* of a 32nd of the last commit each */
    GATHER_REST = 32  /* commits, after one for which it did not pay */
};

void commit_queue_init(struct commit_queue *q, const _Atomic uint32_t *waits)
{
    pthread_condattr_t attr;
    *q = (struct commit_queue){ .waits = waits };
    q->tail = &q->head;
    pthread_mutex_init(&q->mx, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&q->wake, &attr);
    pthread_condattr_destroy(&attr);
}

void commit_queue_fini(struct commit_queue *q)
{
    pthread_mutex_destroy(&q->mx);
    pthread_cond_destroy(&q->wake);
}

void commit_queue_add(struct commit_queue *q, struct store_req *r)
{
    r->job.next = NULL;
    pthread_mutex_lock(&q->mx);
    if (!q->head)
        q->since_us = clock_mono_us();
    *q->tail = &r->job;
    q->tail = &r->job.next;
    q->prompt += !r->patient;
    bool wake = q->waiting;
    pthread_mutex_unlock(&q->mx);
    if (wake)
        pthread_cond_signal(&q->wake);
}

void commit_queue_kick(struct commit_queue *q)
{
    pthread_mutex_lock(&q->mx);
    q->kicked = true;
    pthread_mutex_unlock(&q->mx);
    pthread_cond_signal(&q->wake);
}

void commit_queue_stop(struct commit_queue *q)
{
    pthread_mutex_lock(&q->mx);
    q->stop = true;
    pthread_mutex_unlock(&q->mx);
    pthread_cond_signal(&q->wake);
}

/* ---- the committer's ---- */

/* With the lock held. While requests come in, what there is to reclaim goes beside them, but for a slice at each kick
 * (something has just ended): a commit of its own makes the next mail wait for one flush more. */
static void wait_for_work(struct commit_queue *q, bool more)
{
    while (!q->prompt && !q->stop && !q->kicked) {
        uint64_t until_us = more ? q->last_end_us + QUIET_US : UINT64_MAX;
        if (q->head)
            until_us = MIN(until_us, q->since_us + PATIENT_US);
        if (clock_mono_us() >= until_us)
            return;
        struct timespec until = { (time_t)(until_us / SECOND_US), (long)(until_us % SECOND_US) * 1000 };
        q->waiting = true;
        if (until_us != UINT64_MAX)
            pthread_cond_timedwait(&q->wake, &q->mx, &until);
        else
            pthread_cond_wait(&q->wake, &q->mx);
        q->waiting = false;
    }
}

/* Who was just answered is likely to come again at once. Begun without them, the next commit makes them wait for all of
 * it, and at a slow disk two half-full commits alternate for ever: at most a quarter of a commit spent on waiting
 * nearly doubles what gets through. Nobody is waited for when all are there, or were answered long ago, or when it did
 * not pay of late: while it was waited, fewer came than a commit takes in the same time, since they have work to do
 * first. */
static void gather(struct commit_queue *q)
{
    uint64_t begin = clock_mono_us();
    uint32_t before = atomic_load(q->waits);
    if (before >= q->expect || q->last_us < SLOW_US || begin - q->last_end_us > q->last_us / 2)
        return;
    if (q->rest > 0) {
        q->rest--;
        return;
    }
    for (int i = 0; i < GATHER_STEPS && atomic_load(q->waits) < q->expect; i++)
        usleep((useconds_t)(q->last_us / 32));
    uint64_t came = atomic_load(q->waits) - before;
    if (came * q->last_us < before * (clock_mono_us() - begin))
        q->rest = GATHER_REST;
}

static uint64_t req_bytes(const struct store_req *r)
{
    return r->op->kind == STORE_APPEND ? append_bytes(CONTAINER_OF(r, struct store_append, req)) : 0;
}

/* With the lock held: the head of the queue, as much as one commit should be. */
static struct job *cut(struct commit_queue *q)
{
    struct job *first = q->head, **at = &q->head;
    uint64_t bytes = 0;
    uint32_t n = 0;
    for (; *at && n < COMMIT_QUEUE_TAKE && bytes < BATCH_BYTES; n++) {
        bytes += req_bytes(req_of(*at));
        q->prompt -= !req_of(*at)->patient;
        at = &(*at)->next;
    }
    q->n = n;
    struct job *rest = *at;
    *at = NULL;
    q->head = rest;
    if (!rest)
        q->tail = &q->head;
    return first;
}

bool commit_queue_take(struct commit_queue *q, bool more, struct job **list)
{
    pthread_mutex_lock(&q->mx);
    bool on = !q->stop || q->head;
    if (on)
        wait_for_work(q, more);
    q->kicked = false;
    if (q->head && !q->stop) {
        pthread_mutex_unlock(&q->mx);
        gather(q);
        pthread_mutex_lock(&q->mx);
    }
    *list = cut(q);
    pthread_mutex_unlock(&q->mx);
    q->begin_us = clock_mono_us();
    return on;
}

void commit_queue_put_back(struct commit_queue *q, struct job *list)
{
    struct job *last = list;
    uint32_t prompt = !req_of(list)->patient;
    for (; last->next; last = last->next)
        prompt += !req_of(last->next)->patient;
    pthread_mutex_lock(&q->mx);
    last->next = q->head;
    if (!q->head)
        q->tail = &last->next;
    q->head = list;
    q->prompt += prompt;
    pthread_mutex_unlock(&q->mx);
}

void commit_queue_done(struct commit_queue *q)
{
    if (q->n == 0)
        return;
    q->last_end_us = clock_mono_us();
    q->last_us = MIN(q->last_end_us - q->begin_us, (uint64_t)SECOND_US);
}
