#include "base/secret.h"
#include "core/outq_queue.h"
#include <string.h>

static void on_found(struct store_req *q)
{
    struct outq_lease *l = q->ctx;
    const struct store_find *f = (const struct store_find *)(const void *)q;
    l->pending = NULL;
    l->cell = q->err == OK ? secret_new() : NULL;
    if (l->cell)
        memcpy(l->cell, f->lease, KEY_N);
    l->ready(l, q->err == OK && !l->cell ? ERR_BUSY : q->err);
}

enum err outq_lease_get(struct outq_lease *l, struct outq_run *r, const struct outq_item *it)
{
    struct store_find *f = STORE_NEW(find, l, on_found);
    if (!f)
        return ERR_BUSY;
    f->by_id = true;
    f->id = it->box;
    l->pending = &f->req;
    store_submit(r->store, r->loop, &f->req);
    return OK;
}

void outq_lease_end(struct outq_lease *l)
{
    if (l->pending)
        store_cancel(l->pending);
    secret_free(l->cell);
    *l = (struct outq_lease){ 0 };
}
