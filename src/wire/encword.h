/* Encoded words of header text, RFC 2047 with the language of RFC 2231 section 5. */
#pragma once
#include "base/buf.h"

/* The encoded words in s decoded and appended to out, all else copied; s is one line. Adjacent words of one charset are
 * joined before their bytes are decoded, because senders split characters between words. Linear. */
void encword_decode(struct buf *out, struct str s);
/* s as header text: itself when printable ASCII, else Q or B encoded words of at most 75 octets, folded with CRLF SP.
 */
void encword_encode(struct buf *out, struct str s);
