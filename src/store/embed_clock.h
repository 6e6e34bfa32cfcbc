/* The store's time: wall time that never runs backwards, not even over a restart, and that does not believe a jump
 * ahead, since a jump would end boxes and an end can't be undone. It is boot time plus an offset that only grows: a
 * tick moves the offset up to where the wall is, as far as the rules allow. */
#pragma once
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"

struct guard;
struct guard_opts {
    const char *dir; /* holds the file "clock" with the high-water mark */
    const struct clock *clock;
    struct log *log;
};

[[nodiscard]] enum err guard_open(const struct guard_opts *opts, struct guard **out);
void guard_close(struct guard *g); /* saves the mark */
int64_t guard_now_ms(const struct guard *g);
int64_t guard_due_ms(const struct guard *g); /* boxes whose end is not after this are over; stands still while frozen */
bool guard_frozen(const struct guard *g);
void guard_accept(struct guard *g);
void guard_tick(struct guard *g); /* a few times a second, by one thread */
