/* The mailbox as a POP3 session sees it from its login to its end: ids and sizes of INBOX, oldest first. */
#pragma once
#include "serve/pop3.h"

struct pop3_snapshot;
/* Once, on a later turn. msgs is the heap's and the asker's; NULL when there are none, or on an error. */
typedef void pop3_snapshot_fn(void *ctx, enum err e, struct pop3_msg *msgs, size_t n);
struct pop3_snapshot *pop3_snapshot_new(struct store *st, struct loop *l, const struct box_id *box,
                                        pop3_snapshot_fn *done, void *ctx); /* NULL: no memory, no answer */
void pop3_snapshot_cancel(struct pop3_snapshot *s);                         /* NULL is fine */
