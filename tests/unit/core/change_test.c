/* What changes a box's keys and life, what is refused, and what happens when nobody waits for the answer any more. */
#include "core/mail_change.h"
#include "core/world.h"

static void stop_later(struct timer *t)
{
    (void)t;
    loop_stop(w.loop);
}

static void run_a_while(int64_t ms)
{
    struct timer t = { 0 };
    timer_init(&t, w.loop, stop_later);
    timer_set(&t, ms);
    loop_run(w.loop);
    timer_clear(&t);
}

static enum err open_password(const char *password)
{
    CHECK(auth_password(w.auth, str_c(w.address), str_c(password), &somebody, on_opened, NULL) != NULL);
    return answer();
}

static enum err open_recovery(const char *words)
{
    CHECK(auth_recovery(w.auth, S(""), str_c(words), &somebody, on_opened, NULL) != NULL);
    return answer();
}

static enum err cred_add(enum cred_kind kind, const char *password)
{
    CHECK(mailbox_cred_add(w.boxes, w.opened, kind, str_c(password), on_cred, NULL) != NULL);
    CHECK(!w.answered);
    return answer();
}

TEST(a_password_is_added_changed_and_weaker_than_a_token)
{
    world_open();
    start_box();
    CHECK_EQ(cred_add(CRED_PASSWORD, "short"), ERR_BAD);
    CHECK_STR("code", str_c(w.code), "password_short");
    CHECK_OK(cred_add(CRED_PASSWORD, "first battery"));
    CHECK_OK(open_password("first battery"));
    CHECK_EQ(cred_add(CRED_PASSWORD, "second battery"), ERR_DENIED); /* a password may not lock the holder out */
    CHECK(mailbox_cred_revoke(w.boxes, w.opened, 1, on_cred, NULL) != NULL);
    CHECK_EQ(answer(), ERR_DENIED);
    CHECK_OK(cred_add(CRED_TOKEN, "")); /* signing in */
    char token[64];
    copy(token, sizeof token, str_c(w.secret));
    CHECK_OK(open_token(token));
    CHECK_OK(cred_add(CRED_PASSWORD, "second battery"));
    CHECK_EQ(open_password("first battery"), ERR_DENIED);
    CHECK_OK(open_password("second battery"));
    world_close();
}

TEST(new_recovery_words_end_the_old_ones)
{
    world_open();
    start_box();
    CHECK_OK(deliver_text(str_c(mail_text)));
    CHECK_OK(cred_add(CRED_RECOVERY, ""));
    char fresh[256];
    copy(fresh, sizeof fresh, str_c(w.secret));
    CHECK_EQ(open_recovery(w.recovery), ERR_DENIED);
    CHECK_OK(open_recovery(fresh));
    CHECK_OK(list((struct mail_query){ .limit = 10 }));
    CHECK_EQ(w.rows, 1);
    CHECK_EQ(open_recovery("not words at all"), ERR_DENIED);
    CHECK_OK(open_recovery(fresh));
    CHECK(mailbox_cred_revoke(w.boxes, w.opened, 12345, on_cred, NULL) != NULL);
    CHECK_EQ(answer(), ERR_GONE);
    world_close();
}

TEST(recovery_words_open_the_address_that_is_named)
{
    world_open();
    start_box();
    CHECK(auth_recovery(w.auth, S("other@box.test"), str_c(w.recovery), &somebody, on_opened, NULL) != NULL);
    CHECK_EQ(answer(), ERR_DENIED);
    CHECK(auth_recovery(w.auth, S("not an address"), str_c(w.recovery), &somebody, on_opened, NULL) != NULL);
    CHECK_EQ(answer(), ERR_DENIED);
    char upper[128];
    for (size_t i = 0; i <= strlen(w.address); i++)
        upper[i] = w.address[i] >= 'a' && w.address[i] <= 'z' ? (char)(w.address[i] - 32) : w.address[i];
    CHECK(auth_recovery(w.auth, str_c(upper), str_c(w.recovery), &somebody, on_opened, NULL) != NULL);
    CHECK_OK(answer());
    world_close();
}

