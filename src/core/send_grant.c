#include "core/send_grant.h"
#include <stdlib.h>

struct granting {
    struct send_shared *shared;
    send_grant_fn *done;
    void *ctx;
};

static void on_changed(struct store_req *q)
{
    struct granting *g = q->ctx;
    const struct store_change *c = (const struct store_change *)(const void *)q;
    if (q->err == OK)
        send_shared_flags_set(g->shared, &c->box, c->box.flags);
    g->done(g->ctx, q->err);
    free(g);
}

bool send_grant(struct store *st, struct loop *l, struct send_shared *shared, const struct send_grant *what,
                send_grant_fn *done, void *ctx)
{
    struct granting *g = calloc(1, sizeof *g);
    struct store_change *c = g ? STORE_NEW(change, g, on_changed) : NULL;
    if (!c) {
        free(g);
        return false;
    }
    *g = (struct granting){ shared, done, ctx };
    c->id = what->box;
    c->set = CHANGE_FLAGS;
    c->flags_set = what->set;
    c->flags_clear = what->clear;
    store_submit(st, l, &c->req);
    return true;
}
