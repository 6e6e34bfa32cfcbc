/* The out-queue on the out loop: what is due goes to a sender as jobs, one item and one destination each, and comes
 * back with a result for each recipient. Everything here belongs to that loop's thread.
 *
 * A destination is the recipients' domain (A-label, lower case; a literal as it stands), or the name of the smart host
 * where one is set. Of each as many jobs are out at once as it bears: two at first, one more with each that reached it,
 * up to queue.per_destination (20, as Postfix and for its reason: what a common server takes from one client without
 * complaint), one after one that did not reach it. Those that never answered leave a quarter of queue.jobs to those
 * that do. */
#pragma once
#include "core/deliver.h"
#include "core/outq.h"

struct outq_run;

struct outq_job {
    struct outq_id id;
    struct str destination;
    struct str mail_from; /* empty: null */
    const struct outq_rcpt *rcpts;
    size_t rcpts_n;
    struct str envid;
    enum outq_ret ret;
    unsigned flags; /* OUTQ_* */
    uint64_t size;  /* octets of the mail */
    bool has_box;   /* whose mail it is: local delivery may want to know */
    struct box_id box;
    void *ctx; /* the sender's own */
};

/* What became of one recipient. text and enhanced are cleaned again by the queue: printable, bounded, one line. */
enum outq_fate { OUTQ_FATE_SENT, OUTQ_FATE_LATER, OUTQ_FATE_FAILED };
struct outq_result {
    enum outq_fate fate;
    uint16_t code;      /* SMTP reply code; 0: none came */
    char enhanced[12];  /* "4.4.1"; empty: the queue makes one up from code */
    struct str text;    /* the far end's words, or ours where code is 0 */
    struct str mx;      /* who said so: host name, or empty; for the DSN's Remote-MTA */
    bool tls;           /* it went over TLS */
    bool in_doubt;      /* LATER: all of the mail went out, and nothing was answered: the far end may have it */
    bool dsn_passed_on; /* the far end does DSN and was given NOTIFY: telling of success is its business now */
};

/* Who carries. start() takes the job and answers outq_done() exactly once, on a later turn, also when it is shutting
 * down. stop() asks for it back, at most once and never after outq_leaves(): nothing more of it goes out, and
 * outq_done() follows soon, on a later turn, with OUTQ_FATE_LATER for whoever was not answered. NULL: what was started
 * cannot be stopped. */
struct outq_sender {
    void (*start)(void *ctx, struct outq_job *job);
    void (*stop)(void *ctx, struct outq_job *job);
    void *ctx;
};
/* The end of the mail goes out in this turn: from here on somebody may have it. Until then it can be taken back. */
void outq_leaves(struct outq_job *job);
/* Gives the job back with one result a recipient, in the order of job->rcpts. reached: a server of the destination
 * talked SMTP to us at all (greeting and EHLO went well), whatever it said then. Closes what was read of it. */
void outq_done(struct outq_job *job, const struct outq_result *results, bool reached);
/* After outq_done(), in the same turn or later: another due job of that destination for a connection that stands; NULL:
 * there is none now. Counts as started. */
struct outq_job *outq_next(struct outq_run *r, struct str destination);

/* False: its box has ended, or somebody dropped it: nothing of it is to be said to anybody; OUTQ_FATE_LATER. */
bool outq_wanted(const struct outq_job *job);

/* The mail's octets as pieces, each asked for: CRLF lines as they were put, no dots stuffed. piece() comes on a later
 * turn than the outq_body_next() it answers, and is borrowed until it returns. failed(): ERR_GONE: its box has ended or
 * it was dropped meanwhile: break off, answer OUTQ_FATE_LATER; ERR_BAD, ERR_IO: likewise. Nothing comes after close().
 */
struct outq_body;
struct outq_body_ops {
    void (*piece)(void *ctx, struct str bytes, bool last);
    void (*failed)(void *ctx, enum err e);
};
struct outq_body *outq_body_open(struct outq_job *job, const struct outq_body_ops *ops, void *ctx); /* NULL: memory */
void outq_body_next(struct outq_body *b);
void outq_body_close(struct outq_body *b); /* NULL is fine */

struct outq_run_opts {
    struct loop *loop;
    struct outq_shared *shared;
    struct deliver *deliver; /* DSNs into boxes; judges nobody */
    struct str hostname;     /* Reporting-MTA, and who DSNs are from */
    struct str relay_host;   /* smart host: the one destination of all that is not local; empty: none */
    struct domain_list domains;
    struct outq_sender sender;
    uint32_t jobs;            /* at once; 0: 1,000 */
    uint32_t per_destination; /* 0: 20 */
    int64_t delay_notice_ms;  /* 0: 4 h; negative: never */
};
/* Loads what waits and begins. */
[[nodiscard]] enum err outq_run_new(const struct outq_run_opts *o, struct outq_run **out);
void outq_run_drain(struct outq_run *r);      /* starts no more jobs, reads no more of what waits; on the loop */
bool outq_run_idle(const struct outq_run *r); /* no job is out and nothing is being written; any thread */
void outq_run_free(struct outq_run *r);       /* every job was given back, and the store has answered */

/* `mayfly queue`: what waits, without text and without addresses. Any loop's outq_req rules do not hold here: these run
 * on the out loop and answer before they return. */
struct outq_look {
    struct outq_id id;
    struct str destination;  /* in a list the one that is tried next */
    size_t rcpts_n;          /* that still wait for it */
    size_t sent_n, failed_n; /* and those that do not */
    uint64_t size;
    uint32_t tries;
    int64_t created_ms, next_ms, end_ms;
    bool active;
    uint16_t code;
    struct str enhanced; /* of the last answer */
};
/* What a domain is called here: as a name to look up; a literal, or what is none, in lower case: whoever carries it
 * will say so. Put into out, which is empty. */
void outq_destination(struct str domain, struct buf *out);
/* In the order of their next tries, at most max; destination: only those (empty: all). *n: how many there are in all.
 * ERR_BUSY, here and below: memory; nothing was done. */
[[nodiscard]] enum err outq_run_look(struct outq_run *r, struct str destination, size_t max,
                                     void (*each)(void *ctx, const struct outq_look *l), void *ctx, size_t *n);
/* One item, by its destinations, also those where nothing waits any more; 0: there is no such item. */
size_t outq_run_show(struct outq_run *r, const struct outq_id *id, void (*each)(void *ctx, const struct outq_look *l),
                     void *ctx);
/* Due now, one item or (NULL) all of a destination (empty: all). *n: how many. */
[[nodiscard]] enum err outq_run_retry(struct outq_run *r, const struct outq_id *id, struct str destination, size_t *n);
/* Ended as outq_drop_box() does; of a destination what is to go there, and nothing else of the same mail. */
struct outq_dropped {
    size_t found, n; /* n: were not ended before */
    size_t leaving;  /* of n: may arrive all the same */
};
[[nodiscard]] enum err outq_run_drop(struct outq_run *r, const struct outq_id *id, struct str destination,
                                     struct outq_dropped *out);
