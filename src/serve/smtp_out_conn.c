/* The socket under a session: what it says is fed, what it wants done is done, and its waits are bounded. A session
 * that ended before anybody was answered leaves its job to the next address. */
#include "base/log.h"
#include "io/tls.h"
#include "serve/smtp_out_carry.h"
#include <stdlib.h>

enum {
    IN_MAX = 16 * 1024,
    OUT_MAX = 4 * 1024 * 1024, /* a piece of the mail, its dots doubled at worst */
    IDLE_MS = 3000,            /* a connection waits so long for another mail */
    IDLE_MAX = 100,
    USED_MS = 300 * 1000,     /* then a new one is made: routes and policies change */
    FIRST_MS = 5 * 60 * 1000, /* for the greeting */
    NAME_MAX_N = 256
};

static void advance(struct carrier *c);

static void mind_time(struct carrier *c)
{
    const struct smtp_out_opts *o = &c->s->o;
    bool mail = c->session.mode == SMTP_OUT_BODY || c->session.sent_last;
    if (c->conn && c->job)
        conn_deadline(c->conn, MIN(smtp_out_patience_ms(&c->session), mail ? o->data_ms : o->command_ms));
}

/* ---- the mail ---- */
static void close_body(struct carrier *c)
{
    outq_body_close(c->body);
    c->body = NULL;
    c->asked = false;
}

static void on_piece(void *ctx, struct str bytes, bool last)
{
    struct carrier *c = ctx;
    c->asked = false;
    if (c->session.mode != SMTP_OUT_BODY) {
        advance(c);
        return;
    }
    smtp_out_body(&c->session, bytes, last);
    if (c->session.sent_last)
        outq_leaves(c->job);
    conn_flush(c->conn);
    if (last)
        close_body(c);
    mind_time(c);
    advance(c);
}

static void on_unreadable(void *ctx, enum err)
{
    struct carrier *c = ctx;
    close_body(c);
    c->broken_off = true;
    smtp_out_lost(&c->session, "4.3.0", "the mail cannot be read now");
    advance(c);
}

static const struct outq_body_ops body_ops = { on_piece, on_unreadable };

static void pump(struct carrier *c)
{
    if (!c->body)
        c->body = outq_body_open(c->job, &body_ops, c);
    if (!c->body) {
        smtp_out_lost(&c->session, "4.3.0", "out of memory");
        return;
    }
    if (c->asked || !smtp_out_wants_body(&c->session) || conn_unsent(c->conn) > 0 || conn_is_deaf(c->conn))
        return; /* whoever listens no more may have said why */
    c->asked = true;
    outq_body_next(c->body);
}

/* ---- TLS ---- */
static const char *name_of(struct str s, char room[static NAME_MAX_N])
{
    s = str_sub(s, 0, NAME_MAX_N - 1);
    if (s.n > 0)
        memcpy(room, s.p, s.n);
    room[s.n] = 0;
    return room;
}

static void shake(struct carrier *c)
{
    const struct smtp_out_opts *o = &c->s->o;
    char host[NAME_MAX_N], domain[NAME_MAX_N];
    const struct route_host *h = carrier_host(c);
    enum route_tls tls = carrier_tls(c);
    c->shaking = true;
    if (tls == ROUTE_TLS_DANE) {
        const struct tls_dane d = { .host = name_of(c->reach->tlsa_name, host),
                                    .domain = name_of(c->destination, domain),
                                    .v = c->reach->tlsa,
                                    .n = c->reach->tlsa_n };
        conn_start_tls_dane(c->conn, o->dane, &d);
    } else {
        struct tls *any = h->tested && o->told ? o->told : o->any;
        conn_start_tls_client(c->conn, tls == ROUTE_TLS_NAME ? o->known : any, name_of(h->name, host));
    }
}

static void on_secured(void *ctx)
{
    struct carrier *c = ctx;
    enum route_tls tls = carrier_tls(c);
    struct smtp_out_stats *n = c->s->o.stats;
    c->shaking = false;
    carrier_told_secured(c);
    atomic_fetch_add(&n->tls, 1);
    atomic_fetch_add(&n->dane, tls == ROUTE_TLS_DANE);
    atomic_fetch_add(&n->sts, tls == ROUTE_TLS_NAME && carrier_host(c)->sts);
    smtp_out_secured(&c->session, tls == ROUTE_TLS_DANE || tls == ROUTE_TLS_NAME);
    conn_flush(c->conn);
    mind_time(c);
}

/* ---- jobs ---- */
static void quit(struct carrier *c)
{
    smtp_out_quit(&c->session);
    conn_flush(c->conn);
    conn_deadline(c->conn, smtp_out_patience_ms(&c->session));
}

