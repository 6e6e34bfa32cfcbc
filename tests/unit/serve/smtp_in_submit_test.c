/* Dialogs with a submission's session alone: the test is its owner. The secret "right" opens the box a@box.example;
 * recipients are refused by their name. */
#include "serve/smtp_in_session.h"
#include "serve/smtp_in_submit.h"
#include "test.h"
#include <string.h>

struct rig {
    struct smtp_in_session s;
    struct buf out, last; /* last: what was sent: "sender|protocol|recipient notify orcpt|…|data" */
    struct buf tried;     /* user and secret */
    enum { NOTHING, LOGIN, CHECK_RCPT, SEND_IT } asked;
    struct str rcpt;
    struct smtp_in_tx *given;
    const char *protocol;
    unsigned tries, sent;
    bool gone;
};

static struct rig *rig_of(struct smtp_in_session *s) { return CONTAINER_OF(s, struct rig, s); }

static void on_login(struct smtp_in_session *s, struct str user, struct str secret)
{
    struct rig *r = rig_of(s);
    buf_clear(&r->tried);
    buf_put(&r->tried, user);
    buf_putc(&r->tried, ' ');
    buf_put(&r->tried, secret);
    r->asked = LOGIN;
}

static bool on_alive(const struct smtp_in_session *s) { return !CONTAINER_OF(s, const struct rig, s)->gone; }
static bool on_owns(const struct smtp_in_session *, struct str a) { return str_eq_nocase(a, S("a@box.example")); }

static void on_check(struct smtp_in_session *s, struct str rcpt)
{
    rig_of(s)->rcpt = rcpt;
    rig_of(s)->asked = CHECK_RCPT;
}

static void on_send(struct smtp_in_session *s, struct smtp_in_tx *tx, const char *protocol)
{
    rig_of(s)->given = tx;
    rig_of(s)->protocol = protocol;
    rig_of(s)->asked = SEND_IT;
}

static const struct smtp_in_submit_ops submit = { on_login, on_alive, on_owns, on_check, on_send };
static struct intake_budget budget;
static struct smtp_in_rules rules;

static void rig_init(struct rig *r)
{
    budget = (struct intake_budget){ .max = 1024 * 1024 };
    rules = (struct smtp_in_rules){ .hostname = S("mx.example"),
                                    .postmaster = S("postmaster@mx.example"),
                                    .max_bytes = 100000,
                                    .max_rcpts = 3,
                                    .tls = true,
                                    .budget = &budget,
                                    .submit = &submit };
    *r = (struct rig){ .out = { .max = 1 << 20 }, .last = { .max = 1 << 20 }, .tried = { .max = 1 << 16 } };
    r->s.rules = &rules;
    r->s.out = &r->out;
    r->s.tls = r->s.may_login = true;
}

static void rig_fini(struct rig *r)
{
    smtp_in_session_fini(&r->s);
    buf_fini(&r->out);
    buf_fini(&r->last);
    buf_fini(&r->tried);
    CHECK_EQ(atomic_load(&budget.used), 0);
}

static enum send_refusal says(struct str rcpt)
{
    static const struct {
        struct str name;
        enum send_refusal r;
    } names[] = { { STR("stranger"), SEND_UNKNOWN_TO_BOX },
                  { STR("cap"), SEND_CAP_BOX },
                  { STR("all"), SEND_CAP_ALL },
                  { STR("off"), SEND_OFF },
                  { STR("stop"), SEND_STOPPED },
                  { STR("gone"), SEND_GONE },
                  { STR("later"), SEND_LATER },
                  { STR("full"), SEND_NO_ROOM },
                  { STR("odd"), SEND_BAD_RCPT } };
    for (size_t i = 0; i < COUNT(names); i++)
        if (str_starts(rcpt, names[i].name))
            return names[i].r;
    return SEND_OK;
}

