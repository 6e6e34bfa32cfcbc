/* The line under the subject in a list of messages. */
#pragma once
#include "core/extract_out.h"

[[nodiscard]] enum err extract_intro(const struct extract_in *in, const struct html_out *page, struct arena *a,
                                     struct str *out);
