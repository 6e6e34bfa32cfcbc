/* A resolver on loopback that knows one name, denies one, and keeps silent about the rest. */
#include "io/dns.h"
#include "test.h"
#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { QUESTION_MAX = 512, TIMEOUT_MS = 300, LONG_MS = 60000, CROWD = 8 };
static int server_fd = -1, stop_pipe[2];
static atomic_int known_asked;
static pthread_t server;
static char endpoint[64];

static bool has_label(const uint8_t *q, size_t n, const char *label)
{
    return str_find_nocase(str_of(q, n), str_c(label)) != STR_NONE;
}

/* Header and question back, and for the known name one A record that points at the question's name. */
static size_t reply_to(uint8_t *q, size_t n)
{
    static const uint8_t record[] = { 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 7 };
    if (has_label(q, n, "silent"))
        return 0;
    bool known = has_label(q, n, "known");
    q[2] = 0x81;
    q[3] = (uint8_t)(0x80 | (known ? 0 : 3));
    q[11] = 0; /* without the question's EDNS */
    size_t end = 12;
    while (end < n && q[end])
        end += q[end] + 1u;
    end += 5;
    if (!known)
        return end;
    q[7] = 1;
    memcpy(q + end, record, sizeof record);
    known_asked++;
    return end + sizeof record;
}

static void *serve(void *)
{
    uint8_t q[QUESTION_MAX + 64];
    for (;;) {
        struct pollfd p[2] = { { .fd = server_fd, .events = POLLIN }, { .fd = stop_pipe[0], .events = POLLIN } };
        struct sockaddr_in from;
        socklen_t from_n = sizeof from;
        if (poll(p, 2, -1) < 0 || p[1].revents)
            return NULL;
        ssize_t n = recvfrom(server_fd, q, QUESTION_MAX, 0, (struct sockaddr *)&from, &from_n);
        size_t reply_n = n > 12 ? reply_to(q, (size_t)n) : 0;
        if (reply_n)
            sendto(server_fd, q, reply_n, 0, (struct sockaddr *)&from, from_n);
    }
}

static void server_start(void)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t n = sizeof at;
    server_fd = socket(AF_INET, SOCK_DGRAM, 0);
    CHECK_EQ(bind(server_fd, (struct sockaddr *)&at, sizeof at), 0);
    CHECK_EQ(getsockname(server_fd, (struct sockaddr *)&at, &n), 0);
    snprintf(endpoint, sizeof endpoint, "127.0.0.1:%u", ntohs(at.sin_port));
    CHECK_EQ(pipe(stop_pipe), 0);
    known_asked = 0;
    CHECK_EQ(pthread_create(&server, NULL, serve, NULL), 0);
}

static void server_stop(void)
{
    close(stop_pipe[1]);
    pthread_join(server, NULL);
    close(stop_pipe[0]);
    close(server_fd);
}

static struct loop *loop;
static struct got {
    int n;
    enum dns_status status;
    size_t records;
} got;

static void on_answer(void *ctx, const struct dns_answer *a)
{
    struct got *g = ctx;
    AUTO_ARENA struct arena arena = { .max = 1 << 20 };
    struct dns_records r = { 0 };
    CHECK(loop_here(loop));
    g->n++;
    g->status = a->status;
    if (a->status == DNS_FOUND)
        CHECK_OK(dns_records_parse(&arena, a->packet, DNS_A, &r));
    g->records = r.n;
    CHECK(r.n == 0 || str_eq(r.v[0].data, S("\xc0\x00\x02\x07")));
    loop_stop(loop);
}

static struct got ask(struct dns *d, struct str name)
{
    got = (struct got){ 0 };
    CHECK(dns_ask(d, loop, DNS_PLAIN, name, DNS_A, on_answer, &got) != NULL);
    loop_run(loop);
    return got;
}

static struct dns *start_with(int64_t timeout_ms)
{
    struct dns *d = NULL;
    struct str at = str_c(endpoint);
    struct dns_opts o = { .forward = &at, .forward_n = 1, .timeout_ms = timeout_ms };
    CHECK_OK(dns_start(&o, &d));
    return d;
}

