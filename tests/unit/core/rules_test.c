/* Each rule of trust/rules.c on a mail that it is meant for and on the closest one that it must let be. */
#include "core/understand.h"
#include "test.h"
#include "trust/rules.h"
#include <string.h>

enum { MAIL_MAX = 64 * 1024 };

static const char *const usual[] = {
    "Received: from mx.shop.example by mx.test with ESMTP; Mon, 23 Nov 2026 10:00:05 +0000",
    "Date: Mon, 23 Nov 2026 10:00:00 +0000",
    "Message-ID: <1a2b@shop.example>",
    "From: Shop <no-reply@shop.example>",
    "To: k7x9@box.example",
    "Subject: Your order",
};
#define HTML "Content-Type: text/html; charset=utf-8\n"
#define BODY "\nThank you for your order, it is on its way and will be with you in a few days.\n"
#define TEXT "Thank you for your order, it is on its way and will be with you in a few days. "

static bool names(const char *extra, const char *field)
{
    size_t n = strcspn(field, ":") + 1;
    for (struct str rest = str_c(extra); rest.n > 0;) {
        struct str line = str_line(rest, &rest);
        if (line.n == 0)
            return false;
        if (str_starts(line, str_of(field, n)) || (line.p[0] == '-' && str_starts(str_from(line, 1), str_of(field, n))))
            return true;
    }
    return false;
}

/* The usual header; a field that the case has itself replaces it, one that it has behind a '-' is left out. */
static void write_mail(struct buf *out, const char *mail)
{
    for (size_t i = 0; i < COUNT(usual); i++)
        if (!names(mail, usual[i]))
            buf_printf(out, "%s\r\n", usual[i]);
    for (struct str rest = str_c(mail); rest.n > 0;) {
        struct str line = str_line(rest, &rest);
        if (line.n == 0 || line.p[0] != '-' || line.n == 1 || line.p[1] == '-') {
            buf_put(out, line);
            buf_puts(out, "\r\n");
        }
    }
}

static void run(const char *mail, struct symbols *found)
{
    AUTO_ARENA struct arena a = { .max = UNDERSTAND_ARENA };
    AUTO_BUF struct buf raw = { .max = MAIL_MAX }, json = { .max = SUMMARY_MAX * 4 };
    struct mime_tree tree;
    struct content c;
    const char *why;
    write_mail(&raw, mail);
    CHECK_OK(understand(&a, buf_str(&raw), &tree, &c, &json, &why));
    rules_run(&c, found);
}

static bool has(const struct symbols *s, const char *name)
{
    for (size_t i = 0; i < s->n; i++)
        if (str_eq(s->v[i].name, str_c(name)))
            return true;
    return false;
}

#define ARCHIVE "Content-Disposition: attachment; filename=\"a.zip\"\nContent-Transfer-Encoding: base64\n\n"
#define CARRIES(part)                                                                                                  \
    "Content-Type: message/rfc822\n\nFrom: x@y\nSubject: in\nContent-Type: multipart/mixed; boundary=c\n\n--c\n" BODY  \
    "--c\nContent-Type: " part "\n" BODY "--c--\n"
#define ENCODED(type) "Content-Type: " type "\nContent-Transfer-Encoding: base64\n\n"
/* Mails of their own: one that says hello, one that is a program, one that has that one in it, encoded again. */
#define EML "RnJvbTogeEB5ClN1YmplY3Q6IGluCgpoZWxsbwo="
#define EML_EXE                                                                                                        \
    "RnJvbTogeEB5ClN1YmplY3Q6IGluCkNvbnRlbnQtVHlwZTogYXBwbGljYXRpb24vb2N0ZXQtc3RyZWFtOyBuYW1lPWEuZXhlCgpNWgo="
#define EML_TWICE                                                                                                      \
    "Q29udGVudC1UeXBlOiBtZXNzYWdlL3JmYzgyMgpDb250ZW50LVRyYW5zZmVyLUVuY29kaW5nOiBiYXNlNjQKClJuSnZiVG9nZUVCNUNsTjFZbXBs" \
    "WTNRNklHbHVDa052Ym5SbGJuUXRWSGx3WlRvZ1lYQndiR2xqWVhScGIyNHZiMk4wWlhRdGMzUnlaV0Z0T3lCdVlXMWxQV0V1WlhobENncE5XZ289" \
    "Cg=="
