/* The lock of a box goes back before the last reply is on its way: whoever has read it may log in again at once.
 * Nothing of a message goes out after the box's end, though: every piece is checked against the clock, deadlines never
 * lie behind that second, and whoever still has octets to take is listening for it. */
#include "serve/pop3_client.h"
#include <stdlib.h>

enum {
    IDLE_MS = 10 * 60 * 1000, /* RFC 1939 section 3: at least ten minutes */
    STRESSED_MS = 10 * 1000,  /* for strangers, when the gate is nearly full */
    BYE_MS = 60 * 1000,       /* to take what is unsent */
    IN_MAX = 16 * 1024,       /* one longest line, and what was pipelined behind it */
    OUT_MAX = 1024 * 1024     /* a piece of a message whose every octet is doubled, and what was there before */
};

static struct pop3_client *client_at(struct session_conn *c) { return CONTAINER_OF(c, struct pop3_client, c); }

struct pop3 *pop3_client_session(struct pop3_client *c)
{
    c->s.out = conn_out(c->c.conn);
    c->s.may_login = login_allowed(&c->of->o.login, &c->c.peer, c->s.tls);
    return &c->s;
}

static int64_t now_ms(const struct pop3_client *c) { return loop_now_ms(c->of->conns.loop); }

bool pop3_client_alive(const struct pop3_client *c)
{
    return !c->o || opened_alive(c->o, store_now_ms(c->of->o.store));
}

static void unlock(struct pop3_client *c)
{
    if (c->locked)
        pop3_unlock(c->of->o.locks, &c->o->box.id);
    c->locked = false;
}

void pop3_client_close(struct pop3_client *c)
{
    pop3_snapshot_cancel(c->snapshot);
    mail_stream_close(c->stream);
    mail_change_cancel(c->deleting);
    c->snapshot = NULL;
    c->stream = NULL;
    c->deleting = NULL;
    unlock(c);
    event_unlisten(c->of->o.hub, &c->events);
    opened_release(c->o);
    c->o = NULL;
}

/* ---- what comes next: after anything that may have changed the state ---- */

void pop3_client_deadline(struct pop3_client *c, int64_t ms)
{
    c->due_ms = now_ms(c) + ms;
    if (c->o) /* a read in the very last millisecond is refused by pop3_client_alive() */
        ms = MIN(ms, MAX(store_box_end_ms(&c->o->box) - store_now_ms(c->of->o.store), (int64_t)1));
    conn_deadline(c->c.conn, ms);
}

static int64_t command_ms(const struct pop3_client *c)
{
    bool stress = !c->o && listen_stressed(c->c.listener);
    int64_t ms = stress ? STRESSED_MS : c->of->o.idle_ms;
    return c->o ? ms : session_conn_stranger_ms(&c->c, ms);
}

static void list_on(struct pop3_client *c)
{
    while (c->s.state == POP3_LISTING && conn_unsent(c->c.conn) < POP3_HIGH_WATER)
        pop3_list_on(pop3_client_session(c));
}

static void proceed(struct pop3_client *c)
{
    list_on(c);
    switch (c->s.state) {
    case POP3_AUTH:
    case POP3_SASL:
    case POP3_SASL_OVER:
    case POP3_READY:
        pop3_client_deadline(c, command_ms(c));
        break;
    case POP3_WAIT:
    case POP3_LISTING:
    case POP3_SENDING:
        pop3_client_deadline(c, c->of->o.idle_ms);
        conn_pause(c->c.conn);
        break;
    case POP3_TLS:
        session_conn_start_tls(&c->c);
        break;
    case POP3_CLOSED:
        unlock(c);
        pop3_client_deadline(c, BYE_MS);
        conn_finish(c->c.conn);
        break;
    }
}

static const char going_down[] = "-ERR [SYS/TEMP] going down, try again later";

static void say_last(struct pop3_client *c, const char *text)
{
    pop3_stop(pop3_client_session(c), text);
    proceed(c);
    conn_flush(c->c.conn);
}

void pop3_client_answered(struct pop3_client *c)
{
    if (c->of->conns.draining && pop3_reads(&c->s))
        pop3_stop(pop3_client_session(c), going_down);
    proceed(c);
    conn_flush(c->c.conn);
    if (pop3_reads(&c->s))
        conn_resume(c->c.conn);
}

/* The box has ended, or the secret that opened it. What is still unsent may be mail: it stays here. */
void pop3_client_ended(struct pop3_client *c, const char *text)
{
    bool clean = conn_unsent(c->c.conn) == 0 && (pop3_reads(&c->s) || c->s.state == POP3_WAIT);
    pop3_client_close(c);
    if (!clean) {
        conn_abort(c->c.conn, "box ended");
        return;
    }
    say_last(c, text);
}

