/* Encoded words of header text, RFC 2047 with the language of RFC 2231 section 5. */
#pragma once
#include "base/buf.h"

/* The encoded words in s decoded and appended to out, all else copied; s is one line. Adjacent words of one charset are
 * joined before their bytes are decoded, because senders split characters between words. Linear. */
void encword_decode(struct buf *out, struct str s);
/* Does one line of text have to be encoded to stand in a header: is it more than printable ASCII, would it be decoded,
 * or has it a word that cannot be folded? */
bool encword_needed(struct str s);
/* s as header text: itself unless it must be encoded, else B encoded words, folded with CRLF SP so that no line is
 * longer than 76 octets (RFC 2047 section 2). column: how much of the line stands before it. */
void encword_encode(struct buf *out, struct str s, size_t column);
