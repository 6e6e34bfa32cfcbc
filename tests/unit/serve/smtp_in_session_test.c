/* Dialogs with the session alone: the test is its owner, answers recipients by their name and plays the store. */
#include "serve/smtp_in_session.h"
#include "test.h"
#include <stdlib.h>
#include <string.h>

struct rig {
    struct smtp_in_session s;
    struct buf out;
    struct str asked; /* the recipient that waits for its answer */
    struct smtp_in_tx *given;
    const char *protocol;
    struct buf told; /* holders of boxes, of what did not reach them */
    struct buf last; /* the last message stored: "sender|protocol|recipients|data" */
    enum err store_says;
    const char *why;
    unsigned stored, delays;
    bool throttle, greylist;
};

static struct rig *rig_of(struct smtp_in_session *s) { return CONTAINER_OF(s, struct rig, s); }

static void on_check(struct smtp_in_session *s, struct str mailbox, uint64_t) { rig_of(s)->asked = mailbox; }

static void on_store(struct smtp_in_session *s, struct smtp_in_tx *tx, const char *protocol)
{
    rig_of(s)->given = tx;
    rig_of(s)->protocol = protocol;
}

static bool on_throttled(struct smtp_in_session *s) { return rig_of(s)->throttle; }
static bool on_moved(struct smtp_in_session *, struct str addr) { return str_eq(addr, S("192.0.2.1")); }

static void on_kept_out(struct smtp_in_session *s, const struct box_id *box, const char *reply,
                        enum arrival_cause cause)
{
    CHECK(s->tx != NULL); /* the owner asks it for the sender */
    buf_printf(&rig_of(s)->told, "%c %s%s\n", box->b[0], reply, cause == ARRIVAL_GREYLISTED ? " (greylisted)" : "");
}

static void on_shut_out(struct smtp_in_session *s, const char *reply)
{
    CHECK(s->tx != NULL);
    buf_printf(&rig_of(s)->told, "%.*s %s\n", STR_FMT(s->tx->pending), reply);
}

static int64_t on_greylisted(struct smtp_in_session *s) { return rig_of(s)->greylist ? 1000 : 0; }
static const struct smtp_in_ops ops = { on_check,    on_store,    on_throttled, on_moved,
                                        on_kept_out, on_shut_out, on_greylisted };
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
                                    .ops = &ops };
    *r = (struct rig){ .out = { .max = 1024 * 1024 }, .last = { .max = 1024 * 1024 }, .told = { .max = 4096 } };
    r->s.rules = &rules;
    r->s.out = &r->out;
}

static void rig_fini(struct rig *r)
{
    smtp_in_session_fini(&r->s);
    buf_fini(&r->out);
    buf_fini(&r->last);
    buf_fini(&r->told);
    CHECK_EQ(atomic_load(&budget.used), 0);
}

static void answer_check(struct rig *r)
{
    static const struct {
        struct str name;
        enum err e;
    } names[] = {
        { STR("gone"), ERR_GONE }, { STR("full"), ERR_FULL }, { STR("relay"), ERR_DENIED },
        { STR("busy"), ERR_BUSY }, { STR("odd"), ERR_BAD },   { STR("unknown"), ERR_GONE },
    };
    enum err e = OK;
    for (size_t i = 0; i < COUNT(names); i++)
        if (str_starts(r->asked, names[i].name))
            e = names[i].e;
    bool never = str_starts(r->asked, S("unknown")); /* and not gone: then there is no box to tell */
    struct box_id box = { 0 };
    memcpy(&box, r->asked.p, MIN(r->asked.n, sizeof box));
    r->asked = (struct str){ 0 };
    r->delays += smtp_in_tarpit_ms(&r->s, e) > 0;
    smtp_in_checked(&r->s, e, never ? NULL : &box);
}

