#include "base/buf.h"
#include "base/crypto.h"
#include "io/proxy.h"
#include "test.h"
#include <arpa/inet.h>
#include <string.h>

static struct proxy_head head;
static size_t used;

static void check_src(const char *ip, uint16_t port)
{
    char text[INET6_ADDRSTRLEN] = "?";
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)&head.src;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&head.src;
    bool is4 = head.src.ss_family == AF_INET;
    inet_ntop(head.src.ss_family, is4 ? (const void *)&v4->sin_addr : &v6->sin6_addr, text, sizeof text);
    CHECK_STR("address", str_c(text), ip);
    CHECK_EQ(ntohs(is4 ? v4->sin_port : v6->sin6_port), port);
    CHECK(!head.local);
}

/* Every prefix is incomplete, and what follows is left alone. */
static void check_ok(struct str in)
{
    for (size_t n = 0; n < in.n; n++)
        CHECK_EQ(proxy_parse(str_sub(in, 0, n), &head, &used), ERR_MORE);
    AUTO_BUF struct buf b = { .max = 4096 };
    buf_put(&b, in);
    buf_puts(&b, "EHLO x\r\n");
    CHECK_OK(proxy_parse(buf_str(&b), &head, &used));
    CHECK_EQ(used, in.n);
}

TEST(v1)
{
    check_ok(S("PROXY TCP4 192.0.2.1 192.0.2.2 56324 25\r\n"));
    check_src("192.0.2.1", 56324);
    check_ok(S("PROXY TCP6 2001:db8::1 2001:db8::2 0 65535\r\n"));
    check_src("2001:db8::1", 0);
    check_ok(S("PROXY UNKNOWN\r\n"));
    CHECK(head.local);
    check_ok(S("PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n"));
    CHECK(head.local);
}

TEST(v1_malformed)
{
    static const struct str bad[] = {
        STR("GET / HTTP/1.1\r\n"),
        STR("PROXY  TCP4 192.0.2.1 192.0.2.2 1 2\r\n"),
        STR("PROXY TCP4 192.0.2.1 192.0.2.2 1 2 \r\n"),
        STR("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\n"),
        STR("PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n"),
        STR("PROXY TCP4 192.0.2.1 192.0.2.2 65536 2\r\n"),
        STR("PROXY TCP4 192.0.2.1 192.0.2.2 01 2\r\n"),
        STR("PROXY TCP4 192.0.2.1 192.0.2.2 -1 2\r\n"),
        STR("PROXY TCP4 192.0.2.1\0 192.0.2.2 1 2\r\n"),
        STR("PROXY TCP4 192.0.2 192.0.2.2 1 2\r\n"),
        STR("PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n"),
        STR("PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n"),
        STR("PROXY UDP4 192.0.2.1 192.0.2.2 1 2\r\n"),
        STR("PROXY \r\n"),
        STR("proxy TCP4 192.0.2.1 192.0.2.2 1 2\r\n"),
        STR("\r\n\r\n\r\n"),
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        head.local = true;
        used = 7;
        CHECK_EQ(proxy_parse(bad[i], &head, &used), ERR_BAD);
        CHECK(head.local && used == 7);
    }
    char endless[200];
    memset(endless, 'x', sizeof endless);
    memcpy(endless, "PROXY UNKNOWN ", 14);
    CHECK_EQ(proxy_parse(str_of(endless, 106), &head, &used), ERR_MORE);
    CHECK_EQ(proxy_parse(str_of(endless, 107), &head, &used), ERR_BAD);
}

#define SIG "\r\n\r\n\0\r\nQUIT\n"
#define IP4                                                                                                            \
    "\xc0\0\2\1"                                                                                                       \
    "\xc0\0\2\2"                                                                                                       \
    "\x30\x39"                                                                                                         \
    "\0\x19"
#define IP6                                                                                                            \
    "\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1"                                                                            \
    "\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\2"                                                                            \
    "\x30\x39"                                                                                                         \
    "\0\x19"

TEST(v2)
{
    check_ok(S(SIG "\x21\x11\0\xc" IP4));
    check_src("192.0.2.1", 12345);
    check_ok(S(SIG "\x21\x21\0\x24" IP6));
    check_src("2001:db8::1", 12345);
    check_ok(S(SIG "\x21\x11\0\x12" IP4 "\1\0\3abc")); /* ALPN */
    check_src("192.0.2.1", 12345);
    check_ok(S(SIG "\x20\0\0\0"));
    CHECK(head.local);
    check_ok(S(SIG "\x20\x11\0\4junk"));
    CHECK(head.local);
    check_ok(S(SIG "\x21\0\0\4junk"));
    CHECK(head.local);
}

TEST(v2_malformed)
{
    static const struct str bad[] = {
        STR(SIG "\x11\x11\0\xc" IP4), /* version */
        STR(SIG "\x22\x11\0\xc" IP4), /* command */
        STR(SIG "\x21\x12\0\xc" IP4), /* UDP */
        STR(SIG "\x21\x41\0\xc" IP4), /* family */
        STR(SIG "\x21\x11\0\xb" IP4), /* too short for its addresses */
        STR(SIG "\x21\x21\0\xc" IP4),
        STR(SIG "\x21\x11\0\xe" IP4 "\1\0"),      /* a cut TLV */
        STR(SIG "\x21\x11\0\x11" IP4 "\1\0\3ab"), /* longer than the head */
        STR(SIG "\x21\x11\xff\xff"),              /* over our ceiling: said at once */
        STR("\r\n\r\n\0\r\nQUIX\n\x21\x11\0\xc" IP4),
    };
    for (size_t i = 0; i < COUNT(bad); i++)
        CHECK_EQ(proxy_parse(bad[i], &head, &used), ERR_BAD);
}

TEST(v2_checksum)
{
    char h[] = SIG "\x21\x11\0\x13" IP4 "\3\0\4\0\0\0\0";
    uint32_t crc = crypto_crc32c(0, str_of(h, sizeof h - 1));
    put_be32((uint8_t *)h + sizeof h - 5, crc);
    check_ok(str_of(h, sizeof h - 1));
    h[20] ^= 1;
    CHECK_EQ(proxy_parse(str_of(h, sizeof h - 1), &head, &used), ERR_BAD);
}
