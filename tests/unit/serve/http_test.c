/* A server on one end of a socketpair, the test on the other; handlers that echo what they were given. */
#include "base/rand.h"
#include "serve/http.h"
#include "test.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct loop *loop;
static struct http *server;
static struct http_req *held;
static struct timer guard, pump;
static struct buf got;
static int fd, dropped, gone;
static bool over, refuse_gate;
static struct str unsent;

static void echo(struct http_req *r)
{
    struct buf *b = http_begin(r, 200, "text/plain");
    buf_printf(b, "%s ", http_verb_name(r->head.method));
    for (int i = 0; i < HTTP_PARAMS_MAX && r->params[i].n; i++) {
        buf_put(b, r->params[i]);
        buf_putc(b, ' ');
    }
    buf_put(b, r->body);
    http_finish(r);
}
static void on_drop(struct http_req *r)
{
    CHECK(r == held);
    held = NULL;
    dropped++;
}
static void hold(struct http_req *r)
{
    held = r;
    r->dropped = on_drop;
}
static void more(struct http_req *r)
{
    size_t *left = r->user;
    static char piece[10000];
    memset(piece, 'x', sizeof piece);
    while (*left && http_stream_ready(r)) {
        http_stream_put(r, str_of(piece, sizeof piece));
        (*left)--;
    }
    CHECK(http_unsent(r) < HTTP_HIGH_WATER + sizeof piece + 64);
    if (*left == 0)
        http_stream_end(r);
}
static void stream(struct http_req *r)
{
    r->user = arena_new(&r->arena, size_t);
    *(size_t *)r->user = 300; /* 3 MB */
    r->more = more;
    if (http_stream_begin(r, 200, "application/octet-stream", r->params[0].n ? UINT64_MAX : 3000000))
        more(r);
}
static void huge(struct http_req *r)
{
    struct buf *b = http_begin(r, 200, "text/plain");
    for (int i = 0; i < 3000 && !b->failed; i++)
        buf_reserve(b, 8192) ? (void)(b->n += 8192) : (void)0;
    http_finish(r);
}
static size_t raw_input(void *ctx, struct str data)
{
    struct conn **c = ctx;
    conn_write(*c, S("raw:"));
    conn_write(*c, data);
    conn_finish(*c);
    return data.n;
}
static void raw_nothing(void *ctx) { (void)ctx; }
static void upgrade(struct http_req *r)
{
    static struct conn *c;
    static const struct http_raw_ops ops = {
        .input = raw_input, .timeout = raw_nothing, .drain = raw_nothing, .closed = raw_nothing
    };
    http_begin(r, 101, NULL);
    c = http_take(r, &ops, &c);
    conn_flush(c);
}

static const struct http_route routes[] = {
    { HTTP_M_GET, STR("/a"), echo, 0, 0 },
    { HTTP_M_POST, STR("/a"), echo, 0, 100 },
    { HTTP_M_GET, STR("/a/{id}/b/{n}"), echo, 0, 0 },
    { HTTP_M_DELETE, STR("/a/{id}"), echo, 0, 0 },
    { HTTP_M_GET, STR("/hold"), hold, 0, 0 },
    { HTTP_M_GET, STR("/stream"), stream, 0, 0 },
    { HTTP_M_GET, STR("/stream/{chunked}"), stream, 0, 0 },
    { HTTP_M_GET, STR("/huge"), huge, 0, 0 },
    { HTTP_M_GET, STR("/raw"), upgrade, 0, 0 },
    { HTTP_M_GET, STR("/rest/{*}"), echo, 0, 0 },
};
static const struct http_table table = { routes, COUNT(routes), NULL };

static void gate(struct http_req *r)
{
    if (refuse_gate)
        http_problem(r, 401, "no", "No.");
    else
        http_go(r);
}

static void on_gone(void *ctx, const struct peer *peer)
{
    (void)ctx, (void)peer;
    gone++;
}
static void too_long(struct timer *t)
{
    (void)t;
    print_error("no end after: %.*s\n", (int)MIN(got.n, (size_t)2000), got.p);
    abort();
}

/* Sends and reads what the sockets take, until the server has closed. */
static void on_pump(struct timer *t)
{
    char b[65536];
    while (unsent.n) {
        ssize_t n = send(fd, unsent.p, unsent.n, MSG_NOSIGNAL);
        if (n <= 0)
            break;
        unsent = str_from(unsent, (size_t)n);
    }
    ssize_t n;
    while ((n = recv(fd, b, sizeof b, 0)) > 0)
        buf_put(&got, str_of(b, (size_t)n));
    over = over || n == 0;
    if (over)
        loop_stop(loop);
    else
        timer_set(t, 1);
}

