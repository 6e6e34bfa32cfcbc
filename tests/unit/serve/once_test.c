/* The same key is done once, by box, for an hour. */
#include "base/rand.h"
#include "serve/once.h"
#include "test.h"
#include <stdio.h>

static struct once *fresh(void)
{
    struct once *o;
    CHECK_OK(rand_start());
    CHECK_OK(once_new(&o));
    return o;
}

static enum once_is ask(struct once *o, char box, const char *key, int64_t now_ms, struct once_hold *h,
                        const char *want)
{
    const struct box_id id = { .b = { (uint8_t)box } };
    AUTO_BUF struct buf said = { .max = ONCE_ANSWER_MAX };
    enum once_is is = once_begin(o, &id, str_c(key), now_ms, h, &said);
    CHECK_STR("answer", buf_str(&said), want);
    return is;
}

TEST(the_same_key_has_the_same_answer)
{
    struct once *o = fresh();
    struct once_hold h = { 0 }, other = { 0 };
    CHECK_EQ(ask(o, 'a', "one", 1000, &h, ""), ONCE_NEW);
    CHECK_EQ(ask(o, 'a', "one", 1000, &other, ""), ONCE_UNDER_WAY);
    CHECK_EQ(ask(o, 'b', "one", 1000, &other, ""), ONCE_NEW);
    once_keep(&h, S("yes"), 2000);
    CHECK(h.in == NULL);
    CHECK_EQ(ask(o, 'a', "one", 3000, &h, "yes"), ONCE_DONE);
    CHECK_EQ(ask(o, 'a', "one", 2000 + ONCE_MS - 1, &h, "yes"), ONCE_DONE);
    CHECK_EQ(ask(o, 'a', "one", 2000 + ONCE_MS, &h, ""), ONCE_NEW);
    once_drop(&h);
    once_drop(&h);
    once_drop(&other);
    once_free(o);
}

TEST(what_came_to_nothing_is_done_again)
{
    struct once *o = fresh();
    struct once_hold h = { 0 };
    CHECK_EQ(ask(o, 'a', "one", 1000, &h, ""), ONCE_NEW);
    once_drop(&h);
    CHECK_EQ(ask(o, 'a', "one", 1000, &h, ""), ONCE_NEW);
    once_keep(&h, S("yes"), 1000);
    once_free(o);
}

TEST(the_oldest_answers_make_room)
{
    struct once *o = fresh();
    struct once_hold h = { 0 };
    char key[16];
    for (int i = 0; i <= ONCE_ENTRIES_MAX; i++) {
        snprintf(key, sizeof key, "%d", i);
        CHECK_EQ(ask(o, 'a', key, 1000, &h, ""), ONCE_NEW);
        once_keep(&h, S("x"), 1000);
    }
    CHECK_EQ(ask(o, 'a', key, 1000, &h, "x"), ONCE_DONE);
    CHECK_EQ(ask(o, 'a', "0", 1000, &h, ""), ONCE_NEW);
    once_drop(&h);
    once_free(o);
}
