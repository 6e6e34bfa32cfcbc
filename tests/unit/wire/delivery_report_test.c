#include "base/buf.h"
#include "test.h"
#include "wire/delivery_report.h"

static const struct {
    const char *what, *body;
    const char *envid, *reporter, *original, *final, *remote, *status, *words;
    unsigned code;
    enum report_action action;
} ones[] = {
    { "Postfix",
      "Reporting-MTA: dns; mx.far.example\r\nX-Postfix-Queue-ID: 4XyZ12abc\r\n"
      "X-Postfix-Sender: rfc822; box@mayfly.example\r\nArrival-Date: Fri, 27 Nov 2026 20:00:01 +0000 (UTC)\r\n\r\n"
      "Final-Recipient: rfc822; nobody@inner.example\r\nOriginal-Recipient: rfc822;nobody@far.example\r\n"
      "Action: failed\r\nStatus: 5.1.1\r\nRemote-MTA: dns; inner.example\r\n"
      "Diagnostic-Code: smtp; 550 5.1.1 <nobody@inner.example>: Recipient address\r\n    rejected: User unknown\r\n",
      "", "mx.far.example", "nobody@far.example", "nobody@inner.example", "inner.example", "5.1.1",
      "<nobody@inner.example>: Recipient address rejected: User unknown", 550, REPORT_FAILED },
    { "Exim",
      "Reporting-MTA: dns; mail.exim.example\n\nAction: failed\nFinal-Recipient: rfc822;u@exim.example\n"
      "Status: 5.0.0\nRemote-MTA: dns; next.example\nDiagnostic-Code: smtp; 550 Unrouteable address\n",
      "", "mail.exim.example", "", "u@exim.example", "next.example", "5.0.0", "Unrouteable address", 550,
      REPORT_FAILED },
    { "OpenSMTPD",
      "Reporting-MTA: dns; obsd.example\r\n\r\nFinal-Recipient: rfc822; u@obsd.example\r\nAction: failed\r\n"
      "Status: 5.1.1\r\n\r\n",
      "", "obsd.example", "", "u@obsd.example", "", "5.1.1", "", 0, REPORT_FAILED },
    { "Exchange",
      "Reporting-MTA: dns;EX01.corp.example\r\nReceived-From-MTA: dns;smtp.example\r\n"
      "Arrival-Date: Fri, 27 Nov 2026 20:00:00 +0000\r\n\r\nOriginal-Recipient: rfc822;u@corp.example\r\n"
      "Final-Recipient: rfc822;u@corp.example\r\nAction: failed\r\nStatus: 5.1.10\r\n"
      "Diagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup\r\n"
      "X-Display-Name: U\r\n",
      "", "EX01.corp.example", "u@corp.example", "u@corp.example", "", "5.1.10",
      "RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup", 550, REPORT_FAILED },
    { "Gmail",
      "Reporting-MTA: dns; googlemail.com\r\nReceived-From-MTA: dns; box@mayfly.example\r\n"
      "Arrival-Date: Fri, 27 Nov 2026 12:00:00 -0800 (PST)\r\nX-Original-Message-ID: <a@mayfly.example>\r\n\r\n"
      "Final-Recipient: rfc822; u@gmail.example\r\nAction: failed\r\nStatus: 5.1.1\r\n"
      "Remote-MTA: dns; gmail-smtp-in.l.google.com. (192.0.2.7, the server for the domain gmail.example.)\r\n"
      "Diagnostic-Code: smtp; 550-5.1.1 The email account that you tried to reach does not exist. Please try\r\n"
      " 550-5.1.1 double-checking the recipient's email address for typos or\r\n"
      " 550-5.1.1 unnecessary spaces. For more information, go to\r\n 550 5.1.1  "
      "https://support.example/?p=NoSuchUser\r\n"
      "Last-Attempt-Date: Fri, 27 Nov 2026 12:00:01 -0800 (PST)\r\n",
      "", "googlemail.com", "", "u@gmail.example", "gmail-smtp-in.l.google.com.", "5.1.1",
      "The email account that you tried to reach does not exist. Please try double-checking the recipient's email "
      "address for typos or unnecessary spaces. For more information, go to https://support.example/?p=NoSuchUser",
      550, REPORT_FAILED },
    { "RFC 3464, appendix E: delayed, with an envelope id",
      "Original-Envelope-Id: 0123456789abcdef\r\nReporting-MTA: dns; sdcc13.ucsd.edu\r\n\r\n"
      "Final-Recipient: rfc822;arathib@vnet.example\r\nOriginal-Recipient: rfc822;arathib@vnet.example\r\n"
      "Action: delayed\r\nStatus: 4.0.0\r\nDiagnostic-Code: smtp; 426 connection timed out\r\n"
      "Will-Retry-Until: Thu, 28 Nov 2026 20:00:00 +0000\r\n",
      "0123456789abcdef", "sdcc13.ucsd.edu", "arathib@vnet.example", "arathib@vnet.example", "", "4.0.0",
      "connection timed out", 426, REPORT_DELAYED },
    { "RFC 3464, appendix E: a gateway's type, a comment in the status",
      "Reporting-MTA: mailbus; SYS30\n\nFinal-Recipient: unknown; nair_s\nStatus: 5.0.0 (unknown permanent failure)\n"
      "Action: Failed (for good)\n",
      "", "SYS30", "", "nair_s", "", "5.0.0", "", 0, REPORT_FAILED },
    { "RFC 6533",
      "Reporting-MTA: dns; xn--e1afmkfd.example\r\n\r\nOriginal-Recipient: utf-8; \\x{43F}\\x{447}@far.example\r\n"
      "Final-Recipient: utf-8; \xd0\xbf\xd1\x87@far.example\r\nAction: relayed\r\nStatus: 2.1.9\r\n",
      "", "xn--e1afmkfd.example", "\xd0\xbf\xd1\x87@far.example", "\xd0\xbf\xd1\x87@far.example", "", "2.1.9", "", 0,
      REPORT_RELAYED },
    { "all in one group, no types, brackets",
      "reporting-mta: mx.example\nfinal-recipient : <u@far.example>\nstatus: 5.7.1\n", "", "mx.example", "",
      "u@far.example", "", "5.7.1", "", 0, REPORT_FAILED },
    { "lines that are no field are passed over",
      "\n\nThis is what went wrong\nReporting-MTA: dns;a\nhere\n\nplain words\n\nFinal-Recipient: rfc822;u@b\n"
      "oops\nAction: expanded\n",
      "", "a", "", "u@b", "", "", "", 0, REPORT_EXPANDED },
    { "a status that is none, an action that nobody knows",
      "Final-Recipient: rfc822;u@b\nAction: exploded\nStatus: 5.1.1.1\n", "", "", "", "u@b", "", "", "", 0,
      REPORT_UNKNOWN },
    { "what deceives the eye is gone",
      "Reporting-MTA: dns; a\x1b[31mb\xe2\x80\xae\n\nFinal-Recipient: rfc822;u\xe2\x80\x8b@b\nAction: failed\n"
      "Diagnostic-Code: smtp; 550 =?utf-8?q?no=0D=0AX:=E2=80=AE_y?= \xc2\xa0 now\n",
      "", "a [31mb", "", "u@b", "", "", "no X: y now", 550, REPORT_FAILED },
};

