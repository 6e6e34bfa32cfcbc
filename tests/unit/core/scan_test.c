#include "base/clock.h"
#include "core/scan.h"
#include "io/fake.h"
#include <string.h>

#define ANSWER(text) str_of((text), sizeof(text)) /* with its NUL */
#define RSPAMD_SPAM "HTTP/1.1 200 OK\r\n\r\n{\"score\":9,\"required_score\":15,\"action\":\"add header\"}"

enum { HELD = 5000, ON_THE_WIRE = 10 + 4 + 5 + 4 };

static struct loop *loop;
static struct scan_result result;
static int answers, wanted;

static void on_done(void *, const struct scan_result *r)
{
    result = *r;
    if (++answers == wanted)
        loop_stop(loop);
}

static struct neighbour clamd, rspamd;
static struct check_costs costs;

/* One mail before whoever is given; NULL: not asked. */
static enum scan_state scan(const struct dial_to *c, const struct dial_to *r, int64_t down_for_ms, size_t max_bytes)
{
    struct scanners *s;
    const struct scan_opts o = { .clamd = { c, &clamd },
                                 .rspamd = { r, &rspamd },
                                 .costs = &costs,
                                 .max_bytes = max_bytes,
                                 .timeout_ms = 200,
                                 .down_for_ms = down_for_ms };
    struct scan_opts mine = o;
    CHECK_OK(loop_new(&loop));
    mine.loop = loop;
    CHECK_OK(scanners_new(&mine, &s));
    CHECK_EQ(scanners_any(s), c || r);
    answers = 0;
    wanted = 1;
    CHECK_OK(scan_start(s, &(struct scan_mail){ .data = S("virus") }, on_done, NULL));
    CHECK_EQ(answers, 0);
    loop_run(loop);
    scanners_free(s);
    loop_free(loop);
    return result.state;
}

static void fresh(void)
{
    clamd = rspamd = (struct neighbour){ 0 };
    costs = (struct check_costs){ 0 };
}

TEST(clean_found_and_both)
{
    fresh();
    struct fake c = { .take = ON_THE_WIRE, .answer = ANSWER("stream: OK"), .hold_ms = HELD };
    struct fake r = { .take = 5, .answer = S(RSPAMD_SPAM) };
    fake_start(&c);
    fake_start(&r);
    CHECK_EQ(scan(&c.to, &r.to, 1000, 100), SCAN_CLEAN);
    CHECK_STR("word", str_c(result.word), "clean");
    CHECK(result.weighed && result.rspamd.score == 2.5);
    CHECK_EQ(clamd.outcomes[NEIGHBOUR_CLEAN], 1);
    CHECK_EQ(rspamd.outcomes[NEIGHBOUR_FOUND], 1);
    CHECK(costs.v[CHECK_CLAMD].n == 1 && costs.v[CHECK_RSPAMD].n == 1);
    fake_end(&c);
    fake_end(&r);
    buf_fini(&c.taken);
    buf_fini(&r.taken);
}

TEST(malware_is_malware_whoever_is_away)
{
    fresh();
    struct dial_to nobody;
    CHECK_OK(dial_parse(S("/nowhere"), &nobody));
    struct fake c = { .take = ON_THE_WIRE, .answer = ANSWER("stream: Eicar FOUND"), .hold_ms = HELD };
    fake_start(&c);
    CHECK_EQ(scan(&c.to, &nobody, 1000, 100), SCAN_MALWARE);
    CHECK_STR("word", str_c(result.word), "malware: Eicar");
    fake_end(&c);
    buf_fini(&c.taken);
}

TEST(nobody_is_asked)
{
    fresh();
    CHECK_EQ(scan(NULL, NULL, 1000, 100), SCAN_OFF);
    CHECK_STR("word", str_c(result.word), "");
}

TEST(too_large)
{
    fresh();
    struct dial_to nobody;
    CHECK_OK(dial_parse(S("/nowhere"), &nobody));
    CHECK_EQ(scan(&nobody, &nobody, 1000, 4), SCAN_UNSEEN);
    CHECK_STR("word", str_c(result.word), "unscanned: too large");
    CHECK(clamd.outcomes[NEIGHBOUR_SKIPPED] == 1 && neighbour_failing_for(&clamd, clock_mono_ms()) == 0);
    struct fake c = { .take = 10, .answer = ANSWER("INSTREAM size limit exceeded. ERROR") };
    fake_start(&c);
    CHECK_EQ(scan(&c.to, NULL, 1000, 100), SCAN_UNSEEN);
    CHECK_STR("word", str_c(result.word), "unscanned: too large");
    fake_end(&c);
    buf_fini(&c.taken);
}

static enum scan_state scan_with(struct str answer, int64_t down_for_ms)
{
    struct fake c = { .take = ON_THE_WIRE, .answer = answer, .hold_ms = HELD };
    fake_start(&c);
    enum scan_state s = scan(&c.to, NULL, down_for_ms, 100);
    fake_end(&c);
    buf_fini(&c.taken);
    return s;
}

