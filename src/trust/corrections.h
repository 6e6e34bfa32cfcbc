/* What readers have said about senders, box by box: the next mail of that author to that box goes where they said. By
 * keyed hash and in memory only: who looks here finds no box and no sender, and a restart forgets. Bounded: where many
 * boxes correct a lot, the oldest corrections go. Thread-safe. */
#pragma once
#include "base/err.h"
#include "store/store.h"

enum correction { CORRECTION_NONE, CORRECTION_HAM, CORRECTION_SPAM };

struct corrections;
[[nodiscard]] enum err corrections_new(struct corrections **out); /* ERR_IO: no memory */
void corrections_free(struct corrections *c);                     /* NULL is fine */
/* author: the address in From, in any case; empty: nothing is kept. */
void corrections_set(struct corrections *c, const struct box_id *box, struct str author, enum correction what);
enum correction corrections_get(struct corrections *c, const struct box_id *box, struct str author);
