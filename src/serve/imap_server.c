/* Deadlines are for whole commands, however they drip: bytes alone move none, but for a message that is appended, which
 * may take as long as it moves. Nothing of a message goes out after the box's end: every answer is checked against the
 * clock, deadlines never lie behind that second, and whoever still has octets to take is listening for it. */
#include "serve/imap_server.h"
#include "base/deflate.h"
#include "serve/imap_client.h"
#include <stdlib.h>

enum {
    LOGIN_MS = 60 * 1000,            /* for one command of a stranger */
    STRESSED_MS = 10 * 1000,         /* the same, when the gate is nearly full */
    PARTIAL_MS = 60 * 1000,          /* from a command's first octet to its last */
    IDLE_MS = 30 * 60 * 1000 + 1000, /* RFC 9051 section 5.4: at least thirty minutes */
    SLICE_MS = 60 * 1000,            /* how often the rate of a message is looked at */
    RATE_MIN = 512,                  /* octets a second */
    CORK_MAX = 48 * 1024,            /* what a command says piece by piece is gathered up to here */
    TAKE_MS = 5 * 60 * 1000,         /* to take what was sent, before more is made */
    BYE_MS = 60 * 1000,
    IN_MAX = LIMIT_IMAP_COMMAND + 64 * 1024, /* one longest command, and what was pipelined behind it */
    OUT_MAX = 8 * 1024 * 1024                /* one attribute of one message, and what was there before */
};

static struct imap_client *client_at(struct session_conn *c) { return CONTAINER_OF(c, struct imap_client, c); }

struct imap_session *imap_client_session(struct imap_client *c)
{
    c->s.out = c->zipped ? &c->zip->out : conn_out(c->c.conn);
    c->s.draining = c->of->conns.draining;
    return &c->s;
}

static int64_t now_ms(const struct imap_client *c) { return loop_now_ms(c->of->conns.loop); }

bool imap_client_alive(const struct imap_client *c)
{
    return !c->o || opened_alive(c->o, store_now_ms(c->of->o.store));
}

/* ---- what comes next: after anything that may have changed the mode ---- */

void imap_client_flush(struct imap_client *c)
{
    if (c->zipped && c->zip->out.n > 0) {
        deflate_put(c->zip->z, buf_str(&c->zip->out), conn_out(c->c.conn));
        buf_fini(&c->zip->out);
    }
    conn_flush(c->c.conn);
}

static void set_deadline(struct imap_client *c, int64_t ms)
{
    c->due_ms = now_ms(c) + ms;
    if (c->o) /* a read in the very last millisecond is refused by alive() */
        ms = MIN(ms, MAX(store_box_end_ms(&c->o->box) - store_now_ms(c->of->o.store), (int64_t)1));
    conn_deadline(c->c.conn, ms);
}

static int64_t wait_ms(const struct imap_client *c)
{
    bool stress = !c->o && c->of->o.gate && listen_gate_stressed(c->of->o.gate);
    if (c->starved)
        return TAKE_MS;
    int64_t ms = c->partial ? PARTIAL_MS : c->o ? IDLE_MS : stress ? STRESSED_MS : LOGIN_MS;
    return c->o ? ms : session_conn_stranger_ms(&c->c, ms);
}

static bool reads(const struct imap_client *c)
{
    if (c->starved)
        return false;
    switch (c->s.mode) {
    case IMAP_COMMAND:
    case IMAP_OCTETS:
    case IMAP_GOES_ON:
    case IMAP_RESPONSE:
        return true;
    case IMAP_IDLE:
        return c->s.next == NULL;
    case IMAP_BUSY:
    case IMAP_TLS:
    case IMAP_CLOSED:
        break;
    }
    return false;
}

static void proceed(struct imap_client *c)
{
    switch (c->s.mode) {
    case IMAP_COMMAND:
    case IMAP_GOES_ON:
    case IMAP_IDLE:
        set_deadline(c, wait_ms(c));
        break;
    case IMAP_RESPONSE:
        set_deadline(c, session_conn_stranger_ms(&c->c, LOGIN_MS));
        break;
    case IMAP_OCTETS:
        c->octets = 0;
        set_deadline(c, SLICE_MS);
        break;
    case IMAP_BUSY:
        set_deadline(c, TAKE_MS);
        break;
    case IMAP_TLS:
        session_conn_start_tls(&c->c);
        break;
    case IMAP_CLOSED:
        imap_client_flush(c);
        imap_client_close(c);
        set_deadline(c, BYE_MS);
        conn_finish(c->c.conn);
        break;
    }
    if (!reads(c) && c->s.mode != IMAP_TLS)
        conn_pause(c->c.conn);
}

void imap_client_proceed(struct imap_client *c)
{
    proceed(c);
    if (c->s.mode != IMAP_BUSY || c->s.out->n > CORK_MAX)
        imap_client_flush(c);
    if (reads(c))
        conn_resume(c->c.conn);
}

void imap_client_tell(struct imap_client *c, const struct imap_answer *a)
{
    imap_answer(imap_client_session(c), a);
    imap_client_proceed(c);
    if (c->zipped && reads(c))
        imap_client_zip_again(c);
}

/* The box has ended, or the secret that opened it. What is still unsent may be mail: it stays here. */
void imap_client_ended(struct imap_client *c, const char *text)
{
    bool clean = conn_unsent(c->c.conn) == 0 && !c->s.inside && c->s.mode != IMAP_TLS;
    imap_client_close(c);
    if (!clean) {
        conn_abort(c->c.conn, "box ended");
        return;
    }
    imap_stop(imap_client_session(c), text);
    imap_client_proceed(c);
}

/* ---- conn calls ---- */

