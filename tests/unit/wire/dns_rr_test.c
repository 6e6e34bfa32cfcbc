#include "test.h"
#include "wire/dns_rr.h"

TEST(names_that_may_be_asked_for)
{
    static const struct {
        const char *name;
        bool good;
    } cases[] = {
        { "example.org", true },
        { "example.org.", true },
        { "_dmarc.example.org", true },
        { "a b.example", true },
        { "", false },
        { ".", false },
        { "..", false },
        { "a..b", false },
        { ".a", false },
        { "a..", false },
        { "123456789012345678901234567890123456789012345678901234567890123.example", true },
        { "1234567890123456789012345678901234567890123456789012345678901234.example", false },
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        if (dns_name_valid(str_c(cases[i].name)) != cases[i].good)
            CHECK_STR(cases[i].name, str_c(cases[i].name), "the other verdict");
    char text[300];
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = i % 2 ? '.' : 'a';
    CHECK(dns_name_valid(str_of(text, 253)) && !dns_name_valid(str_of(text, 255)));
}

TEST(odd_octets_are_escaped)
{
    AUTO_BUF struct buf out = { .max = 100 };
    dns_name_escape(&out, S("a-_1.\\ \xff"));
    CHECK_STR("escaped", buf_str(&out), "a-_1.\\092\\032\\255");
}

#define HEAD(answers) "\0\1\x81\x80\0\1\0" answers "\0\0\0\0"
#define QUESTION "\1q\0\0\x10\0\1"
#define RR(type, length) "\xc0\x0c\0" type "\0\1\0\0\0\x3c\0" length

TEST(records_of_a_packet)
{
    AUTO_ARENA struct arena a = { .max = 1 << 20 };
    struct dns_records r;
    CHECK_OK(dns_records_parse(&a, S(HEAD("\2") QUESTION RR("\x10", "\x07") "\2ab\3cde" RR("\x01", "\4") "abcd"),
                               DNS_TXT, &r));
    CHECK_EQ(r.n, 1);
    CHECK_STR("joined", r.v[0].data, "abcde");
    CHECK_OK(dns_records_parse(&a, S(HEAD("\1") QUESTION RR("\x0f", "\x06") "\1\2\1M\xc0\x0c"), DNS_MX, &r));
    CHECK(r.n == 1 && r.v[0].preference == 258);
    CHECK_STR("lower-case", r.v[0].data, "m.q");
    CHECK_OK(dns_records_parse(&a, S(HEAD("\1") QUESTION RR("\x0f", "\3") "\0\0\0"), DNS_MX, &r));
    CHECK_STR("the root: no mail", r.v[0].data, "");
    /* a name that points at itself, a string past its record, an address too short: left out */
    CHECK_OK(dns_records_parse(&a, S(HEAD("\1") QUESTION RR("\x0c", "\2") "\xc0\x23"), DNS_PTR, &r));
    CHECK_EQ(r.n, 0);
    CHECK_OK(dns_records_parse(&a, S(HEAD("\1") QUESTION RR("\x10", "\3") "\3ab"), DNS_TXT, &r));
    CHECK_EQ(r.n, 0);
    CHECK_OK(dns_records_parse(&a, S(HEAD("\1") QUESTION RR("\x1c", "\4") "abcd"), DNS_AAAA, &r));
    CHECK_EQ(r.n, 0);
    CHECK_EQ(dns_records_parse(&a, S("short"), DNS_A, &r), ERR_BAD);
    CHECK_EQ(dns_records_parse(&a, S(HEAD("\5") QUESTION), DNS_A, &r), ERR_BAD);
}
