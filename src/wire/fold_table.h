/* What fold.c looks up: characters that become another, and characters that are a letter and a mark. Not for others. */
#pragma once
#include "base/util.h"

struct fold_case { /* first, first + step, … last become each themselves plus delta */
    uint32_t first, last, step;
    int32_t delta;
};
struct fold_mark {
    uint16_t whole, letter, mark; /* one step of the canonical decomposition */
};
extern const struct fold_case fold_cases[]; /* both in ascending order */
extern const size_t fold_case_n;
extern const struct fold_mark fold_marks[];
extern const size_t fold_mark_n;
