/* Who a submitted message says it is from: one mailbox, the box's own, written anew so that every reader finds the same
 * one in it. Pure. */
#pragma once
#include "base/arena.h"
#include "core/send.h"

/* From, Sender and their like: fields of which only what send_author_put() writes may leave. */
bool send_author_is(struct str name);
/* A field's value: is it one mailbox, own (the box's address as addr_key() has it)? SEND_OK, SEND_BAD_FROM (none, or
 * not to be read), SEND_TWO_FROM (more, or a group), SEND_NOT_YOUR_ADDRESS, SEND_LATER (the arena is full). */
[[nodiscard]] enum send_refusal send_author_check(struct str raw, struct str own, struct arena *a);
/* The field as it leaves; nothing when send_author_check() would not have it. out fails when the arena is full. */
void send_author_put(struct buf *out, struct str name, struct str raw, struct str own, struct arena *a);