TEST(credentials_have_a_ceiling)
{
    world_open();
    start_box();
    enum err e = OK;
    int n = 0;
    while (e == OK && n < 100) {
        e = cred_add(CRED_TOKEN, "");
        n++;
    }
    CHECK_EQ(e, ERR_FULL);
    CHECK_EQ(n, STORE_CREDS_MAX - 2 + 1);
    CHECK_STR("code", str_c(w.code), "too_many_credentials");
    world_close();
}

static void on_cred_twice(void *ctx, enum err e, const struct refusal *why, uint64_t id, struct str secret)
{
    (void)why;
    (void)id;
    (void)secret;
    int *left = ctx;
    CHECK_OK(e);
    if (--*left == 0)
        answered(OK);
}

TEST(two_sign_ins_at_once_both_get_a_token)
{
    world_open();
    start_box();
    int left = 2;
    CHECK(mailbox_cred_add(w.boxes, w.opened, CRED_TOKEN, S(""), on_cred_twice, &left) != NULL);
    CHECK(mailbox_cred_add(w.boxes, w.opened, CRED_TOKEN, S(""), on_cred_twice, &left) != NULL);
    CHECK_OK(answer());
    CHECK(mailbox_creds(w.boxes, w.opened, on_creds, NULL) != NULL);
    CHECK_OK(answer());
    CHECK_EQ(w.cred_n, 4);
    world_close();
}

TEST(the_last_messages_of_a_counted_box)
{
    world_open();
    CHECK_OK(make(&(struct mailbox_spec){ .ends_after = 1 }));
    CHECK_OK(rcpt(w.address));
    CHECK_OK(deliver_text(str_c(mail_text)));
    CHECK_EQ(rcpt(w.address), ERR_GONE);
    CHECK_OK(open_token(w.token));
    CHECK_OK(list((struct mail_query){ .limit = 10 })); /* there is time to read it */
    CHECK_EQ(w.rows, 1);
    w.clock.wall_offset_ms += STORE_LAST_GRACE_MS + 1000;
    w.clock.boot_offset_ms += STORE_LAST_GRACE_MS + 1000;
    CHECK_EQ(open_token(w.token), ERR_DENIED);
    world_close();
}

TEST(visits_keep_an_idle_box_alive_and_mail_does_not)
{
    world_open();
    CHECK_OK(make(&(struct mailbox_spec){ .ttl_ms = 10 * 3600 * 1000, .idle_ttl_ms = 3600 * 1000 }));
    CHECK_OK(open_token(w.token));
    CHECK_OK(rcpt(w.address));
    for (int i = 0; i < 3; i++) {
        w.clock.wall_offset_ms += 40 * 60 * 1000;
        w.clock.boot_offset_ms += 40 * 60 * 1000;
        mailbox_visit(w.boxes, w.opened);
        run_a_while(100); /* nobody tells when it is written */
        CHECK(mailbox_fresh(w.boxes, w.opened, on_box, NULL) != NULL);
        CHECK_OK(answer());
    }
    CHECK_OK(deliver_text(str_c(mail_text)));
    w.clock.wall_offset_ms += 61 * 60 * 1000;
    w.clock.boot_offset_ms += 61 * 60 * 1000;
    CHECK_EQ(open_token(w.token), ERR_DENIED);
    CHECK_EQ(rcpt(w.address), ERR_GONE);
    world_close();
}

