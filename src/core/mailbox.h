/* Boxes as their holders see them: create, extend, shorten, burn, credentials. One mailboxes a loop. Answers once, on a
 * later turn; a call returns NULL when memory is out (then there is no answer). */
#pragma once
#include "core/auth.h"
#include "core/name.h"

struct mailboxes;
struct domain_list {         /* borrowed, read-only */
    const struct str *names; /* lower-case A-labels; the first is the default */
    size_t n;
};
struct mailboxes_opts {
    struct loop *loop;
    struct store *store;
    struct auth *auth;
    struct event_hub *hub;
    struct work_pool *argon;
    struct log *log;
    struct domain_list domains;
    int64_t default_ttl_ms, min_ttl_ms, max_ttl_ms;
    uint32_t max_messages;
    uint64_t max_bytes;
};
[[nodiscard]] enum err mailboxes_new(const struct mailboxes_opts *o, struct mailboxes **out);
void mailboxes_free(struct mailboxes *m);

struct mailbox_spec {
    struct str local;            /* empty: generated, ≥ 60 bits */
    struct str domain;           /* empty: the first */
    struct str password;         /* empty: none */
    int64_t ttl_ms, idle_ttl_ms; /* 0: default / none */
    uint32_t ends_after;
    bool for_operator; /* postmaster@ the first domain, which nobody may choose; other wishes are not looked at */
};
/* Refusals: see name.h, and "ttl_short", "ttl_long", "domain_unknown", "address_taken", "too_soon", "too_many_changes"
 * … */
struct mailbox_made {
    struct store_box box;
    struct str address;
    struct str token;    /* shown once */
    struct str recovery; /* shown once */
};
typedef void mailbox_made_fn(void *ctx, enum err e, const struct refusal *why, const struct mailbox_made *made);
/* ERR_BAD with why: the spec; ERR_BUSY with why: taken or resting; ERR_FULL, ERR_IO. */
struct mailbox_req;
struct mailbox_req *mailbox_create(struct mailboxes *m, const struct mailbox_spec *spec, mailbox_made_fn *done,
                                   void *ctx);

struct mailbox_change {
    unsigned set; /* CHANGE_* of store.h */
    int64_t end_ms, idle_ttl_ms;
    uint32_t ends_after;
};
typedef void mailbox_box_fn(void *ctx, enum err e, const struct refusal *why, const struct store_box *box);
struct mailbox_req *mailbox_change(struct mailboxes *m, struct opened *o, const struct mailbox_change *c,
                                   mailbox_box_fn *done, void *ctx);
/* Burn: answered when the lease is overwritten and synced. */
typedef void mailbox_ended_fn(void *ctx, enum err e, int64_t ended_ms, uint64_t messages);
struct mailbox_req *mailbox_end(struct mailboxes *m, struct opened *o, mailbox_ended_fn *done, void *ctx);
/* The visit that keeps an idle_ttl box alive: an authenticated command or an open live connection. Cheap, fire and
 * forget. */
void mailbox_visit(struct mailboxes *m, struct opened *o);
struct mailbox_req *mailbox_fresh(struct mailboxes *m, struct opened *o, mailbox_box_fn *done,
                                  void *ctx); /* counters now */

/* Credentials. Adding keeps the generation; revoking or changing one makes a new one. secret: shown once (empty for a
 * password). Only an opened box of kind token or recovery may do this (ERR_DENIED otherwise). */
typedef void mailbox_cred_fn(void *ctx, enum err e, const struct refusal *why, uint64_t id, struct str secret);
struct mailbox_req *mailbox_cred_add(struct mailboxes *m, struct opened *o, enum cred_kind kind, struct str password,
                                     mailbox_cred_fn *done, void *ctx);
struct mailbox_req *mailbox_cred_revoke(struct mailboxes *m, struct opened *o, uint64_t id, mailbox_cred_fn *done,
                                        void *ctx);
typedef void mailbox_creds_fn(void *ctx, enum err e, const struct store_cred *creds, size_t n);
struct mailbox_req *mailbox_creds(struct mailboxes *m, struct opened *o, mailbox_creds_fn *done, void *ctx);
void mailbox_cancel(struct mailbox_req *r); /* NULL is fine; done is not called any more */
