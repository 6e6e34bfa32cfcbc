#include "test.h"
#include "wire/header.h"
#include "wire/imap_envelope.h"

#define FROM "((NIL NIL \"a\" \"b\")) "

static const struct {
    const char *what, *head, *want;
} cases[] = {
    { "RFC 9051 section 8",
      "Date: Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\r\n"
      "From: Terry Gray <gray@cac.washington.edu>\r\n"
      "Subject: IMAP4rev1 WG mtg summary and minutes\r\n"
      "To: imap@cac.washington.edu\r\n"
      "cc: minutes@CNRI.Reston.VA.US,\r\n   John Klensin <KLENSIN@MIT.EDU>\r\n"
      "Message-Id: <B27397-0100000@cac.washington.edu>\r\n"
      "MIME-Version: 1.0\r\nContent-Type: TEXT/PLAIN; CHARSET=US-ASCII\r\n\r\n",
      "(\"Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\" \"IMAP4rev1 WG mtg summary and minutes\" "
      "((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\")) ((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\")) "
      "((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\")) ((NIL NIL \"imap\" \"cac.washington.edu\")) "
      "((NIL NIL \"minutes\" \"CNRI.Reston.VA.US\")(\"John Klensin\" NIL \"KLENSIN\" \"MIT.EDU\")) NIL NIL "
      "\"<B27397-0100000@cac.washington.edu>\")" },
    { "nothing", "", "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)" },
    { "empty fields are there", "Date:\r\nSubject: \r\nTo:\r\nMessage-ID:\r\n",
      "(\"\" \"\" NIL NIL NIL NIL NIL NIL NIL \"\")" },
    { "an empty Sender is From", "From: a@b\r\nSender:\r\nReply-To: c@d\r\n",
      "(NIL NIL " FROM FROM "((NIL NIL \"c\" \"d\")) NIL NIL NIL NIL NIL)" },
    { "the last text counts, addresses add up", "Subject: x\r\nSubject: y\r\nTo: a@b\r\nTo: c@d\r\n",
      "(NIL \"y\" NIL NIL NIL ((NIL NIL \"a\" \"b\")(NIL NIL \"c\" \"d\")) NIL NIL NIL NIL)" },
    { "encoded words stay", "Subject: =?utf-8?q?=C3=A4?=\r\nTo: =?utf-8?q?=C3=A4?= <a@b>\r\n",
      "(NIL \"=?utf-8?q?=C3=A4?=\" NIL NIL NIL ((\"=?utf-8?q?=C3=A4?=\" NIL \"a\" \"b\")) NIL NIL NIL NIL)" },
    { "8-bit is a literal", "Subject: \xc3\xa4\r\nTo: \xe4 <a@b>\r\n",
      "(NIL {2}\r\n\xc3\xa4 NIL NIL NIL (({1}\r\n\xe4 NIL \"a\" \"b\")) NIL NIL NIL NIL)" },
    { "quotes and backslashes", "Subject: a \"b\" \\c\r\nTo: \"a \\\"b\\\" \\\\c\" <a@b>\r\n",
      "(NIL \"a \\\"b\\\" \\\\c\" NIL NIL NIL ((\"a \\\"b\\\" \\\\c\" NIL \"a\" \"b\")) NIL NIL NIL NIL)" },
    { "no line end comes through", "Subject: a\r\n b\r\n\tc\rd\r\nIn-Reply-To: <a>\r\n <b>\r\nMessage-ID: <x\ry>\r\n",
      "(NIL \"a b c d\" NIL NIL NIL NIL NIL NIL \"<a> <b>\" \"<x y>\")" },
    { "groups", "To: G: a@b, \"x y\" <c@d>;, e@f\r\nCc: undisclosed:;\r\nBcc: open: a@b",
      "(NIL NIL NIL NIL NIL ((NIL NIL \"G\" NIL)(NIL NIL \"a\" \"b\")(\"x y\" NIL \"c\" \"d\")(NIL NIL NIL NIL)"
      "(NIL NIL \"e\" \"f\")) ((NIL NIL \"undisclosed\" NIL)(NIL NIL NIL NIL)) "
      "((NIL NIL \"open\" NIL)(NIL NIL \"a\" \"b\")(NIL NIL NIL NIL)) NIL NIL)" },
    { "what is missing", "To: foo, <>, bad@, @dom, Some Body, \"x@y\"\r\n",
      "(NIL NIL NIL NIL NIL ((NIL NIL \"foo\" \"MISSING_DOMAIN\")(NIL NIL \"MISSING_MAILBOX\" \"MISSING_DOMAIN\")"
      "(NIL NIL \"bad\" \"MISSING_DOMAIN\")(NIL NIL \"MISSING_MAILBOX\" \"dom\")"
      "(\"Some Body\" NIL \"MISSING_MAILBOX\" \"MISSING_DOMAIN\")"
      "(\"x@y\" NIL \"MISSING_MAILBOX\" \"MISSING_DOMAIN\")) NIL NIL NIL NIL)" },
    { "routes, comments, literals", "To: N <@a,@b.c:d@e>, a@b (Plain Name), c@[1.2.3.4]\r\n",
      "(NIL NIL NIL NIL NIL ((\"N\" \"@a,@b.c\" \"d\" \"e\")(\"Plain Name\" NIL \"a\" \"b\")"
      "(NIL NIL \"c\" \"[1.2.3.4]\")) NIL NIL NIL NIL)" },
};

TEST(imap_envelopes)
{
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO_ARENA struct arena a = { .max = 1 << 20 };
        AUTO_BUF struct buf out = { .max = 10000 };
        CHECK_OK(imap_envelope_put(&out, str_c(cases[i].head), &a));
        CHECK_STR(cases[i].what, buf_str(&out), cases[i].want);
    }
}

TEST(imap_envelope_limits)
{
    AUTO_ARENA struct arena a = { .max = 32 << 20 };
    AUTO_BUF struct buf head = { .max = LIMIT_HEADER_BYTES }, out = { .max = 1 << 20 }, small = { .max = 1000 };
    buf_puts(&head, "To: g:");
    while (head.n < LIMIT_HEADER_BYTES - 10)
        buf_puts(&head, "a@b,");
    CHECK_OK(imap_envelope_put(&out, buf_str(&head), &a));
    CHECK(str_ends(buf_str(&out), S("(NIL NIL \"a\" \"b\")(NIL NIL NIL NIL)) NIL NIL NIL NIL)")));
    CHECK_EQ(imap_envelope_put(&small, buf_str(&head), &a), ERR_FULL);
}
