/* Both ends of a socketpair on one loop, or one end held by the test itself. */
#include "base/clock.h"
#include "base/text.h"
#include "io/conn.h"
#include "io/file.h"
#include "io/tls.h"
#include "test.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct side {
    struct conn *c;
    struct buf got; /* all that was taken */
    size_t got_n;   /* how much it was, told after finish() */
    size_t (*take)(struct side *, struct str);
    void (*on_drained)(struct side *), (*on_secured)(struct side *), (*on_timeout)(struct side *);
    int inputs, drained, secured, timeouts, closed;
    bool inside; /* in a conn_* call: nothing may call back */
    const char *why;
};

static struct loop *loop;
static struct side a, b;
static struct timer guard, tick;
static int fds[2], ticks;
static struct tls *server, *client;

static size_t on_input(void *ctx, struct str data)
{
    struct side *s = ctx;
    CHECK(!s->inside && !s->closed && data.n > 0);
    s->inputs++;
    size_t n = s->take ? s->take(s, data) : data.n;
    buf_put(&s->got, str_sub(data, 0, n));
    return n;
}
static void on_drained(void *ctx)
{
    struct side *s = ctx;
    CHECK(!s->inside && !s->closed && conn_unsent(s->c) == 0);
    s->drained++;
    if (s->on_drained)
        s->on_drained(s);
}
static void on_secured(void *ctx)
{
    struct side *s = ctx;
    CHECK(!s->inside && !s->closed && conn_is_tls(s->c));
    s->secured++;
    if (s->on_secured)
        s->on_secured(s);
}
static void on_timeout(void *ctx)
{
    struct side *s = ctx;
    CHECK(!s->inside && !s->closed);
    s->timeouts++;
    if (s->on_timeout)
        s->on_timeout(s);
}
static void on_closed(void *ctx, const char *why)
{
    struct side *s = ctx;
    CHECK(!s->inside);
    s->closed++;
    s->why = why;
    conn_abort(s->c, "again"); /* still harmless */
    conn_write(s->c, S("x"));
    if (a.closed == (a.c != NULL) && b.closed == (b.c != NULL))
        loop_stop(loop);
}
static const struct conn_ops ops = { on_input, on_drained, on_secured, on_timeout, on_closed };
static const struct conn_ops bare = { .input = on_input, .closed = on_closed };

static void too_long(struct timer *)
{
    print_error("the loop did not stop: a closed %d (%s), b closed %d (%s)\n", a.closed, a.why, b.closed, b.why);
    abort();
}

static void setup(void)
{
    CHECK_OK(loop_new(&loop));
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    a = b = (struct side){ .got.max = 1 << 24 };
    ticks = 0;
    timer_init(&tick, loop,
               too_long); /* finish() clears it, whether it was wanted or not: not one of the loop before */
    timer_init(&guard, loop, too_long);
    timer_set(&guard, 10000);
}
static struct conn *open_side(struct side *s, int fd, const struct conn_ops *o, struct conn_opts opts)
{
    if (!opts.in_max)
        opts.in_max = 1000;
    if (!opts.out_max)
        opts.out_max = 1 << 24;
    CHECK_OK(conn_new(loop, fd, o, s, &opts, &s->c));
    return s->c;
}
static void open_a(struct conn_opts o) { open_side(&a, fds[0], &ops, o); }
static void open_b(struct conn_opts o) { open_side(&b, fds[1], &ops, o); }
/* What the test's own end can read now. */
static struct str peer_reads(void)
{
    static char room[1 << 16];
    ssize_t n = read(fds[1], room, sizeof room);
    return str_of(room, n > 0 ? (size_t)n : 0);
}

