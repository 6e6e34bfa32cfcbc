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

TEST(where_a_strangers_name_may_send_us)
{
    static const char *const nowhere[] = { "0.0.0.0",
                                           "0.1.2.3",
                                           "10.0.0.1",
                                           "100.127.255.255",
                                           "127.0.3.77",
                                           "169.254.169.254",
                                           "172.31.0.1",
                                           "192.0.0.1",
                                           "192.0.2.1",
                                           "192.88.99.1",
                                           "192.168.0.1",
                                           "198.18.0.1",
                                           "198.19.255.255",
                                           "198.51.100.1",
                                           "203.0.113.1",
                                           "224.0.0.1",
                                           "239.255.255.255",
                                           "240.0.0.1",
                                           "255.255.255.255",
                                           "::",
                                           "::1",
                                           "::127.0.3.77",
                                           "::8.8.8.8",
                                           "::ffff:127.0.3.77",
                                           "::ffff:0:0",
                                           "64:ff9b::7f00:1",
                                           "64:ff9b::a00:1",
                                           "64:ff9b:1::808:808",
                                           "100::1",
                                           "2001::1",
                                           "2001:2::1",
                                           "2001:10::1",
                                           "2001:20::1",
                                           "2001:db8::1",
                                           "2002:7f00:1::1",
                                           "2002:a00:1::1",
                                           "3fff::1",
                                           "5f00::1",
                                           "fc00::1",
                                           "fd12::1",
                                           "fe80::1",
                                           "fec0::1",
                                           "ff02::1",
                                           "ff0e::1" };
    static const char *const somewhere[] = { "8.8.8.8",         "1.1.1.1",          "100.63.0.1",      "100.128.0.1",
                                             "172.32.0.1",      "192.0.1.1",        "198.17.0.1",      "198.20.0.1",
                                             "223.255.255.255", "::ffff:8.8.8.8",   "2001:200::1",     "2001:4860::1",
                                             "2a00:1450::1",    "64:ff9b::808:808", "2002:808:808::1", "2606:4700::1" };
    for (size_t i = 0; i < COUNT(nowhere); i++) {
        struct ip ip = ip_of(nowhere[i]);
        if (ip_is_global(&ip))
            CHECK_STR(nowhere[i], S("global"), "nowhere");
    }
    for (size_t i = 0; i < COUNT(somewhere); i++) {
        struct ip ip = ip_of(somewhere[i]);
        if (!ip_is_global(&ip))
            CHECK_STR(somewhere[i], S("nowhere"), "global");
    }
    struct ip raw = { true, { [10] = 0xff, 0xff, 127, 0, 3, 77 } }; /* not by way of ip_of_six() */
    CHECK(!ip_is_global(&raw));
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
