#include "base/clock.h"
#include <sys/timex.h>
#include <time.h>

static int64_t read_us(clockid_t id)
{
    struct timespec ts;
    clock_gettime(id, &ts); /* cannot fail for these clocks */
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t clock_wall_ms(const struct clock *c)
{
    return read_us(CLOCK_REALTIME) / 1000 + (c ? atomic_load(&c->wall_offset_ms) : 0);
}

int64_t clock_boot_ms(const struct clock *c)
{
    return read_us(CLOCK_BOOTTIME) / 1000 + (c ? atomic_load(&c->boot_offset_ms) : 0);
}

int64_t clock_mono_ms(void) { return read_us(CLOCK_MONOTONIC) / 1000; }
uint64_t clock_mono_us(void) { return (uint64_t)read_us(CLOCK_MONOTONIC); }

bool clock_kernel_synced(void)
{
    struct timex t = { .modes = 0 };
    return adjtimex(&t) != TIME_ERROR && !(t.status & STA_UNSYNC);
}
