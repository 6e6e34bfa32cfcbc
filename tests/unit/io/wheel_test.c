#include "io/wheel.h"
#include "test.h"
#include <string.h>

struct probe {
    struct deadline d;
    struct wheel *w;
    struct probe *victim;
    int64_t again_ms;
    int fired;
};

static void on_fire(struct deadline *d)
{
    struct probe *p = CONTAINER_OF(d, struct probe, d);
    p->fired++;
    if (p->victim)
        wheel_clear(p->w, &p->victim->d);
    if (p->again_ms)
        wheel_set(p->w, d, p->again_ms);
}

TEST(fires_once_not_early_and_within_a_tick)
{
    static struct wheel w;
    wheel_init(&w, 1000);
    for (int64_t due = 1001; due < 80000; due += 977) {
        struct probe p = { .d.fire = on_fire, .w = &w };
        int64_t now = w.tick * WHEEL_TICK_MS;
        wheel_set(&w, &p.d, now + due);
        CHECK(w.n == 1);
        for (int64_t t = now; t < now + due; t += 5)
            wheel_run(&w, t);
        CHECK_EQ(p.fired, 0);
        CHECK(wheel_next_ms(&w) <= now + due + WHEEL_TICK_MS);
        wheel_run(&w, now + due + WHEEL_TICK_MS);
        CHECK(p.fired == 1 && w.n == 0 && wheel_next_ms(&w) == INT64_MAX);
    }
}

TEST(set_again_and_clear)
{
    static struct wheel w;
    struct probe a = { .d.fire = on_fire, .w = &w }, never = { .d.fire = on_fire };
    wheel_init(&w, 0);
    wheel_set(&w, &a.d, 100);
    wheel_set(&w, &a.d, 5000);
    wheel_run(&w, 4000);
    CHECK(a.fired == 0 && w.n == 1);
    wheel_clear(&w, &a.d);
    wheel_clear(&w, &a.d);
    wheel_clear(&w, &never.d);
    wheel_run(&w, 10000);
    CHECK(a.fired == 0 && w.n == 0);
    wheel_set(&w, &a.d, 1); /* long past */
    wheel_run(&w, 10000 + WHEEL_TICK_MS);
    CHECK_EQ(a.fired, 1);
}

TEST(a_long_sleep_meets_all)
{
    static struct wheel w;
    static struct probe p[3000];
    wheel_init(&w, 0);
    for (size_t i = 0; i < COUNT(p); i++) {
        p[i] = (struct probe){ .d.fire = on_fire, .w = &w };
        wheel_set(&w, &p[i].d, (int64_t)i * 11);
    }
    wheel_run(&w, 10000000);
    for (size_t i = 0; i < COUNT(p); i++)
        CHECK_EQ(p[i].fired, 1);
}

TEST(fire_may_clear_and_set_others)
{
    static struct wheel w;
    struct probe a = { .d.fire = on_fire, .w = &w }, b = a, c = a;
    wheel_init(&w, 0);
    a.victim = &b; /* the same slot: whichever comes first clears the other */
    b.victim = &a;
    c.again_ms = 50;
    wheel_set(&w, &a.d, 20);
    wheel_set(&w, &b.d, 20);
    wheel_set(&w, &c.d, 20);
    wheel_run(&w, 40);
    CHECK(a.fired == 1 && b.fired == 0 && c.fired == 1 && w.n == 1);
    wheel_run(&w, 45);
    CHECK_EQ(c.fired, 1);
    c.again_ms = 0;
    wheel_run(&w, 80);
    CHECK(c.fired == 2 && w.n == 0);
}
