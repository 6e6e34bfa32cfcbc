/* What SMTP counts; serve/metrics prints it. One set for the process, written by all loops. */
#pragma once
#include <stdatomic.h>
#include <stdint.h>

enum smtp_in_count {
    SMTP_IN_CONNECTIONS,
    SMTP_IN_SECURED,
    SMTP_IN_ACCEPTED,   /* messages answered 250 */
    SMTP_IN_BYTES,      /* octets of those */
    SMTP_IN_RCPTS,      /* recipients answered 250 */
    SMTP_IN_UNKNOWN,    /* recipients not there (any more) */
    SMTP_IN_RELAY,      /* recipients that are not ours */
    SMTP_IN_BOX_FULL,   /* recipients without room, at RCPT or after the data */
    SMTP_IN_TOO_BIG,    /* messages over the size, declared or real */
    SMTP_IN_NO_MEMORY,  /* messages refused because the message memory was used up */
    SMTP_IN_BARE_EOL,   /* connections or messages with a bare CR or LF */
    SMTP_IN_MALFORMED,  /* messages refused for their form */
    SMTP_IN_LISTED,     /* connections refused because a block list has the client */
    SMTP_IN_GREYLISTED, /* recipients told to come back later */
    SMTP_IN_POLICY,     /* messages refused because the domain in From asks for it (DMARC) */
    SMTP_IN_TEMPFAIL,   /* 451: store or look-up failed us */
    SMTP_IN_TIMEOUTS,
    SMTP_IN_ABUSE, /* connections ended: errors, junk, harvest, other protocols, bytes behind STARTTLS */
    SMTP_IN_COUNTS
};
struct smtp_in_stats {
    _Atomic uint64_t v[SMTP_IN_COUNTS];
    _Atomic uint64_t storing; /* messages that have come in whole and wait for their answer */
};
/* For labels: "connections", "tls", "accepted" … */
const char *smtp_in_count_name(enum smtp_in_count c);

static inline void smtp_in_count_add(struct smtp_in_stats *st, enum smtp_in_count c, uint64_t n)
{
    if (st)
        atomic_fetch_add_explicit(&st->v[c], n, memory_order_relaxed);
}
