/* How a scanner beside us is doing: one for the process, told and asked from any loop. After a few failures in a row it
 * is down, and then only one mail a second finds out whether it is back, so that a scanner that hangs does not hold
 * every mail for as long as it may take. Failures over mail and over pings count apart: one that answers pings and no
 * mail is no good. */
#pragma once
#include "base/util.h"
#include <stdatomic.h>

enum { NEIGHBOUR_FAILURES = 3, NEIGHBOUR_PROBE_MS = 1000, NEIGHBOUR_FORGIVE_MS = 60 * 1000 };

enum neighbour_outcome {
    NEIGHBOUR_CLEAN,   /* nothing found */
    NEIGHBOUR_FOUND,   /* malware, or what it calls spam */
    NEIGHBOUR_SKIPPED, /* too large, or over its own limits */
    NEIGHBOUR_ERROR,   /* an error of its own over one mail; it may do well with the next */
    NEIGHBOUR_FAILED,  /* nobody there, cut off, or nothing that we understand */
    NEIGHBOUR_LATE,    /* no answer in time */
    NEIGHBOUR_UNASKED, /* it was down */
    NEIGHBOUR_OUTCOMES
};
const char *neighbour_outcome_name(enum neighbour_outcome o);

struct neighbour { /* zeroed is ready */
    _Atomic uint64_t outcomes[NEIGHBOUR_OUTCOMES];
    _Atomic unsigned failures;  /* over mail, in a row */
    _Atomic unsigned silences;  /* pings that were not answered, in a row */
    _Atomic int64_t failing_ms; /* over mail, since when; 0: it has answered last */
    _Atomic int64_t silent_ms;  /* the same of pings */
    _Atomic int64_t erring_ms;  /* since when all that it has said of mails was errors; 0: it has not */
    _Atomic int64_t probed_ms;  /* when it failed last, or was asked although it was down */
};
/* Is it to be asked? now_ms is monotonic and greater than 0. */
bool neighbour_may_ask(struct neighbour *n, int64_t now_ms);
void neighbour_tell(struct neighbour *n, enum neighbour_outcome o, int64_t now_ms);
/* A ping was answered: it is there. Failures over mail are forgiven when the last one is a minute ago, so that it is
 * not taken to be down where no mail comes; since when there were any is not. */
void neighbour_ponged(struct neighbour *n, int64_t now_ms);
void neighbour_silent(struct neighbour *n, int64_t now_ms); /* or was not */
bool neighbour_is_up(const struct neighbour *n);
int64_t neighbour_failing_for(const struct neighbour *n, int64_t now_ms); /* since the first failure; 0: it is well */
int64_t neighbour_erring_for(const struct neighbour *n, int64_t now_ms);  /* 0: it has not */
