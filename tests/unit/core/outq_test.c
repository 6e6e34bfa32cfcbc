/* The out-queue with a sender that does as recipients are named: ok@, later@, fail@, hold@ (answered by release()).
 * What it was given is written down, so that order and number of tries can be looked at. */
#include "base/text.h"
#include "core/outq_run.h"
#include "core/world.h"

enum { HELD_MAX = 4096 };

struct out {
    struct outq_shared *shared;
    struct outq *q;
    struct outq_run *run;
    struct deliver *deliver;
    char key[600];
    /* the sender */
    struct buf log; /* "who@where size bytes-of-body;" of each job */
    size_t started, base, want, out_now, out_most;
    struct outq_job *held[HELD_MAX];
    size_t held_n;
    bool unreachable;
    const char *success_by; /* enhanced code to answer with */
    /* answers */
    struct outq_id id;
    size_t infos_n, dropped, leaving;
    bool slow;
    struct outq_body *reading;
    enum outq_state state;
    bool recallable;
    char reason[64];
    struct timer pause;
    uint32_t jobs, per_destination;
    bool stops; /* what is held comes back when it is asked for */
    bool keeps; /* but not soon */
    struct job stopping;
    size_t stopped_n;
};
static struct out o;

struct carried {
    struct outq_job *job;
    struct outq_body *body;
    uint64_t size;
    uint32_t sum;
    enum err err;
    struct job later;
};

static void stop_if_enough(void)
{
    if (o.want > 0 && o.started >= o.want)
        loop_stop(w.loop);
}

static void finish(struct outq_job *job)
{
    struct outq_result res[8] = { 0 };
    for (size_t i = 0; i < job->rcpts_n; i++) {
        struct str a = job->rcpts[i].address;
        bool later = str_starts(a, S("later")) || o.unreachable, fail = str_starts(a, S("fail"));
        res[i].fate = later ? OUTQ_FATE_LATER : fail ? OUTQ_FATE_FAILED : OUTQ_FATE_SENT;
        res[i].code = later ? 450 : fail ? 550 : 250;
        res[i].text = later  ? S("try\r\n\xe2\x80\xae"
                                  "again")
                      : fail ? S("no such user")
                             : S("fine");
        snprintf(res[i].enhanced, sizeof res[i].enhanced, "%s", later ? "4.2.1" : fail ? "5.1.1" : "2.0.0");
        res[i].mx = S("mx.far.example");
        res[i].in_doubt = str_starts(a, S("later-doubt"));
    }
    o.out_now--;
    outq_done(job, res, !o.unreachable);
}

static void carried_end(struct carried *c)
{
    struct outq_job *job = c->job;
    for (size_t i = 0; i < job->rcpts_n; i++)
        buf_printf(&o.log, "%.*s,", STR_FMT(job->rcpts[i].address));
    buf_printf(&o.log, "%.*s,%s,%zu;", STR_FMT(job->destination), err_name(c->err), (size_t)c->size);
    outq_body_close(c->body);
    bool hold = str_starts(job->rcpts[0].address, S("hold"));
    free(c);
    o.started++;
    if (hold)
        o.held[o.held_n++] = job;
    else
        finish(job);
    stop_if_enough();
}

static void on_body(void *ctx, struct str bytes, bool last)
{
    struct carried *c = ctx;
    c->size += bytes.n;
    c->sum = crypto_crc32c(c->sum, bytes);
    if (last)
        carried_end(c);
    else if (o.slow)
        o.reading = c->body; /* until somebody goes on with it */
    else
        outq_body_next(c->body);
}

static void on_body_failed(void *ctx, enum err e)
{
    struct carried *c = ctx;
    c->err = e;
    carried_end(c);
}

static void start(void *, struct outq_job *job)
{
    static const struct outq_body_ops ops = { on_body, on_body_failed };
    struct carried *c = calloc(1, sizeof *c);
    c->job = job;
    c->body = outq_body_open(job, &ops, c);
    o.out_now++;
    o.out_most = MAX(o.out_most, o.out_now);
    outq_body_next(c->body);
}

static void release(void)
{
    size_t n = o.held_n;
    o.held_n = 0;
    for (size_t i = 0; i < n; i++)
        finish(o.held[i]);
}

static void on_stopping(struct job *) { release(); }

static void stop(void *, struct outq_job *job)
{
    CHECK(o.held_n == 1 && o.held[0] == job);
    o.stopped_n++;
    if (o.keeps)
        return;
    o.unreachable = true; /* nobody got it */
    o.stopping.run = on_stopping;
    loop_later(w.loop, &o.stopping);
}

