/* Dialogs: lines of the server, and what we say to each. */
#include "serve/smtp_out_session.h"
#include "test.h"
#include <stdlib.h>

struct rig {
    struct smtp_out_session s;
    struct buf out;
    struct outq_rcpt rcpts[300];
    struct outq_job job;
};

static struct rig *rig_new(size_t rcpts_n)
{
    struct rig *r = calloc(1, sizeof *r);
    static const char *const names[] = { "a@far.example", "b@far.example", "c@far.example" };
    for (size_t i = 0; i < COUNT(r->rcpts); i++)
        r->rcpts[i].address = str_c(names[i % 3]);
    r->job = (struct outq_job){ .destination = S("far.example"),
                                .mail_from = S("me@here.example"),
                                .rcpts = r->rcpts,
                                .rcpts_n = rcpts_n,
                                .size = 100 };
    r->out.max = 1 << 20;
    r->s.hostname = S("here.example");
    r->s.mx = S("mx.far.example");
    r->s.tls = SMTP_OUT_TLS_MAY;
    r->s.out = &r->out;
    smtp_out_init(&r->s);
    return r;
}

static void rig_free(struct rig *r)
{
    smtp_out_fini(&r->s);
    buf_fini(&r->out);
    free(r);
}

/* The server says in; we then say want. */
static void says(struct rig *r, const char *in, const char *want)
{
    buf_clear(&r->out);
    for (struct str rest = str_c(in); rest.n > 0;) {
        size_t n = smtp_out_input(&r->s, rest);
        if (n == 0)
            break;
        rest = str_from(rest, n);
    }
    CHECK_STR(in, buf_str(&r->out), want);
}

static void gives(struct rig *r, const char *text, bool last, const char *want)
{
    buf_clear(&r->out);
    CHECK_EQ(r->s.mode, SMTP_OUT_BODY);
    smtp_out_body(&r->s, str_c(text), last);
    CHECK_STR(text, buf_str(&r->out), want);
}

static void greets(struct rig *r, const char *ehlo)
{
    says(r, "220 mx\r\n", "EHLO here.example\r\n");
    says(r, ehlo, "");
    CHECK_EQ(r->s.mode, SMTP_OUT_READY);
    CHECK(r->s.greeted);
}

static void begins(struct rig *r, const char *want)
{
    buf_clear(&r->out);
    CHECK_OK(smtp_out_suits(&r->s, &r->job));
    CHECK_OK(smtp_out_begin(&r->s, &r->job, NULL));
    CHECK_STR("begin", buf_str(&r->out), want);
}

static void ended(struct rig *r, size_t i, enum outq_fate fate, unsigned code, const char *enhanced)
{
    CHECK(smtp_out_settled(&r->s));
    CHECK_EQ(r->s.results[i].fate, fate);
    CHECK_EQ(r->s.results[i].code, code);
    CHECK_STR("enhanced", str_c(r->s.results[i].enhanced), enhanced);
}

TEST(smtp_out_one_by_one)
{
    struct rig *r = rig_new(2);
    greets(r, "250-mx\r\n250 SIZE 1000\r\n");
    begins(r, "MAIL FROM:<me@here.example> SIZE=100\r\n");
    says(r, "250 2.1.0 ok\r\n", "RCPT TO:<a@far.example>\r\n");
    says(r, "550 5.1.1 nobody\r\n", "RCPT TO:<b@far.example>\r\n");
    says(r, "250 ok\r\n", "DATA\r\n");
    says(r, "354 go\r\n", "");
    gives(r, "Subject: x\r\n\r\n.dot\r\n", false, "Subject: x\r\n\r\n..dot\r\n");
    gives(r, ".", false, "..");
    gives(r, "end", true, "end\r\n.\r\n");
    CHECK(!smtp_out_settled(&r->s));
    says(r, "250 2.0.0 queued\r\n", "");
    ended(r, 0, OUTQ_FATE_FAILED, 550, "5.1.1");
    CHECK_STR("words", r->s.results[0].text, "nobody");
    ended(r, 1, OUTQ_FATE_SENT, 250, "2.0.0");
    CHECK_STR("mx", r->s.results[1].mx, "mx.far.example");
    CHECK_EQ(r->s.mode, SMTP_OUT_READY);
    smtp_out_forget(&r->s);
    begins(r, "MAIL FROM:<me@here.example> SIZE=100\r\n"); /* the same connection again */
    smtp_out_lost(&r->s, "4.4.2", "gone");
    ended(r, 0, OUTQ_FATE_LATER, 0, "4.4.2");
    CHECK(smtp_out_untouched(&r->s));
    rig_free(r);
}

