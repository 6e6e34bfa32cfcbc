/* Receiving mail for our own boxes (RFC 5321), or from their holders, to be sent (RFC 6409): the sockets, the clock and
 * the store around smtp_in_session. One smtp_in a loop for each of the two; its connections are its own. */
#pragma once
#include "io/tls.h"
#include "serve/listen.h"
#include "serve/login.h"
#include "serve/session_conn.h"
#include "serve/smtp_in_guard.h"
#include "serve/smtp_in_session.h"

struct smtp_in;
struct smtp_in_opts { /* copied; what it points to is borrowed until smtp_in_free() */
    struct loop *loop;
    struct deliver *deliver; /* this loop's, as what follows */
    struct send *send;       /* a submission: where its mail goes. NULL: mail for our boxes */
    struct login_opts login; /* of a submission */
    bool keep_copy;          /* the same: what was sent is in Sent, too */
    struct smtp_in_guard guard;
    struct store *store;
    struct outq *outq;                /* this loop's */
    const struct network *relay_from; /* whose mail for other domains is taken, too */
    size_t relay_from_n;
    struct tls *tls; /* NULL: no STARTTLS */
    struct log *log;
    struct str hostname;
    struct str postmaster; /* the address that <postmaster> means */
    size_t max_bytes;
    size_t max_rcpts;
    int64_t command_ms;           /* for one whole command; 0: five minutes */
    int64_t data_ms;              /* for one whole message; 0: ten minutes */
    bool xclient;                 /* from loopback, for tests */
    struct intake_budget *budget; /* shared by all loops, as what follows */
    struct smtp_in_stats *stats;
    const struct listen_gate *gate; /* whose crowding means stress; NULL: none does */
};

[[nodiscard]] enum err smtp_in_new(const struct smtp_in_opts *o, struct smtp_in **out);
/* Whoever comes in is one of these. Told to stop they take no more messages: idle ones say 421, whoever is in the
 * middle of one may finish it. */
struct session_conns *smtp_in_conns(struct smtp_in *in);
/* After the loop stopped, before deliver_free(): ends what is left without a word. Their listeners must still be there.
 */
void smtp_in_free(struct smtp_in *in);