static void on_pause(struct timer *) { loop_stop(w.loop); }

static void run_for(int64_t ms)
{
    timer_set(&o.pause, ms);
    loop_run(w.loop);
    timer_clear(&o.pause);
}

/* Until so many jobs more than the last time have been carried, and what follows from them is done. */
static void run_jobs(size_t n)
{
    o.want = o.base + n;
    for (int i = 0; i < 400 && o.started < o.want; i++)
        run_for(25);
    CHECK_EQ(o.started - o.base, n);
    o.base = o.started;
    o.want = 0;
    for (int i = 0; i < 200 && !outq_run_idle(o.run) && o.held_n == 0; i++)
        run_for(5);
}

/* So long, and until what follows is written. */
static void run_on(int64_t ms)
{
    run_for(ms);
    for (int i = 0; i < 200 && !outq_run_idle(o.run); i++)
        run_for(5);
}

static void queue_start(void)
{
    struct outq_shared_opts so = { .store = w.store, .hub = w.hub, .work = w.work, .key_path = o.key };
    CHECK_OK(outq_shared_new(&so, &o.shared));
    CHECK_OK(outq_new(o.shared, w.loop, &o.q));
    struct outq_run_opts ro = {
        .loop = w.loop, .shared = o.shared, .deliver = w.deliver, .hostname = S("mx.box.test")
    };
    ro.domains = (struct domain_list){ domains, COUNT(domains) };
    ro.sender.start = start;
    ro.sender.stop = o.stops ? stop : NULL;
    ro.jobs = o.jobs;
    ro.per_destination = o.per_destination;
    CHECK_OK(outq_run_new(&ro, &o.run));
    for (int i = 0; i < 400 && !outq_run_idle(o.run); i++)
        run_for(5);
    CHECK(outq_run_idle(o.run));
}

static void queue_stop(void)
{
    outq_run_drain(o.run);
    release();
    for (int i = 0; i < 400 && !outq_run_idle(o.run); i++)
        run_for(5);
    CHECK(outq_run_idle(o.run));
    run_for(20);
    outq_run_free(o.run);
    outq_free(o.q);
    struct outq_stats s;
    outq_stats(o.shared, &s);
    CHECK_EQ(s.waiting, 0);
    CHECK_EQ(s.active, 0);
    outq_shared_free(o.shared);
}

static void begin(void)
{
    world_open();
    memset(&o, 0, sizeof o);
    o.log.max = 1 << 24;
    timer_init(&o.pause, w.loop, on_pause);
    snprintf(o.key, sizeof o.key, "%s/queue.key", test_dir());
    start_box();
    queue_start();
}

static void close_world(void)
{
    timer_clear(&o.pause);
    buf_fini(&o.log);
    world_close();
}

static void end(void)
{
    queue_stop();
    close_world();
}

static void on_put(void *, enum err e, const struct outq_id *id)
{
    if (e == OK)
        o.id = *id;
    answered(e);
}

static const char text[] = "From: <you@box.test>\r\nMessage-ID: <m1@box.test>\r\nSubject: hi\r\n\r\nhello\r\n";

static enum err put_mail(struct outq_mail m, const char *to, struct str data)
{
    struct outq_rcpt rcpts[8] = { 0 };
    for (struct str rest = str_c(to); rest.n > 0; m.rcpts_n++) {
        struct str one = str_cut(rest, ' ', &rest), param;
        rcpts[m.rcpts_n].address = str_cut(one, '=', &param);
        if (param.n > 0)
            rcpts[m.rcpts_n].notify = (unsigned)(param.p[0] - '0');
    }
    m.rcpts = rcpts;
    m.data = (struct buf){ .max = 64 << 20 };
    buf_put(&m.data, data);
    CHECK(outq_put(o.q, &m, on_put, NULL) != NULL);
    return answer();
}

static enum err put_of_box(const char *to)
{
    return put_mail((struct outq_mail){ .box = w.box, .has_box = true, .mail_from = str_c(w.address) }, to,
                    str_c(text));
}

static enum err put_relayed(const char *to)
{
    return put_mail((struct outq_mail){ .mail_from = S("bob@elsewhere.example"), .flags = OUTQ_RELAYED }, to,
                    str_c(text));
}

static void on_infos(void *, enum err e, const struct outq_info *all, size_t n)
{
    o.infos_n = n;
    o.reason[0] = '\0';
    if (n > 0) {
        o.state = all[0].state;
        o.recallable = all[0].recallable;
        copy(o.reason, sizeof o.reason, all[0].rcpts[0].text);
    }
    answered(e);
}

