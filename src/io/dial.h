/* Connections that begin here: to a neighbour on this machine's Unix socket, or at an IP address. Names are not looked
 * up: whom we may reach is settled before the sandbox closes. */
#pragma once
#include "base/err.h"
#include "base/str.h"
#include "wire/ip.h"
#include <sys/socket.h>

struct dial_to {
    struct sockaddr_storage sa;
    socklen_t n;
    uint16_t port; /* 0: a Unix socket */
};
/* "/run/clamav/clamd.ctl", "127.0.0.1:3310" or "[::1]:3310"; ERR_BAD: none of these. */
[[nodiscard]] enum err dial_parse(struct str text, struct dial_to *out);
/* An address in numbers: 4 or 16 octets. */
void dial_ip(const struct ip *ip, uint16_t port, struct dial_to *out);
/* A socket whose connection is there or under way, for conn_new(), which finds out. ERR_IO: nobody is there, too many
 * wait there already, or no descriptor is left. */
[[nodiscard]] enum err dial(const struct dial_to *to, int *fd);
/* The same from an address of ours; NULL, or one of another family: the kernel chooses. */
[[nodiscard]] enum err dial_from(const struct dial_to *from, const struct dial_to *to, int *fd);
