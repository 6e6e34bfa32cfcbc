/* Owners that do anything at any time, from a fixed seed, over plain sockets and TLS: every conn is closed once,
 * nothing calls back afterwards or from inside a call, and what arrives is a prefix of what was sent, in order. */
#include "io/conn.h"
#include "io/tls.h"
#include "test.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { PAIRS = 60, ROUNDS = 3 };
struct end {
    struct conn *c;
    struct end *other;
    size_t sent, got;
    int closed, calls_left;
    bool inside;
};
static struct loop *loop;
static struct end ends[2 * PAIRS];
static int open_n;
static uint64_t seed;
static struct tls *server, *client;

static uint32_t any(uint32_t below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 33) % below;
}
static char pattern(size_t i) { return (char)(i * 13 + i / 251); }

static void write_some(struct end *e)
{
    static char piece[40000];
    size_t n = any(3) ? any(100) : any(sizeof piece);
    for (size_t i = 0; i < n; i++)
        piece[i] = pattern(e->sent + i);
    conn_write(e->c, str_of(piece, n));
    e->sent += n;
}

static void act(struct end *e)
{
    if (e->calls_left-- == 0) {
        conn_finish(e->c);
        return;
    }
    switch (any(12)) {
    case 0:
        conn_pause(e->c);
        break;
    case 1:
        conn_resume(e->c);
        break;
    case 2:
        conn_flush(e->c);
        break;
    case 3:
        conn_deadline(e->c, 1 + any(20));
        break;
    case 4:
        if (any(20) == 0)
            conn_abort(e->c, "aborted");
        break;
    case 5:
        if (any(20) == 0)
            conn_finish(e->c);
        break;
    case 6:
        (void)conn_unsent(e->c);
        break;
    default:
        write_some(e);
    }
}

static void called(struct end *e)
{
    CHECK(!e->inside && !e->closed);
    e->inside = true;
    for (uint32_t n = any(4); n; n--)
        act(e);
    e->inside = false;
    if (any(3) == 0 && !e->other->closed && !e->other->inside) { /* one connection's news is written to another */
        e->other->inside = true;
        act(e->other);
        e->other->inside = false;
    }
}

static size_t on_input(void *ctx, struct str data)
{
    struct end *e = ctx;
    size_t n = any(3) ? data.n : any((uint32_t)data.n + 1);
    if (n == 0 && data.n > 20000)
        n = data.n; /* a full window must be taken from at last */
    for (size_t i = 0; i < n; i++)
        if (data.p[i] != pattern(e->got + i)) {
            print_error("byte %zu is another\n", e->got + i);
            abort();
        }
    e->got += n;
    called(e);
    return n;
}
static void on_other(void *ctx) { called(ctx); }
static void on_timeout(void *ctx)
{
    struct end *e = ctx;
    called(e);
    conn_resume(e->c);
    conn_deadline(e->c, 1 + any(20));
    if (e->calls_left-- <= 0)
        conn_finish(e->c);
}
static void on_closed(void *ctx, const char *why)
{
    struct end *e = ctx;
    CHECK(!e->inside && why && e->closed++ == 0);
    if (--open_n == 0)
        loop_stop(loop);
}
static const struct conn_ops ops = { on_input, on_other, on_other, on_timeout, on_closed };

static void open_end(struct end *e, struct end *other, int fd)
{
    *e = (struct end){ .other = other, .calls_left = 200 };
    struct conn_opts o = { .in_max = 30000, .out_max = 1 << 24, .deadline_ms = 1 + any(20) };
    CHECK_OK(conn_new(loop, fd, &ops, e, &o, &e->c));
    open_n++;
}

static void open_pair(struct end *a, struct end *b)
{
    int fds[2];
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    open_end(a, b, fds[0]);
    open_end(b, a, fds[1]);
    if (any(2)) {
        conn_start_tls(a->c, server);
        conn_start_tls_client(b->c, client, "localhost");
    }
    write_some(a);
    write_some(b);
}

static void stuck(struct timer *)
{
    print_error("%d are open still\n", open_n);
    abort();
}

TEST(chaos)
{
    char cert[200], key[200];
    struct timer guard = { 0 };
    snprintf(cert, sizeof cert, "%s/cert", test_dir());
    snprintf(key, sizeof key, "%s/key", test_dir());
    CHECK_OK(tls_self_signed("localhost", cert, key));
    CHECK_OK(tls_new(cert, key, &server));
    CHECK_OK(tls_client_new(TLS_ANY_PEER, cert, &client));
    CHECK_OK(loop_new(&loop));
    for (seed = 1; seed <= ROUNDS;) {
        uint64_t round = seed;
        timer_init(&guard, loop, stuck);
        timer_set(&guard, 20000);
        for (size_t i = 0; i < PAIRS; i++)
            open_pair(&ends[2 * i], &ends[2 * i + 1]);
        loop_run(loop);
        timer_clear(&guard);
        for (size_t i = 0; i < COUNT(ends); i++)
            CHECK(ends[i].closed == 1 && ends[i].got <= ends[i].other->sent);
        seed = round + 1;
    }
    loop_free(loop);
    tls_free(server);
    tls_free(client);
}
