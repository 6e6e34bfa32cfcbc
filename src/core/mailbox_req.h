/* What mailbox.c and mailbox_cred.c share: a request under way. */
#pragma once
#include "core/mailbox.h"

struct mailboxes {
    struct mailboxes_opts o;
};
struct mailbox_req {
    struct mailboxes *m;
    struct opened *o; /* a reference, or NULL */
    union {
        mailbox_made_fn *made;
        mailbox_box_fn *box;
        mailbox_ended_fn *ended;
        mailbox_cred_fn *cred;
        mailbox_creds_fn *creds;
    } done;
    bool cancelled;
    void *ctx;
    struct arena arena; /* wiped at the end */
    struct refusal why;
    struct job later;
    enum err later_err;
    struct work work; /* Argon2id */
    struct str password;
    uint8_t salt[SALT_N], out64[64];
    enum err work_err;
    /* create */
    struct store_box box;
    uint8_t priv[KEY_N], lease[KEY_N];
    struct str address, token, recovery;
    bool generated;
    /* credentials */
    enum cred_kind kind;
    uint64_t cred_id;
    struct str secret;
    size_t creds_seen;
    unsigned tries;
    uint8_t *fresh; /* the new generation's private key, a cell */
};

struct mailbox_req *mailbox_req_new(struct mailboxes *m, struct opened *o, void *ctx);
void mailbox_req_free(struct mailbox_req *r);
/* Answers on a later turn through run, which reads later_err. */
struct mailbox_req *mailbox_req_later(struct mailbox_req *r, enum err e, void (*run)(struct job *));
/* One credential of each kind, sealed to hold the generations given. text (token, words) goes to the request's arena.
 */
[[nodiscard]] enum err mailbox_token_cred(struct mailbox_req *r, struct store_cred *c, const struct box_id *box,
                                          uint8_t *const *privs, uint32_t generations, struct str *text);
[[nodiscard]] enum err mailbox_recovery_cred(struct mailbox_req *r, struct store_cred *c, const struct box_id *box,
                                             uint8_t *const *privs, uint32_t generations, struct str *text);
/* From out64, which mailbox_argon() filled. */
[[nodiscard]] enum err mailbox_password_cred(struct mailbox_req *r, struct store_cred *c, const struct box_id *box,
                                             uint8_t *const *privs, uint32_t generations);
/* Sets why and gives ERR_BAD. */
enum err mailbox_refuse(struct mailbox_req *r, const char *code, const char *text);
/* Between the operator's minimum and maximum? */
[[nodiscard]] enum err mailbox_ttl_check(struct mailbox_req *r, int64_t ttl_ms);
/* Starts Argon2id over r->password; done runs on the loop. ERR_BUSY: the queue is full. */
[[nodiscard]] enum err mailbox_argon(struct mailbox_req *r, void (*done)(struct work *));
