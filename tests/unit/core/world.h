/* A world for the tests of core/: one loop, the embedded store in a folder of its own, and calls that wait for their
 * answer. Included once by each test file; not every file uses all of it. */
#pragma once
#pragma GCC diagnostic ignored "-Wunused-function"
#include "base/rand.h"
#include "base/secret.h"
#include "core/deliver.h"
#include "core/mail.h"
#include "core/mailbox.h"
#include "test.h"
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct world {
    struct loop *loop;
    struct clock clock;
    struct store *store;
    struct event_hub *hub;
    struct limit *limit;
    struct work_pool *argon, *work;
    struct auth *auth;
    struct mailboxes *boxes;
    struct deliver *deliver;
    struct arrivals *arrivals;
    struct event_listener listener;
    struct timer watchdog;
    /* last answers */
    bool answered;
    enum err err;
    char code[64], address[128], token[64], recovery[256], secret[256];
    struct box_id box, rcpt;
    struct str rcpt_address; /* what RCPT said; empty will do */
    int64_t end_ms;
    uint64_t cred, cred_n, messages;
    struct opened *opened;
    struct buf json, bytes, attempt; /* attempt: the last one told, of so many */
    size_t attempts;
    size_t rows, heard, heard_first; /* heard_first: before the sender was answered */
    bool more, ended;
    struct msg_id first;
    char why[64];
    struct mail_stream *stream;
    struct mail_stream_info info;
    size_t cells_before;
};

/* What an event says. Who else holds it is counted behind that, by other threads too. */
static inline void event_copy(struct event *to, const struct event *e) { memcpy(to, e, offsetof(struct event, hub)); }

static struct world w;
static const struct str domains[] = { STR("box.test"), STR("other.test"), STR("xn--bcher-kva.test") };

static void answered(enum err e)
{
    w.answered = true;
    w.err = e;
    loop_stop(w.loop);
}

static void on_watchdog(struct timer *t)
{
    (void)t;
    print_error("no answer within 20 s\n");
    abort();
}

/* Runs the loop until the request just made is answered. */
static enum err answer(void)
{
    timer_set(&w.watchdog, 20000);
    while (!w.answered)
        loop_run(w.loop);
    timer_clear(&w.watchdog);
    w.answered = false;
    return w.err;
}

static void ended_post(struct job *j)
{
    struct {
        struct job job;
        struct box_id id;
    } *p = (void *)j;
    struct event *e = event_new(w.hub, EVENT_BOX_ENDED, &p->id, S(""));
    event_publish(e);
    free(p);
}

static void on_store_ended(void *ctx, const struct box_id *ids, size_t n)
{
    (void)ctx;
    for (size_t i = 0; i < n; i++) {
        struct {
            struct job job;
            struct box_id id;
        } *p = calloc(1, sizeof *p);
        p->job.run = ended_post;
        p->id = ids[i];
        post(w.loop, &p->job);
    }
}

static void on_event(struct event_listener *l, const struct event *e)
{
    (void)l;
    if (e->kind == EVENT_MESSAGE_NEW) {
        w.heard++;
        buf_clear(&w.json);
        buf_put(&w.json, e->json);
    }
    if (e->kind == EVENT_ARRIVAL) {
        w.attempts++;
        buf_clear(&w.attempt);
        buf_put(&w.attempt, e->json);
    }
    if (e->kind == EVENT_BOX_ENDED)
        w.ended = true;
}

static void copy(char *to, size_t n, struct str s) { snprintf(to, n, "%.*s", STR_FMT(s)); }

