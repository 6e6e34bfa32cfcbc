#include "test.h"
#include "wire/encword.h"
#include "wire/header.h"
#include <stdio.h>
#include <string.h>

TEST(header_fields_have_exact_offsets)
{
    struct str block = S("From: a@b\r\nSubject : one\r\n two\r\nX:\r\n\r\nbody: no\r\n");
    struct header_iter it = header_walk(block);
    struct header_field f;
    CHECK(header_next(&it, &f));
    CHECK_STR("name", f.name, "From");
    CHECK_STR("raw", f.raw, " a@b");
    CHECK_STR("line", f.line, "From: a@b\r\n");
    CHECK(header_next(&it, &f));
    CHECK_STR("blanks before the colon", f.name, "Subject");
    CHECK_STR("folds stay", f.raw, " one\r\n two");
    CHECK_EQ(f.begin, 11);
    CHECK_EQ(f.end, 32);
    CHECK(header_next(&it, &f));
    CHECK(f.raw.p != NULL && f.raw.n == 0);
    CHECK(!header_next(&it, &f));
    CHECK_EQ(it.at, 36);
}

TEST(header_ends_where_it_should)
{
    static const struct {
        const char *what, *in;
        size_t body, fields;
        bool no_blank, junk;
    } cases[] = {
        { "empty line", "A: 1\r\n\r\nx", 8, 1, false, false },
        { "bare LF", "A: 1\nB: 2\n\nx", 11, 2, false, false },
        { "header only", "A: 1\r\nB: 2\r\n", 12, 2, false, false },
        { "no line end at all", "A: 1", 4, 1, false, false },
        { "no header", "\r\nbody", 2, 0, false, false },
        { "text at once", "hello\r\nworld", 0, 0, true, false },
        { "a line that is no field", "A: 1\r\nhello\r\nB: 2\r\n\r\n", 6, 1, true, false },
        { "one such line, fields, MIME's too", "A: 1\r\nhello\r\n there\r\nB: 2\r\nMIME-Version: 1.0\r\n\r\nx", 48, 3,
          false, true },
        { "it comes first", "mail text:\r\nContent-type:\r\n x\r\n\r\nb", 33, 1, false, true },
        { "a quoted header is text", "A: 1\r\n-- was --\r\nFrom: x\r\nSubject: y\r\n\r\nx", 6, 1, true, false },
        { "two such lines are text", "A: 1\r\none\r\ntwo\r\nContent-Type: a/b\r\n\r\nx", 6, 1, true, false },
        { "two apart, too", "A: 1\r\none\r\nMIME-Version: 1\r\ntwo\r\nB: 2\r\n\r\nx", 6, 1, true, false },
        { "a boundary", "A: 1\r\n--b\r\nContent-Type: a/b\r\n\r\nx", 6, 1, true, false },
        { "no empty line behind it", "A: 1\r\none\r\nMIME-Version: 1\r\n", 6, 1, true, false },
        { "mbox line", "From x@y Sat\nA: 1\n\nx", 19, 1, false, true },
        { "mbox line is none with a colon", "From : x@y\n\nx", 12, 1, false, false },
        { "fold first", " x\r\nA: 1\r\n\r\n", 12, 1, false, true },
        { "no name", "A: 1\r\n: x\r\n y\r\nB: 2\r\n\r\nx", 23, 2, false, true },
        { "blank fold belongs to the field", "A: 1\r\n \r\nB: 2\r\n\r\nx", 17, 2, false, false },
        { "CR CR LF", "A: 1\r\r\nB: 2\r\r\n\r\r\nx", 17, 2, false, false },
        { "empty", "", 0, 0, false, false },
        { "8-bit name", "A: 1\r\n\xc3\x9c: 2\r\n\r\n", 6, 1, true, false },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct header_bounds b;
        CHECK_OK(header_bounds(str_c(cases[i].in), &b));
        bool same = b.body == cases[i].body && b.fields == cases[i].fields && b.no_blank == cases[i].no_blank &&
                    b.junk == cases[i].junk;
        if (!same)
            print_error("%s: body %zu fields %zu no_blank %d junk %d\n", cases[i].what, b.body, b.fields, b.no_blank,
                        b.junk);
        CHECK(same);
    }
}

