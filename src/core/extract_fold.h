/* Text as the extractor compares it: lower case, without accents, digits of all scripts as ASCII, one blank where there
 * were several; and for each octet of that the place it came from. */
#pragma once
#include "base/arena.h"

struct fold {
    struct str src;
    char *p; /* followed by a NUL that is not counted */
    size_t n;
    uint32_t *from; /* n + 1 offsets into src */
};

/* At most max octets of src are read. False when the arena has no room. */
bool fold_text(struct arena *a, struct str src, size_t max, struct fold *out);
/* The stretch of src that p[at .. end) came from. */
struct str fold_source(const struct fold *f, size_t at, size_t end);
/* One code point without case and accents; 0 when it shows nothing. Blanks become ' ', '\t' or '\n'. */
uint32_t fold_cp(uint32_t cp);
/* The digit or full-width character in ASCII, anything else as it is: what a reader would type. */
uint32_t fold_width(uint32_t cp);
