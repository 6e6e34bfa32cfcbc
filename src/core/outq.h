/* The out-queue as those see it who put mail in: submission, the API, relaying, DSNs. One struct outq a loop; all of a
 * process share one struct outq_shared. What waits lies sealed in hidden boxes of the store (docs/storage.md, decision
 * 0016), and is known to the out loop (outq_run.h), which alone decides when what is tried.
 *
 * Calls answer exactly once, on a later turn of the caller's loop, unless outq_cancel() comes first; they give NULL
 * when memory is out (then there is no answer). Views are borrowed for the call, and those given to an answer for the
 * answer. */
#pragma once
#include "base/buf.h"
#include "core/event.h"
#include "store/store.h"
#include "wire/report.h"
#include "wire/smtp.h"

enum {
    OUTQ_RCPTS_MAX = 1000,  /* recipients of one mail; RFC 5321 section 4.5.3.1.8 asks for 100 */
    OUTQ_RECEIVED_MAX = 100 /* as received_count(): with more a mail goes round in a loop, RFC 5321 section 6.3 */
};

struct outq;
struct outq_shared;
struct outq_id {
    struct msg_id msg; /* msg_id_str() and hex as for messages */
};
/* When, in 48 bits, then chance in 80. The store's tables are in the order of ids, so what comes and goes together lies
 * together, and a commit touches few pages however much waits. */
void outq_id_new(struct msg_id *id, int64_t now_ms);

/* RFC 3461. orcpt and envid are kept as they came (xtext), so that they can be passed on as they are. */
enum outq_ret { OUTQ_RET_UNSET, OUTQ_RET_FULL, OUTQ_RET_HDRS };
enum {
    OUTQ_SMTPUTF8 = 1,   /* SMTPUTF8 was asked for: an address or the header needs it */
    OUTQ_8BIT = 2,       /* the body has octets over 127 */
    OUTQ_BINARY = 4,     /* lines over 998 octets, bare CR or LF: BDAT only */
    OUTQ_REQUIRETLS = 8, /* RFC 8689 */
    OUTQ_RELAYED = 16,   /* not made here: came in for others from a network that may relay, or is forwarded */
    /* It says TLS-Required: No (RFC 8689 section 5): it goes whatever DANE and MTA-STS ask for. Found out by
     * outq_put(), whatever is said; REQUIRETLS goes before it. */
    OUTQ_TLS_OPTIONAL = 32
};
struct outq_rcpt {
    struct str address; /* local@domain, UTF-8, no brackets, checked by addr_parse() */
    struct str orcpt;   /* "rfc822;xtext", or empty */
    unsigned notify;    /* of SMTP_NOTIFY_*; 0: not given */
};
struct outq_mail {
    struct outq_id id; /* by outq_id_new(), where the mail itself already names it; all zero: one is drawn */
    /* Who sends. The item ends with this box, its key needs the box's lease, and what is to be told goes into its
     * INBOX. Without one, DSNs go to mail_from through the queue, and to nobody when that is empty. */
    struct box_id box;
    bool has_box;
    struct str mail_from; /* empty: null */
    const struct outq_rcpt *rcpts;
    size_t rcpts_n; /* 1 to OUTQ_RCPTS_MAX */
    struct str envid;
    enum outq_ret ret;
    unsigned flags;        /* OUTQ_* */
    struct msg_id sent;    /* the copy in the sender's Sent folder; all zero: there is none */
    int64_t not_before_ms; /* as store_now_ms(): nothing leaves earlier (undo); 0: at once */
    struct buf data;       /* taken, also on an error: CRLF lines, complete and signed, no dots stuffed */
};

struct outq_req;
void outq_cancel(struct outq_req *r); /* NULL is fine; what was begun may still be done */

/* OK: durable, and will be tried. ERR_BAD: over OUTQ_RECEIVED_MAX (554 5.4.6), or a recipient that is no address.
 * ERR_GONE: the box has ended. ERR_FULL: queue.max_messages, or the disk (452). ERR_BUSY: memory (451). ERR_IO. */
typedef void outq_put_fn(void *ctx, enum err e, const struct outq_id *id);
struct outq_req *outq_put(struct outq *q, struct outq_mail *mail, outq_put_fn *done, void *ctx);