static char left[4096]; /* what was still there for the test's own end when all was over */
static void finish(void)
{
    loop_run(loop);
    timer_clear(&guard);
    timer_clear(&tick);
    CHECK(a.closed == (a.c != NULL) && b.closed == (b.c != NULL));
    a.got_n = a.got.n;
    b.got_n = b.got.n;
    buf_fini(&a.got);
    buf_fini(&b.got);
    if (!b.c) {
        struct str rest = peer_reads();
        snprintf(left, sizeof left, "%.*s", STR_FMT(rest));
        close(fds[1]);
    }
    loop_free(loop);
}
static void peer_sends(const char *s) { CHECK_EQ(write(fds[1], s, strlen(s)), strlen(s)); }
static void every_10_ms(void (*fire)(struct timer *))
{
    timer_init(&tick, loop, fire);
    timer_set(&tick, 10);
}
/* ---- input ---- */

static size_t take_lines(struct side *s, struct str data)
{
    size_t lf = str_chr(data, '\n');
    if (lf == STR_NONE)
        return 0;
    s->inside = true;
    if (str_starts(data, S("QUIT")))
        conn_finish(s->c);
    else
        buf_put(conn_out(s->c), str_sub(data, 0, lf + 1));
    s->inside = false;
    return lf + 1;
}

static void type_slowly(struct timer *t)
{
    static const char *pieces[] = { "on", "e\ntw", "o\nthree\nf", "our\n", "QUIT\nnever" };
    peer_sends(pieces[ticks]);
    if (++ticks < (int)COUNT(pieces))
        timer_set(t, 10);
    else
        shutdown(fds[1], SHUT_WR);
}

TEST(lines_in_any_pieces_are_answered)
{
    setup();
    a.take = take_lines;
    open_a((struct conn_opts){ 0 });
    CHECK(conn_memory(a.c) <= 350);
    every_10_ms(type_slowly);
    finish();
    CHECK_STR("replies", str_c(left), "one\ntwo\nthree\nfour\n");
    CHECK_STR("why", str_c(a.why), "finished");
}

static size_t take_none(struct side *, struct str) { return 0; }

TEST(input_that_nobody_takes_is_bounded)
{
    setup();
    a.take = take_none;
    open_a((struct conn_opts){ .in_max = 8 });
    peer_sends("1234567");
    peer_sends("890");
    finish();
    CHECK_STR("why", str_c(a.why), "input too long");
}

static size_t take_one_and_pause(struct side *s, struct str data)
{
    size_t lf = str_chr(data, '\n');
    if (lf == STR_NONE)
        return 0;
    ticks++;
    s->inside = true;
    conn_pause(s->c);
    s->inside = false;
    return lf + 1;
}
static void resume(struct timer *t)
{
    static int resumed;
    CHECK_EQ(ticks, ++resumed); /* one line each time */
    a.inside = true;
    conn_resume(a.c);
    a.inside = false;
    if (resumed < 3)
        timer_set(t, 10);
    else
        shutdown(fds[1], SHUT_WR);
}

TEST(paused_means_no_input_and_pipelining_is_no_sin)
{
    setup();
    a.take = take_one_and_pause;
    open_a((struct conn_opts){ .in_max = 8 }); /* less than what comes at once */
    peer_sends("a1\nb22\nc333\n");
    every_10_ms(resume);
    finish();
    CHECK_EQ(ticks, 3);
    CHECK_STR("why", str_c(a.why), "peer closed");
}

TEST(a_peer_that_ends_its_side_still_gets_its_replies)
{
    static char big[1 << 20];
    setup();
    memset(big, 'x', sizeof big);
    open_a((struct conn_opts){ 0 });
    open_b((struct conn_opts){ .in_max = 65536 });
    conn_write(a.c, str_of(big, sizeof big));
    CHECK(conn_unsent(a.c) > 0);
    shutdown(fds[1], SHUT_WR);
    finish();
    CHECK_EQ(b.got_n, sizeof big);
    CHECK_STR("why", str_c(a.why), "peer closed");
}

/* ---- output ---- */