static struct buf many_fields(size_t n)
{
    struct buf b = { .max = 1 << 24 };
    for (size_t i = 0; i < n; i++)
        buf_puts(&b, "A: 1\r\n");
    buf_puts(&b, "\r\nbody");
    return b;
}

TEST(header_has_ceilings)
{
    struct header_bounds out = { .fields = 77 };
    AUTO_BUF struct buf fits = many_fields(LIMIT_HEADER_FIELDS), more = many_fields(LIMIT_HEADER_FIELDS + 1);
    CHECK_OK(header_bounds(buf_str(&fits), &out));
    CHECK_EQ(out.fields, LIMIT_HEADER_FIELDS);
    CHECK_EQ(header_bounds(buf_str(&more), &out), ERR_FULL);
    AUTO_BUF struct buf big = { .max = 1 << 20 };
    buf_puts(&big, "A: ");
    while (big.n < LIMIT_HEADER_BYTES - 4)
        buf_putc(&big, 'x');
    buf_puts(&big, "\r\n\r\n");
    CHECK_EQ(big.n, LIMIT_HEADER_BYTES);
    CHECK_OK(header_bounds(buf_str(&big), &out));
    buf_puts(&big, "body: \r\n\r\n");
    CHECK_OK(header_bounds(buf_str(&big), &out));
    CHECK_EQ(out.body, LIMIT_HEADER_BYTES);
    big.p[5] = 'y';
    memmove(big.p + 6, big.p + 5, big.n - 6);
    CHECK_EQ(header_bounds(buf_str(&big), &out), ERR_FULL);
    CHECK_EQ(out.body, LIMIT_HEADER_BYTES);
}

TEST(header_find_and_count)
{
    struct str block = S("Subject: put on top\r\nsubject: a\r\nTo: x\r\n\r\nSubject: b\r\n");
    CHECK_STR("the last", header_find(block, S("SUBJECT")), " a");
    CHECK_EQ(header_count(block, S("Subject")), 2);
    CHECK(header_find(block, S("Cc")).p == NULL);
    static const struct str names[] = { STR("Cc"), STR("subject") };
    struct str raw[COUNT(names)];
    header_find_each(block, names, raw, COUNT(names));
    CHECK(raw[0].p == NULL);
    CHECK_STR("the last of each", raw[1], " a");
    CHECK(header_find(S("Cc:\r\n"), S("Cc")).p != NULL);
}

