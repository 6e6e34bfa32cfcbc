/* Folder by folder, a page of summaries at a time, and no further than needed: the inbox, where it mostly is, first. */
#include "core/mail_find.h"
#include "core/understand.h"
#include "wire/json.h"
#include <stdlib.h>

enum { PAGE = 200, FOLDERS_MAX = FOLDER_FIXED + STORE_FOLDERS_MAX };

struct mail_find {
    struct store *st;
    struct loop *loop;
    struct opened *o;
    struct buf wanted;
    uint32_t folders[FOLDERS_MAX]; /* to be looked through, from at on */
    size_t folders_n, at;
    uint32_t before_uid; /* where to go on in it */
    mail_found_fn *done; /* NULL: cancelled */
    void *ctx;
};

static void answer(struct mail_find *f, enum err e, const struct msg_id *id)
{
    if (f->done)
        f->done(f->ctx, e, id);
    opened_release(f->o);
    buf_fini(&f->wanted);
    free(f);
}

void mail_find_cancel(struct mail_find *f)
{
    if (f)
        f->done = NULL;
}

static bool is_it(const struct mail_find *f, struct str summary)
{
    static const struct str wanted[] = { STR("message_id") };
    AUTO_BUF struct buf text = { .max = SUMMARY_MAX * 4 + 2, .secret = true };
    AUTO_JSON struct json_in j = { 0 };
    struct str id = { 0 };
    buf_putc(&text, '{');
    json_pick(&text, summary, wanted, COUNT(wanted));
    buf_putc(&text, '}');
    return !text.failed && json_parse(&j, buf_str(&text), text.max) == OK &&
           json_get_str(&j, j.root, "message_id", SUMMARY_MAX, &id) && str_eq(id, buf_str(&f->wanted));
}

static void next_page(struct mail_find *f);

static void on_list(void *ctx, enum err e, const struct mail_row *rows, size_t n, bool more)
{
    struct mail_find *f = ctx;
    bool over = e != OK || !f->done;
    for (size_t i = 0; !over && i < n; i++)
        if (is_it(f, rows[i].env)) {
            answer(f, OK, &rows[i].row.id);
            return;
        }
    if (!over && more && n > 0) {
        f->before_uid = rows[n - 1].row.uid;
    } else {
        f->before_uid = 0;
        f->at++;
    }
    if (over || f->at == f->folders_n)
        answer(f, e != OK ? e : ERR_GONE, NULL);
    else
        next_page(f);
}

static void next_page(struct mail_find *f)
{
    const struct mail_query q = { .folder = f->folders[f->at], .limit = PAGE, .before_uid = f->before_uid };
    if (!mail_list(f->st, f->loop, f->o, &q, on_list, f))
        answer(f, ERR_IO, NULL);
}

static void on_folders(struct store_req *q)
{
    struct mail_find *f = q->ctx;
    const struct store_folders *all = (const struct store_folders *)(const void *)q;
    for (size_t i = 0; q->err == OK && i < all->n && f->folders_n < FOLDERS_MAX; i++)
        if (all->folders[i].no != FOLDER_DRAFTS)
            f->folders[f->folders_n++] = all->folders[i].no;
    if (q->err != OK || !f->done || f->folders_n == 0)
        answer(f, q->err != OK ? q->err : ERR_GONE, NULL);
    else
        next_page(f);
}

struct mail_find *mail_find(struct store *st, struct loop *l, struct opened *o, struct str message_id,
                            mail_found_fn *done, void *ctx)
{
    struct mail_find *f = calloc(1, sizeof *f);
    struct store_folders *q = f ? STORE_NEW(folders, f, on_folders) : NULL;
    if (!q) {
        free(f);
        return NULL;
    }
    *f = (struct mail_find){ .st = st, .loop = l, .o = opened_hold(o), .done = done, .ctx = ctx };
    f->wanted = (struct buf){ .max = SUMMARY_MAX, .secret = true };
    buf_put(&f->wanted, message_id);
    q->box = o->box.id;
    store_submit(st, l, &q->req);
    return f;
}
