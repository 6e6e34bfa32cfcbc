#include "test.h"
#include "wire/mime.h"
#include <stdio.h>
#include <time.h>

static const char nested[] = "From: a@b\r\n"
                             "Subject: outer\r\n"
                             "Content-Type: multipart/mixed; boundary=A\r\n"
                             "\r\n"
                             "preamble\r\n"
                             "--A\r\n"
                             "Content-Type: multipart/alternative; boundary=\"A=\"\r\n"
                             "\r\n"
                             "--A=\r\n"
                             "\r\n"
                             "plain\r\n"
                             "--A=\r\n"
                             "Content-Type: text/html; charset=utf-8\r\n"
                             "Content-Transfer-Encoding: quoted-printable\r\n"
                             "\r\n"
                             "<p>=C3=A4</p>\r\n"
                             "--A=--\r\n"
                             "--A\r\n"
                             "Content-Type: message/rfc822\r\n"
                             "\r\n"
                             "Subject: in / ner\r\n"
                             "Content-Type: image/png; name=\"../x.png\"\r\n"
                             "Content-Transfer-Encoding: base64\r\n"
                             "Content-ID: <i@d>\r\n"
                             "\r\n"
                             "aGVsbG8=\r\n"
                             "--A--  \r\n"
                             "epilogue\r\n";

static void show(struct buf *out, const struct mime_tree *t)
{
    for (uint32_t i = 0; i < t->n; i++) {
        const struct mime_part *p = &t->v[i];
        buf_printf(out, "%s%u:%.*s/%.*s", i > 0 ? " " : "", p->depth, STR_FMT(p->type), STR_FMT(p->subtype));
        buf_puts(out, p->flags & MIME_OPAQUE ? "!" : "");
    }
    for (int d = 0; d < MIME_DEFECT_COUNT; d++)
        if (t->defects >> d & 1)
            buf_printf(out, " %s", mime_defect_name((enum mime_defect)d));
}

TEST(mime_tree_and_offsets)
{
    AUTO_ARENA struct arena a = { .max = LIMIT_MIME_ARENA };
    AUTO_BUF struct buf out = { .max = 4096 };
    struct mime_tree t;
    struct str msg = str_c(nested);
    CHECK_OK(mime_parse(&a, msg, &t));
    show(&out, &t);
    CHECK_STR("tree", buf_str(&out),
              "0:multipart/mixed 1:multipart/alternative 2:text/plain 2:text/html 1:message/rfc822 2:image/png");
    CHECK_STR("header with its empty line", mime_head(&t.v[2], msg), "\r\n");
    CHECK_STR("body without the boundary's line end", mime_body(&t.v[2], msg), "plain");
    CHECK_STR("html", mime_body(&t.v[3], msg), "<p>=C3=A4</p>");
    CHECK_STR("message within", mime_body(&t.v[5], msg), "aGVsbG8=");
    CHECK(t.v[4].body == t.v[5].head && t.v[4].end == t.v[5].end);
    CHECK_STR("no path in a name", t.v[5].filename, "x.png");
    CHECK_STR("content-id", t.v[5].content_id, "i@d");
    CHECK_EQ(t.v[0].lines, 24);
    CHECK_EQ(t.v[2].lines, 0);
    CHECK_EQ(t.v[4].lines, 5);
    CHECK_EQ(t.v[1].next, 4);
    CHECK_EQ(t.v[2].next, 3);
    CHECK_EQ(t.v[3].next, MIME_NONE);
    CHECK_EQ(mime_child(&t, 0), 1);
    CHECK_EQ(mime_child(&t, 2), MIME_NONE);
}

TEST(mime_fields)
{
    AUTO_ARENA struct arena a = { .max = LIMIT_MIME_ARENA };
    struct mime_tree t;
    CHECK_OK(mime_parse(
        &a,
        S("Content-Type: text/html; charset=utf-8\nContent-ID: bare@id\nContent-Description: =?utf-8?q?x?=\n  y\n"
          "Content-Language: de\nContent-Location: http://x/\nContent-MD5: abc=\nContent-Transfer-Encoding: 8BIT (x)\n"
          "Content-Disposition: odd; filename=a.html\n\nx"),
        &t));
    const struct mime_part *p = &t.v[0];
    CHECK_STR("an id without brackets", p->content_id, "bare@id");
    CHECK_STR("encoded words stay", p->description, "=?utf-8?q?x?=  y");
    CHECK_STR("language", p->language, "de");
    CHECK_STR("location", p->location, "http://x/");
    CHECK_STR("md5", p->md5, "abc=");
    CHECK_STR("encoding", p->encoding, "8bit");
    CHECK_EQ(p->cte, CTE_8BIT);
    CHECK_EQ(p->disp, MIME_DISP_ATTACHMENT);
    CHECK_STR("file name", p->filename, "a.html");
    CHECK_STR("charset", p->charset, "utf-8");
    CHECK_OK(mime_parse(&a, str_of("a: b\n\nx\0y", 9), &t));
    CHECK(MIME_HAS(&t, MIME_DEFECT_NUL) && t.defects == UINT64_C(1) << MIME_DEFECT_NUL);
}

