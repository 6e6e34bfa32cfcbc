/* The out-queue's thread: its loop, the queue on it, and who carries. */
#pragma once
#include "app/context.h"

/* In this order, all on the main thread: its loop (a->out_loop), before the hub is made; the queue, once store and
 * resolver are there and before the services, which put mail in (a->outq); the thread. */
[[nodiscard]] enum err sending_loop(struct app *a);
[[nodiscard]] enum err sending_new(struct app *a);
[[nodiscard]] enum err sending_forwards(struct app *a); /* after the services, whose table it is */
[[nodiscard]] enum err sending_reports(struct app *a);  /* likewise, and after sending_forwards() */
[[nodiscard]] enum err sending_start(struct app *a);

void sending_drain(struct app *a); /* starts no more jobs */
bool sending_idle(const struct app *a);
bool sending_answers(struct app *a); /* for the watchdog, as workers_answer() */
/* The end: the thread; what is queued for it (as often as the workers'); once nothing is under way the queue, after the
 * services that put into it; then its loop. */
void sending_stop(struct app *a);
void sending_settle(struct app *a);
void sending_quit(struct app *a);
void sending_free(struct app *a);

/* For `mayfly queue`: run() is called on the out loop, done() back on the main one. */
struct sending_ask {
    struct job job; /* sending's own */
    struct app *app;
    void (*run)(struct sending_ask *ask, struct outq_run *queue);
    void (*done)(struct sending_ask *ask);
};
void sending_ask(struct app *a, struct sending_ask *ask);