#define WHOLE                                                                                                          \
    "UEsDBBQAAAAAAAAAIQAAAAAAAAAAAAAAAAAJAAAAcGhvdG8uanBnUEsBAhQDFAAAAAAAAAAhAAAAAAAAAAAAAAAAAAkAAAAAAAAAAAAAAIABAAAA" \
    "AHBob3RvLmpwZ1BLBQYAAAAAAQABADcAAAAnAAAAAAA=" /* with its directory */
static const struct {
    const char *rule, *hit, *miss;
} cases[] = {
    { "DATE_MISSING", "-Date:\n" BODY, BODY },
    { "DATE_BROKEN", "Date: yesterday\n" BODY, BODY },
    { "DATE_AHEAD", "Date: Tue, 24 Nov 2026 10:00:00 +0000\n" BODY, "Date: Mon, 23 Nov 2026 13:00:00 +0000\n" BODY },
    { "DATE_BEHIND", "Date: Mon, 2 Nov 2026 10:00:00 +0000\n" BODY, "Date: Fri, 20 Nov 2026 10:00:00 +0000\n" BODY },
    { "ID_MISSING", "-Message-ID:\n" BODY, BODY },
    { "ID_BROKEN", "Message-ID: <1a2b>\n" BODY, BODY },
    { "RECEIVED_ODD",
      "Received: by mx.test; Mon, 23 Nov 2026 10:00:05 +0000\nReceived: from a by b; Wed, 25 Nov 2026 10:00 "
      "+0000\n" BODY,
      "Received: by mx.test; Mon, 23 Nov 2026 10:00:05 +0000\nReceived: from a by b; Mon, 23 Nov 2026 10:01 "
      "+0000\n" BODY },
    { "TO_MISSING", "-To:\n" BODY, "-To:\nCc: k7x9@box.example\n" BODY },
    { "HEADER_BROKEN", "Subject: caf\xe9\n" BODY, "Subject: caf\xc3\xa9\n" BODY },

    { "SUBJECT_MISSING", "-Subject:\n" BODY, BODY },
    { "SUBJECT_CAPITALS", "Subject: YOU HAVE WON\n" BODY, "Subject: FW: PIN 123456\n" BODY },
    { "SUBJECT_CAPITALS", "Subject: ВЫ ВЫИГРАЛИ ПРИЗ\n" BODY, "Subject: Вы выиграли ПРИЗ\n" BODY },
    { "SUBJECT_SHOUTS", "Subject: Free money!!\n" BODY, "Subject: Welcome!\n" BODY },
    { "SUBJECT_GAP", "Subject: Great offer          xkqzw\n" BODY, "Subject: Great  offer\n" BODY },
    { "SUBJECT_NAMES_BOX", "Subject: K7X9, 80% off today\n" BODY,
      "List-Id: <k7x9.example>\nSubject: [k7x9] hello\n" BODY },

    { "FROM_TWICE", "From: a@shop.example\nFrom: b@shop.example\n" BODY, "From: a@shop.example\n" BODY },
    { "FROM_SEVERAL", "From: a@shop.example, b@bank.example\n" BODY, "From: \"A, B\" <a@shop.example>\n" BODY },
    { "FROM_UNNAMED", "From: Shop\n" BODY, "From: a@shop.example\n" BODY },
    { "FROM_IS_TO", "From: Dora <k7x9@box.example>\n" BODY, "From: Dora <k7x8@box.example>\n" BODY },
    { "REPLY_ELSEWHERE", "Reply-To: a@other.example\n" BODY, "Reply-To: a@desk.shop.example\n" BODY },
    { "REPLY_FREE_MAIL", "Reply-To: Claims <a@gmail.com>\n" BODY, "From: a@gmail.com\nReply-To: b@gmail.com\n" BODY },
    { "NAME_OTHER_ADDRESS", "From: \"help@bank.example\" <x@evil.example>\n" BODY,
      "From: \"a@shop.example\" <a@mail.shop.example>\n" BODY },
    { "NAME_OTHER_ADDRESS",
      "From: \"help\xef\xbc\xa0\xef\xbd\x82"
      "ank.example\" <x@evil.example>\n" BODY,
      "From: \"a\xef\xb9\xabshop\xe2\x80\xa4"
      "example\" <a@mail.shop.example>\n" BODY },
    { "NAME_OTHER_ADDRESS",
      "From: \"help\xef\xb9\xab"
      "bank\xe2\x80\xa4"
      "exa\xe2\x80\x8bmple\" <x@evil.example>\n" BODY,
      "From: \"help \xef\xbc\xa0 home\" <x@evil.example>\n" BODY },
    { "NAME_OTHER_DOMAIN", "From: \"bank.com service\" <x@evil.example>\n" BODY,
      "From: \"Booking.com\" <x@mail.booking.com>\n" BODY },
    { "NAME_OTHER_DOMAIN", "From: \"www.bank.de\" <x@evil.example>\n" BODY,
      "From: \"St.John\" <x@evil.example>\n" BODY },
    { "NAME_BRAND", "From: PayPal Service <x@evil.example>\n" BODY, "From: PayPal <service@mail.paypal.de>\n" BODY },
    { "NAME_BRAND", "From: \"Microsoft account\" <x@evil.example>\n" BODY,
      "From: Microsoftian Gazette <x@other.example>\n" BODY },
    { "FROM_LOOKALIKE", "From: a@paypa1.com\n" BODY, "From: a@paypal.com\n" BODY },
    { "FROM_LOOKALIKE", "From: a@rnicrosoft.com\n" BODY, "From: a@microsoft.com\n" BODY },
    { "FROM_LOOKALIKE", "From: a@paypal-login.net\n" BODY, "From: a@mobile-login.net\n" BODY },
    { "FROM_MIXED", "From: a@xn--80ak6aa92e.com\n" BODY, "From: a@xn--bcher-kva.example\n" BODY },

    { "LINK_TEXT", HTML BODY "<a href=\"https://evil.example/x\">https://www.bank.com/login</a>",
      HTML BODY "<a href=\"https://click.mailer.example/x\">www.shop.example</a>" },
    { "LINK_ADDRESS", "\nSee http://198.51.100.7/pay" BODY, "\nSee http://192.168.0.1/setup" BODY },
    { "LINK_ADDRESS", "\nSee http://3325256711/pay" BODY, "\nSee http://www.3com.example/" BODY },
    { "LINK_USER", "\nSee http://bank.com@evil.example/" BODY, "\nSee http://shop.example/@ann" BODY },
    { "LINK_SHORTENER", "\nSee https://bit.ly/3abc" BODY, "\nSee https://orbit.ly/3abc" BODY },
    { "LINK_CHEAP", "\nSee https://win.pills.top/a" BODY, "\nSee https://www.top.com/a" BODY },
    { "LINK_CHEAP", "\nSee https://win.pills.xyz/a" BODY, "From: a@abc.xyz\n\nSee https://go.abc.xyz/a" BODY },
    { "LINK_PORT", "\nSee http://evil.example:8180/a" BODY, "\nSee https://shop.example:443/a" BODY },
    { "LINK_MIXED", "\nSee https://xn--80ak6aa92e.com/" BODY, "\nSee https://xn--bcher-kva.example/" BODY },
    { "LINK_LOOKALIKE", "\nSee https://www.arnazon.com/" BODY, "\nSee https://www.amazon.com/" BODY },
    { "LINK_BELOW", "\nSee https://www.paypal.com.evil.example/" BODY, "\nSee https://paypal.com/evil.example" BODY },
    { "LINK_RUNS", HTML BODY "<a href=\"javascript:go()\">here</a>",
      HTML BODY "<a href=\"https://a.example/\">here</a>" },
    { "LINKS_MANY",
      "\nhttp://a1.ex http://a2.ex http://a3.ex http://a4.ex http://a5.ex http://a6.ex http://a7.ex http://a8.ex "
      "http://a9.ex http://b1.ex http://b2.ex http://b3.ex\n",
      "\nhttp://a1.ex http://a1.ex/2 http://a1.ex/3 http://a1.ex/4 http://a1.ex/5 http://a1.ex/6 http://a1.ex/7 "
      "http://a1.ex/8 http://a1.ex/9 http://a1.ex/10 http://a1.ex/11 http://a1.ex/12 http://a1.ex/13\n" },

    { "LINKS_ELSEWHERE",
      HTML BODY "<a href=\"https://pills.example/\">a</a><a href=\"https://www.pills.example/\">b</a>",
      HTML BODY "<a href=\"https://pills.example/\">a</a><a href=\"https://www.shop.example/\">b</a>" },

    { "HTML_BARE", HTML BODY, HTML "\n<html><body><p>" TEXT "</p></body></html>" },
    { "VERSION_MISSING", HTML BODY, "MIME-Version: 1.0\n" HTML BODY },
    { "IMAGE_MOSTLY", HTML "\n<a href=\"https://a.example\"><img src=\"cid:1\"></a>The best pills that there ever were",
      HTML BODY TEXT TEXT "<a href=\"https://a.example\"><img src=\"cid:1\"></a>" },
    { "HTML_ONLY", HTML BODY, BODY },
    { "HIDDEN_TEXT", HTML BODY "<div style=\"display:none\">" TEXT TEXT TEXT TEXT TEXT TEXT TEXT "</div>",
      HTML "\n<div style=\"display:none\">" TEXT "</div>" BODY },
    { "IMAGE_ONLY", HTML "\n<a href=\"https://a.example\"><img src=\"cid:1\"></a>",
      HTML BODY "<a href=\"https://a.example\"><img src=\"cid:1\"></a>" },
    { "SHORT_LINK", "\nlook https://a.example/x\n", "\nhttps://a.example/x" BODY },
    { "PAGE_DIFFERS",
      "Content-Type: multipart/alternative; boundary=b\n\n--b\n\n" TEXT TEXT TEXT "\n--b\n" HTML
      "\nBuy cheap pills here, without prescription, straight from overseas pharmacies; discreet "
      "packages, worldwide delivery, lowest prices, satisfaction guaranteed, limited offer, hurry, while stock lasts, "
      "click below, become strong again, thousands happy customers wrote reviews every month.\n--b--\n",
      "Content-Type: multipart/alternative; boundary=b\n\n--b\n\n" TEXT TEXT TEXT "\n--b\n" HTML "\n<p>" TEXT TEXT TEXT
      "\n--b--\n" },
    { "PAGE_FORM", HTML BODY "<form action=\"https://a.example\"><input></form>", HTML BODY "a form to be filled in" },
    { "CHARSET_WRONG", "Content-Type: text/plain; charset=us-ascii\n\n\xc4\xe4\xe0 \xf2\xee" BODY,
      "Content-Type: text/plain; charset=windows-1251\n\n\xc4\xe4\xe0 \xf2\xee" BODY },
    { "BASE64_PLAIN",
      "Content-Type: text/plain; charset=us-ascii\nContent-Transfer-Encoding: base64\n\nQnV5IGNoZWFwIHBpbGxzIGhlcmU=\n",
      "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\nQnV5IGNoZWFwIHBpbGxzIGhlcmU=\n" },
    { "STRUCTURE_BROKEN", "Content-Type: multipart/mixed\n" BODY,
      "Content-Type: multipart/mixed; boundary=b\n\n--b\n" BODY "--b--\n" },

    { "MIXED_WORDS", "Subject: Your P\xd0\xb0yp\xd0\xb0l acc\xd0\xbeunt\n" BODY,
      "Subject: \xd0\x9f\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82 IT-\xd0\xbe\xd1\x82\xd0\xb4\xd0\xb5\xd0\xbb\n" BODY },
    { "SPLIT_WORDS",
      "Content-Type: text/plain; charset=utf-8\n\nv\xe2\x80\x8bi\xe2\x80\x8b"
      "a\xe2\x80\x8bg\xe2\x80\x8br"
      "a" BODY,
      "Content-Type: text/plain; charset=utf-8\n\nhello "
      "\xe2\x80\x8b\xe2\x80\x8b\xe2\x80\x8b\xe2\x80\x8b\xe2\x80\x8b" BODY },
    { "STYLED_WORDS", "Subject: \xf0\x9d\x90\x96\xf0\x9d\x90\xa2\xf0\x9d\x90\xa7\xf0\x9d\x90\xa7 now\n" BODY,
      "Subject: \xef\xbc\xae\xef\xbc\xa8\xef\xbc\xab news\n" BODY },

    { "FILE_DISGUISED", "Content-Disposition: attachment; filename=\"invoice.pdf.exe\"\n" BODY,
      "Content-Disposition: attachment; filename=\"invoice.pdf\"\n" BODY },
    { "FILE_RUNS", "Content-Disposition: attachment; filename=\"setup.vbs\"\n" BODY,
      "Content-Disposition: attachment; filename=\"setup.txt\"\n" BODY },
    { "FILE_PACKED", ARCHIVE "UEsDBBQAAAAAAAAAAAAAAAAAAAAAAAAAAAAJAAAAc2V0dXAuZXhl",
      ARCHIVE "UEsDBBQAAAAAAAAAAAAAAAAAAAAAAAAAAAAJAAAAcGhvdG8uanBn" },
    { "FILE_UNSEEN", ARCHIVE "UEsDBBQAAQAAAAAAAAAAAAAAAAAAAAAAAAAJAAAAcGhvdG8uanBn", ARCHIVE WHOLE },
    { "FILE_UNSEEN", ARCHIVE "UEsDBBQAAAAAAAAAAAAAAAAAAAAAAAAAAAAJAAAAcGhvdG8uanBn", ARCHIVE WHOLE },
    { "FILE_CLOSED", "Content-Disposition: attachment; filename=\"a.7z\"\n" BODY, ARCHIVE WHOLE },
    { "FILE_RUNS", "Content-Disposition: attachment; filename=\"setup.exe\"\n" BODY,
      "Content-Disposition: attachment; filename=\"setup.7z\"\n" BODY },
    { "FILE_RUNS", "Content-Disposition: attachment; filename=\"setup.exe\"\n" BODY,
      ARCHIVE "UEsDBBQAAAAAAAAAAAAAAAAAAAAAAAAAAAAJAAAAc2V0dXAuZXhl" },
    { "FILE_PAGE", "Content-Disposition: attachment; filename=\"a.HTML\"\n\nplain",
      "Content-Disposition: attachment; filename=\"a.vbs\"\n" BODY },
    { "FILE_PACKED", CARRIES("application/octet-stream; name=a.exe"), CARRIES("text/plain; name=a.txt") },
    { "FILE_PACKED", CARRIES("message/rfc822\n\nContent-Type: application/octet-stream; name=a.exe"),
      CARRIES("text/html") },
    { "FILE_CLOSED", CARRIES("application/octet-stream; name=a.rar"), CARRIES("text/html; name=a.html") },
    { "FILE_RUNS", "Content-Type: application/octet-stream; name=a.exe\n" BODY,
      CARRIES("application/octet-stream; name=a.exe") },
    { "FILE_PACKED", ENCODED("message/rfc822") EML_EXE, ENCODED("message/rfc822") EML },
    { "FILE_PACKED", ENCODED("application/octet-stream; name=a.EML") EML_EXE,
      ENCODED("application/octet-stream; name=a.dat") EML },
    { "FILE_CLOSED", ENCODED("message/rfc822") EML_TWICE, ENCODED("message/rfc822") EML },
    { "FILE_RUNS", "Content-Disposition: attachment; filename=\"a.vbs\"\n" BODY,
      "Content-Disposition: attachment; filename=\"a.html\"\n\nplain" },
    { "FILE_PAGE", "Content-Disposition: attachment; filename=\"invoice.html\"\n\n<html><script></script>",
      "Content-Disposition: attachment; filename=\"invoice.csv\"\n" BODY },
};