static size_t infos(void)
{
    CHECK(outq_list(o.q, &w.box, on_infos, NULL) != NULL);
    CHECK_OK(answer());
    return o.infos_n;
}

static bool recallable(void)
{
    CHECK(infos() > 0);
    return o.recallable;
}

static size_t retried(struct outq_run *r, const struct outq_id *id, struct str destination)
{
    size_t n = 0;
    CHECK_OK(outq_run_retry(r, id, destination, &n));
    return n;
}

static size_t operator_drops(struct outq_run *r, const struct outq_id *id, struct str destination)
{
    struct outq_dropped x;
    CHECK_OK(outq_run_drop(r, id, destination, &x));
    return x.n;
}

static uint64_t recalled(void)
{
    struct outq_stats s;
    outq_stats(o.shared, &s);
    return s.recalled;
}

static void log_is(const char *want)
{
    CHECK_STR("jobs", buf_str(&o.log), want);
    buf_clear(&o.log);
}

static uint64_t waiting(void)
{
    struct outq_stats s;
    outq_stats(o.shared, &s);
    return s.waiting;
}

static void restart(void)
{
    outq_run_drain(o.run);
    run_on(30);
    outq_run_free(o.run);
    outq_free(o.q);
    outq_shared_free(o.shared);
    queue_start();
}

static void ahead(int64_t ms)
{
    w.clock.wall_offset_ms += ms;
    w.clock.boot_offset_ms += ms;
}

/* ---- */

TEST(a_mail_goes_out_once_and_is_no_more)
{
    begin();
    CHECK_OK(put_of_box("ok@far.example"));
    run_jobs(1);
    log_is("ok@far.example,far.example,ok,71;");
    CHECK_EQ(infos(), 1);
    CHECK_EQ(o.state, OUTQ_SENT);
    CHECK_EQ(waiting(), 0);
    restart();
    run_for(30);
    log_is("");
    end();
}

/* What a far end reports of the mail that was put last. */
static void report(enum report_action action, const char *to)
{
    char hex[2 * MSG_ID_N];
    struct report_rcpt rcpt = { .action = action, .final = str_c(to), .words = S("mailbox full"), .code = 552 };
    struct report r = { .status = { .reporting_mta = S("mx.far.example"), .v = &rcpt, .n = 1 }, .ids_n = 1 };
    memcpy(rcpt.status, "5.2.2", 6);
    r.ids[0] = str_of(hex, text_hex(hex, msg_id_str(&o.id.msg)));
    outq_reported(o.q, &w.box, &r);
    run_on(30);
}

TEST(what_became_of_mail_is_known_after_a_restart)
{
    begin();
    CHECK_OK(put_of_box("ok@far.example"));
    CHECK_OK(put_of_box("fail@far.example"));
    run_jobs(2);
    buf_clear(&o.log);
    for (int i = 0; i < 2; i++) {
        restart();
        run_on(50);
        CHECK_EQ(infos(), 2);
        CHECK_EQ(o.state, OUTQ_FAILED);
        CHECK_STR("reason", str_c(o.reason), "no such user");
        CHECK_EQ(waiting(), 0);
    }
    log_is("");
    ahead(6 * 24 * 3600 * 1000LL); /* past the hour in which it was to end */
    restart();
    run_on(50);
    CHECK_EQ(infos(), 0);
    end();
}

TEST(a_report_changes_what_became_of_it_for_good)
{
    begin();
    CHECK_OK(put_of_box("ok@far.example ok2@far.example"));
    run_jobs(1);
    report(REPORT_FAILED, "nobody@far.example");
    CHECK_EQ(infos(), 1);
    CHECK_EQ(o.state, OUTQ_SENT);
    report(REPORT_DELAYED, "OK@Far.example");
    CHECK_EQ(infos(), 1);
    CHECK_EQ(o.state, OUTQ_DELAYED);
    restart();
    run_on(50);
    CHECK_EQ(infos(), 1);
    CHECK_EQ(o.state, OUTQ_DELAYED);
    report(REPORT_FAILED, "ok@far.example");
    restart();
    run_on(50);
    CHECK_EQ(infos(), 1);
    CHECK_EQ(o.state, OUTQ_FAILED);
    CHECK_STR("reason", str_c(o.reason), "mailbox full");
    buf_clear(&o.log);
    end();
}

