/* What POP3 counts; serve/metrics prints it. One set for the process, written by all loops. */
#pragma once
#include <stdatomic.h>
#include <stdint.h>

struct pop3_stats {
    _Atomic uint64_t sessions; /* logged in */
    _Atomic uint64_t messages; /* handed out, whole or their top */
    _Atomic uint64_t bytes;    /* octets of those */
    _Atomic uint64_t deleted;
    _Atomic uint64_t in_use; /* logins refused because another session has the box */
};
static inline void pop3_count(_Atomic uint64_t *v, uint64_t n)
{
    atomic_fetch_add_explicit(v, n, memory_order_relaxed);
}
