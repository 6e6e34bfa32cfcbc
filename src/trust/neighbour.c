#include "trust/neighbour.h"

const char *neighbour_outcome_name(enum neighbour_outcome o)
{
    switch (o) {
    case NEIGHBOUR_CLEAN:
        return "clean";
    case NEIGHBOUR_FOUND:
        return "found";
    case NEIGHBOUR_SKIPPED:
        return "skipped";
    case NEIGHBOUR_FAILED:
        return "failed";
    case NEIGHBOUR_LATE:
        return "late";
    case NEIGHBOUR_UNASKED:
        return "unasked";
    case NEIGHBOUR_OUTCOMES:
        break;
    }
    return "";
}

bool neighbour_is_up(const struct neighbour *n) { return atomic_load(&n->failures) < NEIGHBOUR_FAILURES; }

bool neighbour_may_ask(struct neighbour *n, int64_t now_ms)
{
    int64_t last = atomic_load(&n->probed_ms);
    if (neighbour_is_up(n))
        return true;
    return now_ms - last >= NEIGHBOUR_PROBE_MS && atomic_compare_exchange_strong(&n->probed_ms, &last, now_ms);
}

void neighbour_alive(struct neighbour *n)
{
    atomic_store(&n->failures, 0);
    atomic_store(&n->failing_ms, 0);
}

void neighbour_fails(struct neighbour *n, int64_t now_ms)
{
    int64_t never = 0;
    (void)atomic_compare_exchange_strong(&n->failing_ms, &never, now_ms);
    if (neighbour_is_up(n))
        atomic_fetch_add(&n->failures, 1);
}

void neighbour_tell(struct neighbour *n, enum neighbour_outcome o, int64_t now_ms)
{
    atomic_fetch_add_explicit(&n->outcomes[o], 1, memory_order_relaxed);
    switch (o) {
    case NEIGHBOUR_CLEAN:
    case NEIGHBOUR_FOUND:
        neighbour_alive(n);
        return;
    case NEIGHBOUR_FAILED:
    case NEIGHBOUR_LATE:
        neighbour_fails(n, now_ms);
        atomic_store(&n->probed_ms, now_ms); /* the next mail may find out in a second from now */
        return;
    case NEIGHBOUR_SKIPPED: /* perhaps it was not even asked */
    case NEIGHBOUR_UNASKED:
    case NEIGHBOUR_OUTCOMES:
        return;
    }
}

int64_t neighbour_failing_for(const struct neighbour *n, int64_t now_ms)
{
    int64_t since = atomic_load(&n->failing_ms);
    return since > 0 ? now_ms - since : 0;
}
