#include "base/clock.h"
#include "test.h"

TEST(offsets)
{
    struct clock c = { 0 };
    int64_t wall = clock_wall_ms(NULL), boot = clock_boot_ms(NULL);
    CHECK(wall > 1700000000000 && boot > 0);
    atomic_store(&c.wall_offset_ms, 86400000);
    atomic_store(&c.boot_offset_ms, -3600000);
    int64_t wall_ahead = clock_wall_ms(&c) - wall, boot_behind = clock_boot_ms(&c) - boot;
    CHECK(wall_ahead >= 86400000 && wall_ahead < 86400000 + 60000);
    CHECK(boot_behind >= -3600000 && boot_behind < -3600000 + 60000);
}

TEST(monotonic)
{
    int64_t ms = clock_mono_ms();
    uint64_t us = clock_mono_us();
    CHECK((int64_t)(us / 1000) >= ms && clock_mono_us() >= us);
    (void)clock_kernel_synced(); /* either answer is right */
}
