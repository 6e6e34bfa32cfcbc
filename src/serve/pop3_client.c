/* What a session asks of its owner: the login and the mailbox behind it, texts, deletion. Without memory there is no
 * answer later; the session has nothing left to do behind its call, so it gets one at once. */
#include "serve/pop3_client.h"
#include <stdlib.h>

enum {
    CORK_MAX = 48 * 1024, /* a message's pieces are gathered up to here */
    LOCK_WAIT_MS = 50,
    LOCK_TRIES = 40,
    DAY_MS = 24 * 3600 * 1000
};

const char pop3_ended_text[] = "-ERR [SYS/PERM] this mailbox has ended";

static struct pop3_client *client_of(struct pop3 *s) { return CONTAINER_OF(s, struct pop3_client, s); }

/* ---- login ---- */

static void refuse(struct pop3_client *c, enum err e)
{
    pop3_client_close(c);
    pop3_refused(pop3_client_session(c), e);
    if (login_spent(&c->login))
        pop3_stop(&c->s, "-ERR [AUTH] too many tries");
    pop3_client_answered(c);
}

static void on_snapshot(void *ctx, enum err e, struct pop3_msg *msgs, size_t n)
{
    struct pop3_client *c = ctx;
    c->snapshot = NULL;
    if (e != OK) {
        refuse(c, e == ERR_GONE ? ERR_DENIED : ERR_IO);
        return;
    }
    pop3_opened(pop3_client_session(c), msgs, n);
    pop3_client_answered(c);
}

/* As auth has it: only the session that changed the credentials keeps its keys, and ours never does. */
static bool locked_out(const struct opened *o, const struct event *e)
{
    return e->kind == EVENT_CREDS_CHANGED && (o->cred != e->cred || o->generations != e->generation);
}

static void on_event(struct event_listener *l, const struct event *e)
{
    struct pop3_client *c = CONTAINER_OF(l, struct pop3_client, events);
    if (e->kind == EVENT_BOX_ENDED)
        pop3_client_ended(c, pop3_ended_text);
    else if (locked_out(c->o, e))
        pop3_client_ended(c, "-ERR [AUTH] the mailbox's secrets were changed, log in again");
}

/* A client whose connection broke comes back before its old session is noticed to be over. */
void pop3_client_lock(struct pop3_client *c)
{
    struct pop3_server *p = c->of;
    enum err e = pop3_lock(p->o.locks, &c->o->box.id);
    c->locked = e == OK;
    bool waits = e == ERR_BUSY && c->lock_tries++ < LOCK_TRIES;
    pop3_client_deadline(c, waits ? LOCK_WAIT_MS : c->of->o.idle_ms);
    if (waits)
        return;
    bool crowded = e == OK && !session_conn_pass(&c->c);
    if (e == OK && !crowded)
        c->snapshot = pop3_snapshot_new(p->o.store, p->conns.loop, &c->o->box.id, on_snapshot, c);
    if (!c->snapshot)
        refuse(c, crowded ? ERR_BUSY : e == ERR_BUSY ? ERR_FULL : ERR_IO);
}

static void on_login(void *ctx, enum err e, struct opened *o)
{
    struct pop3_client *c = ctx;
    struct pop3_server *p = c->of;
    if (e != OK) {
        refuse(c, e);
        return;
    }
    c->o = o;
    c->lock_tries = 0;
    c->events = (struct event_listener){ .box = o->box.id, .on = on_event };
    event_listen(p->o.hub, p->conns.loop, &c->events);
    mailbox_visit(p->o.boxes, o);
    pop3_client_lock(c);
}

static void ask_login(struct pop3 *s, struct str user, struct str secret)
{
    struct pop3_client *c = client_of(s);
    if (!login_begin(&c->login, &c->of->o.login, &c->c.peer, user, secret, on_login, c))
        pop3_refused(s, ERR_IO);
}

/* ---- texts ---- */

static void stream_over(struct pop3_client *c)
{
    mail_stream_close(c->stream);
    c->stream = NULL;
    pop3_client_answered(c);
}

static void on_stream_opened(void *ctx, const struct mail_stream_info *)
{
    struct pop3_client *c = ctx;
    mail_stream_next(c->stream);
}

static void on_piece(void *ctx, struct str bytes, bool last)
{
    struct pop3_client *c = ctx;
    if (!pop3_client_alive(c)) {
        pop3_client_ended(c, pop3_ended_text);
        return;
    }
    if (!pop3_piece(pop3_client_session(c), bytes, last)) {
        stream_over(c);
        return;
    }
    pop3_client_deadline(c, c->of->o.idle_ms);
    if (c->s.out->n > CORK_MAX)
        conn_flush(c->c.conn);
    c->starved = c->s.out->n > CORK_MAX && conn_unsent(c->c.conn) > POP3_HIGH_WATER;
    if (!c->starved)
        mail_stream_next(c->stream);
}

static void on_stream_failed(void *ctx, enum err e)
{
    struct pop3_client *c = ctx;
    if (!pop3_client_alive(c))
        pop3_client_ended(c, pop3_ended_text);
    else if (pop3_lost(pop3_client_session(c), e))
        stream_over(c);
    else
        conn_abort(c->c.conn, "message cut");
}

static const struct mail_stream_ops stream_ops = { on_stream_opened, on_piece, on_stream_failed };

static void ask_fetch(struct pop3 *s, const struct msg_id *id)
{
    struct pop3_client *c = client_of(s);
    c->starved = false;
    c->stream = mail_stream_open(c->of->o.store, c->of->conns.loop, c->o, id, -1, &stream_ops, c);
    if (!c->stream)
        (void)!pop3_lost(s, ERR_IO);
}

static void ask_write(struct pop3 *s, struct str bytes) { conn_write(client_of(s)->c.conn, bytes); }

/* ---- QUIT ---- */

static void on_deleted(void *ctx, enum err e, const struct store_delete *)
{
    struct pop3_client *c = ctx;
    c->deleting = NULL;
    if (!pop3_client_alive(c)) {
        pop3_client_ended(c, pop3_ended_text);
        return;
    }
    pop3_committed(pop3_client_session(c), e);
    pop3_client_answered(c);
}

static void ask_commit(struct pop3 *s)
{
    struct pop3_client *c = client_of(s);
    const struct pop3_server_opts *o = &c->of->o;
    struct mail_at at = { .store = o->store, .hub = o->hub, .loop = c->of->conns.loop, .opened = c->o };
    AUTO_FREE struct msg_id *ids = malloc(s->msg_n * sizeof *ids);
    size_t n = 0;
    for (size_t i = 0; ids && i < s->msg_n; i++)
        if (s->msgs[i].deleted)
            ids[n++] = s->msgs[i].id;
    if (ids)
        c->deleting = mail_expunge(&at, &(struct store_pick){ .ids = ids, .n = n }, false, on_deleted, c);
    if (!c->deleting)
        pop3_committed(s, ERR_IO);
}

static uint32_t ask_days(const struct pop3 *s)
{
    const struct pop3_client *c = client_of((struct pop3 *)(uintptr_t)s);
    int64_t left_ms = store_box_end_ms(&c->o->box) - store_now_ms(c->of->o.store);
    return (uint32_t)MIN(MAX(left_ms, (int64_t)0) / DAY_MS, (int64_t)UINT32_MAX);
}

const struct pop3_ops pop3_client_ops = {
    .login = ask_login, .fetch = ask_fetch, .write = ask_write, .commit = ask_commit, .days = ask_days
};
