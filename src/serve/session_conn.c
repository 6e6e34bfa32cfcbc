/* Every call of the conn goes to the protocol's row of functions; what all of them do around it is done here. */
#include "serve/session_conn.h"
#include <unistd.h>

void session_conns_init(struct session_conns *all)
{
    list_init(&all->open);
    all->open_n = 0;
    all->draining = false;
}

void session_conns_drain(struct session_conns *all)
{
    all->draining = true;
    LIST_FOR(&all->open, it)
    all->ops->stop(CONTAINER_OF(it, struct session_conn, in));
}

void session_conn_seen(struct session_conn *c)
{
    c->seen_ms = loop_now_ms(c->of->loop);
    list_del(&c->in);
    list_add_tail(&c->of->open, &c->in);
}

void session_conn_start_tls(struct session_conn *c)
{
    if (c->handshaking)
        return;
    c->handshaking = true;
    conn_deadline(c->conn, SESSION_HANDSHAKE_MS);
    conn_start_tls(c->conn, c->of->tls);
}

bool session_conn_pass(struct session_conn *c)
{
    c->passed = c->passed || listen_pass(c->listener, &c->peer) == OK;
    return c->passed;
}

static void leave(struct session_conn *c)
{
    c->of->ops->leave(c);
    list_del(&c->in);
    c->of->open_n--;
    if (c->passed)
        listen_leave(c->listener, &c->peer);
    else
        listen_release(c->listener, &c->peer);
    c->of = NULL;
}

int64_t session_conn_stranger_ms(const struct session_conn *c, int64_t ms)
{
    int64_t left_ms = c->since_ms + SESSION_LOGIN_MS - loop_now_ms(c->of->loop);
    return MAX(MIN(ms, left_ms), (int64_t)1);
}

void session_conn_stranger(struct session_conn *c) { c->since_ms = loop_now_ms(c->of->loop); }

static void greet(struct session_conn *c)
{
    c->greeted = true;
    c->of->ops->greet(c);
}

/* ---- conn calls ---- */

static size_t on_input(void *ctx, struct str data)
{
    struct session_conn *c = ctx;
    return c->of->ops->input(c, data);
}

static void on_drained(void *ctx)
{
    struct session_conn *c = ctx;
    if (c->of->ops->drained)
        c->of->ops->drained(c);
}

static void on_secured(void *ctx)
{
    struct session_conn *c = ctx;
    c->handshaking = false;
    session_conn_seen(c);
    c->of->ops->secured(c);
    if (!c->greeted)
        greet(c);
}

static void on_timeout(void *ctx)
{
    struct session_conn *c = ctx;
    if (c->handshaking)
        conn_abort(c->conn, "timeout");
    else
        c->of->ops->timeout(c);
}

static void on_closed(void *ctx, const char *why)
{
    struct session_conn *c = ctx;
    if (c->of) {
        log_debug(c->of->log, c->of->closed, LOG_C("why", why));
        leave(c);
    }
    c->free(c);
}

static const struct conn_ops conn_calls = {
    .input = on_input, .drained = on_drained, .secured = on_secured, .timeout = on_timeout, .closed = on_closed
};

/* On ERR_IO all is given back but c. */
static enum err open(struct session_conns *all, struct session_conn *c, struct listen *l, int fd,
                     const struct peer *peer, bool tls_first)
{
    if (conn_new(all->loop, fd, &conn_calls, c, &all->conn, &c->conn) != OK) {
        listen_release(l, peer);
        return ERR_IO;
    }
    c->of = all;
    c->free = all->ops->free;
    c->listener = l;
    c->peer = *peer;
    c->seen_ms = c->since_ms = loop_now_ms(all->loop);
    list_add_tail(&all->open, &c->in);
    all->open_n++;
    if (tls_first)
        session_conn_start_tls(c);
    return OK;
}

void session_conn_accept(struct session_conns *all, struct listen *l, int fd, const struct peer *peer,
                         const struct sockaddr *from, bool tls_first)
{
    struct session_conn *c = all->ops->make(all, peer, from);
    if (!c) {
        close(fd);
        listen_release(l, peer);
    } else if (open(all, c, l, fd, peer, tls_first) != OK) {
        all->ops->free(c);
    } else if (!tls_first) {
        greet(c);
    }
}

void session_conns_end(struct session_conns *all)
{
    LIST_FOR(&all->open, it)
    {
        struct session_conn *c = CONTAINER_OF(it, struct session_conn, in);
        conn_abort(c->conn, "stopped"); /* closed() comes when the loop runs its last jobs */
        leave(c);
    }
}