TEST(pages_and_filters)
{
    world_open();
    start_box();
    for (int i = 1; i <= 25; i++) {
        char text[512];
        snprintf(text, sizeof text,
                 "From: S%d <s%d@%s.example>\r\nTo: List <%s@box.test>\r\nSubject: number %d\r\nMessage-ID: "
                 "<%d@x>\r\n\r\nbody %d\r\n",
                 i, i, i % 2 ? "odd" : "even", i == 7 ? "needle" : "hay", i, i, i);
        CHECK_OK(deliver_text(str_c(text)));
    }
    CHECK_OK(list((struct mail_query){ .limit = 10 }));
    CHECK_EQ(w.rows, 10);
    CHECK(w.more);
    CHECK(str_starts(str_from(buf_str(&w.bytes), str_find(buf_str(&w.bytes), S("number"))), S("number 25")));
    CHECK_OK(list((struct mail_query){ .limit = 10, .before_uid = 6 }));
    CHECK_EQ(w.rows, 5);
    CHECK(!w.more);
    CHECK_OK(list((struct mail_query){ .limit = 10, .ascending = true, .after_uid = 20 }));
    CHECK_EQ(w.rows, 5);
    CHECK(str_starts(str_from(buf_str(&w.bytes), str_find(buf_str(&w.bytes), S("number"))), S("number 21")));
    CHECK_OK(list((struct mail_query){ .limit = 50, .from = S("ODD.example") }));
    CHECK_EQ(w.rows, 13);
    CHECK_OK(list((struct mail_query){ .limit = 50, .q = S("needle") }));
    CHECK_EQ(w.rows, 1);
    CHECK_OK(list((struct mail_query){ .limit = 3, .from = S("even") }));
    CHECK_EQ(w.rows, 3);
    CHECK(w.more);
    CHECK_OK(list((struct mail_query){ .limit = 50, .has_code = true }));
    CHECK_EQ(w.rows, 0);
    world_close();
}

TEST(long_bodies_are_read_over_chunks)
{
    world_open();
    start_box();
    AUTO_BUF struct buf big = { .max = 4 << 20 };
    buf_puts(&big, "From: a@b.example\r\nSubject: x\r\nMessage-ID: <l@b>\r\nMIME-Version: 1.0\r\n"
                   "Content-Type: multipart/alternative; boundary=q\r\n\r\n--q\r\nContent-Type: text/plain\r\n\r\n");
    for (int i = 0; i < 10000; i++)
        buf_printf(&big, "plain line %d of the long text, told at some length\r\n", i);
    buf_puts(&big, "--q\r\nContent-Type: text/html\r\n\r\n<p>the end</p>\r\n--q--\r\n");
    CHECK_OK(deliver_text(buf_str(&big)));
    CHECK_OK(list((struct mail_query){ .limit = 1 }));
    CHECK(mail_get(w.store, w.loop, w.opened, &w.first, true, on_mail, NULL) != NULL);
    CHECK_OK(answer());
    CHECK(str_starts(buf_str(&w.bytes), S("plain line 0 ")));
    CHECK(str_find(buf_str(&w.bytes), S("plain line 9999 of")) != STR_NONE);
    CHECK(str_ends(str_trim(buf_str(&w.bytes)), S("|<p>the end</p>")));
    struct msg_id never = { { 9 } };
    CHECK(mail_get(w.store, w.loop, w.opened, &never, true, on_mail, NULL) != NULL);
    CHECK_EQ(answer(), ERR_GONE);
    world_close();
}

static struct store_row row_now;
static enum event_kind last_kind;
static int changes_heard;

static void on_changed_event(struct event_listener *l, const struct event *e)
{
    (void)l;
    last_kind = e->kind;
    changes_heard++;
}

static void on_mail_changed(void *ctx, enum err e, const struct store_row *now)
{
    (void)ctx;
    row_now = now == NULL ? (struct store_row){ 0 } : *now;
    answered(e);
}

static enum err change_mail(struct mail_change c)
{
    CHECK(mail_change(w.store, w.hub, w.loop, &w.box, &w.first, &c, on_mail_changed, NULL) != NULL);
    CHECK(!w.answered);
    return answer();
}

