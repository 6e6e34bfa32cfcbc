/* What the out loop counts, for metrics. */
#pragma once
#include <stdatomic.h>
#include <stdint.h>

struct smtp_out_stats {
    _Atomic uint64_t sessions, reused, tls, dane, sts, tls_failed, login_failed, unreached, local;
    _Atomic uint64_t reports, reports_lost; /* on TLS to others; core/tls_reporter counts */
};
