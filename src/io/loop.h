/* An event loop per thread over libevent (one event_base each), its timers, and work put off to a later turn.
 * Everything here but loop_stop() and post() belongs to the loop's own thread. libevent is met in loop.c and conn.c
 * only. */
#pragma once
#include "base/err.h"
#include "base/util.h"
#include "io/post.h"
#include "io/wheel.h"

struct event_base;
struct loop;

[[nodiscard]] enum err loop_new(struct loop **out);
void loop_free(struct loop *l);               /* not while it runs; jobs still queued are run first, once */
void loop_run(struct loop *l);                /* until loop_stop() */
void loop_stop(struct loop *l);               /* any thread; async-signal-safe */
struct event_base *loop_base(struct loop *l); /* for conn.c and listen.c */
int64_t loop_now_ms(struct loop *l);          /* monotonic, read once a turn */
/* Coarse deadlines by the thousand (wheel.h): at or up to a few ticks after delay_ms from now. */
void loop_deadline(struct loop *l, struct deadline *d, int64_t delay_ms);
void loop_deadline_clear(struct loop *l, struct deadline *d);
/* Room for one read, shared by the thread's connections; what is left in it after a callback is wiped. */
enum { LOOP_SCRATCH_N = 64 * 1024 };
char *loop_scratch(struct loop *l);
bool loop_here(const struct loop *l); /* is this the loop's thread (or is it not running)? */

/* A job run on a later turn of this same loop, in order; cheaper than post(). The caller owns the job until it runs. */
void loop_later(struct loop *l, struct job *j);

/* One-shot timer. A zeroed struct is unarmed. */
struct timer {
    void *opaque[20]; /* a struct event fits (checked in loop.c) */
    void (*fire)(struct timer *t);
    bool inited;
};
void timer_init(struct timer *t, struct loop *l, void (*fire)(struct timer *));
void timer_set(struct timer *t, int64_t delay_ms); /* (re)arms; fires once, on a later turn */
void timer_clear(struct timer *t);                 /* never fires after this */

/* A descriptor watched for reading (listeners, signalfd, eventfd), or until it can be written (a socket that connects).
 * Persistent. */
struct watch {
    void *opaque[20];
    void (*ready)(struct watch *w);
    int fd;
};
[[nodiscard]] enum err watch_start(struct watch *w, struct loop *l, int fd, void (*ready)(struct watch *));
[[nodiscard]] enum err watch_writable(struct watch *w, struct loop *l, int fd, void (*ready)(struct watch *));
void watch_stop(struct watch *w);