TEST(smtp_out_after_another_server)
{
    static const struct outq_result before[] = {
        { .fate = OUTQ_FATE_SENT, .code = 250 },
        { .fate = OUTQ_FATE_LATER, .code = 450 },
        { .fate = OUTQ_FATE_FAILED, .code = 550 },
        { .fate = OUTQ_FATE_LATER }, /* cut off behind the last octet: it may have the mail */
    };
    struct rig *r = rig_new(4);
    greets(r, "250-mx\r\n250 PIPELINING\r\n");
    CHECK_OK(smtp_out_begin(&r->s, &r->job, before));
    CHECK_STR("whom it postponed, and nobody else", buf_str(&r->out),
              "MAIL FROM:<me@here.example>\r\nRCPT TO:<b@far.example>\r\nDATA\r\n");
    says(r, "250 ok\r\n250 ok\r\n354 go\r\n", "");
    gives(r, "x\r\n", true, "x\r\n.\r\n");
    says(r, "250 2.0.0 ok\r\n", "");
    ended(r, 0, OUTQ_FATE_SENT, 250, "");
    ended(r, 1, OUTQ_FATE_SENT, 250, "2.0.0");
    ended(r, 2, OUTQ_FATE_FAILED, 550, "");
    ended(r, 3, OUTQ_FATE_LATER, 0, "");
    rig_free(r);
}

TEST(smtp_out_pipelined)
{
    struct rig *r = rig_new(2);
    greets(r, "250-mx\r\n250-DSN\r\n250 PIPELINING\r\n");
    r->rcpts[0].notify = SMTP_NOTIFY_SUCCESS | SMTP_NOTIFY_FAILURE;
    r->rcpts[0].orcpt = S("rfc822;a@far.example");
    r->job.ret = OUTQ_RET_HDRS;
    r->job.envid = S("id1");
    begins(r, "MAIL FROM:<me@here.example> RET=HDRS ENVID=id1\r\n"
              "RCPT TO:<a@far.example> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;a@far.example\r\n"
              "RCPT TO:<b@far.example>\r\nDATA\r\n");
    says(r, "250 ok\r\n250 ok\r\n452 4.2.2 full\r\n354 go\r\n", "");
    gives(r, "x\r\n", true, "x\r\n.\r\n");
    says(r, "250 ok\r\n", "");
    ended(r, 0, OUTQ_FATE_SENT, 250, "");
    CHECK(r->s.results[0].dsn_passed_on);
    ended(r, 1, OUTQ_FATE_LATER, 452, "4.2.2");
    rig_free(r);
}

