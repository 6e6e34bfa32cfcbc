/* A read or a write on a socket that still connects says "not now", and one that could not connect says so then: so a
 * connection begins like any other, and its owner has nothing to wait for. */
#include "io/dial.h"
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

static enum err parse_path(struct str text, struct dial_to *out)
{
    struct sockaddr_un sa = { .sun_family = AF_UNIX };
    if (text.n >= sizeof sa.sun_path || memchr(text.p, 0, text.n))
        return ERR_BAD;
    memcpy(sa.sun_path, text.p, text.n);
    *out = (struct dial_to){ .n = sizeof sa };
    memcpy(&out->sa, &sa, sizeof sa);
    return OK;
}

static enum err parse_ip(struct str host, uint32_t port, struct dial_to *out)
{
    bool six = host.n >= 2 && host.p[0] == '[' && host.p[host.n - 1] == ']';
    char name[INET6_ADDRSTRLEN];
    struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };
    if (six)
        host = str_sub(host, 1, host.n - 2);
    if (host.n >= sizeof name)
        return ERR_BAD;
    memcpy(name, host.p, host.n);
    name[host.n] = 0;
    if (inet_pton(six ? AF_INET6 : AF_INET, name, six ? (void *)&v6.sin6_addr : &v4.sin_addr) != 1)
        return ERR_BAD;
    *out = (struct dial_to){ .n = six ? sizeof v6 : sizeof v4, .port = (uint16_t)port };
    memcpy(&out->sa, six ? (void *)&v6 : &v4, out->n);
    return OK;
}

enum err dial_parse(struct str text, struct dial_to *out)
{
    uint32_t port;
    size_t colon = str_rchr(text, ':');
    if (str_starts(text, S("/")))
        return parse_path(text, out);
    if (colon == STR_NONE || !str_to_u32(str_from(text, colon + 1), &port) || port == 0 || port > UINT16_MAX)
        return ERR_BAD;
    return parse_ip(str_sub(text, 0, colon), port, out);
}

void dial_ip(const struct ip *ip, uint16_t port, struct dial_to *out)
{
    struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(port) };
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
    memcpy(ip->six ? (void *)&v6.sin6_addr : &v4.sin_addr, ip->b, ip_n(ip));
    *out = (struct dial_to){ .n = ip->six ? sizeof v6 : sizeof v4, .port = port };
    memcpy(&out->sa, ip->six ? (void *)&v6 : &v4, out->n);
}

enum err dial_from(const struct dial_to *from, const struct dial_to *to, int *fd)
{
    AUTO_FD int s = socket(to->sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (s < 0)
        return ERR_IO;
    if (from && from->sa.ss_family == to->sa.ss_family && bind(s, (const void *)&from->sa, from->n) != 0)
        return ERR_IO;
    if (connect(s, (const void *)&to->sa, to->n) != 0 && errno != EINPROGRESS)
        return ERR_IO;
    *fd = KEEP(s);
    return OK;
}

enum err dial(const struct dial_to *to, int *fd) { return dial_from(NULL, to, fd); }
