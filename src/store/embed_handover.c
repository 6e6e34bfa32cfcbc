/* One lock for both queues: they are short and rare beside commits. */
#include "store/embed_handover.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PUNCHES_MAX = 65536 };

struct handover {
    pthread_mutex_t mx;
    pthread_cond_t wake;
    struct job *ends, **ends_tail;
    struct punch *punches;
    size_t punches_n, punches_cap;
    bool stop;
};

enum err handover_new(struct handover **out)
{
    struct handover *h = calloc(1, sizeof *h);
    if (!h)
        return ERR_IO;
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_mutex_init(&h->mx, NULL);
    pthread_cond_init(&h->wake, &attr);
    pthread_condattr_destroy(&attr);
    h->ends_tail = &h->ends;
    *out = h;
    return OK;
}

void handover_free(struct handover *h)
{
    if (!h)
        return;
    pthread_mutex_destroy(&h->mx);
    pthread_cond_destroy(&h->wake);
    free(h->punches);
    free(h);
}

void handover_end(struct handover *h, struct store_end *q)
{
    q->req.job.next = NULL;
    pthread_mutex_lock(&h->mx);
    *h->ends_tail = &q->req.job;
    h->ends_tail = &q->req.job.next;
    pthread_mutex_unlock(&h->mx);
    pthread_cond_signal(&h->wake);
}

void handover_punch(struct handover *h, const struct punch *p, size_t n)
{
    if (n == 0)
        return;
    pthread_mutex_lock(&h->mx);
    if (n > h->punches_cap - h->punches_n && h->punches_n + n <= PUNCHES_MAX) {
        size_t cap = MAX(h->punches_cap * 2, h->punches_n + n);
        struct punch *grown = realloc(h->punches, cap * sizeof *grown);
        if (grown) {
            h->punches = grown;
            h->punches_cap = cap;
        }
    }
    for (size_t i = 0; i < n && h->punches_n < h->punches_cap; i++) /* the rest goes when its segment does */
        h->punches[h->punches_n++] = p[i];
    pthread_mutex_unlock(&h->mx);
}

void handover_stop(struct handover *h)
{
    pthread_mutex_lock(&h->mx);
    h->stop = true;
    pthread_mutex_unlock(&h->mx);
    pthread_cond_signal(&h->wake);
}

struct job *handover_ends(struct handover *h)
{
    pthread_mutex_lock(&h->mx);
    struct job *list = h->ends;
    h->ends = NULL;
    h->ends_tail = &h->ends;
    pthread_mutex_unlock(&h->mx);
    return list;
}

size_t handover_take_punches(struct handover *h, struct punch *out, size_t max)
{
    pthread_mutex_lock(&h->mx);
    size_t n = MIN(max, h->punches_n);
    h->punches_n -= n;
    if (n > 0)
        memcpy(out, h->punches + h->punches_n, n * sizeof *out);
    if (n > 0 && h->punches_n == 0) {
        free(h->punches);
        h->punches = NULL;
        h->punches_cap = 0;
    }
    pthread_mutex_unlock(&h->mx);
    return n;
}

bool handover_wait(struct handover *h, int64_t ms)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    int64_t ns = until.tv_nsec + ms * 1000000;
    until.tv_sec += ns / 1000000000;
    until.tv_nsec = ns % 1000000000;
    pthread_mutex_lock(&h->mx);
    int rc = 0;
    while (ms > 0 && !h->ends && !h->stop && rc == 0)
        rc = pthread_cond_timedwait(&h->wake, &h->mx, &until);
    bool go_on = !h->stop || h->ends;
    pthread_mutex_unlock(&h->mx);
    return go_on;
}
