/* What readers have said about senders, box by box: the next mail of that author to that box goes where they said. By
 * keyed hash and in memory only: who looks here finds no box and no sender; core/said is where it is written down.
 * Bounded: where many boxes correct a lot, the oldest corrections go. Thread-safe. */
#pragma once
#include "base/err.h"
#include "store/store.h"

enum correction { CORRECTION_NONE, CORRECTION_HAM, CORRECTION_SPAM };

struct corrections;
[[nodiscard]] enum err corrections_new(struct corrections **out); /* ERR_IO: no memory */
void corrections_free(struct corrections *c);                     /* NULL is fine */
/* An author as one box knows him: a hash that says something to whoever can guess both, so it is a secret. */
enum { CORRECTION_AUTHOR_N = 16 };
struct correction_author {
    uint8_t hash[CORRECTION_AUTHOR_N];
};
/* author: the address in From, in any case. */
struct correction_author correction_author(const struct box_id *box, struct str author);
void corrections_set(struct corrections *c, const struct correction_author *a, enum correction what);
enum correction corrections_get(struct corrections *c, const struct correction_author *a);
