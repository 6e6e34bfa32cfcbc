/* What POP3 counts; serve/metrics prints it. One set for the process, written by all loops. */
#pragma once
#include "base/str.h"
#include <stdatomic.h>
#include <stdint.h>

enum { POP3_COUNTED = 24 }; /* commands by name, and those that have none of ours */

struct pop3_stats {
    _Atomic uint64_t sessions; /* logged in */
    _Atomic uint64_t messages; /* handed out, whole or their top */
    _Atomic uint64_t bytes;    /* octets of those */
    _Atomic uint64_t deleted;
    _Atomic uint64_t in_use; /* logins refused because another session has the box */
    _Atomic uint64_t inside; /* are logged in now */
    _Atomic uint64_t commands[POP3_COUNTED];
};
/* What commands[i] counts, for a label; empty: nothing, as all behind it. */
struct str pop3_counted_name(size_t i);

static inline void pop3_count(_Atomic uint64_t *v, uint64_t n)
{
    atomic_fetch_add_explicit(v, n, memory_order_relaxed);
}
