#include "io/fake.h"
#include "trust/clamd.h"
#include "trust/ping.h"
#include <stdlib.h>

TEST(replies)
{
    static const struct {
        struct str line;
        enum clamd_said said;
        const char *name;
    } cases[] = {
        { STR("stream: OK"), CLAMD_CLEAN, "" },
        { STR("stream: Eicar-Test-Signature FOUND"), CLAMD_FOUND, "Eicar-Test-Signature" },
        { STR("stream: Test.Eicar.UNOFFICIAL FOUND\n"), CLAMD_FOUND, "Test.Eicar.UNOFFICIAL" },
        { STR("stream: a\x01\xff<b FOUND"), CLAMD_FOUND, "a" },
        { STR("stream: \xff FOUND"), CLAMD_FOUND, "unnamed" },
        { STR("stream: x y FOUND"), CLAMD_FOUND, "x" },
        { STR("stream: Heuristics.Limits.Exceeded.MaxRecursion FOUND"), CLAMD_LIMITS,
          "Heuristics.Limits.Exceeded.MaxRecursion" },
        { STR("stream: Heuristics.Encrypted.Zip FOUND"), CLAMD_LIMITS, "Heuristics.Encrypted.Zip" },
        { STR("INSTREAM size limit exceeded. ERROR"), CLAMD_TOO_LARGE, "" },
        { STR("stream: OK, or is it"), CLAMD_FAILED, "" },
        { STR("stream:  FOUND"), CLAMD_FOUND, "unnamed" },
        { STR("stream: FOUND"), CLAMD_FAILED, "" },
        { STR("FOUND"), CLAMD_FAILED, "" },
        { STR("stream: Can't allocate memory ERROR"), CLAMD_ERROR, "" },
        { STR("stream: Can't write to file ERROR"), CLAMD_ERROR, "" },
        { STR("stream: whatever comes next ERROR"), CLAMD_ERROR, "" },
        { STR("stream: CL_EFORMAT: Bad format or broken data ERROR"), CLAMD_LIMITS, "" },
        { STR("stream: Can't unpack some data ERROR"), CLAMD_LIMITS, "" },
        { STR("stream: CL_ETIMEOUT: Time limit reached ERROR"), CLAMD_LIMITS, "" },
        { STR("stream:  ERROR"), CLAMD_ERROR, "" },
        { STR("Can't allocate memory ERROR"), CLAMD_FAILED, "" },
        { STR("COMMAND UNAVAILABLE"), CLAMD_FAILED, "" },
        { STR(""), CLAMD_FAILED, "" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct clamd_reply r = clamd_reply_of(cases[i].line);
        CHECK_EQ(r.said, cases[i].said);
        CHECK_STR(cases[i].line.p, r.name, cases[i].name);
    }
    char longest[400] = "stream: ";
    memset(longest + 8, 'n', 300);
    memcpy(longest + 308, " FOUND", 6);
    CHECK_EQ(clamd_reply_of(str_c(longest)).name.n, LIMIT_SCAN_NAME);
}

struct scanned {
    struct loop *loop;
    int done;
    enum err err;
    enum clamd_said said;
    char name[LIMIT_SCAN_NAME + 1];
};
static void on_done(void *ctx, enum err e, const struct clamd_reply *r)
{
    struct scanned *s = ctx;
    s->done++;
    s->err = e;
    s->said = r->said;
    if (r->name.n > 0)
        memcpy(s->name, r->name.p, r->name.n);
    loop_stop(s->loop);
}

static void scan(struct fake *f, struct str msg, struct scanned *s)
{
    struct clamd_scan *c;
    *s = (struct scanned){ 0 };
    fake_start(f);
    CHECK_OK(loop_new(&s->loop));
    const struct clamd_opts o = { .loop = s->loop, .to = &f->to, .deadline_ms = 300 };
    CHECK_OK(clamd_scan(&o, msg, on_done, s, &c));
    loop_run(s->loop);
    loop_free(s->loop);
    fake_end(f);
    CHECK_EQ(s->done, 1);
}

/* A NUL is part of the answer; without it none is whole. */
#define ANSWER(text) str_of((text), sizeof(text))

TEST(a_message_in_chunks)
{
    enum { N = 200000, ON_THE_WIRE = 10 + 4 * 4 + N + 4 };
    char *msg = malloc(N);
    for (size_t i = 0; i < N; i++)
        msg[i] = (char)(i * 7);
    struct scanned s;
    struct fake f = { .take = ON_THE_WIRE, .answer = ANSWER("stream: OK"), .hold_ms = 5000 };
    scan(&f, str_of(msg, N), &s);
    CHECK_OK(s.err);
    CHECK_EQ(s.said, CLAMD_CLEAN);
    struct str in = buf_str(&f.taken);
    CHECK(str_starts(in, ANSWER("zINSTREAM")));
    size_t at = 10, seen = 0;
    for (uint32_t n = 1; n > 0 && at + 4 <= in.n; at += n, seen += n) {
        n = get_be32((const uint8_t *)in.p + at);
        at += 4;
        CHECK(seen + n <= N && memcmp(in.p + at, msg + seen, n) == 0);
    }
    CHECK_EQ(seen, N);
    CHECK_EQ(at, in.n);
    buf_fini(&f.taken);
    free(msg);
}

TEST(what_it_says)
{
    struct scanned s;
    struct fake found = { .take = 10 + 4 + 5 + 4, .answer = ANSWER("stream: Eicar FOUND"), .hold_ms = 5000 };
    scan(&found, S("virus"), &s);
    CHECK_OK(s.err);
    CHECK_EQ(s.said, CLAMD_FOUND);
    CHECK_STR("name", str_c(s.name), "Eicar");
    buf_fini(&found.taken);

    struct fake cut = { .take = 10 + 4 + 5 + 4, .answer = S("stream: OK") }; /* no NUL: killed as it wrote */
    scan(&cut, S("virus"), &s);
    CHECK_EQ(s.err, ERR_IO);
    buf_fini(&cut.taken);

    struct fake sick = { .take = 10, .answer = ANSWER("stream: Can't open file ERROR"), .hold_ms = 5000 };
    scan(&sick, S("virus"), &s);
    CHECK_OK(s.err);
    CHECK_EQ(s.said, CLAMD_ERROR);
    buf_fini(&sick.taken);

    struct fake other = { .take = 10, .answer = ANSWER("UNKNOWN COMMAND"), .hold_ms = 5000 };
    scan(&other, S("virus"), &s);
    CHECK_EQ(s.err, ERR_BAD);
    buf_fini(&other.taken);

    struct fake hung = { .take = 10 + 4 + 5 + 4, .answer = S(""), .hold_ms = 5000 };
    scan(&hung, S("virus"), &s);
    CHECK_EQ(s.err, ERR_BUSY);
    buf_fini(&hung.taken);
}

static struct loop *ping_loop;
static int ups, downs;
static void stop_loop(struct timer *) { loop_stop(ping_loop); }
static void on_changed(void *, bool up)
{
    ups += up;
    downs += !up;
    loop_stop(ping_loop);
}

TEST(pings)
{
    struct neighbour n = { .failures = NEIGHBOUR_FAILURES, .failing_ms = 1 };
    struct ping *p;
    struct fake f = { .take = 6, .answer = ANSWER("PONG"), .hold_ms = 5000 };
    fake_start(&f);
    CHECK_OK(loop_new(&ping_loop));
    struct ping_opts o = { ping_loop, &f.to, &ping_clamd, &n, on_changed, NULL };
    struct timer stop = { 0 };
    CHECK_OK(ping_start(&o, &p));
    timer_init(&stop, ping_loop, stop_loop);
    timer_set(&stop, 300);
    loop_run(ping_loop);
    CHECK(neighbour_is_up(&n) && ups == 0 && downs == 0); /* as it was taken to be */
    CHECK(str_eq(buf_str(&f.taken), str_of("zPING\0", 6)));
    ping_stop(p);
    fake_end(&f);
    buf_fini(&f.taken);
    n = (struct neighbour){ .silences = NEIGHBOUR_FAILURES - 1 };
    CHECK_OK(ping_start(&o, &p)); /* nobody listens any more */
    loop_run(ping_loop);
    CHECK(!neighbour_is_up(&n) && ups == 0 && downs == 1);
    ping_stop(p);
    loop_free(ping_loop);
}
