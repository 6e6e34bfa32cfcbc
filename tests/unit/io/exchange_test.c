#include "fake.h"
#include "io/exchange.h"
#include <stdlib.h>

TEST(addresses)
{
    struct dial_to to;
    CHECK_OK(dial_parse(S("/run/clamav/clamd.ctl"), &to));
    CHECK_EQ(to.sa.ss_family, AF_UNIX);
    CHECK_EQ(to.port, 0);
    CHECK_OK(dial_parse(S("127.0.0.1:3310"), &to));
    CHECK_EQ(to.sa.ss_family, AF_INET);
    CHECK_EQ(to.port, 3310);
    CHECK_OK(dial_parse(S("[::1]:3310"), &to));
    CHECK_EQ(to.sa.ss_family, AF_INET6);
    static const char *const none[] = { "",         "localhost:1",     "127.0.0.1",     "127.0.0.1:0",
                                        "::1:3310", "127.0.0.1:70000", "[127.0.0.1]:1", "[::1:3310",
                                        "[]:1",     "run/clamd.ctl:x", "127.0.0.1:-1",  "127.0.0.1:3310 " };
    for (size_t i = 0; i < COUNT(none); i++)
        CHECK_EQ(dial_parse(str_c(none[i]), &to), ERR_BAD);
    char path[200] = "/";
    memset(path + 1, 'x', 150);
    CHECK_EQ(dial_parse(str_c(path), &to), ERR_BAD);
}

struct asked {
    struct loop *loop;
    size_t octets, sent; /* of the question */
    char piece[50000];
    struct str whole; /* the answer that is whole */
    bool until_end;   /* or it is, when the other side ends */
    int done, reads;
    enum err err;
    struct timer timer;
    struct exchange *x;
};

static bool send_piece(void *ctx, struct str *piece)
{
    struct asked *a = ctx;
    size_t n = MIN(sizeof a->piece, a->octets - a->sent);
    memset(a->piece, 'q', n);
    a->sent += n;
    *piece = str_of(a->piece, n);
    return n > 0;
}
static enum err read_answer(void *ctx, struct str answer, bool ended)
{
    struct asked *a = ctx;
    CHECK_EQ(a->done, 0);
    a->reads++;
    if (str_eq(answer, S("nonsense")))
        return ERR_BAD;
    return str_eq(answer, a->whole) && (ended || !a->until_end) ? OK : ERR_MORE;
}
static void on_done(void *ctx, enum err e)
{
    struct asked *a = ctx;
    a->done++;
    a->err = e;
    loop_stop(a->loop);
}
static const struct exchange_ops ops = { send_piece, read_answer, on_done };

static enum err run(struct asked *a, const struct dial_to *to)
{
    CHECK_OK(loop_new(&a->loop));
    const struct exchange_opts o = { .loop = a->loop, .to = to, .deadline_ms = 300, .answer_max = 1000 };
    CHECK_OK(exchange_start(&o, &ops, a, &a->x));
    CHECK_EQ(a->done, 0); /* only on a later turn */
    loop_run(a->loop);
    loop_free(a->loop);
    CHECK_EQ(a->done, 1);
    return a->err;
}

enum { HELD = 5000 };

static enum err meet(struct fake *f, struct asked *a)
{
    fake_start(f);
    enum err e = run(a, &f->to);
    fake_end(f);
    return e;
}

TEST(question_and_answer)
{
    struct fake f = { .take = 3000000, .answer = S("fine"), .hold_ms = HELD };
    struct asked a = { .octets = 3000000, .whole = S("fine") };
    CHECK_OK(meet(&f, &a));
    CHECK_EQ(f.taken.n, 3000000);
    CHECK(f.taken.p[0] == 'q' && f.taken.p[f.taken.n - 1] == 'q');
    buf_fini(&f.taken);
}