static void sent(struct rig *r)
{
    struct smtp_in_tx *tx = r->given;
    buf_clear(&r->last);
    buf_printf(&r->last, "%.*s|%s|", STR_FMT(tx->from), r->protocol);
    for (size_t i = 0; i < tx->to_n; i++)
        buf_printf(&r->last, "%.*s %u %.*s|", STR_FMT(tx->to[i].address), tx->to[i].notify, STR_FMT(tx->to[i].orcpt));
    buf_put(&r->last, buf_str(&tx->in.data));
    r->sent++;
    size_t n = tx->in.data.n;
    enum send_refusal no = str_starts(buf_str(&tx->in.data), S("Bad")) ? SEND_BAD_HEADER : SEND_OK;
    smtp_in_tx_free(tx);
    smtp_in_sent(&r->s, no, n);
}

static void answer(struct rig *r)
{
    int asked = (int)r->asked;
    r->asked = NOTHING;
    if (asked == LOGIN) {
        bool right = str_ends(buf_str(&r->tried), S(" right"));
        smtp_in_logged_in(&r->s,
                          right                                      ? OK
                          : str_ends(buf_str(&r->tried), S(" busy")) ? ERR_BUSY
                                                                     : ERR_DENIED,
                          !right && ++r->tries == 5);
    } else if (asked == CHECK_RCPT) {
        smtp_in_may_send(&r->s, says(r->rcpt));
    } else if (asked == SEND_IT) {
        sent(r);
    }
}

static void feed(struct rig *r, struct str in)
{
    for (bool on = true; on && r->s.mode != SMTP_IN_CLOSED;) {
        size_t n = smtp_in_input(&r->s, in);
        in = str_from(in, n);
        on = n > 0 || r->asked != NOTHING;
        answer(r);
    }
}

/* Basic codes of the replies. */
static struct str codes(struct rig *r, struct buf *b)
{
    buf_clear(b);
    for (struct str rest = buf_str(&r->out); rest.n > 0;) {
        struct str line = str_line(rest, &rest);
        if (line.n < 4 || line.p[3] == '-')
            continue;
        buf_puts(b, b->n ? " " : "");
        buf_put(b, str_sub(line, 0, 3));
    }
    return buf_str(b);
}

#define HI "EHLO c.example\r\n"
#define RIGHT "AGEAcmlnaHQ=" /* "\0a\0right" */
#define WRONG "AGEAd3Jvbmc="
#define IN HI "AUTH PLAIN " RIGHT "\r\n"
#define TX IN "MAIL FROM:<a@box.example>\r\nRCPT TO:<b@far.example>\r\n"

