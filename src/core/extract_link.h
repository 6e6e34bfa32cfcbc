/* What the links of a message are for. */
#pragma once
#include "core/extract_out.h"
#include "wire/links.h"

/* plain is the text/plain part; page may be NULL. */
[[nodiscard]] enum err extract_links(struct str plain, const struct html_out *page, struct arena *a,
                                     struct extract_out *out);
