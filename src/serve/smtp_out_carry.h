/* Inside smtp_out: one carrier takes one job after the other to one destination. smtp_out_way.c finds the way and
 * connects, smtp_out_conn.c speaks, smtp_out_local.c knows carriers that need neither. */
#pragma once
#include "base/list.h"
#include "io/conn.h"
#include "io/dial_any.h"
#include "serve/smtp_out.h"
#include "serve/smtp_out_session.h"

enum { SESSIONS_MAX = 5 }; /* of one try: RFC 5321 section 5.1 asks for two addresses at least */

struct smtp_out {
    struct smtp_out_opts o;
    struct outq_run *run;
    struct list carriers; /* all that go by network */
    struct list idle;     /* those of them that wait for another job, oldest first */
    size_t idle_n;
    struct list locals;
    struct outq_job *starved; /* by their ctx: there was no memory to begin them */
    struct job starve;
    struct outq_result spare[OUTQ_RCPTS_MAX]; /* what is told where no session has it */
    bool stopping;
};

struct carrier {
    struct smtp_out *s;
    struct list in, idle;
    struct outq_job *job; /* NULL: it waits for one */
    struct str destination;
    struct arena arena; /* the destination's */

    struct route_req *route_req;
    const struct route *route;
    size_t host, sessions; /* the next one to try; and how many were tried */
    struct reach_req *reach_req;
    const struct reach *reach;
    bool tried[ROUTE_ADDRS_MAX], no_tls;
    bool counted;                     /* how TLS went in this session */
    bool lax;                         /* the way was found without policies: for this one job */
    uint8_t dialled[ROUTE_ADDRS_MAX]; /* places in reach->addrs */
    size_t at;                        /* the address of this session */
    struct dial_any *dial;

    struct conn *conn;
    struct smtp_out_session session;
    bool begun;      /* the session has the job */
    bool shaking;    /* TLS is being agreed on */
    bool declined;   /* it would go well, but this job is not for it */
    bool broken_off; /* the mail itself is gone, or cannot be read: no other server helps */
    bool ends;       /* stop is under way */
    int64_t since_ms;
    struct outq_body *body;
    bool asked;        /* the next piece of it is on its way */
    struct timer wait; /* idle; or a turn's delay */
    struct job stop;

    struct outq_result *kept; /* of the job, by a server that postponed some of it; NULL: none has */
    struct arena kept_arena;
    bool second; /* the server after that one: it serves this job alone */

    struct smtp_out_said last; /* why no session came about, or none went well */
    struct str last_mx;        /* whose words those are; empty: ours */
    bool failed_softly;        /* some of them may do better later */
    bool reached;
};

/* ---- smtp_out.c ---- */
void smtp_out_starve(struct smtp_out *s, struct outq_job *job); /* goes back for want of memory */
/* ---- smtp_out_way.c ---- */
void carrier_start(struct smtp_out *s, struct outq_job *job);
void carrier_next_address(struct carrier *c); /* then the next host, then give up */
void carrier_note(struct carrier *c, const struct smtp_out_said *said);
void carrier_note_words(struct carrier *c, bool final, const char *enhanced, const char *words);
const struct route_host *carrier_host(const struct carrier *c);
enum route_tls carrier_tls(const struct carrier *c);
void carrier_give_up(struct carrier *c);       /* the job goes back; the carrier ends */
void carrier_give_up_later(struct carrier *c); /* nothing of the way goes on */
void carrier_free(struct carrier *c);
/* ---- smtp_out_second.c ---- */
/* The session has settled its job: shall the domain's next server be asked, with those that this one postponed? Then
 * what it said is kept, and the job stays. */
bool carrier_second(struct carrier *c);
const struct outq_result *carrier_results(
    struct carrier *c); /* of all servers that were asked; the session's or kept */
/* ---- smtp_out_conn.c ---- */
void carrier_talk(struct carrier *c, int fd);
void carrier_take(struct carrier *c, struct outq_job *job); /* an idle one */
void carrier_stop(struct carrier *c);
void carrier_break_off(struct carrier *c); /* its job is asked back; the end of the mail has not gone out */
/* ---- smtp_out_told.c ---- */
/* How TLS went, for reports (RFC 8460). A session is counted once. */
void carrier_told_secured(struct carrier *c);
void carrier_told_unsecured(struct carrier *c); /* if it is known that it will not be; also at the end */
void carrier_told_route(struct carrier *c);     /* no host may be used */
void carrier_told_reach(struct carrier *c, const struct reach *r); /* a host's records cannot be had */
/* ---- smtp_out_local.c ---- */
void local_start(struct smtp_out *s, struct outq_job *job);
void local_stop_all(struct smtp_out *s);
