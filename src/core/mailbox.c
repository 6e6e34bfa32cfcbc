/* The life of a box after it was made: look, change, visit, end. */
#include "core/mailbox.h"
#include "base/secret.h"
#include "core/mailbox_req.h"
#include <stdlib.h>
#include <string.h>

enum { ARENA_MAX = 256 * 1024, WAY_HERE_MS = 1000 }; /* what a request may take from being read to being judged */

enum err mailboxes_new(const struct mailboxes_opts *o, struct mailboxes **out)
{
    struct mailboxes *m = calloc(1, sizeof *m);
    if (m == NULL)
        return ERR_IO;
    m->o = *o;
    *out = m;
    return OK;
}

void mailboxes_free(struct mailboxes *m) { free(m); }

struct mailbox_req *mailbox_req_new(struct mailboxes *m, struct opened *o, void *ctx)
{
    struct mailbox_req *r = calloc(1, sizeof *r);
    if (r == NULL)
        return NULL;
    r->m = m;
    r->o = o == NULL ? NULL : opened_hold(o);
    r->ctx = ctx;
    arena_init(&r->arena, ARENA_MAX);
    r->arena.secret = true;
    return r;
}

void mailbox_req_free(struct mailbox_req *r)
{
    opened_release(r->o);
    secret_free(r->fresh);
    arena_reset(&r->arena);
    secret_wipe(r, sizeof *r);
    free(r);
}

void mailbox_cancel(struct mailbox_req *r)
{
    if (r != NULL)
        r->cancelled = true;
}

struct mailbox_req *mailbox_req_later(struct mailbox_req *r, enum err e, void (*run)(struct job *))
{
    r->later_err = e;
    r->later.run = run;
    loop_later(r->m->o.loop, &r->later);
    return r;
}

enum err mailbox_refuse(struct mailbox_req *r, const char *code, const char *text)
{
    r->why = (struct refusal){ code, text };
    return ERR_BAD;
}

enum err mailbox_ttl_check(struct mailbox_req *r, int64_t ttl_ms)
{
    if (ttl_ms < r->m->o.min_ttl_ms)
        return mailbox_refuse(r, "ttl_short", "An address lives longer than that here; burn it to end it at once.");
    if (ttl_ms > r->m->o.max_ttl_ms)
        return mailbox_refuse(r, "ttl_long", "An address does not live that long here.");
    return OK;
}

static void box_answer(struct mailbox_req *r, enum err e, const struct store_box *b)
{
    if (!r->cancelled)
        r->done.box(r->ctx, e, r->why.code == NULL ? NULL : &r->why, b);
    mailbox_req_free(r);
}

static void box_later(struct job *j)
{
    struct mailbox_req *r = CONTAINER_OF(j, struct mailbox_req, later);
    box_answer(r, r->later_err, NULL);
}

static void tell_changed(struct mailboxes *m, const struct store_box *b)
{
    struct event *e = event_new(m->o.hub, EVENT_BOX_CHANGED, &b->id, S(""));
    if (e == NULL)
        return;
    e->end_ms = b->end_ms;
    e->idle_ttl_ms = b->idle_ttl_ms;
    e->last_visit_ms = b->last_visit_ms;
    event_publish(e);
}

static void on_changed(struct store_req *q)
{
    struct mailbox_req *r = q->ctx;
    struct store_change *c = (struct store_change *)(void *)q;
    if (q->err == ERR_BUSY)
        r->why = (struct refusal){ "too_soon", "The life of an address can be changed once in ten seconds." };
    if (q->err == OK)
        tell_changed(r->m, &c->box);
    box_answer(r, q->err, q->err == OK ? &c->box : NULL);
}

static enum err change_check(struct mailbox_req *r, const struct mailbox_change *c)
{
    enum err e = OK;
    int64_t left = c->end_ms - store_now_ms(r->m->o.store), least = r->m->o.min_ttl_ms;
    if (c->set & CHANGE_END)
        e = mailbox_ttl_check(r, left < least ? MIN(left + WAY_HERE_MS, least) : left);
    if (e == OK && (c->set & CHANGE_IDLE) && c->idle_ttl_ms != 0)
        e = mailbox_ttl_check(r, c->idle_ttl_ms);
    return e;
}

