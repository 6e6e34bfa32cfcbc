/* Bytes of deleted messages are punched out of their segments, a moment later: what was deleted together mostly lies
 * together, and one large hole costs the file system, and whoever writes to that file meanwhile, as much as a small
 * one.
 */
#pragma once
#include "store/embed_compact.h"
#include "store/embed_handover.h"

struct puncher;
[[nodiscard]] enum err puncher_new(struct store *st, const struct compact *c, struct puncher **out);
void puncher_free(struct puncher *p);
bool puncher_step(struct puncher *p); /* one small step; false: nothing to do */
