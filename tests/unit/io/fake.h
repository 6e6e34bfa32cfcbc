/* A neighbour to be talked to, on a Unix socket in the test's folder: a thread that takes one connection, reads, and
 * answers as it was told. */
#pragma once
#include "base/buf.h"
#include "io/dial.h"
#include "test.h"
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

struct fake {
    int listener;
    pthread_t thread;
    struct dial_to to;
    size_t take;       /* octets to be read before it answers; what comes later it does not read */
    struct str answer; /* then this is written */
    int hold_ms;       /* and this is waited, or until the other side ends, before it closes */
    struct buf taken;
};

static inline void *fake_run(void *arg)
{
    struct fake *f = arg;
    char room[65536];
    ssize_t n = 1;
    AUTO_FD int fd = accept(f->listener, NULL, NULL);
    while (f->taken.n < f->take && (n = read(fd, room, MIN(sizeof room, f->take - f->taken.n))) > 0)
        buf_put(&f->taken, str_of(room, (size_t)n));
    if (n > 0 && f->answer.n > 0)
        n = write(fd, f->answer.p, f->answer.n);
    struct pollfd p = { .fd = fd, .events = POLLRDHUP };
    if (f->hold_ms > 0)
        (void)poll(&p, 1, f->hold_ms);
    return NULL;
}

static inline void fake_start(struct fake *f)
{
    static int count;
    struct sockaddr_un sa = { .sun_family = AF_UNIX };
    snprintf(sa.sun_path, sizeof sa.sun_path, "%s/fake%d", test_dir(), count++);
    CHECK_OK(dial_parse(str_c(sa.sun_path), &f->to));
    f->taken.max = 1 << 26;
    f->listener = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK(bind(f->listener, (void *)&sa, sizeof sa) == 0 && listen(f->listener, 5) == 0);
    CHECK_EQ(pthread_create(&f->thread, NULL, fake_run, f), 0);
}

/* What it has read is in taken until buf_fini(). */
static inline void fake_end(struct fake *f)
{
    shutdown(f->listener, SHUT_RDWR); /* wakes an accept() that nobody has come to */
    pthread_join(f->thread, NULL);
    close(f->listener);
}
