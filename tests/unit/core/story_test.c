/* The life of a box through core/ over the embedded store: made, written to, read, extended, its credentials changed,
 * burned. What serve/ will do, without sockets. */
#include "base/rand.h"
#include "base/secret.h"
#include "core/deliver.h"
#include "core/mail.h"
#include "core/mailbox.h"
#include "test.h"
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
    struct event_listener listener;
    struct timer watchdog;
    /* last answers */
    bool answered;
    enum err err;
    char code[64], address[128], token[64], recovery[256], secret[256];
    struct box_id box, rcpt;
    int64_t end_ms;
    uint64_t cred, cred_n, messages;
    struct opened *opened;
    struct buf json, bytes;
    size_t rows, heard;
    bool more, ended;
    struct msg_id first;
    char why[64];
    struct mail_stream *stream;
    struct mail_stream_info info;
    size_t cells_before;
};

static struct world w;
static const struct str domains[] = { STR("box.test"), STR("other.test") };

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
    w.json.max = w.bytes.max = 1 << 24;
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
    CHECK_OK(limit_new(&(struct limit_opts){ .value[LIMIT_LOGIN_FAIL] = 5 }, &w.limit));
    CHECK_OK(work_pool_new(1, 32, &w.argon));
    CHECK_OK(work_pool_new(2, 64, &w.work));
    struct auth_opts ao = { .loop = w.loop, .store = w.store, .hub = w.hub, .limit = w.limit, .argon = w.argon };
    CHECK_OK(auth_new(&ao, &w.auth));
    struct mailboxes_opts mo = { .loop = w.loop, .store = w.store, .auth = w.auth, .hub = w.hub, .argon = w.argon };
    mo.domains = (struct domain_list){ domains, 2 };
    mo.default_ttl_ms = 3600 * 1000;
    mo.min_ttl_ms = 600 * 1000;
    mo.max_ttl_ms = 24 * 3600 * 1000;
    mo.max_messages = 100;
    mo.max_bytes = 64 << 20;
    CHECK_OK(mailboxes_new(&mo, &w.boxes));
    struct deliver_opts d = { .loop = w.loop, .store = w.store, .hub = w.hub, .work = w.work, .domains = mo.domains };
    d.hostname = S("mx.box.test");
    CHECK_OK(deliver_new(&d, &w.deliver));
}

static void world_close(void)
{
    opened_release(w.opened);
    event_unlisten(w.hub, &w.listener);
    deliver_free(w.deliver);
    mailboxes_free(w.boxes);
    work_pool_free(w.work);
    work_pool_free(w.argon);
    store_close(w.store);
    auth_free(w.auth);
    timer_clear(&w.watchdog);
    loop_free(w.loop);
    event_hub_free(w.hub);
    limit_free(w.limit);
    buf_fini(&w.json);
    buf_fini(&w.bytes);
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
    answered(e);
}

