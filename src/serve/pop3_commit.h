/* What was marked, deleted at QUIT: all of it at once, so that the store makes one commit of it. */
#pragma once
#include "core/mail_change.h"
#include "serve/pop3.h"

struct pop3_commit;
/* Once, on a later turn. What somebody else has deleted meanwhile is no error. */
typedef void pop3_commit_fn(void *ctx, enum err e);
struct pop3_commit *pop3_commit_new(struct store *st, struct event_hub *hub, struct loop *l, const struct box_id *box,
                                    const struct pop3_msg *msgs, size_t n, pop3_commit_fn *done,
                                    void *ctx); /* NULL: no memory, no answer, nothing is deleted */
void pop3_commit_leave(
    struct pop3_commit *c); /* done is not called any more; what was begun is carried out. NULL is fine */