TEST(each_rule_hits_and_misses)
{
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct symbols hit = { 0 }, miss = { 0 };
        run(cases[i].hit, &hit);
        run(cases[i].miss, &miss);
        if (!has(&hit, cases[i].rule) || has(&miss, cases[i].rule))
            print_error("%s, case %zu\n", cases[i].rule, i);
        CHECK(has(&hit, cases[i].rule));
        CHECK(!has(&miss, cases[i].rule));
    }
}

static void put_parts(struct buf *mail, size_t n)
{
    buf_puts(mail, "Content-Type: multipart/mixed; boundary=b\n\n");
    for (size_t i = 0; i < n; i++)
        buf_puts(mail, "--b\nContent-Disposition: attachment\n\nx\n");
    buf_puts(mail, "--b\nContent-Disposition: attachment; filename=a.exe\n\nx\n--b--\n");
}

/* The summary lists 200 files, and the parser takes 1000 parts apart. */
TEST(a_program_behind_many_files)
{
    static const struct {
        size_t before;
        bool found;
    } rows[] = { { 199, true }, { 200, true }, { 201, true }, { 990, true }, { 1100, false } };
    for (size_t i = 0; i < COUNT(rows); i++) {
        AUTO_BUF struct buf mail = { .max = MAIL_MAX };
        struct symbols s = { 0 };
        put_parts(&mail, rows[i].before);
        buf_putc(&mail, 0);
        run(mail.p, &s);
        CHECK_EQ(has(&s, "FILE_RUNS"), rows[i].found);
        CHECK_EQ(has(&s, "FILE_UNREAD"), !rows[i].found);
    }
}

