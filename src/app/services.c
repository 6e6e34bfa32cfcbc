/* The only place that knows which setting becomes which option. */
#include "app/services_judge.h"
#include "app/services_own.h"
#include "app/services_send.h"
#include "app/services_told.h"
#include "core/deliver.h"
#include "core/mailbox.h"
#include "serve/imap_server.h"
#include "serve/pop3_server.h"
#include "serve/site.h"
#include "serve/smtp_in.h"
#include <stdlib.h>

#ifndef MAYFLY_VERSION
#define MAYFLY_VERSION "0.1.0"
#endif

struct shared {
    struct api_shared *api;
    struct intake_budget budget; /* of SMTP, IMAP and what is written over HTTP together */
    struct smtp_in_stats smtp;
    struct smtp_in_stats submission;
    struct login_stats imap_logins, pop3_logins, submission_logins;
    struct imap_stats imap;
    struct pop3_stats pop3;
    struct pop3_locks *pop3_locks;
    struct http_counts http;
    _Atomic uint64_t accepted, refused;
    struct metrics_gate gates[DOOR_KINDS];
    struct metrics_opts metrics;
    struct str postmaster;
    struct services_told told;
};

static void shared_metrics(struct app *a, struct shared *s)
{
    static const char *const names[DOOR_KINDS] = { "smtp", "submission", "submissions", "pop3",  "pop3s",
                                                   "imap", "imaps",      "http",        "https", "metrics" };
    for (int k = 0; k < DOOR_KINDS; k++)
        s->gates[k] = (struct metrics_gate){ names[k], &a->gates[k] };
    s->metrics = (struct metrics_opts){ .store = a->store,
                                        .hub = a->hub,
                                        .limit = a->limit,
                                        .standing = a->standing,
                                        .access = a->access,
                                        .outq = a->outq,
                                        .send = send_shared_counts(a->send),
                                        .submission_logins = &s->submission_logins,
                                        .smtp = &s->smtp,
                                        .smtp_out = a->carrying.on ? &a->carrying.stats : NULL,
                                        .imap_logins = &s->imap_logins,
                                        .pop3_logins = &s->pop3_logins,
                                        .imap = &s->imap,
                                        .pop3 = &s->pop3,
                                        .budget = &s->budget,
                                        .http = &s->http,
                                        .deliver_accepted = &s->accepted,
                                        .deliver_refused = &s->refused,
                                        .gates = s->gates,
                                        .gates_n = DOOR_KINDS,
                                        .ready = &a->ready,
                                        .draining = &a->draining,
                                        .version = MAYFLY_VERSION };
    scanning_metrics(&a->scanning, &s->metrics);
}

enum err services_shared_new(struct app *a)
{
    struct shared *s = calloc(1, sizeof *s);
    if (!s)
        return ERR_IO;
    a->shared = s;
    uint64_t memory = a->config.limits_message_memory;
    s->budget.max = memory ? memory : intake_budget_default();
    s->postmaster = arena_printf(&a->arena, "postmaster@%.*s", STR_FMT(a->config.server_domains.v[0]));
    services_told_fill(a, &s->told);
    enum err e = services_send_shared(a);
    if (e != OK)
        return e;
    shared_metrics(a, s);
    e = api_shared_new(&s->api);
    return e == OK ? pop3_locks_new(&s->pop3_locks) : e;
}

void services_shared_free(struct app *a)
{
    if (a->shared) {
        api_shared_free(a->shared->api);
        pop3_locks_free(a->shared->pop3_locks);
    }
    services_send_shared_free(a);
    free(a->shared);
    a->shared = NULL;
}

static struct domain_list domains(const struct app *a)
{
    return (struct domain_list){ a->config.server_domains.v, a->config.server_domains.n };
}

static void on_reported(void *ctx, const struct box_id *box, const struct report *report)
{
    outq_reported(ctx, box, report);
}

/* ---- core ---- */
/* What its reader has said of senders counts again. */
static void on_opened(void *ctx, struct opened *o)
{
    struct app *a = ctx;
    said_recall(a->said, a->teacher, o);
}