static const struct {
    const char *what, *in, *codes;
} dialogs[] = {
    { "a mail", TX "DATA\r\nFrom: x\r\n\r\n.\r\nQUIT\r\n", "250 235 250 250 354 250 221" },
    { "no login, no mail", HI "MAIL FROM:<a@box.example>\r\nRCPT TO:<b@far.example>\r\nDATA\r\n", "250 530 503 503" },
    { "nor in chunks", HI "BDAT 6 LAST\r\nQUIT\r\nNOOP\r\n", "250 503 250" },
    { "no EHLO, no login", "AUTH PLAIN " RIGHT "\r\n", "503" },
    { "a response of its own line", HI "AUTH PLAIN\r\n" RIGHT "\r\nMAIL FROM:<>\r\n", "250 334 235 250" },
    { "LOGIN", HI "AUTH LOGIN\r\nYQ==\r\ncmlnaHQ=\r\n", "250 334 334 235" },
    { "LOGIN with a user at once", HI "auth login YQ==\r\ncmlnaHQ=\r\n", "250 334 235" },
    { "OAUTHBEARER", HI "AUTH OAUTHBEARER bixhPWEsAWF1dGg9QmVhcmVyIHJpZ2h0AQE=\r\n", "250 235" },
    { "OAUTHBEARER, wrong, says why first",
      HI "AUTH OAUTHBEARER bixhPWEsAWF1dGg9QmVhcmVyIHdyb25nAQE=\r\nAQ==\r\nNOOP\r\n", "250 334 535 250" },
    { "no such mechanism", HI "AUTH CRAM-MD5\r\nAUTH\r\nAUTH SCRAM-SHA-256 x\r\n", "250 504 504 504" },
    { "wrong", HI "AUTH PLAIN " WRONG "\r\nMAIL FROM:<a@box.example>\r\n", "250 535 530" },
    { "for somebody else", HI "AUTH PLAIN YgBhAHJpZ2h0\r\n", "250 535" },
    { "no base64", HI "AUTH PLAIN !\r\nAUTH PLAIN ====\r\n", "250 501 501" },
    { "cancelled", HI "AUTH PLAIN\r\n*\r\nNOOP\r\n", "250 334 501 250" },
    { "not now", HI "AUTH PLAIN AGEAYnVzeQ==\r\n", "250 454" },
    { "guessing ends",
      HI "AUTH PLAIN " WRONG "\r\nAUTH PLAIN " WRONG "\r\nAUTH PLAIN " WRONG "\r\nAUTH PLAIN " WRONG
         "\r\nAUTH PLAIN " WRONG "\r\nAUTH PLAIN " RIGHT "\r\n",
      "250 535 535 535 535 421" },
    { "twice", IN "AUTH PLAIN " RIGHT "\r\n", "250 235 503" },
    { "in the middle of a mail", IN "MAIL FROM:<>\r\nAUTH PLAIN " RIGHT "\r\n", "250 235 250 503" },
    { "another's name", IN "MAIL FROM:<b@box.example>\r\nMAIL FROM:<x@far.example>\r\nMAIL FROM:<A@BOX.example>\r\n",
      "250 235 553 553 250" },
    { "each recipient its answer",
      IN "MAIL FROM:<a@box.example>\r\nRCPT TO:<stranger@far.example>\r\nRCPT TO:<cap@far.example>\r\n"
         "RCPT TO:<all@far.example>\r\nRCPT TO:<off@far.example>\r\nRCPT TO:<stop@far.example>\r\n"
         "RCPT TO:<later@far.example>\r\nRCPT TO:<full@far.example>\r\nRCPT TO:<odd@far.example>\r\nDATA\r\n",
      "250 235 250 550 451 451 550 550 451 452 553 554" },
    { "the box ends", IN "MAIL FROM:<a@box.example>\r\nRCPT TO:<gone@far.example>\r\nNOOP\r\n", "250 235 250 421" },
    { "too many", TX "RCPT TO:<c@far.example>\r\nRCPT TO:<d@far.example>\r\nRCPT TO:<e@far.example>\r\n",
      "250 235 250 250 250 250 452" },
    { "a header that is none", TX "DATA\r\nBad\r\n.\r\n", "250 235 250 250 354 550" },
    { "chunks", TX "BDAT 9 LAST\r\nFrom: x\r\nNOOP\r\n", "250 235 250 250 250 250" },
    { "no binary", IN "MAIL FROM:<a@box.example> BODY=BINARYMIME\r\n", "250 235 555" },
    { "bare LF", TX "DATA\r\nFrom: x\n.\r\n", "250 235 250 250 354 521" },
    { "a second mail", TX "DATA\r\nFrom: x\r\n.\r\nMAIL FROM:<a@box.example>\r\nRCPT TO:<b@far.example>\r\n",
      "250 235 250 250 354 250 250 250" },
    { "a login outlives EHLO", IN HI "MAIL FROM:<a@box.example>\r\n", "250 235 250 250" },
    { "parameters of RFC 8689 and 4954",
      IN "MAIL FROM:<a@box.example> REQUIRETLS AUTH=<>\r\nRCPT TO:<b@far.example> NOTIFY=FAILURE\r\n",
      "250 235 250 250" },
};

TEST(dialogs)
{
    AUTO_BUF struct buf got = { .max = 1000 };
    for (size_t i = 0; i < COUNT(dialogs); i++) {
        struct rig r;
        rig_init(&r);
        feed(&r, str_c(dialogs[i].in));
        CHECK_STR(dialogs[i].what, codes(&r, &got), dialogs[i].codes);
        rig_fini(&r);
    }
}

