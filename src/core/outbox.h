/* Outboxes: the hidden boxes of the store in which the out-queue's mail waits, one for each hour in which items end,
 * and the keys of what lies in them. Its token, its address and its half of the message keys are derived from the queue
 * key and the hour, so nobody has to remember which there are: after a start each hour from now to queue.max_age ahead
 * is tried. The other half is the outbox's lease, which dies at the hour's end like any box's, and, for mail of a box,
 * that box's lease: who burns a box makes what it sent unreadable in the same moment. */
#pragma once
#include "base/list.h"
#include "core/seal.h"

enum { OUTBOX_HOUR_MS = 60 * 60 * 1000 };

struct outbox {
    int64_t hour; /* since 1970; the outbox ends when it is over */
    struct box_id id;
    uint8_t *lease; /* a cell */
    struct list link;
};
static inline int64_t outbox_hour(int64_t end_ms) { return end_ms / OUTBOX_HOUR_MS; }
static inline int64_t outbox_end_ms(int64_t hour) { return (hour + 1) * OUTBOX_HOUR_MS; }

/* Those a loop has met; a few at most are made an hour. */
struct outboxes {
    struct loop *loop;
    struct store *store;
    const uint8_t *key; /* the queue key: a cell, borrowed */
    struct list known;
};
void outboxes_init(struct outboxes *o, struct loop *l, struct store *st, const uint8_t *key);
void outboxes_fini(struct outboxes *o); /* nothing is under way any more */

struct outbox *outbox_known(struct outboxes *o, int64_t hour); /* NULL: outbox_get() */
/* For another loop, so that it need not ask (outbox_take() there), or to keep; outbox_free(). NULL: memory, or b is. */
struct outbox *outbox_copy(const struct outbox *b);
void outbox_take(struct outboxes *o, struct outbox *copy); /* known from now on; copy is o's, NULL is fine */
void outbox_free(struct outbox *copy);                     /* NULL is fine */
void outbox_forget(struct outboxes *o, int64_t hour);      /* it turned out to be gone */
/* Finds it, and makes it where it is not there. Answered once, on a later turn. ERR_GONE: not there, and not to be
 * made. ERR_FULL, ERR_IO, ERR_BUSY as the store has them. The struct is the caller's and lives until then. */
struct outbox_want {
    int64_t hour;
    bool make;
    void (*ready)(struct outbox_want *w, enum err e, struct outbox *box);
    /* from here the outboxes' own */
    struct outboxes *of;
    struct store_req *pending; /* NULL: answered */
    unsigned tries;
};
[[nodiscard]] enum err outbox_get(struct outboxes *o, struct outbox_want *w); /* ERR_BUSY: memory; no answer comes */
void outbox_cancel(struct outbox_want *w); /* no answer comes any more; none under way, or zeroed: fine */

/* Keys of one message in it. For whose: which box. For what: its mail, with the lease of the box that sends it, or
 * without (NULL) where there is none. */
void outbox_key_whose(const struct outboxes *o, const struct outbox *b, const struct msg_id *msg, uint8_t k[KEY_N]);
void outbox_key_what(const uint8_t whose[KEY_N], const uint8_t *sender_lease, uint8_t k[KEY_N]);
