#include "test.h"
#include "wire/smtp.h"

static const char *const fault_names[] = { "fine", "syntax", "path", "param", "value", "utf8" };

static void check_fault(const char *in, enum smtp_fault got, enum smtp_fault want)
{
    if (got != want)
        fail_msg("%s: %s, not %s", in, fault_names[got], fault_names[want]);
}

TEST(mail_from)
{
    static const struct {
        const char *in;
        enum smtp_fault f;
    } cases[] = {
        { "FROM:<a@b.example>", SMTP_FINE },
        { "from: <a@b.example>  SIZE=5 ", SMTP_FINE },
        { "FROM:<>", SMTP_FINE },
        { "FROM:<> SIZE=99999999999999999999", SMTP_FINE },
        { "FROM:<a@b.example> BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=a+2Bb AUTH=<>", SMTP_FINE },
        { "FROM:<a@b.example> body=binarymime", SMTP_FINE },
        { "FROM:<\xc3\xbc@b.example> SMTPUTF8", SMTP_FINE },
        { "FROM:<\xc3\xbc@b.example>", SMTP_UTF8 },
        { "FROM <a@b.example>", SMTP_SYNTAX },
        { "FROM:", SMTP_SYNTAX },
        { "TO:<a@b.example>", SMTP_SYNTAX },
        { "FROM:<a@b.example>SIZE=5", SMTP_SYNTAX },
        { "FROM:<a@b.example", SMTP_PATH },
        { "FROM:<a b@c.example>", SMTP_PATH },
        { "FROM:<postmaster>", SMTP_PATH },
        { "FROM:a@b.example SIZE=1", SMTP_FINE },
        { "FROM: a@b.example", SMTP_FINE },
        { "FROM:a@b.example>", SMTP_PATH },
        { "FROM:postmaster", SMTP_PATH },
        { "FROM:a b@c.example", SMTP_PATH },
        { "FROM:<a@b.example> SIZE=", SMTP_VALUE },
        { "FROM:<a@b.example> SIZE", SMTP_VALUE },
        { "FROM:<a@b.example> SIZE=-1", SMTP_VALUE },
        { "FROM:<a@b.example> SIZE=999999999999999999999", SMTP_VALUE },
        { "FROM:<a@b.example> SIZE=1 SIZE=1", SMTP_VALUE },
        { "FROM:<a@b.example> BODY=9BIT", SMTP_VALUE },
        { "FROM:<a@b.example> SMTPUTF8=YES", SMTP_VALUE },
        { "FROM:<a@b.example> RET=SOME", SMTP_VALUE },
        { "FROM:<a@b.example> ENVID=a+2", SMTP_VALUE },
        { "FROM:<a@b.example> ENVID=a+2b", SMTP_VALUE },
        { "FROM:<a@b.example> ENVID=a=b", SMTP_VALUE },
        { "FROM:<a@b.example> X-OTHER=1", SMTP_PARAM },
        { "FROM:<a@b.example> NOTIFY=NEVER", SMTP_PARAM },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct smtp_mail m;
        check_fault(cases[i].in, smtp_mail_parse(str_c(cases[i].in), &m), cases[i].f);
    }
}

TEST(mail_values)
{
    struct smtp_mail m;
    CHECK_EQ(smtp_mail_parse(S("FROM:<a@b.example> SIZE=0123 BODY=7BIT RET=FULL ENVID=x"), &m), SMTP_FINE);
    CHECK_STR("address", m.from.text, "a@b.example");
    CHECK(m.size == 123 && m.body == SMTP_BODY_7BIT && !m.utf8 && m.ret_full && !m.ret_hdrs);
    CHECK_STR("envid", m.envid, "x");
    CHECK_EQ(smtp_mail_parse(S("FROM:<> SIZE=18446744073709551616"), &m), SMTP_FINE);
    CHECK(m.size == UINT64_MAX && m.from.text.n == 0);
}