static void go_idle(struct carrier *c)
{
    struct smtp_out *s = c->s;
    if (s->stopping || c->lax || c->second || s->idle_n >= IDLE_MAX) {
        quit(c);
        return;
    }
    list_add_tail(&s->idle, &c->idle);
    s->idle_n++;
    timer_set(&c->wait, IDLE_MS);
    conn_deadline(c->conn, 2 * IDLE_MS);
}

static void leave_idle(struct carrier *c)
{
    timer_clear(&c->wait);
    if (list_empty(&c->idle))
        return;
    list_del(&c->idle);
    c->s->idle_n--;
}

static void done(struct carrier *c)
{
    struct outq_job *job = c->job;
    const struct outq_result *results = carrier_results(c);
    close_body(c);
    c->job = NULL;
    c->begun = false;
    outq_done(job, results, true);
    smtp_out_forget(&c->session);
    c->kept = NULL;
    arena_reset(&c->kept_arena);
}

/* Each recipient has its result: the job goes back, or to the next server with those that this one postponed. */
static void settled(struct carrier *c)
{
    if (!carrier_second(c)) {
        done(c);
        return;
    }
    close_body(c);
    c->begun = false;
    c->declined = true;
    smtp_out_forget(&c->session);
}

/* Should the connection fail this one, the server may be tried afresh: many end one that was used or waited for long.
 */
static void assign(struct carrier *c, struct outq_job *job)
{
    c->job = job;
    c->sessions = 0;
    c->tried[c->at] = c->failed_softly = c->broken_off = false;
    c->last = (struct smtp_out_said){ 0 };
    c->last_mx = S("");
    atomic_fetch_add(&c->s->o.stats->reused, 1);
}

static void next_job(struct carrier *c)
{
    bool usable = !c->job && !c->lax && !c->second && !c->s->stopping && c->session.mode != SMTP_OUT_CLOSED &&
                  loop_now_ms(c->s->o.loop) - c->since_ms < USED_MS;
    struct outq_job *job = usable ? outq_next(c->s->run, c->destination) : NULL;
    if (job)
        assign(c, job);
}

static void begin(struct carrier *c)
{
    carrier_told_unsecured(c);
    c->broken_off = !outq_wanted(c->job);
    if (c->broken_off)
        carrier_note_words(c, false, "4.3.0", "it was not to be sent any more");
    else if (smtp_out_suits(&c->session, c->job) != OK)
        carrier_note_words(c, true, "5.7.30", "the server does not do REQUIRETLS, which the mail asks for");
    else if (smtp_out_begin(&c->session, c->job, c->kept) != OK)
        carrier_note_words(c, false, "4.3.0", "out of memory");
    else
        c->begun = true;
    c->declined = !c->begun;
    if (c->declined)
        quit(c);
    conn_flush(c->conn);
    mind_time(c);
}

/* Does what the session waits for. A job that is settled goes back at once, unless the next server may be asked. */
static void advance(struct carrier *c)
{
    struct smtp_out_session *s = &c->session;
    for (bool again = true; again;) {
        again = false;
        if (c->begun && smtp_out_settled(s) && !(s->mode == SMTP_OUT_CLOSED && smtp_out_untouched(s))) {
            settled(c);
            next_job(c);
        }
        if (s->mode == SMTP_OUT_READY && c->job && !c->begun && !c->declined) {
            begin(c);
            again = c->begun;
        }
    }
    if (s->mode == SMTP_OUT_READY && c->job && c->declined)
        quit(c);
    if (s->mode == SMTP_OUT_READY && !c->job && list_empty(&c->idle))
        go_idle(c);
    if (s->mode == SMTP_OUT_BODY)
        pump(c);
    if (s->mode == SMTP_OUT_SHAKE && !c->shaking)
        shake(c);
    if (s->mode == SMTP_OUT_CLOSED)
        conn_finish(c->conn);
}

static void on_wait(struct timer *t)
{
    struct carrier *c = CONTAINER_OF(t, struct carrier, wait);
    leave_idle(c);
    if (c->job)
        advance(c);
    else if (c->session.mode == SMTP_OUT_READY)
        quit(c);
}

void carrier_take(struct carrier *c, struct outq_job *job)
{
    leave_idle(c);
    assign(c, job);
    timer_set(&c->wait, 0); /* what can be settled at once is so on a later turn */
}

/* ---- the connection ---- */
static size_t on_input(void *ctx, struct str data)
{
    struct carrier *c = ctx;
    size_t n = smtp_out_input(&c->session, data);
    if (c->session.reply.whole) /* octets alone buy no time */
        mind_time(c);
    advance(c);
    return n;
}

static void on_drained(void *ctx)
{
    struct carrier *c = ctx;
    if (c->session.mode != SMTP_OUT_BODY)
        return;
    mind_time(c);
    advance(c);
}

