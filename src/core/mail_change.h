/* Marks, moves and deletes one message and tells the box's listeners, whichever protocol asked. What was begun is
 * carried out and told even when the asker leaves meanwhile. */
#pragma once
#include "core/auth.h"

struct mail_change {
    uint32_t set, clear; /* FLAG_* */
    uint32_t folder;     /* 0: stays where it is */
};
/* now: how the message stands; NULL with an error, and after a delete. Called once on a later turn. ERR_GONE: not
 * there. */
typedef void mail_changed_fn(void *ctx, enum err e, const struct store_row *now);
struct mail_change_req;
struct mail_change_req *mail_change(struct store *st, struct event_hub *hub, struct loop *l, const struct box_id *box,
                                    const struct msg_id *id, const struct mail_change *c, mail_changed_fn *done,
                                    void *ctx);
struct mail_change_req *mail_delete(struct store *st, struct event_hub *hub, struct loop *l, const struct box_id *box,
                                    const struct msg_id *id, mail_changed_fn *done, void *ctx);
void mail_change_cancel(struct mail_change_req *r); /* NULL is fine; done is not called any more */
