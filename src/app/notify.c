/* One datagram a message, to the socket named in the environment; "@" stands for the abstract name space. Nobody waits
 * for an answer, and a lost message is systemd's to notice. */
#include "app/notify.h"
#include "base/str.h"
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int connect_to(struct str path)
{
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    if (path.n < 2 || path.n >= sizeof to.sun_path)
        return -1;
    memcpy(to.sun_path, path.p, path.n);
    if (to.sun_path[0] == '@')
        to.sun_path[0] = 0;
    AUTO_FD int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    socklen_t n = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + path.n);
    return fd >= 0 && connect(fd, (struct sockaddr *)&to, n) == 0 ? KEEP(fd) : -1;
}

/* The watchdog is ours only if its pid is, or none is named. */
static int64_t watchdog_ms(void)
{
    uint64_t us, pid;
    if (!str_to_u64(str_c(getenv("WATCHDOG_USEC")), &us))
        return 0;
    if (str_to_u64(str_c(getenv("WATCHDOG_PID")), &pid) && pid != (uint64_t)getpid())
        return 0;
    return us / 1000 < INT32_MAX ? (int64_t)(us / 1000) : 0;
}

void notify_open(struct notify *n)
{
    *n = (struct notify){ .fd = connect_to(str_c(getenv("NOTIFY_SOCKET"))), .watchdog_ms = watchdog_ms() };
}

void notify_send(const struct notify *n, const char *state)
{
    if (n->fd >= 0)
        (void)!send(n->fd, state, strlen(state), MSG_NOSIGNAL);
}

void notify_close(struct notify *n) { util_close_fd(&n->fd); }
