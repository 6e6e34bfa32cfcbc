/* Text in any charset to UTF-8. iconv is met here and nowhere else. A charset is known by its row in one table, so a
 * sender's string never reaches iconv_open(); UTF-8, US-ASCII, ISO-8859-1 and windows-1252 need no iconv at all. */
#pragma once
#include "base/buf.h"

/* Appends in as well-formed UTF-8 and never fails but by out's ceiling. An empty, unknown or unavailable charset is
 * taken for UTF-8 when the bytes are that, else for windows-1252; what a known one can't decode becomes U+FFFD (but
 * UTF-8 without one good character beyond ASCII is windows-1252, too). A byte order mark at the front is obeyed (UTF-8,
 * UTF-16) and dropped. True when every byte meant what the label says. */
bool charset_to_utf8(struct buf *out, struct str name, struct str in);
/* Whether it would be appended just as it is, so that it need not be. */
bool charset_is_utf8(struct str name, struct str in);
bool charset_known(struct str name); /* any case, aliases too */

/* Opens every charset of the table and keeps it open, because glibc loads each from a file on first use and the sandbox
 * allows no files then. Once at start; the number that could be opened. */
enum { CHARSET_KEPT_MAX = 80, CHARSET_EXPECTED = 40 }; /* fewer: the C library came without its modules */
struct charset_kept {
    void *cd[CHARSET_KEPT_MAX];
    size_t n;
};
size_t charset_prime(struct charset_kept *k);
void charset_unprime(struct charset_kept *k);