static enum err deliver_text(struct str text)
{
    struct deliver_rcpt to = { .box = w.rcpt };
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

/* ---- the tests ---- */

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

TEST(mail_arrives_is_told_listed_read_and_streamed)
{
    world_open();
    start_box();
    CHECK_OK(deliver_text(str_c(mail_text)));
    CHECK_OK(list((struct mail_query){ .limit = 10 }));
    CHECK_EQ(w.rows, 1);
    CHECK_EQ(w.heard, 1);
    CHECK(str_find(buf_str(&w.json), S("739204")) != STR_NONE);
    CHECK(str_find(buf_str(&w.bytes), S("\"subject\":\"Your code\"")) != STR_NONE);
    CHECK(mail_get(w.store, w.loop, w.opened, &w.first, true, on_mail, NULL) != NULL);
    CHECK_OK(answer());
    CHECK(str_starts(buf_str(&w.bytes), S("Your verification code is 739204.")));
    CHECK_OK(stream(0));
    CHECK(w.bytes.n == 6 && memcmp(w.bytes.p, "\0\1\2\3\4\5", 6) == 0);
    CHECK_EQ(w.info.size, 6);
    CHECK_EQ(stream(1), ERR_GONE);
    CHECK_OK(stream(-1));
    CHECK(str_starts(buf_str(&w.bytes), S("Return-Path: <bob@example.org>\r\nReceived: from mail.example.org\r\n")));
    CHECK(str_ends(buf_str(&w.bytes), str_c(mail_text)));
    CHECK_OK(list((struct mail_query){ .limit = 10, .has_code = true, .from = S("SHOP") }));
    CHECK_EQ(w.rows, 1);
    CHECK_OK(list((struct mail_query){ .limit = 10, .subject = S("nothing") }));
    CHECK_EQ(w.rows, 0);
    world_close();
}

TEST(a_large_mail_comes_back_whole)
{
    world_open();
    start_box();
    AUTO_BUF struct buf big = { .max = 8 << 20 };
    buf_puts(&big, "From: a@b.example\r\nSubject: big\r\nMessage-ID: <big@b>\r\n\r\n");
    for (int i = 0; i < 100000; i++)
        buf_printf(&big, "line %d of many, with something to say\r\n", i);
    CHECK_OK(deliver_text(buf_str(&big)));
    CHECK_OK(list((struct mail_query){ .limit = 10 }));
    CHECK_EQ(w.rows, 1);
    CHECK_OK(stream(-1));
    CHECK(w.bytes.n > big.n && memcmp(w.bytes.p + w.bytes.n - big.n, big.p, big.n) == 0);
    world_close();
}

TEST(refusals_at_rcpt_and_in_content)
{
    world_open();
    start_box();
    CHECK_EQ(rcpt("nobody@box.test"), ERR_GONE);
    CHECK_EQ(rcpt("nobody@elsewhere.test"), ERR_DENIED);
    CHECK_EQ(rcpt("not an address"), ERR_BAD);
    char tagged[200];
    snprintf(tagged, sizeof tagged, "%.*s+tag@BOX.test", (int)(strchr(w.address, '@') - w.address), w.address);
    CHECK_OK(rcpt(tagged));
    CHECK_OK(rcpt(w.address));
    CHECK_EQ(deliver_text(S("From: a@b\r\nFrom: c@d\r\n\r\nx\r\n")), ERR_BAD);
    CHECK_STR("why", str_c(w.why), "more than one From field");
    CHECK_EQ(w.heard, 0);
    world_close();
}

TEST(a_retry_after_a_lost_250_is_stored_once)
{
    world_open();
    start_box();
    CHECK_OK(deliver_text(str_c(mail_text)));
    CHECK_OK(deliver_text(str_c(mail_text)));
    CHECK_OK(list((struct mail_query){ .limit = 10 }));
    CHECK_EQ(w.rows, 1);
    world_close();
}

TEST(wishes_are_checked_and_names_taken_once)
{
    world_open();
    CHECK_EQ(make(&(struct mailbox_spec){ .local = S("admin") }), ERR_BAD);
    CHECK_EQ(make(&(struct mailbox_spec){ .domain = S("nope.test") }), ERR_BAD);
    CHECK_STR("code", str_c(w.code), "domain_unknown");
    CHECK_EQ(make(&(struct mailbox_spec){ .ttl_ms = 1000 }), ERR_BAD);
    CHECK_STR("code", str_c(w.code), "ttl_short");
    CHECK_OK(make(&(struct mailbox_spec){ .local = S("Bob"), .domain = S("OTHER.test") }));
    CHECK_STR("address", str_c(w.address), "bob@other.test");
    CHECK_EQ(make(&(struct mailbox_spec){ .local = S("bob"), .domain = S("other.test") }), ERR_BUSY);
    CHECK_STR("code", str_c(w.code), "address_taken");
    world_close();
}

TEST(password_and_recovery_open_and_wrong_ones_do_not)
{
    world_open();
    CHECK_OK(make(&(struct mailbox_spec){ .local = S("alice"), .password = S("correct battery") }));
    CHECK(auth_password(w.auth, S("alice@box.test"), S("correct battery"), &somebody, on_opened, NULL) != NULL);
    CHECK_OK(answer());
    CHECK_STR("address", w.opened->address, "alice@box.test");
    CHECK(auth_password(w.auth, S("alice@box.test"), S("wrong battery"), &somebody, on_opened, NULL) != NULL);
    CHECK_EQ(answer(), ERR_DENIED);
    CHECK(auth_password(w.auth, S("nobody@box.test"), S("wrong battery"), &somebody, on_opened, NULL) != NULL);
    CHECK_EQ(answer(), ERR_DENIED);
    CHECK(auth_recovery(w.auth, S(""), str_c(w.recovery), &somebody, on_opened, NULL) != NULL);
    CHECK_OK(answer());
    CHECK_EQ(w.opened->kind, CRED_RECOVERY);
    for (int i = 0; i < 3; i++) {
        CHECK(auth_password(w.auth, S("alice@box.test"), S("wrong battery"), &somebody, on_opened, NULL) != NULL);
        CHECK_EQ(answer(), ERR_DENIED);
    }
    CHECK(auth_password(w.auth, S("alice@box.test"), S("correct battery"), &somebody, on_opened, NULL) != NULL);
    CHECK_EQ(answer(), ERR_BUSY); /* this network has guessed enough */
    struct peer elsewhere = { .key = { 200 } };
    CHECK(auth_password(w.auth, S("alice@box.test"), S("correct battery"), &elsewhere, on_opened, NULL) != NULL);
    CHECK_OK(answer());
    world_close();
}

TEST(a_revoked_credential_opens_nothing_and_the_others_go_on)
{
    world_open();
    start_box();
    CHECK_OK(deliver_text(str_c(mail_text)));
    CHECK(mailbox_cred_add(w.boxes, w.opened, CRED_TOKEN, S(""), on_cred, NULL) != NULL);
    CHECK_OK(answer());
    char second[64];
    copy(second, sizeof second, str_c(w.secret));
    CHECK_OK(open_token(second));
    CHECK_OK(open_token(w.token)); /* the first one revokes the second */
    CHECK(mailbox_creds(w.boxes, w.opened, on_creds, NULL) != NULL);
    CHECK_OK(answer());
    CHECK_EQ(w.cred_n, 3);
    CHECK(mailbox_cred_revoke(w.boxes, w.opened, w.cred, on_cred, NULL) != NULL);
    CHECK_OK(answer());
    CHECK_OK(rcpt(w.address));
    CHECK_OK(deliver_text(S("From: x@y.example\r\nSubject: after\r\nMessage-ID: <2@y>\r\n\r\nsecond\r\n")));
    CHECK_OK(list((struct mail_query){ .limit = 10 })); /* by the very session that revoked: both generations */
    CHECK_EQ(w.rows, 2);
    CHECK(str_find(buf_str(&w.bytes), S("after")) != STR_NONE);
    CHECK_EQ(open_token(second), ERR_DENIED);
    CHECK(auth_recovery(w.auth, S(""), str_c(w.recovery), &somebody, on_opened, NULL) != NULL);
    CHECK_OK(answer());
    CHECK_OK(list((struct mail_query){ .limit = 10 }));
    CHECK_EQ(w.rows, 2);
    CHECK(str_find(buf_str(&w.bytes), S("damaged")) == STR_NONE);
    world_close();
}

TEST(life_is_changed_with_patience_and_burned_at_once)
{
    world_open();
    start_box();
    CHECK_OK(deliver_text(str_c(mail_text)));
    struct mailbox_change c = { .set = CHANGE_END, .end_ms = w.end_ms + 600 * 1000 };
    CHECK(mailbox_change(w.boxes, w.opened, &c, on_box, NULL) != NULL);
    CHECK_OK(answer());
    CHECK_EQ(w.end_ms, c.end_ms);
    CHECK(mailbox_change(w.boxes, w.opened, &c, on_box, NULL) != NULL);
    CHECK_EQ(answer(), ERR_BUSY);
    CHECK_STR("code", str_c(w.code), "too_soon");
    c.end_ms += (int64_t)25 * 3600 * 1000;
    CHECK(mailbox_change(w.boxes, w.opened, &c, on_box, NULL) != NULL);
    CHECK_EQ(answer(), ERR_BAD);
    CHECK(mailbox_end(w.boxes, w.opened, on_end, NULL) != NULL);
    CHECK_OK(answer());
    CHECK_EQ(w.messages, 1);
    CHECK_EQ(rcpt(w.address), ERR_GONE);
    CHECK_EQ(list((struct mail_query){ .limit = 10 }), ERR_GONE);
    CHECK(w.ended);
    CHECK_EQ(open_token(w.token), ERR_DENIED);
    CHECK(auth_recovery(w.auth, S(""), str_c(w.recovery), &somebody, on_opened, NULL) != NULL);
    CHECK_EQ(answer(), ERR_DENIED);
    world_close();
}

TEST(at_its_end_a_box_is_refused_by_time_alone)
{
    world_open();
    start_box();
    CHECK_OK(deliver_text(str_c(mail_text)));
    CHECK_OK(list((struct mail_query){ .limit = 10 }));
    w.clock.wall_offset_ms += 3599 * 1000;
    w.clock.boot_offset_ms += 3599 * 1000;
    CHECK_OK(rcpt(w.address));
    w.clock.wall_offset_ms += 2000;
    w.clock.boot_offset_ms += 2000;
    CHECK_EQ(rcpt(w.address), ERR_GONE);
    CHECK_EQ(list((struct mail_query){ .limit = 10 }), ERR_GONE);
    CHECK_EQ(open_token(w.token), ERR_DENIED);
    CHECK_EQ(deliver_text(S("From: x@y\r\n\r\nlate\r\n")), ERR_GONE);
    world_close();
}
