#include "core/check_cost.h"
#include "base/clock.h"

const char *check_kind_name(enum check_kind k)
{
    switch (k) {
    case CHECK_SENDER:
        return "sender";
    case CHECK_CONTENT:
        return "content";
    case CHECK_CLAMD:
        return "clamd";
    case CHECK_RSPAMD:
        return "rspamd";
    case CHECK_KINDS:
        break;
    }
    return "";
}

void check_cost_add(struct check_costs *c, enum check_kind k, uint64_t begun_us)
{
    if (!c)
        return;
    atomic_fetch_add_explicit(&c->v[k].n, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&c->v[k].us, clock_mono_us() - begun_us, memory_order_relaxed);
}
