#include "serve/smtp_out_carry.h"
#include <stdlib.h>

static bool is_ours(const struct smtp_out *s, struct str domain)
{
    size_t i = 0;
    while (i < s->o.domains.n && !str_eq_nocase(s->o.domains.names[i], domain))
        i++;
    return i < s->o.domains.n;
}

static struct carrier *idle_for(struct smtp_out *s, const struct outq_job *job)
{
    LIST_FOR(&s->idle, node)
    {
        struct carrier *c = CONTAINER_OF(node, struct carrier, idle);
        if (str_eq(c->destination, job->destination) && smtp_out_suits(&c->session, job) == OK)
            return c;
    }
    return NULL;
}

/* ---- without memory ---- */
static void on_starved(struct job *j)
{
    struct smtp_out *s = CONTAINER_OF(j, struct smtp_out, starve);
    struct outq_job *job = s->starved;
    s->starved = NULL;
    while (job) {
        struct outq_job *next = job->ctx;
        for (size_t i = 0; i < job->rcpts_n; i++)
            s->spare[i] = (struct outq_result){
                .fate = OUTQ_FATE_LATER, .code = 0, .enhanced = "4.3.0", .text = STR("out of memory")
            };
        outq_done(job, s->spare, true);
        job = next;
    }
}

void smtp_out_starve(struct smtp_out *s, struct outq_job *job)
{
    if (!s->starved)
        loop_later(s->o.loop, &s->starve);
    job->ctx = s->starved;
    s->starved = job;
}

static void start(void *ctx, struct outq_job *job)
{
    struct smtp_out *s = ctx;
    struct carrier *idle = idle_for(s, job);
    if (is_ours(s, job->destination))
        local_start(s, job);
    else if (idle)
        carrier_take(idle, job);
    else
        carrier_start(s, job);
}

/* One that is with no carrier comes back by itself: there was no memory to begin it. */
static void stop(void *ctx, struct outq_job *job)
{
    struct smtp_out *s = ctx;
    LIST_FOR(&s->carriers, node)
    {
        struct carrier *c = CONTAINER_OF(node, struct carrier, in);
        if (c->job != job)
            continue;
        carrier_break_off(c);
        return;
    }
}

enum err smtp_out_new(const struct smtp_out_opts *o, struct smtp_out **out)
{
    struct smtp_out *s = calloc(1, sizeof *s);
    if (!s)
        return ERR_IO;
    s->o = *o;
    list_init(&s->carriers);
    list_init(&s->idle);
    list_init(&s->locals);
    s->starve.run = on_starved;
    *out = s;
    return OK;
}

struct outq_sender smtp_out_sender(struct smtp_out *s) { return (struct outq_sender){ start, stop, s }; }
void smtp_out_attach(struct smtp_out *s, struct outq_run *run) { s->run = run; }

void smtp_out_stop(struct smtp_out *s)
{
    s->stopping = true;
    LIST_FOR(&s->carriers, node) { carrier_stop(CONTAINER_OF(node, struct carrier, in)); }
    local_stop_all(s);
}

void smtp_out_free(struct smtp_out *s) { free(s); }
