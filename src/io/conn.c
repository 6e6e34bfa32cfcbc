/* How a callback is kept out of the owner's own calls: conn_*() only note what is to be done, in flags and in out; the
 * event, the deadline or the job that runs next calls back and then settles (flush, interest, end). A conn dies in its
 * job alone, so none of these ever sees a freed one. */
#include "io/conn.h"
#include "io/conn_flow.h"
#include "io/stream.h"
#include "io/tls.h"
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FINISH_MS = 60 * 1000 }; /* for the last flush, when the owner set no deadline */
enum { LINGER_MS = 2000, LINGER_READS = 16 };
enum { TLS_MEMORY_N = 14 * 1024 + 512 }; /* what OpenSSL holds, measured */

static void on_event(evutil_socket_t fd, short what, void *conn);

void conn_queue_job(struct conn *c, uint8_t todo)
{
    c->todo |= todo;
    if (!c->job_queued)
        loop_later(c->loop, &c->job);
    c->job_queued = true;
}

static void set_interest(struct conn *c, uint8_t want)
{
    if (want == c->interest)
        return;
    int fd = conn_fd(c);
    if (c->interest)
        event_del(&c->ev);
    event_assign(&c->ev, loop_base(c->loop), fd, (short)(want | EV_PERSIST), on_event, c);
    if (want)
        event_add(&c->ev, NULL);
    c->interest = want;
}

void conn_end(struct conn *c, const char *why)
{
    if (c->ending)
        return;
    c->ending = true;
    c->why = why;
    set_interest(c, 0);
    conn_queue_job(c, 0);
}

void conn_finish_as(struct conn *c, const char *why)
{
    if (c->ending || c->finishing)
        return;
    c->finishing = true;
    c->why = why;
    if (c->deadline.due_ms == 0)
        loop_deadline(c->loop, &c->deadline, FINISH_MS);
}

/* close() would reset the connection, and with it what the peer has not read yet, if anything of its own is unread here
 * (RFC 1122 section 4.2.2.13). So: end our side, and read on for a moment until it has ended its own. */
static void linger(struct conn *c)
{
    c->lingering = true;
    if (c->tls == TLS_ON)
        stream_close_notify(c->ssl);
    if (shutdown(conn_fd(c), SHUT_WR) != 0)
        conn_end(c, c->why);
    else
        loop_deadline(c->loop, &c->deadline, LINGER_MS);
}

static void linger_read(struct conn *c)
{
    size_t n;
    enum stream r = stream_read(conn_fd(c), NULL, loop_scratch(c->loop), LOOP_SCRATCH_N, &n);
    if (r == STREAM_END || r == STREAM_BROKEN || ++c->lingered > LINGER_READS)
        conn_end(c, c->why);
}

/* Most peers say nothing until they are answered, so a pause costs no system call until one does. */
static bool pauses_quietly(const struct conn *c)
{
    return c->paused && !c->poked && !c->finishing && (c->tls == TLS_NONE || c->tls == TLS_ON);
}

static uint8_t wanted(const struct conn *c)
{
    if (c->ending)
        return 0;
    if (c->lingering)
        return EV_READ;
    uint8_t want = conn_may_input(c) ? EV_READ : 0;
    if (pauses_quietly(c))
        want = c->interest & EV_READ;
    if (c->tls == TLS_SHAKING)
        want = c->read_wants_write ? 0 : EV_READ;
    else if (c->out.n)
        want |= c->write_wants_read ? EV_READ : EV_WRITE;
    return want | (c->read_wants_write ? EV_WRITE : 0);
}

static void settle_finish(struct conn *c)
{
    if (!c->finishing || c->lingering || c->ending)
        return;
    if (c->tls == TLS_SHAKING)
        conn_end(c, c->why); /* nothing can be said before the handshake is over */
    else if (c->out.n == 0)
        linger(c);
}

/* After whatever may have changed something. Calls nobody back. */
static void settle(struct conn *c)
{
    conn_send(c);
    c->had_rest = c->had_rest || c->out.n;
    /* CVE-2011-0411: what came before the handshake must never be taken for what came under it. */
    if (c->in && (c->tls == TLS_WAITING || c->tls == TLS_SHAKING))
        conn_end(c, "plaintext after STARTTLS");
    settle_finish(c);
    if (c->held && conn_may_input(c)) {
        c->held = false;
        conn_queue_job(c, TODO_INPUT);
    }
    set_interest(c, wanted(c));
}

static void settle_unless_busy(struct conn *c)
{
    if (!c->busy && !c->ending)
        settle(c);
}

/* ---- the three that call back ---- */

static void advance(struct conn *c)
{
    if (c->lingering) {
        linger_read(c);
        return;
    }
    if (c->tls == TLS_SHAKING)
        conn_shake(c);
    conn_send(c);
    if (conn_may_input(c))
        conn_receive(c);
}

static void on_event(evutil_socket_t, short what, void *conn)
{
    struct conn *c = conn;
    if (c->ending)
        return;
    c->busy = true;
    if (what & EV_WRITE || c->write_wants_read)
        c->blocked = false;
    c->poked = c->paused;
    advance(c);
    settle(c);
    c->busy = false;
}

static void on_deadline(struct deadline *d)
{
    struct conn *c = CONTAINER_OF(d, struct conn, deadline);
    if (c->lingering)
        conn_end(c, c->why);
    else if (c->finishing || !c->ops->timeout)
        conn_end(c, "timeout");
    if (c->ending)
        return;
    c->busy = true;
    c->ops->timeout(c->ctx);
    if (!c->finishing && d->due_ms == 0)
        conn_end(c, "timeout");
    settle(c);
    c->busy = false;
}

