/* The header is read before anything else of a connection, from those whom the operator trusts to send one; still every
 * length in it is checked as a stranger's. */
#include "io/proxy.h"
#include "base/crypto.h"
#include <arpa/inet.h>
#include <string.h>

enum { V1_MAX = 107, V2_FIXED = 16, V2_BODY_MAX = PROXY_HEAD_MAX - V2_FIXED };
enum { TLV_CRC32C = 0x03 };

/* A port as section 2.1 has it: decimal, no leading zero, at most 65535. */
static bool parse_port(struct str s, uint16_t *out)
{
    uint32_t v;
    if (s.n > 5 || (s.n > 1 && s.p[0] == '0') || !str_to_u32(s, &v) || v > UINT16_MAX)
        return false;
    *out = (uint16_t)v;
    return true;
}

static bool parse_ip(struct str s, int family, void *out)
{
    char text[INET6_ADDRSTRLEN];
    if (s.n == 0 || s.n >= sizeof text || memchr(s.p, 0, s.n))
        return false;
    memcpy(text, s.p, s.n);
    text[s.n] = 0;
    return inet_pton(family, text, out) == 1;
}

static void set_src4(struct proxy_head *h, const void *ip, uint16_t port)
{
    struct sockaddr_in *sa = (struct sockaddr_in *)&h->src;
    sa->sin_family = AF_INET;
    sa->sin_port = htons(port);
    memcpy(&sa->sin_addr, ip, sizeof sa->sin_addr);
}

static void set_src6(struct proxy_head *h, const void *ip, uint16_t port)
{
    struct sockaddr_in6 *sa = (struct sockaddr_in6 *)&h->src;
    sa->sin6_family = AF_INET6;
    sa->sin6_port = htons(port);
    memcpy(&sa->sin6_addr, ip, sizeof sa->sin6_addr);
}

/* What follows "PROXY " on the line. Fields are parted by exactly one space. */
static bool parse_v1_fields(struct str line, struct proxy_head *h)
{
    struct str proto = str_cut(line, ' ', &line);
    if (str_eq(proto, S("UNKNOWN"))) { /* whatever follows on the line is to be ignored */
        h->local = true;
        return true;
    }
    int family = str_eq(proto, S("TCP4")) ? AF_INET : AF_INET6;
    if (family == AF_INET6 && !str_eq(proto, S("TCP6")))
        return false;
    struct str src = str_cut(line, ' ', &line), dst = str_cut(line, ' ', &line), sport = str_cut(line, ' ', &line);
    struct in6_addr src_ip = { 0 }, dst_ip;
    uint16_t src_port, dst_port;
    if (!parse_ip(src, family, &src_ip) || !parse_ip(dst, family, &dst_ip) || !parse_port(sport, &src_port) ||
        !parse_port(line, &dst_port))
        return false;
    if (family == AF_INET)
        set_src4(h, &src_ip, src_port);
    else
        set_src6(h, &src_ip, src_port);
    return true;
}

static enum err parse_v1(struct str in, struct proxy_head *h, size_t *used)
{
    struct str rest;
    size_t lf = str_chr(str_sub(in, 0, V1_MAX), '\n');
    if (lf == STR_NONE)
        return in.n < V1_MAX ? ERR_MORE : ERR_BAD;
    if (in.p[lf - 1] != '\r') /* lf is past "PROXY" */
        return ERR_BAD;
    str_cut(str_sub(in, 0, lf - 1), ' ', &rest);
    *used = lf + 1;
    return parse_v1_fields(rest, h) ? OK : ERR_BAD;
}

/* Section 2.2.3: a checksum, where there is one, covers the head with itself as zeros. */
static bool checksum_right(struct str head, struct str value)
{
    static const char zeros[4];
    if (value.n != 4)
        return false;
    size_t at = (size_t)(value.p - head.p);
    uint32_t crc = crypto_crc32c(0, str_sub(head, 0, at));
    crc = crypto_crc32c(crc, str_of(zeros, 4));
    crc = crypto_crc32c(crc, str_from(head, at + 4));
    return crc == get_be32((const uint8_t *)value.p);
}

static bool check_tlvs(struct str head, struct str tlvs)
{
    while (tlvs.n) {
        if (tlvs.n < 3)
            return false;
        const uint8_t *p = (const uint8_t *)tlvs.p;
        size_t n = (size_t)p[1] << 8 | p[2];
        if (n > tlvs.n - 3 || (p[0] == TLV_CRC32C && !checksum_right(head, str_sub(tlvs, 3, n))))
            return false;
        tlvs = str_from(tlvs, 3 + n);
    }
    return true;
}

static uint16_t be16(const char *p) { return (uint16_t)((uint8_t)p[0] << 8 | (uint8_t)p[1]); }

/* Section 2.2: the byte after the command says family and transport; the addresses' length follows from it. */
static bool parse_v2_body(struct str head, struct proxy_head *h)
{
    enum { UNSPEC = 0x00, TCP4 = 0x11, TCP6 = 0x21, UNIX_STREAM = 0x31 };
    struct str body = str_from(head, V2_FIXED);
    uint8_t kind = (uint8_t)head.p[13];
    size_t addresses = kind == TCP4 ? 12 : kind == TCP6 ? 36 : kind == UNIX_STREAM ? 216 : 0;
    if ((addresses == 0 && kind != UNSPEC) || body.n < addresses)
        return false;
    if (kind == UNSPEC) /* its addresses, if any, have no known length: nothing behind them can be read */
        return h->local = true;
    if (!check_tlvs(head, str_from(body, addresses)))
        return false;
    if (kind == TCP4)
        set_src4(h, body.p, be16(body.p + 8));
    else if (kind == TCP6)
        set_src6(h, body.p, be16(body.p + 32));
    else
        h->local = true; /* a Unix socket has no address that would mean anything here */
    return true;
}

static enum err parse_v2(struct str in, struct proxy_head *h, size_t *used)
{
    enum { LOCAL = 0x20, PROXY = 0x21 };
    if (in.n < V2_FIXED)
        return ERR_MORE;
    uint8_t command = (uint8_t)in.p[12];
    size_t n = be16(in.p + 14);
    if ((command != LOCAL && command != PROXY) || n > V2_BODY_MAX)
        return ERR_BAD;
    if (in.n - V2_FIXED < n)
        return ERR_MORE;
    *used = V2_FIXED + n;
    h->local = command == LOCAL; /* the proxy's own health check: what it says of addresses is to be skipped */
    return h->local || parse_v2_body(str_sub(in, 0, *used), h) ? OK : ERR_BAD;
}

enum err proxy_parse(struct str in, struct proxy_head *out, size_t *used)
{
    struct str v1 = S("PROXY "), v2 = S("\r\n\r\n\0\r\nQUIT\n");
    bool is_v1 = str_eq(str_sub(in, 0, v1.n), str_sub(v1, 0, in.n));
    bool is_v2 = str_eq(str_sub(in, 0, v2.n), str_sub(v2, 0, in.n));
    if (!is_v1 && !is_v2)
        return ERR_BAD;
    if (in.n < (is_v1 ? v1.n : v2.n))
        return ERR_MORE;
    struct proxy_head h = { 0 };
    size_t n = 0;
    enum err e = is_v1 ? parse_v1(in, &h, &n) : parse_v2(in, &h, &n);
    if (e != OK)
        return e;
    *out = h;
    *used = n;
    return OK;
}
