/* Time in ms. Wall time decides ends of boxes (through store_now_ms(), which guards against jumps); monotonic time
 * decides time-outs; boot time (CLOCK_BOOTTIME) is what a wall jump is measured against. A test clock adds an offset to
 * the wall and boot readings, settable from any thread. */
#pragma once
#include "base/util.h"
#include <stdatomic.h>

struct clock {
    _Atomic int64_t wall_offset_ms; /* 0 but for test.clock */
    _Atomic int64_t boot_offset_ms;
};

int64_t clock_wall_ms(const struct clock *c); /* since 1970, UTC; c may be NULL */
int64_t clock_boot_ms(const struct clock *c);
int64_t clock_mono_ms(void);
uint64_t clock_mono_us(void);
bool clock_kernel_synced(void); /* adjtimex() says the kernel clock is disciplined */