/* Undo: forgets an item of this box. OK: nothing of it has left or ever will, durably. ERR_GONE: not there (any more),
 * of another box, or taken back already. ERR_DENIED: some of it has left or is leaving just now: its end went out, or
 * goes to a box here. What is out but not so far is asked back from its sender first. */
struct outq_req *outq_recall(struct outq *q, const struct box_id *box, const struct outq_id *id, outq_put_fn *done,
                             void *ctx);
/* Ends all that waits of a box: its sending was stopped. Its holder is told as of any failure. n: items of which
 * nothing leaves any more; leaving: those of which something leaves just now, which may arrive, and is not tried again.
 */
typedef void outq_drop_fn(void *ctx, enum err e, size_t n, size_t leaving);
struct outq_req *outq_drop_box(struct outq *q, const struct box_id *box, outq_drop_fn *done, void *ctx);

/* A report on mail has come into a box, from the null sender: what of it names an item of that box by its id, which
 * leaves in that mail alone and cannot be guessed, changes how those of its recipients stand that were sent: failed,
 * delayed, or sent after all. Nothing comes back, so nobody learns whether there is such an item. Fire and forget. */
void outq_reported(struct outq *q, const struct box_id *box, const struct report *report);

/* How a mail stands. */
enum outq_state {
    OUTQ_QUEUED,  /* not tried yet, or for the first time just now */
    OUTQ_DELAYED, /* tried; will be again at next_ms; or by somebody behind the far end, who has reported so */
    OUTQ_SENT,    /* the far end took it (or the box here has it) */
    OUTQ_FAILED   /* given up: the sender got a DSN, unless he asked for none; or reported by who had it then */
};
struct outq_info_rcpt {
    struct str address;
    enum outq_state state;
    uint16_t code;       /* last answer of the far end, such as 450; 0: it never came to one */
    struct str enhanced; /* "4.2.1", or empty */
    struct str text;     /* its words, or ours, cleaned */
};
struct outq_info {
    struct outq_id id;
    struct msg_id sent;
    enum outq_state state; /* FAILED if any recipient is, else DELAYED, else QUEUED if any is, else SENT */
    bool recallable;       /* outq_recall() would do */
    bool leaving;          /* some of it just now, or it may have arrived: no answer came */
    int64_t created_ms, not_before_ms, next_ms, end_ms; /* next_ms: 0 when nothing more will be tried */
    const struct outq_info_rcpt *rcpts;
    size_t rcpts_n;
};
/* What a box has waiting, and up to a hundred of what lately went or failed; newest first. Finished ones are kept as
 * long as they might have waited, over a restart too, unless the store had no room for them. */
typedef void outq_list_fn(void *ctx, enum err e, const struct outq_info *all, size_t n);
struct outq_req *outq_list(struct outq *q, const struct box_id *box, outq_list_fn *done, void *ctx);

/* The same as one JSON object, as the API and the live event have it: {"id", "message" (id of the Sent copy or null),
 * "state": "queued"|"delayed"|"sent"|"failed", "recallable", "created_at", "not_before", "next_try_at", "expires_at",
 * "recipients": [{"address", "state", "code", "status", "reason"}]}. An EVENT_SENDING of its box carries it at each
 * change of state. */
void outq_info_put(struct buf *json, const struct outq_info *i);
struct str outq_state_name(enum outq_state s); /* "queued" … */

/* ---- made by app/ ---- */
struct outq_run;
struct outq_shared_opts {
    struct store *store;
    struct event_hub *hub;
    struct work_pool *work; /* seals mail over 256 KiB */
    struct log *log;
    const char *key_path;  /* the queue key's own file; made when it is not there */
    int64_t max_age_ms;    /* an item is given up after this; 0: 5 days */
    uint32_t max_messages; /* that wait at once; 0: 1,000,000 */
};
[[nodiscard]] enum err outq_shared_new(const struct outq_shared_opts *o, struct outq_shared **out);
void outq_shared_free(struct outq_shared *s); /* after every outq and the outq_run */

[[nodiscard]] enum err outq_new(struct outq_shared *s, struct loop *here, struct outq **out);
void outq_free(struct outq *q); /* nothing is under way any more */

struct outq_stats {
    uint64_t waiting, active, destinations; /* now */
    uint64_t put, sent, later, failed, expired, dropped, recalled, dsn_failed, dsn_delayed, dsn_success, reported;
};
void outq_stats(const struct outq_shared *s, struct outq_stats *out); /* any thread */
