/* A thread with an event loop: what workers and the out-queue run on. From the main thread but for the loop's jobs. */
#pragma once
#include "io/loop.h"
#include <pthread.h>
#include <stdatomic.h>

struct loop_thread {
    struct loop *loop;
    pthread_t thread;
    bool running;
    struct job ping, stop;
    struct timer forget;
    _Atomic bool answered;
};
[[nodiscard]] enum err loop_thread_new(struct loop_thread *t); /* its loop; it does not run yet */
[[nodiscard]] enum err loop_thread_start(struct loop_thread *t, const char *name);
void loop_thread_stop(struct loop_thread *t); /* its loop ends */
void loop_thread_join(struct loop_thread *t); /* after that */
/* Runs what is queued for it, once the thread is no more, on this one. Fine when it never ran. */
void loop_thread_settle(struct loop_thread *t);
void loop_thread_free(struct loop_thread *t);
/* For the watchdog: has it answered the last call, which a further one asks anew? */
bool loop_thread_answered(const struct loop_thread *t);
void loop_thread_ask(struct loop_thread *t);
