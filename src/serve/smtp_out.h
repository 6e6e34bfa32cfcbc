/* Carries the out-queue's jobs: finds the way (core/route), connects, speaks (smtp_out_session), and tells the queue
 * what became of each recipient. One on the out loop. A connection that stands takes the next job of its destination,
 * and waits a moment for one. Mail for our own domains takes no network. */
#pragma once
#include "core/outq_run.h"
#include "core/route.h"
#include "io/dial.h"
#include "serve/smtp_out_stats.h"

struct tls;
struct smtp_out;
struct smtp_out_opts {
    struct loop *loop;
    struct router *router;
    struct deliver *deliver; /* this loop's, for our own domains */
    struct domain_list domains;
    struct log *log;
    struct str hostname;                     /* for EHLO */
    struct tls *any, *known, *dane;          /* client contexts; known: NULL where no authorities are known */
    struct tls *told;                        /* TLS_TOLD_PEER, for policies in testing; NULL: none are looked at */
    struct tls_tally *tally;                 /* how TLS goes is counted there; NULL: it is not */
    int64_t (*now_ms)(void *ctx);            /* wall time, for that */
    const struct dial_to *bind4, *bind6;     /* NULL: the kernel chooses */
    struct str relay_user, relay_password;   /* for the smart host; empty: no login */
    uint16_t port, relay_port;               /* 25; the smart host's */
    int64_t command_ms, data_ms, connect_ms; /* ceilings for waits, where RFC 5321 section 4.5.3.2 says more */
    bool allow_private;                      /* to ourselves, too: for tests and inner networks */
    /* A box wrote to one here that is not there. May be NULL. */
    void (*unknown)(void *ctx, const struct box_id *box);
    void *ctx;
    struct smtp_out_stats *stats;
};
[[nodiscard]] enum err smtp_out_new(const struct smtp_out_opts *o, struct smtp_out **out); /* *o is copied */
/* What outq_run_new() is to be given, and what it gave: for the next job of a connection. */
struct outq_sender smtp_out_sender(struct smtp_out *s);
void smtp_out_attach(struct smtp_out *s, struct outq_run *run);
/* Jobs under way are given back as not done, on later turns; connections end. */
void smtp_out_stop(struct smtp_out *s);
void smtp_out_free(struct smtp_out *s); /* once nothing is under way any more. NULL is fine */