/* What this service is for must stay clear of all of them. */
TEST(a_sign_up_mail_is_let_be)
{
    static const char *const mails[] = {
        "Subject: Your code is 482913\n\nYour code is 482913. It is valid for ten minutes.\n",
        "Subject: Confirm your address\n\nHello,\n\nplease confirm your "
        "address:\n\nhttps://shop.example/c/8f3a9b2c7d1e\n",
        "MIME-Version: 1.0\nFrom: Shop <bounce@mailer.shop.example>\nReply-To: help@shop.example\nList-Unsubscribe: "
        "<https://shop.example/u>\n"
        "Content-Type: multipart/alternative; boundary=b\n\n--b\n" BODY "--b\n" HTML BODY
        "<a href=\"https://click.mailer.example/abc\">Confirm your address</a><img "
        "src=\"https://shop.example/1.gif\">\n"
        "--b--\n",
        "From: =?utf-8?B?0JzQsNCz0LDQt9C40L0=?= <no-reply@shop.example>\nContent-Type: text/plain; charset=utf-8\n"
        "Content-Transfer-Encoding: base64\n\n0JLQsNGIINC60L7QtDogNDgyOTEz\n",
    };
    for (size_t i = 0; i < COUNT(mails); i++) {
        struct symbols s = { 0 };
        run(mails[i], &s);
        for (size_t k = 0; k < s.n; k++)
            print_error("mail %zu: %.*s\n", i, STR_FMT(s.v[k].name));
        CHECK_EQ(s.n, s.n == 1 && str_eq(s.v[0].name, S("AWAITED"))); /* that speaks for it */
    }
}