static void world_open(void)
{
    CHECK_OK(rand_start());
    static bool started;
    if (!started)
        CHECK_OK(secret_start(4096));
    started = true;
    memset(&w, 0, sizeof w);
    w.cells_before = secret_used();
    w.json.max = w.bytes.max = w.attempt.max = 1 << 24;
    CHECK_OK(loop_new(&w.loop));
    timer_init(&w.watchdog, w.loop, on_watchdog);
    static int worlds;
    static char dir[512];
    snprintf(dir, sizeof dir, "%s/%d", test_dir(), worlds++);
    CHECK_EQ(mkdir(dir, 0700), 0);
    struct store_opts so = {
        .dir = dir, .clock = &w.clock, .allow_cow = true, .test_clock = true, .lease_slots = 1024
    };
    so.reserve_bytes = 1 << 20;
    so.ended = on_store_ended;
    CHECK_OK(store_open(&so, &w.store));
    CHECK_OK(event_hub_new(&w.loop, 1, &w.hub));
    CHECK_OK(limit_new(&(struct limit_opts){ .value = { [LIMIT_LOGIN_FAIL] = 5, [LIMIT_LOGIN_BOX] = 10 } }, &w.limit));
    CHECK_OK(work_pool_new(1, 32, &w.argon));
    CHECK_OK(work_pool_new(2, 64, &w.work));
    struct auth_opts ao = { .loop = w.loop, .store = w.store, .hub = w.hub, .limit = w.limit, .argon = w.argon };
    CHECK_OK(auth_new(&ao, &w.auth));
    struct mailboxes_opts mo = { .loop = w.loop, .store = w.store, .auth = w.auth, .hub = w.hub, .argon = w.argon };
    mo.domains = (struct domain_list){ domains, COUNT(domains) };
    mo.default_ttl_ms = 3600 * 1000;
    mo.min_ttl_ms = 600 * 1000;
    mo.max_ttl_ms = 24 * 3600 * 1000;
    mo.max_messages = 100;
    mo.max_bytes = 64 << 20;
    CHECK_OK(mailboxes_new(&mo, &w.boxes));
    struct deliver_opts d = { .loop = w.loop, .store = w.store, .hub = w.hub, .work = w.work, .domains = mo.domains };
    d.hostname = S("mx.box.test");
    CHECK_OK(arrivals_new(&w.arrivals));
    d.arrivals = w.arrivals;
    CHECK_OK(deliver_new(&d, &w.deliver));
}

static void settled(struct job *j)
{
    (void)j;
    loop_stop(w.loop);
}

static void world_close(void)
{
    struct job last = { .run = settled };
    opened_release(w.opened);
    event_unlisten(w.hub, &w.listener);
    deliver_free(w.deliver);
    mailboxes_free(w.boxes);
    work_pool_free(w.work);
    work_pool_free(w.argon);
    post(w.loop, &last); /* behind what the pools finished meanwhile: that still needs auth and its limits */
    loop_run(w.loop);
    store_close(w.store);
    auth_free(w.auth);
    timer_clear(&w.watchdog);
    loop_free(w.loop);
    event_hub_free(w.hub);
    limit_free(w.limit);
    arrivals_free(w.arrivals);
    buf_fini(&w.json);
    buf_fini(&w.bytes);
    buf_fini(&w.attempt);
    CHECK_EQ(secret_used(), w.cells_before);
}

/* ---- calls that wait ---- */

static void on_made(void *ctx, enum err e, const struct refusal *why, const struct mailbox_made *m)
{
    (void)ctx;
    copy(w.code, sizeof w.code, str_c(why == NULL ? "" : why->code));
    if (e == OK) {
        copy(w.address, sizeof w.address, m->address);
        copy(w.token, sizeof w.token, m->token);
        copy(w.recovery, sizeof w.recovery, m->recovery);
        w.box = m->box.id;
        w.end_ms = m->box.end_ms;
    }
    answered(e);
}

static enum err make(const struct mailbox_spec *spec)
{
    CHECK(mailbox_create(w.boxes, spec, on_made, NULL) != NULL);
    CHECK(!w.answered); /* never before the call returned */
    return answer();
}

static void on_opened(void *ctx, enum err e, struct opened *o, int64_t retry_ms)
{
    (void)ctx;
    (void)retry_ms;
    opened_release(w.opened);
    w.opened = o;
    answered(e);
}

static const struct peer somebody = { .key = { 1 } };

static enum err open_token(const char *token)
{
    CHECK(auth_token(w.auth, str_c(token), &somebody, on_opened, NULL) != NULL);
    return answer();
}

static void on_rcpt(void *ctx, enum err e, const struct box_id *box)
{
    (void)ctx;
    if (e == OK)
        w.rcpt = *box;
    answered(e);
}

static enum err rcpt(const char *address)
{
    CHECK(deliver_check(w.deliver, str_c(address), 0, on_rcpt, NULL) != NULL);
    return answer();
}

static void on_delivered(void *ctx, enum err e, const char *why)
{
    (void)ctx;
    copy(w.why, sizeof w.why, str_c(why));
    w.heard_first = w.heard;
    answered(e);
}

