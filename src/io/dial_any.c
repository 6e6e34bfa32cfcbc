#include "io/dial_any.h"
#include <stdlib.h>
#include <unistd.h>

struct attempt {
    struct watch watch;
    struct dial_any *of;
    bool open;
};
struct dial_any {
    struct loop *loop;
    struct dial_to to[DIAL_ANY_MAX], from4, from6;
    struct attempt tried[DIAL_ANY_MAX];
    size_t n, begun, open;
    bool has_from4, has_from6;
    int64_t next_ms;
    struct timer next, deadline;
    struct job job;
    bool queued, cancelled, decided;
    enum err err;
    int fd;
    size_t won;
    dial_any_fn *done;
    void *ctx;
};

static void give_up(struct dial_any *d, struct attempt *a)
{
    if (!a->open)
        return;
    watch_stop(&a->watch);
    close(a->watch.fd);
    a->open = false;
    d->open--;
}

static void stop_all(struct dial_any *d)
{
    timer_clear(&d->next);
    timer_clear(&d->deadline);
    for (size_t i = 0; i < d->begun; i++)
        give_up(d, &d->tried[i]);
}

static void later(struct dial_any *d)
{
    if (!d->queued)
        loop_later(d->loop, &d->job);
    d->queued = true;
}

static void decide(struct dial_any *d, enum err e)
{
    stop_all(d);
    d->decided = true;
    d->err = e;
    later(d);
}

static void on_ready(struct watch *w);

static void begin(struct dial_any *d)
{
    size_t i = d->begun++;
    struct attempt *a = &d->tried[i];
    const struct dial_to *from =
        d->to[i].sa.ss_family == AF_INET ? (d->has_from4 ? &d->from4 : NULL) : (d->has_from6 ? &d->from6 : NULL);
    a->of = d;
    int fd;
    if (dial_from(from, &d->to[i], &fd) != OK)
        return;
    if (watch_writable(&a->watch, d->loop, fd, on_ready) != OK) {
        close(fd);
        return;
    }
    a->open = true;
    d->open++;
}

/* As many as fail at once are passed over at once. */
static void begin_next(struct dial_any *d)
{
    size_t open = d->open;
    while (d->begun < d->n && d->open == open)
        begin(d);
    if (d->open == 0)
        decide(d, ERR_IO);
    else if (d->begun < d->n)
        timer_set(&d->next, d->next_ms);
}

static void on_ready(struct watch *w)
{
    struct attempt *a = CONTAINER_OF(w, struct attempt, watch);
    struct dial_any *d = a->of;
    int why = 0;
    socklen_t n = sizeof why;
    if (getsockopt(w->fd, SOL_SOCKET, SO_ERROR, &why, &n) == 0 && why == 0) {
        watch_stop(w);
        a->open = false;
        d->open--;
        d->fd = w->fd;
        d->won = (size_t)(a - d->tried);
        decide(d, OK);
        return;
    }
    give_up(d, a);
    timer_clear(&d->next);
    begin_next(d);
}

static void on_next(struct timer *t) { begin_next(CONTAINER_OF(t, struct dial_any, next)); }
static void on_deadline(struct timer *t) { decide(CONTAINER_OF(t, struct dial_any, deadline), ERR_BUSY); }

static void on_turn(struct job *j)
{
    struct dial_any *d = CONTAINER_OF(j, struct dial_any, job);
    d->queued = false;
    if (!d->decided && !d->cancelled) {
        begin_next(d);
        return;
    }
    if (!d->cancelled)
        d->done(d->ctx, d->err, d->fd, d->won);
    else if (d->fd >= 0)
        close(d->fd);
    free(d);
}

struct dial_any *dial_any(const struct dial_any_opts *o, dial_any_fn *done, void *ctx)
{
    struct dial_any *d = calloc(1, sizeof *d);
    if (!d)
        return NULL;
    d->loop = o->loop;
    d->n = MIN(o->n, (size_t)DIAL_ANY_MAX);
    memcpy(d->to, o->to, d->n * sizeof *d->to);
    d->has_from4 = o->from4 != NULL;
    d->has_from6 = o->from6 != NULL;
    if (o->from4)
        d->from4 = *o->from4;
    if (o->from6)
        d->from6 = *o->from6;
    d->next_ms = o->next_ms;
    d->fd = -1;
    d->done = done;
    d->ctx = ctx;
    d->job.run = on_turn;
    timer_init(&d->next, d->loop, on_next);
    timer_init(&d->deadline, d->loop, on_deadline);
    timer_set(&d->deadline, o->deadline_ms);
    later(d);
    return d;
}

void dial_any_cancel(struct dial_any *d)
{
    if (!d)
        return;
    stop_all(d);
    d->cancelled = true;
    later(d);
}
