#include "app/thread.h"
#include "base/secret.h"
#include "base/zip.h"

enum { FORGET_MS = 1000 };

static void on_ping(struct job *j) { CONTAINER_OF(j, struct loop_thread, ping)->answered = true; }
static void on_stop(struct job *j) { loop_stop(CONTAINER_OF(j, struct loop_thread, stop)->loop); }

/* What lives on keeps the last thing that went through it: the loop's read buffer, zstd's tables, the stack. */
static void on_forget(struct timer *timer)
{
    struct loop_thread *t = CONTAINER_OF(timer, struct loop_thread, forget);
    secret_wipe(loop_scratch(t->loop), LOOP_SCRATCH_N);
    zip_forget();
    secret_wipe_stack();
    timer_set(timer, FORGET_MS);
}

static void *run(void *arg)
{
    struct loop_thread *t = arg;
    timer_init(&t->forget, t->loop, on_forget);
    timer_set(&t->forget, FORGET_MS);
    loop_run(t->loop);
    timer_clear(&t->forget);
    return NULL;
}

enum err loop_thread_new(struct loop_thread *t)
{
    *t = (struct loop_thread){ .ping.run = on_ping, .stop.run = on_stop, .answered = true };
    return loop_new(&t->loop);
}

enum err loop_thread_start(struct loop_thread *t, const char *name)
{
    if (pthread_create(&t->thread, NULL, run, t) != 0)
        return ERR_IO;
    t->running = true;
    pthread_setname_np(t->thread, name); /* of 15 letters at most */
    return OK;
}

void loop_thread_stop(struct loop_thread *t)
{
    if (t->running)
        post(t->loop, &t->stop);
}

void loop_thread_join(struct loop_thread *t)
{
    if (t->running)
        pthread_join(t->thread, NULL);
}

void loop_thread_settle(struct loop_thread *t)
{
    if (!t->running)
        return;
    post(t->loop, &t->stop); /* behind all that is queued */
    loop_run(t->loop);
}

void loop_thread_free(struct loop_thread *t)
{
    if (t->loop)
        loop_free(t->loop);
    t->loop = NULL;
}

bool loop_thread_answered(const struct loop_thread *t) { return t->answered; }

void loop_thread_ask(struct loop_thread *t)
{
    t->answered = false;
    post(t->loop, &t->ping);
}
