/* inet_pton() and inet_ntop() with the port and the prefix around them. */
#include "serve/network.h"
#include "base/secret.h"
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

/* Either family; *family says which. out has room for 16 octets. */
static enum err host_parse(struct str text, int *family, uint8_t *out)
{
    char zero[INET6_ADDRSTRLEN];
    if (text.n == 0 || text.n >= sizeof zero || memchr(text.p, 0, text.n))
        return ERR_BAD;
    memcpy(zero, text.p, text.n);
    zero[text.n] = 0;
    *family = strchr(zero, ':') ? AF_INET6 : AF_INET;
    bool good = inet_pton(*family, zero, out) == 1;
    secret_wipe(zero, sizeof zero); /* XCLIENT's may be a client */
    return good ? OK : ERR_BAD;
}

static bool beyond_prefix_is_zero(const struct network *n)
{
    for (unsigned i = n->bits; i < (n->family == AF_INET ? 32u : 128u); i++)
        if (n->bytes[i / 8] & 0x80u >> i % 8)
            return false;
    return true;
}

/* ::ffff:192.0.2.0/120 is 192.0.2.0/24. */
static void unmap(struct network *n)
{
    static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
    if (n->family != AF_INET6 || n->bits < 96 || memcmp(n->bytes, mapped, sizeof mapped) != 0)
        return;
    memmove(n->bytes, n->bytes + 12, 4);
    memset(n->bytes + 4, 0, sizeof n->bytes - 4);
    n->family = AF_INET;
    n->bits -= 96;
}

enum err network_parse(struct str text, struct network *out)
{
    struct network n = { 0 };
    bool has_bits = str_chr(text, '/') != STR_NONE;
    struct str bits, host = str_cut(text, '/', &bits);
    if (host_parse(host, &n.family, n.bytes) != OK)
        return ERR_BAD;
    uint32_t most = n.family == AF_INET ? 32 : 128;
    n.bits = most;
    if (has_bits && (!str_to_u32(bits, &n.bits) || n.bits > most))
        return ERR_BAD;
    unmap(&n);
    if (!beyond_prefix_is_zero(&n)) /* 10.0.0.1/8: one of the two is a mistake */
        return ERR_BAD;
    *out = n;
    return OK;
}

bool network_has_ip(const struct network *n, const struct ip *ip)
{
    struct ip net = { .six = n->family == AF_INET6 };
    memcpy(net.b, n->bytes, sizeof net.b);
    return ip_within(ip, &net, n->bits);
}

bool network_has(const struct network *n, const struct sockaddr *sa)
{
    const uint8_t *p = NULL;
    if (sa->sa_family == AF_INET && n->family == AF_INET)
        p = (const void *)&((const struct sockaddr_in *)(const void *)sa)->sin_addr;
    if (sa->sa_family == AF_INET6) {
        const struct in6_addr *a = &((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr;
        bool mapped = IN6_IS_ADDR_V4MAPPED(a);
        if (mapped == (n->family == AF_INET))
            p = a->s6_addr + (mapped ? 12 : 0);
    }
    if (!p || memcmp(p, n->bytes, n->bits / 8) != 0)
        return false;
    unsigned rest = n->bits % 8;
    return rest == 0 || (p[n->bits / 8] ^ n->bytes[n->bits / 8]) >> (8 - rest) == 0;
}

static void fill(struct sockaddr_storage *out, int family, const uint8_t *bytes, uint16_t port)
{
    *out = (struct sockaddr_storage){ 0 };
    if (family == AF_INET) {
        struct sockaddr_in *v4 = (struct sockaddr_in *)out;
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        memcpy(&v4->sin_addr, bytes, 4);
    } else {
        struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(port);
        memcpy(&v6->sin6_addr, bytes, 16);
    }
}

enum err network_addr_parse(struct str text, struct sockaddr_storage *out)
{
    size_t colon = str_rchr(text, ':');
    uint32_t port;
    uint8_t bytes[16];
    int family;
    if (colon == STR_NONE || !str_to_u32(str_from(text, colon + 1), &port) || port > UINT16_MAX)
        return ERR_BAD;
    struct str host = str_sub(text, 0, colon);
    bool brackets = str_starts(host, S("[")) && str_ends(host, S("]"));
    if (brackets)
        host = str_sub(host, 1, host.n - 2);
    if (host_parse(host, &family, bytes) != OK || brackets != (family == AF_INET6))
        return ERR_BAD;
    fill(out, family, bytes, (uint16_t)port);
    return OK;
}

socklen_t network_addr_size(const struct sockaddr_storage *sa)
{
    return sa->ss_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
}

void network_addr_format(const struct sockaddr_storage *sa, char out[static NETWORK_ADDR_TEXT])
{
    char host[INET6_ADDRSTRLEN] = "";
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)sa;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)sa;
    bool is_v4 = sa->ss_family == AF_INET;
    inet_ntop(sa->ss_family, is_v4 ? (const void *)&v4->sin_addr : (const void *)&v6->sin6_addr, host, sizeof host);
    snprintf(out, NETWORK_ADDR_TEXT, is_v4 ? "%s:%u" : "[%s]:%u", host,
             (unsigned)ntohs(is_v4 ? v4->sin_port : v6->sin6_port));
}

enum err network_host_parse(struct str text, struct sockaddr_storage *out)
{
    uint8_t bytes[16];
    int family;
    if (str_starts_nocase(text, S("IPv6:")))
        text = str_from(text, 5);
    if (host_parse(text, &family, bytes) != OK)
        return ERR_BAD;
    fill(out, family, bytes, 0);
    return OK;
}

enum err network_ip(const struct sockaddr *sa, struct ip *out)
{
    if (sa->sa_family == AF_INET) {
        *out = (struct ip){ .six = false };
        memcpy(out->b, &((const struct sockaddr_in *)(const void *)sa)->sin_addr, 4);
        return OK;
    }
    if (sa->sa_family != AF_INET6)
        return ERR_BAD;
    *out = ip_of_six(((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr.s6_addr);
    return OK;
}
