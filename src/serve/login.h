/* One login for SMTP submission, POP3 and IMAP: a user and a secret become an opened box. The user is the box's address
 * (any case, IDNA, +tag dropped), the secret its token or its password. Knows no protocol: each maps the result to its
 * own replies.
 *
 * A wrong secret costs time: half a second, doubled with each try of this network on this box within ten minutes, those
 * that are under way counted with them, so parallel tries gain nothing. A password is not even looked at before its
 * turn. Other networks and other boxes do not wait, so nobody locks the owner out from elsewhere; a token, which cannot
 * be guessed, is looked at at once. A box that is not there takes the same path and the same time. */
#pragma once
#include "core/auth.h"
#include <stdatomic.h>

enum {
    LOGIN_BOX_TRIES = 10,  /* for LIMIT_LOGIN_BOX: so many are remembered, the oldest for ten minutes */
    LIMIT_LOGIN_TRIES = 5, /* wrong ones a connection; then it is over */
    LOGIN_WAIT_MS = 500,   /* after the first */
    LOGIN_WAIT_MAX_MS = 30 * 1000
};

struct login_stats { /* shared by all loops and protocols, for metrics */
    _Atomic uint64_t good, denied, busy;
};
struct login_opts { /* borrowed */
    struct loop *loop;
    struct auth *auth;
    struct limit *limit;
    struct standing *standing; /* is told of sessions that end for their errors; NULL: nobody is */
    struct str domain;         /* of a user who says none; empty: he is nobody */
    bool loopback_cleartext;   /* auth.cleartext = loopback */
    int64_t wait_ms;           /* after the first wrong secret; 0: LOGIN_WAIT_MS */
    struct login_stats *stats; /* may be NULL */
};

struct login;
/* OK gives a reference in opened, to be released; ERR_DENIED; ERR_BUSY (try again later); ERR_IO. Once, on a later
 * turn, unless login_cancel() comes first. */
typedef void login_done(void *ctx, enum err e, struct opened *opened);

struct login {             /* one a connection; zeroed it is ready. Owns nothing between tries */
    struct login_try *now; /* NULL: no try is under way */
    uint8_t wrong;
};
/* May a secret be said at all? Under TLS always; in the clear only on this machine, and only when configured. */
bool login_allowed(const struct login_opts *o, const struct peer *peer, bool tls);
/* One more wrong secret was one too many: end the connection. */
bool login_spent(const struct login *g);
/* user and secret are copied, and wiped when the answer is known. False: no memory, no answer comes. */
[[nodiscard]] bool login_begin(struct login *g, const struct login_opts *o, const struct peer *peer, struct str user,
                               struct str secret, login_done *done, void *ctx);
/* A session of somebody who has not logged in was ended for its errors: its network's standing falls. */
void login_unruly(const struct login_opts *o, const struct peer *peer);
void login_cancel(struct login *g); /* the connection goes; what was tried still counts */
