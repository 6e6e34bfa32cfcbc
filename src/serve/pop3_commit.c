/* A large mailbox goes in steps, because each deletion that is under way costs memory. */
#include "serve/pop3_commit.h"
#include <stdlib.h>

enum { AT_ONCE = 1000 };

struct pop3_commit {
    struct store *st;
    struct event_hub *hub;
    struct loop *loop;
    struct box_id box;
    pop3_commit_fn *done; /* NULL: nobody waits */
    void *ctx;
    enum err err; /* the first one */
    size_t next, under_way, n;
    struct msg_id ids[];
};

static void go_on(struct pop3_commit *c);

static void on_deleted(void *ctx, enum err e, const struct store_row *)
{
    struct pop3_commit *c = ctx;
    if (e != OK && e != ERR_GONE && c->err == OK)
        c->err = e;
    if (--c->under_way == 0)
        go_on(c);
}

static void go_on(struct pop3_commit *c)
{
    for (; c->done && c->next < c->n && c->under_way < AT_ONCE; c->next++) {
        if (mail_delete(c->st, c->hub, c->loop, &c->box, &c->ids[c->next], on_deleted, c))
            c->under_way++;
        else
            c->err = ERR_IO;
    }
    if (c->under_way > 0)
        return;
    if (c->done)
        c->done(c->ctx, c->err);
    free(c);
}

struct pop3_commit *pop3_commit_new(struct store *st, struct event_hub *hub, struct loop *l, const struct box_id *box,
                                    const struct pop3_msg *msgs, size_t n, pop3_commit_fn *done, void *ctx)
{
    struct pop3_commit *c = calloc(1, sizeof *c + n * sizeof c->ids[0]);
    if (!c)
        return NULL;
    *c = (struct pop3_commit){ .st = st, .hub = hub, .loop = l, .box = *box, .done = done, .ctx = ctx };
    for (size_t i = 0; i < n; i++)
        if (msgs[i].deleted)
            c->ids[c->n++] = msgs[i].id;
    struct mail_change_req *first = mail_delete(st, hub, l, box, &c->ids[c->next++], on_deleted, c);
    if (first) {
        c->under_way = 1;
        go_on(c);
        return c;
    }
    free(c);
    return NULL;
}

void pop3_commit_leave(struct pop3_commit *c)
{
    if (c)
        c->done = NULL;
}
