/* A message on its way into the store, or the queue, or both. It outlives its connection: the sender has said all of
 * it, and whether it hears the answer is not the store's business (a retry is recognised there). */
#pragma once
#include "base/list.h"
#include "serve/smtp_in_tx.h"

struct smtp_in_storing;
typedef void smtp_in_stored_fn(void *ctx, enum err e, const char *why, uint64_t octets);
struct smtp_in_way { /* how the message came, for its trace header */
    const char *protocol, *tls_version, *tls_cipher;
    struct ip client; /* for who sent it, not for the trace header */
    bool client_known;
    struct peer peer;
};

struct smtp_in_all_storing { /* of one loop */
    struct store *store;     /* for its clock */
    struct deliver *deliver;
    struct outq *outq; /* what has tx->to */
    struct str hostname;
    struct list list;        /* struct smtp_in_storing */
    _Atomic uint64_t *count; /* of all loops; NULL is fine */
};
/* Takes tx and gives it to the boxes here, then to the queue what is for elsewhere; done comes once, later. It stands
 * in all until then. NULL: no memory, tx is freed, no answer comes. */
struct smtp_in_storing *smtp_in_storing_new(struct smtp_in_all_storing *all, struct smtp_in_tx *tx,
                                            const struct smtp_in_way *way, smtp_in_stored_fn *done, void *ctx);
void smtp_in_storing_leave(struct smtp_in_storing *w);            /* ctx has gone: done is not called. NULL is fine */
void smtp_in_storing_cancel_all(struct smtp_in_all_storing *all); /* the loop has stopped */
