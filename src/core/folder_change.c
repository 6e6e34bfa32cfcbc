/* A change is worked out on the folders as read, and carried out in one step of the store. */
#include "core/folder_step.h"
#include "core/mail_change.h"
#include "core/mail_tell.h"
#include <string.h>

static void answer_later_run(struct job *j)
{
    struct folder_req *r = CONTAINER_OF(j, struct folder_req, later);
    folder_answer(r, r->err);
}

/* ---- create ---- */

static void create_go(struct folder_req *r)
{
    enum err e = r->err;
    if (e == OK && folder_find(r, r->name) != NULL)
        e = ERR_BUSY;
    struct folder_step *s = e == OK ? folder_step_new(r, FOLDER_NAME_MAX, folder_done) : NULL;
    if (s == NULL) {
        folder_answer(r, e == OK ? ERR_FULL : e);
        return;
    }
    folder_step_parents(s, r->name);
    folder_step_name(s, 0, r->name, (struct str){ 0 });
    s->q->items[s->q->n - 1].set |= r->use == FOLDER_ARCHIVE ? FOLDER_SET_ARCHIVE : 0;
    folder_step_go(s);
}

/* ---- messages of a folder, as many as one request takes, again until there are none ---- */

static void on_uids(struct store_req *q);

static void uids_next(struct folder_req *r)
{
    struct store_list *l = STORE_NEW(list, r, on_uids);
    if (l == NULL) {
        folder_answer(r, ERR_IO);
        return;
    }
    l->box = r->at.opened->box.id;
    l->folder = folder_find(r, r->name)->at.no;
    l->ascending = true;
    l->limit = STORE_IDS_MAX;
    store_submit(r->at.store, r->at.loop, &l->req);
}

static void on_carried(void *ctx, enum err e, const struct store_move *m)
{
    struct folder_req *r = ctx;
    if (e != OK)
        folder_answer(r, e);
    else if (m->rows_n > 0)
        uids_next(r); /* until it is found empty: some may have come meanwhile */
    else
        folder_answer(r, OK);
}

static void delete_go(struct folder_req *r);

static void on_thinned(void *ctx, enum err e, const struct store_delete *d)
{
    (void)d;
    struct folder_req *r = ctx;
    if (e == OK)
        delete_go(r);
    else
        folder_answer(r, e);
}

static void on_uids(struct store_req *q)
{
    struct folder_req *r = q->ctx;
    const struct store_list *l = (const struct store_list *)(void *)q;
    uint32_t *uids = q->err == OK ? arena_array(&q->arena, l->n + 1, sizeof *uids) : NULL;
    if (uids == NULL) {
        folder_answer(r, q->err == OK ? ERR_FULL : q->err);
        return;
    }
    for (size_t i = 0; i < l->n; i++)
        uids[i] = l->rows[i].uid;
    const struct store_pick all = { .uids = uids, .n = l->n, .folder = folder_find(r, r->name)->at.no };
    struct mail_change_req *c = r->to.n > 0 ? mail_move(&r->at, &all, r->now.no, on_carried, r)
                                            : mail_expunge(&r->at, &all, false, on_thinned, r);
    if (c == NULL)
        folder_answer(r, ERR_IO);
}

/* ---- rename ---- */

static void step_tree(struct folder_step *s, const struct folder *top)
{
    const struct folder_req *r = s->r;
    for (size_t i = 0; i < r->n; i++) {
        const struct folder *f = &r->all[i];
        if (!folder_name_below(f->name, r->name))
            continue;
        struct str rest = str_from(f->name, r->name.n);
        struct str name = arena_printf(&s->r->arena, "%.*s%.*s", STR_FMT(r->to), STR_FMT(rest));
        folder_step_name(s, f->at.no, name, f->name);
    }
    folder_step_name(s, top->at.no, r->to, top->name);
}

static enum err rename_check(const struct folder_req *r, const struct folder *from)
{
    if (r->err != OK)
        return r->err;
    if (from == NULL)
        return ERR_GONE;
    if (from->at.no <= FOLDER_FIXED && from->at.no != FOLDER_INBOX)
        return ERR_DENIED;
    if (folder_find(r, r->to) != NULL)
        return ERR_BUSY;
    return from->at.no != FOLDER_INBOX && folder_name_below(r->to, r->name) ? ERR_BAD : OK;
}

static void rename_go(struct folder_req *r)
{
    const struct folder *from = r->err == OK ? folder_find(r, r->name) : NULL;
    enum err e = rename_check(r, from);
    bool inbox = e == OK && from->at.no == FOLDER_INBOX;
    struct folder_step *s =
        e == OK ? folder_step_new(r, r->n + FOLDER_NAME_MAX, inbox ? uids_next : folder_done) : NULL;
    if (s == NULL) {
        folder_answer(r, e == OK ? ERR_FULL : e);
        return;
    }
    folder_step_parents(s, r->to);
    if (inbox)
        folder_step_name(s, 0, r->to, (struct str){ 0 });
    else
        step_tree(s, from);
    folder_step_go(s);
}

/* ---- delete ---- */

static void tell_emptied(struct store_req *q)
{
    const struct folder_req *r = q->ctx;
    const struct store_folder_del *d = (const struct store_folder_del *)(const void *)q;
    mail_tell_gone(r->at.hub, &d->box, d->gone, d->gone_n);
}

