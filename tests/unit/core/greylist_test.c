#include "base/rand.h"
#include "core/greylist.h"
#include "test.h"
#include <stdio.h>

enum { MINUTE = 60 * 1000, DAY = 24 * 60 * MINUTE };

struct rig {
    struct limit *keys;
    struct greylist *g;
    struct peer one, two;
};

static struct rig rig(void)
{
    struct rig r = { .one = { .key = { 1 } }, .two = { .key = { 2 } } };
    CHECK_OK(rand_start());
    CHECK_OK(limit_new(&(struct limit_opts){ 0 }, &r.keys));
    CHECK_OK(greylist_new(&(struct greylist_opts){ .delay_ms = 5 * MINUTE, .keep_ms = DAY }, r.keys, &r.g));
    return r;
}

static void rig_fini(struct rig *r)
{
    greylist_free(r->g);
    limit_free(r->keys);
}

static int64_t ask(struct rig *r, const struct peer *p, const char *from, const char *to, int64_t now_ms)
{
    return greylist_wait_ms(r->g, p, str_c(from), str_c(to), now_ms);
}

TEST(a_retry_passes_and_then_its_network_does)
{
    struct rig r = rig();
    CHECK_EQ(ask(&r, &r.one, "a@x.test", "b@y.test", 0), 5 * MINUTE);
    CHECK_EQ(ask(&r, &r.one, "a@x.test", "b@y.test", MINUTE), 4 * MINUTE); /* too early */
    CHECK_EQ(ask(&r, &r.one, "a@x.test", "c@y.test", 5 * MINUTE), 5 * MINUTE);
    CHECK_EQ(ask(&r, &r.one, "a@x.test", "b@y.test", 5 * MINUTE), 0);
    CHECK_EQ(ask(&r, &r.one, "other@x.test", "c@y.test", 6 * MINUTE), 0);
    CHECK_EQ(ask(&r, &r.two, "a@x.test", "b@y.test", 6 * MINUTE), 5 * MINUTE);
    rig_fini(&r);
}

TEST(what_is_not_used_is_forgotten)
{
    struct rig r = rig();
    (void)ask(&r, &r.one, "a@x.test", "b@y.test", 0);
    CHECK_EQ(ask(&r, &r.one, "a@x.test", "b@y.test", DAY), 5 * MINUTE); /* too late: begins anew */
    CHECK_EQ(ask(&r, &r.one, "a@x.test", "b@y.test", DAY + 5 * MINUTE), 0);
    CHECK_EQ(ask(&r, &r.one, "a@x.test", "b@y.test", 2 * DAY), 0); /* used, so kept */
    CHECK_EQ(ask(&r, &r.one, "a@x.test", "b@y.test", 3 * DAY), 5 * MINUTE);
    rig_fini(&r);
}

TEST(a_flood_of_triplets_takes_no_more_memory_and_nobody_s_place)
{
    struct rig r = rig();
    for (uint8_t i = 0; i < 200; i++) {
        struct peer passes = { .key = { 0, i, 3 } };
        (void)ask(&r, &passes, "a@x.test", "b@y.test", -5 * MINUTE);
        CHECK_EQ(ask(&r, &passes, "a@x.test", "b@y.test", 0), 0);
    }
    for (int i = 0; i < 100000; i++) {
        char from[32];
        snprintf(from, sizeof from, "%d@x.test", i);
        CHECK(ask(&r, &r.one, from, "b@y.test", i) == 5 * MINUTE);
    }
    for (uint8_t i = 0; i < 200; i++)
        CHECK_EQ(ask(&r, &(struct peer){ .key = { 0, i, 3 } }, "new@x.test", "b@y.test", 100000), 0);
    rig_fini(&r);
}