static enum err core_new(struct services *s, struct loop *loop)
{
    struct app *a = s->app;
    const struct config *c = &a->config;
    struct auth_opts auth = { .loop = loop,
                              .store = a->store,
                              .hub = a->hub,
                              .limit = a->limit,
                              .standing = a->standing,
                              .argon = a->argon,
                              .log = a->log,
                              .opened = on_opened,
                              .ctx = a };
    enum err e = auth_new(&auth, &s->auth);
    struct mailboxes_opts boxes = { .loop = loop,
                                    .store = a->store,
                                    .auth = s->auth,
                                    .hub = a->hub,
                                    .argon = a->argon,
                                    .log = a->log,
                                    .domains = domains(a),
                                    .default_ttl_ms = c->box_default_ttl_ms,
                                    .min_ttl_ms = c->box_min_ttl_ms,
                                    .max_ttl_ms = c->box_max_ttl_ms,
                                    .max_messages = (uint32_t)c->box_max_messages,
                                    .max_bytes = c->box_max_bytes };
    if (e == OK)
        e = mailboxes_new(&boxes, &s->boxes);
    if (e == OK)
        e = scanning_start(&a->scanning, c, loop, &s->scanners);
    struct deliver_opts deliver = { .loop = loop,
                                    .store = a->store,
                                    .hub = a->hub,
                                    .work = a->work,
                                    .log = a->log,
                                    .domains = domains(a),
                                    .hostname = c->server_hostname,
                                    .standing = a->standing,
                                    .judge = services_judge(a, &a->shared->budget, s->scanners),
                                    .arrivals = a->arrivals,
                                    .teacher = a->teacher,
                                    .content = c->trust_content,
                                    .accepted = &a->shared->accepted,
                                    .refused = &a->shared->refused };
    if (e == OK)
        e = outq_new(a->outq, loop, &s->outq);
    if (services_forwarding(a, loop, s->outq, &s->forwarding)) {
        deliver.stored = forwarding_stored;
        deliver.stored_ctx = &s->forwarding;
    }
    deliver.reported = on_reported;
    deliver.reported_ctx = s->outq;
    if (e == OK)
        e = deliver_new(&deliver, &s->deliver);
    return e == OK ? services_send(s, loop, &a->shared->budget) : e;
}

/* ---- serve ---- */
static enum err smtp_new(struct services *s, struct loop *loop)
{
    struct app *a = s->app;
    const struct config *c = &a->config;
    struct smtp_in_opts o = { .loop = loop,
                              .deliver = s->deliver,
                              .guard = { .limit = a->limit,
                                         .standing = a->standing,
                                         .greylist = a->greylist,
                                         .dns = a->dns,
                                         .zones = c->access_dnsbl.v,
                                         .zones_n =
                                             c->access_dnsbl_action == CONFIG_DNSBL_REFUSE ? c->access_dnsbl.n : 0,
                                         .deadline_ms = c->trust_deadline_ms },
                              .store = a->store,
                              .outq = s->outq,
                              .relay_from = a->smtp_relay_from,
                              .relay_from_n = a->smtp_relay_from_n,
                              .tls = a->tls,
                              .log = a->log,
                              .hostname = c->server_hostname,
                              .postmaster = a->shared->postmaster,
                              .max_bytes = c->smtp_max_bytes,
                              .max_rcpts = (size_t)c->smtp_max_recipients,
                              .command_ms = c->smtp_command_ms,
                              .data_ms = c->smtp_data_ms,
                              .xclient = c->test_xclient,
                              .budget = &a->shared->budget,
                              .stats = &a->shared->smtp,
                              .gate = &a->gates[DOOR_SMTP] };
    return smtp_in_new(&o, &s->smtp);
}

/* Where mail programs log in; each protocol borrows it for this loop. */
static struct login_opts login_opts(const struct services *s, struct loop *loop, struct login_stats *stats)
{
    struct app *a = s->app;
    return (struct login_opts){ .loop = loop,
                                .auth = s->auth,
                                .limit = a->limit,
                                .standing = a->standing,
                                .domain = a->config.server_domains.v[0],
                                .loopback_cleartext = a->config.auth_cleartext == CONFIG_CLEARTEXT_LOOPBACK,
                                .stats = stats };
}

/* Mail of holders, to be sent: no block list is asked about them, and no network pays for what they get wrong, but in
 * what a login costs. */
static enum err submission_new(struct services *s, struct loop *loop)
{
    struct app *a = s->app;
    const struct config *c = &a->config;
    struct smtp_in_opts o = { .loop = loop,
                              .deliver = s->deliver,
                              .send = s->send,
                              .login = login_opts(s, loop, &a->shared->submission_logins),
                              .keep_copy = c->submission_keep_copy,
                              .tls = a->tls,
                              .log = a->log,
                              .hostname = c->server_hostname,
                              .postmaster = a->shared->postmaster,
                              .max_bytes = c->send_max_bytes,
                              .max_rcpts = (size_t)c->send_max_recipients,
                              .command_ms = c->smtp_command_ms,
                              .data_ms = c->smtp_data_ms,
                              .budget = &a->shared->budget,
                              .stats = &a->shared->submission,
                              .gate = &a->gates[DOOR_SUBMISSION] };
    return smtp_in_new(&o, &s->submission);
}