struct mailbox_req *mailbox_change(struct mailboxes *m, struct opened *o, const struct mailbox_change *c,
                                   mailbox_box_fn *done, void *ctx)
{
    struct mailbox_req *r = mailbox_req_new(m, o, ctx);
    if (r == NULL)
        return NULL;
    r->done.box = done;
    enum err e = change_check(r, c);
    struct store_change *q = e == OK ? STORE_NEW(change, r, on_changed) : NULL;
    if (q == NULL)
        return mailbox_req_later(r, e == OK ? ERR_IO : e, box_later);
    q->id = o->box.id;
    q->set = c->set;
    q->end_ms = c->end_ms;
    q->idle_ttl_ms = c->idle_ttl_ms;
    q->ends_after = c->ends_after;
    store_submit(m->o.store, m->o.loop, &q->req);
    return r;
}

static void on_fresh(struct store_req *q)
{
    struct store_find *f = (struct store_find *)(void *)q;
    box_answer(q->ctx, q->err, q->err == OK ? &f->box : NULL);
}

struct mailbox_req *mailbox_fresh(struct mailboxes *m, struct opened *o, mailbox_box_fn *done, void *ctx)
{
    struct mailbox_req *r = mailbox_req_new(m, o, ctx);
    if (r == NULL)
        return NULL;
    r->done.box = done;
    struct store_find *f = STORE_NEW(find, r, on_fresh);
    if (f == NULL)
        return mailbox_req_later(r, ERR_IO, box_later);
    f->by_id = true;
    f->id = o->box.id;
    store_submit(m->o.store, m->o.loop, &f->req);
    return r;
}

static void visited(void *ctx, enum err e, const struct refusal *why, const struct store_box *box)
{
    (void)ctx;
    (void)e; /* a visit that could not be written is made up for by the next one */
    (void)why;
    (void)box;
}

void mailbox_visit(struct mailboxes *m, struct opened *o)
{
    int64_t now = store_now_ms(m->o.store), gap = MIN(o->box.idle_ttl_ms / 20, 60 * 1000);
    if (o->box.idle_ttl_ms == 0 || o->gone || now - o->box.last_visit_ms < gap)
        return;
    o->box.last_visit_ms = now;
    (void)mailbox_change(m, o, &(struct mailbox_change){ .set = CHANGE_VISIT }, visited, NULL);
}

static void on_ended(struct store_req *q)
{
    struct mailbox_req *r = q->ctx;
    struct store_end *s = (struct store_end *)(void *)q;
    if (!r->cancelled)
        r->done.ended(r->ctx, q->err, store_now_ms(r->m->o.store), s->messages);
    mailbox_req_free(r);
}

static void ended_later(struct job *j)
{
    struct mailbox_req *r = CONTAINER_OF(j, struct mailbox_req, later);
    if (!r->cancelled)
        r->done.ended(r->ctx, r->later_err, 0, 0);
    mailbox_req_free(r);
}

struct mailbox_req *mailbox_end(struct mailboxes *m, struct opened *o, mailbox_ended_fn *done, void *ctx)
{
    struct mailbox_req *r = mailbox_req_new(m, o, ctx);
    if (r == NULL)
        return NULL;
    r->done.ended = done;
    struct store_end *s = STORE_NEW(end, r, on_ended);
    struct box_id *id = s == NULL ? NULL : arena_new(&s->req.arena, struct box_id);
    if (id == NULL) {
        if (s != NULL)
            store_req_drop(&s->req);
        return mailbox_req_later(r, ERR_IO, ended_later);
    }
    *id = o->box.id;
    s->ids = id;
    s->n = 1;
    store_submit(m->o.store, m->o.loop, &s->req);
    return r;
}