/* Whose mail it cannot read costs others nothing: it is well, and is asked as before. */
TEST(an_error_over_one_mail)
{
    fresh();
    for (int i = 0; i < 2 * NEIGHBOUR_FAILURES; i++) {
        CHECK_EQ(scan_with(ANSWER("stream: CL_EFORMAT: Bad format or broken data ERROR"), 60000), SCAN_UNSEEN);
        CHECK_STR("word", str_c(result.word), "unscanned: could not be read");
        CHECK_EQ(scan_with(ANSWER("stream: Can't allocate memory ERROR"), 60000), SCAN_LATER);
        CHECK(neighbour_is_up(&clamd) && neighbour_failing_for(&clamd, clock_mono_ms()) == 0);
    }
    CHECK_EQ(scan_with(ANSWER("stream: OK"), 60000), SCAN_CLEAN);
    CHECK_EQ(clamd.outcomes[NEIGHBOUR_ERROR], 2 * NEIGHBOUR_FAILURES);
    CHECK_EQ(neighbour_erring_for(&clamd, clock_mono_ms() + 1000), 0);
    CHECK_EQ(scan_with(ANSWER("stream: Can't write to file ERROR"), 0), SCAN_SKIPPED); /* nothing else for too long */
    CHECK_STR("word", str_c(result.word), "unscanned: the scanner has an error");
    neighbour_ponged(&clamd, clock_mono_ms()); /* an answer to a ping says nothing of it */
    CHECK(neighbour_erring_for(&clamd, clock_mono_ms() + 1000) >= 1000);
}

/* Later as long as it is away for less than down_for; then without it. rspamd's absence alone marks nothing. */
TEST(away)
{
    fresh();
    struct dial_to nobody;
    CHECK_OK(dial_parse(S("/nowhere"), &nobody));
    CHECK_EQ(scan(&nobody, NULL, 60000, 100), SCAN_LATER);
    CHECK_EQ(scan(&nobody, NULL, 0, 100), SCAN_SKIPPED);
    CHECK_STR("word", str_c(result.word), "unscanned: no scanner answered");
    CHECK_EQ(scan(NULL, &nobody, 60000, 100), SCAN_LATER);
    CHECK_EQ(scan(NULL, &nobody, 0, 100), SCAN_OFF);
    CHECK(!result.weighed);
}

TEST(hung)
{
    fresh();
    struct fake c = { .take = ON_THE_WIRE, .answer = S(""), .hold_ms = HELD };
    fake_start(&c);
    int64_t begun = clock_mono_ms();
    CHECK_EQ(scan(&c.to, NULL, 60000, 100), SCAN_LATER);
    CHECK(clock_mono_ms() - begun >= 190);
    CHECK_EQ(clamd.outcomes[NEIGHBOUR_LATE], 1);
    fake_end(&c);
    buf_fini(&c.taken);
}

TEST(many_wait_and_all_are_answered_at_the_end)
{
    fresh();
    struct scanners *s;
    struct fake c = { .take = ON_THE_WIRE, .answer = S(""), .hold_ms = HELD };
    fake_start(&c);
    CHECK_OK(loop_new(&loop));
    const struct scan_opts o = {
        .loop = loop, .clamd = { &c.to, &clamd }, .max_bytes = 100, .timeout_ms = 60000, .down_for_ms = 0
    };
    CHECK_OK(scanners_new(&o, &s));
    answers = 0;
    wanted = 51;
    for (int i = 0; i < 50; i++)
        CHECK_OK(scan_start(s, &(struct scan_mail){ .data = S("virus") }, on_done, NULL));
    scanners_stop(s);
    CHECK_OK(scan_start(s, &(struct scan_mail){ .data = S("virus") }, on_done, NULL));
    CHECK_EQ(answers, 0);
    loop_run(loop);
    CHECK_EQ(answers, 51);
    CHECK_EQ(result.state, SCAN_LATER); /* whatever is configured: what was not looked at is not taken */
    scanners_free(s);
    loop_free(loop);
    fake_end(&c);
    buf_fini(&c.taken);
}

TEST(a_neighbour_that_is_down)
{
    struct neighbour n = { 0 };
    CHECK(neighbour_is_up(&n) && neighbour_may_ask(&n, 1000));
    for (int i = 0; i < NEIGHBOUR_FAILURES; i++) {
        CHECK(neighbour_is_up(&n));
        neighbour_tell(&n, i == 0 ? NEIGHBOUR_LATE : NEIGHBOUR_FAILED, 1000 + i);
    }
    CHECK(!neighbour_is_up(&n));
    CHECK_EQ(neighbour_failing_for(&n, 5000), 4000);
    CHECK(neighbour_may_ask(&n, 5000)); /* one finds out */
    CHECK(!neighbour_may_ask(&n, 5000 + NEIGHBOUR_PROBE_MS - 1));
    neighbour_tell(&n, NEIGHBOUR_UNASKED, 5500);
    CHECK(neighbour_may_ask(&n, 5000 + NEIGHBOUR_PROBE_MS));
    neighbour_tell(&n, NEIGHBOUR_FOUND, 7000);
    CHECK(neighbour_is_up(&n) && neighbour_failing_for(&n, 9000) == 0 && neighbour_may_ask(&n, 7001));
}

/* It has answered a ping, but no mail. */
TEST(a_neighbour_that_only_answers_pings)
{
    struct neighbour n = { 0 };
    for (int i = 0; i < NEIGHBOUR_FAILURES; i++) {
        neighbour_tell(&n, NEIGHBOUR_LATE, 1000 + i);
        neighbour_ponged(&n, 1000 + i);
    }
    CHECK(!neighbour_is_up(&n));
    neighbour_ponged(&n, 50000);
    CHECK(!neighbour_is_up(&n));
    neighbour_ponged(&n, 1002 + NEIGHBOUR_FORGIVE_MS);
    CHECK(neighbour_is_up(&n));
    CHECK_EQ(neighbour_failing_for(&n, 700000), 699000); /* until it answers a mail */
    neighbour_tell(&n, NEIGHBOUR_CLEAN, 700000);
    CHECK_EQ(neighbour_failing_for(&n, 700001), 0);
    neighbour_silent(&n, 800000);
    CHECK_EQ(neighbour_failing_for(&n, 800500), 500);
    neighbour_ponged(&n, 801000);
    CHECK_EQ(neighbour_failing_for(&n, 801000), 0);
}
