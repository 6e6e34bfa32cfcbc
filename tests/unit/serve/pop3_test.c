/* Dialogs with the session alone: the test is its owner, logs in whoever says "good", and has three messages. */
#include "serve/pop3.h"
#include "test.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct rig {
    struct pop3 s;
    struct buf out;
    char user[64], secret[64];
    bool asked, fetching, committing;
    enum err login_says, fetch_says, commit_says;
    const char *mail;
    size_t piece; /* octets of a message at once */
    unsigned commits;
};

static struct rig *rig_of(struct pop3 *s) { return CONTAINER_OF(s, struct rig, s); }

static void on_login(struct pop3 *s, struct str user, struct str secret)
{
    struct rig *r = rig_of(s);
    snprintf(r->user, sizeof r->user, "%.*s", STR_FMT(user));
    snprintf(r->secret, sizeof r->secret, "%.*s", STR_FMT(secret));
    r->asked = true;
}
static void on_fetch(struct pop3 *s, const struct msg_id *id)
{
    CHECK(id->b[0] > 0);
    rig_of(s)->fetching = true;
}
static void on_write(struct pop3 *s, struct str bytes) { buf_put(s->out, bytes); }
static void on_commit(struct pop3 *s) { rig_of(s)->committing = true; }
static uint32_t on_days(const struct pop3 *) { return 3; }
static const struct pop3_ops ops = { on_login, on_fetch, on_write, on_commit, on_days };
static const struct pop3_rules rules = { .tls = true, .ops = &ops };

static void rig_init(struct rig *r)
{
    *r = (struct rig){ .out = { .max = 4 << 20 }, .mail = "A: b\r\n\r\n.one\r\ntwo\r\n", .piece = 1000 };
    r->s.rules = &rules;
    r->s.out = &r->out;
    r->s.may_login = true;
}

static void rig_fini(struct rig *r)
{
    pop3_fini(&r->s);
    buf_fini(&r->out);
}

static struct pop3_msg *mailbox(size_t n)
{
    struct pop3_msg *m = calloc(n, sizeof *m);
    for (size_t i = 0; i < n; i++) {
        m[i].size = 100 * (i + 1);
        m[i].id.b[0] = (uint8_t)(i % 255 + 1);
    }
    return m;
}

static void answer_login(struct rig *r)
{
    r->asked = false;
    if (r->login_says != OK)
        pop3_refused(&r->s, r->login_says);
    else if (strcmp(r->secret, "good") == 0)
        pop3_opened(&r->s, mailbox(3), 3);
    else
        pop3_refused(&r->s, ERR_DENIED);
}

static void answer_fetch(struct rig *r)
{
    struct str rest = str_c(r->mail);
    r->fetching = false;
    if (r->fetch_says != OK) {
        CHECK(pop3_lost(&r->s, r->fetch_says));
        return;
    }
    bool more = true;
    while (more) {
        struct str piece = str_sub(rest, 0, r->piece);
        rest = str_from(rest, piece.n);
        more = pop3_piece(&r->s, piece, rest.n == 0);
    }
}

static void answer(struct rig *r)
{
    if (r->asked)
        answer_login(r);
    else if (r->fetching)
        answer_fetch(r);
    else if (r->committing) {
        r->committing = false;
        r->commits++;
        pop3_committed(&r->s, r->commit_says);
    } else if (r->s.state == POP3_LISTING)
        pop3_list_on(&r->s);
    else if (r->s.state == POP3_TLS)
        pop3_secured(&r->s);
}

static bool owed(const struct rig *r) { return r->s.state != POP3_CLOSED && !pop3_reads(&r->s); }

static void feed(struct rig *r, struct str in)
{
    for (bool on = true; on;) {
        size_t n = pop3_input(&r->s, in);
        in = str_from(in, n);
        on = n > 0 || owed(r);
        if (owed(r))
            answer(r);
    }
}

/* Each line of in gets its CRLF. */
static struct str dialog(struct rig *r, const char *in)
{
    AUTO_BUF struct buf lines = { .max = 64 * 1024 };
    for (struct str rest = str_c(in); rest.n > 0;) {
        buf_put(&lines, str_cut(rest, '\n', &rest));
        buf_puts(&lines, "\r\n");
    }
    buf_clear(&r->out);
    feed(r, buf_str(&lines));
    return buf_str(&r->out);
}

#define IN_BOX "USER a@b\nPASS good\n"
#define OK_USER "+OK and the token or password?\r\n"
#define OK_IN OK_USER "+OK 3 messages\r\n"
#define WRONG "-ERR [AUTH] wrong user or secret\r\n"

