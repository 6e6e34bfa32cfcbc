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
    case NEIGHBOUR_ERROR:
        return "error";
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

bool neighbour_is_up(const struct neighbour *n)
{
    return atomic_load(&n->failures) < NEIGHBOUR_FAILURES && atomic_load(&n->silences) < NEIGHBOUR_FAILURES;
}

bool neighbour_may_ask(struct neighbour *n, int64_t now_ms)
{
    int64_t last = atomic_load(&n->probed_ms);
    if (neighbour_is_up(n))
        return true;
    return now_ms - last >= NEIGHBOUR_PROBE_MS && atomic_compare_exchange_strong(&n->probed_ms, &last, now_ms);
}

static void count(_Atomic unsigned *in_a_row, _Atomic int64_t *since_ms, int64_t now_ms)
{
    int64_t never = 0;
    (void)atomic_compare_exchange_strong(since_ms, &never, now_ms);
    if (atomic_load(in_a_row) < NEIGHBOUR_FAILURES)
        atomic_fetch_add(in_a_row, 1);
}

static void is_well(_Atomic unsigned *in_a_row, _Atomic int64_t *since_ms)
{
    atomic_store(in_a_row, 0);
    atomic_store(since_ms, 0);
}

void neighbour_silent(struct neighbour *n, int64_t now_ms) { count(&n->silences, &n->silent_ms, now_ms); }

void neighbour_ponged(struct neighbour *n, int64_t now_ms)
{
    is_well(&n->silences, &n->silent_ms);
    if (now_ms - atomic_load(&n->probed_ms) >= NEIGHBOUR_FORGIVE_MS)
        atomic_store(&n->failures, 0);
}

void neighbour_tell(struct neighbour *n, enum neighbour_outcome o, int64_t now_ms)
{
    int64_t never = 0;
    atomic_fetch_add_explicit(&n->outcomes[o], 1, memory_order_relaxed);
    switch (o) {
    case NEIGHBOUR_CLEAN:
    case NEIGHBOUR_FOUND:
        is_well(&n->failures, &n->failing_ms);
        is_well(&n->silences, &n->silent_ms);
        atomic_store(&n->erring_ms, 0);
        return;
    case NEIGHBOUR_ERROR: /* who can make it err with his mail shall not keep others' mail from it */
        (void)atomic_compare_exchange_strong(&n->erring_ms, &never, now_ms);
        return;
    case NEIGHBOUR_FAILED:
    case NEIGHBOUR_LATE:
        count(&n->failures, &n->failing_ms, now_ms);
        atomic_store(&n->probed_ms, now_ms); /* the next mail may find out in a second from now */
        return;
    case NEIGHBOUR_SKIPPED: /* perhaps it was not even asked */
    case NEIGHBOUR_UNASKED:
    case NEIGHBOUR_OUTCOMES:
        return;
    }
}

static int64_t since(const _Atomic int64_t *begun_ms, int64_t now_ms)
{
    int64_t begun = atomic_load(begun_ms);
    return begun > 0 ? now_ms - begun : 0;
}

int64_t neighbour_failing_for(const struct neighbour *n, int64_t now_ms)
{
    return MAX(since(&n->failing_ms, now_ms), since(&n->silent_ms, now_ms));
}

int64_t neighbour_erring_for(const struct neighbour *n, int64_t now_ms) { return since(&n->erring_ms, now_ms); }
