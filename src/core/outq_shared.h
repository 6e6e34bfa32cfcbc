/* What the out-queue's loops share: read-only after the start but for what is atomic. */
#pragma once
#include "core/outq.h"
#include <stdatomic.h>

enum { OUTQ_AT_HAND_MAX = 32 << 20 }; /* octets of mail kept in memory between their put and their first try */

struct outq_shared {
    struct outq_shared_opts o;
    uint8_t *key;         /* the queue key: a cell */
    uint64_t run;         /* random: tells this run's items from those of the one before */
    struct outq_run *out; /* set before the threads start */
    struct loop *out_loop;
    _Atomic uint64_t waiting, at_hand, active, destinations;
    _Atomic uint64_t put, sent, later, failed, expired, dropped, recalled, dsn_failed, dsn_delayed, dsn_success,
        reported;
};
