/* Marks, moves and deletes messages and tells the box's listeners, whichever protocol asked: one event for each message
 * that really changed. What was begun is carried out and told even when the asker leaves meanwhile. */
#pragma once
#include "core/mail_at.h"

struct mail_change_req;
void mail_change_cancel(struct mail_change_req *r); /* NULL is fine; done is not called any more */

/* ---- one message, by id ---- */
struct mail_change {
    uint32_t set, clear; /* FLAG_* */
    uint32_t folder;     /* 0: stays where it is */
};
/* now: how the message stands; NULL with an error, and after a delete. Called once on a later turn. ERR_GONE: not
 * there. ERR_DENIED: there is no such folder. */
typedef void mail_changed_fn(void *ctx, enum err e, const struct store_row *now);
struct mail_change_req *mail_change(struct store *st, struct event_hub *hub, struct loop *l, const struct box_id *box,
                                    const struct msg_id *id, const struct mail_change *c, mail_changed_fn *done,
                                    void *ctx);
struct mail_change_req *mail_delete(struct store *st, struct event_hub *hub, struct loop *l, const struct box_id *box,
                                    const struct msg_id *id, mail_changed_fn *done, void *ctx);

/* ---- a set of them: one step of the store each (store.h says what its answers mean; valid during done() only) ---- */
struct mail_flags {
    uint32_t set, clear;
    bool conditional; /* unchanged_since counts */
    uint64_t unchanged_since;
};
typedef void mail_flagged_fn(void *ctx, enum err e, const struct store_flag *r);
struct mail_change_req *mail_flag(const struct mail_at *at, const struct store_pick *pick, const struct mail_flags *f,
                                  mail_flagged_fn *done, void *ctx);
typedef void mail_moved_fn(void *ctx, enum err e, const struct store_move *r);
struct mail_change_req *mail_move(const struct mail_at *at, const struct store_pick *pick, uint32_t folder,
                                  mail_moved_fn *done, void *ctx);
typedef void mail_expunged_fn(void *ctx, enum err e, const struct store_delete *r);
struct mail_change_req *mail_expunge(const struct mail_at *at, const struct store_pick *pick, bool only_deleted,
                                     mail_expunged_fn *done, void *ctx);
