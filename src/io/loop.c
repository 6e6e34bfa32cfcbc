/* libevent runs one turn at a time (EVLOOP_ONCE), so that work put off by loop_later() has a place of its own between
 * the turns. Jobs from other threads form a stack that a sender pushes to without a lock and the loop takes whole; the
 * sender that finds it empty rings the eventfd. */
#include "io/loop.h"
#include "base/clock.h"
#include "base/secret.h"
#include <assert.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

struct loop {
    struct event_base *base;
    struct event wake, tick;
    int wake_fd;
    _Atomic(struct job *) posted; /* newest first */
    struct job *later, **later_end;
    atomic_bool stop, running;
    pthread_t thread;   /* meant only while running */
    int64_t now_ms;     /* 0: not read in this turn */
    int64_t tick_at_ms; /* when the wheel's timer is armed for; INT64_MAX: it is not */
    char *scratch;
    struct wheel wheel;
};

static_assert(sizeof(struct event) <= sizeof(((struct timer *)0)->opaque), "a timer holds an event");
static_assert(sizeof(struct event) <= sizeof(((struct watch *)0)->opaque), "so does a watch");

static struct timeval tv_of(int64_t ms)
{
    ms = MAX(ms, (int64_t)0);
    return (struct timeval){ .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };
}

/* Oldest first: a sender's jobs run in the order posted. */
static struct job *take_posted(struct loop *l)
{
    struct job *stack = atomic_exchange_explicit(&l->posted, NULL, memory_order_acquire), *queue = NULL;
    while (stack) {
        struct job *next = stack->next;
        stack->next = queue;
        queue = stack;
        stack = next;
    }
    return queue;
}

static bool run_jobs(struct job *j)
{
    bool any = j != NULL;
    while (j) {
        struct job *next = j->next; /* run() may free j or give it away again */
        j->run(j);
        j = next;
    }
    return any;
}

static bool run_later(struct loop *l)
{
    struct job *jobs = l->later;
    l->later = NULL;
    l->later_end = &l->later;
    return run_jobs(jobs);
}

static void ring(struct loop *l)
{
    uint64_t one = 1;
    ssize_t n = write(l->wake_fd, &one, sizeof one); /* fails only when it rings already */
    (void)n;
}

static void on_wake(evutil_socket_t fd, short, void *loop)
{
    uint64_t n;
    ssize_t got = read(fd, &n, sizeof n); /* before the stack is taken: who pushes after that rings again */
    (void)got;
    run_jobs(take_posted(loop));
}

void post(struct loop *to, struct job *j)
{
    struct job *head = atomic_load_explicit(&to->posted, memory_order_relaxed);
    do
        j->next = head;
    while (!atomic_compare_exchange_weak_explicit(&to->posted, &head, j, memory_order_release, memory_order_relaxed));
    if (!head)
        ring(to);
}

void loop_later(struct loop *l, struct job *j)
{
    assert(loop_here(l));
    j->next = NULL;
    *l->later_end = j;
    l->later_end = &j->next;
}

static void arm_tick(struct loop *l)
{
    int64_t next = wheel_next_ms(&l->wheel);
    l->tick_at_ms = next;
    struct timeval tv = tv_of(next - loop_now_ms(l));
    if (next != INT64_MAX)
        event_add(&l->tick, &tv);
}

static void on_tick(evutil_socket_t, short, void *loop)
{
    struct loop *l = loop;
    l->now_ms = 0;     /* the timer may have waited behind other callbacks */
    l->tick_at_ms = 0; /* what is set while the wheel runs need not arm the timer */
    wheel_run(&l->wheel, loop_now_ms(l));
    arm_tick(l);
}

void loop_deadline(struct loop *l, struct deadline *d, int64_t delay_ms)
{
    int64_t due = loop_now_ms(l) + MAX(delay_ms, (int64_t)0);
    if (l->wheel.n == 0 && l->tick_at_ms != 0)
        wheel_run(&l->wheel, loop_now_ms(l)); /* nothing fires: it only catches up with the time */
    wheel_set(&l->wheel, d, due);
    if (due < l->tick_at_ms)
        arm_tick(l);
}

void loop_deadline_clear(struct loop *l, struct deadline *d) { wheel_clear(&l->wheel, d); }

static struct event_base *base_new(void)
{
    struct event_config *cfg = event_config_new();
    if (!cfg)
        return NULL;
    event_config_set_flag(cfg, EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST);
    struct event_base *base = event_base_new_with_config(cfg);
    event_config_free(cfg);
    return base;
}

