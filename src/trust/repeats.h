/* The last mails that were taught, by a sketch of each: the copy of a mail must not count as a second source for what
 * stands in it. In memory only. Not thread-safe. */
#pragma once
#include "trust/feature.h"

enum { REPEATS_KEPT = 1024, REPEATS_SKETCH = 16 };

struct repeats {
    struct repeats_mail {
        uint64_t source;
        uint32_t n, v[REPEATS_SKETCH]; /* the smallest hashes of its text and names, rising */
    } v[REPEATS_KEPT];
    size_t next;
};

/* The source of the mail of which this is nearly a copy; or source itself, and the mail is remembered as its own. */
uint64_t repeats_source(struct repeats *r, const struct features *f, uint64_t source);
