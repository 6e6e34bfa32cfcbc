/* Reverse DNS, HELO and block lists over a table for a DNS. */
#include "trust/client.h"
#include "trust/dnsbl.h"
#include "zone.h"

static const struct zone_row rows[] = {
    { "1.2.0.192.in-addr.arpa", DNS_PTR, "mail.example.org" },
    { "mail.example.org", DNS_A, "192.0.2.1" },
    { "2.2.0.192.in-addr.arpa", DNS_PTR, "liar.example.org" },
    { "liar.example.org", DNS_A, "198.51.100.1" },
    { "3.2.0.192.in-addr.arpa", DNS_PTR, NULL },
    { "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa", DNS_PTR, "six.example.org" },
    { "six.example.org", DNS_AAAA, "2001:db8::1" },
    { "7.2.0.192.list.test", DNS_A, "127.0.0.2" },
    { "8.2.0.192.list.test", DNS_A, "192.0.2.99" },      /* a domain that was sold: it resolves everything */
    { "9.2.0.192.list.test", DNS_A, "127.255.255.254" }, /* it does not answer us */
    { "9.2.0.192.other.test", DNS_A, "127.0.0.10" },
    { "5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.list.test", DNS_A, "127.0.0.4" },
    { "6.2.0.192.list.test", DNS_A, NULL },
};

struct rig {
    struct arena kept, scratch;
    struct answers as;
    struct ip ip;
};

static void rig_init(struct rig *r, const char *ip)
{
    arena_init(&r->kept, 1 << 20);
    arena_init(&r->scratch, 1 << 20);
    CHECK_OK(answers_init(&r->as, &r->kept, &r->scratch));
    CHECK_OK(ip_parse(str_c(ip), &r->ip));
}

static void rig_fini(struct rig *r)
{
    arena_reset(&r->kept);
    arena_reset(&r->scratch);
}

static struct client_out client_of(const char *ip, const char *helo, bool reverse)
{
    struct rig r;
    struct client_out out;
    rig_init(&r, ip);
    struct client_in in = { .ip = r.ip, .helo = str_c(helo), .server = S("mx.test"), .reverse = reverse };
    enum err e;
    while ((e = client_check(&in, &r.as, &out)) == ERR_MORE && zone_answer(&r.as, rows, COUNT(rows)) > 0)
        ;
    CHECK_OK(e);
    rig_fini(&r);
    return out;
}

TEST(an_address_leads_to_a_name_and_back)
{
    CHECK_EQ(client_of("192.0.2.1", "x", true).rdns, CLIENT_RDNS_GOOD);
    CHECK_EQ(client_of("192.0.2.2", "x", true).rdns, CLIENT_RDNS_BROKEN);
    CHECK_EQ(client_of("192.0.2.3", "x", true).rdns, CLIENT_RDNS_UNKNOWN);
    CHECK_EQ(client_of("192.0.2.4", "x", true).rdns, CLIENT_RDNS_NONE);
    CHECK_EQ(client_of("2001:db8::1", "x", true).rdns, CLIENT_RDNS_GOOD);
    CHECK_EQ(client_of("192.0.2.4", "x", false).rdns, CLIENT_RDNS_UNKNOWN); /* not asked */
}

TEST(what_helo_says)
{
    static const struct {
        const char *ip, *helo;
        enum client_helo want;
    } cases[] = {
        { "192.0.2.1", "mail.example.org", CLIENT_HELO_FINE },
        { "192.0.2.1", "[192.0.2.1]", CLIENT_HELO_FINE },
        { "2001:db8::1", "[IPv6:2001:DB8:0::1]", CLIENT_HELO_FINE },
        { "192.0.2.1", "MX.test", CLIENT_HELO_OURS },
        { "192.0.2.1", "[192.0.2.2]", CLIENT_HELO_ADDRESS },
        { "192.0.2.1", "192.0.2.1", CLIENT_HELO_ADDRESS },
        { "192.0.2.1", "[", CLIENT_HELO_BARE },
        { "192.0.2.1", "[]", CLIENT_HELO_ADDRESS },
        { "192.0.2.1", "localhost", CLIENT_HELO_BARE },
        { "192.0.2.1", "nobody.example.net", CLIENT_HELO_NOWHERE },
        { "192.0.2.1", "liar.example.org", CLIENT_HELO_ELSEWHERE },
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        if (client_of(cases[i].ip, cases[i].helo, false).helo != cases[i].want)
            CHECK_STR(cases[i].helo, S("another verdict"), "");
}

static struct str listed_in(const char *ip, size_t zones)
{
    static const struct str v[] = { STR("list.test"), STR("other.test") };
    struct rig r;
    struct str zone;
    rig_init(&r, ip);
    enum err e;
    while ((e = dnsbl_check(v, zones, &r.ip, &r.as, &zone)) == ERR_MORE && zone_answer(&r.as, rows, COUNT(rows)) > 0)
        ;
    CHECK_OK(e);
    rig_fini(&r);
    return zone;
}

TEST(block_lists_answer_inside_127_alone)
{
    CHECK_STR("listed", listed_in("192.0.2.7", 2), "list.test");
    CHECK_STR("IPv6 by nibbles", listed_in("2001:db8::5", 2), "list.test");
    CHECK_STR("not listed", listed_in("192.0.2.1", 2), "");
    CHECK_STR("a list that resolves everything", listed_in("192.0.2.8", 2), "");
    CHECK_STR("one that does not answer us; another one does", listed_in("192.0.2.9", 2), "other.test");
    CHECK_STR("one that cannot be asked", listed_in("192.0.2.6", 1), "");
    CHECK_STR("no list", listed_in("192.0.2.7", 0), "");
}
