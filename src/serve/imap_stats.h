/* What IMAP counts; serve/metrics prints it. One set for the process, written by all loops. */
#pragma once
#include "base/str.h"
#include <stdatomic.h>

enum { IMAP_COUNTED = 64 }; /* commands by name, and those that have none of ours */

struct imap_stats {
    _Atomic uint64_t sessions;     /* logged in */
    _Atomic uint64_t inside, idle; /* are logged in now; and are in IDLE */
    _Atomic uint64_t bytes;        /* of messages and their parts, sent */
    _Atomic uint64_t commands[IMAP_COUNTED];
};
/* What commands[i] counts, for a label; empty: nothing, as all behind it. */
struct str imap_counted_name(size_t i);

static inline void imap_count(_Atomic uint64_t *v, uint64_t n)
{
    atomic_fetch_add_explicit(v, n, memory_order_relaxed);
}
static inline void imap_uncount(_Atomic uint64_t *v) { atomic_fetch_sub_explicit(v, 1, memory_order_relaxed); }
