/* A change is worked out on the folders as read and carried out in one step of the store; should somebody have changed
 * them in between, so that the step does not fit any more, all is read and worked out again. */
#include "core/folder_req.h"
#include "core/mail_change.h"
#include "core/mail_tell.h"
#include <stdlib.h>
#include <string.h>

enum { TRIES_MAX = 3 };

static void answer(struct folder_req *r, enum err e)
{
    if (r->done.any != NULL)
        r->done.one(r->ctx, e, e == OK ? &r->now : NULL);
    folder_req_free(r);
}

static void answer_later_run(struct job *j)
{
    struct folder_req *r = CONTAINER_OF(j, struct folder_req, later);
    answer(r, r->err);
}

static void read_again(struct folder_req *r)
{
    enum err e = ++r->tries < TRIES_MAX ? folder_read(r) : ERR_BUSY;
    if (e != OK)
        answer(r, e);
}

/* ---- a step: new names, told when it is done ---- */

struct step {
    struct folder_req *r;
    struct store_folder_put *q;
    struct str *names, *were; /* of each item; were: empty: it is new */
    void (*then)(struct folder_req *r);
    enum err err; /* while it is put together */
};

static void item_tell(const struct step *s, size_t i)
{
    const struct mail_at *at = &s->r->at;
    const struct store_folder_item *it = &s->q->items[i];
    bool made = it->no == 0, named = it->set & FOLDER_SET_NAME;
    enum event_folder change = made             ? FOLDER_MADE
                               : named          ? FOLDER_RENAMED
                               : it->subscribed ? FOLDER_SUBSCRIBED
                                                : FOLDER_UNSUBSCRIBED;
    mail_tell_folder(at->hub, &at->opened->box.id, &it->folder, change, s->names[i], s->were[i]);
}

/* What is above comes first: of those made it is the first item, of those renamed the last. */
static void step_tell(const struct step *s)
{
    for (size_t i = 0; i < s->q->n; i++)
        if (s->q->items[i].no == 0)
            item_tell(s, i);
    for (size_t i = s->q->n; i-- > 0;)
        if (s->q->items[i].no != 0)
            item_tell(s, i);
}

static void on_put(struct store_req *q)
{
    struct step *s = q->ctx;
    struct folder_req *r = s->r;
    if (q->err == ERR_DENIED) { /* one of them was deleted meanwhile */
        read_again(r);
        return;
    }
    if (q->err != OK) {
        answer(r, q->err);
        return;
    }
    step_tell(s);
    r->now = s->q->items[s->q->n - 1].folder; /* what it was about is put last */
    s->then(r);
}

static struct step *step_new(struct folder_req *r, size_t items_max, void (*then)(struct folder_req *))
{
    struct step *s = arena_new(&r->arena, struct step);
    if (s == NULL)
        return NULL;
    *s = (struct step){ .r = r, .then = then };
    s->names = arena_array(&r->arena, items_max, sizeof *s->names);
    s->were = arena_array(&r->arena, items_max, sizeof *s->were);
    s->q = STORE_NEW(folder_put, s, on_put);
    if (s->q != NULL)
        s->q->items = arena_array(&s->q->req.arena, items_max, sizeof *s->q->items);
    if (s->q != NULL && (s->q->items == NULL || s->names == NULL || s->were == NULL)) {
        store_req_drop(&s->q->req);
        s->q = NULL;
    }
    return s->q == NULL ? NULL : s;
}

/* no 0: a new one. */
static void step_name(struct step *s, uint32_t no, struct str name, struct str was)
{
    AUTO_BUF struct buf sealed = { .max = STORE_NAME_MAX };
    size_t i = s->q->n++;
    struct store_folder_item *it = &s->q->items[i];
    *it = (struct store_folder_item){ .no = no, .set = FOLDER_SET_NAME };
    s->names[i] = name;
    s->were[i] = was;
    enum err e = folder_name_ok(name) ? opened_name_hash(s->r->at.opened, NAME_FOLDER, name, it->name_hash) : ERR_BAD;
    if (e == OK)
        e = opened_name_seal(s->r->at.opened, it->name_hash, name, &sealed);
    it->sealed = arena_dup(&s->q->req.arena, buf_str(&sealed));
    if (e == OK && it->sealed.p == NULL)
        e = ERR_FULL;
    if (s->err == OK)
        s->err = e;
}

/* Every level above that is not there yet. */
static void step_parents(struct step *s, struct str name)
{
    for (size_t i = 0; i < name.n; i++) {
        struct str above = str_sub(name, 0, i);
        if (name.p[i] == '/' && folder_find(s->r, above) == NULL)
            step_name(s, 0, above, (struct str){ 0 });
    }
}

static void step_go(struct step *s)
{
    struct folder_req *r = s->r;
    if (s->err != OK) {
        store_req_drop(&s->q->req);
        answer(r, s->err);
        return;
    }
    s->q->box = r->at.opened->box.id;
    store_submit(r->at.store, r->at.loop, &s->q->req);
}

