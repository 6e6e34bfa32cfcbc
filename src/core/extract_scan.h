/* Numbers and letter groups of a text that have the shape of a code, whatever stands around them. */
#pragma once
#include "core/extract_fold.h"

enum shape {
    SHAPE_DIGITS,   /* 482913 */
    SHAPE_GROUPED,  /* 482 913, 482-913 */
    SHAPE_SPREAD,   /* 4 8 2 9 1 3: a box for each */
    SHAPE_PREFIXED, /* G-482913 */
    SHAPE_MIXED,    /* K7Q2M9, K7Q-2M9 */
    SHAPE_LETTERS   /* XKQWZP, WDJB-MJHT */
};

struct candidate {
    uint16_t at, end; /* in the folded text */
    enum shape shape;
    uint8_t digits, letters, groups;
    bool alone;   /* nothing else on its line */
    bool hash;    /* "#" stands before it */
    bool starred; /* between asterisks, plain text's bold */
};

/* False where no candidate can be that consists of what people type: that takes a digit or two capitals side by side.
 * Cheaper than folding, which most personal mail is so spared. */
bool scan_may_have_code(struct str text);
/* At most max, in the order of the text. Dates, times, amounts, phone numbers, addresses of all kinds, versions and
 * percentages are left out by their shape. */
size_t scan_candidates(const struct fold *f, struct candidate *out, size_t max);
