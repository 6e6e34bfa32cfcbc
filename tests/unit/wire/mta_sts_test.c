#include "test.h"
#include "wire/mta_sts.h"

TEST(sts_record)
{
    static const struct {
        const char *txt;
        enum err e;
        const char *id;
    } cases[] = {
        { "v=STSv1; id=20260101T000000", OK, "20260101T000000" },
        { "v=STSv1;id=a;", OK, "a" },
        { "v=STSv1; x=y; id=1", OK, "1" },
        { "v=STSv1", ERR_BAD, "" },
        { "v=STSv1; id=a-b", ERR_BAD, "" },
        { "v=STSv1; id=123456789012345678901234567890123", ERR_BAD, "" },
        { "v=STSv2; id=1", ERR_GONE, "" },
        { "", ERR_GONE, "" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct str id = S("");
        CHECK_EQ(sts_record_parse(str_c(cases[i].txt), &id), cases[i].e);
        CHECK_STR(cases[i].txt, id, cases[i].id);
    }
}

TEST(sts_policy)
{
    AUTO_ARENA struct arena a = { .max = 64 * 1024 };
    struct sts_policy p;
    CHECK_OK(sts_policy_parse(&a,
                              S("version: STSv1\r\nmode: enforce\r\nmx: mx.example.com\r\nmx: *.example.net\r\n"
                                "new: thing\r\nmax_age: 604800\r\nmode: none\r\n"),
                              &p));
    CHECK(p.mode == STS_ENFORCE && p.max_age_s == 604800 && p.mx_n == 2);
    CHECK(sts_policy_has(&p, S("MX.example.com")) && sts_policy_has(&p, S("a.example.net")));
    CHECK(!sts_policy_has(&p, S("a.b.example.net")) && !sts_policy_has(&p, S("example.net")));
    CHECK(!sts_policy_has(&p, S(".example.net")) && !sts_policy_has(&p, S("x.mx.example.com")));
    static const char *const bad[] = {
        "",
        "version: STSv2\nmode: none\nmax_age: 1\n",
        "version: STSv1\nmode: enforce\nmax_age: 1\n",
        "version: STSv1\nmode: hm\nmx: a.example\nmax_age: 1\n",
        "version: STSv1\nmode: testing\nmx: a.example\n",
        "version: STSv1\nmode: testing\nmx: *.*.example\nmax_age: 1\n",
        "version: STSv1\nmode: testing\nmx: a.example\nmax_age: -1\n",
        "<html>not found</html>",
    };
    for (size_t i = 0; i < COUNT(bad); i++)
        CHECK_EQ(sts_policy_parse(&a, str_c(bad[i]), &p), ERR_BAD);
    CHECK_OK(sts_policy_parse(&a, S("version: STSv1\nmode: none\nmax_age: 99999999999"), &p));
    CHECK(p.mode == STS_NONE && p.max_age_s == LIMIT_STS_AGE_S);
}