/* RFC 2920 section 3.1 */
TEST(smtp_out_data_granted_for_nobody)
{
    struct rig *r = rig_new(1);
    greets(r, "250-mx\r\n250 PIPELINING\r\n");
    begins(r, "MAIL FROM:<me@here.example>\r\nRCPT TO:<a@far.example>\r\nDATA\r\n");
    says(r, "250 ok\r\n550 no\r\n354 go\r\n", ".\r\n");
    ended(r, 0, OUTQ_FATE_FAILED, 550, "");
    smtp_out_forget(&r->s);
    CHECK_EQ(r->s.mode, SMTP_OUT_TALK);
    says(r, "554 no valid recipients\r\n", "");
    CHECK_EQ(r->s.mode, SMTP_OUT_READY);
    begins(r, "MAIL FROM:<me@here.example>\r\nRCPT TO:<a@far.example>\r\nDATA\r\n");
    says(r, "450 4.7.1 greylisted\r\n503 mail first\r\n503 mail first\r\n", "");
    ended(r, 0, OUTQ_FATE_LATER, 450, "4.7.1");
    smtp_out_forget(&r->s);
    begins(r, "MAIL FROM:<me@here.example>\r\nRCPT TO:<a@far.example>\r\nDATA\r\n");
    says(r, "250 ok\r\n250 ok\r\n451 not now\r\n", "RSET\r\n");
    ended(r, 0, OUTQ_FATE_LATER, 451, "");
    smtp_out_forget(&r->s);
    says(r, "250 ok\r\n", "");
    CHECK_EQ(r->s.mode, SMTP_OUT_READY);
    buf_clear(&r->out);
    smtp_out_quit(&r->s);
    says(r, "221 bye\r\n", "");
    CHECK_EQ(r->s.mode, SMTP_OUT_CLOSED);
    rig_free(r);
}

TEST(smtp_out_chunks)
{
    struct rig *r = rig_new(1);
    greets(r, "250-mx\r\n250-CHUNKING\r\n250 PIPELINING\r\n");
    begins(r, "MAIL FROM:<me@here.example>\r\nRCPT TO:<a@far.example>\r\n");
    says(r, "250 ok\r\n250 ok\r\n", "");
    gives(r, ".a\r\n", false, "BDAT 4\r\n.a\r\n");
    CHECK(smtp_out_wants_body(&r->s));
    gives(r, "b", true, "BDAT 3 LAST\r\nb\r\n");
    says(r, "250 4 octets\r\n", "");
    CHECK(!smtp_out_settled(&r->s));
    says(r, "250 2.6.0 ok\r\n", "");
    ended(r, 0, OUTQ_FATE_SENT, 250, "2.6.0");
    smtp_out_forget(&r->s);
    r->s.offers.pipelining = false;
    begins(r, "MAIL FROM:<me@here.example>\r\n");
    says(r, "250 ok\r\n", "RCPT TO:<a@far.example>\r\n");
    says(r, "250 ok\r\n", "");
    gives(r, "a\r\n", false, "BDAT 3\r\na\r\n");
    CHECK(!smtp_out_wants_body(&r->s));
    says(r, "552 5.3.4 too big\r\n", "");
    ended(r, 0, OUTQ_FATE_FAILED, 552, "5.3.4");
    CHECK_EQ(r->s.mode, SMTP_OUT_CLOSED);
    rig_free(r);
}

TEST(smtp_out_tls)
{
    struct rig *r = rig_new(1);
    says(r, "220 mx\r\n", "EHLO here.example\r\n");
    says(r, "250-mx\r\n250-PIPELINING\r\n250 STARTTLS\r\n", "STARTTLS\r\n");
    says(r, "220 go\r\n250 smuggled\r\n", ""); /* what follows is left for the owner, who breaks off */
    CHECK_EQ(r->s.mode, SMTP_OUT_SHAKE);
    buf_clear(&r->out);
    smtp_out_secured(&r->s, true);
    CHECK_STR("again", buf_str(&r->out), "EHLO here.example\r\n");
    says(r, "250-mx\r\n250 REQUIRETLS\r\n", "");
    r->job.flags = OUTQ_REQUIRETLS;
    begins(r, "MAIL FROM:<me@here.example> REQUIRETLS\r\n");
    rig_free(r);

    r = rig_new(1);
    r->job.flags = OUTQ_REQUIRETLS;
    says(r, "220 mx\r\n", "EHLO here.example\r\n");
    says(r, "250 STARTTLS\r\n", "");
    CHECK_EQ(smtp_out_suits(&r->s, &r->job), ERR_DENIED);
    rig_free(r);

    r = rig_new(1);
    r->s.tls = SMTP_OUT_TLS_MUST;
    says(r, "220 mx\r\n", "EHLO here.example\r\n");
    says(r, "250 mx\r\n", "");
    CHECK_EQ(r->s.mode, SMTP_OUT_CLOSED);
    CHECK_STR("policy", str_c(r->s.end.enhanced), "4.7.4");
    rig_free(r);

    r = rig_new(1);
    says(r, "220 mx\r\n", "EHLO here.example\r\n");
    says(r, "250-mx\r\n250 STARTTLS\r\n", "STARTTLS\r\n");
    says(r, "454 no keys today\r\n", "");
    CHECK_EQ(r->s.mode, SMTP_OUT_READY);
    rig_free(r);
}

