/* The names that are kept with the opened box answer most questions; the store is asked for what is not among them. */
#include "core/keyword.h"
#include <stdlib.h>

enum { ARENA_MAX = 64 * 1024 };

struct keyword_req {
    struct mail_at at; /* a reference to opened */
    union {            /* all NULL once cancelled */
        void *any;
        keyword_list_fn *list;
        keyword_fn *put;
    } done;
    void *ctx;
    struct arena arena;
    struct job later;
    struct str *names; /* to be put, and how far that is */
    size_t n, i;
    uint32_t flags;
};

static struct keyword_req *req_new(const struct mail_at *at, void *ctx)
{
    struct keyword_req *r = calloc(1, sizeof *r);
    if (r == NULL)
        return NULL;
    r->at = *at;
    r->at.opened = opened_hold(at->opened);
    r->ctx = ctx;
    arena_init(&r->arena, ARENA_MAX);
    r->arena.secret = true;
    return r;
}

static void req_free(struct keyword_req *r)
{
    arena_reset(&r->arena);
    opened_release(r->at.opened);
    free(r);
}

void keyword_cancel(struct keyword_req *r)
{
    if (r != NULL)
        r->done.any = NULL;
}

struct str keyword_name(const struct opened *o, uint32_t flag) { return opened_name_of(o, NAME_KEYWORD, flag); }

/* ---- list ---- */

static void list_answer(struct keyword_req *r, enum err e, const struct keyword *all, size_t n)
{
    if (r->done.any != NULL)
        r->done.list(r->ctx, e, all, n);
    req_free(r);
}

/* One that does not open is left out. */
static void on_keywords(struct store_req *q)
{
    struct keyword_req *r = q->ctx;
    const struct store_keywords *k = (const struct store_keywords *)(void *)q;
    struct keyword all[STORE_KEYWORDS_MAX];
    size_t n = 0;
    enum err e = r->at.opened->gone ? ERR_GONE : q->err;
    for (size_t i = 0; i < k->n && e == OK; i++) {
        struct str name;
        e = opened_name_learn(r->at.opened, NAME_KEYWORD, k->keywords[i].flag, k->keywords[i].name_hash,
                              k->keywords[i].sealed, &name);
        if (e == OK)
            all[n++] = (struct keyword){ .flag = k->keywords[i].flag, .name = arena_dup(&r->arena, name) };
        else if (e == ERR_BAD)
            e = OK;
    }
    list_answer(r, e, all, e == OK ? n : 0);
}

struct keyword_req *keyword_list(const struct mail_at *at, keyword_list_fn *done, void *ctx)
{
    struct keyword_req *r = req_new(at, ctx);
    struct store_keywords *q = r == NULL ? NULL : STORE_NEW(keywords, r, on_keywords);
    if (q == NULL) {
        if (r != NULL)
            req_free(r);
        return NULL;
    }
    r->done.list = done;
    q->box = at->opened->box.id;
    store_submit(at->store, at->loop, &q->req);
    return r;
}

/* ---- put ---- */

static void put_answer(struct keyword_req *r, enum err e)
{
    if (r->done.any != NULL)
        r->done.put(r->ctx, e, r->flags);
    req_free(r);
}

static void put_next(struct keyword_req *r);

static void on_put(struct store_req *q)
{
    struct keyword_req *r = q->ctx;
    const struct store_keyword_put *p = (const struct store_keyword_put *)(void *)q;
    if (q->err != OK) {
        put_answer(r, q->err);
        return;
    }
    r->flags |= p->keyword.flag;
    if (p->made)
        opened_name_keep(r->at.opened, NAME_KEYWORD, p->keyword.flag, r->names[r->i]);
    r->i++;
    put_next(r);
}

static enum err put_submit(struct keyword_req *r, struct str name)
{
    AUTO_BUF struct buf sealed = { .max = STORE_NAME_MAX };
    struct store_keyword_put *q = STORE_NEW(keyword_put, r, on_put);
    if (q == NULL)
        return ERR_IO;
    enum err e = opened_name_hash(r->at.opened, NAME_KEYWORD, name, q->keyword.name_hash);
    if (e == OK)
        e = opened_name_seal(r->at.opened, q->keyword.name_hash, name, &sealed);
    q->keyword.sealed = arena_dup(&q->req.arena, buf_str(&sealed));
    if (e != OK || q->keyword.sealed.p == NULL) {
        store_req_drop(&q->req);
        return e == OK ? ERR_FULL : e;
    }
    q->box = r->at.opened->box.id;
    store_submit(r->at.store, r->at.loop, &q->req);
    return OK;
}

static void put_next(struct keyword_req *r)
{
    if (r->i == r->n) {
        put_answer(r, OK);
        return;
    }
    struct str name = r->names[r->i];
    enum err e = name.n == 0 || name.n > KEYWORD_NAME_MAX ? ERR_BAD : put_submit(r, name);
    if (e != OK)
        put_answer(r, e);
}

static void put_start(struct job *j) { put_next(CONTAINER_OF(j, struct keyword_req, later)); }

struct keyword_req *keyword_put(const struct mail_at *at, const struct str *names, size_t n, keyword_fn *done,
                                void *ctx)
{
    struct keyword_req *r = req_new(at, ctx);
    if (r == NULL)
        return NULL;
    r->done.put = done;
    r->names = arena_array(&r->arena, n + 1, sizeof *r->names);
    for (; r->names != NULL && r->n < n; r->n++) {
        r->names[r->n] = arena_dup(&r->arena, names[r->n]);
        if (r->names[r->n].p == NULL)
            break;
    }
    if (r->n < n) {
        req_free(r);
        return NULL;
    }
    r->later.run = put_start;
    loop_later(at->loop, &r->later);
    return r;
}
