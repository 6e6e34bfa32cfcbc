/* Networks and addresses as an operator writes them. Numbers only: no name is ever looked up. */
#pragma once
#include "base/err.h"
#include "base/str.h"
#include "wire/ip.h"
#include <netinet/in.h>
#include <sys/socket.h>

struct network { /* "10.0.0.0/8", "fd00::/8", "192.0.2.1" */
    int family;
    uint8_t bytes[16];
    unsigned bits;
};
[[nodiscard]] enum err network_parse(struct str text, struct network *out);
/* IPv4 peers of an IPv6 socket (::ffff:192.0.2.1) count as IPv4. */
bool network_has(const struct network *n, const struct sockaddr *sa);
bool network_has_ip(const struct network *n, const struct ip *ip);

/* "192.0.2.1:25", "[::1]:25". */
[[nodiscard]] enum err network_addr_parse(struct str text, struct sockaddr_storage *out);
socklen_t network_addr_size(const struct sockaddr_storage *sa);
/* The same form back, zero-terminated. */
enum { NETWORK_ADDR_TEXT = 64 };
void network_addr_format(const struct sockaddr_storage *sa, char out[static NETWORK_ADDR_TEXT]);
/* Just the host, as XCLIENT has it: "192.0.2.1", "IPv6:2001:db8::1", "2001:db8::1"; port 0. */
[[nodiscard]] enum err network_host_parse(struct str text, struct sockaddr_storage *out);
/* The address alone. ERR_BAD: neither IPv4 nor IPv6. */
[[nodiscard]] enum err network_ip(const struct sockaddr *sa, struct ip *out);
