/* APPEND (RFC 9051 section 6.3.12; several messages at once: RFC 3502) as imap_session feeds it: its words come in
 * pieces, and between them the octets of messages, which never lie in the command's own memory. */
#pragma once
#include "serve/imap_state.h"

/* Is what this piece of a command announces a message, and not some other literal? */
bool imap_append_wants(const struct imap_session *s, struct str piece);
/* The command goes on behind a message with this piece. */
void imap_append_piece(struct imap_session *s, struct str piece);
/* The message announced at the end of the piece. NULL: it is taken; else the reply that refuses it. */
const char *imap_append_literal(struct imap_session *s, const struct imap_frame_event *e);
size_t imap_append_octets(struct imap_session *s, struct str in); /* in mode OCTETS: how many were taken */
void imap_append_end(struct imap_session *s, struct str rest);