static void on_del(struct store_req *q)
{
    struct folder_req *r = q->ctx;
    const struct store_folder_del *d = (const struct store_folder_del *)(const void *)q;
    if (q->err == ERR_FULL) { /* more than one request may delete */
        uids_next(r);
        return;
    }
    if (q->err == OK)
        mail_tell_folder(r->at.hub, &d->box, &r->now, FOLDER_DELETED, r->name, (struct str){ 0 });
    folder_answer(r, q->err == ERR_DENIED ? ERR_GONE : q->err);
}

static void delete_go(struct folder_req *r)
{
    const struct folder *f = r->err == OK ? folder_find(r, r->name) : NULL;
    enum err e = r->err != OK ? r->err : f == NULL ? ERR_GONE : f->at.no <= FOLDER_FIXED ? ERR_DENIED : OK;
    struct store_folder_del *q = e == OK ? STORE_NEW(folder_del, r, on_del) : NULL;
    if (q == NULL) {
        folder_answer(r, e == OK ? ERR_IO : e);
        return;
    }
    r->now = f->at;
    q->req.committed = tell_emptied;
    q->box = r->at.opened->box.id;
    q->no = f->at.no;
    store_submit(r->at.store, r->at.loop, &q->req);
}

/* ---- subscribe ---- */

static bool is_vacant(const struct folder_req *r, const uint8_t hash[NAME_HASH_N])
{
    for (size_t i = 0; i < r->vacant_n; i++)
        if (memcmp(r->vacant[i].name_hash, hash, NAME_HASH_N) == 0)
            return true;
    return false;
}

/* What there is of that name: a folder, or a name that no folder has any more. */
static enum err subscribe_find(struct folder_req *r, struct store_folder_item *it)
{
    const struct folder *f = r->err == OK ? folder_find(r, r->name) : NULL;
    enum err e = r->err;
    *it = (struct store_folder_item){ .set = FOLDER_UNVACANT };
    if (f != NULL) {
        *it = (struct store_folder_item){ .no = f->at.no, .set = FOLDER_SET_SUBSCRIBED, .subscribed = r->on };
        r->now = f->at;
        return OK;
    }
    if (e == OK)
        e = opened_name_hash(r->at.opened, NAME_FOLDER, r->name, it->name_hash);
    if (e == OK && !is_vacant(r, it->name_hash))
        e = ERR_GONE;
    r->now = (struct store_folder){ .subscribed = true };
    return e;
}

static void subscribe_go(struct folder_req *r)
{
    struct store_folder_item it;
    enum err e = subscribe_find(r, &it);
    if (e == OK && r->now.subscribed == r->on) {
        folder_answer(r, OK);
        return;
    }
    struct folder_step *s = e == OK ? folder_step_new(r, 1, folder_done) : NULL;
    if (s == NULL) {
        folder_answer(r, e == OK ? ERR_FULL : e);
        return;
    }
    s->q->items[0] = it;
    s->q->n = 1;
    s->names[0] = r->name;
    folder_step_go(s);
}

/* ---- the calls ---- */

static struct folder_req *begin(const struct mail_at *at, struct str name, void (*go)(struct folder_req *),
                                folder_fn *answered, void *ctx)
{
    struct folder_req *r = folder_req_new(at, ctx);
    if (r == NULL)
        return NULL;
    r->done.one = answered;
    r->go = go;
    r->name = folder_name_canon(&r->arena, str_sub(name, 0, MIN(name.n, (size_t)FOLDER_NAME_MAX + 2)));
    return r;
}

static struct folder_req *start(struct folder_req *r)
{
    r->err = r->name.p == NULL                                                    ? ERR_FULL
             : folder_name_ok(r->name) && (r->to.n == 0 || folder_name_ok(r->to)) ? OK
                                                                                  : ERR_BAD;
    if (r->err == OK)
        r->err = folder_read(r);
    if (r->err != OK) {
        r->later.run = answer_later_run;
        loop_later(r->at.loop, &r->later);
    }
    return r;
}

struct folder_req *folder_create(const struct mail_at *at, struct str name, enum folder_use use, folder_fn *answered,
                                 void *ctx)
{
    struct folder_req *r = begin(at, name, create_go, answered, ctx);
    if (r == NULL)
        return NULL;
    r->use = use;
    return start(r);
}

struct folder_req *folder_rename(const struct mail_at *at, struct str from, struct str to, folder_fn *answered,
                                 void *ctx)
{
    struct folder_req *r = begin(at, from, rename_go, answered, ctx);
    if (r == NULL)
        return NULL;
    r->to = folder_name_canon(&r->arena, str_sub(to, 0, MIN(to.n, (size_t)FOLDER_NAME_MAX + 2)));
    if (r->to.n == 0)
        r->name = (struct str){ "", 0 }; /* no name either: refused as one */
    return start(r);
}

struct folder_req *folder_delete(const struct mail_at *at, struct str name, folder_fn *answered, void *ctx)
{
    struct folder_req *r = begin(at, name, delete_go, answered, ctx);
    return r == NULL ? NULL : start(r);
}

struct folder_req *folder_subscribe(const struct mail_at *at, struct str name, bool on, folder_fn *answered, void *ctx)
{
    struct folder_req *r = begin(at, name, subscribe_go, answered, ctx);
    if (r == NULL)
        return NULL;
    r->on = on;
    return start(r);
}
