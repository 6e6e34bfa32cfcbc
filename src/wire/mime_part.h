/* What the scanner of mime_scan.c needs: the fields of one part, the count of lines, names. Not for others. */
#pragma once
#include "wire/mime.h"

/* Fills p from its header block; parent may be NULL. Once the arena holds meta_max, parameters and descriptions are
 * passed over (MIME_DEFECT_HEADER_FULL). ERR_FULL when the arena is. */
[[nodiscard]] enum err mime_part_fields(struct arena *a, size_t meta_max, const struct mime_part *parent,
                                        struct str head, struct mime_part *p);
/* p is to be read as a leaf of that type. */
void mime_part_opaque(struct mime_part *p, struct str type, struct str subtype);
/* Lines of every body, and the defects of line ends and NUL (on part 0). */
[[nodiscard]] enum err mime_lines(struct arena *a, struct str msg, struct mime_tree *t);
/* A file name that is safe to show and to save, from what a sender wrote; {NULL, 0} when nothing is left of it, or the
 * arena is full. */
struct str mime_safe_name(struct arena *a, struct str name);
