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
    CHECK_OK(dns_records_parse(&a, S(HEAD("\1") QUESTION RR("\x21", "\x0a") "\0\1\0\2\1\3\1M\xc0\x0c"), DNS_SRV, &r));
    CHECK(r.n == 1 && r.v[0].preference == 1 && r.v[0].port == 259);
    CHECK_STR("its target", r.v[0].data, "m.q");
    CHECK_OK(dns_records_parse(&a, S(HEAD("\1") QUESTION RR("\x21", "\6") "\0\1\0\2\0\3"), DNS_SRV, &r));
    CHECK_EQ(r.n, 0);
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

#define COUNTS(code, answers, authorities) "\0\1\x81" code "\0\1\0" answers "\0" authorities "\0\0"
#define TEXT(ttl) "\xc0\x0c\0\x10\0\1" ttl "\0\3\2ab"
#define ALIAS(ttl) "\xc0\x0c\0\5\0\1" ttl "\0\2\xc0\x0c"
#define START(ttl) "\0\0\6\0\1" ttl "\0\x16\0\0\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1"
#define SERVER(ttl) "\0\0\2\0\1" ttl "\0\1\0"
#define HOUR "\0\0\x0e\x10"
#define MINUTE "\0\0\0\x3c"

TEST(an_answer_may_be_kept_as_long_as_its_records)
{
    static const struct {
        const char *what;
        struct str packet;
        uint32_t want; /* 0: not at all */
    } cases[] = {
        { "a record", STR(COUNTS("\x80", "\1", "\0") QUESTION TEXT(HOUR)), 3600 },
        { "the least of them", STR(COUNTS("\x80", "\2", "\0") QUESTION ALIAS(MINUTE) TEXT(HOUR)), 60 },
        { "of the authorities, too", STR(COUNTS("\x80", "\1", "\1") QUESTION TEXT(HOUR) SERVER(MINUTE)), 60 },
        { "no such name, and for how long", STR(COUNTS("\x83", "\0", "\1") QUESTION START(MINUTE)), 60 },
        { "no such name", STR(COUNTS("\x83", "\0", "\0") QUESTION), 0 },
        { "no such record", STR(COUNTS("\x80", "\0", "\1") QUESTION SERVER(HOUR)), 0 },
        { "an alias to nothing", STR(COUNTS("\x80", "\1", "\0") QUESTION ALIAS(HOUR)), 0 },
        { "an alias to no such record", STR(COUNTS("\x80", "\1", "\1") QUESTION ALIAS(HOUR) START(MINUTE)), 60 },
        { "not to be kept", STR(COUNTS("\x80", "\2", "\0") QUESTION TEXT(HOUR) TEXT("\0\0\0\0")), 0 },
        { "beyond what a TTL may be", STR(COUNTS("\x80", "\1", "\0") QUESTION TEXT("\x80\0\0\0")), 0 },
        { "cut short", STR(COUNTS("\x80", "\2", "\0") QUESTION TEXT(HOUR)), 0 },
        { "no packet", STR("short"), 0 },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint32_t got = 0;
        bool kept = dns_packet_life(cases[i].packet, DNS_TXT, &got);
        if ((kept ? got : 0) != cases[i].want)
            CHECK_STR(cases[i].what, S("another life"), "");
    }
}
