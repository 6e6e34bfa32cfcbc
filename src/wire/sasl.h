/* SASL exchanges as a server sees them (RFC 4422): PLAIN (RFC 4616), LOGIN, OAUTHBEARER (RFC 7628), each of which hands
 * over a user and a secret. No I/O, and no word of any protocol: SMTP, POP3 and IMAP frame the same base64 lines. */
#pragma once
#include "base/buf.h"
#include "base/err.h"

enum { LIMIT_SASL_LINE = 12 * 1024 }; /* octets of one response with its line end: RFC 4954 section 4 asks for 12,288 */
enum sasl_mech { SASL_PLAIN, SASL_LOGIN, SASL_OAUTHBEARER, SASL_MECHS };
enum sasl_next {
    SASL_ASK,       /* send the challenge, then show the client's line to sasl_take() */
    SASL_READY,     /* user and secret are there: try them */
    SASL_CANCELLED, /* the client said "*" */
    SASL_OTHER,     /* for somebody else than who logs in: nobody may */
    SASL_BAD        /* not of the mechanism's form */
};

struct sasl { /* to be ended with sasl_fini(), whatever came of it */
    enum sasl_mech mech;
    struct str challenge; /* base64 text, for SASL_ASK; static */
    struct str user,
        secret; /* for SASL_READY; views into raw. user may be empty: the secret is a token and says whose */
    uint8_t step;
    struct buf raw; /* decoded; secret */
};

const char *sasl_name(enum sasl_mech m);                                /* "PLAIN", … */
[[nodiscard]] enum err sasl_find(struct str name, enum sasl_mech *out); /* in any case; ERR_BAD: not one of ours */
/* initial is the response that came with the command: base64, or "=" for one that is empty (RFC 4954 section 4); NULL
 * when there was none. */
enum sasl_next sasl_start(struct sasl *x, enum sasl_mech m, const struct str *initial);
enum sasl_next sasl_take(struct sasl *x, struct str line);
/* The secret was wrong. SASL_ASK: the mechanism wants the reason said as a challenge (RFC 7628 section 3.2.3); whatever
 * line comes back, the command then fails. SASL_BAD: it fails now. */
enum sasl_next sasl_refused(struct sasl *x);
void sasl_fini(struct sasl *x); /* wipes; a zeroed one is fine */
