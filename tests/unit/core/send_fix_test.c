/* What a box's holder may say in a header, and what of it leaves. */
#include "core/send_fix.h"
#include "test.h"

enum { ARENA_N = 4 << 20 };
#define OWN "From: Me <a@box.example>\r\n"

static enum send_refusal check(const char *msg, struct send_head *h)
{
    AUTO_ARENA struct arena a = { .max = ARENA_N };
    return send_head_check(str_c(msg), S("a@box.example"), &a, h);
}

TEST(a_name_with_nul)
{
    static const char msg[] = OWN "X\0Y: x\r\nBcc: x@far.example\r\n\r\nhi\r\n";
    AUTO_ARENA struct arena a = { .max = ARENA_N };
    struct send_head h;
    CHECK_EQ(send_head_check(str_of(msg, sizeof msg - 1), S("a@box.example"), &a, &h), SEND_BAD_HEADER);
}

TEST(a_header_of_too_many_fields)
{
    AUTO_ARENA struct arena a = { .max = ARENA_N };
    AUTO_BUF struct buf msg = { .max = 64 * 1024 };
    struct send_head h;
    buf_puts(&msg, OWN);
    for (size_t i = 0; i < LIMIT_HEADER_FIELDS; i++)
        buf_puts(&msg, "X: y\r\n");
    buf_puts(&msg, "\r\n");
    CHECK_EQ(send_head_check(buf_str(&msg), S("a@box.example"), &a, &h), SEND_LONG_HEADER);
}

TEST(whose_word_it_is)
{
    static const struct {
        const char *what, *msg;
        enum send_refusal r;
    } cases[] = {
        { "its own", OWN "\r\nhi\r\n", SEND_OK },
        { "in another case, with a tag", "FROM: A+x@BOX.Example\r\n\r\n", SEND_OK },
        { "in quotes", "From: \"you@far.example\" <a@box.example>\r\n\r\n", SEND_OK },
        { "no body at all", OWN, SEND_OK },
        { "another's", "From: b@box.example\r\n\r\n", SEND_NOT_YOUR_ADDRESS },
        { "another's with its own in front", "From: a@box.example <b@box.example>\r\n\r\n", SEND_NOT_YOUR_ADDRESS },
        { "the same in another domain", "From: a@box.example.evil.example\r\n\r\n", SEND_NOT_YOUR_ADDRESS },
        { "two fields", OWN OWN "\r\n", SEND_TWO_FROM },
        { "two in one", "From: a@box.example, b@far.example\r\n\r\n", SEND_TWO_FROM },
        { "a group", "From: us: a@box.example;\r\n\r\n", SEND_TWO_FROM },
        { "an empty group", "From: us:;\r\n\r\n", SEND_TWO_FROM },
        { "nothing in it", "From:\r\n\r\n", SEND_BAD_FROM },
        { "no address", "From: a@box.example x\r\n\r\n", SEND_BAD_FROM },
        { "half an address", "From: <a@\r\n\r\n", SEND_BAD_FROM },
        { "none", "To: b@far.example\r\n\r\n", SEND_NO_FROM },
        { "in the body", "To: b@far.example\r\n\r\n" OWN, SEND_NO_FROM },
        { "another's Sender", OWN "Sender: b@far.example\r\n\r\n", SEND_NOT_YOUR_ADDRESS },
        { "its own Sender", OWN "Sender: a@box.example\r\n\r\n", SEND_OK },
        { "two Senders", OWN "Sender: a@box.example\r\nSender: a@box.example\r\n\r\n", SEND_TWICE },
        { "resent by another", OWN "Resent-From: b@far.example\r\n\r\n", SEND_NOT_YOUR_ADDRESS },
        { "two Subjects", OWN "Subject: x\r\nSubject: y\r\n\r\n", SEND_TWICE },
        { "two To", OWN "To: x@a.example\r\nTo: y@a.example\r\n\r\n", SEND_TWICE },
        { "a bare LF", OWN "Subject: x\nTo: y@a.example\r\n\r\n", SEND_BARE_ENDS },
        { "a bare CR", OWN "\r\nx\ry\r\n", SEND_BARE_ENDS },
        { "a dot between bare ends", OWN "\r\nx\n.\r\ny\r\n", SEND_BARE_ENDS },
        { "no field", "hello\r\n" OWN "\r\n", SEND_BAD_HEADER },
        { "a line that is no field", OWN "junk\r\nBcc: x@far.example\r\n\r\nhi\r\n", SEND_BAD_HEADER },
        { "the same without an end", OWN "junk\r\nBcc: x@far.example\r\n", SEND_BAD_HEADER },
        { "two words for a name", OWN "X Y: x\r\nBcc: x@far.example\r\n\r\nhi\r\n", SEND_BAD_HEADER },
        { "a name that is not ASCII", OWN "B\xc3\xa9: x\r\nBcc: x@far.example\r\n\r\nhi\r\n", SEND_BAD_HEADER },
        { "text without an empty line", OWN "hi\r\n", SEND_BAD_HEADER },
        { "a boundary", OWN "--b\r\nBcc: x@far.example\r\n\r\nhi\r\n", SEND_BAD_HEADER },
        { "a fold first", " x\r\n" OWN "\r\n", SEND_BAD_HEADER },
        { "mbox", "From a Sun\r\n" OWN "\r\n", SEND_BAD_HEADER },
        { "octets that are no UTF-8", OWN "Subject: \xe4\r\n\r\n", SEND_NOT_UTF8 },
        { "UTF-8", OWN "Subject: \xc3\xa4\r\n\r\n", SEND_OK },
        { "nothing", "", SEND_BAD_HEADER },
        { "an escape", OWN "Subject: \x1b[2J\r\n\r\n", SEND_CONTROLS },
        { "a control of Latin-1",
          OWN "Subject: \xc2\x9b"
              "2J\r\n\r\n",
          SEND_CONTROLS },
        { "a delete", OWN "To: \x7f\r\n\r\n", SEND_CONTROLS },
        { "what does not leave", OWN "X-Any: \x7f\r\n\r\n", SEND_OK },
        { "a tab, and a blank of Latin-1", OWN "Subject: a\tb\xc2\xa0\r\n\r\n", SEND_OK },
        { "an escape in the text", OWN "\r\n\x1b\r\n", SEND_OK },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct send_head h;
        test_check_eq(check(cases[i].msg, &h), cases[i].r, cases[i].what, __FILE__, __LINE__);
    }
}

