/* Carries messages on to another segment, ciphertext unchanged: read here, written by the committer in one of its
 * batches if the message still lies where it was read. For the maintenance thread. */
#pragma once
#include "store/embed_state.h"

struct copier;
[[nodiscard]] enum err copier_new(struct store *st, struct copier **out);
void copier_free(struct copier *c); /* after the committer has stopped */
/* False: full, send first. What can't be read is left where it is. */
bool copier_add(struct copier *c, uint64_t seg, uint64_t off, const struct rec_head *h);
bool copier_full(const struct copier *c);
void copier_send(struct copier *c);
bool copier_busy(const struct copier *c); /* a batch with its messages is under way */
