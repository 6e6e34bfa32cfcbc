/* May opening this file run something? For a warning before it, never a reason to refuse. */
#pragma once
#include "base/str.h"

/* NULL, or why: a short static sentence. type: by content (filetype.h). */
const char *danger_of_file(struct str name, struct str type, struct str bytes);
/* Of an attached mail, by what was found in it: carrier.h. */
const char *danger_carried(bool program, bool closed);
/* One of these: */
bool danger_is_disguise(const char *why); /* the name is made to look harmless */
bool danger_is_within(const char *why);   /* it is in an archive or an attached mail */
bool danger_is_unseen(const char *why);   /* an archive is encrypted, or was read only in part */
bool danger_is_closed(const char *why);   /* an archive of a kind that is not read, in another one, or in a mail */
bool danger_is_page(const char *why);     /* it is a page */