TEST(smtp_out_at_the_door)
{
    struct rig *r = rig_new(1);
    says(r, "554 go away\r\n", "QUIT\r\n");
    CHECK(r->s.mode == SMTP_OUT_CLOSED && !r->s.end.final && r->s.end.code == 554);
    rig_free(r);
    r = rig_new(1);
    says(r, "521 no mail here\r\n", "QUIT\r\n");
    CHECK(r->s.end.final);
    rig_free(r);
    r = rig_new(1);
    says(r, "220 old\r\n", "EHLO here.example\r\n");
    says(r, "502 what\r\n", "HELO here.example\r\n");
    says(r, "250 old\r\n", "");
    r->job.flags = OUTQ_8BIT;
    begins(r, "");
    ended(r, 0, OUTQ_FATE_FAILED, 0, "5.6.3");
    CHECK_EQ(r->s.mode, SMTP_OUT_READY);
    smtp_out_forget(&r->s);
    says(r, "421 idle\r\n", "");
    CHECK_EQ(r->s.mode, SMTP_OUT_CLOSED);
    rig_free(r);
    r = rig_new(1);
    says(r, "HTTP/1.1 400 Bad Request\r\n", "");
    CHECK_EQ(r->s.mode, SMTP_OUT_CLOSED);
    rig_free(r);
}

TEST(smtp_out_login)
{
    struct rig *r = rig_new(1);
    r->s.user = S("u");
    r->s.password = S("p");
    says(r, "220 mx\r\n", "EHLO here.example\r\n");
    says(r, "250-mx\r\n250-STARTTLS\r\n250 AUTH LOGIN\r\n", "STARTTLS\r\n");
    says(r, "220 go\r\n", "");
    smtp_out_secured(&r->s, true);
    says(r, "250-mx\r\n250 AUTH LOGIN\r\n", "AUTH LOGIN\r\n");
    says(r, "334 VXNlcm5hbWU6\r\n", "dQ==\r\n");
    says(r, "334 UGFzc3dvcmQ6\r\n", "cA==\r\n");
    says(r, "235 ok\r\n", "");
    CHECK_EQ(r->s.mode, SMTP_OUT_READY);
    rig_free(r);
    r = rig_new(1);
    r->s.user = S("u");
    r->s.password = S("p");
    says(r, "220 mx\r\n", "EHLO here.example\r\n");
    says(r, "250-mx\r\n250 AUTH PLAIN\r\n", "");
    CHECK_EQ(r->s.mode, SMTP_OUT_CLOSED); /* never in the clear */
    CHECK(r->s.login_refused != NULL);
    CHECK_STR("not in the clear", str_c(r->s.end.words), SMTP_OUT_NOT_LET_IN);
    rig_free(r);
}

