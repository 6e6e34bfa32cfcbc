/* Text that may deceive the eye. Refused in addresses and names that we make or look up, taken out of file names. */
#pragma once
#include "base/str.h"

/* Bidi controls, zero-width and other invisible characters, blanks that look like nothing or like a space, C0 and C1
 * controls, noncharacters, private use, tags. The plain space is not one. */
bool deceptive_char(uint32_t cp);
bool deceptive_text(struct str s); /* has one of these, or is not well-formed UTF-8 */