static void on_timeout(void *ctx)
{
    struct carrier *c = ctx;
    smtp_out_lost(&c->session, "4.4.2", "the server did not answer in time");
    conn_abort(c->conn, "timeout");
}

/* ---- the end of a connection ---- */
/* Neither user nor password: log files are read by many. */
static void failed_login(struct carrier *c)
{
    atomic_fetch_add(&c->s->o.stats->login_failed, 1);
    log_warn(c->s->o.log, "smtp_out.login", LOG_STR("mx", carrier_host(c)->name),
             LOG_U64("code", c->session.login_code), LOG_C("reason", c->session.login_refused));
}

static void failed_handshake(struct carrier *c)
{
    atomic_fetch_add(&c->s->o.stats->tls_failed, 1);
    log_info(c->s->o.log, "smtp_out.tls", LOG_STR("mx", carrier_host(c)->name),
             LOG_U64("dane", carrier_tls(c) == ROUTE_TLS_DANE), LOG_U64("sts", carrier_host(c)->sts));
    if (c->session.user.n > 0) {
        c->session.login_refused =
            "TLS failed: is its certificate for its name, and signed by an authority of smtp_out.ca_file?";
        failed_login(c);
        carrier_note_words(c, false, "4.7.5", SMTP_OUT_NOT_LET_IN);
        return;
    }
    if (carrier_tls(c) != ROUTE_TLS_MAY) {
        carrier_note_words(c, false, "4.7.5", "the server could not show that it is the one that its domain means");
        return;
    }
    c->no_tls = true; /* RFC 7435: better in the clear than not at all, where nobody asked for more */
    c->tried[c->at] = false;
}

static void on_closed(void *ctx, const char *)
{
    struct carrier *c = ctx;
    struct smtp_out_session *s = &c->session;
    leave_idle(c);
    close_body(c);
    smtp_out_lost(s, "4.4.2", "the connection broke");
    carrier_told_unsecured(c);
    c->conn = NULL;
    c->reached |= s->greeted;
    if (s->login_refused)
        failed_login(c);
    if (c->begun && !smtp_out_untouched(s))
        settled(c);
    if (c->job && c->shaking && !c->broken_off)
        failed_handshake(c);
    else if (c->job && !c->declined)
        carrier_note(c, &s->end);
    smtp_out_fini(s);
    c->begun = false;
    if (c->job)
        carrier_next_address(c);
    else
        carrier_free(c);
}

static const struct conn_ops ops = {
    .input = on_input, .drained = on_drained, .secured = on_secured, .timeout = on_timeout, .closed = on_closed
};

void carrier_talk(struct carrier *c, int fd)
{
    const struct smtp_out_opts *o = &c->s->o;
    const struct route_host *h = carrier_host(c);
    const struct conn_opts co = {
        .in_max = IN_MAX, .out_max = OUT_MAX, .deadline_ms = MIN(o->command_ms, (int64_t)FIRST_MS), .hears_out = true
    };
    c->sessions++;
    c->shaking = c->declined = c->begun = c->counted = false;
    if (conn_new(o->loop, fd, &ops, c, &co, &c->conn) != OK) {
        carrier_note_words(c, false, "4.3.0", "out of memory");
        carrier_next_address(c);
        return;
    }
    c->since_ms = loop_now_ms(o->loop);
    c->session = (struct smtp_out_session){ .hostname = o->hostname,
                                            .tls = carrier_tls(c) != ROUTE_TLS_MAY ? SMTP_OUT_TLS_MUST
                                                   : c->no_tls                     ? SMTP_OUT_TLS_NEVER
                                                                                   : SMTP_OUT_TLS_MAY,
                                            .user = h->smart ? o->relay_user : S(""),
                                            .password = h->smart ? o->relay_password : S(""),
                                            .mx = h->name,
                                            .out = conn_out(c->conn) };
    timer_init(&c->wait, o->loop, on_wait);
    smtp_out_init(&c->session);
    atomic_fetch_add(&o->stats->sessions, 1);
}

static void stop(struct carrier *c, const char *enhanced, const char *words)
{
    carrier_note_words(c, false, enhanced, words);
    if (!c->conn) {
        carrier_give_up_later(c);
        return;
    }
    smtp_out_lost(&c->session, enhanced, words);
    conn_abort(c->conn, "stopped");
}

void carrier_stop(struct carrier *c) { stop(c, "4.3.2", "this server is shutting down"); }

/* A server that has not read the end of a mail has not taken it (RFC 5321 section 4.1.1.4, RFC 3030 section 2). */
void carrier_break_off(struct carrier *c)
{
    leave_idle(c);
    if (c->conn)
        close_body(c);
    c->broken_off = true;
    stop(c, "4.3.0", "it was not to be sent any more");
}