TEST(mime_sections)
{
    static const struct {
        const char *number;
        uint32_t part;
    } cases[] = { { "", 0 },
                  { "1", 1 },
                  { "1.1", 2 },
                  { "1.1.1", 2 },
                  { "1.1.1.1", MIME_NONE },
                  { "1.2", 3 },
                  { "2", 4 },
                  { "2.1", 5 },
                  { "1.0", MIME_NONE },
                  { "3", MIME_NONE },
                  { "1.3", MIME_NONE },
                  { "2.2", MIME_NONE },
                  { "2.1.1", MIME_NONE },
                  { "0", MIME_NONE },
                  { "1.", MIME_NONE },
                  { ".1", MIME_NONE },
                  { "x", MIME_NONE } };
    AUTO_ARENA struct arena a = { .max = LIMIT_MIME_ARENA };
    struct mime_tree t;
    CHECK_OK(mime_parse(&a, str_c(nested), &t));
    for (size_t i = 0; i < COUNT(cases); i++)
        CHECK_EQ(mime_section(&t, str_c(cases[i].number)), cases[i].part);
    CHECK_OK(mime_parse(&a, S("Subject: x\r\n\r\nhi"), &t));
    CHECK_EQ(mime_section(&t, S("1")), 0);
    CHECK_EQ(mime_section(&t, S("1.1")), MIME_NONE);
    CHECK_EQ(mime_section(&t, S("2")), MIME_NONE);
}

TEST(mime_line_ends_make_no_difference)
{
    AUTO_BUF struct buf lf = { .max = 4096 }, one = { .max = 4096 }, two = { .max = 4096 };
    AUTO_ARENA struct arena a = { .max = 2 * LIMIT_MIME_ARENA };
    struct mime_tree t;
    for (const char *p = nested; *p != '\0'; p++)
        if (*p != '\r')
            buf_putc(&lf, *p);
    CHECK_OK(mime_parse(&a, str_c(nested), &t));
    show(&one, &t);
    CHECK_OK(mime_parse(&a, buf_str(&lf), &t));
    show(&two, &t);
    CHECK(str_eq(buf_str(&one), buf_str(&two)));
    CHECK_STR("body", mime_body(&t.v[2], buf_str(&lf)), "plain");
}

#define MIXED "Content-Type: multipart/mixed; boundary=b\n\n"