TEST(octet_by_octet)
{
    AUTO_BUF struct buf got = { .max = 1000 };
    for (size_t i = 0; i < COUNT(dialogs); i++) {
        struct rig r;
        rig_init(&r);
        AUTO_BUF struct buf pending = { .max = 100000 };
        for (struct str in = str_c(dialogs[i].in); in.n > 0 && r.s.mode != SMTP_IN_CLOSED; in = str_from(in, 1)) {
            buf_putc(&pending, in.p[0]);
            buf_drop(&pending, smtp_in_input(&r.s, buf_str(&pending)));
            answer(&r);
        }
        CHECK_STR(dialogs[i].what, codes(&r, &got), dialogs[i].codes);
        rig_fini(&r);
    }
}

/* RFC 4954 section 6. */
TEST(an_exchange_that_is_too_long)
{
    static const char *const begins[] = { "AUTH PLAIN ", "AUTH PLAIN\r\n", "MAIL FROM:<" };
    static const char *const says[] = { "500 5.5.6 ", "500 5.5.6 ", "500 5.5.2 " };
    for (size_t i = 0; i < COUNT(begins); i++) {
        struct rig r;
        rig_init(&r);
        AUTO_BUF struct buf in = { .max = 100000 };
        buf_puts(&in, begins[i]);
        for (int k = 0; k < LIMIT_SMTP_LONG; k++)
            buf_putc(&in, 'A');
        feed(&r, S(HI));
        feed(&r, buf_str(&in));
        CHECK(str_find(buf_str(&r.out), str_c(says[i])) != STR_NONE);
        feed(&r, S("A\r\n"));
        buf_clear(&r.out);
        feed(&r, S("NOOP\r\n"));
        CHECK(str_starts(buf_str(&r.out), S("250 ")));
        rig_fini(&r);
    }
}

TEST(nothing_secret_in_the_clear)
{
    struct rig r;
    rig_init(&r);
    r.s.tls = r.s.may_login = false;
    feed(&r, S(HI));
    CHECK_EQ(str_find(buf_str(&r.out), S("AUTH")), STR_NONE);
    CHECK_EQ(str_find(buf_str(&r.out), S("REQUIRETLS")), STR_NONE);
    CHECK(str_find(buf_str(&r.out), S("STARTTLS")) != STR_NONE);
    feed(&r, S("AUTH PLAIN " RIGHT "\r\nMAIL FROM:<a@box.example>\r\n"));
    AUTO_BUF struct buf got = { .max = 100 };
    CHECK_STR("refused before it is tried", codes(&r, &got), "250 530 530");
    CHECK_EQ(r.tried.n, 0);
    rig_fini(&r);
}

TEST(what_is_sent)
{
    struct rig r;
    rig_init(&r);
    feed(&r, S(IN "MAIL FROM:<a@box.example>\r\nRCPT TO:<b@far.example> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;x+2By\r\n"
                  "RCPT TO:<stranger@far.example> NOTIFY=NEVER\r\nRCPT TO:<c@far.example>\r\n"
                  "RCPT TO:<b@far.example>\r\nDATA\r\nFrom: x\r\n\r\n..a\r\n.\r\n"));
    CHECK_STR("as asked for", buf_str(&r.last),
              "a@box.example|ESMTPSA|b@far.example 10 rfc822;x+2By|c@far.example 0 |From: x\r\n\r\n.a\r\n");
    CHECK_STR("who tried", buf_str(&r.tried), "a right");
    r.gone = true;
    buf_clear(&r.out);
    feed(&r, S("MAIL FROM:<a@box.example>\r\n"));
    AUTO_BUF struct buf got = { .max = 100 };
    CHECK_STR("no more once the box is gone", codes(&r, &got), "421");
    rig_fini(&r);
}

TEST(mail_for_our_boxes_knows_nothing_of_it)
{
    struct rig r;
    rig_init(&r);
    rules.submit = NULL;
    feed(&r, S(HI "AUTH PLAIN " RIGHT "\r\nMAIL FROM:<a@box.example> REQUIRETLS\r\n"));
    AUTO_BUF struct buf got = { .max = 100 };
    CHECK_STR("502", codes(&r, &got), "250 502 555");
    CHECK_EQ(str_find(buf_str(&r.out), S("AUTH")), STR_NONE);
    rig_fini(&r);
}
