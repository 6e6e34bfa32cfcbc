#include "wire/ip.h"
#include "base/secret.h"
#include <arpa/inet.h>

static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

struct ip ip_of_six(const uint8_t b[16])
{
    struct ip ip = { .six = memcmp(b, mapped, sizeof mapped) != 0 };
    memcpy(ip.b, ip.six ? b : b + sizeof mapped, ip_n(&ip));
    return ip;
}

enum err ip_parse(struct str text, struct ip *out)
{
    char zero_ended[INET6_ADDRSTRLEN];
    struct ip ip = { .six = str_chr(text, ':') != STR_NONE };
    if (text.n == 0 || text.n >= sizeof zero_ended || str_chr(text, 0) != STR_NONE)
        return ERR_BAD;
    memcpy(zero_ended, text.p, text.n);
    zero_ended[text.n] = 0;
    bool good = inet_pton(ip.six ? AF_INET6 : AF_INET, zero_ended, ip.b) == 1;
    secret_wipe(zero_ended, sizeof zero_ended); /* it may be a client's */
    if (!good)
        return ERR_BAD;
    *out = ip.six ? ip_of_six(ip.b) : ip;
    return OK;
}

void ip_put(struct buf *out, const struct ip *ip)
{
    char text[INET6_ADDRSTRLEN];
    if (inet_ntop(ip->six ? AF_INET6 : AF_INET, ip->b, text, sizeof text))
        buf_puts(out, text);
}

bool ip_within(const struct ip *ip, const struct ip *net, unsigned bits)
{
    size_t whole = MIN(bits / 8, ip_n(ip));
    unsigned rest = bits % 8;
    if (ip->six != net->six || memcmp(ip->b, net->b, whole) != 0)
        return false;
    return rest == 0 || whole == ip_n(ip) || (ip->b[whole] ^ net->b[whole]) >> (8 - rest) == 0;
}

bool ip_is_private(const struct ip *ip)
{
    static const struct {
        struct ip net;
        unsigned bits;
    } nets[] = {
        { { false, { 0 } }, 8 },         { { false, { 10 } }, 8 },         { { false, { 100, 64 } }, 10 },
        { { false, { 127 } }, 8 },       { { false, { 169, 254 } }, 16 },  { { false, { 172, 16 } }, 12 },
        { { false, { 192, 168 } }, 16 }, { { true, { [15] = 1 } }, 128 },  { { true, { 0 } }, 128 },
        { { true, { 0xfc } }, 7 },       { { true, { 0xfe, 0x80 } }, 10 },
    };
    for (size_t i = 0; i < COUNT(nets); i++)
        if (ip_within(ip, &nets[i].net, nets[i].bits))
            return true;
    return false;
}

/* The IPv4 address that packets to ip end at, where it is a translator's (RFC 6052) or a 6to4 tunnel's (RFC 3056). */
static bool carries_four(const struct ip *ip, struct ip *four)
{
    static const struct {
        struct ip net;
        unsigned bits, at;
    } nets[] = { { { true, { [10] = 0xff, 0xff } }, 96, 12 },
                 { { true, { 0, 0x64, 0xff, 0x9b } }, 96, 12 },
                 { { true, { 0x20, 0x02 } }, 16, 2 } };
    for (size_t i = 0; i < COUNT(nets); i++) {
        if (!ip_within(ip, &nets[i].net, nets[i].bits))
            continue;
        *four = (struct ip){ .six = false };
        memcpy(four->b, ip->b + nets[i].at, 4);
        return true;
    }
    return false;
}

/* IANA's registries of special-purpose addresses (RFC 6890), and multicast. Of IPv6 only 2000::/3 is given out to
 * anybody (RFC 4291 section 2.4): loopback, link-local, site-local, unique local, multicast and ::192.0.2.1 lie
 * outside. */
static bool is_special(const struct ip *ip)
{
    static const struct {
        struct ip net;
        unsigned bits;
    } nets[] = {
        { { false, { 0 } }, 8 },
        { { false, { 10 } }, 8 },
        { { false, { 100, 64 } }, 10 },
        { { false, { 127 } }, 8 },
        { { false, { 169, 254 } }, 16 },
        { { false, { 172, 16 } }, 12 },
        { { false, { 192, 0, 0 } }, 24 },
        { { false, { 192, 0, 2 } }, 24 },
        { { false, { 192, 88, 99 } }, 24 },
        { { false, { 192, 168 } }, 16 },
        { { false, { 198, 18 } }, 15 },
        { { false, { 198, 51, 100 } }, 24 },
        { { false, { 203, 0, 113 } }, 24 },
        { { false, { 224 } }, 3 }, /* multicast, reserved, 255.255.255.255 */
        { { true, { 0x20, 0x01 } }, 23 },
        { { true, { 0x20, 0x01, 0x0d, 0xb8 } }, 32 },
        { { true, { 0x3f, 0xff } }, 20 },
    };
    static const struct ip given_out = { true, { 0x20 } };
    for (size_t i = 0; i < COUNT(nets); i++)
        if (ip_within(ip, &nets[i].net, nets[i].bits))
            return true;
    return ip->six && !ip_within(ip, &given_out, 3);
}

bool ip_is_global(const struct ip *ip)
{
    struct ip four;
    return carries_four(ip, &four) ? !is_special(&four) : !is_special(ip);
}

void ip_put_reversed(struct buf *out, const struct ip *ip)
{
    for (size_t i = ip_n(ip); i > 0; i--) {
        const char *dot = i > 1 ? "." : "";
        if (ip->six)
            buf_printf(out, "%x.%x%s", ip->b[i - 1] & 15u, ip->b[i - 1] >> 4, dot);
        else
            buf_printf(out, "%u%s", ip->b[i - 1], dot);
    }
}