TEST(only_a_hundred_of_a_box_are_kept)
{
    begin();
    for (int i = 0; i < 105; i++) {
        CHECK_OK(put_of_box("ok@far.example"));
        run_jobs(1);
    }
    CHECK_EQ(infos(), 100);
    run_on(50);
    restart();
    run_on(50);
    CHECK_EQ(infos(), 100);
    CHECK(mailbox_end(w.boxes, w.opened, on_end, NULL) != NULL);
    CHECK_OK(answer());
    run_on(50);
    CHECK_EQ(infos(), 0);
    buf_clear(&o.log);
    end();
}

TEST(recipients_of_one_domain_go_together_whatever_its_case)
{
    begin();
    CHECK_OK(put_of_box("ok1@far.example ok2@b\xc3\xbc"
                        "cher.example ok3@FAR.example"));
    run_jobs(2);
    log_is("ok1@far.example,ok3@FAR.example,far.example,ok,71;ok2@b\xc3\xbc"
           "cher.example,xn--bcher-kva.example,ok,71;");
    end();
}

TEST(what_is_large_is_read_in_pieces)
{
    begin();
    AUTO_BUF struct buf big = { .max = 8 << 20 };
    buf_puts(&big, text);
    for (int i = 0; i < 20000; i++)
        buf_printf(&big, "line %d of a mail that is longer than a piece of it\r\n", i * 7919);
    o.unreachable = true; /* the second time it is not at hand any more */
    CHECK_OK(put_mail((struct outq_mail){ .box = w.box, .has_box = true, .mail_from = S("a@box.test") },
                      "ok@far.example", buf_str(&big)));
    run_jobs(1);
    o.unreachable = false;
    ahead(100 * 1000);
    run_jobs(1);
    char want[200];
    snprintf(want, sizeof want, "ok@far.example,far.example,ok,%zu;ok@far.example,far.example,ok,%zu;", big.n, big.n);
    log_is(want);
    end();
}

TEST(a_retry_comes_after_its_time_and_survives_a_restart)
{
    begin();
    CHECK_OK(put_of_box("later@far.example ok@far.example"));
    run_jobs(1);
    log_is("later@far.example,ok@far.example,far.example,ok,71;");
    CHECK_EQ(infos(), 1);
    CHECK_EQ(o.state, OUTQ_DELAYED);
    CHECK_STR("cleaned", str_c(o.reason), "try  again");
    restart();
    CHECK_EQ(waiting(), 1);
    CHECK_EQ(infos(), 1);
    CHECK_EQ(o.state, OUTQ_DELAYED);
    run_for(30);
    log_is("");
    ahead(73 * 1000);
    run_jobs(1);
    log_is("later@far.example,far.example,ok,71;");
    ahead(73 * 1000); /* twice the time now */
    run_for(1200);
    log_is("");
    ahead(75 * 1000);
    run_jobs(1);
    log_is("later@far.example,far.example,ok,71;");
    end();
}

TEST(order_of_retries_is_kept)
{
    begin();
    o.per_destination = 1;
    restart();
    o.unreachable = true;
    CHECK_OK(put_of_box("ok1@far.example"));
    run_jobs(1);
    CHECK_OK(put_of_box("ok2@far.example"));
    CHECK_OK(put_of_box("ok3@far.example"));
    run_for(50); /* nobody was reached: those behind are not tried, nor written */
    log_is("ok1@far.example,far.example,ok,71;");
    o.unreachable = false;
    restart();
    ahead(2 * 60 * 1000);
    run_jobs(3);
    log_is("ok2@far.example,far.example,ok,71;ok3@far.example,far.example,ok,71;ok1@far.example,far.example,ok,71;");
    end();
}

TEST(a_failure_is_told_into_the_box)
{
    begin();
    CHECK_OK(put_of_box("fail@far.example"));
    run_jobs(1);
    CHECK_EQ(waiting(), 0);
    CHECK_OK(list((struct mail_query){ .limit = 10 }));
    CHECK_EQ(w.rows, 1);
    CHECK_OK(stream(-1));
    static const char *const has[] = { "From: Mail Delivery System <MAILER-DAEMON@mx.box.test>",
                                       "report-type=delivery-status",
                                       "Action: failed\r\n",
                                       "Final-Recipient: rfc822;fail@far.example\r\n",
                                       "Status: 5.1.1\r\n",
                                       "Diagnostic-Code: smtp; 550 5.1.1 no such user\r\n",
                                       "Remote-MTA: dns;mx.far.example\r\n",
                                       "Auto-Submitted: auto-replied\r\n",
                                       "In-Reply-To: <m1@box.test>\r\n",
                                       "Subject: hi\r\n",
                                       "text/rfc822-headers" };
    for (size_t i = 0; i < COUNT(has); i++)
        if (str_find(buf_str(&w.bytes), str_c(has[i])) == STR_NONE)
            CHECK_STR("report", buf_str(&w.bytes), has[i]);
    CHECK(str_find(buf_str(&w.bytes), S("hello")) == STR_NONE); /* its body was not asked for */
    CHECK_EQ(infos(), 1);
    CHECK_EQ(o.state, OUTQ_FAILED);
    end();
}

