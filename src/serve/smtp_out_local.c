/* Mail for boxes of our own: each recipient is asked for, then the mail is read and handed to core/deliver, as if it
 * had come in by SMTP. Only a few at a time, since each is in memory as a whole. */
#include "serve/smtp_out_carry.h"
#include <stdio.h>
#include <stdlib.h>

enum { AT_ONCE = 4, ROOM = 64 * 1024 };

struct local {
    struct smtp_out *s;
    struct list in;
    struct outq_job *job;
    struct outq_result *results;
    struct deliver_rcpt *rcpts; /* those that have a box; places says which of the job's they are */
    size_t *places, rcpts_n, asked;
    struct deliver_req *req;
    struct outq_body *body;
    struct buf data;
    struct job begin;
    bool running, queued, stopped;
};

static void run_some(struct smtp_out *s);

static void local_free(struct local *l)
{
    outq_body_close(l->body);
    list_del(&l->in);
    buf_fini(&l->data);
    free(l->results);
    free(l->rcpts);
    free(l->places);
    free(l);
}

static void end(struct local *l)
{
    struct smtp_out *s = l->s;
    outq_body_close(l->body);
    l->body = NULL;
    outq_done(l->job, l->results, true);
    local_free(l);
    run_some(s);
}

static void set(struct outq_result *r, enum outq_fate fate, uint16_t code, const char *enhanced, const char *words)
{
    *r = (struct outq_result){ .fate = fate, .code = code, .text = str_c(words) };
    (void)snprintf(r->enhanced, sizeof r->enhanced, "%s", enhanced);
}

/* What SMTP would have said. */
static void set_err(struct outq_result *r, enum err e, const char *why)
{
    switch (e) {
    case OK:
        set(r, OUTQ_FATE_SENT, 250, "2.1.5", "delivered to the box");
        return;
    case ERR_GONE:
    case ERR_BAD:
        set(r, OUTQ_FATE_FAILED, 550, why ? "5.6.0" : "5.1.1", why ? why : "there is no such box");
        return;
    case ERR_DENIED:
        set(r, OUTQ_FATE_FAILED, 550, "5.7.1", why ? why : "refused");
        return;
    case ERR_FULL:
        set(r, OUTQ_FATE_LATER, 452, "4.2.2", "the box is full");
        return;
    case ERR_MORE:
    case ERR_BUSY:
    case ERR_IO:
        break;
    }
    set(r, OUTQ_FATE_LATER, 451, "4.3.0", "not now");
}

static void settle(struct local *l, enum err e, const char *why)
{
    for (size_t i = 0; i < l->rcpts_n; i++)
        set_err(&l->results[l->places[i]], e, why);
    end(l);
}

static void on_delivered(void *ctx, enum err e, const char *why)
{
    struct local *l = ctx;
    l->req = NULL;
    atomic_fetch_add(&l->s->o.stats->local, e == OK);
    settle(l, e, why);
}

static void deliver(struct local *l)
{
    const struct outq_job *job = l->job;
    struct deliver_mail m = { .mail_from = job->mail_from,
                              .submitted = job->has_box && job->mail_from.n > 0 && !(job->flags & OUTQ_RELAYED),
                              .helo = l->s->o.hostname,
                              .protocol = "ESMTP",
                              .rcpts = l->rcpts,
                              .rcpts_n = l->rcpts_n,
                              .data = l->data };
    l->data = (struct buf){ 0 };
    l->req = deliver_mail(l->s->o.deliver, &m, on_delivered, l);
    if (!l->req) {
        buf_fini(&m.data);
        settle(l, ERR_BUSY, NULL);
    }
}

static void on_piece(void *ctx, struct str bytes, bool last)
{
    struct local *l = ctx;
    buf_put(&l->data, bytes);
    if (l->data.failed)
        settle(l, ERR_BUSY, NULL);
    else if (last)
        deliver(l);
    else
        outq_body_next(l->body);
}

