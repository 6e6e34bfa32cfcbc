#include "app/sending.h"
#include "app/services_judge.h"
#include "app/services_send.h"
#include "app/start.h"
#include "app/thread.h"
#include "base/rand.h"
#include "core/outq_run.h"
#include "core/tls_reporter.h"
#include <stdlib.h>
#include <unistd.h>

enum { LOOK_MS = 60 * 1000, TEST_LOOK_MS = 200, AGAIN_MS = 5 * 60 * 1000, TEST_AGAIN_MS = 200 };

struct sending {
    struct app *app;
    struct loop_thread thread;
    struct scanners *scanners;
    struct deliver *deliver;
    struct outq_run *run;
    struct forwarding forwarding; /* of what boxes here write to each other */
    struct outq *outq;            /* for that, and for reports */
    struct tls_posts *posts;
    struct tls_reporter *reporter;
    struct job drain;
};

enum err sending_loop(struct app *a)
{
    a->sending = calloc(1, sizeof *a->sending);
    if (!a->sending)
        return ERR_IO;
    a->sending->app = a;
    enum err e = loop_thread_new(&a->sending->thread);
    a->out_loop = a->sending->thread.loop;
    return e;
}

/* ---- who carries ---- */

static int64_t now_ms(void *ctx)
{
    const struct app *a = ctx;
    return store_now_ms(a->store);
}

static void unknown(void *ctx, const struct box_id *box)
{
    const struct app *a = ctx;
    send_shared_unknown(a->send, box, store_now_ms(a->store), loop_now_ms(a->out_loop));
}

static enum err carry(struct sending *s, struct domain_list ours)
{
    struct app *a = s->app;
    const struct carrying_on on = { .loop = s->thread.loop,
                                    .dns = a->dns,
                                    .deliver = s->deliver,
                                    .domains = ours,
                                    .log = a->log,
                                    .now_ms = now_ms,
                                    .unknown = unknown,
                                    .ctx = a };
    return carrying_new(&a->carrying, &a->config, &on);
}

/* ---- the queue ---- */

static struct domain_list domains(const struct app *a)
{
    return (struct domain_list){ a->config.server_domains.v, a->config.server_domains.n };
}

/* Who wrote it has logged in: that need not be found out. What it says and what is in it is looked at like all mail. */
static enum err deliver_here(struct sending *s)
{
    struct app *a = s->app;
    enum err e = scanning_start(&a->scanning, &a->config, s->thread.loop, &s->scanners);
    struct judge_opts judge = services_judge(a, NULL, s->scanners);
    judge.dns = NULL;
    struct deliver_opts o = { .loop = s->thread.loop,
                              .store = a->store,
                              .hub = a->hub,
                              .work = a->work,
                              .log = a->log,
                              .domains = domains(a),
                              .hostname = a->config.server_hostname,
                              .judge = judge,
                              .arrivals = a->arrivals,
                              .teacher = a->teacher,
                              .content = a->config.trust_content,
                              .stored = forwarding_stored,
                              .stored_ctx = &s->forwarding };
    return e == OK ? deliver_new(&o, &s->deliver) : e;
}

static enum err shared(struct app *a)
{
    const struct config *c = &a->config;
    struct outq_shared_opts o = { .store = a->store,
                                  .hub = a->hub,
                                  .work = a->work,
                                  .log = a->log,
                                  .key_path = start_path(a, "queue.key"),
                                  .max_age_ms = c->queue_max_age_ms,
                                  .max_messages = (uint32_t)c->queue_max_messages };
    struct store_stats stats;
    store_stats(a->store, &stats);
    bool new_key = access(o.key_path, F_OK) != 0;
    enum err e = outq_shared_new(&o, &a->outq);
    if (e == OK && new_key && stats.boxes > 0)
        log_warn(a->log, "queue.key",
                 LOG_C("why", "it was not there: made anew, and what waited under another is lost"));
    if (e != OK)
        log_error(a->log, "start.queue", LOG_C("reason", "queue.key in the data folder cannot be used"), LOG_ERR(e));
    return e;
}

enum err sending_new(struct app *a)
{
    const struct config *c = &a->config;
    struct sending *s = a->sending;
    enum err e = shared(a);
    if (e == OK)
        e = deliver_here(s);
    if (e == OK)
        e = carry(s, domains(a));
    if (e != OK)
        return e;
    struct outq_run_opts o = { .loop = s->thread.loop,
                               .shared = a->outq,
                               .deliver = s->deliver,
                               .hostname = c->server_hostname,
                               .relay_host = a->carrying.relay_host,
                               .domains = domains(a),
                               .sender = smtp_out_sender(a->carrying.out),
                               .jobs = (uint32_t)c->queue_jobs,
                               .per_destination = (uint32_t)c->queue_per_destination,
                               .delay_notice_ms = c->queue_delay_notice_ms ? c->queue_delay_notice_ms : -1 };
    e = outq_run_new(&o, &s->run);
    if (e == OK)
        smtp_out_attach(a->carrying.out, s->run);
    return e;
}