TEST(a_reader_too_slow_is_closed)
{
    static char big[1 << 20];
    setup();
    open_a((struct conn_opts){ .out_max = 1000 });
    conn_write(a.c, S("small"));
    CHECK(a.closed == 0);
    a.inside = true;
    conn_write(a.c, str_of(big, sizeof big));
    a.inside = false;
    finish();
    CHECK_STR("why", str_c(a.why), "reader too slow");
}

static size_t reply_much(struct side *s, struct str)
{
    char reply[1000];
    memset(reply, 'r', sizeof reply);
    s->inside = true;
    conn_write(s->c, str_of(reply, sizeof reply));
    s->inside = false;
    return 1;
}
static void read_all(struct timer *t)
{
    size_t before = a.got.n;
    if (ticks++ == 0)
        CHECK(before > 0 && before < 3000 && conn_unsent(a.c) < 100000); /* not closed: held up */
    while (peer_reads().n)
        ;
    if (a.got.n == 3000 && conn_unsent(a.c) == 0)
        conn_finish(a.c), close(dup(fds[1])), shutdown(fds[1], SHUT_RDWR);
    else
        timer_set(t, 10);
}

TEST(who_reads_no_replies_gets_no_more_input)
{
    static char commands[3001];
    setup();
    memset(commands, 'c', 3000);
    a.take = reply_much;
    open_a((struct conn_opts){ .in_max = 3000, .out_max = 100000 });
    peer_sends(commands);
    every_10_ms(read_all);
    finish();
    CHECK_EQ(a.got_n, 3000);
}

static void finish_a(struct side *s) { conn_finish(s->c); }

TEST(drained_comes_once_and_finish_sends_all)
{
    static char big[3000000];
    setup();
    a.on_drained = finish_a;
    open_a((struct conn_opts){ 0 });
    open_b((struct conn_opts){ .in_max = 65536 });
    for (size_t i = 0; i < sizeof big; i++)
        big[i] = (char)(i * 7 + i / 1000);
    a.inside = true;
    conn_write(a.c, S("head"));
    CHECK_EQ(conn_unsent(a.c), 0);
    conn_write(a.c, str_of(big, 2000000));
    buf_put(conn_out(a.c), str_of(big + 2000000, 1000000));
    conn_flush(a.c);
    a.inside = false;
    finish();
    CHECK(a.drained == 1 && b.got_n == 3000004);
    CHECK_STR("a", str_c(a.why), "finished");
    CHECK_STR("b", str_c(b.why), "peer closed");
}

static size_t compare_at;
static char pattern(size_t i) { return (char)(i * 7 + i / 1000); }
static size_t compare(struct side *, struct str data)
{
    size_t bad = 0;
    for (size_t i = 0; i < data.n; i++)
        bad += data.p[i] != pattern(compare_at + i);
    CHECK_EQ(bad, 0);
    compare_at += data.n;
    return data.n;
}

static size_t reply_and_ask(struct side *s, struct str data)
{
    conn_write(s->c, S("reply"));
    CHECK_EQ(conn_unsent(s->c), 5); /* it goes out when this returns, and then */
    conn_pause(s->c);
    return data.n;
}

TEST(who_asked_what_is_unsent_is_told_when_it_is_gone)
{
    setup();
    a.take = reply_and_ask;
    a.on_drained = finish_a;
    open_a((struct conn_opts){ 0 });
    peer_sends("x");
    finish();
    CHECK_EQ(a.drained, 1);
    CHECK_STR("reply", str_c(left), "reply");
}

TEST(bytes_arrive_in_order)
{
    static char piece[70000];
    setup();
    compare_at = 0;
    b.take = compare;
    open_a((struct conn_opts){ 0 });
    open_b((struct conn_opts){ .in_max = 30000 });
    for (size_t sent = 0; sent < 4000000;) {
        size_t n = 1 + sent * 31 % sizeof piece;
        for (size_t i = 0; i < n; i++)
            piece[i] = pattern(sent + i);
        conn_write(a.c, str_of(piece, n));
        sent += n;
    }
    size_t unsent = conn_unsent(a.c);
    conn_finish(a.c);
    finish();
    CHECK(unsent > 0 && compare_at >= 4000000);
}

