/* Serving boxes over IMAP: the sockets, the clock, the login and the store around a session (imap_session.h). One a
 * loop; its connections are its own. */
#pragma once
#include "serve/imap_opts.h"

struct imap_server;
[[nodiscard]] enum err imap_server_new(const struct imap_server_opts *o, struct imap_server **out);
/* As listen_opts.accept has it; server is the listener's ctx. The second is for ports where TLS comes first. */
void imap_server_accept(void *server, struct listen *l, int fd, const struct peer *peer, const struct sockaddr *sa);
void imap_server_accept_tls(void *server, struct listen *l, int fd, const struct peer *peer, const struct sockaddr *sa);
void imap_server_drain(struct imap_server *p); /* between commands: now; in the middle of one: after it */
/* After the loop stopped, before auth_free(): ends what is left without a word. */
void imap_server_free(struct imap_server *p); /* NULL is fine */