TEST(notify_decides_who_hears_of_what)
{
    begin();
    CHECK_OK(put_of_box("fail@far.example=1 ok@far.example=2 ok2@far.example=4"));
    run_jobs(1);
    CHECK_OK(list((struct mail_query){ .limit = 10 }));
    CHECK_EQ(w.rows, 1);
    CHECK_OK(stream(-1));
    CHECK(str_find(buf_str(&w.bytes), S("Action: relayed\r\n")) != STR_NONE);
    CHECK(str_find(buf_str(&w.bytes), S("rfc822;ok@far.example")) != STR_NONE);
    CHECK(str_find(buf_str(&w.bytes), S("fail@far.example")) == STR_NONE);
    CHECK(str_find(buf_str(&w.bytes), S("ok2@far.example")) == STR_NONE);
    end();
}

TEST(of_relayed_mail_the_reverse_path_hears_and_of_a_report_nobody)
{
    begin();
    CHECK_OK(put_relayed("fail@far.example"));
    run_jobs(2);
    CHECK(str_find(buf_str(&o.log), S(";bob@elsewhere.example,elsewhere.example,")) != STR_NONE);
    buf_clear(&o.log);
    CHECK_OK(put_mail((struct outq_mail){ .flags = OUTQ_RELAYED }, "fail@far.example", str_c(text)));
    run_jobs(1);
    run_on(50);
    log_is("fail@far.example,far.example,ok,71;");
    CHECK_EQ(waiting(), 0);
    end();
}

TEST(a_burnt_box_takes_what_waits_with_it)
{
    begin();
    CHECK_OK(put_of_box("later@far.example"));
    CHECK_OK(put_of_box("hold@far.example"));
    run_jobs(2);
    CHECK_EQ(waiting(), 2);
    CHECK(mailbox_end(w.boxes, w.opened, on_end, NULL) != NULL);
    CHECK_OK(answer());
    run_for(50);
    CHECK_EQ(waiting(), 1); /* the one that is out just now */
    release();
    run_on(50);
    CHECK_EQ(waiting(), 0);
    buf_clear(&o.log);
    restart();
    ahead(200 * 1000);
    run_for(50);
    log_is("");
    end();
}

TEST(what_a_box_sent_is_lost_with_it_also_while_nobody_runs)
{
    begin();
    CHECK_OK(put_of_box("later@far.example"));
    run_jobs(1);
    buf_clear(&o.log);
    outq_run_drain(o.run);
    outq_run_free(o.run);
    CHECK(mailbox_end(w.boxes, w.opened, on_end, NULL) != NULL);
    CHECK_OK(answer());
    run_for(20);
    outq_free(o.q);
    outq_shared_free(o.shared);
    queue_start();
    CHECK_EQ(waiting(), 0);
    end();
}

TEST(undo_is_possible_until_it_leaves)
{
    begin();
    struct outq_mail m = { .box = w.box, .has_box = true, .mail_from = str_c(w.address) };
    m.not_before_ms = store_now_ms(w.store) + 10000;
    CHECK_OK(put_mail(m, "ok@far.example", str_c(text)));
    run_for(50);
    log_is("");
    const struct box_id other = { { 9 } };
    CHECK(outq_recall(o.q, &other, &o.id, on_put, NULL) != NULL);
    CHECK_EQ(answer(), ERR_GONE);
    CHECK(outq_recall(o.q, &w.box, &o.id, on_put, NULL) != NULL);
    CHECK_OK(answer());
    CHECK_EQ(infos(), 0);
    CHECK(outq_recall(o.q, &w.box, &o.id, on_put, NULL) != NULL);
    CHECK_EQ(answer(), ERR_GONE);
    CHECK_OK(put_mail(m, "hold@far.example", str_c(text)));
    ahead(10001);
    run_jobs(1);
    CHECK(outq_recall(o.q, &w.box, &o.id, on_put, NULL) != NULL);
    CHECK_EQ(answer(), ERR_DENIED);
    release();
    run_on(30);
    CHECK_EQ(infos(), 1);
    CHECK(outq_recall(o.q, &w.box, &o.id, on_put, NULL) != NULL);
    CHECK_EQ(answer(), ERR_DENIED);
    end();
}