static size_t reply_and_finish(struct side *s, struct str)
{
    conn_write(s->c, S("bye"));
    conn_finish(s->c);
    return 1;
}
static void read_to_the_end(struct timer *)
{
    char c;
    CHECK_STR("reply", peer_reads(), "bye");
    CHECK_EQ(read(fds[1], &c, 1), 0); /* an end, not a reset */
    CHECK_EQ(a.closed, 0);
    ticks++;
    shutdown(fds[1], SHUT_WR);
}

TEST(what_is_unread_at_the_end_resets_nothing)
{
    setup();
    a.take = reply_and_finish;
    open_a((struct conn_opts){ .in_max = 1 });
    peer_sends("xyz");
    every_10_ms(read_to_the_end);
    finish();
    CHECK_EQ(ticks, 1);
    CHECK_STR("why", str_c(a.why), "finished");
}

/* ---- deadlines ---- */

static void farewell(struct side *s)
{
    s->inside = true;
    conn_write(s->c, S("421 too slow\r\n"));
    conn_finish(s->c);
    s->inside = false;
}
static void trickle(struct timer *t)
{
    if (ticks++ < 200 && write(fds[1], "x", 1) == 1)
        timer_set(t, 10);
    else
        shutdown(fds[1], SHUT_WR);
}

TEST(bytes_alone_move_no_deadline)
{
    setup();
    a.on_timeout = farewell;
    open_a((struct conn_opts){ .deadline_ms = 300 });
    every_10_ms(trickle);
    finish();
    CHECK(a.timeouts == 1 && a.got_n > 1 && a.got_n < 200);
    CHECK_STR("farewell", str_c(left), "421 too slow\r\n");
    CHECK_STR("why", str_c(a.why), "finished");
}

static void once_more(struct side *s)
{
    if (s->timeouts < 3)
        conn_deadline(s->c, 20);
}

TEST(a_deadline_may_be_set_anew_or_ends_it)
{
    setup();
    a.on_timeout = once_more;
    open_a((struct conn_opts){ .deadline_ms = 20 });
    open_side(&b, fds[1], &bare, (struct conn_opts){ .deadline_ms = 500 });
    conn_deadline(b.c, 10000);
    conn_deadline(b.c, 0);
    finish();
    CHECK_EQ(a.timeouts, 3);
    CHECK_STR("a", str_c(a.why), "timeout");
    CHECK_STR("b", str_c(b.why), "peer closed");
}

TEST(without_a_callback_a_deadline_closes)
{
    setup();
    open_side(&a, fds[0], &bare, (struct conn_opts){ .deadline_ms = 20 });
    finish();
    CHECK_STR("why", str_c(a.why), "timeout");
}

TEST(a_finish_does_not_wait_for_ever)
{
    static char big[1 << 21];
    setup();
    a.on_timeout = farewell; /* must not be asked: its finish is what is late */
    open_a((struct conn_opts){ .deadline_ms = 100 });
    conn_write(a.c, str_of(big, sizeof big));
    conn_finish(a.c);
    finish();
    CHECK_EQ(a.timeouts, 0);
    CHECK_STR("why", str_c(a.why), "timeout");
}

/* ---- abort from anywhere ---- */

static size_t abort_in_input(struct side *s, struct str)
{
    s->inside = true;
    conn_abort(s->c, "aborted");
    conn_write(s->c, S("never seen"));
    conn_resume(s->c);
    conn_finish(s->c);
    s->inside = false;
    return 1;
}
static void abort_now(struct side *s)
{
    s->inside = true;
    conn_abort(s->c, "aborted");
    s->inside = false;
}

TEST(abort_inside_input)
{
    setup();
    a.take = abort_in_input;
    open_a((struct conn_opts){ 0 });
    peer_sends("xyz");
    finish();
    CHECK_EQ(a.inputs, 1);
    CHECK_STR("why", str_c(a.why), "aborted");
    CHECK_STR("nothing", str_c(left), "");
}

