#include "trust/ping.h"
#include "base/clock.h"
#include <stdlib.h>

enum { ANSWER_MAX = 1024 };

const struct ping_kind ping_clamd = { STR("zPING\0"), STR("PONG\0") };
const struct ping_kind ping_rspamd = { STR("GET /ping HTTP/1.1\r\nHost: rspamd\r\nConnection: close\r\n\r\n"),
                                       STR("HTTP/1.1 200 ") };

struct ping {
    struct ping_opts o;
    struct timer timer;
    struct exchange *x; /* NULL: none under way */
    bool sent, up;
};

static bool send_question(void *ctx, struct str *piece)
{
    struct ping *p = ctx;
    bool first = !p->sent;
    *piece = p->o.kind->question;
    p->sent = true;
    return first;
}

static enum err read_answer(void *ctx, struct str answer, bool)
{
    struct ping *p = ctx;
    struct str want = p->o.kind->answer;
    if (!str_starts(want, str_sub(answer, 0, want.n)))
        return ERR_BAD;
    return answer.n < want.n ? ERR_MORE : OK;
}

static void on_done(void *ctx, enum err e)
{
    struct ping *p = ctx;
    p->x = NULL;
    if (e == OK)
        neighbour_ponged(p->o.state, clock_mono_ms());
    else
        neighbour_silent(p->o.state, clock_mono_ms());
    bool up = neighbour_is_up(p->o.state);
    if (up != p->up && p->o.changed)
        p->o.changed(p->o.ctx, up);
    p->up = up;
    timer_set(&p->timer, e == OK && up ? PING_EVERY_MS : PING_AGAIN_MS);
}

static const struct exchange_ops ops = { .send = send_question, .read = read_answer, .done = on_done };

static void ask(struct timer *t)
{
    struct ping *p = CONTAINER_OF(t, struct ping, timer);
    const struct exchange_opts xo = {
        .loop = p->o.loop, .to = p->o.to, .deadline_ms = PING_TIMEOUT_MS, .answer_max = ANSWER_MAX
    };
    p->sent = false;
    if (exchange_start(&xo, &ops, p, &p->x) != OK) {
        p->x = NULL;
        timer_set(&p->timer, PING_AGAIN_MS);
    }
}

enum err ping_start(const struct ping_opts *o, struct ping **out)
{
    struct ping *p = calloc(1, sizeof *p);
    if (!p)
        return ERR_IO;
    p->o = *o;
    p->up = true;
    timer_init(&p->timer, o->loop, ask);
    timer_set(&p->timer, 0);
    *out = p;
    return OK;
}

void ping_stop(struct ping *p)
{
    if (!p)
        return;
    timer_clear(&p->timer);
    if (p->x)
        exchange_cancel(p->x);
    free(p);
}
