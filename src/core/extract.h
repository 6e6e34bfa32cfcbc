/* What a message wants from its reader: its first words, a code to type in, a link to confirm with. Found by words,
 * shapes and places, locally; no link is ever fetched (P7). Total over any bytes, linear, with ceilings. */
#pragma once
#include "core/extract_out.h"

/* The results are in the arena or views into the input. ERR_FULL when the arena has no room. */
[[nodiscard]] enum err extract(const struct extract_in *in, struct arena *a, struct extract_out *out);
/* "other", "confirm", "login", "reset", "unsubscribe": for the interface; static. */
const char *extract_link_kind_name(enum extract_link_kind k);