size_t imap_client_take(struct imap_client *c, struct str data)
{
    enum imap_mode before = c->s.mode;
    if (before == IMAP_CLOSED)
        return data.n;
    if (!imap_client_alive(c)) {
        imap_client_ended(c, imap_ended_text);
        return data.n;
    }
    size_t n = imap_input(imap_client_session(c), data);
    session_conn_seen(&c->c);
    if (n > 0 && c->o)
        mailbox_visit(c->of->o.boxes, c->o);
    if (before == IMAP_OCTETS && c->s.mode == IMAP_OCTETS)
        c->octets += n;
    bool partial = n < data.n && reads(c);
    if (c->s.mode != before || (n > 0 && c->s.mode != IMAP_OCTETS) || partial != c->partial || c->starved) {
        c->partial = partial;
        proceed(c);
    }
    if (c->zipped)
        imap_client_flush(c);
    return c->s.mode == IMAP_CLOSED ? data.n : n;
}

static size_t on_input(struct session_conn *conn, struct str data)
{
    struct imap_client *c = client_at(conn);
    return c->zipped ? imap_client_unzip(c, data) : imap_client_take(c, data);
}

static void on_drained(struct session_conn *conn)
{
    struct imap_client *c = client_at(conn);
    if (!c->starved)
        return;
    c->starved = false;
    imap_go_on(imap_client_session(c));
    imap_client_proceed(c);
    if (c->zipped && reads(c))
        imap_client_zip_again(c);
}

static void on_greet(struct session_conn *conn)
{
    struct imap_client *c = client_at(conn);
    imap_greet(imap_client_session(c));
    imap_client_proceed(c);
}

static void on_secured(struct session_conn *conn)
{
    struct imap_client *c = client_at(conn);
    imap_secured(imap_client_session(c));
    imap_client_proceed(c);
}

static void give_up(struct imap_client *c)
{
    if (c->s.mode == IMAP_COMMAND || c->s.mode == IMAP_IDLE || c->s.mode == IMAP_RESPONSE) {
        imap_stop(imap_client_session(c),
                  c->o ? "[UNAVAILABLE] silent for too long" : "[UNAVAILABLE] no login in time");
        imap_client_proceed(c);
    } else {
        conn_abort(c->c.conn, "timeout");
    }
}

static void on_timeout(struct session_conn *conn)
{
    struct imap_client *c = client_at(conn);
    bool moves = c->s.mode == IMAP_OCTETS && c->octets >= (uint64_t)RATE_MIN * SLICE_MS / 1000;
    bool works = c->s.mode == IMAP_BUSY && !c->starved; /* the store takes its time */
    if (!imap_client_alive(c))
        imap_client_ended(c, imap_ended_text);
    else if (now_ms(c) < c->due_ms) /* the box was to end now, but somebody has prolonged its life */
        set_deadline(c, c->due_ms - now_ms(c));
    else if (moves || works)
        proceed(c);
    else
        give_up(c);
}

static void on_stop(struct session_conn *conn)
{
    struct imap_client *c = client_at(conn);
    bool idle = (c->s.mode == IMAP_COMMAND && !c->partial) || (c->s.mode == IMAP_IDLE && c->s.next == NULL);
    if (!idle || conn->handshaking)
        return;
    imap_stop(imap_client_session(c), "[UNAVAILABLE] going down, come again");
    imap_client_proceed(c);
}

static void on_leave(struct session_conn *conn)
{
    struct imap_client *c = client_at(conn);
    if (!c->o && c->s.errors >= LIMIT_IMAP_ERRORS_LOGIN)
        login_unruly(&c->of->o.login, &c->c.peer);
    login_cancel(&c->login);
    imap_session_fini(&c->s);
    imap_client_close(c);
    imap_client_zip_free(c);
}

static void on_free(struct session_conn *conn)
{
    struct imap_client *c = client_at(conn);
    c->left = true;
    if (!c->later_queued) /* else by its job, which comes once more */
        free(c);
}

static struct session_conn *make(struct session_conns *all, const struct peer *peer, const struct sockaddr *)
{
    struct imap_server *p = CONTAINER_OF(all, struct imap_server, conns);
    struct imap_client *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->of = p;
    c->s.rules = &p->rules;
    c->s.loopback = peer->loopback;
    return &c->c;
}

static const struct session_conn_ops conn_calls = { .make = make,
                                                    .greet = on_greet,
                                                    .input = on_input,
                                                    .drained = on_drained,
                                                    .secured = on_secured,
                                                    .timeout = on_timeout,
                                                    .stop = on_stop,
                                                    .leave = on_leave,
                                                    .free = on_free };

/* ---- for the worker ---- */

enum err imap_server_new(const struct imap_server_opts *o, struct imap_server **out)
{
    struct imap_server *p = calloc(1, sizeof *p);
    if (!p)
        return ERR_IO;
    p->o = *o;
    p->rules = (struct imap_rules){ .hostname = o->hostname,
                                    .max_bytes = o->max_bytes,
                                    .budget = o->budget,
                                    .stats = o->stats,
                                    .tls = o->tls != NULL,
                                    .ops = &imap_client_ops };
    p->conns = (struct session_conns){
        .loop = o->login.loop,
        .ops = &conn_calls,
        .conn = { .in_max = IN_MAX, .out_max = OUT_MAX, .deadline_ms = LOGIN_MS },
        .log = o->log,
        .closed = "imap.closed",
        .tls = o->tls,
    };
    session_conns_init(&p->conns);
    *out = p;
    return OK;
}

struct session_conns *imap_server_conns(struct imap_server *p) { return &p->conns; }

void imap_server_free(struct imap_server *p)
{
    if (!p)
        return;
    session_conns_end(&p->conns);
    free(p);
}
