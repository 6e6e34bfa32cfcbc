/* How often somebody may be asked whether mail is to be forwarded to him. */
#include "core/forward_asks.h"
#include "test.h"
#include <stdio.h>

enum { HOUR_MS = 3600 * 1000 };

static enum err take(struct forward_asks *f, uint8_t box, const char *to, int64_t hour)
{
    struct box_id id = { { box } };
    return forward_asks_take(f, &id, str_c(to), hour * HOUR_MS);
}

TEST(an_address_once_a_day)
{
    struct forward_asks *f;
    CHECK_EQ(forward_asks_new(&f), OK);
    CHECK_EQ(take(f, 1, "a@far.example", 0), OK);
    CHECK_EQ(take(f, 2, "a@far.example", 1), ERR_DENIED);
    CHECK_EQ(take(f, 2, "a+x@far.example", 2), ERR_DENIED);
    CHECK_EQ(take(f, 2, "a@other.example", 2), OK);
    CHECK_EQ(take(f, 2, "a@far.example", 23), ERR_DENIED);
    CHECK_EQ(take(f, 2, "a@far.example", 24), OK);
    CHECK_EQ(take(f, 1, "a@far.example", 25), ERR_DENIED);
    CHECK_EQ(take(f, 1, "+x@far.example", 25), OK);
    CHECK_EQ(take(f, 1, "+y@far.example", 25), OK);
    forward_asks_free(f);
}

TEST(a_box_few_a_day)
{
    struct forward_asks *f;
    struct box_id id = { { 1 } };
    CHECK_EQ(forward_asks_new(&f), OK);
    CHECK_EQ(take(f, 1, "a@far.example", 0), OK);
    CHECK_EQ(take(f, 1, "b@far.example", 0), OK);
    CHECK_EQ(take(f, 1, "c@far.example", 20), OK);
    CHECK_EQ(take(f, 1, "d@far.example", 20), ERR_BUSY);
    CHECK_EQ(take(f, 2, "d@far.example", 20), OK);
    forward_asks_give(f, &id, S("c@far.example"));
    CHECK_EQ(take(f, 2, "c@far.example", 21), OK);
    CHECK_EQ(take(f, 1, "e@far.example", 21), OK);
    CHECK_EQ(take(f, 1, "f@far.example", 23), ERR_BUSY);
    CHECK_EQ(take(f, 1, "f@far.example", 24), OK);
    forward_asks_free(f);
}

TEST(more_than_there_is_room_for)
{
    struct forward_asks *f;
    CHECK_EQ(forward_asks_new(&f), OK);
    for (int64_t day = 0; day < 3; day++)
        for (uint32_t i = 0; i < 3000; i++) {
            char to[40];
            struct box_id id = { { (uint8_t)i, (uint8_t)(i >> 8), 1 } };
            snprintf(to, sizeof to, "x%u@far.example", (unsigned)i);
            CHECK(forward_asks_take(f, &id, str_c(to), day * 24 * HOUR_MS) == OK);
        }
    forward_asks_free(f);
}