static void done(struct folder_req *r) { answer(r, OK); }

/* ---- create ---- */

static void create_go(struct folder_req *r)
{
    enum err e = r->err;
    if (e == OK && folder_find(r, r->name) != NULL)
        e = ERR_BUSY;
    struct step *s = e == OK ? step_new(r, FOLDER_NAME_MAX, done) : NULL;
    if (s == NULL) {
        answer(r, e == OK ? ERR_FULL : e);
        return;
    }
    step_parents(s, r->name);
    step_name(s, 0, r->name, (struct str){ 0 });
    s->q->items[s->q->n - 1].set |= r->use == FOLDER_ARCHIVE ? FOLDER_SET_ARCHIVE : 0;
    step_go(s);
}

/* ---- messages of a folder, as many as one request takes, again until there are none ---- */

static void on_uids(struct store_req *q);

static void uids_next(struct folder_req *r)
{
    struct store_list *l = STORE_NEW(list, r, on_uids);
    if (l == NULL) {
        answer(r, ERR_IO);
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
        answer(r, e);
    else if (m->rows_n > 0)
        uids_next(r); /* until it is found empty: some may have come meanwhile */
    else
        answer(r, OK);
}

static void delete_go(struct folder_req *r);

static void on_thinned(void *ctx, enum err e, const struct store_delete *d)
{
    (void)d;
    struct folder_req *r = ctx;
    if (e == OK)
        delete_go(r);
    else
        answer(r, e);
}

static void on_uids(struct store_req *q)
{
    struct folder_req *r = q->ctx;
    const struct store_list *l = (const struct store_list *)(void *)q;
    uint32_t *uids = q->err == OK ? arena_array(&q->arena, l->n + 1, sizeof *uids) : NULL;
    if (uids == NULL) {
        answer(r, q->err == OK ? ERR_FULL : q->err);
        return;
    }
    for (size_t i = 0; i < l->n; i++)
        uids[i] = l->rows[i].uid;
    const struct store_pick all = { .uids = uids, .n = l->n, .folder = folder_find(r, r->name)->at.no };
    struct mail_change_req *c = r->to.n > 0 ? mail_move(&r->at, &all, r->now.no, on_carried, r)
                                            : mail_expunge(&r->at, &all, false, on_thinned, r);
    if (c == NULL)
        answer(r, ERR_IO);
}

/* ---- rename ---- */

static void step_tree(struct step *s, const struct folder *top)
{
    const struct folder_req *r = s->r;
    for (size_t i = 0; i < r->n; i++) {
        const struct folder *f = &r->all[i];
        if (!folder_name_below(f->name, r->name))
            continue;
        struct str rest = str_from(f->name, r->name.n);
        struct str name = arena_printf(&s->r->arena, "%.*s%.*s", STR_FMT(r->to), STR_FMT(rest));
        step_name(s, f->at.no, name, f->name);
    }
    step_name(s, top->at.no, r->to, top->name);
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
    struct step *s = e == OK ? step_new(r, r->n + FOLDER_NAME_MAX, inbox ? uids_next : done) : NULL;
    if (s == NULL) {
        answer(r, e == OK ? ERR_FULL : e);
        return;
    }
    step_parents(s, r->to);
    if (inbox)
        step_name(s, 0, r->to, (struct str){ 0 });
    else
        step_tree(s, from);
    step_go(s);
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
    answer(r, q->err == ERR_DENIED ? ERR_GONE : q->err);
}

static void delete_go(struct folder_req *r)
{
    const struct folder *f = r->err == OK ? folder_find(r, r->name) : NULL;
    enum err e = r->err != OK ? r->err : f == NULL ? ERR_GONE : f->at.no <= FOLDER_FIXED ? ERR_DENIED : OK;
    struct store_folder_del *q = e == OK ? STORE_NEW(folder_del, r, on_del) : NULL;
    if (q == NULL) {
        answer(r, e == OK ? ERR_IO : e);
        return;
    }
    r->now = f->at;
    q->req.committed = tell_emptied;
    q->box = r->at.opened->box.id;
    q->no = f->at.no;
    store_submit(r->at.store, r->at.loop, &q->req);
}

/* ---- subscribe ---- */

static void subscribe_go(struct folder_req *r)
{
    const struct folder *f = r->err == OK ? folder_find(r, r->name) : NULL;
    enum err e = r->err != OK ? r->err : f == NULL ? ERR_GONE : OK;
    if (e == OK && f->at.subscribed == r->on) {
        r->now = f->at;
        answer(r, OK);
        return;
    }
    struct step *s = e == OK ? step_new(r, 1, done) : NULL;
    if (s == NULL) {
        answer(r, e == OK ? ERR_FULL : e);
        return;
    }
    s->q->items[0] = (struct store_folder_item){ .no = f->at.no, .set = FOLDER_SET_SUBSCRIBED, .subscribed = r->on };
    s->q->n = 1;
    s->names[0] = r->name;
    step_go(s);
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
