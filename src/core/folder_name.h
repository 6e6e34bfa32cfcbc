/* Names of folders as text: pure functions. */
#pragma once
#include "base/arena.h"
#include "base/err.h"

enum {
    FOLDER_NAME_MAX = 255,
    FOLDER_LEVELS_MAX = 16, /* what IMAP takes in a name; else it would be listed and never opened */
};
/* Not empty, no empty level, UTF-8 without control characters, at most FOLDER_NAME_MAX octets, FOLDER_LEVELS_MAX
 * levels. */
bool folder_name_ok(struct str name);
/* The one spelling: inbox as first level becomes INBOX, a '/' at the end is taken off. A copy in the arena; NULL when
 * it has no room. */
struct str folder_name_canon(struct arena *a, struct str name);
/* Is it a child, at any depth, of above? */
bool folder_name_below(struct str name, struct str above);
const char *folder_fixed_name(uint32_t no); /* NULL: not a fixed one */
uint32_t folder_fixed_no(struct str name);  /* any case for INBOX, exact for the others; 0: none */
