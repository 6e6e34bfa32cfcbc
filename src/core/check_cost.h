/* What the checks of a mail cost, for the metrics: how often each ran, and the time from its beginning to its answer.
 * One for the process, added to from any thread. */
#pragma once
#include "base/util.h"
#include <stdatomic.h>

enum check_kind {
    CHECK_SENDER, /* SPF, DKIM, DMARC, ARC and what else the DNS is asked: mostly waiting */
    CHECK_CONTENT,
    CHECK_CLAMD,
    CHECK_RSPAMD,
    CHECK_KINDS
};
struct check_costs { /* zeroed is ready */
    struct {
        _Atomic uint64_t n, us;
    } v[CHECK_KINDS];
};
const char *check_kind_name(enum check_kind k);
/* begun_us: clock_mono_us() then. c may be NULL. */
void check_cost_add(struct check_costs *c, enum check_kind k, uint64_t begun_us);
