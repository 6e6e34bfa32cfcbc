/* Sealed segments of which half is dead: dead runs are punched out; what is left of a mostly dead one is copied on. */
#pragma once
#include "store/embed_state.h"

struct compact;
[[nodiscard]] enum err compact_new(struct store *st, struct compact **out);
void compact_free(struct compact *c);
void compact_again(struct compact *c);                     /* look anew for segments to walk */
bool compact_step(struct compact *c);                      /* one small step; false: nothing to do */
bool compact_walks(const struct compact *c, uint64_t seg); /* is in the middle of that one */
