/* An ask is one mail before one neighbour. As many run at once as a neighbour has threads for; the others wait in
 * order, and since the time of each counts from its beginning, none waits for longer than all may take together. */
#include "core/scan.h"
#include "base/clock.h"
#include "base/list.h"
#include "base/secret.h"
#include <stdio.h>
#include <stdlib.h>

enum { RUNNING_MAX = 16 }; /* of one neighbour on one loop; clamd's own default is 10 threads and a queue of 100 */

struct queue { /* before one neighbour */
    const struct neighbour_kind *kind;
    const struct scan_neighbour *to;
    struct list running, waiting;
    size_t running_n;
};
struct ask {
    struct list in;
    struct queue *queue;
    struct scan *scan;
    uint64_t begun_us;
    union {
        struct clamd_scan *clamd;
        struct rspamd_check *rspamd;
    };
};
struct scan {
    struct scanners *all;
    struct scan_mail mail;
    int64_t deadline_ms; /* monotonic */
    struct ask clamd, rspamd;
    unsigned left; /* asks that are not done */
    struct scan_result result;
    struct job finish;
    void (*done)(void *ctx, const struct scan_result *r);
    void *ctx;
};
struct scanners {
    struct scan_opts o;
    struct queue clamd, rspamd;
    bool stopped;
};
struct neighbour_kind {
    enum check_kind cost;
    enum err (*start)(struct ask *a, int64_t left_ms);
    void (*cancel)(struct ask *a);
};

/* ---- the end of an ask ---- */
static void finish(struct job *j)
{
    struct scan *s = CONTAINER_OF(j, struct scan, finish);
    s->done(s->ctx, &s->result);
    secret_wipe(s, sizeof *s);
    free(s);
}

static void word(struct scan *s, enum scan_state state, const char *text)
{
    s->result.state = state;
    snprintf(s->result.word, sizeof s->result.word, "%s", text);
}

/* Malware is malware whoever else is away. */
static void no_verdict(struct ask *a, bool waits, const char *else_word)
{
    struct scan *s = a->scan;
    if (s->result.state == SCAN_MALWARE)
        return;
    if (waits)
        word(s, SCAN_LATER, "");
    else if (a == &s->clamd && s->result.state != SCAN_LATER)
        word(s, SCAN_SKIPPED, else_word);
}

static void no_answer(struct ask *a, bool stopped)
{
    int64_t down_for_ms = a->scan->all->o.down_for_ms;
    no_verdict(a, stopped || neighbour_failing_for(a->queue->to->state, clock_mono_ms()) < down_for_ms,
               "unscanned: no scanner answered");
}

static void only_errors(struct ask *a)
{
    int64_t down_for_ms = a->scan->all->o.down_for_ms;
    no_verdict(a, neighbour_erring_for(a->queue->to->state, clock_mono_ms()) < down_for_ms,
               "unscanned: the scanner has an error");
}

static void ask_end(struct ask *a)
{
    struct scan *s = a->scan;
    if (--s->left == 0)
        loop_later(s->all->o.loop, &s->finish);
}

static void ask_tell(struct ask *a, enum neighbour_outcome o)
{
    neighbour_tell(a->queue->to->state, o, clock_mono_ms());
    if (o == NEIGHBOUR_FAILED || o == NEIGHBOUR_LATE || o == NEIGHBOUR_UNASKED)
        no_answer(a, false);
    if (o == NEIGHBOUR_ERROR)
        only_errors(a);
    ask_end(a);
}

/* ---- whose turn it is ---- */
static void ask_start(struct ask *a)
{
    struct queue *q = a->queue;
    int64_t now = clock_mono_ms(), left = a->scan->deadline_ms - now;
    if (left <= 0 || !neighbour_may_ask(q->to->state, now)) {
        ask_tell(a, left <= 0 ? NEIGHBOUR_LATE : NEIGHBOUR_UNASKED);
        return;
    }
    a->begun_us = clock_mono_us();
    if (q->kind->start(a, left) != OK) {
        ask_tell(a, NEIGHBOUR_FAILED);
        return;
    }
    list_add_tail(&q->running, &a->in);
    q->running_n++;
}

static void ask_answered(struct ask *a, enum neighbour_outcome o)
{
    struct queue *q = a->queue;
    struct scanners *all = a->scan->all;
    check_cost_add(all->o.costs, q->kind->cost, a->begun_us);
    list_del(&a->in);
    q->running_n--;
    ask_tell(a, o);
    while (!all->stopped && q->running_n < RUNNING_MAX && !list_empty(&q->waiting)) {
        struct ask *next = CONTAINER_OF(q->waiting.next, struct ask, in);
        list_del(&next->in);
        ask_start(next);
    }
}

static enum neighbour_outcome outcome_of(enum err e) { return e == ERR_BUSY ? NEIGHBOUR_LATE : NEIGHBOUR_FAILED; }

