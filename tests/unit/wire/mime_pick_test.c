#include "test.h"
#include "wire/mime.h"
#include <string.h>

#define PART(type) "--b\nContent-Type: " type "\n\nx\n"
#define MIXED(sub, parts) "Content-Type: multipart/" sub "; boundary=b\n\n" parts "--b--\n"
#define INNER(sub, parts) "--b\nContent-Type: multipart/" sub "; boundary=c\n\n" parts "--c--\n"
#define IN(type) "--c\nContent-Type: " type "\n\nx\n"
#define ATTACHED "\nContent-Disposition: attachment"

static void show(struct buf *out, const struct mime_pick *k)
{
    buf_puts(out, "t");
    for (uint32_t i = 0; i < k->text_n; i++)
        buf_printf(out, " %u", k->text[i]);
    buf_puts(out, " h");
    for (uint32_t i = 0; i < k->html_n; i++)
        buf_printf(out, " %u", k->html[i]);
    for (uint32_t i = 0; i < k->files_n; i++)
        buf_printf(out, " %s%u=%.*s", k->files[i].inlined ? "i" : "f", k->files[i].part, STR_FMT(k->files[i].name));
}

TEST(mime_pick_as_mail_programs_do)
{
    static const struct {
        const char *what, *in, *want;
    } cases[] = {
        { "lone text", "Subject: x\n\nhi", "t 0 h 0" },
        { "lone html", "Content-Type: text/html\n\nhi", "t 0 h 0" },
        { "lone image", "Content-Type: image/png\n\nhi", "t h f0=part-0.png" },
        { "lone text as attachment", "Content-Type: text/plain" ATTACHED "; filename=a.txt\n\nhi", "t h f0=a.txt" },
        { "alternative", MIXED("alternative", PART("text/plain") PART("text/html")), "t 1 h 2" },
        { "html alternative only", MIXED("alternative", PART("text/html")), "t 1 h 1" },
        { "text alternative only", MIXED("alternative", PART("text/plain")), "t 1 h 1" },
        { "with an invitation", MIXED("alternative", PART("text/plain") PART("text/html") PART("text/calendar")),
          "t 1 h 2 f3=part-3.ics" },
        { "AMP is for others", MIXED("alternative", PART("text/plain") PART("text/x-amp-html") PART("text/html")),
          "t 1 h 3" },
        { "mixed texts", MIXED("mixed", PART("text/plain") PART("image/png; name=i.png") PART("text/plain")),
          "t 1 3 h 1 3 f2=i.png" },
        { "a named text is a file", MIXED("mixed", PART("text/plain") PART("text/plain; name=a.txt")),
          "t 1 h 1 f2=a.txt" },
        { "related",
          MIXED("related", PART("text/html") PART("image/png; name=i.png\nContent-ID: <a>") PART("text/plain")),
          "t 1 h 1 i2=i.png i3=part-3.txt" },
        { "alternative within mixed",
          MIXED("mixed", INNER("alternative", IN("text/plain") IN("text/html")) PART("application/pdf; name=a.pdf")),
          "t 2 h 3 f4=a.pdf" },
        { "related within alternative",
          MIXED("alternative", PART("text/plain") INNER("related", IN("text/html") IN("image/gif\nContent-ID: <a>"))),
          "t 1 h 3 i4=part-4.gif" },
        { "forwarded",
          MIXED("mixed", PART("text/plain") "--b\nContent-Type: message/rfc822\n\nSubject: Re: a/b\n\nx\n"),
          "t 1 h 1 f2=b.eml" },
        { "forwarded without subject", MIXED("mixed", "--b\nContent-Type: message/rfc822\n\nTo: x\n\nx\n"),
          "t h f1=part-1.eml" },
        { "signed", MIXED("signed", PART("text/plain") PART("application/pgp-signature")), "t 1 h 1 f2=part-2.asc" },
        { "no parts", "Content-Type: multipart/mixed; boundary=b\n\nhello", "t 0 h 0" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO_ARENA struct arena a = { .max = LIMIT_MIME_ARENA };
        AUTO_BUF struct buf out = { .max = 4096 };
        struct mime_tree t;
        struct mime_pick k;
        struct str msg = str_c(cases[i].in);
        CHECK_OK(mime_parse(&a, msg, &t));
        CHECK_OK(mime_pick(&a, &t, msg, &k));
        show(&out, &k);
        CHECK_STR(cases[i].what, buf_str(&out), cases[i].want);
    }
}

TEST(mime_names_are_safe)
{
    static const struct {
        const char *in, *want;
    } cases[] = {
        { "a.txt", "a.txt" },
        { "../../etc/passwd", "passwd" },
        { "C:\\\\x\\\\y.exe", "y.exe" },
        { "..", "part-0.bin" },
        { "a/b/c/", "part-0.bin" },
        { "/a/b", "b" },
        { ".bashrc", "bashrc" },
        { "a\xe2\x80\xae"
          "fdp.exe",
          "afdp.exe" },
        { "a<b>c", "abc" },
        { "x.txt . ", "x.txt" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO_ARENA struct arena a = { .max = LIMIT_MIME_ARENA };
        AUTO_BUF struct buf in = { .max = 4096 };
        struct mime_tree t;
        struct mime_pick k;
        buf_printf(&in, "Content-Type: application/x; name=\"%s\"\n\nx", cases[i].in);
        CHECK_OK(mime_parse(&a, buf_str(&in), &t));
        CHECK_OK(mime_pick(&a, &t, buf_str(&in), &k));
        CHECK_EQ(k.files_n, 1);
        CHECK_STR(cases[i].in, k.files[0].name, cases[i].want);
    }
}

TEST(mime_long_names_are_cut)
{
    for (int extension = 0; extension < 2; extension++) {
        AUTO_ARENA struct arena a = { .max = LIMIT_MIME_ARENA };
        AUTO_BUF struct buf in = { .max = 4096 };
        struct mime_tree t;
        buf_puts(&in, "Content-Type: application/x; name=\"");
        for (int i = 0; i < 100; i++)
            buf_puts(&in, "a\xc3\xa4");
        buf_puts(&in, extension ? ".pdf\"\n\nx" : ".no-extension-that-long\"\n\nx");
        CHECK_OK(mime_parse(&a, buf_str(&in), &t));
        CHECK(t.v[0].filename.n <= 200 && t.v[0].filename.n >= 195);
        CHECK_EQ(str_ends(t.v[0].filename, S(".pdf")), extension);
        CHECK(str_starts(t.v[0].filename, S("a\xc3\xa4"
                                            "a")));
    }
}

TEST(mime_pack_and_unpack)
{
    static const char msg[] = MIXED(
        "mixed",
        INNER("alternative", IN("text/plain; charset=utf-8") IN("text/html")) PART(
            "image/png; name*=utf-8''%C3%A4.png" ATTACHED) "--b\nContent-Type: message/rfc822\n\nSubject: x\n\ny\n");
    AUTO_ARENA struct arena a = { .max = 4 * LIMIT_MIME_ARENA };
    AUTO_BUF struct buf one = { .max = 65536 }, two = { .max = 65536 };
    struct mime_tree t, back;
    CHECK_OK(mime_parse(&a, S(msg), &t));
    mime_tree_pack(&t, &one);
    CHECK_OK(mime_tree_unpack(buf_str(&one), &a, &back));
    CHECK_EQ(back.n, t.n);
    CHECK_EQ(back.defects, t.defects);
    CHECK_STR("name", back.v[4].filename, "\xc3\xa4.png");
    for (uint32_t i = 0; i < t.n; i++)
        CHECK(back.v[i].next == t.v[i].next && back.v[i].depth == t.v[i].depth && back.v[i].lines == t.v[i].lines);
    mime_tree_pack(&back, &two);
    CHECK(str_eq(buf_str(&one), buf_str(&two)));
    for (size_t n = 0; n < one.n; n++)
        CHECK_EQ(mime_tree_unpack(str_sub(buf_str(&one), 0, n), &a, &back), ERR_BAD);
    for (size_t i = 0; i < one.n; i++) /* any octet changed: a tree or a refusal, never a crash */
        for (int bit = 0; bit < 8; bit++) {
            one.p[i] = (char)(one.p[i] ^ 1 << bit);
            AUTO_ARENA struct arena b = { .max = LIMIT_MIME_ARENA };
            struct mime_pick k;
            if (mime_tree_unpack(buf_str(&one), &b, &back) == OK)
                CHECK_OK(mime_pick(&b, &back, S(msg), &k));
            one.p[i] = (char)(one.p[i] ^ 1 << bit);
        }
    buf_putc(&one, 0);
    CHECK_EQ(mime_tree_unpack(buf_str(&one), &a, &back), ERR_BAD);
}