static struct dns *start(void) { return start_with(TIMEOUT_MS); }

TEST(answers)
{
    CHECK_OK(loop_new(&loop));
    server_start();
    struct dns *d = start();
    struct got g = ask(d, S("known.example"));
    CHECK(g.n == 1 && g.status == DNS_FOUND && g.records == 1);
    g = ask(d, S("Known.Example."));
    CHECK(g.status == DNS_FOUND && g.records == 1);
    CHECK_EQ(known_asked, 1); /* the second came from the cache */
    CHECK_EQ(ask(d, S("none.example")).status, DNS_NXNAME);
    CHECK_EQ(ask(d, S("two..dots.example")).status, DNS_NXNAME);
    CHECK_EQ(ask(d, S("odd name\\.example")).status, DNS_NXNAME);
    CHECK_EQ(ask(d, S("silent.example")).status, DNS_SILENT);
    g = ask(d, S("known.other.example")); /* the silence of one name does not spoil the next */
    CHECK(g.status == DNS_FOUND && g.records == 1);
    dns_stop(d);
    dns_free(d);
    server_stop();
    loop_free(loop);
}

TEST(a_cancelled_question_calls_nobody)
{
    static struct got dropped;
    CHECK_OK(loop_new(&loop));
    server_start();
    struct dns *d = start();
    struct dns_question *q = dns_ask(d, loop, DNS_PLAIN, S("known.example"), DNS_A, on_answer, &dropped);
    CHECK(q != NULL);
    dns_cancel(q);
    CHECK_EQ(ask(d, S("known.example")).n, 1);
    dns_stop(d);
    dns_free(d);
    server_stop();
    loop_free(loop);
    CHECK_EQ(dropped.n, 0);
}

TEST(what_is_open_at_the_end_is_answered)
{
    CHECK_OK(loop_new(&loop));
    server_start();
    struct dns *d = start();
    got = (struct got){ 0 };
    CHECK(dns_ask(d, loop, DNS_PLAIN, S("silent.example"), DNS_A, on_answer, &got) != NULL);
    dns_stop(d);
    dns_free(d);
    server_stop();
    CHECK_EQ(got.n, 0);
    loop_run(loop); /* on_answer() stops it */
    CHECK(got.n == 1 && got.status == DNS_FAILED);
    loop_free(loop);
}

TEST(bad_options_are_refused)
{
    struct dns *d = NULL;
    struct str bad = S("nowhere:53"), at = S("127.0.0.1:9");
    struct dns_opts o = { .forward = &bad, .forward_n = 1, .timeout_ms = 1 };
    CHECK_EQ(dns_start(&o, &d), ERR_BAD);
    o = (struct dns_opts){ .forward = &at, .forward_n = 1, .trust_anchor = "/none/such", .timeout_ms = 1 };
    CHECK_EQ(dns_start(&o, &d), ERR_BAD);
}

static atomic_int turned_away;
static void on_crowd(void *, const struct dns_answer *a) { turned_away += a->status == DNS_CROWDED; }

TEST(a_part_is_kept_for_what_decides_most)
{
    CHECK_OK(loop_new(&loop));
    server_start();
    struct dns *d = start_with(LONG_MS);
    for (int i = 0; i < DNS_OPEN_PLAIN_MAX + CROWD; i++) {
        char name[64];
        snprintf(name, sizeof name, "%d.silent.example", i);
        CHECK(dns_ask(d, loop, DNS_PLAIN, str_c(name), DNS_A, on_crowd, NULL) != NULL);
    }
    got = (struct got){ 0 };
    CHECK(dns_ask(d, loop, DNS_VITAL, S("known.vital.example"), DNS_A, on_answer, &got) != NULL);
    loop_run(loop);
    CHECK(got.status == DNS_FOUND && got.records == 1);
    CHECK_EQ(turned_away, CROWD); /* and not one more: the others wait in silence */
    dns_stop(d);
    dns_free(d);
    server_stop();
    loop_free(loop);
}
