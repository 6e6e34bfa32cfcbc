#include "base/arena.h"
#include "test.h"
#include <string.h>

TEST(zeroed_aligned_and_counted)
{
    AUTO_ARENA struct arena a = { .max = 1 << 20 };
    for (size_t n = 1; n < 5000; n += 37) {
        char *p = arena_alloc(&a, n);
        CHECK(p && (uintptr_t)p % 16 == 0);
        for (size_t i = 0; i < n; i++)
            CHECK(p[i] == 0);
        memset(p, 0xaa, n);
    }
    CHECK(a.used <= a.max);
    arena_reset(&a);
    CHECK(a.used == 0 && !a.head);
}

TEST(ceiling)
{
    AUTO_ARENA struct arena a = { .max = 100 };
    CHECK(arena_alloc(&a, 96) && !arena_alloc(&a, 16) && arena_alloc(&a, 0));
    CHECK(!arena_alloc(&a, SIZE_MAX) && !arena_alloc(&a, SIZE_MAX - 15) && !arena_array(&a, SIZE_MAX / 2, 3));
    arena_reset(&a);
    CHECK(arena_array(&a, 4, 8) != NULL);
}

TEST(dup_and_printf)
{
    AUTO_ARENA struct arena a = { .max = 64, .secret = true };
    struct str s = arena_dup(&a, S("a\0b"));
    CHECK(str_eq(s, S("a\0b")) && s.p[3] == 0);
    CHECK(arena_dup(&a, (struct str){ 0 }).p != NULL);
    CHECK_STR("printf", arena_printf(&a, "%d-%s", 12, "x"), "12-x");
    CHECK(arena_printf(&a, "%100s", "").p == NULL);
}