TEST(a_mail_is_marked_moved_deleted_and_each_is_told)
{
    world_open();
    start_box();
    CHECK_OK(deliver_text(str_c(mail_text)));
    CHECK_OK(list((struct mail_query){ .limit = 1 }));
    struct event_listener l = { .box = w.box, .on = on_changed_event };
    event_listen(w.hub, w.loop, &l);
    changes_heard = 0;
    CHECK_OK(change_mail((struct mail_change){ .set = FLAG_SEEN | FLAG_FLAGGED }));
    CHECK_EQ(row_now.flags, FLAG_SEEN | FLAG_FLAGGED);
    CHECK_OK(change_mail((struct mail_change){ .clear = FLAG_SEEN, .folder = FOLDER_JUNK }));
    CHECK_EQ(row_now.flags, FLAG_FLAGGED);
    CHECK_EQ(row_now.folder, FOLDER_JUNK);
    run_a_while(20);
    CHECK_EQ(changes_heard, 3); /* marked; marked again and moved */
    CHECK_EQ(last_kind, EVENT_MESSAGE_CHANGED);
    /* who asked has left: it is done and told all the same */
    mail_change_cancel(mail_delete(w.store, w.hub, w.loop, &w.box, &w.first, on_mail_changed, NULL));
    run_a_while(200);
    CHECK(!w.answered);
    CHECK_EQ(changes_heard, 4);
    CHECK_EQ(last_kind, EVENT_MESSAGE_GONE);
    CHECK_EQ(change_mail((struct mail_change){ .set = FLAG_SEEN }), ERR_GONE);
    CHECK(mail_delete(w.store, w.hub, w.loop, &w.box, &w.first, on_mail_changed, NULL) != NULL);
    CHECK_EQ(answer(), ERR_GONE);
    event_unlisten(w.hub, &l);
    world_close();
}

TEST(nobody_is_called_after_a_cancel)
{
    world_open();
    start_box();
    CHECK_OK(deliver_text(str_c(mail_text)));
    CHECK_OK(list((struct mail_query){ .limit = 1 }));
    struct mail_query q = { .limit = 5, .folder = FOLDER_INBOX };
    struct deliver_rcpt to = { .box = w.rcpt };
    struct deliver_mail m = { .mail_from = S("x@y.example"), .rcpts = &to, .rcpts_n = 1, .data = { .max = 1000 } };
    buf_puts(&m.data, "Subject: nobody waits\r\n\r\nx\r\n");
    auth_cancel(auth_token(w.auth, str_c(w.token), &somebody, on_opened, NULL));
    auth_cancel(auth_token(w.auth, S("mf1_nonsense"), &somebody, on_opened, NULL));
    auth_cancel(auth_password(w.auth, str_c(w.address), S("some password"), &somebody, on_opened, NULL));
    mailbox_cancel(mailbox_create(w.boxes, &(struct mailbox_spec){ 0 }, on_made, NULL));
    mailbox_cancel(mailbox_create(w.boxes, &(struct mailbox_spec){ .local = S("admin") }, on_made, NULL));
    mailbox_cancel(mailbox_creds(w.boxes, w.opened, on_creds, NULL));
    mailbox_cancel(mailbox_fresh(w.boxes, w.opened, on_box, NULL));
    mailbox_cancel(mailbox_cred_add(w.boxes, w.opened, CRED_TOKEN, S(""), on_cred, NULL));
    mail_cancel(mail_list(w.store, w.loop, w.opened, &q, on_list, NULL));
    mail_cancel(mail_get(w.store, w.loop, w.opened, &w.first, true, on_mail, NULL));
    mail_stream_close(mail_stream_open(w.store, w.loop, w.opened, &w.first, -1, &stream_ops, NULL));
    deliver_cancel(deliver_check(w.deliver, str_c(w.address), 0, on_rcpt, NULL));
    deliver_cancel(deliver_mail(w.deliver, &m, on_delivered, NULL));
    for (int i = 0; i < 40 || (w.heard < 2 && i < 2000); i++)
        run_a_while(10);
    CHECK(!w.answered);
    CHECK_OK(list((struct mail_query){ .limit = 5 }));
    CHECK_EQ(w.rows, 2); /* the mail was stored all the same */
    mailbox_cancel(mailbox_end(w.boxes, w.opened, on_end, NULL));
    for (int i = 0; i < 2000 && !w.ended; i++)
        run_a_while(10);
    CHECK(!w.answered);
    CHECK_EQ(open_token(w.token), ERR_DENIED);
    world_close();
}

TEST(mail_to_the_operator_waits_for_a_box)
{
    world_open();
    CHECK_EQ(rcpt("postmaster"), rcpt("abuse@other.test"));
    CHECK(rcpt("Postmaster@box.test") != OK);
    world_close();
}