static void begin(void)
{
    int fds[2];
    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0);
    CHECK_OK(rand_start());
    CHECK_OK(loop_new(&loop));
    static const struct str origins[] = { STR("https://ok.example") };
    const struct http_opts o = {
        .loop = loop, .tables = &table, .tables_n = 1, .gate = gate, .cors_origins = origins, .cors_origins_n = 1
    };
    const struct peer peer = { .loopback = true };
    CHECK_OK(http_new(&o, &server));
    CHECK_OK(http_accept(server, fds[0], &peer, NULL, on_gone, NULL));
    fd = fds[1];
    got = (struct buf){ .max = 64 << 20 };
    over = refuse_gate = false;
    gone = dropped = 0;
    held = NULL;
    timer_init(&guard, loop, too_long);
    timer_set(&guard, 10000);
    timer_init(&pump, loop, on_pump);
    timer_set(&pump, 0);
}
static void end(void)
{
    timer_clear(&guard);
    timer_clear(&pump);
    http_free(server);
    loop_free(loop);
    close(fd);
    buf_fini(&got);
}
/* All that comes back until the server closes, which the last request must make it do. */
static struct str talk(struct str in)
{
    begin();
    unsent = in;
    loop_run(loop);
    return buf_str(&got);
}
static size_t times(struct str all, const char *what)
{
    size_t n = 0, at;
    while ((at = str_find(all, str_c(what))) != STR_NONE) {
        n++;
        all = str_from(all, at + 1);
    }
    return n;
}
#define H " HTTP/1.1\r\nHost: x\r\n"
#define LAST "GET /a" H "Connection: close\r\n\r\n"

TEST(answers_one_request_and_the_next)
{
    struct str all = talk(S("GET /a" H "\r\nPOST /a" H "Content-Length: 5\r\n\r\nhelloGET /a/12/b/3?q" H "\r\n" LAST));
    CHECK_EQ(times(all, "HTTP/1.1 200 OK\r\n"), 4);
    CHECK(str_find(all, S("\r\n\r\nPOST hello")) != STR_NONE);
    CHECK(str_find(all, S("\r\n\r\nGET 12 3 ")) != STR_NONE);
    CHECK(str_find(all, S("Content-Length:          4\r\n")) != STR_NONE);
    CHECK(str_find(all, S("Cache-Control: no-store\r\n")) != STR_NONE);
    CHECK_EQ(times(all, "Connection: close"), 1);
    end();
    CHECK_EQ(gone, 1);
}