static void die(struct conn *c)
{
    loop_deadline_clear(c->loop, &c->deadline);
    SSL_free(c->ssl);
    c->ssl = NULL;
    c->tls = TLS_NONE;
    close(conn_fd(c));
    conn_drop_in(c);
    buf_fini(&c->out);
    c->ops->closed(c->ctx, c->why);
    buf_fini(&c->out); /* closed() may have met it through conn_out() */
    free(c);
}

static void on_job(struct job *j)
{
    struct conn *c = CONTAINER_OF(j, struct conn, job);
    uint8_t todo = c->todo;
    if (c->ending) { /* job_queued stays set: nothing queues it again */
        die(c);
        return;
    }
    c->job_queued = false;
    c->todo = 0;
    c->busy = true;
    if (todo & TODO_DRAINED && c->out.n == 0 && c->ops->drained)
        c->ops->drained(c->ctx);
    if (todo & TODO_INPUT && !c->ending && !c->lingering)
        advance(c);
    settle(c);
    c->busy = false;
}

/* ---- for the owner ---- */

enum err conn_new(struct loop *l, int fd, const struct conn_ops *ops, void *ctx, const struct conn_opts *o,
                  struct conn **out)
{
    int one = 1;
    struct conn *c = fd < 0 ? NULL : calloc(1, sizeof *c);
    if (!c) {
        close(fd);
        return ERR_IO;
    }
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one); /* refused by a Unix socket, rightly */
    c->loop = l;
    c->ops = ops;
    c->ctx = ctx;
    c->hears_out = o->hears_out;
    c->in_max = (uint32_t)MAX(MIN(o->in_max, (size_t)UINT32_MAX), 1u);
    c->out = (struct buf){ .max = MIN(o->out_max, (size_t)UINT32_MAX), .secret = true };
    c->deadline.fire = on_deadline;
    c->job.run = on_job;
    c->interest = EV_READ;
    event_assign(&c->ev, loop_base(l), fd, EV_READ | EV_PERSIST, on_event, c);
    if (event_add(&c->ev, NULL) != 0) {
        close(fd);
        free(c);
        return ERR_IO;
    }
    conn_deadline(c, o->deadline_ms);
    *out = c;
    return OK;
}

static void start_tls(struct conn *c, SSL *ssl)
{
    if (!ssl || !SSL_set_fd(ssl, conn_fd(c))) {
        SSL_free(ssl);
        conn_end(c, "out of memory");
        return;
    }
    c->ssl = ssl;
    c->tls = TLS_WAITING;
    c->clear_n = (uint32_t)c->out.n;
    settle_unless_busy(c);
}

void conn_start_tls(struct conn *c, struct tls *t)
{
    if (!c->ending && !c->finishing && c->tls == TLS_NONE)
        start_tls(c, tls_accept_state(t));
}

void conn_start_tls_client(struct conn *c, struct tls *t, const char *host)
{
    if (!c->ending && !c->finishing && c->tls == TLS_NONE)
        start_tls(c, tls_connect_state(t, host));
}

void conn_start_tls_dane(struct conn *c, struct tls *t, const struct tls_dane *d)
{
    if (!c->ending && !c->finishing && c->tls == TLS_NONE)
        start_tls(c, tls_connect_dane(t, d));
}

bool conn_is_deaf(const struct conn *c) { return c->deaf; }
bool conn_is_tls(const struct conn *c) { return c->tls == TLS_ON; }
unsigned conn_tls_fault(const struct conn *c) { return c->fault; }
const char *conn_tls_version(const struct conn *c) { return c->tls == TLS_ON ? SSL_get_version(c->ssl) : NULL; }
const char *conn_tls_cipher(const struct conn *c) { return c->tls == TLS_ON ? SSL_get_cipher_name(c->ssl) : NULL; }

void conn_write(struct conn *c, struct str s)
{
    if (c->ending || c->finishing || c->deaf)
        return;
    bool cork = c->busy && s.n <= CORK_N && c->out.n <= CORK_N - s.n;
    if (!cork)
        conn_send(c);
    if (!cork && c->out.n == 0 && !c->ending && (c->tls == TLS_NONE || c->tls == TLS_ON)) {
        s = str_from(s, conn_send_some(c, s));
        c->had_rest = c->had_rest || s.n;
    }
    buf_put(&c->out, s);
    settle_unless_busy(c);
}

struct buf *conn_out(struct conn *c) { return &c->out; }

void conn_flush(struct conn *c)
{
    if (c->ending)
        return;
    conn_send(c);
    settle_unless_busy(c);
}

size_t conn_unsent(struct conn *c)
{
    c->had_rest = c->had_rest || c->out.n;
    return c->out.n;
}

void conn_pause(struct conn *c)
{
    c->paused = true;
    settle_unless_busy(c);
}

void conn_resume(struct conn *c)
{
    c->paused = c->poked = false;
    settle_unless_busy(c);
}

void conn_deadline(struct conn *c, int64_t ms)
{
    if (c->ending || c->lingering)
        return;
    if (ms > 0)
        loop_deadline(c->loop, &c->deadline, ms);
    else
        loop_deadline_clear(c->loop, &c->deadline);
}

void conn_finish(struct conn *c)
{
    conn_finish_as(c, "finished");
    settle_unless_busy(c);
}

void conn_abort(struct conn *c, const char *why) { conn_end(c, why); }
struct loop *conn_loop(const struct conn *c) { return c->loop; }

size_t conn_memory(const struct conn *c)
{
    size_t in = c->in ? sizeof *c->in + c->in->cap : 0;
    return sizeof *c + in + c->out.cap + (c->ssl ? TLS_MEMORY_N : 0);
}