static enum err pop3_new(struct services *s, struct loop *loop)
{
    struct app *a = s->app;
    struct pop3_server_opts o = { .login = login_opts(s, loop, &a->shared->pop3_logins),
                                  .store = a->store,
                                  .boxes = s->boxes,
                                  .hub = a->hub,
                                  .tls = a->tls,
                                  .log = a->log,
                                  .locks = a->shared->pop3_locks,
                                  .stats = &a->shared->pop3,
                                  .idle_ms = a->config.pop3_idle_ms };
    return pop3_server_new(&o, &s->pop3);
}

static enum err imap_new(struct services *s, struct loop *loop)
{
    struct app *a = s->app;
    const struct config *c = &a->config;
    struct imap_server_opts o = { .login = login_opts(s, loop, &a->shared->imap_logins),
                                  .stats = &a->shared->imap,
                                  .teacher = a->teacher,
                                  .said = a->said,
                                  .store = a->store,
                                  .boxes = s->boxes,
                                  .hub = a->hub,
                                  .work = a->work,
                                  .tls = a->tls,
                                  .log = a->log,
                                  .hostname = c->server_hostname,
                                  .max_bytes = c->smtp_max_bytes,
                                  .budget = &a->shared->budget,
                                  .gate = &a->gates[DOOR_IMAP] };
    return imap_server_new(&o, &s->imap);
}

static enum err web_new(struct services *s, struct loop *loop)
{
    struct app *a = s->app;
    const struct config *c = &a->config;
    struct site_opts o = { .api = { .loop = loop,
                                    .store = a->store,
                                    .auth = s->auth,
                                    .boxes = s->boxes,
                                    .hub = a->hub,
                                    .limit = a->limit,
                                    .deliver = s->deliver,
                                    .teacher = a->teacher,
                                    .said = a->said,
                                    .arrivals = a->arrivals,
                                    .work = a->work,
                                    .budget = &a->shared->budget,
                                    .send = s->send,
                                    .outq = s->outq,
                                    .forwarding = a->forwards ? &s->forwarding : NULL,
                                    .way_out = a->carrying.on,
                                    .log = a->log,
                                    .shared = a->shared->api,
                                    .domains = domains(a),
                                    .default_ttl_ms = c->box_default_ttl_ms,
                                    .min_ttl_ms = c->box_min_ttl_ms,
                                    .max_ttl_ms = c->box_max_ttl_ms,
                                    .max_messages = (uint32_t)c->box_max_messages,
                                    .max_bytes = c->box_max_bytes,
                                    .message_max_bytes = c->smtp_max_bytes,
                                    .pow_bits = (uint32_t)c->http_pow_bits,
                                    .services_json = a->shared->told.services_json,
                                    .echo_websocket = c->test_echo_websocket },
                           .metrics = &a->shared->metrics,
                           .autoconfig = &a->shared->told.autoconfig,
                           .cors_origins = c->http_cors_origins.v,
                           .cors_origins_n = c->http_cors_origins.n,
                           .counts = &a->shared->http };
    return site_new(&o, &s->site);
}

enum err services_new(struct app *a, struct loop *loop, struct services **out)
{
    struct services *s = calloc(1, sizeof *s);
    if (!s)
        return ERR_IO;
    *out = s;
    s->app = a;
    enum err e = core_new(s, loop);
    if (e == OK)
        e = smtp_new(s, loop);
    if (e == OK)
        e = submission_new(s, loop);
    if (e == OK)
        e = pop3_new(s, loop);
    if (e == OK)
        e = imap_new(s, loop);
    return e == OK ? web_new(s, loop) : e;
}

bool services_idle(const struct app *a)
{
    const struct shared *s = a->shared;
    return !s || (atomic_load(&s->smtp.storing) == 0 && atomic_load(&send_shared_counts(a->send)->under_way) == 0);
}

void services_drain(struct services *s)
{
    session_conns_drain(smtp_in_conns(s->smtp));
    session_conns_drain(smtp_in_conns(s->submission));
    session_conns_drain(pop3_server_conns(s->pop3));
    session_conns_drain(imap_server_conns(s->imap));
    site_drain(s->site);
}

void services_close(struct services *s)
{
    if (s && s->smtp)
        smtp_in_free(s->smtp);
    if (s && s->submission)
        smtp_in_free(s->submission);
    if (s && s->pop3)
        pop3_server_free(s->pop3);
    if (s && s->imap)
        imap_server_free(s->imap);
    if (s && s->site)
        site_free(s->site);
    if (s && s->scanners)
        scanners_stop(s->scanners);
    if (s)
        s->smtp = s->submission = NULL, s->pop3 = NULL, s->imap = NULL, s->site = NULL;
}

void services_free(struct services *s)
{
    if (!s)
        return;
    services_close(s);
    send_free(s->send);
    outq_free(s->outq);
    deliver_free(s->deliver);
    scanners_free(s->scanners);
    mailboxes_free(s->boxes);
    auth_free(s->auth);
    free(s);
}
