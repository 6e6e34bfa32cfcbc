/* What a file is by its first bytes, not by what it is called; and whether opening it may run something. */
#pragma once
#include "base/str.h"

struct filetype {
    struct str content_type; /* detected; else the declared one, borrowed; else application/octet-stream */
    const char *dangerous;   /* NULL, or a short static reason */
};
struct filetype filetype_of(struct str bytes, struct str filename, struct str declared);
