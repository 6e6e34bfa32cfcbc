/* A box's holder sends mail: may this box write to these, is it its own address that speaks, what has to be put right
 * before it leaves (RFC 6409), the signature, the copy in Sent, and into the queue. Called by the submission session
 * and by the API; one send a loop over one send_shared of the process, which counts and remembers who is stopped. */
#pragma once
#include "core/intake.h"
#include "core/limit.h"
#include "core/mail_at.h"
#include "core/name.h"
#include "core/outq.h"
#include "io/work.h"

enum send_policy {
    SEND_NOBODY,     /* off */
    SEND_REPLY_ONLY, /* to addresses that are proven to have written to this box */
    SEND_VERIFIED,   /* to anybody, once the box has done its proof of work or the operator has granted it */
    SEND_OPEN        /* to anybody */
};

enum send_refusal {
    SEND_OK,
    SEND_OFF,              /* nobody sends from this domain */
    SEND_NOT_VERIFIED,     /* policy "verified", and this box is not: proof of work first */
    SEND_NOT_YOUR_ADDRESS, /* envelope, From or Sender is not the box's own address */
    SEND_TWO_FROM,
    SEND_NO_FROM,
    SEND_BAD_FROM,       /* what stands in it is no address */
    SEND_NO_WAY_OUT,     /* rcpt is on another server, and no mail can leave from here */
    SEND_UNKNOWN_TO_BOX, /* reply-only, and rcpt has not written to this box */
    SEND_CAP_BOX,        /* the box's share of a day is used up; retry_ms says when there is more */
    SEND_CAP_ALL,        /* the server's share of an hour, or the network's; retry_ms */
    SEND_STOPPED,        /* the operator stopped this box's sending */
    SEND_NO_RCPTS,
    SEND_TOO_MANY_RCPTS,
    SEND_BAD_RCPT, /* not an address */
    SEND_TOO_LARGE,
    SEND_BAD_HEADER,  /* no header, a line in it that is no field, no empty line behind it */
    SEND_LONG_HEADER, /* or too many fields */
    SEND_TWICE,       /* a field that may be there once */
    SEND_NOT_UTF8,    /* octets in the header */
    SEND_BARE_ENDS,   /* CR or LF without the other */
    SEND_LONG_LINE,   /* of more than LIMIT_SENT_LINE octets, in what would leave */
    SEND_CONTROLS,    /* control characters in a field that would leave, NUL in the text */
    SEND_LOOP,        /* too many Received fields: it goes round */
    SEND_GONE,        /* the box has ended, or its credential was revoked */
    SEND_FULL,        /* the queue: nothing was sent, try again later */
    SEND_NO_ROOM,     /* the disk: likewise */
    SEND_LATER        /* memory, or the disk fails: likewise */
};
/* A code for programs ("send_off", "send_not_your_address" …) and a sentence for people; static. SEND_OK has none. */
struct refusal send_refusal_of(enum send_refusal r);

/* What is known of who has written to the box (send_known.h), for the recipients of one envelope and its mail. */
struct send_known;

struct send_mail { /* borrowed for the call, but for data */
    struct opened *from;
    struct send_known *known; /* what send_check() found; NULL: nothing yet */
    struct str mail_from;     /* reverse path as the client said it; must be the box's own address, any case, or with a
                                 +tag. Empty: the box's address (nobody submits with a null sender) */
    const struct outq_rcpt *rcpts; /* local@domain, UTF-8; the same one twice, its domain in any case, is sent once */
    size_t rcpts_n;
    struct str envid; /* RFC 3461, as it came (xtext); empty: none */
    enum outq_ret ret;
    const char *protocol; /* how it came, RFC 3848; static */
    unsigned flags;       /* OUTQ_*; OUTQ_SMTPUTF8 and OUTQ_8BIT are found out here, whatever is said */
    int64_t undo_ms;      /* nothing leaves before so much time is over, or the box's end is near; until then
                             outq_recall() takes it back */
    bool keep_copy;       /* in Sent, with Bcc; id in send_result.copy */
    struct peer peer;     /* counted by network as well; zeroed: it is not */
    /* Taken with its share of the message memory (intake_begin() of the process's budget), whatever comes of it. CRLF
     * lines; a header with From, the rest is put right: Date and Message-ID are added; Bcc, Received, User-Agent and
     * their like are taken out. */
    struct intake data;
};
struct send_result { /* valid during the call */
    enum send_refusal refusal;
    size_t rcpt;        /* SEND_NO_WAY_OUT, SEND_UNKNOWN_TO_BOX, SEND_BAD_RCPT: which one */
    int64_t retry_ms;   /* SEND_CAP_*: when it may work; from now */
    struct outq_id id;  /* SEND_OK: durable in the queue */
    struct msg_id copy; /* SEND_OK, when has_copy: the message in Sent */
    bool has_copy;
    int64_t undo_until_ms; /* when it leaves; 0: at once */
    struct str message_id; /* SEND_OK: with its angle brackets */
};
struct send;
struct send_req;
typedef void send_done(void *ctx, const struct send_result *r);
/* Answers once, on a later turn, unless send_cancel() comes first. NULL: no memory, there is no answer (data is gone
 * all the same). Nothing is counted for what was refused. */
struct send_req *send_mail(struct send *s, struct send_mail *m, send_done *done, void *ctx);
/* At RCPT: would rcpt be taken from this box, as far as can be known now? SEND_OK, SEND_OFF, SEND_NOT_VERIFIED,
 * SEND_NO_WAY_OUT, SEND_UNKNOWN_TO_BOX, SEND_CAP_*, SEND_STOPPED, SEND_BAD_RCPT, SEND_GONE, SEND_LATER. Counts nothing.
 * Only refusal and retry_ms of the result are set. *known: NULL at first, then the caller's to hand on and to drop
 * (send_known_drop()). Answers as above. */
struct send_req *send_check(struct send *s, struct opened *from, struct send_known **known, struct str rcpt,
                            send_done *done, void *ctx);
/* Policy "verified": the holder has done the proof of work that was asked for; remembered as long as the box lives.
 * SEND_OK, SEND_GONE, SEND_LATER. Answers as above. */
struct send_req *send_verify(struct send *s, struct opened *from, send_done *done, void *ctx);
void send_cancel(struct send_req *r); /* done is not called any more; the mail may still go out. NULL is fine */

/* What a box may do, for the page: at once, without asking the store. */
struct send_allowance {
    enum send_policy policy; /* of its domain */
    bool verified, stopped;
    uint32_t mails_left, rcpts_left; /* today; UINT32_MAX: no cap */
    uint32_t max_rcpts;              /* a mail */
    size_t max_bytes;                /* a mail */
};
void send_allowance(const struct send *s, const struct opened *from, struct send_allowance *out);
/* Is this address (envelope, From) the box's own? Case and +tag of it do not matter. */
bool send_is_own(const struct opened *from, struct str address);

/* ---- made by app/ ---- */
struct send_shared; /* send_shared.h */
struct send_opts {  /* borrowed */
    struct loop *loop;
    struct store *store;
    struct event_hub *hub;
    struct work_pool *work;       /* large mails are put right and signed there */
    struct outq *outq;            /* this loop's */
    struct send_shared *shared;   /* the process's, as what follows */
    struct intake_budget *budget; /* message memory */
    struct log *log;
    struct str hostname;
};
[[nodiscard]] enum err send_new(const struct send_opts *o, struct send **out);
void send_free(struct send *s); /* nobody waits for an answer any more */
