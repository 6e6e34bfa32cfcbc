/* Steps that are due run one after the other: flags, folder, then a look at how it stands, which is what listeners and
 * the asker are told. */
#include "core/mail_change.h"
#include <stdlib.h>
#include <string.h>

enum { DELETES_AT_ONCE = 1000 }; /* of one request to the store; other boxes wait for it */

struct mail_change_req {
    struct store *st;
    struct event_hub *hub;
    struct loop *loop;
    struct box_id box;
    struct msg_id id;
    struct mail_change c;
    struct msg_id *ids; /* to be deleted, and how far that has come */
    size_t ids_n, at, step_n;
    uint64_t deleted;
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
    free(r->ids);
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

static void delete (struct mail_change_req *r);

static void on_deleted(struct store_req *q)
{
    struct mail_change_req *r = q->ctx;
    const struct store_delete *d = (const struct store_delete *)(void *)q;
    if (q->err != OK) {
        answer(r, q->err, NULL);
        return;
    }
    for (size_t i = 0; d->deleted > 0 && i < r->step_n; i++)
        tell(r, EVENT_MESSAGE_GONE, &(struct store_row){ .id = r->ids[r->at + i], .modseq = d->modseq });
    r->deleted += d->deleted;
    r->at += r->step_n;
    if (r->at < r->ids_n)
        delete (r);
    else
        answer(r, r->deleted > 0 ? OK : ERR_GONE, NULL);
}

static void delete (struct mail_change_req *r)
{
    struct store_delete *d = STORE_NEW(delete, r, on_deleted);
    r->step_n = MIN(r->ids_n - r->at, (size_t)DELETES_AT_ONCE);
    struct msg_id *ids = d == NULL ? NULL : arena_array(&d->req.arena, r->step_n, sizeof *ids);
    if (ids == NULL) {
        if (d != NULL)
            store_req_drop(&d->req);
        answer(r, ERR_IO, NULL);
        return;
    }
    memcpy(ids, r->ids + r->at, r->step_n * sizeof *ids);
    d->box = r->box;
<<<<<<< .merge_file_tjH11B
    d->pick = (struct store_pick){ .ids = id, .n = 1 };
=======
    d->ids = ids;
    d->n = r->step_n;
>>>>>>> .merge_file_buqeHE
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

struct mail_change_req *mail_delete_all(struct store *st, struct event_hub *hub, struct loop *l,
                                        const struct box_id *box, const struct msg_id *ids, size_t n,
                                        mail_changed_fn *done, void *ctx)
{
    struct mail_change_req want = { .st = st, .hub = hub, .loop = l, .box = *box, .done = done, .ctx = ctx };
    want.ids = malloc(n * sizeof *ids);
    want.ids_n = n;
    if (want.ids == NULL)
        return NULL;
    memcpy(want.ids, ids, n * sizeof *ids);
    struct mail_change_req *r = begin(&want, start_delete);
    if (r == NULL)
        free(want.ids);
    return r;
}

struct mail_change_req *mail_delete(struct store *st, struct event_hub *hub, struct loop *l, const struct box_id *box,
                                    const struct msg_id *id, mail_changed_fn *done, void *ctx)
{
    return mail_delete_all(st, hub, l, box, id, 1, done, ctx);
}