static void answer_store(struct rig *r)
{
    struct smtp_in_tx *tx = r->given;
    r->given = NULL;
    buf_clear(&r->last);
    buf_printf(&r->last, "%.*s|%s|%.*s|", STR_FMT(tx->from), r->protocol, STR_FMT(tx->helo));
    for (size_t i = 0; i < tx->rcpts_n; i++) {
        buf_put(&r->last, tx->rcpts[i].address);
        buf_putc(&r->last, '|');
    }
    buf_put(&r->last, buf_str(&tx->in.data));
    r->stored++;
    size_t octets = tx->in.data.n;
    smtp_in_tx_free(tx);
    smtp_in_stored(&r->s, r->store_says, r->why, octets);
}

static void feed(struct rig *r, struct str in)
{
    for (bool on = true; on;) {
        size_t n = smtp_in_input(&r->s, in);
        in = str_from(in, n);
        on = n > 0 || r->s.mode == SMTP_IN_WAIT;
        if (r->asked.p)
            answer_check(r);
        else if (r->given)
            answer_store(r);
        if (r->s.mode == SMTP_IN_CLOSED || in.n == 0)
            on = r->s.mode == SMTP_IN_WAIT;
    }
}

/* The codes of the final lines of replies, with enhanced ones: "220 250 250 2.1.0 …" is long, so only basic codes. */
static struct str codes(struct rig *r, struct buf *b)
{
    struct str rest = buf_str(&r->out);
    buf_clear(b);
    while (rest.n > 0) {
        struct str line = str_line(rest, &rest);
        if (line.n < 4 || line.p[3] == '-')
            continue;
        if (b->n)
            buf_putc(b, ' ');
        buf_put(b, str_sub(line, 0, 3));
    }
    return buf_str(b);
}

#define HI "EHLO c.example\r\n"
#define TX HI "MAIL FROM:<s@c.example>\r\nRCPT TO:<a@mx.example>\r\n"