TEST(answers_that_refuse)
{
    static const struct {
        const char *what, *in, *want;
    } cases[] = {
        { "unknown path", "GET /nope" H "Connection: close\r\n\r\n", "HTTP/1.1 404 " },
        { "empty segment", "GET /a//b/3" H "Connection: close\r\n\r\n", "HTTP/1.1 404 " },
        { "longer path", "GET /a/1/b/2/c" H "Connection: close\r\n\r\n", "HTTP/1.1 404 " },
        { "other method", "PUT /a" H "Connection: close\r\n\r\n", "Allow: GET, HEAD, POST, OPTIONS\r\n" },
        { "options", "OPTIONS /a" H "Connection: close\r\n\r\n", "HTTP/1.1 204 " },
        { "body where none goes", "DELETE /a/1" H "Content-Length: 1\r\nConnection: close\r\n\r\nx", "HTTP/1.1 413 " },
        { "body too long", "POST /a" H "Content-Length: 101\r\nConnection: close\r\n\r\n", "HTTP/1.1 413 " },
        { "chunks too long", "POST /a" H "Transfer-Encoding: chunked\r\n\r\nff\r\n", "" },
        { "chunks malformed", "POST /a" H "Transfer-Encoding: chunked\r\n\r\nzz\r\n", "HTTP/1.1 400 " },
        { "no request", "EHLO x\r\n\r\n", "HTTP/1.1 400 " },
        { "problem", "GET /nope" H "Connection: close\r\n\r\n", "Content-Type: application/problem+json\r\n" },
        { "preflight of a stranger", "OPTIONS /a" H "Origin: https://evil.example\r\nConnection: close\r\n\r\n",
          "Vary: Origin\r\n" },
        { "preflight of a friend", "OPTIONS /a" H "Origin: https://ok.example\r\nConnection: close\r\n\r\n",
          "Access-Control-Allow-Origin: https://ok.example\r\n" },
        { "1.0", "GET /a HTTP/1.0\r\n\r\n", "Connection: close\r\n" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        if (!cases[i].want[0])
            continue;
        struct str all = talk(str_c(cases[i].in));
        if (str_find(all, str_c(cases[i].want)) == STR_NONE)
            print_error("%s: %.*s\n", cases[i].what, STR_FMT(all));
        CHECK(str_find(all, str_c(cases[i].want)) != STR_NONE);
        if (str_eq(str_c(cases[i].what), S("preflight of a stranger")))
            CHECK(str_find(all, S("Access-Control-Allow")) == STR_NONE);
        end();
    }
}

TEST(head_has_no_body_and_its_length)
{
    struct str all = talk(S("HEAD /a" H "\r\nHEAD /stream" H "\r\nHEAD /stream/x" H "Connection: close\r\n\r\n"));
    CHECK_EQ(times(all, "HTTP/1.1 200 OK"), 3);
    CHECK(str_find(all, S("Content-Length:          5\r\n")) != STR_NONE);
    CHECK(str_find(all, S("Content-Length: 3000000\r\n")) != STR_NONE);
    CHECK(str_ends(all, S("\r\n\r\n")) && all.n < 2500);
    end();
}

TEST(chunked_request_and_continue)
{
    struct str all = talk(S(
        "POST /a" H "Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n" LAST));
    CHECK(str_starts(all, S("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")));
    CHECK(str_find(all, S("POST abcde")) != STR_NONE);
    end();
}

TEST(streams_with_a_high_water_mark)
{
    struct str all = talk(S("GET /stream" H "\r\nGET /stream/x" H "Connection: close\r\n\r\n"));
    CHECK_EQ(times(all, "HTTP/1.1 200 OK"), 2);
    CHECK_EQ(times(all, "\r\n2710\r\n"), 300);
    CHECK(str_ends(all, S("\r\n0\r\n\r\n")) && all.n > 6000000);
    end();
}

TEST(an_answer_over_its_ceiling_is_said)
{
    struct str all = talk(S("GET /huge" H "\r\n"));
    CHECK(str_starts(all, S("HTTP/1.1 500 ")) && all.n < 2000);
    end();
}

TEST(a_refused_body_is_passed_over)
{
    begin();
    refuse_gate = true;
    unsent = S("POST /a" H "Content-Length: 10\r\n\r\n0123456789POST /a" H
               "Content-Length: 3\r\nConnection: close\r\n\r\nabc");
    loop_run(loop);
    CHECK_EQ(times(buf_str(&got), "HTTP/1.1 401 Unauthorized"), 2);
    CHECK_EQ(times(buf_str(&got), "WWW-Authenticate: Bearer"), 2);
    end();
}

static void hang_up(struct timer *t)
{
    (void)t;
    CHECK(held != NULL);
    shutdown(fd, SHUT_RDWR);
}
static void answer_held(struct timer *t)
{
    (void)t;
    CHECK(held && got.n == 0);
    held->dropped = NULL;
    http_reply(held, 200, "text/plain", S("late"));
    held = NULL;
}

TEST(a_client_that_leaves_is_told_to_the_owner)
{
    struct timer t = { 0 };
    begin();
    unsent = S("GET /hold" H "\r\n");
    timer_init(&t, loop, hang_up);
    timer_set(&t, 30);
    loop_run(loop);
    timer_clear(&t);
    end();
    CHECK_EQ(dropped, 1);
}

TEST(what_is_pipelined_behind_a_held_request_waits)
{
    struct timer t = { 0 };
    begin();
    unsent = S("GET /hold" H "\r\n" LAST);
    timer_init(&t, loop, answer_held);
    timer_set(&t, 30);
    loop_run(loop);
    timer_clear(&t);
    CHECK(str_find(buf_str(&got), S("\r\n\r\nlate")) != STR_NONE);
    CHECK_EQ(times(buf_str(&got), "HTTP/1.1 200 OK"), 2);
    end();
}

TEST(bytes_after_an_upgrade_are_the_takers)
{
    struct str all = talk(S("GET /raw" H "\r\nhello"));
    CHECK(str_starts(all, S("HTTP/1.1 101 Switching Protocols\r\n")));
    CHECK(str_ends(all, S("\r\n\r\nraw:hello")));
    CHECK(str_find(all, S("Content-Length")) == STR_NONE);
    end();
}

static void start_drain(struct timer *t)
{
    (void)t;
    http_drain(server);
}
TEST(drain_ends_what_is_idle)
{
    struct timer t = { 0 };
    begin();
    unsent = S("GET /a" H "\r\n");
    timer_init(&t, loop, start_drain);
    timer_set(&t, 30);
    loop_run(loop);
    timer_clear(&t);
    CHECK_EQ(times(buf_str(&got), "HTTP/1.1 200 OK"), 1);
    end();
}
