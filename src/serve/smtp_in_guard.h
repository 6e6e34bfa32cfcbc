/* What the network of an SMTP client has done, and what its sessions get for it. The server's part of it lives in
 * core/limit (shares and rates) and core/standing (scores and bans); here is which of a session's events goes where. */
#pragma once
#include "core/greylist.h"
#include "core/standing.h"
#include "io/dns.h"
#include "serve/smtp_in_state.h"

struct smtp_in_guard {         /* borrowed */
    struct limit *limit;       /* NULL: networks are not counted */
    struct standing *standing; /* there when limit is */
    struct greylist *greylist; /* NULL: nobody is told to come back */
    struct dns *dns;           /* for zones, the block lists that refuse; NULL: none is asked */
    const struct str *zones;
    size_t zones_n;
    int64_t deadline_ms;
};
/* For how long this mail should stay away; 0 as a rule. */
int64_t smtp_in_guard_greylist(const struct smtp_in_guard *g, const struct peer *p, struct str from, struct str rcpt,
                               int64_t now_ms);
/* A recipient is not there. How long the answer should be held back for the network's sake; 0 as a rule. */
int64_t smtp_in_guard_unknown(const struct smtp_in_guard *g, const struct peer *p, int64_t now_ms);
/* Does it get no more answers for now? */
bool smtp_in_guard_refuses(const struct smtp_in_guard *g, const struct peer *p, int64_t now_ms);
/* The session is over, for what its client said or for other reasons. Again for the same session: no matter. */
void smtp_in_guard_closed(const struct smtp_in_guard *g, struct smtp_in_session *s, const struct peer *p,
                          int64_t now_ms);