static enum err loop_start(struct loop *l)
{
    l->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    l->base = base_new();
    l->scratch = aligned_alloc(4096, LOOP_SCRATCH_N);
    if (l->wake_fd < 0 || !l->base || !l->scratch)
        return ERR_IO;
    madvise(l->scratch, LOOP_SCRATCH_N, MADV_DONTDUMP);
    event_assign(&l->wake, l->base, l->wake_fd, EV_READ | EV_PERSIST, on_wake, l);
    event_assign(&l->tick, l->base, -1, 0, on_tick, l);
    return event_add(&l->wake, NULL) == 0 ? OK : ERR_IO;
}

static void loop_release(struct loop *l)
{
    if (l->base && event_initialized(&l->wake)) {
        event_del(&l->wake);
        event_del(&l->tick);
    }
    if (l->base)
        event_base_free(l->base);
    util_close_fd(&l->wake_fd);
    if (l->scratch)
        madvise(l->scratch, LOOP_SCRATCH_N, MADV_DODUMP);
    free(l->scratch);
    free(l);
}

enum err loop_new(struct loop **out)
{
    struct loop *l = calloc(1, sizeof *l);
    if (!l)
        return ERR_IO;
    signal(SIGPIPE, SIG_IGN); /* OpenSSL writes with write(2) */
    l->later_end = &l->later;
    l->tick_at_ms = INT64_MAX;
    wheel_init(&l->wheel, clock_mono_ms());
    enum err e = loop_start(l);
    if (e != OK) {
        loop_release(l);
        return e;
    }
    *out = l;
    return OK;
}

void loop_free(struct loop *l)
{
    if (!l)
        return;
    assert(!atomic_load(&l->running));
    enum { ROUNDS = 1000 }; /* a job may queue another; one that queues itself for ever is cut off */
    bool more = true;
    for (int i = 0; i < ROUNDS && more; i++) {
        more = run_jobs(take_posted(l));
        more = run_later(l) || more;
    }
    loop_release(l);
}

void loop_run(struct loop *l)
{
    l->thread = pthread_self();
    atomic_store(&l->running, true);
    while (!atomic_load(&l->stop)) {
        run_later(l);
        l->now_ms = 0;
        event_base_loop(l->base, EVLOOP_ONCE | (l->later ? EVLOOP_NONBLOCK : 0));
    }
    atomic_store(&l->stop, false);
    atomic_store(&l->running, false);
    l->now_ms = 0;
}

void loop_stop(struct loop *l)
{
    atomic_store(&l->stop, true);
    ring(l);
}

struct event_base *loop_base(struct loop *l) { return l->base; }
char *loop_scratch(struct loop *l) { return l->scratch; }

int64_t loop_now_ms(struct loop *l)
{
    if (l->now_ms == 0 || !atomic_load_explicit(&l->running, memory_order_relaxed))
        l->now_ms = clock_mono_ms();
    return l->now_ms;
}

bool loop_here(const struct loop *l) { return !atomic_load(&l->running) || pthread_equal(l->thread, pthread_self()); }

static struct event *timer_event(struct timer *t) { return (struct event *)(void *)t->opaque; }
static struct event *watch_event(struct watch *w) { return (struct event *)(void *)w->opaque; }

static void on_timer(evutil_socket_t, short, void *timer)
{
    struct timer *t = timer;
    t->fire(t);
}

void timer_init(struct timer *t, struct loop *l, void (*fire)(struct timer *))
{
    t->fire = fire;
    t->inited = true;
    event_assign(timer_event(t), l->base, -1, 0, on_timer, t);
}

void timer_set(struct timer *t, int64_t delay_ms)
{
    assert(t->inited);
    struct timeval tv = tv_of(delay_ms);
    event_add(timer_event(t), &tv);
}

void timer_clear(struct timer *t)
{
    if (t->inited)
        event_del(timer_event(t));
}

static void on_watch(evutil_socket_t, short, void *watch)
{
    struct watch *w = watch;
    w->ready(w);
}

static enum err watch_for(struct watch *w, struct loop *l, int fd, short what, void (*ready)(struct watch *))
{
    w->ready = ready;
    w->fd = fd;
    event_assign(watch_event(w), l->base, fd, (short)(what | EV_PERSIST), on_watch, w);
    return event_add(watch_event(w), NULL) == 0 ? OK : ERR_IO;
}

enum err watch_start(struct watch *w, struct loop *l, int fd, void (*ready)(struct watch *))
{
    return watch_for(w, l, fd, EV_READ, ready);
}

enum err watch_writable(struct watch *w, struct loop *l, int fd, void (*ready)(struct watch *))
{
    return watch_for(w, l, fd, EV_WRITE, ready);
}

void watch_stop(struct watch *w)
{
    if (event_initialized(watch_event(w)))
        event_del(watch_event(w));
}
