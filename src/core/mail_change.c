/* A set is one step of the store, told row by row. One message of the REST interface is a set of one: flags first, then
 * its folder, each told by itself. */
#include "core/mail_change.h"
#include "core/mail_tell.h"
#include <stdlib.h>

struct mail_change_req {
    struct store *st;
    struct event_hub *hub;
    struct loop *loop;
    struct box_id box;
    union { /* all NULL once cancelled */
        void *any;
        mail_changed_fn *one;
        mail_flagged_fn *flagged;
        mail_moved_fn *moved;
        mail_expunged_fn *expunged;
    } done;
    void *ctx;
    struct job later;
    /* one message */
    struct msg_id id;
    struct mail_change c;
    struct store_row now; /* after its flags changed, before its folder does */
};

void mail_change_cancel(struct mail_change_req *r)
{
    if (r != NULL)
        r->done.any = NULL;
}

/* ---- requests of the store ---- */

static void tell_flagged(struct store_req *q)
{
    const struct mail_change_req *r = q->ctx;
    const struct store_flag *f = (const struct store_flag *)(const void *)q;
    for (size_t i = 0; i < f->rows_n; i++)
        if (f->how[i] == FLAGGED_CHANGED)
            mail_tell_changed(r->hub, &f->box, &f->rows[i], NULL);
}

static void tell_moved(struct store_req *q)
{
    const struct mail_change_req *r = q->ctx;
    const struct store_move *m = (const struct store_move *)(const void *)q;
    for (size_t i = 0; i < m->rows_n; i++)
        mail_tell_changed(r->hub, &m->box, &m->rows[i], &m->gone[i]);
}

static void tell_deleted(struct store_req *q)
{
    const struct mail_change_req *r = q->ctx;
    const struct store_delete *d = (const struct store_delete *)(const void *)q;
    mail_tell_gone(r->hub, &d->box, d->gone, d->deleted);
}

/* OK, or dropped: memory. */
static enum err submit(struct mail_change_req *r, struct store_req *q, const struct store_pick *from,
                       struct store_pick *to)
{
    if (!store_pick_copy(&q->arena, from, to)) {
        store_req_drop(q);
        return ERR_IO;
    }
    store_submit(r->st, r->loop, q);
    return OK;
}

static enum err ask_flag(struct mail_change_req *r, const struct store_pick *pick, const struct mail_flags *f,
                         void (*done)(struct store_req *))
{
    struct store_flag *q = STORE_NEW(flag, r, done);
    if (q == NULL)
        return ERR_IO;
    q->req.committed = tell_flagged;
    q->box = r->box;
    q->set = f->set;
    q->clear = f->clear;
    q->conditional = f->conditional;
    q->unchanged_since = f->unchanged_since;
    return submit(r, &q->req, pick, &q->pick);
}

static enum err ask_move(struct mail_change_req *r, const struct store_pick *pick, uint32_t folder,
                         void (*done)(struct store_req *))
{
    struct store_move *q = STORE_NEW(move, r, done);
    if (q == NULL)
        return ERR_IO;
    q->req.committed = tell_moved;
    q->box = r->box;
    q->folder = folder;
    return submit(r, &q->req, pick, &q->pick);
}

static enum err ask_delete(struct mail_change_req *r, const struct store_pick *pick, bool only_deleted,
                           void (*done)(struct store_req *))
{
    struct store_delete *q = STORE_NEW(delete, r, done);
    if (q == NULL)
        return ERR_IO;
    q->req.committed = tell_deleted;
    q->box = r->box;
    q->only_deleted = only_deleted;
    return submit(r, &q->req, pick, &q->pick);
}

/* ---- a set ---- */

static void on_flagged(struct store_req *q)
{
    struct mail_change_req *r = q->ctx;
    const struct store_flag *f = (const struct store_flag *)(void *)q;
    if (r->done.any != NULL)
        r->done.flagged(r->ctx, q->err, f);
    free(r);
}

static void on_moved(struct store_req *q)
{
    struct mail_change_req *r = q->ctx;
    const struct store_move *m = (const struct store_move *)(void *)q;
    if (r->done.any != NULL)
        r->done.moved(r->ctx, q->err, m);
    free(r);
}

static void on_expunged(struct store_req *q)
{
    struct mail_change_req *r = q->ctx;
    const struct store_delete *d = (const struct store_delete *)(void *)q;
    if (r->done.any != NULL)
        r->done.expunged(r->ctx, q->err, d);
    free(r);
}

