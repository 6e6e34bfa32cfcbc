/* The caller takes a file too, so with one file no thread is woken. */
#include "store/embed_flush.h"
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

enum { STACK_BYTES = 64 << 10, THREADS_MAX = 8 };

struct flush {
    pthread_mutex_t mx;
    pthread_cond_t work, done;
    struct flush_file *files;
    size_t next, n, left; /* next to take, how many there are, how many are not done */
    bool stop;
    unsigned threads_n;
    pthread_t threads[THREADS_MAX];
};

static void sync_one(struct flush_file *file) { file->rc = fdatasync(file->fd) ? errno : 0; }

/* With the mutex held, on return too. */
static void take_all(struct flush *f)
{
    while (f->next < f->n) {
        struct flush_file *mine = &f->files[f->next++];
        pthread_mutex_unlock(&f->mx);
        sync_one(mine);
        pthread_mutex_lock(&f->mx);
        if (--f->left == 0)
            pthread_cond_signal(&f->done);
    }
}

static void *run(void *arg)
{
    struct flush *f = arg;
    pthread_mutex_lock(&f->mx);
    while (!f->stop) {
        take_all(f);
        pthread_cond_wait(&f->work, &f->mx);
    }
    pthread_mutex_unlock(&f->mx);
    return NULL;
}

enum err flush_new(unsigned threads, struct flush **out)
{
    struct flush *f = calloc(1, sizeof *f);
    if (!f)
        return ERR_IO;
    pthread_mutex_init(&f->mx, NULL);
    pthread_cond_init(&f->work, NULL);
    pthread_cond_init(&f->done, NULL);
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, STACK_BYTES);
    int rc = 0;
    for (; f->threads_n < MIN(threads, (unsigned)THREADS_MAX) && !rc; f->threads_n += !rc)
        rc = pthread_create(&f->threads[f->threads_n], &attr, run, f);
    pthread_attr_destroy(&attr);
    if (rc) {
        flush_free(f);
        return ERR_IO;
    }
    *out = f;
    return OK;
}

void flush_free(struct flush *f)
{
    if (!f)
        return;
    pthread_mutex_lock(&f->mx);
    f->stop = true;
    pthread_cond_broadcast(&f->work);
    pthread_mutex_unlock(&f->mx);
    for (unsigned i = 0; i < f->threads_n; i++)
        pthread_join(f->threads[i], NULL);
    pthread_mutex_destroy(&f->mx);
    pthread_cond_destroy(&f->work);
    pthread_cond_destroy(&f->done);
    free(f);
}

enum err flush_all(struct flush *f, struct flush_file *files, size_t n)
{
    if (n == 1) {
        sync_one(files);
    } else if (n > 1) {
        pthread_mutex_lock(&f->mx);
        f->files = files;
        f->next = 0;
        f->n = f->left = n;
        for (size_t i = 1; i < n; i++) /* no more than there is work for: each wake costs more than a small flush */
            pthread_cond_signal(&f->work);
        take_all(f);
        while (f->left > 0)
            pthread_cond_wait(&f->done, &f->mx);
        f->n = f->next = 0;
        pthread_mutex_unlock(&f->mx);
    }
    for (size_t i = 0; i < n; i++)
        if (files[i].rc)
            return files[i].rc == ENOSPC || files[i].rc == EDQUOT ? ERR_FULL : ERR_IO;
    return OK;
}
