/* The prior that ships with mayfly, built into the program (data/prior.model, made by scripts/prior/train.py). */
#pragma once
#include "trust/prior.h"

extern const struct str shipped_prior; /* the file's octets */

bool shipped_is_path(struct str which); /* neither of the two words below */
/* As trust.prior has it: "shipped", "none", or the path of a file that `mayfly learn --prior` made. Errors as of
 * prior_open(). */
[[nodiscard]] enum err shipped_open(struct str which, struct prior *out);