static enum err deliver_text(struct str text)
{
    struct deliver_rcpt to = { .box = w.rcpt, .address = w.rcpt_address };
    struct deliver_mail m = {
        .mail_from = S("bob@example.org"), .helo = S("mail.example.org"), .rcpts = &to, .rcpts_n = 1
    };
    m.protocol = "ESMTP";
    m.data = (struct buf){ .max = 64 << 20 };
    buf_put(&m.data, text);
    CHECK(deliver_mail(w.deliver, &m, on_delivered, NULL) != NULL);
    return answer();
}

static void on_list(void *ctx, enum err e, const struct mail_row *rows, size_t n, bool more)
{
    (void)ctx;
    w.rows = n;
    w.more = more;
    buf_clear(&w.bytes);
    for (size_t i = 0; i < n; i++) {
        buf_put(&w.bytes, rows[i].env);
        buf_putc(&w.bytes, '\n');
    }
    if (n > 0)
        w.first = rows[0].row.id;
    answered(e);
}

static enum err list(struct mail_query q)
{
    q.folder = FOLDER_INBOX;
    CHECK(mail_list(w.store, w.loop, w.opened, &q, on_list, NULL) != NULL);
    return answer();
}

static void on_mail(void *ctx, enum err e, const struct mail *m)
{
    (void)ctx;
    buf_clear(&w.bytes);
    if (e == OK) {
        buf_put(&w.bytes, m->text);
        buf_puts(&w.bytes, "|");
        buf_put(&w.bytes, m->html);
    }
    answered(e);
}

static void on_stream_open(void *ctx, const struct mail_stream_info *info)
{
    (void)ctx;
    w.info = *info;
    mail_stream_next(w.stream);
}
static void on_piece(void *ctx, struct str bytes, bool last)
{
    (void)ctx;
    buf_put(&w.bytes, bytes);
    if (last)
        answered(OK);
    else
        mail_stream_next(w.stream);
}
static void on_stream_failed(void *ctx, enum err e)
{
    (void)ctx;
    answered(e);
}
static const struct mail_stream_ops stream_ops = { on_stream_open, on_piece, on_stream_failed };

static enum err stream(int attachment)
{
    buf_clear(&w.bytes);
    w.stream = mail_stream_open(w.store, w.loop, w.opened, &w.first, attachment, &stream_ops, NULL);
    CHECK(w.stream != NULL);
    enum err e = answer();
    mail_stream_close(w.stream);
    return e;
}

static void on_cred(void *ctx, enum err e, const struct refusal *why, uint64_t id, struct str secret)
{
    (void)ctx;
    copy(w.code, sizeof w.code, str_c(why == NULL ? "" : why->code));
    copy(w.secret, sizeof w.secret, secret);
    w.cred = id;
    answered(e);
}

static void on_creds(void *ctx, enum err e, const struct store_cred *creds, size_t n)
{
    (void)ctx;
    w.cred_n = n;
    for (size_t i = 0; i < n; i++)
        if (creds[i].id != w.opened->cred && creds[i].kind == CRED_TOKEN)
            w.cred = creds[i].id;
    answered(e);
}

static void on_box(void *ctx, enum err e, const struct refusal *why, const struct store_box *box)
{
    (void)ctx;
    copy(w.code, sizeof w.code, str_c(why == NULL ? "" : why->code));
    if (box != NULL)
        w.end_ms = box->end_ms;
    answered(e);
}

static void on_end(void *ctx, enum err e, int64_t ended_ms, uint64_t messages)
{
    (void)ctx;
    (void)ended_ms;
    w.messages = messages;
    answered(e);
}

static const char mail_text[] = "From: Shop <code@shop.example>\r\nTo: you@box.test\r\nSubject: Your code\r\n"
                                "Message-ID: <1@shop.example>\r\nDate: Sun, 22 Nov 2026 10:00:00 +0000\r\n"
                                "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
                                "--b\r\nContent-Type: text/plain\r\n\r\nYour verification code is 739204.\r\n"
                                "--b\r\nContent-Type: application/octet-stream; name=a.bin\r\n"
                                "Content-Disposition: attachment; filename=a.bin\r\n"
                                "Content-Transfer-Encoding: base64\r\n\r\nAAECAwQF\r\n--b--\r\n";

static void start_box(void)
{
    CHECK_OK(make(&(struct mailbox_spec){ 0 }));
    w.listener = (struct event_listener){ .box = w.box, .on = on_event };
    event_listen(w.hub, w.loop, &w.listener);
    CHECK_OK(open_token(w.token));
    CHECK_OK(rcpt(w.address));
}