TEST(what_servers_write)
{
    for (size_t i = 0; i < COUNT(ones); i++) {
        AUTO_ARENA struct arena a = { .max = 1 << 20 };
        struct delivery_report d = { 0 };
        CHECK_EQ(delivery_report_parse(&a, str_c(ones[i].body), &d), OK);
        CHECK_EQ(d.n, 1);
        CHECK_STR(ones[i].what, d.envelope_id, ones[i].envid);
        CHECK_STR(ones[i].what, d.reporting_mta, ones[i].reporter);
        CHECK_STR(ones[i].what, d.v[0].original, ones[i].original);
        CHECK_STR(ones[i].what, d.v[0].final, ones[i].final);
        CHECK_STR(ones[i].what, d.v[0].remote_mta, ones[i].remote);
        CHECK_STR(ones[i].what, str_c(d.v[0].status), ones[i].status);
        CHECK_STR(ones[i].what, d.v[0].words, ones[i].words);
        CHECK_EQ(d.v[0].code, ones[i].code);
        CHECK_EQ(d.v[0].action, ones[i].action);
    }
}

TEST(several_recipients_and_times)
{
    AUTO_ARENA struct arena a = { .max = 1 << 20 };
    struct delivery_report d;
    CHECK_EQ(delivery_report_parse(&a,
                                   S("Reporting-MTA: dns;mx\r\nArrival-Date: Thu, 01 Jan 1970 00:00:01 +0000\r\n\r\n"
                                     "Final-Recipient: rfc822;a@b\r\nAction: failed\r\n\r\n\r\n"
                                     "Final-Recipient: rfc822;c@d\r\nAction: delayed\r\n"
                                     "Will-Retry-Until: Thu, 01 Jan 1970 00:00:02 +0000\r\n"),
                                   &d),
             OK);
    CHECK_EQ(d.n, 2);
    CHECK_EQ(d.more, 0);
    CHECK_EQ(d.arrival_ms, 1000);
    CHECK_STR("first", d.v[0].final, "a@b");
    CHECK_STR("second", d.v[1].final, "c@d");
    CHECK_EQ(d.v[1].action, REPORT_DELAYED);
    CHECK_EQ(d.v[1].retry_until_ms, 2000);
}

