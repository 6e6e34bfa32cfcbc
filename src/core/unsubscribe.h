/* The ways off a list that a mail's List-Unsubscribe names (RFC 2369 section 3.2): a page, and a mail to write (RFC
 * 6068). Pure; nothing is fetched here or by the server (DESIGN P7): both are for the reader's own word. */
#pragma once
#include "base/arena.h"
#include "base/str.h"

struct unsubscribe { /* empty: not named. Views are in the arena */
    struct str url;  /* https */
    struct str address, subject, text;
};
/* False: neither is named. */
bool unsubscribe_find(struct str header, struct arena *a, struct unsubscribe *out);
