#include "base/buf.h"
#include "test.h"
#include "wire/param.h"

static struct str show(struct arena *a, struct str raw)
{
    AUTO_BUF struct buf out = { .max = 1 << 20 };
    struct params p;
    if (params_parse(a, raw, &p) != OK)
        return S("error");
    buf_put(&out, p.value);
    for (uint32_t i = 0; i < p.n; i++) {
        buf_putc(&out, '|');
        buf_put(&out, p.v[i].name);
        buf_putc(&out, '=');
        buf_put(&out, p.v[i].value);
    }
    buf_puts(&out, p.dup ? " dup" : "");
    buf_puts(&out, p.broken ? " broken" : "");
    return arena_dup(a, buf_str(&out));
}

TEST(params_as_senders_write_them)
{
    static const struct {
        const char *what, *in, *want;
    } cases[] = {
        { "simple", " text/plain; charset=utf-8", "text/plain|charset=utf-8" },
        { "case", "TEXT/Plain; CharSet=\"UTF-8\"", "text/plain|charset=UTF-8" },
        { "comments", "text(a)/(b)plain (c); (d) charset (e) = (f) us-ascii (g)", "text/plain|charset=us-ascii" },
        { "folds", "multipart/mixed;\r\n\tboundary=\"a b\"\r\n", "multipart/mixed|boundary=a b" },
        { "quoted pairs", "a/b; x=\"a\\\"b\\\\c\"", "a/b|x=a\"b\\c" },
        { "path", "attachment; filename=\"C:\\dir\\x.txt\"", "attachment|filename=C:\\dir\\x.txt" },
        { "bare blanks", "attachment; filename=my file.txt; size=3", "attachment|filename=my file.txt|size=3" },
        { "no semicolon", "text/plain charset=utf-8", "text/plain|charset=utf-8" },
        { "no semicolon between", "text/plain; charset=utf-8 format=flowed",
          "text/plain|charset=utf-8|format=flowed broken" },
        { "empty ones", "text/plain;;; ;charset=x;", "text/plain|charset=x" },
        { "twice", "a/b; boundary=1; boundary=2", "a/b|boundary=1 dup" },
        { "no value", "a/b; x; y=1", "a/b|y=1 broken" },
        { "open quote", "a/b; x=\"abc", "a/b|x=abc broken" },
        { "open comment", "a/b; x=1 (oops", "a/b|x=1 broken" },
        { "RFC 2231 charset", "a/b; title*=us-ascii'en-us'This%20is%20%2A%2A%2Afun%2A%2A%2A",
          "a/b|title=This is ***fun***" },
        { "RFC 2231 pieces",
          "a/b; t*0*=us-ascii'en'This%20is%20even%20more%20; t*1*=%2A%2A%2Afun%2A%2A%2A%20; t*2=\"isn't it!\"",
          "a/b|t=This is even more ***fun*** isn't it!" },
        { "out of order", "a/b; u*1=\"2\"; u*0=\"1\"", "a/b|u=12" },
        { "a character split between pieces", "a/b; f*0*=utf-8''%C3; f*1*=%A4", "a/b|f=\xc3\xa4" },
        { "extended beats plain", "a/b; filename=x; filename*=utf-8''%C3%A4", "a/b|filename=\xc3\xa4" },
        { "plus is no blank", "a/b; f*=utf-8''a+b%20c", "a/b|f=a+b c" },
        { "gap", "a/b; f*0=a; f*2=c", "a/b|f=a" },
        { "broken percent", "a/b; f*=utf-8''%zz", "a/b|f=%zz" },
        { "encoded word", "a/b; name=\"=?utf-8?Q?=C3=A4.txt?=\"", "a/b|name=\xc3\xa4.txt" },
        { "Latin", "a/b; name=\"\xe4\"", "a/b|name=\xc3\xa4" },
        { "line smuggling", "a/b; name*=utf-8''a%0D%0Ab", "a/b|name=a  b" },
        { "nothing", "", "" },
        { "junk", ";;==\"\"(", " broken" },
        { "a word that ends in =", "a/b; x=1 =2", "a/b|x=1 =2" },
        { "DEL", "a\x7f/b\x7f; x\x7f=1", "a?/b?|x?=1" },
        { "huge number", "a/b; f*99999999999=1", "a/b|f*99999999999=1" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO_ARENA struct arena a = { .max = 1 << 20 };
        CHECK_STR(cases[i].what, show(&a, str_c(cases[i].in)), cases[i].want);
    }
}

TEST(params_are_bounded)
{
    AUTO_BUF struct buf in = { .max = 1 << 20 };
    AUTO_ARENA struct arena a = { .max = 8 << 20 };
    struct params p;
    buf_puts(&in, "a/b");
    for (int i = 0; i < 5000; i++)
        buf_printf(&in, "; f*%d=x", i);
    CHECK_OK(params_parse(&a, buf_str(&in), &p));
    CHECK_EQ(p.n, 1);
    CHECK_EQ(params_get(&p, S("f")).n, LIMIT_PARAM_PIECES);
    CHECK(p.broken);
    buf_clear(&in);
    buf_puts(&in, "a/b");
    for (int i = 0; i < 5000; i++)
        buf_printf(&in, "; n%d=x", i);
    CHECK_OK(params_parse(&a, buf_str(&in), &p));
    CHECK_EQ(p.n, LIMIT_PARAMS);
    CHECK(p.broken);
    buf_clear(&in);
    buf_puts(&in, "a/b");
    for (int i = 0; i < 100000; i++)
        buf_puts(&in, ";(");
    CHECK_OK(params_parse(&a, buf_str(&in), &p));
    CHECK_EQ(p.n, 0);
}

TEST(params_full_arena_is_an_error)
{
    AUTO_ARENA struct arena a = { .max = 40 };
    struct params p = { .n = 7 };
    CHECK_EQ(params_parse(&a, S("text/plain; charset=utf-8; x=1"), &p), ERR_FULL);
    CHECK_EQ(p.n, 7);
}

TEST(params_as_they_were_sent)
{
    static const struct {
        const char *what, *in, *want;
    } cases[] = {
        { "names keep their case", "Text/Plain; CharSet=\"UTF-8\"", "text/plain|CharSet=UTF-8" },
        { "encoded words stay", "a/b; name=\"=?utf-8?q?=C3=A4?=\"", "a/b|name==?utf-8?q?=C3=A4?=" },
        { "pieces are joined", "a/b; n*1=d; n*0=\"c \"", "a/b|n=c d" },
        { "a star where something is encoded", "a/b; n*0*=utf-8''%C3; n*1=\"%4\xc3\"", "a/b|n*=utf-8''%C3%254%C3" },
        { "one piece", "a/b; n*=us-ascii''x%20y", "a/b|n*=us-ascii''x%20y" },
        { "plain ones first", "a/b; n*=''x; m=1", "a/b|m=1|n*=''x" },
        { "both forms of one", "a/b; n*=''x; n=y", "a/b|n=y|n*=''x" },
        { "pieces without a first", "a/b; n*1=x; n*2*=y", "a/b|n*1=x|n*2*=y" },
        { "a gap", "a/b; n*0=x; n*2=y", "a/b|n=x|n*2=y" },
        { "folds in quotes go", "a/b; n=\"x\r\n y\"", "a/b|n=x y" },
        { "any quoted pair", "a/b; n=\"\\a\\\\\\\"\"", "a/b|n=a\\\"" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO_ARENA struct arena a = { .max = 1 << 20 };
        struct params p;
        AUTO_BUF struct buf out = { .max = 1 << 20 };
        CHECK_OK(params_sent(&a, str_c(cases[i].in), &p));
        buf_put(&out, p.value);
        for (uint32_t k = 0; k < p.n; k++) {
            buf_printf(&out, "|%.*s=", STR_FMT(p.v[k].name));
            buf_put(&out, p.v[k].value);
        }
        CHECK_STR(cases[i].what, buf_str(&out), cases[i].want);
    }
}
