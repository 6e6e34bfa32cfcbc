/* What param.c and param_sent.c share: a field cut into pieces. Not for others. */
#pragma once
#include "wire/param.h"

enum { PARAM_WHOLE = -1 }; /* the number of a piece that has none */

struct param_piece {
    struct str name, text; /* text as in the field, without its outer quotes */
    int number;
    bool extended; /* charset'language'percent-encoded, RFC 2231 section 4 */
    bool quoted;
    bool used;
};
struct param_pieces {
    struct param_piece *v; /* in the arena; NULL: none */
    size_t n, max;
    size_t octets;    /* of the field */
    struct str value; /* what stands before the first ';', in lower case, in the arena */
    bool broken, dup;
};

/* ERR_FULL when the arena is. */
[[nodiscard]] enum err param_pieces_read(struct arena *a, struct str raw, struct param_pieces *out);
struct param_piece *param_piece_find(struct param_pieces *p, struct str name, int number, bool extended);
