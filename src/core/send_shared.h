/* What all loops know of sending: the policy of each domain, what each box and the whole server have sent, who was
 * stopped or allowed since this process started (the box's own row says what was before). Counts are in memory: a
 * restart forgives them. Any thread. */
#pragma once
#include "core/mailbox.h"
#include "core/send.h"
#include "core/standing.h"

struct sign_keys;
struct send_domain {
    struct str name; /* lower-case A-labels */
    enum send_policy policy;
};
struct send_shared_opts { /* what it points to is borrowed */
    enum send_policy policy;
    const struct send_domain *domains; /* those where another one holds */
    size_t domains_n;
    uint32_t box_mails, box_rcpts; /* of one box in a day; 0: as many as it likes */
    uint32_t all_rcpts;            /* of the server in an hour; 0: likewise */
    uint32_t max_rcpts;            /* a mail */
    size_t max_bytes;              /* a mail */
    bool no_way_out;               /* nothing leaves: no resolver and no smart host; what is written here stays here */
    bool unchecked;                /* reply-only: who wrote need not be proven, where nobody checks */
    struct limit *limit;           /* networks: LIMIT_SEND, LIMIT_UNKNOWN_RCPT; NULL: they are not counted */
    struct standing *standing;     /* is told of recipients here that are not there; NULL: nobody is */
    struct domain_list ours;       /* where those are */
    struct sign_keys *keys;        /* NULL: nothing is signed */
};
struct send_counts { /* for metrics */
    _Atomic uint64_t queued, refused, capped, signed_n, unsigned_n;
    _Atomic uint64_t under_way; /* asked for and not answered yet */
};
struct send_shared;
[[nodiscard]] enum err send_shared_new(const struct send_shared_opts *o, struct send_shared **out);
void send_shared_free(struct send_shared *s); /* NULL is fine */
const struct send_shared_opts *send_shared_opts(const struct send_shared *s);
struct send_counts *send_shared_counts(struct send_shared *s);

enum send_policy send_shared_policy(const struct send_shared *s, struct str address);
/* The operator's word, or a proof's: BOX_NO_SEND, BOX_MAY_SEND as they are from now on, in every session. */
void send_shared_flags_set(struct send_shared *s, const struct store_box *box, uint32_t flags);
uint32_t send_shared_flags(struct send_shared *s, const struct store_box *box);

struct send_share {
    const struct box_id *box;
    const struct peer *peer; /* NULL: no network is counted */
    uint32_t rcpts;
};
/* Takes one mail to so many; SEND_OK, or SEND_CAP_BOX or SEND_CAP_ALL with *retry_ms, and nothing is taken. now_ms is
 * the store's, mono_ms the loop's. */
enum send_refusal send_shared_take(struct send_shared *s, const struct send_share *what, int64_t now_ms,
                                   int64_t mono_ms, int64_t *retry_ms);
/* Would one mail to one more be taken? */
enum send_refusal send_shared_room(struct send_shared *s, const struct box_id *box, int64_t now_ms, int64_t *retry_ms);
/* It wrote to a box here that is not there. Else sending would tell which boxes there are: after a few in an hour it
 * writes to nobody here for the rest of that, and its network is counted as one that comes by SMTP. */
void send_shared_unknown(struct send_shared *s, const struct box_id *box, int64_t now_ms, int64_t mono_ms);
/* Is its domain one of this server's? key: as addr_other_key() has it. */
bool send_shared_is_ours(const struct send_shared *s, struct str key);
/* May it write to key, for all that? SEND_OK, SEND_NO_WAY_OUT, or SEND_CAP_BOX or SEND_CAP_ALL with *retry_ms. peer may
 * be NULL. */
enum send_refusal send_shared_may_ask(struct send_shared *s, const struct send_share *what, struct str key,
                                      int64_t now_ms, int64_t mono_ms, int64_t *retry_ms);
void send_shared_give(struct send_shared *s, const struct send_share *what, int64_t mono_ms); /* it was not sent */
void send_shared_left(struct send_shared *s, const struct box_id *box, int64_t now_ms, uint32_t *mails,
                      uint32_t *rcpts); /* UINT32_MAX: no cap */