TEST(mime_defects)
{
    static const struct {
        const char *what, *in, *want;
    } cases[] = {
        { "empty", "", "0:text/plain" },
        { "no header", "hello", "0:text/plain no-blank-line" },
        { "no slash", "Content-Type: text\n\nx", "0:text/plain bad-content-type" },
        { "spaces in the type", "Content-Type: text / html\n\nx", "0:text/html" },
        { "twice", "Content-Type: text/html\nContent-Type: text/plain\n\nx", "0:text/html duplicate-content-type" },
        { "encoding twice", "Content-Transfer-Encoding: base64\nContent-Transfer-Encoding: 7bit\n\nx",
          "0:text/plain duplicate-encoding" },
        { "boundary twice", "Content-Type: multipart/mixed; boundary=b; boundary=c\n\n--b\n\nx\n--b--\n",
          "0:multipart/mixed 1:text/plain duplicate-parameter" },
        { "Subject twice", "Subject: a\nSubject: b\n\nx", "0:text/plain duplicate-field" },
        { "From twice", "From: a\nFrom: b\n\nx", "0:text/plain duplicate-from" },
        { "no boundary", "Content-Type: multipart/mixed\n\nx", "0:text/plain! no-boundary" },
        { "empty boundary", "Content-Type: multipart/mixed; boundary=\"\"\n\n--\nx", "0:text/plain! no-boundary" },
        { "no parts", MIXED "x\n", "0:text/plain! no-parts unterminated" },
        { "closed only", MIXED "--b--\n", "0:text/plain! no-parts" },
        { "not closed", MIXED "--b\n\nx\n", "0:multipart/mixed 1:text/plain unterminated" },
        { "a line that begins like it", MIXED "--b\n\n--bb\n--b-\n --b\nx\n--b--\n", "0:multipart/mixed 1:text/plain" },
        { "boundary in the header", MIXED "--b\nContent-Type: text/html\n--b--\n", "0:multipart/mixed 1:text/html" },
        { "twice the same line", MIXED "--b\n--b\n\nx\n--b--\n", "0:multipart/mixed 1:text/plain" },
        { "inner not closed", MIXED "--b\nContent-Type: multipart/mixed; boundary=c\n\n--c\n\nx\n--b\n\ny\n--b--\n",
          "0:multipart/mixed 1:multipart/mixed 2:text/plain 1:text/plain unterminated" },
        { "same boundary within", MIXED "--b\n" MIXED "--b\n\nx\n--b--\n--b--\n",
          "0:multipart/mixed 1:multipart/mixed 2:text/plain same-boundary" },
        { "after the end", MIXED "--b\n\nx\n--b--\n--b\n\nhidden\n", "0:multipart/mixed 1:text/plain part-after-end" },
        { "unknown encoding", "Content-Transfer-Encoding: rot13\n\nx", "0:text/plain unknown-encoding" },
        { "encoded multipart", "Content-Transfer-Encoding: base64\n" MIXED "--b\n\nx\n--b--\n",
          "0:multipart/mixed 1:text/plain encoded-container" },
        { "encoded message", "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nU3ViamVjdDogeA==\n",
          "0:message/rfc822! encoded-container" },
        { "digest", "Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: x\n\ny\n--b--\n",
          "0:multipart/digest 1:message/rfc822 2:text/plain" },
        { "8-bit header", "Subject: \xe4\n\nx", "0:text/plain 8bit-header" },
        { "UTF-8 header", "Subject: \xc3\xa4\n\nx", "0:text/plain" },
        { "line ends", "Subject: x\r\n\r\na\nb\rc\r\n", "0:text/plain bare-cr bare-lf" },
        { "bare CR early on", "Subject: x\r\n\r\na\rb\r\nc\r\n", "0:text/plain bare-cr" },
        { "CR at a part's end", MIXED "--b\n\nx\r\n--b--\n", "0:multipart/mixed 1:text/plain bare-lf" },
        { "NUL", "Subject: x\n\na\xff", "0:text/plain" },
        { "control octets in a type", "Content-Type: te\x7fxt/plain\n\nx", "0:text/plain bad-content-type" },
        { "short dashes", MIXED "--\n--b\n\nx\n-\n--\n--b--\n--", "0:multipart/mixed 1:text/plain" },
        { "unknown charset", "Content-Type: text/plain; charset=klingon\n\nx", "0:text/plain unknown-charset" },
        { "mbox", "From a@b Sat\nContent-Type: text/html\n\nx", "0:text/html header-junk" },
        { "delivery status", "Content-Type: message/delivery-status\n\nx: y\n\nz: y\n", "0:message/delivery-status" },
        { "two messages deep", "Content-Type: message/rfc822\n\nContent-Type: message/rfc822\n\nSubject: x\n\ny",
          "0:message/rfc822 1:message/rfc822 2:text/plain" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO_ARENA struct arena a = { .max = LIMIT_MIME_ARENA };
        AUTO_BUF struct buf out = { .max = 4096 };
        struct mime_tree t;
        CHECK_OK(mime_parse(&a, str_c(cases[i].in), &t));
        show(&out, &t);
        CHECK_STR(cases[i].what, buf_str(&out), cases[i].want);
    }
    for (int d = 0; d < MIME_DEFECT_COUNT; d++)
        CHECK(mime_defect_name((enum mime_defect)d) != NULL);
}

static void put_nested(struct buf *in, int levels, bool messages)
{
    for (int i = 0; i < levels; i++)
        if (messages)
            buf_puts(in, "Content-Type: message/rfc822\n\n");
        else
            buf_printf(in, "Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i, i);
    buf_puts(in, "\ntext\n");
}

/* CPU seconds of one parse, which must succeed. */
static double parse_s(const struct buf *in, struct mime_tree *t, struct arena *a)
{
    clock_t begin = clock();
    CHECK_OK(mime_parse(a, buf_str(in), t));
    return (double)(clock() - begin) / CLOCKS_PER_SEC;
}

TEST(mime_bombs)
{
    struct mime_tree t;
    for (int kind = 0; kind < 5; kind++) {
        AUTO_BUF struct buf in = { .max = 64 << 20 };
        AUTO_ARENA struct arena a = { .max = LIMIT_MIME_ARENA };
        if (kind < 2)
            put_nested(&in, 10000, kind == 1);
        else
            buf_puts(&in, MIXED);
        for (int i = 0; kind == 2 && i < 200000; i++)
            buf_puts(&in, "--b\n\nx\n");
        for (int i = 0; kind == 3 && i < 200000; i++)
            buf_puts(&in, "--bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\n");
        for (int i = 0; kind == 4 && i < 3000000; i++)
            buf_puts(&in, "--\n");
        double s = parse_s(&in, &t, &a);
        if (s > 1)
            print_error("kind %d takes %.2f s\n", kind, s);
        CHECK(s < 3);
        CHECK_EQ(MIME_HAS(&t, MIME_DEFECT_TOO_DEEP), kind < 2);
        CHECK_EQ(MIME_HAS(&t, MIME_DEFECT_TOO_MANY), kind == 2);
        CHECK_EQ(t.n, kind < 2 ? LIMIT_MIME_DEPTH + 1 : kind == 2 ? LIMIT_MIME_PARTS : 1);
        if (kind == 2) {
            const struct mime_part *last = &t.v[t.n - 1];
            CHECK(last->flags == MIME_OPAQUE && last->end == in.n);
            struct mime_pick pick;
            CHECK_OK(mime_pick(&a, &t, buf_str(&in), &pick));
            CHECK_EQ(pick.text_n + pick.files_n, LIMIT_MIME_PARTS - 1);
        }
    }
}

TEST(mime_boundaries_that_begin_with_one_another)
{
    AUTO_BUF struct buf in = { .max = 1 << 20 };
    AUTO_ARENA struct arena a = { .max = LIMIT_MIME_ARENA };
    struct mime_tree t;
    for (int i = 1; i < LIMIT_MIME_DEPTH; i++)
        buf_printf(&in, "Content-Type: multipart/mixed; boundary=%.*s\n\n--%.*s\n", i,
                   "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", i,
                   "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
    buf_puts(&in, "\ntext\n--xxx\n\nmore\n--x--\n");
    CHECK_OK(mime_parse(&a, buf_str(&in), &t));
    CHECK_EQ(t.n, LIMIT_MIME_DEPTH + 1);
    CHECK_STR("cut back to the third", mime_body(&t.v[t.n - 1], buf_str(&in)), "more");
    CHECK_EQ(t.v[t.n - 1].parent, 2);
}

TEST(mime_limits_of_headers)
{
    AUTO_BUF struct buf top = { .max = 1 << 20 }, inner = { .max = 1 << 20 };
    AUTO_ARENA struct arena a = { .max = LIMIT_MIME_ARENA };
    struct mime_tree t = { .n = 77 };
    buf_puts(&inner, MIXED "--b\n");
    for (int i = 0; i < LIMIT_HEADER_FIELDS + 1; i++) {
        buf_puts(&top, "X: y\n");
        buf_puts(&inner, "X: y\n");
    }
    buf_puts(&top, "\nbody\n");
    buf_puts(&inner, "\nbody\n--b\n\nnext\n--b--\n");
    CHECK_EQ(mime_parse(&a, buf_str(&top), &t), ERR_FULL);
    CHECK_EQ(t.n, 77);
    CHECK_OK(mime_parse(&a, buf_str(&inner), &t));
    CHECK_EQ(t.n, 3);
    CHECK(MIME_HAS(&t.v[1], MIME_DEFECT_HEADER_FULL) && t.v[1].flags == MIME_OPAQUE);
    CHECK_STR("the next one is read", mime_body(&t.v[2], buf_str(&inner)), "next");
}

/* Parts whose headers would fill any arena: what is over the budget is passed over, the tree still comes. */
TEST(mime_arena_is_enough)
{
    AUTO_BUF struct buf in = { .max = 64 << 20 };
    AUTO_ARENA struct arena a = { .max = LIMIT_MIME_ARENA };
    struct mime_tree t;
    buf_puts(&in, MIXED);
    for (int i = 0; i < 500; i++) {
        buf_puts(&in, "--b\nContent-Type: x/y; a=\"");
        for (int k = 0; k < 2000; k++)
            buf_puts(&in, "\xe4\xe4\xe4\xe4\xe4\xe4\xe4\xe4\xe4\xe4\xe4\xe4\xe4\xe4\xe4\xe4\xe4\xe4\xe4\xe4");
        buf_puts(&in, "\"\n\nx\n");
    }
    CHECK_OK(mime_parse(&a, buf_str(&in), &t));
    CHECK_EQ(t.n, 501);
    CHECK(MIME_HAS(&t, MIME_DEFECT_HEADER_FULL));
    AUTO_ARENA struct arena small = { .max = 1000 };
    CHECK_EQ(mime_parse(&small, buf_str(&in), &t), ERR_FULL);
}

TEST(mime_text_of_parts)
{
    static const struct {
        const char *what, *in, *want;
    } cases[] = {
        { "plain", "\r\na\r\nb\r\n", "a\nb\n" },
        { "no line end", "\n\na", "\na" },
        { "old Mac", "\n\na\rb\r", "\na\nb\n" },
        { "Latin", "Content-Type: text/plain; charset=iso-8859-1\n\n\xe4", "\xc3\xa4" },
        { "qp and Latin",
          "Content-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\n=E4=\n=E4",
          "\xc3\xa4\xc3\xa4" },
        { "base64 of UTF-16",
          "Content-Type: text/plain; charset=utf-16\nContent-Transfer-Encoding: base64\n\n//5hAA==\n", "a" },
        { "no charset", "\n\xc3\xa4", "\xc3\xa4" },
        { "NUL", "Content-Transfer-Encoding: base64\n\nYQBi", "a?b" },
        { "flowed", "Content-Type: text/plain; format=flowed\n\na \nb \nc\nd\n", "a b c\nd\n" },
        { "flowed, delsp", "Content-Type: text/plain; format=flowed; delsp=yes\n\na \nb\n", "ab\n" },
        { "flowed, stuffed", "Content-Type: text/plain; format=flowed\n\n  x\n >y\n From z\n", " x\n>y\nFrom z\n" },
        { "flowed, quotes", "Content-Type: text/plain; format=flowed\n\n> a \n> b\n>> c \n> d\ne \n",
          "> a b\n>> c \n> d\ne \n" },
        { "flowed, signature", "Content-Type: text/plain; format=flowed\n\na \n-- \nme\n", "a \n-- \nme\n" },
        { "not flowed", "\na \nb\n", "a \nb\n" },
        { "html that lies", "Content-Type: text/html\n\n<meta charset=klingon>\xe4", "<meta charset=klingon>\xc3\xa4" },
        { "html that can't be UTF-16", "Content-Type: text/html\n\n<meta charset='utf-16'>\xe4",
          "<meta charset='utf-16'>\xc3\xa4" },
        { "html, the field wins", "Content-Type: text/html; charset=utf-8\n\n<meta charset=\"koi8-r\">\xc3\xa4",
          "<meta charset=\"koi8-r\">\xc3\xa4" },
        { "html with its own charset", "Content-Type: text/html\n\n<meta charset=\"koi8-r\">\xd0",
          "<meta charset=\"koi8-r\">\xd0\xbf" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO_ARENA struct arena a = { .max = LIMIT_MIME_ARENA };
        AUTO_BUF struct buf out = { .max = 4096 };
        struct mime_tree t;
        struct str msg = str_c(cases[i].in);
        CHECK_OK(mime_parse(&a, msg, &t));
        mime_text(&t.v[0], mime_body(&t.v[0], msg), &out);
        CHECK_STR(cases[i].what, buf_str(&out), cases[i].want);
    }
    struct mime_part p = { .type = S("text"), .subtype = S("plain"), .cte = CTE_BASE64 };
    AUTO_BUF struct buf small = { .max = 3 };
    CHECK_EQ(mime_text(&p, S("w6TDpA*="), &small), UINT64_C(1) << MIME_DEFECT_BAD_BASE64);
    CHECK(small.failed);
    CHECK_STR("cut between characters", buf_str(&small), "\xc3\xa4");
    p.cte = CTE_8BIT;
    AUTO_BUF struct buf three = { .max = 3 };
    CHECK_EQ(mime_text(&p, S("a\0bcd"), &three), 0);
    CHECK_STR("cut, and no NUL in it", buf_str(&three), "a?b");
    p.cte = CTE_BASE64;
    AUTO_BUF struct buf large = { .max = 1 << 20 }, little = { .max = 100 };
    while (large.n < 100000)
        buf_puts(&large, "YWJj");
    CHECK_EQ(mime_text(&p, buf_str(&large), &little), 0); /* more than fits is not even looked at */
    CHECK(little.failed && little.n == 100);
}