TEST(rcpt_to)
{
    static const struct {
        const char *in;
        enum smtp_fault f;
    } cases[] = {
        { "TO:<a@b.example>", SMTP_FINE },
        { "to:<PostMaster>", SMTP_FINE },
        { "TO:<a@b.example> NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;a@b.example", SMTP_FINE },
        { "TO:<a@b.example> NOTIFY=NEVER", SMTP_FINE },
        { "TO:<a@b.example> ORCPT=utf-8;\xc3\xbc@b.example", SMTP_FINE },
        { "TO:<>", SMTP_PATH },
        { "TO:<@>", SMTP_PATH },
        { "TO:<a@b@c.example>", SMTP_PATH },
        { "TO:<a@b.example> NOTIFY=", SMTP_VALUE },
        { "TO:<a@b.example> NOTIFY=NEVER,DELAY", SMTP_VALUE },
        { "TO:<a@b.example> NOTIFY=DELAY,", SMTP_VALUE },
        { "TO:<a@b.example> NOTIFY=OFTEN", SMTP_VALUE },
        { "TO:<a@b.example> ORCPT=a@b.example", SMTP_VALUE },
        { "TO:<a@b.example> ORCPT=rfc822;", SMTP_VALUE },
        { "TO:<a@b.example> ORCPT=rfc822;a+4", SMTP_VALUE },
        { "TO:<a@b.example> ORCPT=rfc822;\xc3\xbc@b.example", SMTP_VALUE },
        { "TO:<a@b.example> SIZE=1", SMTP_PARAM },
        { "TO:<\xc3\xbc@b.example>", SMTP_UTF8 },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct smtp_rcpt r;
        check_fault(cases[i].in, smtp_rcpt_parse(str_c(cases[i].in), false, &r), cases[i].f);
    }
    struct smtp_rcpt r;
    CHECK_EQ(smtp_rcpt_parse(S("TO:<\xc3\xbc@b.example> NOTIFY=delay"), true, &r), SMTP_FINE);
    CHECK_EQ(r.notify, SMTP_NOTIFY_DELAY);
}

TEST(bdat)
{
    static const char *const bad[] = { "",
                                       "LAST",
                                       "-1",
                                       "+1",
                                       "1 FIRST",
                                       "1 LAST LAST",
                                       "0x10",
                                       "1LAST",
                                       "1,000",
                                       "99999999999999999999",
                                       "184467440737095516160" };
    struct smtp_bdat b;
    for (size_t i = 0; i < COUNT(bad); i++)
        check_fault(bad[i], smtp_bdat_parse(str_c(bad[i]), &b), SMTP_SYNTAX);
    CHECK_EQ(smtp_bdat_parse(S("123 last"), &b), SMTP_FINE);
    CHECK(b.n == 123 && b.last);
    CHECK_EQ(smtp_bdat_parse(S("0"), &b), SMTP_FINE);
    CHECK(b.n == 0 && !b.last);
}

TEST(other_protocols)
{
    static const char *const others[] = { "GET / HTTP/1.1", "post /x HTTP/1.0", "CONNECT a:25 HTTP/1.1",
                                          "Host: a",        "\x16\x03\x01",     "SSH-2.0-x" };
    static const char *const ours[] = { "EHLO GET", "GETX", "", "NOOP" };
    for (size_t i = 0; i < COUNT(others); i++)
        CHECK(smtp_is_other_protocol(str_c(others[i])) || i == COUNT(others) - 1);
    for (size_t i = 0; i < COUNT(ours); i++)
        CHECK(!smtp_is_other_protocol(str_c(ours[i])));
}

TEST(helo_names)
{
    CHECK(smtp_helo_valid(S("mail.example")) && smtp_helo_valid(S("[192.0.2.1]")) &&
          smtp_helo_valid(S("m\xc3\xbcller")));
    CHECK(!smtp_helo_valid(S("")) && !smtp_helo_valid(S("a b")) && !smtp_helo_valid(S("a\tb")));
    CHECK(!smtp_helo_valid(S("a\x7f")) && !smtp_helo_valid(S("\xff")) && !smtp_helo_valid(S("a\0b")));
}

TEST(xclient)
{
    struct smtp_xclient x;
    CHECK_EQ(smtp_xclient_parse(S("ADDR=192.0.2.1 PORT=5 HELO=a.example"), &x), SMTP_FINE);
    CHECK_STR("addr", x.addr, "192.0.2.1");
    CHECK_STR("helo", x.helo, "a.example");
    CHECK_EQ(smtp_xclient_parse(S(""), &x), SMTP_SYNTAX);
    CHECK_EQ(smtp_xclient_parse(S("LOGIN=root"), &x), SMTP_PARAM);
}