static struct mail_change_req *set_new(const struct mail_at *at, void *ctx)
{
    struct mail_change_req *r = calloc(1, sizeof *r);
    if (r == NULL)
        return NULL;
    *r = (struct mail_change_req){
        .st = at->store, .hub = at->hub, .loop = at->loop, .box = at->opened->box.id, .ctx = ctx
    };
    return r;
}

/* The caller then has no request, and so no answer. */
static struct mail_change_req *begun(struct mail_change_req *r, enum err e)
{
    if (e == OK)
        return r;
    free(r);
    return NULL;
}

struct mail_change_req *mail_flag(const struct mail_at *at, const struct store_pick *pick, const struct mail_flags *f,
                                  mail_flagged_fn *done, void *ctx)
{
    struct mail_change_req *r = set_new(at, ctx);
    if (r == NULL)
        return NULL;
    r->done.flagged = done;
    return begun(r, ask_flag(r, pick, f, on_flagged));
}

struct mail_change_req *mail_move(const struct mail_at *at, const struct store_pick *pick, uint32_t folder,
                                  mail_moved_fn *done, void *ctx)
{
    struct mail_change_req *r = set_new(at, ctx);
    if (r == NULL)
        return NULL;
    r->done.moved = done;
    return begun(r, ask_move(r, pick, folder, on_moved));
}

struct mail_change_req *mail_expunge(const struct mail_at *at, const struct store_pick *pick, bool only_deleted,
                                     mail_expunged_fn *done, void *ctx)
{
    struct mail_change_req *r = set_new(at, ctx);
    if (r == NULL)
        return NULL;
    r->done.expunged = done;
    return begun(r, ask_delete(r, pick, only_deleted, on_expunged));
}

/* ---- one message ---- */

static void answer(struct mail_change_req *r, enum err e, const struct store_row *now)
{
    if (r->done.any != NULL)
        r->done.one(r->ctx, e, now);
    free(r);
}

static void on_one_deleted(struct store_req *q)
{
    struct mail_change_req *r = q->ctx;
    const struct store_delete *d = (const struct store_delete *)(void *)q;
    answer(r, q->err == OK && d->deleted == 0 ? ERR_GONE : q->err, NULL);
}

static void on_one_moved(struct store_req *q)
{
    struct mail_change_req *r = q->ctx;
    const struct store_move *m = (const struct store_move *)(void *)q;
    if (q->err == OK && m->rows_n > 0) /* else it is there already, or just went */
        r->now = m->rows[0];
    answer(r, q->err, q->err == OK ? &r->now : NULL);
}

static void on_one_flagged(struct store_req *q)
{
    struct mail_change_req *r = q->ctx;
    const struct store_flag *f = (const struct store_flag *)(void *)q;
    if (q->err != OK || f->rows_n == 0) {
        answer(r, q->err == OK ? ERR_GONE : q->err, NULL);
        return;
    }
    r->now = f->rows[0];
    bool moves = r->c.folder != 0 && r->c.folder != r->now.folder;
    enum err e = moves ? ask_move(r, &(struct store_pick){ .ids = &r->id, .n = 1 }, r->c.folder, on_one_moved) : OK;
    if (!moves || e != OK)
        answer(r, e, e == OK ? &r->now : NULL);
}

static void start_change(struct job *j)
{
    struct mail_change_req *r = CONTAINER_OF(j, struct mail_change_req, later);
    const struct mail_flags f = { .set = r->c.set, .clear = r->c.clear };
    enum err e = ask_flag(r, &(struct store_pick){ .ids = &r->id, .n = 1 }, &f, on_one_flagged);
    if (e != OK)
        answer(r, e, NULL);
}

static void start_delete(struct job *j)
{
    struct mail_change_req *r = CONTAINER_OF(j, struct mail_change_req, later);
    enum err e = ask_delete(r, &(struct store_pick){ .ids = &r->id, .n = 1 }, false, on_one_deleted);
    if (e != OK)
        answer(r, e, NULL);
}

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
        .st = st, .hub = hub, .loop = l, .box = *box, .id = *id, .c = *c, .done.one = done, .ctx = ctx
    };
    return begin(&r, start_change);
}

struct mail_change_req *mail_delete(struct store *st, struct event_hub *hub, struct loop *l, const struct box_id *box,
                                    const struct msg_id *id, mail_changed_fn *done, void *ctx)
{
    struct mail_change_req r = {
        .st = st, .hub = hub, .loop = l, .box = *box, .id = *id, .done.one = done, .ctx = ctx
    };
    return begin(&r, start_delete);
}
