/* Connections stand in a list in the order of their last sign of life, so that under stress the longest silent ones go
 * first and nobody needs a timer of his own beyond conn's deadline. A message that was given to the store belongs to
 * the store's answer: it outlives a connection that breaks meanwhile, because the sender has said all of it. */
#include "base/secret.h"
#include "serve/smtp_in_client.h"
#include "serve/smtp_in_submit.h"
#include <stdlib.h>

enum {
    COMMAND_MS = 5 * 60 * 1000, /* RFC 5321 section 4.5.3.2.7 */
    DATA_MS = 10 * 60 * 1000,
    STRESSED_MS = 10 * 1000,
    SLICE_MS = 60 * 1000, /* how often the rate of a message is looked at */
    RATE_MIN = 512,       /* octets a second, over all of the message so far */
    IN_MAX = 16 * 1024,   /* unread octets: one longest command, and what was pipelined behind it */
    OUT_MAX = 64 * 1024,  /* unsent replies */
    TX_TIMES = 2,         /* a transaction may last so many times data_ms */
    SHED_A_TURN = 16,     /* silent connections closed for each that comes under stress */
    SHED_LOOK = 256       /* and so many looked at */
};

static bool stressed(const struct smtp_in *in)
{
    return (in->o.gate && listen_gate_stressed(in->o.gate)) || intake_budget_stressed(in->o.budget);
}

/* ---- what comes next: after anything that may have changed the mode ---- */

static int64_t command_ms(const struct client *c)
{
    int64_t ms = c->s.stressed ? STRESSED_MS : c->of->o.command_ms;
    return c->s.rules->submit && !c->s.logged_in ? session_conn_stranger_ms(&c->c, ms) : ms;
}

/* Memory is set aside from MAIL on, so the transaction as a whole has an end, however its commands are spread. */
static void set_deadline(struct client *c, int64_t ms)
{
    int64_t now_ms = loop_now_ms(c->of->o.loop), all_ms = TX_TIMES * c->of->o.data_ms;
    if (!c->s.tx)
        c->tx_ms = 0;
    else if (c->tx_ms == 0)
        c->tx_ms = now_ms;
    int64_t left_ms = c->s.tx ? MAX(c->tx_ms + all_ms - now_ms, (int64_t)1) : ms;
    conn_deadline(c->c.conn, MIN(ms, left_ms));
}

static void proceed(struct client *c)
{
    switch (c->s.mode) {
    case SMTP_IN_COMMAND:
    case SMTP_IN_SKIP:
    case SMTP_IN_SASL:
    case SMTP_IN_REFUSED:
        set_deadline(c, command_ms(c));
        break;
    case SMTP_IN_DATA:
    case SMTP_IN_CHUNK:
        if (c->phase == c->s.phase) /* octets alone move no deadline */
            break;
        c->phase = c->s.phase;
        c->since_ms = loop_now_ms(c->of->o.loop);
        set_deadline(c, MIN((int64_t)SLICE_MS, c->of->o.data_ms));
        break;
    case SMTP_IN_WAIT:
        conn_deadline(c->c.conn, 0);
        conn_pause(c->c.conn);
        break;
    case SMTP_IN_TLS:
        session_conn_start_tls(&c->c);
        break;
    case SMTP_IN_CLOSED:
        if (c->s.rules->submit && c->s.abused && !c->s.logged_in)
            login_unruly(&c->of->o.login, &c->c.peer);
        smtp_in_guard_closed(&c->of->o.guard, &c->s, &c->c.peer, loop_now_ms(c->of->o.loop));
        conn_deadline(c->c.conn, STRESSED_MS);
        conn_finish(c->c.conn);
        break;
    }
}

struct smtp_in_session *smtp_in_session_of(struct client *c)
{
    c->s.out = conn_out(c->c.conn);
    c->s.stressed = stressed(c->of);
    c->s.draining = c->of->conns.draining;
    c->s.may_login = c->of->o.send && login_allowed(&c->of->o.login, &c->c.peer, c->s.tls);
    return &c->s;
}

