/* Strings on their way out (RFC 9051 section 4.3): an atom where it is one, a quoted string where it can be one, a
 * literal for the rest, so that no octet of a sender's or a holder's choosing is ever read as protocol. NUL, which no
 * string but a literal8 can carry, becomes 0x80. */
#pragma once
#include "base/buf.h"

void imap_put_string(struct buf *out, struct str s);  /* "quoted" or {n} CRLF octets */
void imap_put_nstring(struct buf *out, struct str s); /* NIL when s.p is NULL */
void imap_put_astring(struct buf *out, struct str s); /* an atom if it is one and not NIL */
/* A header value: folds taken out, and the blanks behind the colon. */
void imap_put_unfolded(struct buf *out, struct str raw); /* NIL when raw.p is NULL */
/* Text for people, valid UTF-8 without control characters: quoted also beyond ASCII, which UTF8=ACCEPT and rev2 allow;
 * else as imap_put_string(). */
void imap_put_utf8(struct buf *out, struct str s);
/* {n} CRLF or, for binary with a NUL in it, ~{n} CRLF: the octets are yours to send. */
void imap_put_literal(struct buf *out, uint64_t n);
void imap_put_literal8(struct buf *out, uint64_t n);
