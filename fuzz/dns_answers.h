/* One record for whatever a check asks the DNS for. */
#pragma once
#include "trust/answers.h"

static inline void answer_with(struct answers *as, struct answer *a, struct str record)
{
    a->status = ANSWER_FOUND;
    a->records.v = arena_array(as->kept, 1, sizeof *a->records.v);
    a->records.n = 1;
    a->records.v[0] = (struct dns_record){ .data = record };
}
