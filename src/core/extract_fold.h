/* Text as the extractor compares it: lower case, without accents, digits of all scripts as ASCII, one blank where there
 * were several; and for each octet of that the place it came from. */
#pragma once
#include "base/arena.h"

enum { FOLD_MAX = UINT16_MAX }; /* octets of one text */

struct fold {
    struct str src;
    char *p; /* followed by a NUL that is not counted */
    size_t n, max;
    uint16_t *from; /* n + 1 offsets into src */
};

/* Room for one text after another, of at most max octets each. False when the arena has none. */
bool fold_init(struct fold *f, struct arena *a, size_t max);
void fold_put(struct fold *f, struct str src); /* instead of what was there; the first max octets */
/* Both, for one text. */
bool fold_text(struct arena *a, struct str src, size_t max, struct fold *out);
/* The stretch of src that p[at .. end) came from. */
struct str fold_source(const struct fold *f, size_t at, size_t end);
/* One code point without case and accents; 0 when it shows nothing. Blanks become ' ', '\t' or '\n'. */
uint32_t fold_cp(uint32_t cp);
/* The digit or full-width character in ASCII, anything else as it is: what a reader would type. */
uint32_t fold_width(uint32_t cp);
