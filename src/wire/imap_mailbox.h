/* Mailbox names. Within the program a name is UTF-8, '/' between its levels, INBOX in capitals; on the wire it is that
 * (rev2, UTF8=ACCEPT) or modified UTF-7 (RFC 3501 section 5.1.3). Both ways are exact: a name that another name would
 * encode to is refused, so no two spellings of one name exist. */
#pragma once
#include "base/buf.h"
#include "base/err.h"

enum {
    LIMIT_IMAP_MAILBOX = 255, /* octets of UTF-8 */
    LIMIT_IMAP_LEVELS = 16,
};
#define IMAP_SEPARATOR '/'

/* Appends the UTF-8. ERR_BAD: not what RFC 3501 section 5.1.3 would have written (8-bit, printable ASCII in base64, two
 * runs where one would do, superfluous bits, lone surrogates). */
[[nodiscard]] enum err imap_utf7_decode(struct buf *out, struct str in);
void imap_utf7_encode(struct buf *out, struct str utf8); /* ill-formed octets become U+FFFD */

/* A name as the client wrote it, to the inner form. utf8: which of the two it wrote. A trailing separator is taken off
 * (RFC 9051 section 6.3.4: the client means to create names under it). ERR_BAD: empty, badly encoded, control
 * characters, line separators, an empty level, "." or ".." as a level. ERR_FULL: too long or deep. */
[[nodiscard]] enum err imap_mailbox_read(struct buf *out, struct str in, bool utf8);
/* The name as an astring. */
void imap_mailbox_put(struct buf *out, struct str name, bool utf8);
/* A pattern of LIST, in the inner form but with % and *: INBOX in any case at its front is made INBOX. */
[[nodiscard]] enum err imap_pattern_read(struct buf *out, struct str in, bool utf8);
/* '*' takes anything, '%' anything but the separator; INBOX is in any case. No more than name.n * pattern.n steps. */
bool imap_pattern_match(struct str pattern, struct str name);
/* And adds to *above which levels above match: bit 0 for the first. */
bool imap_pattern_match_above(struct str pattern, struct str name, uint32_t *above);