/* ---- conn calls ---- */

static size_t on_input(struct session_conn *conn, struct str data)
{
    struct pop3_client *c = client_at(conn);
    if (c->s.state == POP3_CLOSED)
        return data.n;
    if (!pop3_client_alive(c)) {
        pop3_client_ended(c, pop3_ended_text);
        return data.n;
    }
    enum pop3_state before = c->s.state;
    size_t n = pop3_input(pop3_client_session(c), data);
    session_conn_seen(conn);
    if (n > 0 && c->o)
        mailbox_visit(c->of->o.boxes, c->o);
    if (n > 0 || c->s.state != before)
        proceed(c);
    return c->s.state == POP3_CLOSED ? data.n : n;
}

static void on_drained(struct session_conn *conn)
{
    struct pop3_client *c = client_at(conn);
    if (c->s.state == POP3_LISTING)
        pop3_client_answered(c);
    else if (c->stream && c->starved) {
        c->starved = false;
        mail_stream_next(c->stream);
    }
}

static void on_greet(struct session_conn *conn)
{
    struct pop3_client *c = client_at(conn);
    pop3_greet(pop3_client_session(c));
    proceed(c);
    conn_flush(c->c.conn);
}

static void on_secured(struct session_conn *conn)
{
    struct pop3_client *c = client_at(conn);
    pop3_secured(&c->s);
    proceed(c);
}

static void on_timeout(struct session_conn *conn)
{
    struct pop3_client *c = client_at(conn);
    if (!pop3_client_alive(c))
        pop3_client_ended(c, pop3_ended_text);
    else if (c->o && !c->locked && c->s.state == POP3_WAIT)
        pop3_client_lock(c);
    else if (now_ms(c) < c->due_ms) /* the box was to end now, but somebody has prolonged its life */
        pop3_client_deadline(c, c->due_ms - now_ms(c));
    else if (pop3_reads(&c->s)) {
        /* and nothing is deleted: RFC 1939 section 3 */
        pop3_stop(pop3_client_session(c), c->o ? "-ERR idle for too long" : "-ERR no login in time");
        proceed(c);
    } else
        conn_abort(conn->conn, "timeout");
}

/* A login may be made to wait for half a minute, and a handshake has said nothing yet: neither holds the end up. */
static void on_stop(struct session_conn *conn)
{
    struct pop3_client *c = client_at(conn);
    if (conn->handshaking)
        conn_abort(conn->conn, "going down");
    else if (c->login.now) {
        login_cancel(&c->login);
        say_last(c, going_down);
    } else if (pop3_reads(&c->s))
        pop3_client_answered(c);
}

static void on_leave(struct session_conn *conn)
{
    struct pop3_client *c = client_at(conn);
    if (!c->o && c->s.errors >= LIMIT_POP3_ERRORS)
        login_unruly(&c->of->o.login, &c->c.peer);
    login_cancel(&c->login);
    pop3_client_close(c);
    pop3_fini(&c->s);
}

static void on_free(struct session_conn *conn) { free(client_at(conn)); }

static struct session_conn *make(struct session_conns *all, const struct peer *, const struct sockaddr *)
{
    struct pop3_server *p = CONTAINER_OF(all, struct pop3_server, conns);
    struct pop3_client *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->of = p;
    c->s.rules = &p->rules;
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

enum err pop3_server_new(const struct pop3_server_opts *o, struct pop3_server **out)
{
    struct pop3_server *p = calloc(1, sizeof *p);
    if (!p)
        return ERR_IO;
    p->o = *o;
    if (p->o.idle_ms == 0)
        p->o.idle_ms = IDLE_MS;
    p->rules = (struct pop3_rules){ .tls = o->tls != NULL, .stats = o->stats, .ops = &pop3_client_ops };
    p->conns = (struct session_conns){
        .loop = o->login.loop,
        .ops = &conn_calls,
        .conn = { .in_max = IN_MAX, .out_max = OUT_MAX, .deadline_ms = p->o.idle_ms },
        .log = o->log,
        .closed = "pop3.closed",
        .tls = o->tls,
    };
    session_conns_init(&p->conns);
    *out = p;
    return OK;
}

struct session_conns *pop3_server_conns(struct pop3_server *p) { return &p->conns; }

void pop3_server_free(struct pop3_server *p)
{
    if (!p)
        return;
    session_conns_end(&p->conns);
    free(p);
}
