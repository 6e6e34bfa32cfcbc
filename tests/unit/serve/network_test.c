#include "serve/network.h"
#include "test.h"

static struct sockaddr_storage at(const char *text)
{
    struct sockaddr_storage sa = { 0 };
    CHECK_OK(network_addr_parse(str_c(text), &sa));
    return sa;
}

TEST(addresses_come_back)
{
    static const char *const good[] = { "127.0.0.1:25", "0.0.0.0:0", "[::1]:2525", "[2001:db8::1]:65535" };
    static const char *const bad[] = { "",         "127.0.0.1",      ":25",           "localhost:25",   "::1:25",
                                       "[::1]",    "[127.0.0.1]:25", "1.2.3.4:65536", "1.2.3.4:-1",     "1.2.3.4:",
                                       "1.2.3:25", "[::1:25",        "::1]:25",       "[fe80::1%lo]:25" };
    for (size_t i = 0; i < COUNT(good); i++) {
        struct sockaddr_storage sa = at(good[i]);
        char text[NETWORK_ADDR_TEXT];
        network_addr_format(&sa, text);
        CHECK_STR(good[i], str_c(text), good[i]);
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct sockaddr_storage sa;
        if (network_addr_parse(str_c(bad[i]), &sa) != ERR_BAD)
            fail_msg("taken: %s", bad[i]);
    }
}

TEST(networks)
{
    static const struct {
        const char *net, *addr;
        bool in;
    } cases[] = {
        { "127.0.0.0/8", "127.9.9.9:1", true },
        { "127.0.0.0/8", "128.0.0.1:1", false },
        { "127.0.0.0/8", "[::ffff:127.0.0.1]:1", true },
        { "127.0.0.0/8", "[::1]:1", false },
        { "192.0.2.1", "192.0.2.1:1", true },
        { "192.0.2.1", "192.0.2.2:1", false },
        { "192.0.2.128/25", "192.0.2.127:1", false },
        { "192.0.2.128/25", "192.0.2.129:1", true },
        { "0.0.0.0/0", "8.8.8.8:1", true },
        { "0.0.0.0/0", "[::1]:1", false },
        { "::/0", "[2001:db8::1]:1", true },
        { "::/0", "[::ffff:1.2.3.4]:1", false },
        { "2001:db8::/33", "[2001:db8:7fff::]:1", true },
        { "2001:db8::/33", "[2001:db8:8000::]:1", false },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct network n;
        struct sockaddr_storage sa = at(cases[i].addr);
        CHECK_OK(network_parse(str_c(cases[i].net), &n));
        if (network_has(&n, (const struct sockaddr *)&sa) != cases[i].in)
            fail_msg("%s %s", cases[i].net, cases[i].addr);
    }
    static const char *const bad[] = {
        "", "10.0.0.0/33", "::/129", "10.0.0.1/8", "10.0.0.0/", "10.0.0.0/x", "a/8", "/8"
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct network n;
        if (network_parse(str_c(bad[i]), &n) != ERR_BAD)
            fail_msg("taken: %s", bad[i]);
    }
}

TEST(hosts)
{
    struct sockaddr_storage sa;
    CHECK_OK(network_host_parse(S("192.0.2.1"), &sa));
    CHECK_EQ(sa.ss_family, AF_INET);
    CHECK_OK(network_host_parse(S("IPv6:2001:db8::1"), &sa));
    CHECK_EQ(sa.ss_family, AF_INET6);
    CHECK_EQ(network_host_parse(S("[UNAVAILABLE]"), &sa), ERR_BAD);
    CHECK_EQ(network_host_parse(S("IPv6:"), &sa), ERR_BAD);
}
