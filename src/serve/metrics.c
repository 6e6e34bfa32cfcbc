#include "serve/metrics.h"
#include "base/secret.h"
#include "core/event.h"
#include "core/send_shared.h"
#include "serve/listen.h"
#include <inttypes.h>

static void head(struct buf *b, const char *name, const char *type, const char *help)
{
    buf_printf(b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}
static void one(struct buf *b, const char *name, const char *type, const char *help, uint64_t v)
{
    head(b, name, type, help);
    buf_printf(b, "%s %" PRIu64 "\n", name, v);
}
static uint64_t load(const _Atomic uint64_t *v) { return atomic_load_explicit(v, memory_order_relaxed); }

static void put_store(struct buf *b, struct store *st)
{
    struct store_stats s;
    store_stats(st, &s);
    const struct {
        const char *name, *type, *help;
        uint64_t v;
    } rows[] = {
        { "mayfly_mailboxes_live", "gauge", "Mailboxes that live now.", s.boxes },
        { "mayfly_mailboxes_created_total", "counter", "Mailboxes made since start.", s.created },
        { "mayfly_mailboxes_ended_total", "counter", "Mailboxes ended since start.", s.ended },
        { "mayfly_messages_live", "gauge", "Messages held now.", s.messages },
        { "mayfly_messages_stored_total", "counter", "Messages stored since start.", s.appended },
        { "mayfly_messages_duplicate_total", "counter", "Retried messages that were stored already.", s.duplicates },
        { "mayfly_messages_deleted_total", "counter", "Messages deleted by their holder.", s.deleted },
        { "mayfly_store_held_bytes", "gauge", "Ciphertext bytes of live messages.", s.bytes },
        { "mayfly_store_disk_bytes", "gauge", "Bytes of segment files on disk.", s.disk_bytes },
        { "mayfly_store_segments", "gauge", "Segment files.", s.segments },
        { "mayfly_store_commits_total", "counter", "Group commits.", s.commits },
        { "mayfly_store_syncs_total", "counter", "Flushes to disk.", s.syncs },
        { "mayfly_store_errors_total", "counter", "Failed reads, writes and flushes.", s.errors },
        { "mayfly_store_queue", "gauge", "Requests that wait for the committer.", s.queue },
        { "mayfly_store_full", "gauge", "1: intake is refused for lack of disk space.", s.full },
        { "mayfly_store_faulted", "gauge", "1: intake is refused after a store fault.", s.faulted },
        { "mayfly_clock_frozen", "gauge", "1: the wall clock jumped and no mailbox ends by time.", s.frozen },
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        one(b, rows[i].name, rows[i].type, rows[i].help, rows[i].v);
    head(b, "mayfly_expiry_lag_seconds", "gauge", "How long the most overdue mailbox has waited for its key's end.");
    buf_printf(b, "mayfly_expiry_lag_seconds %.3f\n", (double)s.oldest_due_ms / 1000);
}

static void put_smtp(struct buf *b, const struct smtp_in_stats *s)
{
    one(b, "mayfly_smtp_accepted_total", "counter", "Messages answered 250.", load(&s->v[SMTP_IN_ACCEPTED]));
    one(b, "mayfly_smtp_received_bytes_total", "counter", "Octets of those.", load(&s->v[SMTP_IN_BYTES]));
    one(b, "mayfly_smtp_tls_total", "counter", "Connections that turned to TLS.", load(&s->v[SMTP_IN_SECURED]));
    one(b, "mayfly_smtp_recipients_total", "counter", "Recipients answered 250.", load(&s->v[SMTP_IN_RCPTS]));
    head(b, "mayfly_smtp_rejected_total", "counter", "What was refused, by reason.");
    for (int i = SMTP_IN_UNKNOWN; i < SMTP_IN_COUNTS; i++)
        buf_printf(b, "mayfly_smtp_rejected_total{reason=\"%s\"} %" PRIu64 "\n",
                   smtp_in_count_name((enum smtp_in_count)i), load(&s->v[i]));
}

static void put_login(struct buf *b, const char *protocol, const struct login_stats *s)
{
    const struct {
        const char *result;
        uint64_t n;
    } rows[] = { { "good", load(&s->good) }, { "denied", load(&s->denied) }, { "busy", load(&s->busy) } };
    for (size_t i = 0; i < COUNT(rows); i++)
        buf_printf(b, "mayfly_login_total{protocol=\"%s\",result=\"%s\"} %" PRIu64 "\n", protocol, rows[i].result,
                   rows[i].n);
}

static void put_logins(struct buf *b, const struct metrics_opts *m)
{
    if (!m->imap_logins && !m->pop3_logins && !m->submission_logins)
        return;
    head(b, "mayfly_login_total", "counter", "Logins of mail programs by protocol and result.");
    if (m->imap_logins)
        put_login(b, "imap", m->imap_logins);
    if (m->pop3_logins)
        put_login(b, "pop3", m->pop3_logins);
    if (m->submission_logins)
        put_login(b, "submission", m->submission_logins);
}

/* By name, those that are none of ours as one: the set is the table of commands. */
static void put_commands(struct buf *b, const char *name, const _Atomic uint64_t *v, struct str (*counted)(size_t))
{
    struct str s;
    head(b, name, "counter", "Commands read, by name; a UID before it is not counted apart.");
    for (size_t i = 0; s = counted(i), !str_empty(s); i++)
        buf_printf(b, "%s{command=\"%.*s\"} %" PRIu64 "\n", name, STR_FMT(s), load(&v[i]));
}

static void put_imap(struct buf *b, const struct imap_stats *s)
{
    one(b, "mayfly_imap_sessions_total", "counter", "Logins into IMAP sessions.", load(&s->sessions));
    one(b, "mayfly_imap_sessions_open", "gauge", "IMAP sessions that are logged in now.", load(&s->inside));
    one(b, "mayfly_imap_idle_open", "gauge", "IMAP sessions in IDLE now.", load(&s->idle));
    one(b, "mayfly_imap_sent_bytes_total", "counter", "Octets of messages and parts sent.", load(&s->bytes));
    put_commands(b, "mayfly_imap_commands_total", s->commands, imap_counted_name);
}

static void put_send(struct buf *b, const struct send_counts *n)
{
    const struct {
        const char *result;
        uint64_t n;
    } rows[] = { { "queued", load(&n->queued) }, { "refused", load(&n->refused) }, { "capped", load(&n->capped) } };
    head(b, "mayfly_send_total", "counter", "Mails that holders of boxes wanted to send, by what came of it.");
    for (size_t i = 0; i < COUNT(rows); i++)
        buf_printf(b, "mayfly_send_total{result=\"%s\"} %" PRIu64 "\n", rows[i].result, rows[i].n);
    one(b, "mayfly_send_signed_total", "counter", "Of these, signed with DKIM.", load(&n->signed_n));
    one(b, "mayfly_send_unsigned_total", "counter", "Of these, without keys to sign with.", load(&n->unsigned_n));
}

static void put_smtp_out(struct buf *b, const struct smtp_out_stats *s)
{
    const struct {
        const char *name, *help;
        const _Atomic uint64_t *v;
    } rows[] = {
        { "mayfly_smtp_out_sessions_total", "Connections to other servers.", &s->sessions },
        { "mayfly_smtp_out_reused_total", "Mails that went over a connection that stood.", &s->reused },
        { "mayfly_smtp_out_tls_total", "Connections of those that turned to TLS.", &s->tls },
        { "mayfly_smtp_out_dane_total", "Of these, to a server that DANE vouched for.", &s->dane },
        { "mayfly_smtp_out_sts_total", "Of these, to a server that an MTA-STS policy named.", &s->sts },
        { "mayfly_smtp_out_tls_failed_total", "Handshakes that failed.", &s->tls_failed },
        { "mayfly_smtp_out_login_failed_total", "Sessions at the smart host that came to no login.", &s->login_failed },
        { "mayfly_smtp_out_unreached_total", "Hosts none of whose addresses answered.", &s->unreached },
        { "mayfly_smtp_out_tls_reports_total", "Reports on TLS that went into the queue, or are posted.", &s->reports },
        { "mayfly_smtp_out_tls_reports_lost_total", "Such as did neither.", &s->reports_lost },
        { "mayfly_smtp_out_local_total", "Mails from the queue into boxes here.", &s->local },
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        one(b, rows[i].name, "counter", rows[i].help, load(rows[i].v));
}

static void put_pop3(struct buf *b, const struct pop3_stats *s)
{
    one(b, "mayfly_pop3_sessions_total", "counter", "POP3 sessions that logged in.", load(&s->sessions));
    one(b, "mayfly_pop3_in_use_total", "counter", "POP3 logins into a mailbox that was in use.", load(&s->in_use));
    one(b, "mayfly_pop3_messages_total", "counter", "Messages handed out by RETR and TOP.", load(&s->messages));
    one(b, "mayfly_pop3_sent_bytes_total", "counter", "Octets of those.", load(&s->bytes));
    one(b, "mayfly_pop3_deleted_total", "counter", "Messages deleted at QUIT.", load(&s->deleted));
    one(b, "mayfly_pop3_sessions_open", "gauge", "POP3 sessions that are logged in now.", load(&s->inside));
    put_commands(b, "mayfly_pop3_commands_total", s->commands, pop3_counted_name);
}

static void put_queue(struct buf *b, const struct outq_shared *q)
{
    struct outq_stats s;
    outq_stats(q, &s);
    const struct {
        const char *name, *type, *help;
        uint64_t v;
    } rows[] = {
        { "mayfly_queue_waiting", "gauge", "Messages that wait to leave.", s.waiting },
        { "mayfly_queue_active", "gauge", "Attempts under way.", s.active },
        { "mayfly_queue_destinations", "gauge", "Destinations known now.", s.destinations },
        { "mayfly_queue_taken_total", "counter", "Messages put into the queue.", s.put },
        { "mayfly_queue_sent_total", "counter", "Recipients that took their message.", s.sent },
        { "mayfly_queue_deferred_total", "counter", "Attempts after which a recipient is to be tried again.", s.later },
        { "mayfly_queue_failed_total", "counter", "Recipients given up.", s.failed },
        { "mayfly_queue_expired_total", "counter", "Messages given up because their time was over.", s.expired },
        { "mayfly_queue_dropped_total", "counter", "Messages dropped by the operator.", s.dropped },
        { "mayfly_queue_recalled_total", "counter", "Messages called back by their sender.", s.recalled },
        { "mayfly_queue_reports_total", "counter", "Reports of far ends that changed how a mail stands.", s.reported },
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        one(b, rows[i].name, rows[i].type, rows[i].help, rows[i].v);
    head(b, "mayfly_queue_notices_total", "counter", "Reports to senders, by kind.");
    buf_printf(b, "mayfly_queue_notices_total{kind=\"failed\"} %" PRIu64 "\n", s.dsn_failed);
    buf_printf(b, "mayfly_queue_notices_total{kind=\"delayed\"} %" PRIu64 "\n", s.dsn_delayed);
    buf_printf(b, "mayfly_queue_notices_total{kind=\"success\"} %" PRIu64 "\n", s.dsn_success);
}

static void put_gates(struct buf *b, const struct metrics_opts *m)
{
    head(b, "mayfly_connections_open", "gauge", "Open connections by listener.");
    for (size_t i = 0; i < m->gates_n; i++)
        buf_printf(b, "mayfly_connections_open{listener=\"%s\"} %u\n", m->gates[i].name,
                   (unsigned)atomic_load_explicit(&m->gates[i].gate->open, memory_order_relaxed));
    head(b, "mayfly_connections_accepted_total", "counter", "Connections taken by listener.");
    for (size_t i = 0; i < m->gates_n; i++)
        buf_printf(b, "mayfly_connections_accepted_total{listener=\"%s\"} %" PRIu64 "\n", m->gates[i].name,
                   load(&m->gates[i].gate->accepted));
    head(b, "mayfly_connections_refused_total", "counter", "Connections refused by listener and reason.");
    for (size_t i = 0; i < m->gates_n; i++) {
        const struct listen_gate *g = m->gates[i].gate;
        const struct {
            const char *reason;
            uint64_t n;
        } rows[] = { { "full", load(&g->refused_full) },
                     { "network", load(&g->refused_network) },
                     { "proxy", load(&g->refused_proxy) },
                     { "access", load(&g->refused_access) },
                     { "descriptors", load(&g->out_of_fds) } };
        for (size_t k = 0; k < COUNT(rows); k++)
            buf_printf(b, "mayfly_connections_refused_total{listener=\"%s\",reason=\"%s\"} %" PRIu64 "\n",
                       m->gates[i].name, rows[k].reason, rows[k].n);
    }
}

static void put_checks(struct buf *b, const struct check_costs *c)
{
    head(b, "mayfly_check_seconds", "summary", "Time from the beginning of a check of a mail to its answer.");
    for (int k = 0; k < CHECK_KINDS; k++) {
        const char *name = check_kind_name((enum check_kind)k);
        buf_printf(b, "mayfly_check_seconds_sum{check=\"%s\"} %.6f\n", name, (double)load(&c->v[k].us) / 1e6);
        buf_printf(b, "mayfly_check_seconds_count{check=\"%s\"} %" PRIu64 "\n", name, load(&c->v[k].n));
    }
}

static void put_scanners(struct buf *b, const struct metrics_opts *m)
{
    if (m->scanners_n == 0)
        return;
    head(b, "mayfly_scanner_up", "gauge", "1: the scanner answers; 0: it has failed several times in a row.");
    for (size_t i = 0; i < m->scanners_n; i++)
        buf_printf(b, "mayfly_scanner_up{scanner=\"%s\"} %d\n", m->scanners[i].name,
                   neighbour_is_up(m->scanners[i].state));
    head(b, "mayfly_scan_total", "counter", "Mails before a scanner, by what came of it.");
    for (size_t i = 0; i < m->scanners_n; i++)
        for (int o = 0; o < NEIGHBOUR_OUTCOMES; o++)
            buf_printf(b, "mayfly_scan_total{scanner=\"%s\",outcome=\"%s\"} %" PRIu64 "\n", m->scanners[i].name,
                       neighbour_outcome_name((enum neighbour_outcome)o), load(&m->scanners[i].state->outcomes[o]));
}

/* By reason, and never by whom. */
static void put_standing(struct buf *b, const struct standing *s)
{
    head(b, "mayfly_standing_events_total", "counter", "What counts for or against a network, by kind.");
    for (int i = 0; i < STANDING_EVENTS; i++)
        buf_printf(b, "mayfly_standing_events_total{event=\"%s\"} %" PRIu64 "\n",
                   standing_event_name((enum standing_event)i), standing_events(s, (enum standing_event)i));
    head(b, "mayfly_bans_total", "counter", "Networks banned for a while, by the last straw.");
    for (int i = 0; i < STANDING_GOOD; i++)
        buf_printf(b, "mayfly_bans_total{reason=\"%s\"} %" PRIu64 "\n", standing_event_name((enum standing_event)i),
                   standing_bans(s, (enum standing_event)i));
}

static void put_access(struct buf *b, const struct access *a)
{
    static const char *const names[ACCESS_ANSWERS] = { "open", "trusted", "denied", "banned" };
    head(b, "mayfly_access_total", "counter", "Connections by what the lists and the bans said of their network.");
    for (int i = 0; i < ACCESS_ANSWERS; i++)
        buf_printf(b, "mayfly_access_total{answer=\"%s\"} %" PRIu64 "\n", names[i],
                   access_count(a, (enum access_answer)i));
}

static void put_http(struct buf *b, const struct http_counts *h)
{
    one(b, "mayfly_http_requests_total", "counter", "Requests read.", load(&h->requests));
    head(b, "mayfly_http_answers_total", "counter", "Answers by class of status.");
    for (int i = 1; i < 6; i++)
        buf_printf(b, "mayfly_http_answers_total{class=\"%dxx\"} %" PRIu64 "\n", i, load(&h->answers[i]));
}

void metrics_write(const struct metrics_opts *m, struct buf *b)
{
    head(b, "mayfly_info", "gauge", "The version that runs.");
    buf_printf(b, "mayfly_info{version=\"%s\"} 1\n", m->version ? m->version : "unknown");
    if (m->ready)
        one(b, "mayfly_ready", "gauge", "1: takes mail and serves.", atomic_load(m->ready));
    if (m->store)
        put_store(b, m->store);
    if (m->smtp)
        put_smtp(b, m->smtp);
    if (m->send)
        put_send(b, m->send);
    if (m->smtp_out)
        put_smtp_out(b, m->smtp_out);
    put_logins(b, m);
    if (m->imap)
        put_imap(b, m->imap);
    if (m->pop3)
        put_pop3(b, m->pop3);
    if (m->deliver_accepted)
        one(b, "mayfly_deliver_accepted_total", "counter", "Messages delivered.", load(m->deliver_accepted));
    if (m->deliver_refused)
        one(b, "mayfly_deliver_refused_total", "counter", "Messages not delivered.", load(m->deliver_refused));
    if (m->outq)
        put_queue(b, m->outq);
    put_gates(b, m);
    if (m->checks)
        put_checks(b, m->checks);
    put_scanners(b, m);
    if (m->access)
        put_access(b, m->access);
    if (m->standing)
        put_standing(b, m->standing);
    if (m->http)
        put_http(b, m->http);
    if (m->hub)
        one(b, "mayfly_live_listeners", "gauge", "Mailboxes listened to: WebSocket, SSE, wait.",
            event_listeners(m->hub));
    if (m->budget)
        one(b, "mayfly_message_memory_bytes", "gauge", "Memory set aside for messages that come in, or are read whole.",
            atomic_load_explicit(&m->budget->used, memory_order_relaxed));
    one(b, "mayfly_secret_cells", "gauge", "Keys in locked memory.", secret_used());
}

static void serve_metrics(struct http_req *r)
{
    metrics_write(r->ctx, http_begin(r, 200, "text/plain; version=0.0.4; charset=utf-8"));
    http_finish(r);
}

void metrics_answer_livez(struct http_req *r) { http_reply(r, 200, "text/plain; charset=utf-8", S("ok\n")); }
/* Named one by one, so that somebody who runs us sees what is wrong; 503 keeps traffic away. */
void metrics_answer_readyz(struct http_req *r, const struct metrics_opts *m)
{
    struct store_stats s = { 0 };
    if (m->store)
        store_stats(m->store, &s);
    bool up = !m->ready || atomic_load(m->ready), drains = m->draining && atomic_load(m->draining);
    bool ok = up && !drains && !s.full && !s.faulted;
    struct buf *b = http_begin(r, ok ? 200 : 503, "text/plain; charset=utf-8");
    buf_printf(b, "%s\nserver %s\nstore %s\ndisk %s\nclock %s\n", ok ? "ok" : "not ready",
               drains ? "draining"
               : up   ? "ok"
                      : "starting",
               s.faulted ? "faulted" : "ok", s.full ? "full" : "ok", s.frozen ? "frozen" : "ok");
    for (size_t i = 0; i < m->scanners_n; i++) /* mail waits, or is taken without it: all else goes on */
        buf_printf(b, "%s %s\n", m->scanners[i].name, neighbour_is_up(m->scanners[i].state) ? "ok" : "down");
    http_finish(r);
}
void metrics_livez(struct http_req *r) { metrics_answer_livez(r); }
void metrics_readyz(struct http_req *r) { metrics_answer_readyz(r, r->ctx); }

const struct http_route metrics_routes[] = {
    { HTTP_M_GET, STR("/metrics"), serve_metrics, 0, 0 },
    { HTTP_M_GET, STR("/livez"), metrics_livez, 0, 0 },
    { HTTP_M_GET, STR("/readyz"), metrics_readyz, 0, 0 },
};
const size_t metrics_routes_n = COUNT(metrics_routes);
