/* The out-queue's state on the out loop, and what its parts ask of each other.
 *
 * An item has a part for each destination of its recipients. A part waits for its time (in the heap), then for its turn
 * at its destination (in the order of those times), is out, and then waits again or is over. An item that has changed
 * is settled: what its sender must know is written to him, then its record is replaced, or the whole item deleted; one
 * step at a time, each durable before the next. */
#pragma once
#include "base/map.h"
#include "core/outq_item.h"
#include "core/outq_req.h"
#include "core/outq_shared.h"

struct outq_dest {
    struct list ring;  /* of those that could start a part now */
    struct list ready; /* parts, by due time */
    size_t ready_n, active, parts_n;
    uint32_t limit;     /* parts that may be out at once */
    uint32_t failures;  /* times in a row that nobody was reached */
    bool proven;        /* somebody was, the last time */
    int64_t blocked_ms; /* nothing starts before */
    struct due due;     /* that, while it has parts; else it is forgotten then */
    struct outq_run *run;
    size_t name_n;
    char name[];
};
static inline struct str outq_dest_name(const struct outq_dest *d) { return str_of(d->name, d->name_n); }

struct outq_sender_box { /* a box that has items */
    struct box_id id;
    struct list items; /* oldest first */
    size_t finished;
};

struct outq_run {
    struct outq_run_opts o;
    struct outq_shared *s;
    struct loop *loop;
    struct store *store;
    struct outq *q; /* for DSNs that go by queue; its outboxes serve all here */
    struct map items, dests, boxes;
    struct due_heap heap;
    struct list proven, unproven; /* destinations that could start a part now */
    bool from_unproven;           /* whose turn it is */
    size_t active, active_unproven;
    struct list doomed, stuck; /* items: to be deleted; to be settled again in a while */
    struct list known;         /* items that had finished before this run of the program */
    struct list finished;      /* those of this one; both oldest first, of all boxes */
    size_t finished_n;         /* of both */
    struct list at_hand;       /* items whose mail is in memory, oldest first */
    int64_t stuck_ms;          /* loop time of the next look at the stuck */
    struct job pump, reap;
    bool pump_queued, reap_queued, draining;
    _Atomic size_t busy; /* jobs out, writes and deletions under way */
    struct timer timer;
    struct event_listener events;
    struct outq_load *load; /* NULL: done */
};

/* ---- outq_run.c ---- */
void outq_arrives(struct outq_shared *s, struct outq_item *it); /* any thread: a new one, durable; taken */
void outq_pump(struct outq_run *r);                             /* looks on a later turn what can start */
int64_t outq_backoff_ms(uint32_t tries);                        /* before the next try, without jitter */

/* ---- outq_plan.c: items, their parts and times ---- */
/* Makes the parts. ERR_FULL: memory. */
[[nodiscard]] enum err outq_plan_parts(struct outq_run *r, struct outq_item *it);
void outq_plan_unparts(struct outq_run *r, struct outq_item *it);               /* of one that was not added */
[[nodiscard]] enum err outq_plan_add(struct outq_run *r, struct outq_item *it); /* and every waiting part to its time */
void outq_plan_part(struct outq_run *r, struct outq_part *p, int64_t due_ms);   /* to wait until then */
void outq_plan_over(struct outq_run *r, struct outq_part *p);                   /* from wherever it is */
void outq_plan_clock(struct outq_run *r, struct outq_item *it);
void outq_plan_finish(struct outq_run *r,
                      struct outq_item *it);                  /* nothing of its mail is stored any more; may free it */
struct outq_item *outq_plan_oldest(const struct outq_run *r); /* of those that have finished; there is one */
[[nodiscard]] enum err outq_plan_known(struct outq_run *r, struct outq_item *it); /* one that had finished; ERR_FULL */
void outq_plan_unfinish(struct outq_run *r, struct outq_item *it);                /* from the lists of those */
void outq_plan_remove(struct outq_run *r, struct outq_item *it);                  /* from everything, and frees it */

/* ---- outq_dest.c ---- */
struct outq_dest *outq_dest_get(struct outq_run *r, struct str name); /* NULL: memory */
void outq_dest_ready(struct outq_run *r, struct outq_part *p);
void outq_dest_unready(struct outq_run *r, struct outq_part *p);
struct outq_part *outq_dest_take(struct outq_run *r, struct outq_dest *d); /* its first ready part is out now */
struct outq_part *outq_dest_next(struct outq_run *r);                      /* of any that may start one; NULL: none */
void outq_dest_back(struct outq_run *r, struct outq_dest *d, bool reached, bool later);
void outq_dest_enter(struct outq_run *r, struct outq_dest *d); /* it has one part more */
void outq_dest_leave(struct outq_run *r, struct outq_dest *d); /* a part is over */
void outq_dest_unblock(struct outq_run *r, struct outq_dest *d);
void outq_dests_fini(struct outq_run *r);

/* ---- outq_done.c ---- */
size_t outq_part_waiting(const struct outq_part *p);                    /* recipients that still wait */
struct outq_job *outq_job_new(struct outq_run *r, struct outq_part *p); /* one that is out; NULL: memory: it waits */
void outq_fail_part(struct outq_run *r, struct outq_part *p, const struct outq_result *why); /* all that waits in it */
void outq_ask_back(struct outq_run *r, struct outq_part *p); /* one that is out, unless somebody may have it by now */
/* The operator ends what waits of it for that destination (empty: for all); its sender is told as of any failure. What
 * is leaving just now may still arrive, and is not tried again. False: all that was ended before. */
bool outq_stop_item(struct outq_run *r, struct outq_item *it, struct str destination);

/* ---- outq_settle.c ---- */
void outq_settle(struct outq_run *r, struct outq_item *it);
void outq_settled(struct outq_run *r, struct outq_item *it, enum err e); /* a step is done; on an error: later again */
void outq_drop_item(struct outq_run *r, struct outq_item *it);           /* without a word to its sender */
void outq_forget(struct outq_run *r, struct outq_item *it);              /* one that has finished, also in the store */
void outq_tell_state(struct outq_run *r, const struct outq_item *it);    /* EVENT_SENDING */

/* ---- outq_lease.c ---- */
/* The lease of the box that sent an item, which its keys need: for as long as the asker holds it. */
struct outq_lease { /* zeroed but for ready */
    uint8_t *cell;
    void (*ready)(struct outq_lease *l, enum err e); /* ERR_GONE: the box is no more */
    struct store_req *pending;
};
/* Of an item that has_box. Answered once, on a later turn; ERR_BUSY: no memory, no answer comes. */
[[nodiscard]] enum err outq_lease_get(struct outq_lease *l, struct outq_run *r, const struct outq_item *it);
void outq_lease_end(struct outq_lease *l); /* wipes; it answers no more */

/* ---- outq_body.c ---- */
struct outq_body *outq_body_of(struct outq_run *r, struct outq_item *it, const struct outq_body_ops *ops, void *ctx);

/* ---- outq_notice.c ---- */
/* Writes to the sender what he must know by now. OK: there is nothing; ERR_MORE: begun, outq_settled() follows;
 * ERR_BUSY: memory. */
[[nodiscard]] enum err outq_notice(struct outq_run *r, struct outq_item *it);

/* ---- outq_load.c ---- */
[[nodiscard]] enum err outq_load_start(struct outq_run *r);
void outq_load_end(struct outq_run *r);