/* A message whose line in the header or the body has n octets. */
static enum send_refusal with_line(const char *before, size_t n, const char *behind)
{
    AUTO_ARENA struct arena a = { .max = ARENA_N };
    AUTO_BUF struct buf msg = { .max = 8192 };
    struct send_head h;
    buf_puts(&msg, before);
    size_t at = str_rchr(buf_str(&msg), '\n') + 1;
    while (msg.n - at < n)
        buf_putc(&msg, 'x');
    buf_puts(&msg, behind);
    return send_head_check(buf_str(&msg), S("a@box.example"), &a, &h);
}

TEST(lines_of_998_octets)
{
    CHECK_EQ(with_line(OWN "Subject: ", 998, "\r\n\r\n"), SEND_OK);
    CHECK_EQ(with_line(OWN "Subject: ", 999, "\r\n\r\n"), SEND_LONG_LINE);
    CHECK_EQ(with_line(OWN "\r\n", 998, "\r\nx\r\n"), SEND_OK);
    CHECK_EQ(with_line(OWN "\r\n", 999, "\r\nx\r\n"), SEND_LONG_LINE);
    CHECK_EQ(with_line(OWN "\r\n", 998, ""), SEND_OK);
    CHECK_EQ(with_line(OWN "\r\n", 999, ""), SEND_LONG_LINE);
}

TEST(a_text_with_nul)
{
    static const char msg[] = OWN "\r\nx\0y\r\n";
    AUTO_ARENA struct arena a = { .max = ARENA_N };
    struct send_head h;
    CHECK_EQ(send_head_check(str_of(msg, sizeof msg - 1), S("a@box.example"), &a, &h), SEND_CONTROLS);
}

static const struct send_fix fix = { .own = STR("a@box.example"),
                                     .hostname = STR("mx.box.example"),
                                     .message_id = STR("<new@box.example>"),
                                     .id = STR("0a1b"),
                                     .protocol = "ESMTPSA",
                                     .now_ms = 0 };
#define TRACE "Received: by mx.box.example with ESMTPSA id 0a1b; Thu, 1 Jan 1970 00:00:00 +0000\r\n"
#define DATED "Date: Thu, 1 Jan 1970 00:00:00 +0000\r\n"
#define NAMED "Message-ID: <new@box.example>\r\n"

#define WANTED                                                                                                         \
    "Reply-To: x@far.example\r\nReferences: <1@a.example>\r\n <2@a.example>\r\nMIME-Version: 1.0\r\n"                  \
    "Content-Type: text/plain; charset=utf-8\r\nList-Unsubscribe: <mailto:u@a.example>\r\nX-Priority: 1\r\n"           \
    "Disposition-Notification-To: a@box.example\r\nAutocrypt: addr=a@box.example; keydata=AA==\r\n\r\n"

