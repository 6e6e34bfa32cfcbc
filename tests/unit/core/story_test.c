/* The life of a box through core/ over the embedded store: made, written to, read, extended, its credentials changed,
 * burned. What serve/ does, without sockets. */
#include "core/world.h"

TEST(mail_arrives_is_told_listed_read_and_streamed)
{
    world_open();
    start_box();
    CHECK_OK(deliver_text(str_c(mail_text)));
    CHECK_OK(list((struct mail_query){ .limit = 10 }));
    CHECK_EQ(w.rows, 1);
    CHECK_EQ(w.heard_first, 1); /* told by the store's thread: what others hear keeps the order of the commits */
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
    w.rcpt_address = S("box+tag@box.test"); /* another name of the box is another mail */
    CHECK_OK(deliver_text(str_c(mail_text)));
    CHECK_OK(deliver_text(str_c(mail_text)));
    CHECK_OK(list((struct mail_query){ .limit = 10 }));
    CHECK_EQ(w.rows, 2);
    world_close();
}

#define PART(type, text) "--b\r\nContent-Type: text/" type "\r\n\r\n" text "\r\n"
#define MULTI(sub, parts)                                                                                              \
    "From: a@b.example\r\nSubject: \xc3\x9c"                                                                           \
    "ber\r\nContent-Type: multipart/" sub "; boundary=b\r\n\r\n" parts "--b--\r\n"
#define PRE(text) "<div style=\"white-space:pre-wrap\">" text "</div>\n"

/* RFC 8621 section 4.1.4: what is in a view is shown in it, whatever its kind. */
TEST(both_views_show_all_their_parts)
{
    static const struct {
        const char *what, *in, *want;
    } cases[] = {
        { "a text before a page", MULTI("mixed", PART("plain", "1 < 2") PART("html", "<p>two")),
          "1 < 2\ntwo|" PRE("1 &lt; 2") "<p>two" },
        { "a text behind a page", MULTI("mixed", PART("html", "<p>one") PART("plain", "two")),
          "one\ntwo|<p>one" PRE("two") },
        { "texts alone make no page", MULTI("mixed", PART("plain", "one") PART("plain", "two")), "one\ntwo|" },
        { "each its own", MULTI("alternative", PART("plain", "one") PART("html", "<p>two")), "one|<p>two" },
        { "a page alone", MULTI("alternative", PART("html", "<p>two")), "two|<p>two" },
        { "an empty text", MULTI("alternative", PART("plain", "") PART("html", "<p>two")), "two|<p>two" },
    };
    world_open();
    start_box();
    for (size_t i = 0; i < COUNT(cases); i++) {
        CHECK_OK(deliver_text(str_c(cases[i].in)));
        CHECK_OK(list((struct mail_query){ .limit = 1 }));
        CHECK(mail_get(w.store, w.loop, w.opened, &w.first, true, on_mail, NULL) != NULL);
        CHECK_OK(answer());
        CHECK_STR(cases[i].what, buf_str(&w.bytes), cases[i].want);
    }
    world_close();
}

TEST(filters_fold_as_imap_does)
{
    static const struct {
        const char *q;
        size_t found;
    } cases[] = { { "\xc3\xbc"
                    "BER",
                    1 },
                  { "\xc3\x9c"
                    "ber",
                    1 },
                  { "U\xcc\x88"
                    "ber",
                    1 },
                  { "uber", 0 },
                  { "obwohl", 0 } };
    world_open();
    start_box();
    CHECK_OK(deliver_text(str_c(MULTI("mixed", PART("plain", "x")))));
    for (size_t i = 0; i < COUNT(cases); i++) {
        CHECK_OK(list((struct mail_query){ .limit = 10, .q = str_c(cases[i].q) }));
        CHECK_EQ(w.rows, cases[i].found);
        CHECK_OK(list((struct mail_query){ .limit = 10, .subject = str_c(cases[i].q) }));
        CHECK_EQ(w.rows, cases[i].found);
        CHECK_OK(list((struct mail_query){ .limit = 10, .from = str_c(cases[i].q) }));
        CHECK_EQ(w.rows, 0);
    }
    world_close();
}