/* Out, but its end has not gone out: the sender gives it back. */
TEST(undo_asks_back_what_nobody_can_have)
{
    begin();
    o.stops = true;
    restart();
    CHECK_OK(put_of_box("hold@far.example"));
    run_jobs(1);
    CHECK(recallable());
    CHECK(outq_recall(o.q, &w.box, &o.id, on_put, NULL) != NULL);
    CHECK_OK(answer());
    CHECK_EQ(o.stopped_n, 1);
    CHECK_EQ(recalled(), 1);
    CHECK_EQ(waiting(), 0);
    CHECK_EQ(infos(), 0);
    o.unreachable = false;
    buf_clear(&o.log);
    CHECK_OK(put_of_box("hold@far.example")); /* its destination is not to blame */
    run_jobs(1);
    outq_leaves(o.held[0]);
    CHECK(!recallable());
    CHECK(outq_recall(o.q, &w.box, &o.id, on_put, NULL) != NULL);
    CHECK_EQ(answer(), ERR_DENIED);
    CHECK(outq_wanted(o.held[0]));
    CHECK_EQ(o.stopped_n, 1);
    release();
    run_on(30);
    CHECK_EQ(infos(), 1);
    CHECK_EQ(o.state, OUTQ_SENT);
    log_is("hold@far.example,far.example,ok,71;");
    end();
}

/* A run that ends under somebody who waits. */
TEST(undo_is_answered_when_the_queue_ends_before)
{
    begin();
    o.stops = o.keeps = true;
    restart();
    CHECK_OK(put_of_box("hold@far.example"));
    run_jobs(1);
    CHECK(outq_recall(o.q, &w.box, &o.id, on_put, NULL) != NULL);
    run_for(30);
    CHECK_EQ(o.stopped_n, 1);
    CHECK_EQ(recalled(), 0);
    outq_run_free(o.run);
    outq_free(o.q);
    CHECK_EQ(answer(), ERR_IO);
    free(o.held[0]); /* nobody is there to give it back to */
    o.held_n = 0;
    outq_shared_free(o.shared);
    close_world();
}

static void on_dropped(void *, enum err e, size_t n, size_t leaving)
{
    o.dropped = n;
    o.leaving = leaving;
    answered(e);
}

/* By the operator, not by the box's end: its holder reads why. */
TEST(a_box_that_is_stopped_is_told_what_did_not_leave)
{
    begin();
    CHECK_OK(put_of_box("later@far.example"));
    CHECK_OK(put_of_box("later@other.example"));
    run_jobs(2);
    CHECK(outq_drop_box(o.q, &w.box, on_dropped, NULL) != NULL);
    CHECK_OK(answer());
    CHECK_EQ(o.dropped, 2);
    run_on(30);
    CHECK_EQ(waiting(), 0);
    CHECK_EQ(infos(), 2);
    CHECK_EQ(o.state, OUTQ_FAILED);
    CHECK_STR("reason", str_c(o.reason), "Stopped by the operator of this server; it was not sent.");
    CHECK_OK(list((struct mail_query){ .limit = 10 }));
    CHECK_EQ(w.rows, 2);
    CHECK_EQ(retried(o.run, NULL, S("")), 0);
    end();
}

/* What is at hand is forgotten after a while, but not under somebody who still reads it, and nobody waits for him. */
TEST(a_slow_reader_keeps_nobody_waiting)
{
    begin();
    AUTO_BUF struct buf large = { .max = 4 * SEAL_CHUNK_BYTES };
    char want[64];
    buf_puts(&large, text);
    while (large.n < 2 * SEAL_CHUNK_BYTES)
        buf_puts(&large, "a line of text\r\n");
    struct outq_mail m = { .box = w.box, .has_box = true, .mail_from = str_c(w.address) };
    o.slow = true;
    CHECK_OK(put_mail(m, "ok@far.example", buf_str(&large)));
    for (int i = 0; i < 100 && !o.reading; i++)
        run_for(5);
    ahead(10 * 1000);
    run_for(1100); /* the timer has looked */
    o.slow = false;
    CHECK_OK(put_of_box("ok@other.example"));
    run_jobs(1);
    log_is("ok@other.example,other.example,ok,71;");
    outq_body_next(o.reading);
    run_jobs(1);
    snprintf(want, sizeof want, "ok@far.example,far.example,ok,%zu;", large.n);
    log_is(want);
    end();
}

