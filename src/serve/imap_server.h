/* Serving boxes over IMAP: the sockets, the clock, the login and the store around a session (imap_session.h). One a
 * loop; its connections are its own. */
#pragma once
#include "core/intake.h"
#include "core/mailbox.h"
#include "io/tls.h"
#include "serve/listen.h"
#include "serve/login.h"

struct imap_server;
struct imap_server_opts {    /* copied; what it points to is borrowed until imap_server_free() */
    struct login_opts login; /* this loop's, as what follows */
    struct store *store;
    struct mailboxes *boxes;
    struct event_hub *hub;
    struct work_pool *work;
    struct tls *tls; /* NULL: no STARTTLS */
    struct log *log;
    struct str hostname;
    uint64_t max_bytes;           /* of a message */
    struct intake_budget *budget; /* shared by all loops, as what follows */
    const struct listen_gate *gate; /* whose crowding means stress; NULL: none does */
};

[[nodiscard]] enum err imap_server_new(const struct imap_server_opts *o, struct imap_server **out);
/* As listen_opts.accept has it; server is the listener's ctx. The second is for ports where TLS comes first. */
void imap_server_accept(void *server, struct listen *l, int fd, const struct peer *peer, const struct sockaddr *sa);
void imap_server_accept_tls(void *server, struct listen *l, int fd, const struct peer *peer, const struct sockaddr *sa);
void imap_server_drain(struct imap_server *p); /* between commands: now; in the middle of one: after it */
/* After the loop stopped, before auth_free(): ends what is left without a word. */
void imap_server_free(struct imap_server *p); /* NULL is fine */
