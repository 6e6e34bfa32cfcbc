/* Serving boxes over IMAP: the sockets, the clock, the login and the store around a session (imap_session.h). One a
 * loop; its connections are its own. */
#pragma once
#include "serve/imap_opts.h"
#include "serve/session_conn.h"

struct imap_server;
[[nodiscard]] enum err imap_server_new(const struct imap_server_opts *o, struct imap_server **out);
/* Whoever comes in is one of these. They are told to stop between commands: now; in the middle of one: after it. */
struct session_conns *imap_server_conns(struct imap_server *p);
/* After the loop stopped, before auth_free(): ends what is left without a word. */
void imap_server_free(struct imap_server *p); /* NULL is fine */
