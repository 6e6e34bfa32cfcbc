/* An IMAP session (RFC 3501, RFC 9051) without I/O: bytes in, replies out. The owner has the socket, the clock and the
 * box, so the daemon, the unit tests and the fuzzer all drive this same code. */
#pragma once
#include "core/event.h"
#include "serve/imap_state.h"

/* A zeroed session with rules, out, tls and loopback set is ready; this writes the greeting. */
void imap_greet(struct imap_session *s);
void imap_session_fini(struct imap_session *s);
/* Takes what it can use now and returns how much; it is shown the rest again with what follows. Total. It takes nothing
 * while mode is BUSY, TLS or CLOSED, nor while an answer is owed. */
size_t imap_input(struct imap_session *s, struct str in);
void imap_answer(struct imap_session *s, const struct imap_answer *a);
void imap_go_on(struct imap_session *s);   /* there is room again, as room() promised */
void imap_secured(struct imap_session *s); /* TLS stands: what was said before is forgotten */
/* Something happened in the selected mailbox: told at once in IDLE and with NOTIFY, else with the next command. */
void imap_event(struct imap_session *s);
/* True: the selected mailbox was deleted, or has got another UIDVALIDITY with another name. BYE then, now or after the
 * command (RFC 2180 section 3.3). */
bool imap_mailbox_over(struct imap_session *s, const struct event *e);
/* The owner ends it: the box ended, drain, timeout. text is what stands behind "* BYE ". */
void imap_stop(struct imap_session *s, const char *text);