/* ---- clamd ---- */
static void on_clamd(void *ctx, enum err e, const struct clamd_reply *r)
{
    struct ask *a = ctx;
    struct scan *s = a->scan;
    if (e != OK) {
        ask_answered(a, outcome_of(e));
        return;
    }
    switch (r->said) {
    case CLAMD_CLEAN:
        if (s->result.state != SCAN_LATER)
            word(s, SCAN_CLEAN, "clean");
        break;
    case CLAMD_FOUND:
        s->result.state = SCAN_MALWARE;
        snprintf(s->result.word, sizeof s->result.word, "malware: %.*s", STR_FMT(r->name));
        break;
    case CLAMD_TOO_LARGE:
    case CLAMD_LIMITS:
        if (s->result.state != SCAN_LATER)
            word(s, SCAN_UNSEEN, r->said == CLAMD_TOO_LARGE ? "unscanned: too large" : "unscanned: could not be read");
        break;
    case CLAMD_ERROR:
    case CLAMD_FAILED: /* an error before it comes here */
        break;
    }
    ask_answered(a, r->said == CLAMD_CLEAN   ? NEIGHBOUR_CLEAN
                    : r->said == CLAMD_FOUND ? NEIGHBOUR_FOUND
                    : r->said == CLAMD_ERROR ? NEIGHBOUR_ERROR
                                             : NEIGHBOUR_SKIPPED);
}

static enum err start_clamd(struct ask *a, int64_t left_ms)
{
    const struct scan_opts *o = &a->scan->all->o;
    struct clamd_opts co = { .loop = o->loop, .to = o->clamd.to, .deadline_ms = left_ms };
    return clamd_scan(&co, a->scan->mail.data, on_clamd, a, &a->clamd);
}
static void cancel_clamd(struct ask *a) { clamd_cancel(a->clamd); }

/* ---- rspamd ---- */
static void on_rspamd(void *ctx, enum err e, const struct rspamd_reply *r)
{
    struct ask *a = ctx;
    if (e == OK) {
        a->scan->result.weighed = true;
        a->scan->result.rspamd = *r;
    }
    ask_answered(a, e != OK ? outcome_of(e) : r->junk ? NEIGHBOUR_FOUND : NEIGHBOUR_CLEAN);
}

static enum err start_rspamd(struct ask *a, int64_t left_ms)
{
    const struct scan_opts *o = &a->scan->all->o;
    const struct scan_mail *m = &a->scan->mail;
    struct rspamd_client client = { .ip = m->client, .helo = m->helo, .from = m->from };
    struct rspamd_opts ro = { .loop = o->loop,
                              .to = o->rspamd.to,
                              .deadline_ms = left_ms,
                              .client = o->send_client && m->client ? &client : NULL };
    return rspamd_check(&ro, m->data, on_rspamd, a, &a->rspamd);
}
static void cancel_rspamd(struct ask *a) { rspamd_cancel(a->rspamd); }

static const struct neighbour_kind clamd_kind = { CHECK_CLAMD, start_clamd, cancel_clamd };
static const struct neighbour_kind rspamd_kind = { CHECK_RSPAMD, start_rspamd, cancel_rspamd };

/* ---- for the owner ---- */
static void queue_init(struct queue *q, const struct neighbour_kind *kind, const struct scan_neighbour *to)
{
    *q = (struct queue){ .kind = kind, .to = to };
    list_init(&q->running);
    list_init(&q->waiting);
}

enum err scanners_new(const struct scan_opts *o, struct scanners **out)
{
    struct scanners *s = calloc(1, sizeof *s);
    if (!s)
        return ERR_IO;
    s->o = *o;
    queue_init(&s->clamd, &clamd_kind, &s->o.clamd);
    queue_init(&s->rspamd, &rspamd_kind, &s->o.rspamd);
    *out = s;
    return OK;
}

bool scanners_any(const struct scanners *s) { return s && (s->o.clamd.to || s->o.rspamd.to); }

static void queue_stop(struct queue *q)
{
    LIST_FOR(&q->running, it)
    {
        struct ask *a = CONTAINER_OF(it, struct ask, in);
        q->kind->cancel(a);
        list_del(it);
        no_answer(a, true);
        ask_end(a);
    }
    LIST_FOR(&q->waiting, it)
    {
        struct ask *a = CONTAINER_OF(it, struct ask, in);
        list_del(it);
        no_answer(a, true);
        ask_end(a);
    }
    q->running_n = 0;
}

void scanners_stop(struct scanners *s)
{
    if (!s)
        return;
    s->stopped = true;
    queue_stop(&s->clamd);
    queue_stop(&s->rspamd);
}

void scanners_free(struct scanners *s) { free(s); }

static void ask(struct scan *s, struct ask *a, struct queue *q)
{
    *a = (struct ask){ .queue = q, .scan = s };
    list_init(&a->in);
    if (!q->to->to)
        return;
    s->left++;
    if (s->all->stopped) {
        no_answer(a, true);
        ask_end(a);
    } else if (s->mail.data.n > s->all->o.max_bytes) {
        if (a == &s->clamd)
            word(s, SCAN_UNSEEN, "unscanned: too large");
        ask_tell(a, NEIGHBOUR_SKIPPED);
    } else if (q->running_n == RUNNING_MAX) {
        list_add_tail(&q->waiting, &a->in);
    } else {
        ask_start(a);
    }
}

enum err scan_start(struct scanners *all, const struct scan_mail *m,
                    void (*done)(void *ctx, const struct scan_result *r), void *ctx)
{
    struct scan *s = calloc(1, sizeof *s);
    if (!s)
        return ERR_BUSY;
    *s = (struct scan){ .all = all, .mail = *m, .done = done, .ctx = ctx, .finish.run = finish };
    s->deadline_ms = clock_mono_ms() + all->o.timeout_ms;
    s->left = 1; /* ours: so that none of the others is the last before all have begun */
    ask(s, &s->clamd, &all->clamd);
    ask(s, &s->rspamd, &all->rspamd);
    ask_end(&s->clamd);
    return OK;
}
