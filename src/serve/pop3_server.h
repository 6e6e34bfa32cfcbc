/* Serving boxes over POP3: the sockets, the clock, the login and the store around a session (pop3.h). One a loop; its
 * connections are its own. */
#pragma once
#include "core/mailbox.h"
#include "io/tls.h"
#include "serve/listen.h"
#include "serve/login.h"
#include "serve/pop3_lock.h"
#include "serve/pop3_stats.h"
#include "serve/session_conn.h"

struct pop3_server;
struct pop3_server_opts {    /* copied; what it points to is borrowed until pop3_server_free() */
    struct login_opts login; /* this loop's, as what follows */
    struct store *store;
    struct mailboxes *boxes;
    struct event_hub *hub;
    struct tls *tls; /* NULL: no STLS */
    struct log *log;
    struct pop3_locks *locks; /* shared by all loops, as what follows */
    struct pop3_stats *stats;
    int64_t idle_ms; /* for one whole command; 0: ten minutes */
};

[[nodiscard]] enum err pop3_server_new(const struct pop3_server_opts *o, struct pop3_server **out);
/* Whoever comes in is one of these. They are told to stop between commands: now; in the middle of an answer: after it.
 */
struct session_conns *pop3_server_conns(struct pop3_server *p);
/* After the loop stopped, before auth_free(): ends what is left without a word. */
void pop3_server_free(struct pop3_server *p); /* NULL is fine */
