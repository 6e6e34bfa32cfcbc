#include "test.h"
#include "wire/ip.h"

static struct ip ip_of(const char *text)
{
    struct ip ip = { .six = false };
    CHECK_OK(ip_parse(str_c(text), &ip));
    return ip;
}

TEST(addresses)
{
    static const struct {
        const char *in, *out;
    } cases[] = {
        { "192.0.2.1", "192.0.2.1" },       { "2001:DB8:0:0::1", "2001:db8::1" }, { "::ffff:192.0.2.1", "192.0.2.1" },
        { "::FFFF:c000:201", "192.0.2.1" }, { "::192.0.2.1", "::192.0.2.1" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO_BUF struct buf out = { .max = 100 };
        struct ip ip = ip_of(cases[i].in);
        ip_put(&out, &ip);
        CHECK_STR(cases[i].in, buf_str(&out), cases[i].out);
    }
    static const char *const bad[] = { "",        "192.0.2", "192.0.2.256", "192.0.2.1 ",
                                       "1::2::3", "[::1]",   "::1%lo",      "example" };
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct ip ip;
        CHECK_EQ(ip_parse(str_c(bad[i]), &ip), ERR_BAD);
    }
}

TEST(networks)
{
    static const struct {
        const char *ip, *net;
        unsigned bits;
        bool within;
    } cases[] = {
        { "192.0.2.1", "192.0.2.1", 32, true },        { "192.0.2.1", "192.0.2.0", 31, true },
        { "192.0.2.2", "192.0.2.0", 31, false },       { "192.0.2.1", "10.0.0.0", 0, true },
        { "192.0.2.200", "192.0.2.0", 24, true },      { "192.0.3.0", "192.0.2.0", 24, false },
        { "192.0.3.0", "192.0.2.0", 23, true },        { "2001:db8::1", "2001:db8::", 127, true },
        { "2001:db8::2", "2001:db8::", 127, false },   { "2001:db8::", "::", 0, true },
        { "::ffff:192.0.2.1", "192.0.2.0", 24, true }, { "2001:db8::1", "0.0.0.0", 0, false },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct ip ip = ip_of(cases[i].ip), net = ip_of(cases[i].net);
        if (ip_within(&ip, &net, cases[i].bits) != cases[i].within)
            CHECK_STR(cases[i].ip, str_c(cases[i].net), "the other way");
    }
}

TEST(who_is_on_no_public_network)
{
    static const char *const private[] = {
        "127.0.0.1",   "127.255.255.255", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1",
        "169.254.1.1", "0.0.0.0",         "::1",      "::",         "fe80::1",        "febf::1",     "fc00::1",
        "fd12::1",     "::ffff:10.0.0.1"
    };
    static const char *const public[] = { "192.0.2.1", "172.32.0.1",  "172.15.255.255", "100.128.0.1", "11.0.0.1",
                                          "8.8.8.8",   "2001:db8::1", "fe00::1",        "fec0::1",     "::2" };
    for (size_t i = 0; i < COUNT(private); i++) {
        struct ip ip = ip_of(private[i]);
        if (!ip_is_private(&ip))
            CHECK_STR(private[i], S("public"), "private");
    }
    for (size_t i = 0; i < COUNT(public); i++) {
        struct ip ip = ip_of(public[i]);
        if (ip_is_private(&ip))
            CHECK_STR(public[i], S("private"), "public");
    }
}
