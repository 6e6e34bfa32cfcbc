/* Steps that are due run one after the other: flags, folder, then a look at how it stands, which is what listeners and
 * the asker are told. */
#include "core/mail_change.h"
#include <stdlib.h>

struct mail_change_req {
    struct store *st;
    struct event_hub *hub;
    struct loop *loop;
    struct box_id box;
    struct msg_id id;
    struct mail_change c;
    mail_changed_fn *done; /* NULL once cancelled */
    void *ctx;
    struct job later;
};

void mail_change_cancel(struct mail_change_req *r)
{
    if (r != NULL)
        r->done = NULL;
}

static void answer(struct mail_change_req *r, enum err e, const struct store_row *now)
{
    if (r->done != NULL)
        r->done(r->ctx, e, now);
    free(r);
}

static void tell(struct mail_change_req *r, enum event_kind kind, const struct store_row *row)
{
    struct event *e = event_new(r->hub, kind, &r->box, (struct str){ 0 });
    if (e == NULL)
        return; /* they will see it at their next look */
    e->msg = row->id;
    e->folder = row->folder;
    e->uid = row->uid;
    e->flags = row->flags;
    e->modseq = row->modseq;
    e->size = row->size;
    e->received_ms = row->received_ms;
    event_publish(e);
}

static void on_now(struct store_req *q)
{
    struct mail_change_req *r = q->ctx;
    const struct store_get *g = (const struct store_get *)(void *)q;
    if (q->err == OK)
        tell(r, EVENT_MESSAGE_CHANGED, &g->row);
    answer(r, q->err, q->err == OK ? &g->row : NULL);
}

static void look(struct mail_change_req *r)
{
    struct store_get *g = STORE_NEW(get, r, on_now);
    if (g == NULL) {
        answer(r, ERR_IO, NULL);
        return;
    }
    g->box = r->box;
    g->id = r->id;
    store_submit(r->st, r->loop, &g->req);
}

static void on_moved(struct store_req *q)
{
    if (q->err == OK)
        look(q->ctx);
    else
        answer(q->ctx, q->err, NULL);
}

/* The one id a request is about, in its arena; NULL: dropped, out of memory. */
static const struct msg_id *one_id(struct mail_change_req *r, struct store_req *q)
{
    struct msg_id *id = arena_new(&q->arena, struct msg_id);
    if (id == NULL)
        store_req_drop(q);
    else
        *id = r->id;
    return id;
}

static void move(struct mail_change_req *r)
{
    struct store_move *m = STORE_NEW(move, r, on_moved);
    const struct msg_id *id = m == NULL ? NULL : one_id(r, &m->req);
    if (id == NULL) {
        answer(r, ERR_IO, NULL);
        return;
    }
    m->box = r->box;
    m->pick = (struct store_pick){ .ids = id, .n = 1 };
    m->folder = r->c.folder;
    store_submit(r->st, r->loop, &m->req);
}

static void after_flags(struct mail_change_req *r)
{
    if (r->c.folder != 0)
        move(r);
    else
        look(r);
}

static void on_flagged(struct store_req *q)
{
    if (q->err == OK)
        after_flags(q->ctx);
    else
        answer(q->ctx, q->err, NULL);
}

static void flag(struct mail_change_req *r)
{
    struct store_flag *f = STORE_NEW(flag, r, on_flagged);
    const struct msg_id *id = f == NULL ? NULL : one_id(r, &f->req);
    if (id == NULL) {
        answer(r, ERR_IO, NULL);
        return;
    }
    f->box = r->box;
    f->pick = (struct store_pick){ .ids = id, .n = 1 };
    f->set = r->c.set;
    f->clear = r->c.clear;
    store_submit(r->st, r->loop, &f->req);
}

static void on_deleted(struct store_req *q)
{
    struct mail_change_req *r = q->ctx;
    const struct store_delete *d = (const struct store_delete *)(void *)q;
    enum err e = q->err == OK && d->deleted == 0 ? ERR_GONE : q->err;
    if (e == OK)
        tell(r, EVENT_MESSAGE_GONE, &(struct store_row){ .id = r->id, .modseq = d->modseq });
    answer(r, e, NULL);
}

static void delete (struct mail_change_req *r)
{
    struct store_delete *d = STORE_NEW(delete, r, on_deleted);
    const struct msg_id *id = d == NULL ? NULL : one_id(r, &d->req);
    if (id == NULL) {
        answer(r, ERR_IO, NULL);
        return;
    }
    d->box = r->box;
    d->pick = (struct store_pick){ .ids = id, .n = 1 };
    store_submit(r->st, r->loop, &d->req);
}

static void start_change(struct job *j)
{
    struct mail_change_req *r = CONTAINER_OF(j, struct mail_change_req, later);
    if ((r->c.set | r->c.clear) != 0)
        flag(r);
    else
        after_flags(r);
}

static void start_delete(struct job *j) { delete (CONTAINER_OF(j, struct mail_change_req, later)); }

static struct mail_change_req *begin(const struct mail_change_req *want, void (*start)(struct job *))
{
    struct mail_change_req *r = calloc(1, sizeof *r);
    if (r == NULL)
        return NULL;
    *r = *want;
    r->later.run = start;
    loop_later(r->loop, &r->later);
    return r;
}

struct mail_change_req *mail_change(struct store *st, struct event_hub *hub, struct loop *l, const struct box_id *box,
                                    const struct msg_id *id, const struct mail_change *c, mail_changed_fn *done,
                                    void *ctx)
{
    struct mail_change_req r = {
        .st = st, .hub = hub, .loop = l, .box = *box, .id = *id, .c = *c, .done = done, .ctx = ctx
    };
    return begin(&r, start_change);
}

struct mail_change_req *mail_delete(struct store *st, struct event_hub *hub, struct loop *l, const struct box_id *box,
                                    const struct msg_id *id, mail_changed_fn *done, void *ctx)
{
    struct mail_change_req r = { .st = st, .hub = hub, .loop = l, .box = *box, .id = *id, .done = done, .ctx = ctx };
    return begin(&r, start_delete);
}
