/* One mail transaction: from MAIL to its answer. It exists only while there is one, so an idle session costs nothing.
 * Its bytes count against the message memory of the whole process (DESIGN section 6): what SIZE declared is set aside
 * at MAIL, otherwise it doubles; once refused, everything is given back at once and the rest is only read past. */
#pragma once
#include "base/arena.h"
#include "base/buf.h"
#include "core/deliver.h"
#include "core/intake.h"
#include "core/outq.h"
#include "core/send.h"
#include "wire/line.h"
#include "wire/smtp.h"

/* Why the octets that come are not kept any more; the first reason stays. */
enum smtp_in_flaw { FLAW_NONE, FLAW_SIZE, FLAW_MEMORY, FLAW_COPIES, FLAW_LINE, FLAW_BARE };

enum {
    LIMIT_TX_BYTES = 64 * 1024 * 1024, /* size times recipients; all copies are in one commit */
    LIMIT_TX_TRIES = 1000,             /* RCPT commands in one transaction, refused ones too */
    TX_SLACK = 4096                    /* room past the declared size: the last read brings more than the message */
};

struct smtp_in_tx {
    struct arena arena; /* sender, recipients, HELO */
    uint64_t size;      /* as declared; 0: not */
    size_t max;         /* the largest message */
    uint64_t octets;    /* of the message so far, kept or not */
    enum smtp_body body;
    enum smtp_in_flaw flaw;
    bool utf8, chunked;
    bool told; /* the holders of these boxes know that it ended here */
    struct line_data lines;
    struct intake in;
    struct str from, helo, pending; /* pending: the recipient that is being looked up */
    struct deliver_rcpt *rcpts;     /* boxes here */
    size_t rcpts_n, rcpts_cap, tries;
    struct outq_rcpt *to; /* those that the queue takes: all of a submission */
    size_t to_n, to_cap;
    struct send_known *known; /* of a submission: who may be written to; NULL: nothing is known yet */
    struct str orcpt;         /* of the pending one: RFC 3461, as what follows */
    unsigned notify;
    struct str envid;
    enum outq_ret ret;
    bool requiretls; /* RFC 8689 */
    void *owner;     /* whoever waits for the store's answer */
};

/* NULL: the message memory is used up, or there is none at all. */
struct smtp_in_tx *smtp_in_tx_new(struct intake_budget *b, const struct smtp_mail *m, size_t max);
void smtp_in_tx_free(struct smtp_in_tx *tx); /* NULL is fine */
/* Adds the pending recipient; a box that is there already is not added twice. False when memory is out. */
bool smtp_in_tx_add(struct smtp_in_tx *tx, const struct box_id *box);
/* The same for one that the queue takes; one that is there already is not added twice. */
bool smtp_in_tx_add_to(struct smtp_in_tx *tx);
static inline size_t smtp_in_tx_rcpts(const struct smtp_in_tx *tx) { return tx->rcpts_n + tx->to_n; }
/* Would one more recipient make too many octets in all? */
bool smtp_in_tx_crowded(const struct smtp_in_tx *tx);
/* Reads message octets, as line_data_feed(). */
[[nodiscard]] enum err smtp_in_tx_feed(struct smtp_in_tx *tx, struct str in, size_t *used);
/* The same for BINARYMIME: all of it, as it is. */
void smtp_in_tx_feed_raw(struct smtp_in_tx *tx, struct str in);
/* After the last chunk: a CR at the end is bare, a last line without an end gets one. */
void smtp_in_tx_close_chunks(struct smtp_in_tx *tx);