/* What the smart host says of our account is for the operator. */
TEST(smtp_out_login_refused)
{
    static const char *const offers[] = { "250-mx\r\n250 AUTH PLAIN\r\n", "250-mx\r\n250 AUTH GSSAPI\r\n" };
    for (size_t i = 0; i < COUNT(offers); i++) {
        struct rig *r = rig_new(1);
        r->s.user = S("relayuser");
        r->s.password = S("p");
        says(r, "220 mx\r\n", "EHLO here.example\r\n");
        says(r, "250-mx\r\n250-STARTTLS\r\n250 AUTH LOGIN\r\n", "STARTTLS\r\n");
        says(r, "220 go\r\n", "");
        smtp_out_secured(&r->s, true);
        says(r, offers[i], i == 0 ? "AUTH PLAIN AHJlbGF5dXNlcgBw\r\n" : "");
        if (i == 0)
            says(r, "535 5.7.8 bad credentials for relayuser\r\n", "QUIT\r\n");
        CHECK(r->s.mode == SMTP_OUT_CLOSED && !r->s.end.final && r->s.end.code == 0);
        CHECK_EQ(r->s.login_code, i == 0 ? 535 : 0);
        CHECK_STR("told to the sender", str_c(r->s.end.words), SMTP_OUT_NOT_LET_IN);
        rig_free(r);
    }
    struct rig *r = rig_new(1);
    r->s.user = S("relayuser");
    r->s.tls = SMTP_OUT_TLS_MUST;
    says(r, "220 mx\r\n", "EHLO here.example\r\n");
    says(r, "250 mx\r\n", "");
    CHECK_STR("no STARTTLS", str_c(r->s.end.words), SMTP_OUT_NOT_LET_IN);
    rig_free(r);
    r = rig_new(1);
    greets(r, "250 mx\r\n");
    r->s.user = S("Relay");
    begins(r, "MAIL FROM:<me@here.example>\r\n");
    says(r, "553 5.7.1 Sender address rejected: not owned by user relay.\r\n", "");
    ended(r, 0, OUTQ_FATE_FAILED, 0, "5.7.1");
    CHECK_STR("as whom we have logged in", r->s.results[0].text, SMTP_OUT_NOT_LET_IN);
    smtp_out_forget(&r->s);
    begins(r, "MAIL FROM:<me@here.example>\r\n");
    says(r, "553 5.7.1 Relaying denied\r\n", "");
    CHECK_STR("another word", r->s.results[0].text, "Relaying denied");
    rig_free(r);
}

TEST(smtp_out_sizes_and_letters)
{
    struct rig *r = rig_new(2);
    greets(r, "250-mx\r\n250 SIZE 99\r\n");
    begins(r, "");
    ended(r, 1, OUTQ_FATE_FAILED, 0, "5.3.4");
    rig_free(r);
    r = rig_new(2);
    r->rcpts[0].address = S("j\xc3\xbcrgen@far.example");
    r->rcpts[1].address = S("x@b\xc3\xbc"
                            "cher.example");
    greets(r, "250 mx\r\n");
    begins(r, "MAIL FROM:<me@here.example>\r\n");
    says(r, "250 ok\r\n", "RCPT TO:<x@xn--bcher-kva.example>\r\n");
    says(r, "250 ok\r\n", "DATA\r\n");
    says(r, "354 go\r\n", "");
    gives(r, "x\r\n", true, "x\r\n.\r\n");
    says(r, "250 ok\r\n", "");
    ended(r, 0, OUTQ_FATE_FAILED, 0, "5.6.7");
    ended(r, 1, OUTQ_FATE_SENT, 250, "");
    smtp_out_forget(&r->s);
    r->s.offers.utf8 = true;
    begins(r, "MAIL FROM:<me@here.example> SMTPUTF8\r\n");
    says(r, "250 ok\r\n", "RCPT TO:<j\xc3\xbcrgen@far.example>\r\n");
    rig_free(r);
}

TEST(smtp_out_line_ends)
{
    static const char *const bad[] = { "a\nb\r\n", "a\rb\r\n", "a\r", "a\r\n.\n" };
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct rig *r = rig_new(1);
        greets(r, "250-mx\r\n250 PIPELINING\r\n");
        begins(r, "MAIL FROM:<me@here.example>\r\nRCPT TO:<a@far.example>\r\nDATA\r\n");
        says(r, "250 ok\r\n250 ok\r\n354 go\r\n", "");
        buf_clear(&r->out);
        smtp_out_body(&r->s, str_c(bad[i]), true);
        CHECK_STR(bad[i], buf_str(&r->out), "");
        ended(r, 0, OUTQ_FATE_FAILED, 0, "5.6.0");
        CHECK_EQ(r->s.mode, SMTP_OUT_CLOSED);
        rig_free(r);
    }
}

