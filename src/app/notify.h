/* systemd's readiness and watchdog messages (sd_notify(3)), without its library. */
#pragma once
#include "base/util.h"

struct notify {
    int fd;              /* connected to $NOTIFY_SOCKET, or -1 */
    int64_t watchdog_ms; /* $WATCHDOG_USEC; 0: nobody watches */
};
void notify_open(struct notify *n);                          /* before the sandbox: makes a socket */
void notify_send(const struct notify *n, const char *state); /* "READY=1", "STOPPING=1", "WATCHDOG=1", … */
void notify_close(struct notify *n);
