#include "base/map.h"
#include "test.h"
#include <stdio.h>

static struct str key_of(char *room, size_t i) { return str_of(room, (size_t)sprintf(room, "key-%zu", i)); }

TEST(set_get_del)
{
    struct map m;
    map_init(&m, 0);
    int a, b;
    CHECK(!map_get(&m, S("x")) && !map_del(&m, S("x")));
    CHECK(map_set(&m, S("a\0x"), &a) && map_set(&m, S("a\0y"), &b) && map_set(&m, S(""), &a));
    CHECK(map_get(&m, S("a\0x")) == &a && map_get(&m, S("a\0y")) == &b && map_get(&m, (struct str){ 0 }) == &a);
    CHECK(!map_get(&m, S("a")));
    CHECK(map_set(&m, S("a\0x"), &b) && m.n == 3 && map_get(&m, S("a\0x")) == &b);
    CHECK(map_del(&m, S("a\0x")) == &b && m.n == 2 && !map_get(&m, S("a\0x")));
    map_fini(&m);
    CHECK(m.n == 0 && !map_get(&m, S("")));
}

TEST(grows_and_keeps_its_size_under_churn)
{
    static int values[5000];
    struct map m;
    char room[32];
    map_init(&m, 0);
    for (size_t i = 0; i < COUNT(values); i++)
        CHECK(map_set(&m, key_of(room, i), &values[i]));
    for (size_t i = 0; i < COUNT(values); i++)
        CHECK(map_get(&m, key_of(room, i)) == &values[i]);
    for (size_t i = 10; i < COUNT(values); i++)
        CHECK(map_del(&m, key_of(room, i)) == &values[i]);
    size_t cap = m.cap;
    for (size_t round = 0; round < 100000; round++) {
        CHECK(map_set(&m, key_of(room, 10 + round), values));
        CHECK(map_del(&m, key_of(room, 10 + round)) == values);
    }
    CHECK_EQ(m.cap, cap);
    for (size_t i = 0; i < 10; i++)
        CHECK(map_get(&m, key_of(room, i)) == &values[i]);
    map_fini(&m);
}

TEST(ceiling)
{
    struct map m;
    map_init(&m, 2);
    int v;
    CHECK(map_set(&m, S("a"), &v) && map_set(&m, S("b"), &v) && !map_set(&m, S("c"), &v) && map_set(&m, S("a"), &v));
    map_del(&m, S("a"));
    CHECK(map_set(&m, S("c"), &v));
    map_fini(&m);
}

TEST(a_walk_may_delete_what_it_sees)
{
    static int values[100];
    struct map m;
    char room[32];
    map_init(&m, 0);
    for (size_t i = 0; i < COUNT(values); i++)
        CHECK(map_set(&m, key_of(room, i), &values[i]));
    size_t it = 0, seen = 0;
    struct str key;
    void *value;
    while (map_next(&m, &it, &key, &value)) {
        ++*(int *)value;
        if (seen++ % 2)
            CHECK(map_del(&m, key) == value);
    }
    CHECK(seen == 100 && m.n == 50);
    for (size_t i = 0; i < COUNT(values); i++)
        CHECK_EQ(values[i], 1);
    map_fini(&m);
}
