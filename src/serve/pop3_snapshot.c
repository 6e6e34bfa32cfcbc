/* The store lists a page at a time; the next one is asked for behind the last uid of the one before. */
#include "serve/pop3_snapshot.h"
#include <stdlib.h>

enum { PAGE_ROWS = 1000 };

struct pop3_snapshot {
    struct store *st;
    struct loop *loop;
    struct box_id box;
    struct store_req *pending;
    struct pop3_msg *msgs;
    size_t n;
    uint32_t after_uid;
    pop3_snapshot_fn *done;
    void *ctx;
};

static void answer(struct pop3_snapshot *s, enum err e)
{
    if (e != OK) {
        free(s->msgs);
        s->msgs = NULL;
        s->n = 0;
    }
    s->done(s->ctx, e, s->msgs, s->n);
    free(s);
}

static bool keep(struct pop3_snapshot *s, const struct store_list *l)
{
    struct pop3_msg *more = reallocarray(s->msgs, s->n + l->n, sizeof *more);
    if (!more)
        return false;
    for (size_t i = 0; i < l->n; i++)
        more[s->n + i] = (struct pop3_msg){ .id = l->rows[i].id, .size = l->rows[i].size };
    s->msgs = more;
    s->n += l->n;
    s->after_uid = l->rows[l->n - 1].uid;
    return true;
}

static bool ask(struct pop3_snapshot *s);

static void on_list(struct store_req *q)
{
    struct pop3_snapshot *s = q->ctx;
    const struct store_list *l = (const struct store_list *)(void *)q;
    s->pending = NULL;
    enum err e = q->err;
    if (e == OK && l->n > 0 && !keep(s, l))
        e = ERR_IO;
    if (e != OK || !l->more || l->n == 0)
        answer(s, e);
    else if (!ask(s))
        answer(s, ERR_IO);
}

static bool ask(struct pop3_snapshot *s)
{
    struct store_list *l = STORE_NEW(list, s, on_list);
    if (!l)
        return false;
    l->box = s->box;
    l->folder = FOLDER_INBOX;
    l->ascending = true;
    l->after_uid = s->after_uid;
    l->limit = PAGE_ROWS;
    s->pending = &l->req;
    store_submit(s->st, s->loop, &l->req);
    return true;
}

struct pop3_snapshot *pop3_snapshot_new(struct store *st, struct loop *l, const struct box_id *box,
                                        pop3_snapshot_fn *done, void *ctx)
{
    struct pop3_snapshot *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    *s = (struct pop3_snapshot){ .st = st, .loop = l, .box = *box, .done = done, .ctx = ctx };
    if (ask(s))
        return s;
    free(s);
    return NULL;
}

void pop3_snapshot_cancel(struct pop3_snapshot *s)
{
    if (!s)
        return;
    if (s->pending)
        store_cancel(s->pending);
    free(s->msgs);
    free(s);
}
