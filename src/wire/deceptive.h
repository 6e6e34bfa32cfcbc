/* Text that may deceive the eye. Refused in addresses and names that we make or look up, taken out of file names. */
#pragma once
#include "base/str.h"

/* Bidi controls, zero-width and other invisible characters, blanks that look like nothing or like a space, C0 and C1
 * controls, noncharacters, private use, tags. The plain space is not one. */
bool deceptive_char(uint32_t cp);
bool deceptive_text(struct str s); /* has one of these, or is not well-formed UTF-8 */
/* Takes out, in place, what shows text in another order than it is in: embeddings, overrides and isolates of UAX 9, in
 * UTF-8. Marks (U+200E, U+200F, U+061C) stay: honest text of right-to-left scripts has them. Returns the new length. */
size_t deceptive_drop_order(char *p, size_t n);
