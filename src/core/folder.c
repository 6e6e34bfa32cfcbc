/* Folders are read whole and their names kept with the opened box, so the next list opens none of them again. */
#include "core/folder.h"
#include "core/folder_req.h"
#include <stdlib.h>
#include <string.h>

enum { ARENA_MAX = 1024 * 1024 };

struct folder_req *folder_req_new(const struct mail_at *at, void *ctx)
{
    struct folder_req *r = calloc(1, sizeof *r);
    if (r == NULL)
        return NULL;
    r->at = *at;
    r->at.opened = opened_hold(at->opened);
    r->ctx = ctx;
    arena_init(&r->arena, ARENA_MAX);
    r->arena.secret = true;
    return r;
}

void folder_req_free(struct folder_req *r)
{
    arena_reset(&r->arena);
    opened_release(r->at.opened);
    free(r);
}

void folder_cancel(struct folder_req *r)
{
    if (r != NULL)
        r->done.any = NULL;
}

/* ---- reading ---- */

/* A name that does not open hides nothing but itself. */
static enum err name_of(struct folder_req *r, const struct store_folder *f, struct str *name)
{
    if (f->no <= FOLDER_FIXED) {
        *name = str_c(folder_fixed_name(f->no));
        return OK;
    }
    enum err e = opened_name_learn(r->at.opened, NAME_FOLDER, f->no, f->name_hash, f->sealed, name);
    if (e == ERR_BAD)
        *name = arena_printf(&r->arena, "folder-%u", (unsigned)f->no);
    else if (e == OK)
        *name = arena_dup(&r->arena, *name);
    return e == ERR_BAD || e == OK ? (name->p == NULL ? ERR_FULL : OK) : e;
}

/* One that does not open is nobody's. */
static enum err take_vacant(struct folder_req *r, const struct store_vacant *v)
{
    AUTO_BUF struct buf plain = { .max = STORE_NAME_MAX, .secret = true };
    enum err e = opened_name_open(r->at.opened, v->name_hash, v->sealed, &plain);
    if (e != OK)
        return e == ERR_BAD ? OK : e;
    struct folder *f = &r->all[r->n++];
    *f = (struct folder){ .name = arena_dup(&r->arena, buf_str(&plain)), .at.subscribed = true };
    return f->name.p == NULL ? ERR_FULL : OK;
}

static int by_name(const void *a, const void *b)
{
    return str_cmp(((const struct folder *)a)->name, ((const struct folder *)b)->name);
}

static enum err take_all(struct folder_req *r, const struct store_folders *q)
{
    r->all = arena_array(&r->arena, q->n + q->vacant_n + 1, sizeof *r->all);
    r->modseq = q->modseq;
    r->vacant = q->vacant;
    r->vacant_n = q->vacant_n;
    if (r->all == NULL)
        return ERR_FULL;
    for (r->n = 0; r->n < q->n; r->n++) {
        struct folder *f = &r->all[r->n];
        f->at = q->folders[r->n];
        enum err e = name_of(r, &f->at, &f->name);
        f->at.sealed = (struct str){ 0 };
        if (e != OK)
            return e;
    }
    for (size_t i = 0; r->want_vacant && i < q->vacant_n; i++) {
        enum err e = take_vacant(r, &q->vacant[i]);
        if (e != OK)
            return e;
    }
    if (r->n > FOLDER_FIXED)
        qsort(r->all + FOLDER_FIXED, r->n - FOLDER_FIXED, sizeof *r->all, by_name);
    r->at.opened->folders_known = true;
    return OK;
}

static void on_folders(struct store_req *q)
{
    struct folder_req *r = q->ctx;
    r->err = r->at.opened->gone ? ERR_GONE : q->err;
    if (r->err == OK)
        r->err = take_all(r, (const struct store_folders *)(void *)q);
    r->go(r);
}

enum err folder_read(struct folder_req *r)
{
    struct store_folders *q = STORE_NEW(folders, r, on_folders);
    if (q == NULL)
        return ERR_IO;
    q->box = r->at.opened->box.id;
    store_submit(r->at.store, r->at.loop, &q->req);
    return OK;
}

const struct folder *folder_find(const struct folder_req *r, struct str name)
{
    for (size_t i = 0; i < r->n; i++)
        if (str_eq(r->all[i].name, name))
            return &r->all[i];
    return NULL;
}

static void list_answer(struct folder_req *r)
{
    if (r->done.any != NULL)
        r->done.list(r->ctx, r->err, r->all, r->err == OK ? r->n : 0, r->modseq);
    folder_req_free(r);
}

static struct folder_req *list(const struct mail_at *at, bool vacant, folder_list_fn *done, void *ctx)
{
    struct folder_req *r = folder_req_new(at, ctx);
    if (r == NULL)
        return NULL;
    r->done.list = done;
    r->go = list_answer;
    r->want_vacant = vacant;
    if (folder_read(r) == OK)
        return r;
    folder_req_free(r);
    return NULL;
}

struct folder_req *folder_list(const struct mail_at *at, folder_list_fn *done, void *ctx)
{
    return list(at, false, done, ctx);
}

struct folder_req *folder_list_vacant(const struct mail_at *at, folder_list_fn *done, void *ctx)
{
    return list(at, true, done, ctx);
}

/* ---- what is known without asking ---- */

struct str folder_name(const struct opened *o, uint32_t no)
{
    const char *fixed = folder_fixed_name(no);
    return fixed != NULL ? str_c(fixed) : opened_name_of(o, NAME_FOLDER, no);
}

uint32_t folder_no(const struct opened *o, struct str name)
{
    uint32_t no = folder_fixed_no(name);
    return no != 0 ? no : opened_name_no(o, NAME_FOLDER, name);
}

bool folder_names_known(const struct opened *o) { return o->folders_known; }
