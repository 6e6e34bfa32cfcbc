/* One connection of smtp_in, for its two halves: smtp_in.c has its socket and its time, smtp_in_ask.c what its session
 * asks for. */
#pragma once
#include "serve/login.h"
#include "serve/network.h"
#include "serve/session_conn.h"
#include "serve/smtp_in.h"
#include "serve/smtp_in_late.h"
#include "serve/smtp_in_listed.h"
#include "serve/smtp_in_storing.h"

struct smtp_in {
    struct smtp_in_opts o;
    struct smtp_in_rules rules;
    struct session_conns conns; /* in struct client */
    struct smtp_in_all_storing storing;
    struct smtp_in_all_late late;
};

struct client {
    struct session_conn c;
    struct smtp_in_session s;
    struct smtp_in *of;
    struct deliver_req *check;
    struct smtp_in_storing *storing;
    struct ip ip; /* in memory only, wiped at the end */
    bool ip_known;
    int64_t since_ms;  /* when this DATA or BDAT began */
    int64_t tx_ms;     /* when this transaction began; 0: there is none */
    enum err told;     /* the recipient's answer that is held back, while held is not HELD_NOT */
    struct box_id box; /* the same, if it came with one */
    bool has_box;
    struct smtp_in_listed *listed;                   /* block lists; NULL: none is asked */
    struct smtp_in_late *late;                       /* who is to be told once it is gone; NULL: nobody */
    uint16_t phase;                                  /* of the session, when last looked at */
    enum { HELD_NOT, HELD_LISTS, HELD_TARPIT } held; /* by what is still to come, or by time alone */
    struct login login;                              /* of a submission, as what follows */
    struct opened *opened;                           /* who has logged in; a reference, or NULL */
    struct send_req *sending; /* a recipient that is being looked at, or a mail on its way into the queue */
    uint64_t sending_n;       /* octets of that */
};

static inline struct client *client_of(struct smtp_in_session *s) { return CONTAINER_OF(s, struct client, s); }
static inline struct client *client_at(struct session_conn *c) { return CONTAINER_OF(c, struct client, c); }

/* The session, ready to be called. */
struct smtp_in_session *smtp_in_session_of(struct client *c);
/* After an answer that the session waited for. */
void smtp_in_answered(struct client *c);
/* The recipient's answer has been held back long enough. */
void smtp_in_tell(struct client *c);
/* Asks the operator's block lists about the client, anew when it turns out to be another one. */
void smtp_in_ask_lists(struct client *c);
/* Who the client is has become known, or changed. */
void smtp_in_may_relay(struct client *c);
extern const struct smtp_in_ops smtp_in_session_ops;

/* smtp_in_submission.c */
extern const struct smtp_in_submit_ops smtp_in_submission_ops;
void smtp_in_submission_leave(struct client *c); /* forgets what was asked for, and who it was */
