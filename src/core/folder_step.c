#include "core/folder_step.h"
#include "core/mail_tell.h"

enum { TRIES_MAX = 3 };

void folder_answer(struct folder_req *r, enum err e)
{
    if (r->done.any != NULL)
        r->done.one(r->ctx, e, e == OK ? &r->now : NULL);
    folder_req_free(r);
}

static void read_again(struct folder_req *r)
{
    enum err e = ++r->tries < TRIES_MAX ? folder_read(r) : ERR_BUSY;
    if (e != OK)
        folder_answer(r, e);
}

static void item_tell(const struct folder_step *s, size_t i)
{
    const struct mail_at *at = &s->r->at;
    const struct store_folder_item *it = &s->q->items[i];
    bool named = it->set & FOLDER_SET_NAME, made = named && it->no == 0;
    enum event_folder change = made             ? FOLDER_MADE
                               : named          ? FOLDER_RENAMED
                               : it->subscribed ? FOLDER_SUBSCRIBED
                                                : FOLDER_UNSUBSCRIBED;
    mail_tell_folder(at->hub, &at->opened->box.id, &it->folder, change, s->names[i], s->were[i]);
}

/* What is above comes first: of those made it is the first item, of those renamed the last. */
static void step_tell(const struct folder_step *s)
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
    struct folder_step *s = q->ctx;
    struct folder_req *r = s->r;
    if (q->err == ERR_DENIED) { /* one of them was deleted meanwhile */
        read_again(r);
        return;
    }
    if (q->err != OK) {
        folder_answer(r, q->err);
        return;
    }
    step_tell(s);
    r->now = s->q->items[s->q->n - 1].folder; /* what it was about is put last */
    s->then(r);
}

struct folder_step *folder_step_new(struct folder_req *r, size_t items_max, void (*then)(struct folder_req *))
{
    struct folder_step *s = arena_new(&r->arena, struct folder_step);
    if (s == NULL)
        return NULL;
    *s = (struct folder_step){ .r = r, .then = then };
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
void folder_step_name(struct folder_step *s, uint32_t no, struct str name, struct str was)
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
void folder_step_parents(struct folder_step *s, struct str name)
{
    for (size_t i = 0; i < name.n; i++) {
        struct str above = str_sub(name, 0, i);
        if (name.p[i] == '/' && folder_find(s->r, above) == NULL)
            folder_step_name(s, 0, above, (struct str){ 0 });
    }
}

void folder_step_go(struct folder_step *s)
{
    struct folder_req *r = s->r;
    if (s->err != OK) {
        store_req_drop(&s->q->req);
        folder_answer(r, s->err);
        return;
    }
    s->q->box = r->at.opened->box.id;
    store_submit(r->at.store, r->at.loop, &s->q->req);
}

void folder_done(struct folder_req *r) { folder_answer(r, OK); }