TEST(abort_inside_drained)
{
    static char big[1 << 21];
    setup();
    b.on_drained = abort_now;
    open_a((struct conn_opts){ .in_max = 65536 });
    open_b((struct conn_opts){ 0 });
    conn_write(b.c, str_of(big, sizeof big));
    finish();
    CHECK_EQ(b.drained, 1);
    CHECK_STR("b", str_c(b.why), "aborted");
}

TEST(abort_inside_timeout)
{
    setup();
    a.on_timeout = abort_now;
    open_a((struct conn_opts){ .deadline_ms = 20 });
    finish();
    CHECK_EQ(a.timeouts, 1);
    CHECK_STR("a", str_c(a.why), "aborted");
}

TEST(abort_before_the_first_turn_and_a_bad_descriptor)
{
    struct conn *c;
    setup();
    CHECK_EQ(conn_new(loop, -1, &ops, &a, &(struct conn_opts){ 0 }, &c), ERR_IO);
    open_a((struct conn_opts){ 0 });
    peer_sends("xyz");
    abort_now(&a);
    CHECK_EQ(a.closed, 0);
    finish();
    CHECK_EQ(a.inputs, 0);
}

TEST(what_is_open_at_the_end_is_closed_by_its_job)
{
    setup();
    open_a((struct conn_opts){ 0 });
    abort_now(&a);
    timer_clear(&guard);
    loop_free(loop);
    CHECK_EQ(a.closed, 1);
    close(fds[1]);
}

/* ---- TLS ---- */

static char cert_path[200], key_path[200];
static void tls_make(void)
{
    snprintf(cert_path, sizeof cert_path, "%s/cert.pem", test_dir());
    snprintf(key_path, sizeof key_path, "%s/key.pem", test_dir());
    if (server)
        return;
    CHECK_OK(tls_self_signed("mx.mayfly.localhost", cert_path, key_path));
    CHECK_OK(tls_new(cert_path, key_path, &server));
    CHECK_OK(tls_client_new(TLS_KNOWN_PEER, cert_path, &client));
}

static void tls_setup(void)
{
    setup();
    tls_make();
}

static size_t echo(struct side *s, struct str data)
{
    conn_write(s->c, data);
    return data.n;
}
static void finish_when_all_is_back(struct timer *t)
{
    if (b.got.n == 1000003)
        conn_finish(b.c);
    else
        timer_set(t, 10);
}

TEST(tls_echo)
{
    static char big[1000000];
    tls_setup();
    a.take = echo;
    open_a((struct conn_opts){ .in_max = 65536 });
    open_b((struct conn_opts){ .in_max = 65536 });
    conn_start_tls(a.c, server);
    conn_start_tls_client(b.c, client, "mx.mayfly.localhost");
    conn_write(b.c, S("abc")); /* waits for the handshake */
    CHECK_EQ(conn_unsent(b.c), 3);
    memset(big, 'x', sizeof big);
    conn_write(b.c, str_of(big, sizeof big));
    every_10_ms(finish_when_all_is_back);
    finish();
    CHECK(a.secured == 1 && b.secured == 1 && b.drained >= 1);
    CHECK_STR("a", str_c(a.why), "peer closed");
    CHECK_STR("b", str_c(b.why), "finished");
}

static void check_version(struct side *s)
{
    CHECK_STR("version", str_c(conn_tls_version(s->c)), "TLSv1.3");
    CHECK(conn_tls_cipher(s->c) != NULL);
    conn_finish(s->c);
}

