/* What an attached mail carries: its parts are judged as if they were attached themselves. */
#pragma once
#include "wire/mime.h"

/* The mail whose own part is root, in a tree of msg: NULL, or why, which the questions of danger.h know. Bodies to read
 * and pages in it are no danger, as within an archive. */
const char *carrier_danger(const struct mime_tree *t, uint32_t root, struct str msg);
/* A whole mail in a file of its own, which is parsed for it. */
const char *carrier_file_danger(struct str bytes);
/* Is a file one? By its type or its name. */
bool carrier_is(struct str name, struct str type);
