/* Bytes in and out of a connection. Out: straight to the socket, the rest into out. In: to the room that all
 * connections of a thread share, only what the owner leaves is kept; so an idle connection holds no buffer. */
#include "io/conn_flow.h"
#include "base/secret.h"
#include "io/stream.h"
#include "io/tls.h"
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>

enum { ROUNDS = 4, FEEDS = 8 }; /* reads, and calls of input(), before the others get their turn */

/* A peer that does not read its replies is not asked for more: its next commands wait until half of out is free. */
static bool clogged(const struct conn *c) { return c->out.n > c->out.max / 2; }

bool conn_may_input(const struct conn *c)
{
    return !c->paused && !c->finishing && !c->ending && (c->tls == TLS_NONE || c->tls == TLS_ON) && !clogged(c);
}

/* ---- out ---- */

size_t conn_send_some(struct conn *c, struct str s)
{
    SSL *ssl = c->tls == TLS_ON ? c->ssl : NULL;
    size_t sent = 0;
    enum stream r = STREAM_OK;
    while (sent < s.n && r == STREAM_OK) {
        size_t n = 0;
        r = stream_write(conn_fd(c), ssl, str_from(s, sent), &n);
        sent += n;
    }
    c->write_wants_read = r == STREAM_READ;
    c->blocked = r == STREAM_READ || r == STREAM_WRITE;
    c->deaf |= c->hears_out && (r == STREAM_END || r == STREAM_BROKEN);
    if (!c->deaf && (r == STREAM_END || r == STREAM_BROKEN))
        conn_end(c, "write failed");
    return c->deaf ? s.n : sent;
}

static void send_out(struct conn *c)
{
    struct str s = str_sub(buf_str(&c->out), 0, c->tls == TLS_WAITING ? c->clear_n : c->out.n);
    size_t sent = conn_send_some(c, s);
    c->clear_n -= (uint32_t)MIN(sent, (size_t)c->clear_n);
    if (sent == c->out.n)
        buf_fini(&c->out);
    else
        buf_drop(&c->out, sent);
}

void conn_send(struct conn *c)
{
    if (c->out.failed)
        conn_end(c, "reader too slow");
    if (c->ending || c->lingering || c->blocked || c->tls == TLS_SHAKING)
        return;
    if (c->out.n)
        send_out(c);
    if (c->had_rest && c->out.n == 0)
        conn_queue_job(c, TODO_DRAINED);
    c->had_rest = c->out.n > 0;
    if (c->tls == TLS_WAITING && c->clear_n == 0) {
        c->tls = TLS_SHAKING;
        conn_queue_job(c, TODO_INPUT); /* a client speaks first */
    }
}

/* ---- in ---- */

/* Shows data until nothing is taken, all is, a callback has changed its mind, or it is time for the others: held then,
 * so that a later turn goes on. Returns how much was taken. */
static size_t feed(struct conn *c, struct str data)
{
    size_t taken = 0, n = 1;
    for (int i = 0; i < FEEDS && n && taken < data.n && conn_may_input(c); i++) {
        n = c->ops->input(c->ctx, str_from(data, taken));
        assert(n <= data.n - taken);
        taken += n;
        if (c->out.n > CORK_N || c->out.failed)
            conn_send(c);
    }
    if (n == 0 && data.n - taken >= c->in_max && conn_may_input(c))
        conn_end(c, "input too long");
    c->held = taken < data.n && (n > 0 || !conn_may_input(c));
    return taken;
}

void conn_drop_in(struct conn *c)
{
    if (c->in)
        buf_fini(c->in);
    free(c->in);
    c->in = NULL;
}

static void feed_kept(struct conn *c)
{
    size_t taken = feed(c, buf_str(c->in));
    if (taken == c->in->n)
        conn_drop_in(c);
    else
        buf_drop(c->in, taken);
}

static void keep(struct conn *c, struct str rest)
{
    if (!c->in && (c->in = malloc(sizeof *c->in)))
        *c->in = (struct buf){ .max = c->in_max, .secret = true };
    if (c->in)
        buf_put(c->in, rest);
    if (!c->in || c->in->failed)
        conn_end(c, "out of memory");
}

static void feed_fresh(struct conn *c, struct str data)
{
    if (c->in) {
        keep(c, data);
        feed_kept(c);
        return;
    }
    size_t taken = feed(c, data);
    if (taken < data.n && !c->ending)
        keep(c, str_from(data, taken));
}

/* One read. False when there is nothing more for now. */
static bool receive_once(struct conn *c)
{
    char *p = loop_scratch(c->loop);
    size_t n = 0, room = MIN(c->in_max - (c->in ? c->in->n : 0), (size_t)LOOP_SCRATCH_N);
    enum stream r = stream_read(conn_fd(c), c->ssl, p, room, &n);
    c->read_wants_write = r == STREAM_WRITE;
    if (r == STREAM_END && c->out.n == 0)
        conn_end(c, "peer closed");
    if (r == STREAM_END)
        conn_finish_as(c, "peer closed"); /* it may have ended only its own side: RFC 9293 section 3.6 */
    if (r == STREAM_BROKEN)
        conn_end(c, "read failed");
    if (r != STREAM_OK)
        return false;
    feed_fresh(c, str_of(p, n));
    secret_wipe(p, n);
    return c->ssl || n == room;
}

void conn_receive(struct conn *c)
{
    if (c->in)
        feed_kept(c);
    bool more = true;
    for (int i = 0; i < ROUNDS && more && !c->held && conn_may_input(c); i++)
        more = receive_once(c);
    c->held = c->held || (more && c->ssl); /* what waits inside the SSL raises no event */
}

/* Without tickets we have nothing to say after the peer's Finished, so its acknowledgement would wait for the
 * delayed-ACK timer, and a peer with Nagle's algorithm would hold its first command back as long: 40 ms a connection.
 */
static void acknowledge_now(const struct conn *c)
{
    int one = 1;
    (void)setsockopt(conn_fd(c), IPPROTO_TCP, TCP_QUICKACK, &one, sizeof one);
}

void conn_shake(struct conn *c)
{
    enum stream r = stream_handshake(c->ssl);
    c->read_wants_write = r == STREAM_WRITE;
    c->fault = (uint8_t)tls_fault(c->ssl);
    if (r == STREAM_END || r == STREAM_BROKEN)
        conn_end(c, "TLS handshake failed");
    if (r != STREAM_OK)
        return;
    c->tls = TLS_ON;
    acknowledge_now(c);
    if (c->ops->secured)
        c->ops->secured(c->ctx);
}
