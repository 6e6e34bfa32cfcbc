/* What the RFC 7208 suite (tests/trust/spf.py) does not ask: limits to the number, macros by themselves, time running
 * out. */
#include "trust/spf.h"
#include "trust/spf_macro.h"
#include "trust/spf_record.h"
#include "zone.h"

enum { KEPT_MAX = 4 << 20, SCRATCH_MAX = 1 << 20, ROUNDS_MAX = 300 };

static struct spf_in sender(const char *ip, const char *from)
{
    struct spf_in in = { .helo = S("mail.example"), .from = str_c(from), .receiver = S("here.example") };
    CHECK_OK(ip_parse(str_c(ip), &in.ip));
    return in;
}

static enum result check(const char *ip, const char *from, const struct zone_row *rows, size_t n, size_t *questions)
{
    AUTO_ARENA struct arena kept = { .max = KEPT_MAX }, scratch = { .max = SCRATCH_MAX };
    struct answers as;
    struct spf_in in = sender(ip, from);
    struct spf_out out = { .result = RESULT_COUNT };
    enum err e = ERR_MORE;
    CHECK_OK(answers_init(&as, &kept, &scratch));
    for (size_t i = 0; i < ROUNDS_MAX && e == ERR_MORE; i++) {
        answers_round(&as);
        e = spf_check(&in, &as, &out);
        CHECK((e == ERR_MORE) == (zone_answer(&as, rows, n) > 0));
    }
    CHECK_OK(e);
    if (questions)
        *questions = as.n;
    return out.result;
}

#define TXT(name, text)                                                                                                \
    {                                                                                                                  \
        (name), DNS_TXT, (text)                                                                                        \
    }

TEST(look_ups_are_counted)
{
    static const struct zone_row ten[] = {
        TXT("d.example", "v=spf1 a:1.x.example a:2.x.example a:3.x.example a:4.x.example a:5.x.example a:6.x.example "
                         "a:7.x.example a:8.x.example a:9.x.example a:a.x.example all"),
        { "1.x.example", DNS_A, "192.0.2.1" },
        { "2.x.example", DNS_A, "192.0.2.1" },
        { "3.x.example", DNS_A, "192.0.2.1" },
        { "4.x.example", DNS_A, "192.0.2.1" },
        { "5.x.example", DNS_A, "192.0.2.1" },
        { "6.x.example", DNS_A, "192.0.2.1" },
        { "7.x.example", DNS_A, "192.0.2.1" },
        { "8.x.example", DNS_A, "192.0.2.1" },
        { "9.x.example", DNS_A, "192.0.2.1" },
        { "a.x.example", DNS_A, "192.0.2.1" },
        TXT("over.example", "v=spf1 include:d.example ?all"),
    };
    CHECK_EQ(check("192.0.2.9", "a@d.example", ten, COUNT(ten), NULL), RESULT_PASS);
    CHECK_EQ(check("192.0.2.9", "a@over.example", ten, COUNT(ten), NULL), RESULT_PERMERROR); /* that makes eleven */
}

TEST(void_look_ups_are_counted)
{
    static const struct zone_row zone[] = {
        TXT("two.example", "v=spf1 a:no.example mx:none.example ip4:192.0.2.0/24"),
        TXT("three.example", "v=spf1 a:no.example mx:none.example exists:nil.example ip4:192.0.2.0/24"),
    };
    CHECK_EQ(check("192.0.2.9", "a@two.example", zone, COUNT(zone), NULL), RESULT_PASS);
    CHECK_EQ(check("192.0.2.9", "a@three.example", zone, COUNT(zone), NULL), RESULT_PERMERROR);
}

TEST(loops_end)
{
    static const struct zone_row zone[] = {
        TXT("i.example", "v=spf1 include:i.example -all"),
        TXT("r.example", "v=spf1 redirect=r.example"),
        TXT("p.example", "v=spf1 exists:%{p}.%{p}.p.example include:p.example"),
    };
    size_t n;
    CHECK_EQ(check("192.0.2.9", "a@i.example", zone, COUNT(zone), &n), RESULT_PERMERROR);
    CHECK_EQ(n, 1);
    CHECK_EQ(check("192.0.2.9", "a@r.example", zone, COUNT(zone), NULL), RESULT_PERMERROR);
    CHECK_EQ(check("192.0.2.9", "a@p.example", zone, COUNT(zone), NULL), RESULT_PERMERROR);
}

