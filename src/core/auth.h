/* Opening a box: a token, password or recovery phrase gives an `opened`: the box's keys in this loop's locked memory,
 * kept while somebody holds it and up to 60 s after, wiped at once when the box ends or its credentials change. One
 * auth a loop. Throttling is per network and per box and never locks out the owner from elsewhere: a right secret
 * always opens, wrong ones cost time. Unknown box and wrong secret take the same path and give the same ERR_DENIED. */
#pragma once
#include "base/list.h"
#include "core/credential.h"
#include "core/event.h"
#include "core/seal.h"
#include "core/standing.h"
#include "io/work.h"
#include "store/store.h"

struct auth;
enum { AUTH_PASSWORDS = 4 }; /* for LIMIT_PASSWORDS: of one network at once, where the queue has room for 32 */
struct opened;
struct auth_opts {
    struct loop *loop;
    struct store *store;
    struct event_hub *hub;
    struct limit *limit;
    struct standing *standing; /* is told of wrong secrets; NULL: nobody is */
    struct work_pool *argon;   /* one thread for passwords */
    struct log *log;
    uint32_t max_opened;                         /* 0: 10,000 */
    void (*opened)(void *ctx, struct opened *o); /* a box was opened that was not before, on this loop; may be NULL */
    void *ctx;
};
struct opened {
    struct store_box box; /* as last known; box.end_ms follows EVENT_BOX_CHANGED; box.sealed is not kept */
    struct str address;   /* plaintext, owned */
    uint64_t cred;
    enum cred_kind kind;
    bool gone; /* box ended or credential revoked while held: answer as if never opened */
    /* auth's own from here */
    struct auth *auth;
    uint8_t lookup[HASH_N];
    uint8_t **privs; /* a cell each generation; NULL once wiped */
    uint8_t (*pubs)[KEY_N];
    uint32_t generations;
    uint8_t *lease;             /* a cell; NULL once wiped */
    struct opened_cache *cache; /* r of recent key windows and recent summaries */
    struct opened_names *names;
    bool folders_known; /* all made folders' names are kept */
    unsigned refs;
    bool cached; /* auth's map holds it */
    int64_t last_ms;
    struct list link;
};
[[nodiscard]] enum err auth_new(const struct auth_opts *o, struct auth **out);
void auth_free(struct auth *a);
/* The cache: a reference to an opened box for this very token, or NULL: then use auth_token(). Costs under 1 us. */
struct opened *auth_cached(struct auth *a, struct str token);

/* Asynchronous ways in. done() is called once, on a later turn, unless auth_cancel(). OK gives a reference in `opened`
 * (release it with opened_release); ERR_DENIED; ERR_BUSY (throttled or the Argon2id queue is full; retry_ms says when);
 * ERR_IO. text is copied. */
struct auth_req;
typedef void auth_done(void *ctx, enum err e, struct opened *opened, int64_t retry_ms);
struct auth_req *auth_token(struct auth *a, struct str token, const struct peer *peer, auth_done *done, void *ctx);
struct auth_req *auth_password(struct auth *a, struct str address, struct str password, const struct peer *peer,
                               auth_done *done, void *ctx);
/* address may be empty: the words alone find their box. When it is given it must be that box's. */
struct auth_req *auth_recovery(struct auth *a, struct str address, struct str words, const struct peer *peer,
                               auth_done *done, void *ctx);
/* As mail programs log in: secret is a token, whatever its box, or that box's password. address may be empty when it is
 * a token; when it is given it must be that box's. */
struct auth_req *auth_login(struct auth *a, struct str address, struct str secret, const struct peer *peer,
                            auth_done *done, void *ctx);
void auth_cancel(struct auth_req *r);
struct opened *opened_hold(struct opened *o);
void opened_release(struct opened *o);
/* True while reading is allowed at all: not gone, and its end not reached at now_ms (store_now_ms). */
bool opened_alive(const struct opened *o, int64_t now_ms);
/* K of one message from its env blob. ERR_BAD: not ours or damaged. */
[[nodiscard]] enum err opened_message_key(struct opened *o, struct str env, const struct msg_id *msg, uint8_t k[KEY_N]);
/* The opened summary of one message, from the cache or NULL / kept there for the next list (wiped with the rest). */
struct str opened_summary(struct opened *o, const struct msg_id *msg);
void opened_keep_summary(struct opened *o, const struct msg_id *msg, struct str json);
/* A key window to seal this box's own mail with; its r is a copy in a cell of the caller's (seal_window_close()). */
[[nodiscard]] enum err opened_window(struct opened *o, struct seal_window *out);

/* Names of made folders and of keywords. What the store has of one: its hash, keyed with the box's first private key
 * and its lease, so that only a holder can compute it, and the name, sealed like a summary under the hash as its id. */
enum opened_name { NAME_FOLDER, NAME_KEYWORD };
[[nodiscard]] enum err opened_name_hash(const struct opened *o, enum opened_name kind, struct str name,
                                        uint8_t hash[NAME_HASH_N]);
[[nodiscard]] enum err opened_name_seal(struct opened *o, const uint8_t hash[NAME_HASH_N], struct str name,
                                        struct buf *out);
[[nodiscard]] enum err opened_name_open(struct opened *o, const uint8_t hash[NAME_HASH_N], struct str sealed,
                                        struct buf *out);
/* Those of this box that were opened are kept until it is wiped, by folder number or keyword flag; what comes as
 * EVENT_FOLDER_CHANGED changes them. folder.h and keyword.h are who asks.
 * learn: the kept one when its hash is still the same, else opened anew; *name is borrowed until the next call about
 * names. */
[[nodiscard]] enum err opened_name_learn(struct opened *o, enum opened_name kind, uint32_t no,
                                         const uint8_t hash[NAME_HASH_N], struct str sealed, struct str *name);
void opened_name_keep(struct opened *o, enum opened_name kind, uint32_t no, struct str name);
void opened_name_forget(struct opened *o, enum opened_name kind, uint32_t no);
struct str opened_name_of(const struct opened *o, enum opened_name kind, uint32_t no);   /* empty: not kept */
uint32_t opened_name_no(const struct opened *o, enum opened_name kind, struct str name); /* 0: not kept */
/* Its credential is gone: wiped and found no more from now on, not only once the event has come round. */
void opened_revoked(struct opened *o);
/* A new generation's private key, after mailbox_cred_revoke() by this very session; takes the cell. */
[[nodiscard]] enum err opened_add_generation(struct opened *o, uint8_t *priv, uint32_t generation);
