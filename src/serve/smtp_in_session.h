/* An SMTP session (RFC 5321) without I/O: bytes in, replies out. The owner has the socket, the clock and the store, so
 * the daemon, the unit tests and the fuzzer all drive this same code. */
#pragma once
#include "serve/smtp_in_data.h"
#include "serve/smtp_in_mail.h"

/* A zeroed session with rules, out and loopback set is ready; this writes the greeting. */
void smtp_in_greet(struct smtp_in_session *s);
void smtp_in_session_fini(struct smtp_in_session *s);
/* Takes what it can use now and returns how much: whole command lines, or any part of a message. Total. It takes
 * nothing while mode is WAIT, TLS or CLOSED, and is shown the rest again later. */
size_t smtp_in_input(struct smtp_in_session *s, struct str in);
/* TLS stands: whatever was said before is forgotten (RFC 3207 section 4.2). */
void smtp_in_secured(struct smtp_in_session *s);
/* The owner ends it: drain, timeout, stress. Only in mode COMMAND, DATA or CHUNK; text is the reply. */
void smtp_in_stop(struct smtp_in_session *s, const char *text);