enum err sending_forwards(struct app *a)
{
    struct sending *s = a->sending;
    enum err e = a->forwards || a->carrying.tally ? outq_new(a->outq, s->thread.loop, &s->outq) : OK;
    if (e == OK)
        (void)services_forwarding(a, s->thread.loop, s->outq, &s->forwarding);
    return e;
}

/* ---- reports on TLS ---- */
static struct str report_from(struct app *a)
{
    const struct config *c = &a->config;
    if (c->smtp_out_tls_report_from.n > 0)
        return c->smtp_out_tls_report_from;
    return arena_printf(&a->arena, "postmaster@%.*s", STR_FMT(c->server_domains.v[0]));
}

enum err sending_reports(struct app *a)
{
    const struct config *c = &a->config;
    struct sending *s = a->sending;
    if (!a->carrying.tally)
        return OK;
    const struct tls_posts_opts posts = { .loop = s->thread.loop,
                                          .dns = a->dns,
                                          .fetcher = a->carrying.fetcher,
                                          .log = a->log,
                                          .again_ms = c->test_clock ? TEST_AGAIN_MS : AGAIN_MS,
                                          .port = (uint16_t)c->smtp_out_sts_port,
                                          .allow_private = c->smtp_out_allow_private };
    enum err e = tls_posts_new(&posts, &s->posts);
    const struct tls_reporter_opts o = { .loop = s->thread.loop,
                                         .store = a->store,
                                         .tally = a->carrying.tally,
                                         .dns = a->dns,
                                         .posts = s->posts,
                                         .outq = s->outq,
                                         .keys = a->keys,
                                         .log = a->log,
                                         .from = report_from(a),
                                         .delay_ms = c->smtp_out_tls_report_delay_ms,
                                         .look_ms = c->test_clock ? TEST_LOOK_MS : LOOK_MS,
                                         .chance = rand_below,
                                         .sent = &a->carrying.stats.reports,
                                         .lost = &a->carrying.stats.reports_lost };
    return e == OK ? tls_reporter_new(&o, &s->reporter) : e;
}

enum err sending_start(struct app *a) { return loop_thread_start(&a->sending->thread, "out"); }

static void on_drain(struct job *j) { outq_run_drain(CONTAINER_OF(j, struct sending, drain)->run); }

void sending_drain(struct app *a)
{
    struct sending *s = a->sending;
    if (!s->run)
        return;
    s->drain.run = on_drain;
    post(s->thread.loop, &s->drain);
}

bool sending_idle(const struct app *a) { return !a->sending || !a->sending->run || outq_run_idle(a->sending->run); }

bool sending_answers(struct app *a)
{
    struct loop_thread *t = &a->sending->thread;
    if (!loop_thread_answered(t))
        return false;
    loop_thread_ask(t);
    return true;
}

/* ---- the end ---- */

void sending_stop(struct app *a)
{
    if (!a->sending)
        return;
    loop_thread_stop(&a->sending->thread);
    loop_thread_join(&a->sending->thread);
    if (a->sending->run)
        outq_run_drain(a->sending->run); /* its thread is no more */
    if (a->carrying.out)
        smtp_out_stop(a->carrying.out);
    scanners_stop(a->sending->scanners);
}

void sending_settle(struct app *a)
{
    if (a->sending)
        loop_thread_settle(&a->sending->thread);
}

void sending_quit(struct app *a)
{
    struct sending *s = a->sending;
    if (!s)
        return;
    outq_run_free(s->run);
    tls_reporter_free(s->reporter);
    tls_posts_free(s->posts);
    carrying_end(&a->carrying);
    deliver_free(s->deliver);
    scanners_free(s->scanners);
    outq_free(s->outq);
    outq_shared_free(a->outq);
    a->outq = NULL;
}

void sending_free(struct app *a)
{
    if (a->sending)
        loop_thread_free(&a->sending->thread);
    free(a->sending);
    a->sending = NULL;
}

/* ---- questions ---- */

static void ask_done(struct job *j)
{
    struct sending_ask *ask = CONTAINER_OF(j, struct sending_ask, job);
    ask->done(ask);
}

static void ask_run(struct job *j)
{
    struct sending_ask *ask = CONTAINER_OF(j, struct sending_ask, job);
    struct app *a = ask->app;
    ask->run(ask, a->sending->run);
    j->run = ask_done;
    post(a->loop, j);
}

void sending_ask(struct app *a, struct sending_ask *ask)
{
    ask->app = a;
    ask->job.run = ask_run;
    post(a->sending->thread.loop, &ask->job);
}