static void on_unreadable(void *ctx, enum err)
{
    struct local *l = ctx;
    settle(l, ERR_IO, NULL);
}

static const struct outq_body_ops body_ops = { on_piece, on_unreadable };

static void read_mail(struct local *l)
{
    if (l->rcpts_n == 0) {
        end(l);
        return;
    }
    l->data = (struct buf){ .max = l->job->size + ROOM, .secret = true };
    l->body = outq_body_open(l->job, &body_ops, l);
    if (l->body)
        outq_body_next(l->body);
    else
        settle(l, ERR_BUSY, NULL);
}

static void ask_next(struct local *l);

static bool is_unknown(enum err e) { return e == ERR_GONE || e == ERR_BAD || e == ERR_DENIED; }

static void tell_unknown(const struct local *l)
{
    const struct smtp_out_opts *o = &l->s->o;
    if (o->unknown && l->job->has_box)
        o->unknown(o->ctx, &l->job->box);
}

static void on_checked(void *ctx, enum err e, const struct box_id *box)
{
    struct local *l = ctx;
    size_t i = l->asked++;
    l->req = NULL;
    if (e == OK) {
        l->places[l->rcpts_n] = i;
        l->rcpts[l->rcpts_n++] = (struct deliver_rcpt){ *box, l->job->rcpts[i].address };
    } else {
        if (is_unknown(e))
            tell_unknown(l);
        set_err(&l->results[i], e == ERR_DENIED ? ERR_GONE : e, NULL);
    }
    ask_next(l);
}

static void ask_next(struct local *l)
{
    if (l->asked == l->job->rcpts_n) {
        read_mail(l);
        return;
    }
    l->req = deliver_check(l->s->o.deliver, l->job->rcpts[l->asked].address, l->job->size, on_checked, l);
    if (!l->req)
        on_checked(l, ERR_BUSY, NULL);
}

static void on_begin(struct job *j)
{
    struct local *l = CONTAINER_OF(j, struct local, begin);
    l->queued = false;
    if (l->stopped)
        end(l);
    else
        ask_next(l);
}

static void run_some(struct smtp_out *s)
{
    size_t running = 0;
    LIST_FOR(&s->locals, node)
    {
        struct local *l = CONTAINER_OF(node, struct local, in);
        running += l->running;
        if (l->running || running >= AT_ONCE)
            continue;
        l->running = l->queued = true;
        running++;
        loop_later(s->o.loop, &l->begin);
    }
}

static struct local *local_new(struct smtp_out *s, struct outq_job *job)
{
    struct local *l = calloc(1, sizeof *l);
    if (!l)
        return NULL;
    *l = (struct local){ .s = s, .job = job, .begin.run = on_begin };
    list_init(&l->in);
    l->results = calloc(job->rcpts_n, sizeof *l->results);
    l->rcpts = calloc(job->rcpts_n, sizeof *l->rcpts);
    l->places = calloc(job->rcpts_n, sizeof *l->places);
    if (l->results && l->rcpts && l->places)
        return l;
    local_free(l);
    return NULL;
}

void local_start(struct smtp_out *s, struct outq_job *job)
{
    struct local *l = local_new(s, job);
    if (!l) {
        smtp_out_starve(s, job);
        return;
    }
    for (size_t i = 0; i < job->rcpts_n; i++)
        set_err(&l->results[i], ERR_BUSY, NULL);
    list_add_tail(&s->locals, &l->in);
    outq_leaves(job); /* nothing here waits for long */
    run_some(s);
}

/* What the store still does may be done; the queue then tries it again, and the box takes a mail once (DESIGN section
 * 5). */
void local_stop_all(struct smtp_out *s)
{
    LIST_FOR(&s->locals, node)
    {
        struct local *l = CONTAINER_OF(node, struct local, in);
        deliver_cancel(l->req);
        outq_body_close(l->body);
        l->req = NULL;
        l->body = NULL;
        l->stopped = true;
        if (!l->queued)
            loop_later(s->o.loop, &l->begin);
        l->running = l->queued = true;
    }
}
