/* Content transfer encodings (RFC 2045 section 6, and uuencode as old mail has it), decoded in pieces: any split of the
 * input gives the same output. Lenient as mail programs are: junk is passed over and noted. */
#pragma once
#include "base/buf.h"

enum cte { CTE_7BIT, CTE_8BIT, CTE_BINARY, CTE_BASE64, CTE_QP, CTE_UU, CTE_UNKNOWN };
enum { CTE_HOLD = 128 }; /* blanks that may turn out to end a line, or a uuencoded line (62 octets at most) */

struct cte_decoder {
    enum cte kind;
    bool broken; /* something could not be decoded so far */
    bool done;   /* base64: padding seen; uuencode: "end" seen */
    bool begun;  /* uuencode: "begin" seen */
    bool skip;   /* uuencode: the rest of an overlong line is passed over */
    uint8_t acc_n, hold_n;
    uint32_t acc; /* base64: bits not yet written */
    char hold[CTE_HOLD];
};
/* The encoding that a Content-Transfer-Encoding names; comments and blanks are the caller's to remove. */
enum cte cte_of(struct str name);
bool cte_is_plain(enum cte kind); /* nothing to undo: what it decodes to is the body itself */
void cte_init(struct cte_decoder *d, enum cte kind);
/* Appends to out what in decodes to; final with the last piece. CTE_UNKNOWN is copied like 7bit. */
void cte_decode(struct cte_decoder *d, struct str in, struct buf *out, bool final);
/* A whole body at once; false when something in it was broken. */
bool cte_decode_all(enum cte kind, struct str body, struct buf *out);