/* As scripts and devices send it: what is missing leans towards Junk, but does not decide. */
TEST(a_bare_mail_is_not_junk)
{
    static const char *const mails[] = {
        "-Date:\n-Message-ID:\n-From:\n-To:\n-Subject:\n\nhello\n",
        "-Date:\n-Message-ID:\n-From:\n-To:\nSubject: caf\xe9\n\n\xe9\xe8\n",
        ("-Date:\n-Message-ID:\n-To:\nContent-Type: text/html; charset=x; charset=y\n\n<b>disk is nearly full on host "
         "seven</b>\n"),
    };
    for (size_t i = 0; i < COUNT(mails); i++) {
        struct symbols s = { 0 };
        run(mails[i], &s);
        CHECK(s.n >= 4);
        CHECK(symbols_word(&s) == SYMBOLS_UNSURE);
    }
}

/* Readers that have room for such a boundary see files where there is one text here. */
TEST(a_boundary_too_long_hides_files)
{
    for (int n = LIMIT_MIME_BOUNDARY; n <= LIMIT_MIME_BOUNDARY + 1; n++) {
        AUTO_BUF struct buf mail = { .max = MAIL_MAX };
        struct symbols s = { 0 };
        buf_printf(&mail, "Content-Type: multipart/mixed;\n boundary=%0*d\n\n--%0*d\n\nhello\n--%0*d--\n", n, 1, n, 1,
                   n, 1);
        buf_putc(&mail, 0);
        run(mail.p, &s);
        CHECK_EQ(has(&s, "FILE_UNREAD"), n > LIMIT_MIME_BOUNDARY);
    }
}

/* Closed archives and forwarded mail are sent by everybody: the reader is told, and the mail stays where it is. */
TEST(a_closed_archive_is_not_junk)
{
    static const struct {
        const char *mail;
        size_t told;
    } rows[] = {
        { "Content-Type: application/x-7z-compressed; name=photos.7z\n" BODY, 1 },
        { ENCODED("message/rfc822") EML_TWICE, 1 },
        { ENCODED("message/rfc822") EML, 0 },
        { CARRIES("text/plain; name=notes.txt"), 0 },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct symbols s = { 0 };
        run(rows[i].mail, &s);
        CHECK_EQ(s.n, rows[i].told);
        CHECK(symbols_word(&s) != SYMBOLS_JUNK);
    }
}