void smtp_in_answered(struct client *c)
{
    if (c->of->conns.draining && c->s.mode == SMTP_IN_COMMAND && !(c->s.tx && c->s.tx->chunked))
        smtp_in_stop(&c->s, "421 4.3.2 going down, try again later");
    proceed(c);
    conn_flush(c->c.conn);
    conn_resume(c->c.conn);
}

/* ---- conn calls ---- */

static size_t on_input(struct session_conn *conn, struct str data)
{
    struct client *c = client_at(conn);
    struct smtp_in_session *s = smtp_in_session_of(c);
    enum smtp_in_mode before = s->mode;
    if (before == SMTP_IN_CLOSED)
        return data.n;
    size_t n = smtp_in_input(s, data);
    session_conn_seen(&c->c);
    if (n > 0 || s->mode != before)
        proceed(c);
    return s->mode == SMTP_IN_CLOSED ? data.n : n;
}

static void on_secured(struct session_conn *conn)
{
    struct client *c = client_at(conn);
    smtp_in_submission_leave(c);
    smtp_in_secured(smtp_in_session_of(c));
    proceed(c);
}

static void give_up(struct client *c, const char *text)
{
    smtp_in_count_add(c->of->o.stats, SMTP_IN_TIMEOUTS, 1);
    smtp_in_stop(smtp_in_session_of(c), text);
    proceed(c);
}

/* A message may take its time as long as it moves: whoever drips octets holds memory that others need. */
static void data_timeout(struct client *c)
{
    int64_t ms = loop_now_ms(c->of->o.loop) - c->since_ms;
    bool moves = (int64_t)c->s.data_n / RATE_MIN >= ms / 1000;
    if (ms >= c->of->o.data_ms || !moves || stressed(c->of))
        give_up(c, "421 4.4.2 your message takes too long");
    else
        set_deadline(c, MIN((int64_t)SLICE_MS, c->of->o.data_ms - ms));
}

static void on_timeout(struct session_conn *conn)
{
    struct client *c = client_at(conn);
    switch (c->s.mode) {
    case SMTP_IN_WAIT:
        if (c->held == HELD_TARPIT)
            smtp_in_tell(c);
        break;
    case SMTP_IN_DATA:
    case SMTP_IN_CHUNK:
        data_timeout(c);
        break;
    case SMTP_IN_COMMAND:
    case SMTP_IN_SKIP:
    case SMTP_IN_SASL:
    case SMTP_IN_REFUSED:
        give_up(c, "421 4.4.2 idle for too long");
        break;
    case SMTP_IN_TLS:
    case SMTP_IN_CLOSED:
        conn_abort(c->c.conn, "timeout");
        break;
    }
}

static void stop(struct client *c, const char *text)
{
    smtp_in_stop(smtp_in_session_of(c), text);
    proceed(c);
    conn_flush(c->c.conn);
}

/* Is the session between messages, so that nothing is lost when it ends? */
static bool is_idle(const struct client *c)
{
    bool reads = c->s.mode == SMTP_IN_COMMAND || c->s.mode == SMTP_IN_SKIP || c->s.sasl;
    return reads && c->s.mode != SMTP_IN_WAIT && !(c->s.tx && c->s.tx->chunked);
}

static void on_stop(struct session_conn *conn)
{
    struct client *c = client_at(conn);
    if (is_idle(c))
        stop(c, "421 4.3.2 going down, try again later");
}

static void on_leave(struct session_conn *conn)
{
    struct client *c = client_at(conn);
    if (c->check)
        deliver_cancel(c->check);
    smtp_in_storing_leave(c->storing);
    smtp_in_listed_stop(c->listed);
    smtp_in_late_start(c->late, &c->of->late);
    smtp_in_submission_leave(c);
    smtp_in_session_fini(&c->s);
}

