/* A server that says "later" (4xx) has not taken the mail, and RFC 5321 section 5.1 lets another one of the domain be
 * asked at once: one more is, as Postfix does. It is the first one's stand-in and knows no better who is there, so what
 * it says counts where it takes the mail, and nowhere else. */
#include "serve/smtp_out_carry.h"

static bool may_ask(const struct carrier *c)
{
    size_t i = 0;
    while (i < c->job->rcpts_n && !smtp_out_is_postponed(&c->session.results[i]))
        i++;
    return i < c->job->rcpts_n && !c->kept && !c->s->stopping && !carrier_host(c)->smart && c->host < c->route->n &&
           c->sessions < SESSIONS_MAX;
}

bool carrier_second(struct carrier *c)
{
    size_t n = c->job->rcpts_n;
    struct outq_result *v = may_ask(c) ? arena_array(&c->kept_arena, n, sizeof *v) : NULL;
    if (!v)
        return false;
    for (size_t i = 0; i < n; i++) {
        v[i] = c->session.results[i];
        v[i].mx = arena_dup(&c->kept_arena, v[i].mx); /* it is the route's, which may be closed before */
        v[i].text = arena_dup(&c->kept_arena, v[i].text);
    }
    c->kept = v;
    c->second = true;
    memset(c->tried, true, sizeof c->tried); /* its other addresses are the same server */
    return true;
}

const struct outq_result *carrier_results(struct carrier *c)
{
    const struct outq_result *now = c->session.results;
    for (size_t i = 0; c->kept && i < c->job->rcpts_n; i++)
        if (now[i].fate == OUTQ_FATE_SENT)
            c->kept[i] = now[i];
    return c->kept ? c->kept : now;
}