TEST(tls_names_are_checked)
{
    tls_setup();
    open_a((struct conn_opts){ 0 });
    open_b((struct conn_opts){ 0 });
    CHECK(!conn_is_tls(a.c) && !conn_tls_version(a.c));
    conn_start_tls(a.c, server);
    conn_start_tls_client(b.c, client, "other.example");
    finish();
    CHECK(b.secured == 0);
    CHECK_STR("b", str_c(b.why), "TLS handshake failed");
    tls_setup();
    a.on_secured = check_version;
    open_a((struct conn_opts){ 0 });
    open_b((struct conn_opts){ 0 });
    conn_start_tls(a.c, server);
    conn_start_tls_client(b.c, client, "localhost");
    finish();
    CHECK_EQ(b.secured, 1);
}

/* The certificate as it is, for a record of the kind 3 0 0. */
static struct str certificate(struct buf *der)
{
    AUTO_BUF struct buf pem = { .max = 64 * 1024 }, text = { .max = 64 * 1024 };
    CHECK_OK(file_load(cert_path, pem.max, &pem));
    for (struct str rest = buf_str(&pem); rest.n > 0;) {
        struct str line = str_line(rest, &rest);
        if (!str_starts(line, S("-----")))
            buf_put(&text, line);
    }
    CHECK_OK(text_unbase64(der, buf_str(&text)));
    return buf_str(der);
}

static int shake_by_record(struct tls *dane, struct str data)
{
    const struct tlsa record = { .usage = TLSA_DANE_EE, .data = data };
    const struct tls_dane d = { .host = "other.example", .domain = "example", .v = &record, .n = 1 };
    tls_setup();
    open_a((struct conn_opts){ 0 });
    open_b((struct conn_opts){ 0 });
    a.on_secured = check_version;
    conn_start_tls(a.c, server);
    conn_start_tls_dane(b.c, dane, &d);
    finish();
    return b.secured;
}

/* RFC 7672 section 3.1.1: the record speaks for whatever name stands in the certificate. */
TEST(tls_dane)
{
    struct tls *dane;
    AUTO_BUF struct buf der = { .max = 64 * 1024 };
    tls_make();
    struct str good = certificate(&der);
    CHECK_OK(tls_client_new(TLS_DANE_PEER, NULL, &dane));
    CHECK_EQ(shake_by_record(dane, good), 1);
    der.p[der.n - 1] ^= 1;
    CHECK_EQ(shake_by_record(dane, good), 0);
    CHECK_EQ(shake_by_record(dane, S("no certificate")), 0);
    tls_free(dane);
}

static bool take_the_rest;
static size_t starttls(struct side *s, struct str data)
{
    if (conn_is_tls(s->c)) {
        conn_write(s->c, S("secret reply\n"));
        conn_finish(s->c);
        return data.n;
    }
    s->inside = true;
    conn_write(s->c, S("220 go\n"));
    conn_start_tls(s->c, server);
    s->inside = false;
    return take_the_rest ? data.n : str_chr(data, '\n') + 1;
}
static size_t starttls_client(struct side *s, struct str data)
{
    if (!conn_is_tls(s->c) && str_eq(data, S("220 go\n"))) {
        conn_start_tls_client(s->c, client, "localhost");
        conn_write(s->c, S("QUIT\n"));
    }
    return data.n;
}

TEST(starttls)
{
    tls_setup();
    a.take = starttls;
    b.take = starttls_client;
    open_a((struct conn_opts){ 0 });
    open_b((struct conn_opts){ 0 });
    conn_write(b.c, S("STARTTLS\n"));
    finish();
    CHECK(a.secured == 1 && b.secured == 1);
}

TEST(plaintext_behind_starttls_is_refused)
{
    tls_setup();
    a.take = starttls;
    take_the_rest = false;
    open_a((struct conn_opts){ 0 });
    peer_sends("STARTTLS\nINJECTED\n");
    finish();
    CHECK_STR("why", str_c(a.why), "plaintext after STARTTLS");
    CHECK_EQ(a.inputs, 1);
    tls_setup(); /* in a segment of its own it is no handshake */
    a.take = starttls;
    open_a((struct conn_opts){ 0 });
    peer_sends("STARTTLS\n");
    every_10_ms(type_slowly);
    finish();
    CHECK_STR("why", str_c(a.why), "TLS handshake failed");
    CHECK_EQ(a.inputs, 1);
    CHECK(str_starts(str_c(left), S("220 go\n")));
}