static const struct {
    const char *what, *in, *codes;
} dialogs[] = {
    { "a message", TX "DATA\r\nA: b\r\n\r\nx\r\n.\r\nQUIT\r\n", "250 250 250 354 250 221" },
    { "HELO is enough", "HELO c\r\nMAIL FROM:<>\r\nRCPT TO:<a@b.example>\r\nDATA\r\n.\r\n", "250 250 250 354 250" },
    { "verbs in any case", "ehlo c\r\nmail from:<>\r\nrcpt to:<a@b.example>\r\ndata\r\n.\r\n", "250 250 250 354 250" },
    { "EHLO first", "MAIL FROM:<>\r\nRCPT TO:<a@b.example>\r\nDATA\r\n", "503 503 503" },
    { "empty names", "HELO\r\nEHLO\r\nHELO a b\r\n", "501 501 501" },
    { "MAIL once", HI "MAIL FROM:<>\r\nMAIL FROM:<>\r\n", "250 250 503" },
    { "RCPT needs MAIL", HI "RCPT TO:<a@b.example>\r\n", "250 503" },
    { "DATA needs RCPT", HI "DATA\r\nMAIL FROM:<>\r\nDATA\r\n", "250 503 250 503" },
    { "DATA needs one that lives", HI "MAIL FROM:<>\r\nRCPT TO:<gone@b.example>\r\nDATA\r\n", "250 250 550 554" },
    { "each recipient its answer",
      HI "MAIL FROM:<>\r\nRCPT TO:<gone@b.example>\r\nRCPT TO:<full@b.example>\r\nRCPT TO:<relay@c.example>\r\n"
         "RCPT TO:<busy@b.example>\r\nRCPT TO:<odd@b.example>\r\nRCPT TO:<a@b.example>\r\nRCPT TO:<Postmaster>\r\n",
      "250 250 550 452 550 451 501 250 250" },
    { "too many recipients",
      HI "MAIL FROM:<>\r\nRCPT TO:<1@b.example>\r\nRCPT TO:<2@b.example>\r\nRCPT TO:<3@b.example>\r\nRCPT "
         "TO:<4@b.example>\r\n",
      "250 250 250 250 250 452" },
    { "size at MAIL",
      HI "MAIL FROM:<> SIZE=100001\r\nMAIL FROM:<> SIZE=99999999999999999999\r\nMAIL FROM:<> SIZE=100000\r\n",
      "250 552 552 250" },
    { "parameters",
      HI "MAIL FROM:<> X=1\r\nMAIL FROM:<> BODY=x\r\nMAIL FROM:<> RET=FULL ENVID=a+2B\r\n"
         "RCPT TO:<a@b.example> NOTIFY=NEVER ORCPT=rfc822;a\r\n",
      "250 555 501 250 250" },
    { "RSET forgets", TX "RSET\r\nDATA\r\nMAIL FROM:<>\r\n", "250 250 250 250 503 250" },
    { "EHLO forgets", TX HI "DATA\r\n", "250 250 250 250 503" },
    { "the small commands", "NOOP\r\nNOOP x\r\nHELP\r\nVRFY a\r\nEXPN a\r\nETRN a\r\nAUTH PLAIN\r\nWHAT\r\nQUIT\r\n",
      "250 250 214 252 502 502 502 500 221" },
    { "arguments are counted", HI "RSET x\r\nQUIT x\r\nVRFY\r\nSTARTTLS x\r\nDATA x\r\n", "250 501 501 501 501 501" },
    { "no control characters", HI "VRFY a\x01\r\nMAIL FROM:<a\x07@b.example>\r\n", "250 501 501" },
    { "HTTP", "POST / HTTP/1.1\r\nNOOP\r\n", "421" },
    { "bare LF in a command", "EHLO c\nMAIL FROM:<>\r\n", "521" },
    { "bare CR in a command", "EHLO c\rMAIL FROM:<>\r\n", "521" },
    { "bare LF in the data", TX "DATA\r\nx\n.\r\nMAIL FROM:<>\r\n.\r\n", "250 250 250 354 521" },
    { "bare LF after the dot", TX "DATA\r\nx\r\n.\nMAIL FROM:<>\r\n.\r\n", "250 250 250 354 521" },
    { "bare CR in the header", TX "DATA\r\nA: b\rc\r\n\r\n.\r\n", "250 250 250 354 521" },
    { "BDAT",
      TX "BDAT 3 LAST\r\nabc"
         "NOOP\r\n",
      "250 250 250 250 250" },
    { "BDAT in pieces", TX "BDAT 3\r\nA:bBDAT 2\r\n\r\nBDAT 0 LAST\r\nNOOP\r\n", "250 250 250 250 250 250 250" },
    { "octets of a refused BDAT are no commands", HI "BDAT 6 LAST\r\nQUIT\r\nNOOP\r\n", "250 503 250" },
    { "nor without a recipient", HI "MAIL FROM:<>\r\nRCPT TO:<gone@x.example>\r\nBDAT 6 LAST\r\nQUIT\r\nNOOP\r\n",
      "250 250 550 554 250" },
    { "BDAT of nobody knows what", TX "BDAT x\r\nNOOP\r\n", "250 250 250 501" },
    { "BDAT far too big", TX "BDAT 99999999\r\n", "250 250 250 552" },
    { "BDAT then DATA", TX "BDAT 1\r\nxDATA\r\n", "250 250 250 250 503" },
    { "BDAT then RCPT", TX "BDAT 1\r\nxRCPT TO:<b@b.example>\r\n", "250 250 250 250 503" },
    { "BDAT is strict about line ends",
      TX "BDAT 4 LAST\r\na\nb\n"
         "NOOP\r\n",
      "250 250 250 550 250" },
    { "a CR at the very end", TX "BDAT 2 LAST\r\na\rNOOP\r\n", "250 250 250 550 250" },
    { "a line end across chunks", TX "BDAT 2\r\na\rBDAT 1 LAST\r\n\n", "250 250 250 250 250" },
    { "BINARYMIME is not", HI "MAIL FROM:<> BODY=BINARYMIME\r\nRCPT TO:<a@b.example>\r\nBDAT 4 LAST\r\na\nb\r",
      "250 250 250 250" },
    { "BINARYMIME has no DATA", HI "MAIL FROM:<> BODY=BINARYMIME\r\nRCPT TO:<a@b.example>\r\nDATA\r\n",
      "250 250 250 503" },
    { "STARTTLS with luggage", HI "STARTTLS\r\nMAIL FROM:<>\r\n", "250 554" },
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

/* Pieces change nothing, but for STARTTLS, which minds what has come already. */
TEST(octet_by_octet)
{
    AUTO_BUF struct buf got = { .max = 1000 };
    for (size_t i = 0; i + 1 < COUNT(dialogs); i++) {
        struct rig r;
        rig_init(&r);
        AUTO_BUF struct buf pending = { .max = 100000 };
        for (struct str in = str_c(dialogs[i].in); in.n > 0 && r.s.mode != SMTP_IN_CLOSED; in = str_from(in, 1)) {
            buf_putc(&pending, in.p[0]);
            size_t before = pending.n;
            size_t n = smtp_in_input(&r.s, buf_str(&pending));
            buf_drop(&pending, n);
            CHECK(pending.n <= before);
            feed(&r, S(""));
        }
        CHECK_STR(dialogs[i].what, codes(&r, &got), dialogs[i].codes);
        rig_fini(&r);
    }
}

TEST(what_is_stored)
{
    struct rig r;
    rig_init(&r);
    feed(&r, S(TX "RCPT TO:<a@mx.example>\r\nRCPT TO:<b@mx.example>\r\nDATA\r\n..a\r\n.b\r\n.\r\n"));
    CHECK_STR("dots undone, one recipient once", buf_str(&r.last),
              "s@c.example|ESMTP|c.example|a@mx.example|b@mx.example|.a\r\nb\r\n");
    feed(&r, S("MAIL FROM:<> SMTPUTF8\r\nRCPT TO:<postmaster>\r\nBDAT 5\r\n.\r\nab"
               "BDAT 1 LAST\r\nc"));
    CHECK_STR("chunks as they are, a last line end", buf_str(&r.last),
              "|UTF8SMTP|c.example|postmaster@mx.example|.\r\nabc\r\n");
    feed(&r, S("MAIL FROM:<> BODY=BINARYMIME\r\nRCPT TO:<a@x.example>\r\nBDAT 3 LAST\r\n\r\n\n"));
    CHECK_STR("binary untouched", buf_str(&r.last), "|ESMTP|c.example|a@x.example|\r\n\n");
    CHECK_EQ(r.stored, 3);
    rig_fini(&r);
}

TEST(the_store_has_the_last_word)
{
    static const struct {
        enum err e;
        const char *why, *want;
    } cases[] = {
        { OK, NULL, "250 2.0.0 message stored\r\n" },
        { ERR_FULL, NULL, "452 4.2.2 mailbox full\r\n" },
        { ERR_FULL, "header too long", "552 5.3.4 header too long\r\n" },
        { ERR_GONE, NULL, "550 5.1.1 no such mailbox here\r\n" },
        { ERR_BAD, "two From fields", "554 5.6.0 two From fields\r\n" },
        { ERR_IO, NULL, "451 4.3.0 trouble here, try again later\r\n" },
        { ERR_BUSY, NULL, "451 4.3.0 trouble here, try again later\r\n" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct rig r;
        rig_init(&r);
        r.store_says = cases[i].e;
        r.why = cases[i].why;
        feed(&r, S(TX "DATA\r\n"));
        buf_clear(&r.out);
        feed(&r, S(".\r\n"));
        CHECK_STR("reply", buf_str(&r.out), cases[i].want);
        rig_fini(&r);
    }
}

TEST(too_big_is_read_to_its_end)
{
    struct rig r;
    rig_init(&r);
    static char line[1001];
    memset(line, 'x', 1000);
    memcpy(line + 998, "\r\n", 2);
    feed(&r, S(TX "DATA\r\n"));
    for (int i = 0; i < 200; i++) {
        feed(&r, str_of(line, 1000));
        CHECK(atomic_load(&budget.used) <= rules.max_bytes + TX_SLACK);
    }
    CHECK_EQ(atomic_load(&budget.used), 0);
    buf_clear(&r.out);
    feed(&r, S(".\r\nNOOP\r\n"));
    CHECK_STR("552 once", buf_str(&r.out), "552 5.3.4 message too big\r\n250 2.0.0 ok\r\n");
    rig_fini(&r);
}

TEST(memory_is_shared)
{
    struct rig r;
    rig_init(&r);
    budget.max = 60000;
    atomic_store(&budget.used, 10000); /* somebody else's */
    feed(&r, S(HI "MAIL FROM:<> SIZE=50000\r\nMAIL FROM:<> SIZE=10000\r\nRCPT TO:<a@x.example>\r\nDATA\r\n"));
    CHECK_EQ(atomic_load(&budget.used), 10000 + 10000 + TX_SLACK);
    static char line[1000];
    memset(line, 'x', sizeof line);
    memcpy(line + 998, "\r\n", 2);
    for (int i = 0; i < 60; i++)
        feed(&r, str_of(line, sizeof line));
    CHECK_EQ(atomic_load(&budget.used), 10000); /* refused growth frees at once */
    buf_clear(&r.out);
    feed(&r, S(".\r\n"));
    CHECK_STR("452", buf_str(&r.out), "452 4.3.1 busy with other messages, try again later\r\n");
    atomic_store(&budget.used, 0);
    rig_fini(&r);
}

TEST(a_long_line_of_text)
{
    struct rig r;
    rig_init(&r);
    static char x[LIMIT_TEXT_LINE];
    memset(x, 'x', sizeof x);
    feed(&r, S(TX "DATA\r\n"));
    feed(&r, str_of(x, sizeof x));
    buf_clear(&r.out);
    feed(&r, S("\r\n.\r\n"));
    CHECK_STR("552", buf_str(&r.out), "552 5.6.0 a line is longer than 64 KiB\r\n");
    rig_fini(&r);
}

TEST(long_commands)
{
    struct rig r;
    rig_init(&r);
    static char x[20000];
    memset(x, 'x', sizeof x);
    feed(&r, S("NOOP "));
    feed(&r, str_of(x, 505));
    feed(&r, S("\r\n"));
    buf_clear(&r.out);
    AUTO_BUF struct buf in = { .max = 100000 };
    buf_puts(&in, "NOOP ");
    buf_put(&in, str_of(x, 505));
    buf_puts(&in, "\r\nNOOP ");
    buf_put(&in, str_of(x, 506));
    buf_puts(&in, "\r\nNOOP ");
    buf_put(&in, str_of(x, sizeof x));
    buf_puts(&in, "\r\nNOOP\r\n");
    feed(&r, buf_str(&in));
    AUTO_BUF struct buf got = { .max = 100 };
    CHECK_STR("512 octets, and past the line", codes(&r, &got), "250 500 500 250");
    buf_clear(&r.out);
    for (int i = 0; i < 60; i++)
        feed(&r, str_of(x, sizeof x));
    CHECK_STR("a line without end", codes(&r, &got), "500 421");
    CHECK(r.s.mode == SMTP_IN_CLOSED && r.s.linger);
    rig_fini(&r);
}

TEST(patience_ends)
{
    AUTO_BUF struct buf got = { .max = 1000 };
    struct rig r;
    rig_init(&r);
    for (int i = 0; i < 30 && r.s.mode != SMTP_IN_CLOSED; i++)
        feed(&r, S("WHAT\r\n"));
    CHECK_STR("errors", codes(&r, &got), "500 500 500 500 500 500 500 500 500 500 421");
    rig_fini(&r);
    rig_init(&r);
    for (int i = 0; i < 30 && r.s.mode != SMTP_IN_CLOSED; i++)
        feed(&r, S("RSET\r\n"));
    CHECK_EQ(r.s.junk, LIMIT_SMTP_JUNK + 1);
    rig_fini(&r);
    rig_init(&r);
    for (int i = 0; i < 100; i++)
        feed(&r, S(TX "DATA\r\n.\r\nRSET\r\n"));
    CHECK_EQ(r.stored, 100); /* RSET between messages is no abuse */
    rig_fini(&r);
    rig_init(&r);
    r.s.stressed = true;
    feed(&r, S("WHAT\r\nWHAT\r\n"));
    CHECK_STR("stress", codes(&r, &got), "500 421");
    rig_fini(&r);
}

TEST(harvesters_pay)
{
    AUTO_BUF struct buf got = { .max = 1000 };
    struct rig r;
    rig_init(&r);
    feed(&r, S(HI "MAIL FROM:<>\r\n"));
    buf_clear(&r.out);
    for (int i = 0; i < 20 && r.s.mode != SMTP_IN_CLOSED; i++)
        feed(&r, S("RCPT TO:<gone@x.example>\r\n"));
    CHECK_STR("ten", codes(&r, &got), "550 550 550 550 550 550 550 550 550 550 421");
    CHECK_EQ(r.delays, LIMIT_SMTP_UNKNOWN - LIMIT_SMTP_UNKNOWN_FAST);
    rig_fini(&r);
    rig_init(&r);
    r.throttle = true;
    feed(&r, S(TX "RCPT TO:<gone@x.example>\r\n"));
    CHECK_STR("no oracle left", codes(&r, &got), "250 250 421");
    rig_fini(&r);
}

TEST(copies_are_bounded)
{
    AUTO_BUF struct buf got = { .max = 1000 };
    struct rig r;
    rig_init(&r);
    rules.max_bytes = 40 * 1024 * 1024;
    budget.max = 100 * 1024 * 1024;
    feed(&r, S(HI "MAIL FROM:<> SIZE=40000000\r\nRCPT TO:<a@x.example>\r\nRCPT TO:<b@x.example>\r\n"));
    CHECK_STR("452", codes(&r, &got), "250 250 250 452");
    rig_fini(&r);
}

TEST(tls_forgets)
{
    AUTO_BUF struct buf got = { .max = 1000 };
    struct rig r;
    rig_init(&r);
    feed(&r, S(TX "STARTTLS\r\n"));
    CHECK(r.s.mode == SMTP_IN_TLS && !r.s.tx && !r.s.helo);
    smtp_in_secured(&r.s);
    buf_clear(&r.out);
    feed(&r, S("MAIL FROM:<>\r\n" HI "STARTTLS\r\n"));
    CHECK_STR("all again, and no TLS in TLS", codes(&r, &got), "503 250 503");
    CHECK(str_find(buf_str(&r.out), S("STARTTLS\r\n")) == STR_NONE);
    feed(&r, S("MAIL FROM:<>\r\nRCPT TO:<a@x.example>\r\nDATA\r\n.\r\n"));
    CHECK_STR("protocol", buf_str(&r.last), "|ESMTPS|c.example|a@x.example|");
    rig_fini(&r);
    rig_init(&r);
    rules.tls = false;
    feed(&r, S(HI "STARTTLS\r\n"));
    CHECK_STR("none configured", codes(&r, &got), "250 502");
    rig_fini(&r);
}

TEST(xclient_is_for_tests)
{
    AUTO_BUF struct buf got = { .max = 1000 };
    struct rig r;
    rig_init(&r);
    feed(&r, S("XCLIENT ADDR=192.0.2.1\r\n"));
    rules.xclient = true;
    feed(&r, S("XCLIENT ADDR=192.0.2.1\r\n"));
    r.s.loopback = true;
    feed(&r, S("XCLIENT ADDR=192.0.2.1\r\nXCLIENT ADDR=192.0.2.2\r\nXCLIENT\r\n"));
    CHECK_STR("only where told", codes(&r, &got), "550 550 220 501 501");
    rig_fini(&r);
}

TEST(drain)
{
    AUTO_BUF struct buf got = { .max = 1000 };
    struct rig r;
    rig_init(&r);
    feed(&r, S(TX "DATA\r\n"));
    r.s.draining = true;
    feed(&r, S("x\r\n.\r\nNOOP\r\n"));
    CHECK_STR("data in progress finishes", codes(&r, &got), "250 250 250 354 250 421");
    CHECK_EQ(r.stored, 1);
    rig_fini(&r);
}

TEST(greeting_has_no_version)
{
    struct rig r;
    rig_init(&r);
    smtp_in_greet(&r.s);
    CHECK_STR("name only", buf_str(&r.out), "220 mx.example ESMTP\r\n");
    rig_fini(&r);
}

TEST(names_of_counters)
{
    for (int i = 0; i < SMTP_IN_COUNTS; i++)
        CHECK(smtp_in_count_name((enum smtp_in_count)i) != NULL);
}

TEST(holders_are_told_what_did_not_reach_them)
{
    static const struct {
        const char *what, *in, *told;
    } cases[] = {
        { "taken", TX "DATA\r\nA: b\r\n\r\n.\r\n", "" },
        { "a full box", HI "MAIL FROM:<s@c.example>\r\nRCPT TO:<full@mx.example>\r\n", "f 452 4.2.2 mailbox full\n" },
        { "one that has had its mails", HI "MAIL FROM:<>\r\nRCPT TO:<gone@mx.example>\r\n",
          "g 550 5.1.1 no such mailbox here\n" },
        { "bare LF, each of them", TX "RCPT TO:<b@mx.example>\r\nDATA\r\nA: b\n\r\n.\r\n",
          "a 521 5.5.2 bare CR or LF: lines end with CRLF\nb 521 5.5.2 bare CR or LF: lines end with CRLF\n" },
        { "a chunk far too big", TX "BDAT 99999999\r\n", "a 552 5.3.4 chunk too big\n" },
        { "a flaw, once", TX "BDAT 3\r\na\nbBDAT 1\r\nxBDAT 0 LAST\r\n", "a 550 5.6.0 bare CR or LF\n" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct rig r;
        rig_init(&r);
        feed(&r, str_c(cases[i].in));
        CHECK_STR(cases[i].what, buf_str(&r.told), cases[i].told);
        rig_fini(&r);
    }
    struct rig r;
    rig_init(&r);
    feed(&r, S(TX));
    smtp_in_stop(&r.s, "421 4.4.2 idle for too long");
    CHECK_STR("between commands nothing was attempted", buf_str(&r.told), "");
    rig_fini(&r);
    rig_init(&r);
    feed(&r, S(TX "DATA\r\nA: b\r\n"));
    smtp_in_stop(&r.s, "421 4.4.2 your message takes too long");
    CHECK_STR("in the middle of a message", buf_str(&r.told), "a 421 4.4.2 your message takes too long\n");
    rig_fini(&r);
}

#define ASKS HI "MAIL FROM:<s@c.example>\r\nRCPT TO:<%s@mx.example>\r\n"
TEST(who_waits_is_told_of_greylisting_and_block_lists)
{
    static const struct {
        const char *what, *to, *codes, *told;
        bool greylist, listed;
    } cases[] = {
        { "greylisted", "a", "250 250 451", "a 451 4.7.1 not seen before, try again in a few minutes (greylisted)\n",
          true, false },
        { "on a list", "a", "250 250 554", "a@mx.example 554 5.7.1 your address is on a block list that is used here\n",
          false, true },
        { "the list comes first", "a", "250 250 554",
          "a@mx.example 554 5.7.1 your address is on a block list that is used here\n", true, true },
        { "full as well: all that counts is the list", "full", "250 250 554",
          "full@mx.example 554 5.7.1 your address is on a block list that is used here\n", false, true },
        { "nobody waits behind a name that is not there", "unknown", "250 250 550", "", true, false },
        { "and who is on a list learns nothing of it", "unknown", "250 250 554",
          "unknown@mx.example 554 5.7.1 your address is on a block list that is used here\n", false, true },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO_BUF struct buf in = { .max = 1024 }, said = { .max = 1024 };
        struct rig r;
        rig_init(&r);
        r.greylist = cases[i].greylist;
        r.s.listed = cases[i].listed;
        buf_printf(&in, ASKS, cases[i].to);
        feed(&r, buf_str(&in));
        CHECK_STR(cases[i].what, codes(&r, &said), cases[i].codes);
        CHECK_STR(cases[i].what, buf_str(&r.told), cases[i].told);
        rig_fini(&r);
    }
}
