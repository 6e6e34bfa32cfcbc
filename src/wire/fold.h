/* Text made comparable: i;unicode-casemap (RFC 5051), as Dovecot searches: upper case, accents behind their letters.
 * Substring search is then bytes in bytes: "CAFE" is found in "café", "uber" is not in "über". */
#pragma once
#include "base/buf.h"

/* Appends s (UTF-8; ill-formed octets become U+FFFD) folded. At most six times as long. */
void fold_text_put(struct buf *out, struct str s);
