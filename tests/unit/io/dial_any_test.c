#include "io/dial_any.h"
#include "test.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <unistd.h>

struct dialled {
    struct loop *loop;
    int calls, fd;
    enum err err;
    size_t i;
};

static void on_dialled(void *ctx, enum err e, int fd, size_t i)
{
    struct dialled *d = ctx;
    d->calls++;
    d->err = e;
    d->fd = fd;
    d->i = i;
    loop_stop(d->loop);
}

/* A port of loopback: with somebody there, or with nobody (any more). */
static struct dial_to door(int *fd, bool open)
{
    struct sockaddr_in sa = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t n = sizeof sa;
    *fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(*fd >= 0 && bind(*fd, (void *)&sa, n) == 0 && getsockname(*fd, (void *)&sa, &n) == 0);
    if (open)
        CHECK_EQ(listen(*fd, 5), 0);
    struct ip ip = { .b = { 127, 0, 0, 1 } };
    struct dial_to to;
    dial_ip(&ip, ntohs(sa.sin_port), &to);
    return to;
}

static struct dialled run(const struct dial_to *to, size_t n, int64_t next_ms, int64_t deadline_ms)
{
    struct dialled d = { .fd = -1 };
    CHECK_OK(loop_new(&d.loop));
    const struct dial_any_opts o = { .loop = d.loop, .to = to, .n = n, .next_ms = next_ms, .deadline_ms = deadline_ms };
    CHECK(dial_any(&o, on_dialled, &d) != NULL);
    CHECK_EQ(d.calls, 0); /* only on a later turn */
    loop_run(d.loop);
    loop_free(d.loop);
    CHECK_EQ(d.calls, 1);
    return d;
}

TEST(the_next_one_when_one_refuses)
{
    int closed, open;
    const struct dial_to to[] = { door(&closed, false), door(&open, true) };
    struct dialled d = run(to, 2, 60000, 60000);
    CHECK_OK(d.err);
    CHECK_EQ(d.i, 1);
    struct sockaddr_in sa;
    socklen_t n = sizeof sa;
    CHECK(getpeername(d.fd, (void *)&sa, &n) == 0 && ntohs(sa.sin_port) == to[1].port);
    close(d.fd);
    d = run(to, 1, 60000, 60000);
    CHECK_EQ(d.err, ERR_IO);
    close(closed);
    close(open);
}

/* 192.0.2.1 is nobody's (RFC 5737): silence, or no way there at once; both are passed over. */
TEST(the_next_one_beside_one_that_is_silent)
{
    int open;
    struct ip nobody = { .b = { 192, 0, 2, 1 } };
    struct dial_to to[2];
    dial_ip(&nobody, 25, &to[0]);
    to[1] = door(&open, true);
    struct dialled d = run(to, 2, 20, 60000);
    CHECK_OK(d.err);
    CHECK_EQ(d.i, 1);
    close(d.fd);
    d = run(to, 1, 20, 50);
    CHECK(d.err == ERR_BUSY || d.err == ERR_IO);
    close(open);
}

static void on_time(struct timer *t) { loop_stop(*(struct loop **)t->opaque[19]); }

TEST(cancelled_it_says_nothing)
{
    int open;
    struct dialled d = { .fd = -1 };
    struct dial_to to = door(&open, true);
    struct timer t = { 0 };
    CHECK_OK(loop_new(&d.loop));
    const struct dial_any_opts o = { .loop = d.loop, .to = &to, .n = 1, .next_ms = 10, .deadline_ms = 1000 };
    dial_any_cancel(dial_any(&o, on_dialled, &d));
    timer_init(&t, d.loop, on_time);
    t.opaque[19] = &d.loop;
    timer_set(&t, 30);
    loop_run(d.loop);
    loop_free(d.loop);
    CHECK_EQ(d.calls, 0);
    close(open);
}