TEST(answer_until_the_end)
{
    struct fake f = { .take = 10, .answer = S("fine") };
    struct asked a = { .octets = 10, .whole = S("fine"), .until_end = true };
    CHECK_OK(meet(&f, &a));
    buf_fini(&f.taken);
}

/* clamd does so with what is over its limit. */
TEST(answer_before_all_is_read)
{
    struct fake f = { .take = 100000, .answer = S("enough") };
    struct asked a = { .octets = 20000000, .whole = S("enough") };
    CHECK_OK(meet(&f, &a));
    buf_fini(&f.taken);
}

TEST(what_goes_wrong)
{
    static const struct {
        const char *what;
        struct str answer;
        size_t take;
        int hold_ms;
        enum err want;
    } cases[] = {
        { "closes without a word", STR(""), 10, 0, ERR_IO },
        { "closes in the middle of the question", STR(""), 5, 0, ERR_IO },
        { "closes in the middle of the answer", STR("fin"), 10, 0, ERR_IO },
        { "says nothing", STR(""), 10, HELD, ERR_BUSY },
        { "stops in the middle of the answer", STR("fin"), 10, HELD, ERR_BUSY },
        { "does not read", STR(""), 0, HELD, ERR_BUSY },
        { "talks nonsense", STR("nonsense"), 10, HELD, ERR_BAD },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fake f = { .take = cases[i].take, .answer = cases[i].answer, .hold_ms = cases[i].hold_ms };
        struct asked a = { .octets = cases[i].take == 10 ? 10 : 5000000, .whole = S("fine") };
        if (meet(&f, &a) != cases[i].want)
            print_error("%s: %s\n", cases[i].what, err_name(a.err));
        CHECK_EQ(a.err, cases[i].want);
        buf_fini(&f.taken);
    }
}

TEST(answer_too_long)
{
    static char much[2000];
    memset(much, 'x', sizeof much);
    struct fake f = { .take = 10, .answer = str_of(much, sizeof much), .hold_ms = HELD };
    struct asked a = { .octets = 10, .whole = S("fine") };
    CHECK_EQ(meet(&f, &a), ERR_BAD);
    buf_fini(&f.taken);
}

TEST(nobody_there)
{
    struct dial_to to;
    struct asked a = { .octets = 10, .whole = S("fine") }, b = a;
    CHECK_OK(dial_parse(S("/nowhere/at/all"), &to));
    CHECK_EQ(run(&a, &to), ERR_IO);
    CHECK_EQ(a.sent, 0);
    CHECK_OK(dial_parse(S("127.0.0.1:1"), &to)); /* refused while it connects */
    CHECK_EQ(run(&b, &to), ERR_IO);
}

static void on_timer(struct timer *t) { exchange_cancel(CONTAINER_OF(t, struct asked, timer)->x); }
static void on_stop(struct timer *t) { loop_stop(CONTAINER_OF(t, struct asked, timer)->loop); }

TEST(cancel)
{
    for (int delay = 0; delay < 60; delay += 20) {
        struct fake f = { .take = 1000000, .answer = S(""), .hold_ms = HELD };
        struct asked a = { .octets = 1000000, .whole = S("fine") }, stop = { 0 };
        fake_start(&f);
        CHECK_OK(loop_new(&a.loop));
        const struct exchange_opts o = { .loop = a.loop, .to = &f.to, .deadline_ms = 5000, .answer_max = 1000 };
        CHECK_OK(exchange_start(&o, &ops, &a, &a.x));
        timer_init(&a.timer, a.loop, on_timer);
        timer_init(&stop.timer, a.loop, on_stop);
        stop.loop = a.loop;
        timer_set(&stop.timer, delay + 50);
        if (delay > 0)
            timer_set(&a.timer, delay);
        else
            exchange_cancel(a.x);
        loop_run(a.loop);
        loop_free(a.loop);
        CHECK_EQ(a.done, 0);
        fake_end(&f);
        buf_fini(&f.taken);
    }
}