static void on_free(struct session_conn *conn)
{
    struct client *c = client_at(conn);
    secret_wipe(&c->ip, sizeof c->ip);
    free(c);
}

static void shed(struct smtp_in *in)
{
    int64_t before_ms = loop_now_ms(in->o.loop) - STRESSED_MS;
    int left = SHED_A_TURN, looks = SHED_LOOK;
    LIST_FOR(&in->conns.open, it)
    {
        struct client *c = CONTAINER_OF(it, struct client, c.in);
        if (c->c.seen_ms > before_ms || left == 0 || looks-- == 0)
            return;
        if (is_idle(c) && left--)
            stop(c, "421 4.3.2 too busy for silent connections, try again later");
    }
}

static struct session_conn *make(struct session_conns *all, const struct peer *peer, const struct sockaddr *from)
{
    struct smtp_in *in = CONTAINER_OF(all, struct smtp_in, conns);
    struct client *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->of = in;
    c->s.rules = &in->rules;
    c->s.loopback = peer->loopback;
    c->ip_known = network_ip(from, &c->ip) == OK;
    smtp_in_may_relay(c);
    return &c->c;
}

static void greet(struct session_conn *conn)
{
    struct client *c = client_at(conn);
    smtp_in_count_add(c->of->o.stats, SMTP_IN_CONNECTIONS, 1);
    conn_deadline(conn->conn, command_ms(c));
    if (!c->of->o.send) /* a holder may be where he likes */
        smtp_in_ask_lists(c);
    smtp_in_greet(smtp_in_session_of(c));
    conn_flush(conn->conn);
    if (stressed(c->of))
        shed(c->of);
}

static const struct session_conn_ops conn_calls = { .make = make,
                                                    .greet = greet,
                                                    .input = on_input,
                                                    .secured = on_secured,
                                                    .timeout = on_timeout,
                                                    .stop = on_stop,
                                                    .leave = on_leave,
                                                    .free = on_free };

/* ---- for the worker ---- */

enum err smtp_in_new(const struct smtp_in_opts *o, struct smtp_in **out)
{
    struct smtp_in *in = calloc(1, sizeof *in);
    if (!in)
        return ERR_IO;
    in->o = *o;
    if (in->o.command_ms == 0)
        in->o.command_ms = COMMAND_MS;
    if (in->o.data_ms == 0)
        in->o.data_ms = DATA_MS;
    in->rules = (struct smtp_in_rules){ .hostname = o->hostname,
                                        .postmaster = o->postmaster,
                                        .max_bytes = o->max_bytes,
                                        .max_rcpts = o->max_rcpts,
                                        .tls = o->tls != NULL,
                                        .xclient = o->xclient,
                                        .budget = o->budget,
                                        .stats = o->stats,
                                        .ops = &smtp_in_session_ops,
                                        .submit = o->send ? &smtp_in_submission_ops : NULL };
    in->conns = (struct session_conns){
        .loop = o->loop,
        .ops = &conn_calls,
        .conn = { .in_max = IN_MAX, .out_max = OUT_MAX, .deadline_ms = in->o.command_ms },
        .log = o->log,
        .closed = o->send ? "submission.closed" : "smtp.closed",
        .tls = o->tls,
    };
    session_conns_init(&in->conns);
    in->storing = (struct smtp_in_all_storing){ .store = o->store,
                                                .deliver = o->deliver,
                                                .outq = o->outq,
                                                .hostname = o->hostname,
                                                .count = o->stats ? &o->stats->storing : NULL };
    list_init(&in->storing.list);
    in->late.deliver = o->deliver;
    list_init(&in->late.list);
    *out = in;
    return OK;
}

struct session_conns *smtp_in_conns(struct smtp_in *in) { return &in->conns; }

void smtp_in_free(struct smtp_in *in)
{
    if (!in)
        return;
    session_conns_end(&in->conns);
    smtp_in_storing_cancel_all(&in->storing);
    smtp_in_late_cancel_all(&in->late);
    free(in);
}