TEST(header_text_is_one_line_of_utf8)
{
    static const struct {
        const char *what, *in, *want;
    } cases[] = {
        { "plain", " hello ", "hello" },
        { "folded", " a\r\n b\n\tc", "a b c" },
        { "Q", "=?iso-8859-1?Q?Keld_J=F8rn_Simonsen?=", "Keld J\xc3\xb8rn Simonsen" },
        { "B", "=?UTF-8?B?w6TDtsO8?=", "\xc3\xa4\xc3\xb6\xc3\xbc" },
        { "language", "=?us-ascii*en?q?hi?=", "hi" },
        { "blanks between words go", "=?utf-8?q?a?=\r\n =?utf-8?q?b?= c", "ab c" },
        { "blanks around text stay", "x =?utf-8?q?a?= y", "x a y" },
        { "a character split between words", "=?utf-8?B?w6TD?= =?utf-8?B?tg==?=", "\xc3\xa4\xc3\xb6" },
        { "Q and B of one charset", "=?utf-8?Q?=C3?= =?UTF-8?B?pA==?=", "\xc3\xa4" },
        { "no blank before", "x=?utf-8?q?a?=y", "xay" },
        { "letters the other way round", "\xe2\x80\xaemoc.lapyap@troppus\xe2\x80\xac \xe2\x81\xa7x\xe2\x81\xa9",
          "moc.lapyap@troppus x" },
        { "the same in an encoded word", "=?utf-8?B?4oCubW9jLmtuYWI=?=", "moc.knab" },
        { "marks and joiners stay", "\xe2\x80\x8f\xd7\x90\xe2\x80\x8e \xe2\x80\x8d",
          "\xe2\x80\x8f\xd7\x90\xe2\x80\x8e \xe2\x80\x8d" },
        { "blanks within Q", "=?utf-8?Q?a b?=", "a b" },
        { "question mark within", "=?utf-8?Q?what?\?=", "what?" },
        { "no charset", "=?\?Q?=E4?=", "\xc3\xa4" },
        { "no end", "=?utf-8?Q?abc", "=?utf-8?Q?abc" },
        { "a charset too long", "=?xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx?q?a?=",
          "=?xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx?q?a?=" },
        { "unknown encoding", "=?utf-8?X?abc?=", "=?utf-8?X?abc?=" },
        { "unknown charset, Latin bytes", "=?nix?Q?=E4?=", "\xc3\xa4" },
        { "shift-jis", "=?shift_jis?B?k/qWew==?=", "\xe6\x97\xa5\xe6\x9c\xac" },
        { "iso-2022-jp", "=?ISO-2022-JP?B?GyRCRnxLXBsoQg==?=", "\xe6\x97\xa5\xe6\x9c\xac" },
        { "raw UTF-8", "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f" },
        { "raw Latin", "gr\xfc\xdf", "gr\xc3\xbc\xc3\x9f" },
        { "no line can be smuggled", "=?utf-8?Q?a=0D=0ABcc:_x=00?=", "a  Bcc: x" },
        { "bare CR", "a\rb", "a b" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO_ARENA struct arena a = { .max = 1 << 20 };
        CHECK_STR(cases[i].what, header_text(&a, str_c(cases[i].in)), cases[i].want);
    }
}

TEST(encword_plain_text_stays)
{
    AUTO_BUF struct buf out = { .max = 256 };
    encword_encode(&out, S("a b ~!"), 0);
    CHECK_STR("not encoded", buf_str(&out), "a b ~!");
}

TEST(encword_beginnings_only_are_linear)
{
    AUTO_BUF struct buf in = { .max = 1 << 20 }, out = { .max = 1 << 24 };
    while (in.n < 1000000)
        buf_puts(&in, "=?a?q?x");
    encword_decode(&out, buf_str(&in));
    CHECK(str_eq(buf_str(&in), buf_str(&out)));
}

TEST(encword_round_trip)
{
    static const char *const texts[] = {
        "plain text ~", "~", "gr\xc3\xbc\xc3\x9f dich", "=?utf-8?q?x?=",
        ("\xe6\x97\xa5\xe6\x9c\xac\xe6\x97\xa5\xe6\x9c\xac\xe6\x97\xa5\xe6\x9c\xac\xe6\x97\xa5"
         "\xe6\x9c\xac\xe6\x97\xa5\xe6\x9c\xac\xe6\x97\xa5\xe6\x9c\xac\xe6\x97\xa5\xe6\x9c\xac")
    };
    for (size_t i = 0; i < COUNT(texts); i++) {
        AUTO_BUF struct buf words = { .max = 4096 };
        AUTO_ARENA struct arena a = { .max = 1 << 20 };
        encword_encode(&words, str_c(texts[i]), i * 21);
        for (struct str rest = buf_str(&words); rest.n > 0;)
            CHECK(str_line(rest, &rest).n <= 76);
        CHECK_STR(texts[i], header_text(&a, buf_str(&words)), texts[i]);
    }
}

TEST(header_message_ids)
{
    struct str rest = S(" <a@b>\r\n <c@d> junk <e");
    CHECK_STR("first", header_msgid(rest, &rest), "a@b");
    CHECK_STR("second", header_msgid(rest, &rest), "c@d");
    CHECK(header_msgid(rest, &rest).p == NULL);
}
