/* The guard of time: what it follows, what it doubts, and that it never goes back. */
#include "store/embed_clock.h"
#include "test.h"
#include <stdio.h>
#include <sys/stat.h>

enum { MINUTE = 60 * 1000, HOUR = 60 * MINUTE };

static struct clock clock_;
static char dir[256];

static struct guard *begin(const char *name)
{
    static int n;
    clock_ = (struct clock){ 0 };
    snprintf(dir, sizeof dir, "%s/%s%d", test_dir(), name, n++);
    mkdir(dir, 0700);
    struct guard *g;
    CHECK_OK(guard_open(&(struct guard_opts){ .dir = dir, .clock = &clock_ }, &g));
    return g;
}

static struct guard *again(struct guard *g)
{
    guard_close(g);
    CHECK_OK(guard_open(&(struct guard_opts){ .dir = dir, .clock = &clock_ }, &g));
    return g;
}

static void wall(int64_t ms) { clock_.wall_offset_ms += ms; }
static void both(int64_t ms)
{
    clock_.boot_offset_ms += ms;
    clock_.wall_offset_ms += ms;
}
static bool near(int64_t a, int64_t b) { return a - b < 200 && b - a < 200; }

TEST(time_goes_by)
{
    struct guard *g = begin("goes");
    int64_t t = guard_now_ms(g);
    CHECK(near(t, clock_wall_ms(NULL)));
    both(3 * HOUR);
    CHECK(near(guard_now_ms(g), t + 3 * HOUR));
    guard_tick(g);
    CHECK(near(guard_now_ms(g), t + 3 * HOUR));
    CHECK(!guard_frozen(g));
    guard_close(g);
}

TEST(a_small_step_ahead_is_followed_until_the_days_budget_is_spent)
{
    struct guard *g = begin("small");
    int64_t t = guard_now_ms(g);
    for (int i = 0; i < 4; i++) {
        wall(MINUTE);
        guard_tick(g);
    }
    CHECK(near(guard_now_ms(g), t + 4 * MINUTE));
    CHECK(!guard_frozen(g));
    wall(2 * MINUTE);
    guard_tick(g);
    CHECK(guard_frozen(g));
    CHECK(near(guard_now_ms(g), t + 4 * MINUTE));
    guard_close(g);
}

TEST(the_budget_comes_back)
{
    struct guard *g = begin("budget");
    for (int day = 0; day < 5; day++) {
        wall(4 * MINUTE);
        guard_tick(g);
        CHECK(!guard_frozen(g));
        both(24 * HOUR);
        guard_tick(g);
    }
    guard_close(g);
}

TEST(a_jump_freezes_endings_until_it_is_accepted)
{
    struct guard *g = begin("jump");
    int64_t t = guard_now_ms(g);
    wall(2 * HOUR);
    guard_tick(g);
    CHECK(guard_frozen(g));
    both(10 * MINUTE);
    guard_tick(g);
    CHECK(near(guard_now_ms(g), t + 10 * MINUTE)); /* by the boot clock */
    CHECK(near(guard_due_ms(g), t));               /* no box ends meanwhile */
    guard_accept(g);
    CHECK(!guard_frozen(g));
    CHECK(near(guard_now_ms(g), t + 2 * HOUR + 10 * MINUTE));
    CHECK(near(guard_due_ms(g), t + 2 * HOUR + 10 * MINUTE));
    guard_close(g);
}

TEST(a_jump_that_is_taken_back_thaws)
{
    struct guard *g = begin("thaw");
    wall(2 * HOUR);
    guard_tick(g);
    CHECK(guard_frozen(g));
    wall(-2 * HOUR);
    guard_tick(g);
    CHECK(!guard_frozen(g));
    guard_close(g);
}

TEST(a_step_back_is_not_followed)
{
    struct guard *g = begin("back");
    int64_t t = guard_now_ms(g);
    wall(-5 * HOUR);
    guard_tick(g);
    CHECK(near(guard_now_ms(g), t));
    both(MINUTE);
    guard_tick(g);
    CHECK(near(guard_now_ms(g), t + MINUTE)); /* ends still come in time */
    guard_close(g);
}

TEST(nor_over_a_restart)
{
    struct guard *g = begin("restart");
    both(HOUR);
    int64_t t = guard_now_ms(g);
    guard_tick(g);
    wall(-20 * HOUR);
    g = again(g);
    CHECK(near(guard_now_ms(g), t));
    CHECK(!guard_frozen(g));
    guard_close(g);
}

TEST(a_jump_while_it_was_down_freezes)
{
    struct guard *g = begin("down");
    int64_t t = guard_now_ms(g);
    guard_close(g);
    wall(3 * HOUR);
    CHECK_OK(guard_open(&(struct guard_opts){ .dir = dir, .clock = &clock_ }, &g));
    if (clock_kernel_synced()) {
        CHECK(near(guard_now_ms(g), t + 3 * HOUR)); /* a synchronised kernel clock is believed */
    } else {
        CHECK(guard_frozen(g));
        CHECK(near(guard_now_ms(g), t));
    }
    guard_close(g);
}

TEST(a_damaged_mark_is_as_none)
{
    struct guard *g = begin("mark");
    guard_close(g);
    char path[300];
    snprintf(path, sizeof path, "%s/clock", dir);
    FILE *f = fopen(path, "r+");
    fputs("MFC1garbage", f);
    fclose(f);
    CHECK_OK(guard_open(&(struct guard_opts){ .dir = dir, .clock = &clock_ }, &g));
    CHECK(near(guard_now_ms(g), clock_wall_ms(NULL)));
    guard_close(g);
}
