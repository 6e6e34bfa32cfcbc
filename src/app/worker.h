/* A thread with its loop, its listeners and what serves them. Workers share nothing but the context (context.h). */
#pragma once
#include "app/context.h"

struct worker;
/* In this order, all on the main thread: one loop each; listeners (as root, for ports below 1024); services (once the
 * store is there); threads. */
[[nodiscard]] enum err workers_new(struct app *a, size_t n);
[[nodiscard]] enum err workers_listen(struct app *a, struct buf *errors);
[[nodiscard]] enum err workers_serve(struct app *a);
[[nodiscard]] enum err workers_start(struct app *a);
struct loop *worker_loop(const struct app *a, size_t i);

/* Any of these from the main thread. Draining: no new connections, open ones finish what they are at. */
void workers_drain(struct app *a);
bool workers_idle(const struct app *a); /* no connection and no mail is under way */
/* The end, in this order: loops end and threads are joined; connections go, which cancels what they asked for; what the
 * store and the pools still answer runs, on this thread (app.c says how often); then services and listeners go; (the
 * store is closed;) loops go. */
void workers_stop(struct app *a);
void workers_close(struct app *a);
void workers_settle(struct app *a);
void workers_quit(struct app *a);
void workers_free(struct app *a);
/* True when each worker answered since the last call, which asks anew: for the watchdog. */
bool workers_answer(struct app *a);