TEST(what_a_summary_leaves_out_is_counted)
{
    AUTO_BUF struct buf m = { .max = 1 << 20 };
    world_open();
    start_box();
    buf_puts(&m, "From: a@b.example\r\nCc: c@d.example\r\nTo: x0@y.example");
    for (int i = 1; i < 53; i++)
        buf_printf(&m, ",\r\n x%d@y.example", i);
    buf_puts(&m, "\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n");
    for (int i = 0; i < 207; i++)
        buf_puts(&m, "--b\r\nContent-Type: image/png\r\n\r\nx\r\n");
    buf_puts(&m, "--b--\r\n");
    CHECK_OK(deliver_text(buf_str(&m)));
    CHECK_OK(list((struct mail_query){ .limit = 1 }));
    struct str said = S("\"left_out\":{\"to\":3,\"cc\":0,\"reply_to\":0,\"attachments\":7}");
    CHECK(str_find(buf_str(&w.bytes), said) != STR_NONE);
    CHECK_OK(deliver_text(str_c(mail_text)));
    CHECK_OK(list((struct mail_query){ .limit = 1 }));
    CHECK(str_find(buf_str(&w.bytes), S("left_out")) == STR_NONE);
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
    CHECK_OK(make(&(struct mailbox_spec){ .local = S("bob"),
                                          .domain = S("B\xc3\xbc"
                                                      "cher.test") }));
    CHECK_STR("address", str_c(w.address), "bob@xn--bcher-kva.test");
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
    for (int i = 0; i < 10; i++) { /* a dead token is no guess: it costs its network no password */
        CHECK(auth_token(w.auth, S("mf1_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), &somebody, on_opened, NULL) !=
              NULL);
        CHECK_EQ(answer(), ERR_DENIED);
    }
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

static struct event told;

static void on_keys_told(struct event_listener *l, const struct event *e)
{
    (void)l;
    event_copy(&told, e);
}

TEST(a_credential_that_revokes_itself_opens_nothing_either)
{
    world_open();
    start_box();
    struct event_listener ears = { .box = w.box, .on = on_keys_told };
    event_listen(w.hub, w.loop, &ears);
    told = (struct event){ 0 };
    CHECK_OK(list((struct mail_query){ .limit = 10 }));
    CHECK(mailbox_cred_revoke(w.boxes, w.opened, w.opened->cred, on_cred, NULL) != NULL);
    CHECK_OK(answer());
    CHECK_EQ(open_token(w.token), ERR_DENIED);
    CHECK_EQ(told.kind, EVENT_CREDS_CHANGED);
    CHECK_EQ(told.cred, 0);
    CHECK(auth_recovery(w.auth, S(""), str_c(w.recovery), &somebody, on_opened, NULL) != NULL);
    CHECK_OK(answer());
    CHECK_OK(list((struct mail_query){ .limit = 10 }));
    event_unlisten(w.hub, &ears);
    world_close();
}

static enum err late;
static bool late_answered;

static void on_late(void *ctx, enum err e, struct opened *o, int64_t retry_ms)
{
    (void)ctx;
    (void)retry_ms;
    opened_release(o);
    late = e;
    late_answered = true;
    loop_stop(w.loop);
}

/* Argon2id takes a while. */
static void meanwhile(bool burn)
{
    world_open();
    CHECK_OK(make(&(struct mailbox_spec){ .local = S("alice"), .password = S("correct battery") }));
    CHECK(auth_password(w.auth, S("alice@box.test"), S("correct battery"), &somebody, on_opened, NULL) != NULL);
    CHECK_OK(answer());
    uint64_t password = w.opened->cred;
    CHECK_OK(open_token(w.token));
    late_answered = false;
    CHECK(auth_password(w.auth, S("alice@box.test"), S("correct battery"), &somebody, on_late, NULL) != NULL);
    if (burn)
        CHECK(mailbox_end(w.boxes, w.opened, on_end, NULL) != NULL);
    else
        CHECK(mailbox_cred_revoke(w.boxes, w.opened, password, on_cred, NULL) != NULL);
    CHECK_OK(answer());
    timer_set(&w.watchdog, 20000);
    while (!late_answered)
        loop_run(w.loop);
    timer_clear(&w.watchdog);
    CHECK_EQ(late, ERR_DENIED);
    world_close();
}

TEST(a_box_that_ends_while_its_password_is_checked_is_not_opened) { meanwhile(true); }
TEST(nor_is_one_by_a_password_that_is_revoked_meanwhile) { meanwhile(false); }

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