TEST(what_leaves)
{
    static const struct {
        const char *what, *msg, *leaves, *copy;
    } cases[] = {
        { "what is missing is added", OWN "\r\nhi\r\n", TRACE DATED NAMED OWN "\r\n", DATED NAMED OWN "\r\n" },
        { "what is there stays, but for the zone",
          OWN "Date: Fri, 02 Jan 1970 00:00:00 +0100 (CET)\r\nMessage-ID: <x@Box.example>\r\n\r\n",
          TRACE OWN "Date: Thu, 1 Jan 1970 23:00:00 +0000\r\nMessage-ID: <x@Box.example>\r\n\r\n",
          OWN "Date: Thu, 1 Jan 1970 23:00:00 +0000\r\nMessage-ID: <x@Box.example>\r\n\r\n" },
        { "an id of another place, in a thread",
          OWN DATED "Message-ID: <x@laptop.example>\r\nIn-Reply-To: <y@far.example>\r\n\r\n",
          TRACE NAMED OWN DATED "In-Reply-To: <y@far.example>\r\n\r\n",
          NAMED OWN DATED "In-Reply-To: <y@far.example>\r\n\r\n" },
        { "an id with an address of a network", OWN DATED "Message-ID: <x@[192.0.2.7]>\r\n\r\n",
          TRACE NAMED OWN DATED "\r\n", NAMED OWN DATED "\r\n" },
        { "the same without brackets", OWN DATED "Message-ID: <x@192.0.2.7>\r\n\r\n", TRACE NAMED OWN DATED "\r\n",
          NAMED OWN DATED "\r\n" },
        { "an id with a machine's name", OWN DATED "Message-ID: <x@laptop>\r\n\r\n", TRACE NAMED OWN DATED "\r\n",
          NAMED OWN DATED "\r\n" },
        { "an id with a name at home", OWN DATED "Message-ID: <x@laptop.local>\r\n\r\n", TRACE NAMED OWN DATED "\r\n",
          NAMED OWN DATED "\r\n" },
        { "a date that is none", OWN "Date: now\r\n" NAMED "\r\n", TRACE DATED OWN NAMED "\r\n",
          DATED OWN NAMED "\r\n" },
        { "others' copies", OWN DATED NAMED "bcc: x@far.example,\r\n\ty@far.example\r\nTo: z@far.example\r\n\r\n",
          TRACE OWN DATED NAMED "To: z@far.example\r\n\r\n",
          OWN DATED NAMED "bcc: x@far.example,\r\n\ty@far.example\r\nTo: z@far.example\r\n\r\n" },
        { "machines and programs",
          "Received: from laptop ([192.0.2.7]) by x\r\n" OWN DATED NAMED
          "User-Agent: Mutt/2\r\nX-Mailer: x\r\nX-Originating-IP: [192.0.2.7]\r\nReturn-Path: <b@x.example>\r\n"
          "Authentication-Results: mx.far.example; dkim=pass\r\nDKIM-Signature: v=1\r\nsubject: x\r\n\r\n",
          TRACE "X-Mayfly-Hops: 1\r\n" OWN DATED NAMED "subject: x\r\n\r\n", OWN DATED NAMED "subject: x\r\n\r\n" },
        { "what no table of traces is ever complete about",
          OWN DATED NAMED
          "X-Received: by 10.0.0.1\r\nX-Forwarded-For: 10.1.2.3\r\nX-Real-IP: 10.1.2.3\r\n"
          "X-Authenticated-User: joe\r\nX-Enigmail-Version: 1\r\nX-Apple-Base-Url: x\r\nErrors-To: v@b.example\r\n"
          "Resent-Reply-To: v@b.example\r\nOriginal-From: c@b.example\r\nDisposition-Notification-To: v@b.example\r\n"
          "Content-Location: file:///home/joe/x\r\n>From: c@b.example\r\n\">From: c@b.example\r\n\r\n",
          TRACE OWN DATED NAMED "\r\n", OWN DATED NAMED "\r\n" },
        { "what the writer means", OWN DATED NAMED WANTED, TRACE OWN DATED NAMED WANTED, OWN DATED NAMED WANTED },
        { "sent on",
          OWN DATED NAMED "Resent-From: a@box.example\r\nResent-Date: Fri, 02 Jan 1970 00:00:00 +0100\r\n"
                          "Resent-Message-ID: <x@laptop>\r\nResent-Bcc: b@b.example\r\n\r\n",
          TRACE OWN DATED NAMED "Resent-From: a@box.example\r\nResent-Date: Thu, 1 Jan 1970 23:00:00 +0000\r\n\r\n",
          OWN DATED NAMED "Resent-From: a@box.example\r\nResent-Date: Thu, 1 Jan 1970 23:00:00 +0000\r\n"
                          "Resent-Bcc: b@b.example\r\n\r\n" },
        { "folds of nothing, blanks before the colon", OWN DATED NAMED "Subject \t: x\r\n \r\n y\r\n\t\r\n\r\n",
          TRACE OWN DATED NAMED "Subject: x\r\n y\r\n\r\n", OWN DATED NAMED "Subject: x\r\n y\r\n\r\n" },
        { "no end of the header", OWN DATED NAMED, TRACE OWN DATED NAMED "\r\n", OWN DATED NAMED "\r\n" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO_BUF struct buf out = { .max = 65536 };
        struct send_head h;
        test_check_eq(check(cases[i].msg, &h), SEND_OK, cases[i].what, __FILE__, __LINE__);
        send_fix_leaving(&out, str_c(cases[i].msg), &h, &fix);
        CHECK_STR(cases[i].what, buf_str(&out), cases[i].leaves);
        buf_clear(&out);
        send_fix_copy(&out, str_c(cases[i].msg), &h, &fix);
        CHECK_STR(cases[i].what, buf_str(&out), cases[i].copy);
    }
}

/* Whatever a reader makes of obsolete syntax, of names and of encoded words: there is one address in what leaves. */
TEST(from_is_written_anew)
{
    static const struct {
        const char *from, *leaves;
    } cases[] = {
        { "a@box.example", "a@box.example" },
        { "<A+x@BOX.Example>", "A+x@box.example" },
        { "Me <a@box.example>", "Me <a@box.example>" },
        { "\"Me, myself\" <a@box.example>", "\"Me, myself\" <a@box.example>" },
        { "Me. <a@box.example>", "\"Me.\" <a@box.example>" },
        { "J\xc3\xb6rg <a@box.example>", "=?utf-8?B?SsO2cmc=?= <a@box.example>" },
        { "=?iso-8859-1?q?J=F6rg?= <a@box.example>", "=?utf-8?B?SsO2cmc=?= <a@box.example>" },
        { "\"a@box.example\" <a@box.example>", "\"a@box.example\" <a@box.example>" },
        { "\"M   y\x1e\x1eself \" <a@box.example>", "M y self <a@box.example>" },
        { "ceo@bank.example <a@box.example>", "a@box.example" },
        { "\"ceo@bank.example\" <a@box.example>", "a@box.example" },
        { "\"<ceo@bank.example>\" <a@box.example>", "a@box.example" },
        { "=?utf-8?q?ceo=40bank.example?= <a@box.example>", "a@box.example" },
        { "=?utf-8?q?x=0d=0aFrom=3a_a=40b?= <a@box.example>", "a@box.example" },
        { "\"=?utf-8?q?ceo=40bank.example?=\" <a@box.example>", "a@box.example" },
        { "=?utf-8?q?=3D=3Futf-8=3Fq=3Fceo=3D40b=3F=3D?= <a@box.example>", "a@box.example" },
        { "ceo\xef\xbc\xa0"
          "bank.example <a@box.example>",
          "a@box.example" },
        { "x\xe2\x80\x8by <a@box.example>", "a@box.example" },
        { "x\xe2\x80\xaey <a@box.example>", "xy <a@box.example>" },
        { "<@bank.example:a@box.example>", "a@box.example" },
        { "<@x.example,@y.example:a@box.example>", "a@box.example" },
        { "a(ceo@bank.example)@box.example", "a@box.example" },
        { "(ceo@bank.example) a@box.example", "a@box.example" },
        { "a@box.example (Me)", "Me <a@box.example>" },
        { ", a@box.example", "a@box.example" },
        { "a@box.example,", "a@box.example" },
        { "<a\r\n @box.example>", "a@box.example" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO_ARENA struct arena a = { .max = ARENA_N };
        AUTO_BUF struct buf out = { .max = 65536 };
        struct str msg = arena_printf(&a, "From : %s\r\nSender:%s\r\n\r\n", cases[i].from, cases[i].from);
        struct str want =
            arena_printf(&a, TRACE DATED NAMED "From: %s\r\nSender: %s\r\n\r\n", cases[i].leaves, cases[i].leaves);
        struct send_head h;
        test_check_eq(send_head_check(msg, S("a@box.example"), &a, &h), SEND_OK, cases[i].from, __FILE__, __LINE__);
        send_fix_leaving(&out, msg, &h, &fix);
        CHECK_STR(cases[i].from, buf_str(&out), want.p);
    }
}