TEST(dialogs)
{
    static const struct {
        const char *what, *in, *want;
    } cases[] = {
        { "login and out", IN_BOX "QUIT", OK_IN "+OK bye\r\n" },
        { "verbs in any case", "user a@b\nPaSs good\nstat", OK_IN "+OK 3 600\r\n" },
        { "a wrong secret", "USER a@b\nPASS bad", OK_USER WRONG },
        { "a secret with blanks", "USER a@b\nPASS so so ", OK_USER WRONG },
        { "USER comes first", "PASS good", "-ERR USER first\r\n" },
        { "and again after a failure", "USER a@b\nPASS bad\nPASS good", OK_USER WRONG "-ERR USER first\r\n" },
        { "no mail before login", "STAT\nRETR 1\nNOOP",
          "-ERR log in first\r\n-ERR log in first\r\n-ERR log in first\r\n" },
        { "no login after it", IN_BOX "USER b@b\nSTLS", OK_IN "-ERR you are logged in\r\n-ERR you are logged in\r\n" },
        { "list", IN_BOX "LIST\nLIST 2", OK_IN "+OK\r\n1 100\r\n2 200\r\n3 300\r\n.\r\n+OK 2 200\r\n" },
        { "ids", IN_BOX "UIDL 1\nUIDL",
          OK_IN "+OK 1 01000000000000000000000000000000\r\n+OK\r\n1 01000000000000000000000000000000\r\n"
                "2 02000000000000000000000000000000\r\n3 03000000000000000000000000000000\r\n.\r\n" },
        { "a deleted message is gone", IN_BOX "DELE 2\nDELE 2\nLIST\nLIST 2\nRETR 2\nSTAT",
          OK_IN "+OK\r\n-ERR no such message\r\n+OK\r\n1 100\r\n3 300\r\n.\r\n-ERR no such message\r\n-ERR no such "
                "message\r\n"
                "+OK 2 400\r\n" },
        { "rset brings it back", IN_BOX "DELE 2\nRSET\nDELE 2\nRSET", OK_IN "+OK\r\n+OK\r\n+OK\r\n+OK\r\n" },
        { "numbers", IN_BOX "RETR 0\nRETR 4\nRETR 18446744073709551617\nRETR -1\nRETR x\nRETR 1 2",
          OK_IN "-ERR no such message\r\n-ERR no such message\r\n-ERR no such message\r\n-ERR no such message\r\n"
                "-ERR no such message\r\n-ERR no such message\r\n" },
        { "retr", IN_BOX "RETR 1\nNOOP", OK_IN "+OK 100 octets\r\nA: b\r\n\r\n..one\r\ntwo\r\n.\r\n+OK\r\n" },
        { "top", IN_BOX "TOP 1 1\nTOP 1 0", OK_IN "+OK\r\nA: b\r\n\r\n..one\r\n.\r\n+OK\r\nA: b\r\n\r\n.\r\n" },
        { "top without lines", IN_BOX "TOP 1", OK_IN "-ERR a message and how many lines of it\r\n" },
        { "arguments are counted", IN_BOX "RSET 1\nRETR\nSTAT ",
          OK_IN "-ERR takes no argument\r\n-ERR needs an argument\r\n+OK 3 600\r\n" },
        { "unknown", "APOP a b\n\nXXXX", "-ERR unknown command\r\n-ERR unknown command\r\n-ERR unknown command\r\n" },
        { "utf8", "UTF8\n" IN_BOX "UTF8", "+OK\r\n" OK_IN "-ERR you are logged in\r\n" },
        { "plain at once", "AUTH PLAIN AGFAYgBnb29k\nSTAT", "+OK 3 messages\r\n+OK 3 600\r\n" },
        { "plain asked for", "AUTH plain\nAGFAYgBnb29k", "+ \r\n+OK 3 messages\r\n" },
        { "plain cancelled", "AUTH PLAIN\n*\nNOOP", "+ \r\n-ERR cancelled\r\n-ERR log in first\r\n" },
        { "plain of no form", "AUTH PLAIN AGFAYg==", "-ERR not of that mechanism's form\r\n" },
        { "plain, no base64", "AUTH PLAIN ?", "-ERR not of that mechanism's form\r\n" },
        { "login in two steps",
          "AUTH LOGIN\nYUBi\nZ29vZA==", "+ VXNlcm5hbWU6\r\n+ UGFzc3dvcmQ6\r\n+OK 3 messages\r\n" },
        { "bearer", "AUTH OAUTHBEARER bixhPWFAYiwBYXV0aD1CZWFyZXIgZ29vZAEB", "+OK 3 messages\r\n" },
        { "a wrong bearer is told why (RFC 7628)", "AUTH OAUTHBEARER bixhPWFAYiwBYXV0aD1CZWFyZXIgYmFkAQE=\nAQ==\nSTAT",
          "+ eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIn0=\r\n" WRONG "-ERR log in first\r\n" },
        { "no such mechanism", "AUTH CRAM-MD5", "-ERR no such mechanism\r\n" },
        { "stls", "USER a@b\nSTLS", OK_USER "+OK go ahead\r\n" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct rig r;
        rig_init(&r);
        CHECK_STR(cases[i].what, dialog(&r, cases[i].in), cases[i].want);
        rig_fini(&r);
    }
}

TEST(capabilities_say_what_can_be_done_now)
{
    struct rig r;
    rig_init(&r);
    CHECK_STR(
        "with a right to log in", dialog(&r, "CAPA"),
        "+OK\r\nTOP\r\nUIDL\r\nPIPELINING\r\nRESP-CODES\r\nAUTH-RESP-CODE\r\nUTF8 USER\r\nEXPIRE 0 USER\r\nSTLS\r\n"
        "USER\r\nSASL PLAIN LOGIN OAUTHBEARER\r\nIMPLEMENTATION mayfly\r\n.\r\n");
    r.s.may_login = false;
    CHECK(str_find(dialog(&r, "CAPA"), S("SASL")) == STR_NONE);
    CHECK(str_find(dialog(&r, "CAPA"), S("\r\nUSER")) == STR_NONE);
    CHECK_STR("refused", dialog(&r, "USER a@b\nAUTH PLAIN AGFAYgBnb29k"),
              "-ERR [AUTH] STLS first\r\n-ERR [AUTH] STLS first\r\n");
    CHECK(!r.asked);
    CHECK_STR("tls", dialog(&r, "STLS"), "+OK go ahead\r\n");
    r.s.may_login = true;
    CHECK(str_find(dialog(&r, "CAPA"), S("STLS")) == STR_NONE);
    CHECK_STR("twice", dialog(&r, "STLS"), "-ERR TLS stands already\r\n");
    (void)dialog(&r, IN_BOX);
    CHECK(str_find(dialog(&r, "CAPA"), S("EXPIRE 3\r\n")) != STR_NONE);
    rig_fini(&r);
}

TEST(nothing_said_in_the_clear_counts_under_tls)
{
    struct rig r;
    rig_init(&r);
    feed(&r, S("STLS\r\nUSER a@b\r\n"));
    CHECK_STR("in one breath", buf_str(&r.out), "-ERR nothing may follow STLS\r\n");
    CHECK_EQ(r.s.state, POP3_CLOSED);
    rig_fini(&r);
    rig_init(&r);
    (void)dialog(&r, "USER a@b\nSTLS");
    CHECK_STR("forgotten", dialog(&r, "PASS good"), "-ERR USER first\r\n");
    rig_fini(&r);
}

TEST(logins_are_refused_by_reason)
{
    static const struct {
        enum err e;
        const char *want;
    } cases[] = {
        { ERR_FULL, "-ERR [IN-USE] another session has this mailbox\r\n" },
        { ERR_BUSY, "-ERR [SYS/TEMP] cannot log in now, try again later\r\n" },
        { ERR_IO, "-ERR [SYS/TEMP] cannot log in now, try again later\r\n" },
        { ERR_DENIED, WRONG },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct rig r;
        rig_init(&r);
        r.login_says = cases[i].e;
        CHECK_STR("reason", str_from(dialog(&r, IN_BOX), strlen(OK_USER)), cases[i].want);
        rig_fini(&r);
    }
}

TEST(marks_reach_the_store_at_quit_alone)
{
    struct rig r;
    rig_init(&r);
    (void)dialog(&r, IN_BOX "DELE 1");
    CHECK_EQ(r.commits, 0);
    CHECK_STR("quit", dialog(&r, "QUIT"), "+OK bye\r\n");
    CHECK_EQ(r.commits, 1);
    rig_fini(&r);
    rig_init(&r);
    r.commit_says = ERR_IO;
    (void)dialog(&r, IN_BOX "DELE 1");
    CHECK_STR("not all", dialog(&r, "QUIT"), "-ERR [SYS/TEMP] some deleted messages not removed\r\n");
    rig_fini(&r);
    rig_init(&r);
    (void)dialog(&r, IN_BOX "DELE 1");
    pop3_stop(&r.s, "-ERR idle for too long");
    CHECK_EQ(r.commits, 0);
    CHECK_EQ(r.s.state, POP3_CLOSED);
    rig_fini(&r);
}

TEST(messages_that_cannot_be_had)
{
    struct rig r;
    rig_init(&r);
    r.fetch_says = ERR_GONE;
    (void)dialog(&r, IN_BOX);
    CHECK_STR("gone", dialog(&r, "RETR 1"), "-ERR it was deleted meanwhile\r\n");
    r.fetch_says = ERR_IO;
    CHECK_STR("io", dialog(&r, "RETR 1"), "-ERR [SYS/TEMP] cannot be read now\r\n");
    (void)pop3_input(&r.s, S("RETR 1\r\n"));
    CHECK(pop3_piece(&r.s, S("A: b\r\n"), false));
    CHECK(!pop3_lost(&r.s, ERR_IO)); /* half of it went out: only cutting says so */
    rig_fini(&r);
}

TEST(lines_have_their_limits)
{
    struct rig r;
    AUTO_BUF struct buf line = { .max = 64 * 1024 };
    rig_init(&r);
    buf_puts(&line, "USER ");
    while (line.n < LIMIT_POP3_LINE - 2)
        buf_putc(&line, 'a');
    buf_puts(&line, "\r\n");
    feed(&r, buf_str(&line));
    CHECK_STR("255 fit", buf_str(&r.out), OK_USER);
    buf_clear(&r.out);
    line.n -= 2;
    buf_puts(&line, "a\r\n");
    feed(&r, buf_str(&line));
    CHECK_STR("256 do not", buf_str(&r.out), "-ERR line too long\r\n");
    buf_clear(&line);
    buf_puts(&line, "AUTH PLAIN ");
    while (line.n < LIMIT_SASL_LINE - 2)
        buf_putc(&line, 'A');
    buf_puts(&line, "\r\n");
    buf_clear(&r.out);
    feed(&r, buf_str(&line));
    CHECK_STR("a response may be long", buf_str(&r.out), "-ERR not of that mechanism's form\r\n");
    line.n -= 2;
    buf_clear(&r.out);
    buf_puts(&line, "AA");
    feed(&r, buf_str(&line));
    CHECK_STR("but not for ever", buf_str(&r.out), "-ERR line too long\r\n");
    CHECK_EQ(r.s.state, POP3_CLOSED);
    rig_fini(&r);
    rig_init(&r);
    feed(&r, S("NOOP\n"));
    CHECK_STR("bare LF", buf_str(&r.out), "-ERR bare CR or LF: lines end with CRLF\r\n");
    rig_fini(&r);
}

TEST(errors_are_counted)
{
    struct rig r;
    rig_init(&r);
    for (int i = 0; i < LIMIT_POP3_ERRORS - 1; i++)
        CHECK_STR("one more", dialog(&r, "XXXX"), "-ERR unknown command\r\n");
    CHECK_STR("the last", dialog(&r, "XXXX\nUSER a@b"), "-ERR too many errors\r\n");
    CHECK_EQ(r.s.state, POP3_CLOSED);
    rig_fini(&r);
}

TEST(errors_count_in_a_row)
{
    struct rig r;
    rig_init(&r);
    dialog(&r, "USER a@b\nPASS good");
    for (int i = 0; i < LIMIT_POP3_ERRORS + 5; i++) {
        CHECK_STR("one more", dialog(&r, "XXXX"), "-ERR unknown command\r\n");
        CHECK_STR("a good one", dialog(&r, "NOOP"), "+OK\r\n");
    }
    rig_fini(&r);
}

TEST(a_large_mailbox_is_listed_in_parts)
{
    struct rig r;
    rig_init(&r);
    (void)pop3_input(&r.s, S("USER a\r\nPASS good\r\n"));
    pop3_opened(&r.s, mailbox(2500), 2500);
    (void)pop3_input(&r.s, S("DELE 2500\r\n"));
    buf_clear(&r.out);
    size_t parts = 1;
    (void)pop3_input(&r.s, S("LIST\r\n"));
    for (; r.s.state == POP3_LISTING; parts++)
        pop3_list_on(&r.s);
    CHECK_EQ(parts, 3);
    CHECK(str_ends(buf_str(&r.out), S("\r\n2499 249900\r\n.\r\n")));
    CHECK(str_starts(buf_str(&r.out), S("+OK\r\n1 100\r\n")));
    rig_fini(&r);
}

TEST(pieces_of_any_size_give_the_same_text)
{
    for (size_t n = 1; n < 20; n++) {
        struct rig r;
        rig_init(&r);
        r.piece = n;
        CHECK_STR("retr", str_from(dialog(&r, IN_BOX "RETR 1"), strlen(OK_IN)),
                  "+OK 100 octets\r\nA: b\r\n\r\n..one\r\ntwo\r\n.\r\n");
        rig_fini(&r);
    }
}