TEST(no_answer_is_a_temporary_error)
{
    static const struct zone_row zone[] = { TXT("d.example", NULL),
                                            TXT("m.example", "v=spf1 mx -all"),
                                            { "m.example", DNS_MX, "mx.m.example" },
                                            { "mx.m.example", DNS_A, NULL } };
    CHECK_EQ(check("192.0.2.9", "a@d.example", zone, COUNT(zone), NULL), RESULT_TEMPERROR);
    CHECK_EQ(check("192.0.2.9", "a@m.example", zone, COUNT(zone), NULL), RESULT_TEMPERROR);
}

TEST(hosts_of_an_mx_count_in_their_order)
{
    static const struct zone_row zone[] = {
        TXT("good.example", "v=spf1 mx -all"),    { "good.example", DNS_MX, "one.example" },
        { "good.example", DNS_MX, "no.example" }, TXT("bad.example", "v=spf1 mx -all"),
        { "bad.example", DNS_MX, "no.example" },  { "bad.example", DNS_MX, "one.example" },
        { "one.example", DNS_A, "192.0.2.9" },    { "no.example", DNS_A, NULL },
    };
    CHECK_EQ(check("192.0.2.9", "a@good.example", zone, COUNT(zone), NULL), RESULT_PASS);
    CHECK_EQ(check("192.0.2.9", "a@bad.example", zone, COUNT(zone), NULL), RESULT_TEMPERROR);
}

TEST(the_helo_name_stands_in_for_an_empty_sender)
{
    static const struct zone_row zone[] = { TXT("mail.example", "v=spf1 exists:%{l}.%{o} -all"),
                                            { "postmaster.mail.example", DNS_A, "127.0.0.2" } };
    CHECK_EQ(check("2001:db8::1", "", zone, COUNT(zone), NULL), RESULT_PASS);
}

TEST(macros)
{
    static const struct {
        const char *in, *out;
    } cases[] = {
        { "%{s}", "strong-bad@email.example.com" }, /* RFC 7208 section 7.4 */
        { "%{o}", "email.example.com" },
        { "%{d4}", "email.example.com" },
        { "%{d2}", "example.com" },
        { "%{d1}", "com" },
        { "%{dr}", "com.example.email" },
        { "%{d2r}", "example.email" },
        { "%{l-}", "strong.bad" },
        { "%{lr-}", "bad.strong" },
        { "%{l1r-}", "strong" },
        { "%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com" },
        { "%{d2}.trusted-domains.example.net", "example.com.trusted-domains.example.net" },
        { "%%%_%-", "% %20" },
        { "%{S}", "strong-bad%40email.example.com" },
        { "%{d999999999999999999}", "email.example.com" },
    };
    struct spf_macros m = { .local = S("strong-bad"),
                            .sender_domain = S("email.example.com"),
                            .domain = S("email.example.com") };
    CHECK_OK(ip_parse(S("192.0.2.3"), &m.ip));
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO_BUF struct buf out = { .max = 1000 };
        CHECK(spf_macro_valid(str_c(cases[i].in), SPF_IN_TEXT));
        spf_macro_expand(&m, str_c(cases[i].in), &out);
        CHECK_STR(cases[i].in, buf_str(&out), cases[i].out);
    }
    static const char *const bad[] = { "%", "%{", "%{}", "%{d0}", "%{dx}", "%{q}", "%(d)", "%{d", "%d" };
    for (size_t i = 0; i < COUNT(bad); i++)
        if (spf_macro_valid(str_c(bad[i]), SPF_IN_TEXT))
            CHECK_STR(bad[i], str_c("valid"), "not valid");
}

TEST(domain_specs)
{
    static const struct {
        const char *text;
        bool good;
    } cases[] = {
        { "example.com", true }, { "example.com.", true }, { "a.%{d}", true }, { "%{d}.com", true },
        { "com", false },        { "example.123", false }, { "%%", false },    { "a.-b", false },
        { "%{c}", false },       { "a b.com", false },     { "%{d}-", false }, { "", false },
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        if (spf_domain_valid(str_c(cases[i].text)) != cases[i].good)
            CHECK_STR(cases[i].text, str_c(cases[i].good ? "bad" : "good"), "the other verdict");
}
