/* One mail in the out-queue as it is in memory, and as JSON in its outbox. A mail is written once and never changed;
 * what became of its recipients so far is a record of its own, which replaces the one before it. */
#pragma once
#include "base/list.h"
#include "core/due.h"
#include "core/outbox.h"
#include "core/outq.h"
#include "core/outq_run.h"

enum {
    OUTQ_TEXT_MAX = 400,             /* octets kept of what a far end says */
    OUTQ_RECORD_MAX = 8 << 20,       /* a thousand recipients with all they may carry */
    OUTQ_FOLDER_MAIL = FOLDER_INBOX, /* of an outbox */
    OUTQ_FOLDER_STATE = FOLDER_DRAFTS,
    OUTQ_FOLDER_FATE = FOLDER_SENT /* in the end */
};

struct outq_answer { /* the last one a recipient got */
    uint16_t code;
    bool tls;
    bool coded; /* the next came with it, and was not made up here */
    char enhanced[12];
    struct str text, mx;
    char bytes[];
};
enum item_rcpt_state { RCPT_WAITS, RCPT_SENT, RCPT_FAILED };
struct item_rcpt {
    struct str address, orcpt;
    struct outq_answer *last; /* NULL: none yet */
    uint32_t part;
    uint8_t notify;
    uint8_t state; /* enum item_rcpt_state */
    bool told;     /* the sender knows as much as he is to know: nothing more is written to him */
    bool passed_on;
    bool late;     /* sent, but who has it reports that it waits there */
    bool in_doubt; /* some try ended behind the mail's end without an answer: it may be there */
};

/* The recipients of one mail at one destination. */
enum part_state {
    PART_WAITS, /* for its time */
    PART_READY, /* for its turn at its destination */
    PART_OUT,   /* the sender has it */
    PART_OVER
};
struct outq_dest;
struct outq_part {
    struct outq_item *item;
    struct outq_dest *dest;
    struct due due;
    struct list ready;
    struct outq_job *stoppable; /* while it is out, and was not asked back */
    uint32_t tries;
    enum part_state state;
    bool left;    /* while it is out: somebody may have it */
    bool stopped; /* by the operator, while it was out: not tried again */
};

struct outq_sender_box;
struct outq_item {
    struct outq_id id;
    int64_t hour;       /* of its outbox */
    struct outbox *met; /* the outbox, until the out loop has it; this one's */
    struct box_id box;
    struct msg_id sent, state_id; /* state_id: the record of what became of it, where has_state */
    bool has_box, has_state;
    bool counted; /* among those that wait */
    bool noticed; /* of delay */
    bool notice;  /* one is to be written now */
    bool changed; /* since the record was written */
    bool busy;    /* something is being written or read for it */
    bool dropped; /* nobody is to be told of it any more */
    bool expired;
    bool finished; /* nothing waits; kept for who asks what became of it, in the store too where has_state */
    bool unkept;   /* there is no room in the store for what became of it */
    uint8_t ret;   /* enum outq_ret */
    unsigned flags;
    uint64_t size;
    size_t block_n; /* octets of this and what lies behind it */
    int64_t created_ms, not_before_ms, end_ms;
    struct str mail_from, envid;
    struct item_rcpt *rcpts;
    struct outq_part *parts;
    uint32_t rcpts_n, parts_n;
    struct due clock; /* the notice of delay, then the end */
    struct list in_box;
    struct list task; /* to be deleted, or stuck */
    struct outq_sender_box *of;
    struct outq_req *recall; /* who waits for it to be gone */
    struct outq_shared *shared;
    struct job job;
    struct buf data;  /* the mail, while it is at hand */
    struct list hand; /* of those that have it */
    uint32_t readers; /* of data, now */
    bool forgets;     /* data, when they are done */
};

/* A copy of all that m says, but for data. NULL: memory. */
struct outq_item *outq_item_new(struct outq_shared *s, const struct outq_mail *m);
/* The same one in memory of this thread, before it is in any list: in between what comes and goes on another, those
 * that stay would hold on to every page there. Also when there is no memory for it. */
struct outq_item *outq_item_rehome(struct outq_item *it);
/* Its place in lists and heaps is the caller's; NULL is fine. Who still waits for it to be gone is told that it is not.
 */
void outq_item_free(struct outq_item *it);
void outq_item_recalled(struct outq_item *it, enum err e); /* answers who waits for it to be gone, if anybody does */
void outq_item_uncount(struct outq_item *it);
void outq_item_forget_data(struct outq_item *it);
/* What a recipient was answered; cleaned and cut. False: no memory, the old one stays. */
bool outq_item_answer(struct item_rcpt *r, const struct outq_result *res);
bool outq_item_open(const struct outq_item *it);    /* some recipient still waits */
bool outq_item_out(const struct outq_item *it);     /* the sender has some of it */
bool outq_item_leaving(const struct outq_item *it); /* somebody may get it, or have it, whatever is done */
bool outq_item_recallable(const struct outq_item *it);
void outq_item_info(const struct outq_item *it, struct outq_info_rcpt *rcpts, struct outq_info *out); /* rcpts: room */

/* ---- records ---- */
/* Whose: the box, and which run of the program wrote it. */
struct outq_whose {
    bool has_box;
    struct box_id box;
    uint64_t run;
};
void outq_whose_put(struct buf *json, const struct outq_whose *w);
[[nodiscard]] enum err outq_whose_get(struct str json, struct outq_whose *out);
/* What: envelope, times, and the lengths of the body's sealed chunks. */
void outq_what_put(struct buf *json, const struct outq_item *it, const uint32_t *chunk_n, size_t chunks);
/* box is the caller's to set. chunk_n and chunks may be NULL; chunk_n is in a. */
[[nodiscard]] enum err outq_what_get(struct str json, struct outq_shared *s, struct arena *a, struct outq_item **out,
                                     const uint32_t **chunk_n, size_t *chunks);
/* What and how in one, of a mail that is no more. Those read have one part, which is over. */
void outq_fate_put(struct buf *json, const struct outq_item *it);
[[nodiscard]] enum err outq_fate_get(struct str json, struct outq_shared *s, struct arena *a, struct outq_item **out);
/* How: per recipient. The parts are made by then. */
void outq_how_put(struct buf *json, const struct outq_item *it);
[[nodiscard]] enum err outq_how_get(struct str json, struct outq_item *it);
