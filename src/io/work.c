#include "io/work.h"
#include "base/util.h"
#include "io/loop.h"
#include <pthread.h>
#include <stdlib.h>

struct work_pool {
    pthread_mutex_t lock;
    pthread_cond_t more;
    struct work *first, **end;
    unsigned queued, max_queue, threads;
    bool closing;
    pthread_t thread[];
};

static struct work *next_work(struct work_pool *p)
{
    pthread_mutex_lock(&p->lock);
    while (!p->first && !p->closing)
        pthread_cond_wait(&p->more, &p->lock);
    struct work *w = p->first;
    if (w) {
        p->first = w->next;
        p->queued--;
    }
    if (!p->first)
        p->end = &p->first;
    pthread_mutex_unlock(&p->lock);
    return w;
}

static void back_home(struct job *j)
{
    struct work *w = CONTAINER_OF(j, struct work, job);
    w->done(w);
}

static void *pool_thread(void *pool)
{
    for (struct work *w; (w = next_work(pool));) {
        w->work(w);
        w->job.run = back_home;
        post(w->home, &w->job);
    }
    return NULL;
}

enum err work_pool_new(unsigned threads, unsigned max_queue, struct work_pool **out)
{
    struct work_pool *p = calloc(1, sizeof *p + threads * sizeof p->thread[0]);
    if (!p)
        return ERR_IO;
    p->end = &p->first;
    p->max_queue = max_queue;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->more, NULL);
    while (p->threads < threads && pthread_create(&p->thread[p->threads], NULL, pool_thread, p) == 0)
        p->threads++;
    if (p->threads < threads) {
        work_pool_free(p);
        return ERR_IO;
    }
    *out = p;
    return OK;
}

void work_pool_free(struct work_pool *p)
{
    if (!p)
        return;
    pthread_mutex_lock(&p->lock);
    p->closing = true;
    pthread_cond_broadcast(&p->more);
    pthread_mutex_unlock(&p->lock);
    for (unsigned i = 0; i < p->threads; i++)
        pthread_join(p->thread[i], NULL);
    pthread_cond_destroy(&p->more);
    pthread_mutex_destroy(&p->lock);
    free(p);
}

enum err work_submit(struct work_pool *p, struct loop *home, struct work *w)
{
    w->home = home;
    w->next = NULL;
    pthread_mutex_lock(&p->lock);
    bool room = p->queued < p->max_queue && !p->closing;
    if (room) {
        *p->end = w;
        p->end = &w->next;
        p->queued++;
        pthread_cond_signal(&p->more);
    }
    pthread_mutex_unlock(&p->lock);
    return room ? OK : ERR_BUSY;
}
