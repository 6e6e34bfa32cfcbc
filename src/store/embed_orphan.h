/* After a start: boxes whose lease is gone while their rows are there, because the process died between the two. One
 * pass over all boxes, in small steps, beside the work. */
#pragma once
#include "store/embed_state.h"

struct orphan {
    struct key at; /* where the pass goes on */
    bool done;
};
bool orphan_step(struct orphan *o, struct store *st); /* false: nothing more to do */
