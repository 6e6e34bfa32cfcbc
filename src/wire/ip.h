/* IP addresses as numbers. An IPv4 address in its IPv6 coat (::ffff:192.0.2.1) is an IPv4 address here. */
#pragma once
#include "base/buf.h"
#include "base/err.h"

struct ip {
    bool six;
    uint8_t b[16]; /* 4 or 16 octets */
};
static inline size_t ip_n(const struct ip *ip) { return ip->six ? 16 : 4; }
/* 192.0.2.1 or 2001:db8::1, nothing around it. */
[[nodiscard]] enum err ip_parse(struct str text, struct ip *out);
struct ip ip_of_six(const uint8_t b[16]);          /* from 16 octets */
void ip_put(struct buf *out, const struct ip *ip); /* RFC 5952 */
/* As the DNS asks about it: 1.2.0.192, or 32 nibbles from the last on (RFC 5782 section 2). */
void ip_put_reversed(struct buf *out, const struct ip *ip);
/* The same family, and the first bits are those of net. */
bool ip_within(const struct ip *ip, const struct ip *net, unsigned bits);
/* Such as nobody meets on the Internet: loopback, link-local, private (RFC 1918, 4193, 6598), unspecified. */
bool ip_is_private(const struct ip *ip);
/* May a stranger's name send us there? Stricter: no address of IANA's special-purpose registries, documentation among
 * them, no multicast; one that carries an IPv4 address (mapped, NAT64, 6to4) is judged by that. */
bool ip_is_global(const struct ip *ip);