/* What is out is counted apart, and is not to be begun with any more. */
TEST(a_box_that_is_stopped_has_mail_that_is_leaving)
{
    begin();
    CHECK_OK(put_of_box("hold@far.example"));
    CHECK_OK(put_of_box("later@other.example"));
    run_jobs(2);
    CHECK(outq_wanted(o.held[0]));
    CHECK(outq_drop_box(o.q, &w.box, on_dropped, NULL) != NULL);
    CHECK_OK(answer());
    CHECK_EQ(o.dropped, 1);
    CHECK_EQ(o.leaving, 1);
    CHECK(!outq_wanted(o.held[0]));
    end();
}

/* Its end went out and no answer came: nobody says any more that it has not left, over a restart neither. */
TEST(what_may_have_arrived_is_not_taken_back)
{
    begin();
    CHECK_OK(put_of_box("later-doubt@far.example"));
    run_jobs(1);
    for (int i = 0; i < 2; i++) {
        CHECK_EQ(infos(), 1);
        CHECK_EQ(o.state, OUTQ_DELAYED);
        CHECK(!o.recallable);
        if (i == 0)
            restart();
    }
    CHECK(outq_drop_box(o.q, &w.box, on_dropped, NULL) != NULL);
    CHECK_OK(answer());
    CHECK_EQ(o.dropped, 0);
    CHECK_EQ(o.leaving, 1);
    CHECK_EQ(infos(), 1);
    CHECK(str_starts(str_c(o.reason), S("Stopped by the operator of this server; an earlier try")));
    end();
}

TEST(a_box_that_is_stopped_gets_back_what_nobody_can_have)
{
    begin();
    o.stops = true;
    restart();
    CHECK_OK(put_of_box("hold@far.example"));
    run_jobs(1);
    CHECK(outq_drop_box(o.q, &w.box, on_dropped, NULL) != NULL);
    CHECK_OK(answer());
    CHECK_EQ(o.dropped, 1);
    CHECK_EQ(o.leaving, 0);
    run_on(30);
    CHECK_EQ(o.stopped_n, 1);
    CHECK_EQ(infos(), 1);
    CHECK_EQ(o.state, OUTQ_FAILED);
    CHECK_STR("reason", str_c(o.reason), "Stopped by the operator of this server; it was not sent.");
    end();
}

/* Whoever was answered may ask for it in the same moment, also where the loop of what goes out has not yet met the
 * hour. */
TEST(what_was_taken_can_be_stopped_at_once)
{
    begin();
    struct outq_mail m = { .box = w.box, .has_box = true, .mail_from = str_c(w.address) };
    m.not_before_ms = store_now_ms(w.store) + 10000;
    CHECK_OK(put_mail(m, "ok@far.example", str_c(text)));
    CHECK(outq_drop_box(o.q, &w.box, on_dropped, NULL) != NULL);
    CHECK_OK(answer());
    CHECK_EQ(o.dropped, 1);
    run_on(30);
    CHECK_EQ(infos(), 1);
    CHECK_EQ(o.state, OUTQ_FAILED);
    end();
}

static void on_look(void *ctx, const struct outq_look *l)
{
    buf_printf(ctx, "%.*s %zu %zu %zu %u;", STR_FMT(l->destination), l->rcpts_n, l->sent_n, l->failed_n, l->code);
}

TEST(one_mail_is_shown_by_its_destinations)
{
    begin();
    AUTO_BUF struct buf shown = { .max = 1024 };
    CHECK_OK(put_of_box("ok@near.example later@far.example fail@far.example"));
    run_jobs(2);
    CHECK_EQ(outq_run_show(o.run, &o.id, on_look, &shown), 2);
    CHECK_STR("parts", buf_str(&shown), "near.example 0 1 0 250;far.example 1 0 1 450;");
    end();
}

TEST(of_a_destination_that_is_retried_only_what_is_to_go_there)
{
    begin();
    AUTO_BUF struct buf shown = { .max = 1024 };
    CHECK_OK(put_of_box("later@far.example later@other.example"));
    run_jobs(2);
    size_t n;
    CHECK_OK(outq_run_look(o.run, S("OTHER.example"), 10, on_look, &shown, &n));
    CHECK_EQ(n, 1);
    CHECK_STR("its part", buf_str(&shown), "other.example 1 0 0 450;");
    buf_clear(&o.log);
    CHECK_EQ(retried(o.run, NULL, S("other.example")), 1);
    run_jobs(1);
    run_for(30);
    log_is("later@other.example,other.example,ok,71;");
    end();
}

