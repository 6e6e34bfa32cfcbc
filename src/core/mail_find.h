/* The message of a box that another one names: by its Message-ID, wherever it lies but for Drafts. */
#pragma once
#include "core/mail.h"

struct mail_find;
/* id: the newest of the first folder that has one. ERR_GONE: there is none, or the box is over; ERR_IO, ERR_FULL. */
typedef void mail_found_fn(void *ctx, enum err e, const struct msg_id *id);
/* message_id: without its brackets, copied. Answers once, on a later turn, unless cancelled. NULL: memory. */
struct mail_find *mail_find(struct store *st, struct loop *l, struct opened *o, struct str message_id,
                            mail_found_fn *done, void *ctx);
void mail_find_cancel(struct mail_find *f); /* NULL is fine */
