/* HTML character references: &amp; &#8364; &#x20AC; */
#pragma once
#include "base/text.h"

/* s begins with '&': the length of the reference there and its code point, or 0 when it is only an ampersand. */
size_t html_entity(struct str s, uint32_t *cp);
/* Appends s with its references decoded, as an attribute's value is. */
void html_unescape(struct buf *out, struct str s);