TEST(of_a_destination_that_is_dropped_only_what_is_to_go_there)
{
    begin();
    CHECK_OK(put_of_box("later@far.example later@other.example"));
    run_jobs(2);
    buf_clear(&o.log);
    CHECK_EQ(operator_drops(o.run, NULL, S("far.example")), 1);
    run_for(30);
    CHECK_EQ(infos(), 1);
    CHECK_EQ(o.state, OUTQ_FAILED);
    CHECK_EQ(waiting(), 1);
    ahead(100 * 1000);
    run_jobs(1);
    log_is("later@other.example,other.example,ok,71;");
    end();
}

TEST(what_is_out_when_it_is_stopped_is_not_tried_again)
{
    begin();
    CHECK_OK(put_of_box("hold_later@far.example"));
    run_jobs(1);
    CHECK_EQ(operator_drops(o.run, &o.id, S("")), 1);
    o.unreachable = true; /* so it comes back to be tried later */
    release();
    run_on(50);
    CHECK_EQ(waiting(), 0);
    CHECK_EQ(infos(), 1);
    CHECK_EQ(o.state, OUTQ_FAILED);
    CHECK_OK(list((struct mail_query){ .limit = 10 }));
    CHECK_EQ(w.rows, 1);
    end();
}

TEST(late_mail_is_told_once_and_given_up_at_its_end)
{
    begin();
    CHECK_OK(put_relayed("later@far.example"));
    run_jobs(1);
    buf_clear(&o.log);
    for (int i = 0; i < 5; i++) { /* in steps that the clock's guard believes */
        ahead(59 * 60 * 1000);
        run_for(1100);
    }
    size_t told = 0;
    for (struct str s = buf_str(&o.log); str_find(s, S("bob@elsewhere")) != STR_NONE; told++)
        s = str_from(s, str_find(s, S("bob@elsewhere")) + 1);
    CHECK_EQ(told, 1);
    end();
}

TEST(no_more_go_to_one_destination_than_it_bears)
{
    begin();
    for (int i = 0; i < 30; i++)
        CHECK_OK(put_relayed("hold@far.example"));
    run_jobs(2);
    run_for(30);
    CHECK_EQ(o.out_most, 2);
    for (size_t at_once = 2; o.out_most < 20;) {
        size_t before = o.started;
        release();
        run_for(30);
        CHECK(o.out_most > at_once || o.started == before);
        at_once = o.out_most;
        if (o.started == 30)
            break;
    }
    CHECK(o.out_most > 8);
    release();
    run_for(30);
    end();
}

TEST(dead_destinations_leave_room_for_live_ones)
{
    begin();
    o.jobs = 8;
    restart();
    for (int i = 0; i < 20; i++) {
        char to[64];
        snprintf(to, sizeof to, "hold@dead%d.example", i);
        CHECK_OK(put_relayed(to));
    }
    run_jobs(6); /* three quarters, and these hang */
    CHECK_OK(put_relayed("ok@live.example"));
    run_for(50);
    CHECK_EQ(o.held_n, 6); /* nobody knows yet that it lives: it waits with the others */
    o.unreachable = true;
    release();
    o.unreachable = false;
    run_for(50);
    while (o.held_n > 0 && str_find(buf_str(&o.log), S("ok@live")) == STR_NONE) {
        o.unreachable = true;
        release();
        o.unreachable = false;
        run_for(50);
    }
    CHECK(str_find(buf_str(&o.log), S("ok@live")) != STR_NONE);
    size_t held = o.held_n;
    o.base = o.started;
    for (int i = 0; i < 5; i++)
        CHECK_OK(put_relayed("ok@live.example"));
    run_jobs(5);
    CHECK_EQ(o.held_n, held);
    end();
}

TEST(what_goes_round_is_refused)
{
    begin();
    AUTO_BUF struct buf loop = { .max = 1 << 20 };
    for (int i = 0; i < 101; i++)
        buf_puts(&loop, "Received: from a by b; Sun, 22 Nov 2026 10:00:00 +0000\r\n");
    buf_puts(&loop, text);
    CHECK_EQ(put_mail((struct outq_mail){ .mail_from = S("a@b.example") }, "ok@far.example", buf_str(&loop)), ERR_BAD);
    CHECK_EQ(put_mail((struct outq_mail){ .mail_from = S("a@b.example") }, "nobody", str_c(text)), ERR_BAD);
    CHECK_EQ(waiting(), 0);
    end();
}

TEST(ids_are_in_the_order_of_time)
{
    struct msg_id a, b, c;
    outq_id_new(&a, 1764244800000);
    outq_id_new(&b, 1764244800000);
    outq_id_new(&c, 1764244800001);
    CHECK(memcmp(&a, &b, sizeof a) != 0);
    CHECK(memcmp(&a, &c, sizeof a) < 0 && memcmp(&b, &c, sizeof b) < 0);
}
