/* From a setting's text to its field: one function for each type, all total. */
#pragma once
#include "app/settings.h"

/* values: one for a plain setting; a list's items, not yet cut at commas. NULL when taken, otherwise why not (static
 * text or in the arena of c). */
const char *config_value_set(struct config *c, size_t row, const struct str *values, size_t n);
/* A host name, and no address? NULL, or why not; static. */
const char *config_value_name(struct str s);