TEST(ceilings)
{
    AUTO_ARENA struct arena a = { .max = 8 << 20 };
    AUTO_BUF struct buf b = { .max = 1 << 20 };
    struct delivery_report d;
    buf_puts(&b, "Original-Envelope-Id: ");
    for (size_t i = 0; i < 3000; i++)
        buf_puts(&b, "e");
    for (size_t i = 0; i < LIMIT_REPORT_RCPTS + 7u; i++)
        buf_printf(&b, "\n\nFinal-Recipient: rfc822;%zu@b\nDiagnostic-Code: x; %01000d\n", i, 7);
    CHECK_EQ(delivery_report_parse(&a, buf_str(&b), &d), OK);
    CHECK_EQ(d.n, LIMIT_REPORT_RCPTS);
    CHECK_EQ(d.more, 7);
    CHECK_EQ(d.envelope_id.n, LIMIT_REPORT_ENVID);
    CHECK_EQ(d.v[0].words.n, LIMIT_REPORT_WORDS);
    CHECK_EQ(delivery_report_parse(&a, S("Reporting-MTA: dns;mx\n\nAction: failed\n"), &d), ERR_BAD);
    CHECK_EQ(delivery_report_parse(&a, S(""), &d), ERR_BAD);
    AUTO_ARENA struct arena small = { .max = 64 };
    CHECK_EQ(delivery_report_parse(&small, S("Final-Recipient: rfc822;u@b\n"), &d), ERR_FULL);
}

/* Each line is no field, and behind each might be a header: looked at once. */
TEST(junk_is_given_up)
{
    AUTO_ARENA struct arena a = { .max = 8 << 20 };
    AUTO_BUF struct buf b = { .max = 1 << 20 };
    struct delivery_report d;
    for (size_t i = 0; i < 40000; i++)
        buf_puts(&b, "junk\n");
    buf_puts(&b, "Final-Recipient: rfc822;u@b\n");
    CHECK_EQ(delivery_report_parse(&a, buf_str(&b), &d), ERR_BAD);
}