TEST(smtp_out_batches)
{
    struct rig *r = rig_new(250);
    greets(r, "250-mx\r\n250 PIPELINING\r\n");
    CHECK_OK(smtp_out_begin(&r->s, &r->job, NULL));
    for (size_t sum = 0; sum < 250; sum += 100) {
        size_t n = MIN(250 - sum, (size_t)100);
        for (size_t i = 0; i <= n; i++)
            says(r, "250 ok\r\n", "");
        says(r, "354 go\r\n", "");
        gives(r, "x\r\n", true, "x\r\n.\r\n");
        buf_clear(&r->out);
        CHECK(smtp_out_input(&r->s, S("250 ok\r\n")) > 0);
    }
    ended(r, 249, OUTQ_FATE_SENT, 250, "");
    CHECK_EQ(r->s.mode, SMTP_OUT_READY);
    rig_free(r);
}

/* A server that takes one recipient a transaction: the others follow at once, and one whom it takes not at all waits.
 */
TEST(smtp_out_one_each)
{
    struct rig *r = rig_new(3);
    greets(r, "250-mx\r\n250 PIPELINING\r\n");
    begins(r, "MAIL FROM:<me@here.example>\r\nRCPT TO:<a@far.example>\r\nRCPT TO:<b@far.example>\r\n"
              "RCPT TO:<c@far.example>\r\nDATA\r\n");
    says(r, "250 ok\r\n250 ok\r\n452 4.5.3 one\r\n552 one\r\n354 go\r\n", "");
    gives(r, "x\r\n", true, "x\r\n.\r\n");
    says(r, "250 ok\r\n",
         "MAIL FROM:<me@here.example>\r\nRCPT TO:<b@far.example>\r\nRCPT TO:<c@far.example>\r\n"
         "DATA\r\n");
    says(r, "250 ok\r\n250 ok\r\n452 4.5.3 one\r\n354 go\r\n", "");
    gives(r, "x\r\n", true, "x\r\n.\r\n");
    says(r, "250 ok\r\n", "MAIL FROM:<me@here.example>\r\nRCPT TO:<c@far.example>\r\nDATA\r\n");
    CHECK(!smtp_out_settled(&r->s));
    says(r, "250 ok\r\n452 4.5.3 none\r\n503 no\r\n", "RSET\r\n");
    ended(r, 0, OUTQ_FATE_SENT, 250, "");
    ended(r, 1, OUTQ_FATE_SENT, 250, "");
    ended(r, 2, OUTQ_FATE_LATER, 452, "4.5.3");
    rig_free(r);
}

TEST(smtp_out_breaks)
{
    struct rig *r = rig_new(2);
    greets(r, "250 mx\r\n");
    begins(r, "MAIL FROM:<me@here.example>\r\n");
    says(r, "421 4.3.2 going down\r\n", "");
    ended(r, 1, OUTQ_FATE_LATER, 421, "4.3.2");
    CHECK(smtp_out_untouched(&r->s));
    rig_free(r);
    r = rig_new(1);
    greets(r, "250 mx\r\n");
    begins(r, "MAIL FROM:<me@here.example>\r\n");
    says(r, "250 ok\r\n", "RCPT TO:<a@far.example>\r\n");
    says(r, "250 ok\r\n", "DATA\r\n");
    says(r, "354 go\r\n", "");
    gives(r, "x\r\n", false, "x\r\n");
    says(r, "552 5.3.4 enough\r\n", ""); /* and nothing more: QUIT would be text */
    ended(r, 0, OUTQ_FATE_FAILED, 552, "5.3.4");
    CHECK(!smtp_out_untouched(&r->s));
    rig_free(r);
}
