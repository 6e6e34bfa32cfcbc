#include "base/buf.h"
#include "test.h"
#include "wire/authres.h"

TEST(servers)
{
    static const struct {
        const char *raw, *id;
    } cases[] = {
        { " mx.example; spf=pass", "mx.example" },
        { "\r\n\t(a (nested) comment) mx.example 1; none", "mx.example" },
        { " \"mx.example\"; none", "mx.example" },
        { "mx.example", "mx.example" },
        { "mx.example(c);", "mx.example" },
        { "(open mx.example; spf=pass", NULL },
        { "; spf=pass", NULL },
        { "", NULL },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct str id, rest;
        enum err e = authres_server(str_c(cases[i].raw), &id, &rest);
        CHECK_EQ(e == OK, cases[i].id != NULL);
        if (e == OK)
            CHECK_STR(cases[i].raw, id, cases[i].id);
    }
}

TEST(results)
{
    static const struct {
        const char *rest, *result, *value;
    } cases[] = {
        { "; spf=pass smtp.mailfrom=a.example; dmarc=pass (p=none) header.from=b.example", "pass", "b.example" },
        { "; DMARC / 1 = Fail header.from=\"b c\"", "Fail", "b c" },
        { "; dmarc=pass; header.from=b", "pass", "" },
        { "; dkim=pass reason=\"; dmarc=pass header.from=evil\"; dmarc=fail header.from=b", "fail", "b" },
        { "; dkim=pass (; dmarc=pass header.from=evil) ; dmarc=none", "none", "" },
        { "; xdmarc=pass; dmarcx=pass", NULL, NULL },
        { "; dmarc pass", NULL, NULL },
        { "", NULL, NULL },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct str result, value;
        bool found = authres_find(str_c(cases[i].rest), S("dmarc"), S("header.from"), &result, &value);
        CHECK_EQ(found, cases[i].result != NULL);
        if (found) {
            CHECK_STR(cases[i].rest, result, cases[i].result);
            CHECK_STR(cases[i].rest, value, cases[i].value);
        }
    }
}

TEST(forged_ones_go)
{
    static const char ours[] = "Authentication-Results: ";
    static const struct {
        const char *id;
        bool goes;
    } cases[] = {
        { "mx.example; spf=pass", true },
        { "MX.Example; spf=pass", true },
        { "mx.example.; spf=pass", true },
        { "\r\n mx.example; spf=pass", true },
        { "(c)mx.example;none", true },
        { "\"mx.example\" 1; none", true },
        { "\"mx.exampl\\e\"; none", true },
        { "", true },
        { ";", true },
        { "mx.example.org; spf=pass", false },
        { "a.mx.example; none", false },
        { "other; x (mx.example)", false },
        { "other 1; none", false },
        { "mx. example; spf=pass", true },
        { "mx.example x; spf=pass", true },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO_BUF struct buf msg = { .max = 10000 }, want = { .max = 10000 };
        buf_printf(&msg, "A: 1\r\n%s%s\r\nB: 2\r\nAUTHENTICATION-results : %s\r\n\r\n%sbody\r\n", ours, cases[i].id,
                   cases[i].id, ours);
        if (cases[i].goes)
            buf_printf(&want, "A: 1\r\nB: 2\r\n\r\n%sbody\r\n", ours);
        else
            buf_put(&want, buf_str(&msg));
        buf_putc(&want, 0);
        CHECK_EQ(authres_strip(&msg, S("mx.example")), cases[i].goes ? 2 : 0);
        CHECK_STR(cases[i].id, buf_str(&msg), want.p);
    }
}

TEST(nothing_is_left_to_lenient_readers)
{
    static const char ours[] = "Authentication-Results: mx.example;\r\n spf=pass\r\n";
    static const char *const ends[] = { "A b: c\r\n", "no field at all\r\n", ": x\r\n", "A b: c\r\n folded\r\n",
                                        ">From x\r\n" };
    for (size_t i = 0; i < COUNT(ends); i++) {
        AUTO_BUF struct buf msg = { .max = 10000 }, want = { .max = 10000 };
        buf_printf(&msg, "A: 1\r\n%s%sB: 2\r\nnot this\r\n%s\r\n%s", ends[i], ours, ours, ours);
        buf_printf(&want, "A: 1\r\n%sB: 2\r\nnot this\r\n\r\n%s", ends[i], ours);
        buf_putc(&want, 0);
        CHECK_EQ(authres_strip(&msg, S("mx.example")), 2);
        CHECK_STR(ends[i], buf_str(&msg), want.p);
    }
}

TEST(values)
{
    static const struct {
        const char *in, *out;
    } cases[] = {
        { "example.org", "example.org" }, { "a b", "\"a b\"" }, { "a\"; dmarc=pass", "\"a\\\"; dmarc=pass\"" },
        { "a\r\nb", "\"a??b\"" },         { "", "\"\"" },       { "\\", "\"\\\\\"" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO_BUF struct buf out = { .max = 100 };
        authres_put_value(&out, str_c(cases[i].in));
        CHECK_STR(cases[i].in, buf_str(&out), cases[i].out);
    }
}

TEST(nor_does_one_with_a_nul_stay)
{
    AUTO_BUF struct buf msg = { .max = 1000 };
    buf_put(&msg, S("Authentication-Results: mx.example\0; dmarc=pass\r\nA: b\r\n\r\n"));
    CHECK_EQ(authres_strip(&msg, S("mx.example")), 1);
    CHECK(str_eq(buf_str(&msg), S("A: b\r\n\r\n")));
}
