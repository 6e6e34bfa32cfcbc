#include "base/buf.h"
#include "test.h"
#include "wire/tls_rpt.h"

TEST(tls_rpt_records)
{
    static const struct {
        const char *txt;
        enum err e;
        const char *first; /* address, or host:port and path */
        size_t n;
    } cases[] = {
        { "v=TLSRPTv1; rua=mailto:tls@far.example", OK, "tls@far.example", 1 },
        { "v=TLSRPTv1;rua=mailto:tls@far.example;", OK, "tls@far.example", 1 },
        { "v=TLSRPTv1; new=thing; rua=MAILTO:a%2Cb%21c%3b@far.example?subject=x", ERR_BAD, "", 0 },
        { "v=TLSRPTv1; rua=mailto:a%21b%2bc@far.example?subject=x", OK, "a!b+c@far.example", 1 },
        { "v=TLSRPTv1; rua=https://Far.example/v1?key=%2c", OK, "far.example:443/v1?key=%2c", 1 },
        { "v=TLSRPTv1; rua=https://far.example:8443#x", OK, "far.example:8443/", 1 },
        { "v=TLSRPTv1; rua=https://far.example?q", OK, "far.example:443/?q", 1 },
        { "v=TLSRPTv1; rua=mailto:a@far.example , https://far.example/b", OK, "a@far.example", 2 },
        { "v=TLSRPTv1; rua=ftp://x/,mailto:nobody,https://1.2.3.4/,mailto:a@far.example", OK, "a@far.example", 1 },
        { "v=TLSRPTv1; rua=https://u@far.example/", ERR_BAD, "", 0 },
        { "v=TLSRPTv1; rua=https://far.example:0/", ERR_BAD, "", 0 },
        { "v=TLSRPTv1; rua=https://far.example:65536/", ERR_BAD, "", 0 },
        { "v=TLSRPTv1; rua=https://[::1]/", ERR_BAD, "", 0 },
        { "v=TLSRPTv1; rua=https://far.example/a b", ERR_BAD, "", 0 },
        { "v=TLSRPTv1; rua=http://far.example/", ERR_BAD, "", 0 },
        { "v=TLSRPTv1; rua=mailto:a%0d%0ab@far.example", ERR_BAD, "", 0 },
        { "v=TLSRPTv1; rua=mailto:a%zz@far.example", ERR_BAD, "", 0 },
        { "v=TLSRPTv1; rua=mailto:a@[192.0.2.1]", ERR_BAD, "", 0 },
        { "v=TLSRPTv1", ERR_BAD, "", 0 },
        { "v=TLSRPTv1; rua=", ERR_BAD, "", 0 },
        { "v=tlsrptv1; rua=mailto:a@far.example", ERR_GONE, "", 0 },
        { "v=TLSRPTv2; rua=mailto:a@far.example", ERR_GONE, "", 0 },
        { "", ERR_GONE, "", 0 },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO_ARENA struct arena a = { .max = 16 * 1024 };
        struct tls_rpt r = { .n = 0 };
        CHECK_EQ(tls_rpt_parse(&a, str_c(cases[i].txt), &r), cases[i].e);
        CHECK_EQ(r.n, cases[i].n);
        if (r.n == 0)
            continue;
        const struct tls_rpt_uri *u = &r.v[0];
        struct str first = u->kind == TLS_RPT_MAIL
                               ? u->address
                               : arena_printf(&a, "%.*s:%u%.*s", STR_FMT(u->host), u->port, STR_FMT(u->path));
        CHECK_STR(cases[i].txt, first, cases[i].first);
    }
}

TEST(tls_rpt_is_bounded)
{
    AUTO_ARENA struct arena a = { .max = 256 * 1024 }, small = { .max = 8 };
    AUTO_BUF struct buf txt = { .max = 64 * 1024 };
    struct tls_rpt r;
    buf_puts(&txt, "v=TLSRPTv1; rua=https://far.example/");
    for (size_t i = 0; i < LIMIT_TLS_RPT_URI; i++)
        buf_putc(&txt, 'x');
    CHECK_EQ(tls_rpt_parse(&a, buf_str(&txt), &r), ERR_BAD);
    for (size_t i = 0; i < 20; i++)
        buf_printf(&txt, ",mailto:a%zu@far.example", i);
    CHECK_EQ(tls_rpt_parse(&small, buf_str(&txt), &r), ERR_FULL);
    CHECK_OK(tls_rpt_parse(&a, buf_str(&txt), &r));
    CHECK_EQ(r.n, LIMIT_TLS_RPT_URIS);
}