static void start_tls_late(struct timer *) { conn_start_tls(a.c, server); }

TEST(kept_plaintext_is_refused_too)
{
    tls_setup();
    a.take = take_none;
    open_a((struct conn_opts){ 0 });
    peer_sends("half a line");
    every_10_ms(start_tls_late);
    finish();
    CHECK_STR("why", str_c(a.why), "plaintext after STARTTLS");
}

static size_t take_then_pause(struct side *s, struct str data)
{
    conn_pause(s->c);
    return MIN(data.n, 10000u);
}
static void resume_a(struct timer *t)
{
    if (a.got.n == 300000)
        conn_finish(a.c);
    else
        conn_resume(a.c);
    timer_set(t, 1);
}

TEST(tls_pause_leaves_nothing_behind) /* bytes may be inside the SSL, where no event tells of them */
{
    static char big[300000];
    tls_setup();
    a.take = take_then_pause;
    open_a((struct conn_opts){ .in_max = 65536 });
    open_b((struct conn_opts){ 0 });
    conn_start_tls(a.c, server);
    conn_start_tls_client(b.c, client, "localhost");
    conn_write(b.c, str_of(big, sizeof big));
    every_10_ms(resume_a);
    finish();
    CHECK_EQ(a.secured, 1);
    CHECK_EQ(a.got_n, sizeof big);
}

static void resume_until_10000(struct timer *t)
{
    if (a.got.n == 10000)
        conn_finish(a.c);
    conn_resume(a.c);
    timer_set(t, 1);
}
static size_t take_all_and_pause(struct side *s, struct str data)
{
    conn_pause(s->c);
    return data.n;
}

TEST(tls_a_record_read_in_part_is_read_on)
{
    static char record[10000];
    tls_setup();
    a.take = take_all_and_pause;
    open_a((struct conn_opts){ .in_max = 1000 });
    open_b((struct conn_opts){ 0 });
    conn_start_tls(a.c, server);
    conn_start_tls_client(b.c, client, "localhost");
    conn_write(b.c, str_of(record, sizeof record));
    every_10_ms(resume_until_10000);
    finish();
    CHECK(a.got_n == sizeof record && a.inputs == 10);
}

TEST(tls_abort_in_secured_and_finish_in_a_handshake)
{
    tls_setup();
    a.on_secured = abort_now;
    open_a((struct conn_opts){ 0 });
    open_b((struct conn_opts){ 0 });
    conn_start_tls(a.c, server);
    conn_start_tls_client(b.c, client, "localhost");
    finish();
    CHECK_STR("a", str_c(a.why), "aborted");
    tls_setup();
    a.on_timeout = farewell;
    open_a((struct conn_opts){ .deadline_ms = 20 });
    conn_start_tls(a.c, server);
    finish();
    CHECK_STR("a", str_c(a.why), "finished");
    CHECK_STR("nothing", str_c(left), ""); /* not a byte in the clear */
}

TEST(tls_reload_keeps_what_works)
{
    tls_setup();
    struct tls *t;
    CHECK_EQ(tls_new("/no/such", key_path, &t), ERR_BAD);
    CHECK_EQ(tls_new(cert_path, cert_path, &t), ERR_BAD);
    CHECK_EQ(tls_reload(server, cert_path, "/no/such"), ERR_BAD);
    CHECK_OK(tls_reload(server, cert_path, key_path));
    a.on_secured = check_version;
    open_a((struct conn_opts){ 0 });
    open_b((struct conn_opts){ 0 });
    conn_start_tls(a.c, server);
    conn_start_tls_client(b.c, client, "localhost");
    finish();
    CHECK_EQ(a.secured, 1);
    tls_free(server);
    tls_free(client);
    tls_free(NULL);
    server = client = NULL;
}
