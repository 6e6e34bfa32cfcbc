/* Values with parameters: Content-Type (RFC 2045 section 5.1), Content-Disposition (RFC 2183), with RFC 2231 charsets
 * and continuations and, as senders do, RFC 2047 words in quotes. Lenient: what can't be read is passed over and
 * counted. */
#pragma once
#include "base/arena.h"
#include "base/err.h"

enum {
    LIMIT_PARAMS = 64,        /* parameters of one field, after joining */
    LIMIT_PARAM_PIECES = 100, /* RFC 2231 continuations of one field */
};

struct param {
    struct str name;  /* lower-case, without * and number */
    struct str value; /* UTF-8, no control characters */
    struct str raw;   /* the octets behind it: unquoted, pieces joined, no charset or encoded word undone */
};
struct params {
    struct str value; /* what stands before the first ';': "text/plain", "attachment"; lower-case, no comments */
    struct param *v;  /* in order of first appearance */
    uint32_t n;
    bool dup;    /* a name came twice; the first one counts */
    bool broken; /* something could not be read, or a limit was met */
};

/* Total; ERR_FULL only when the arena is. raw may have folds and comments. Linear. */
[[nodiscard]] enum err params_parse(struct arena *a, struct str raw, struct params *out);
struct str params_get(const struct params *p, struct str name); /* any case; {NULL, 0} when absent */
/* The same field as it was sent, for IMAP's BODYSTRUCTURE: names as written ("Filename*" where RFC 2231 has encoded the
 * value), values unquoted and their pieces joined, but nothing decoded; value and raw are the same. Plain parameters
 * come before those with a star. */
[[nodiscard]] enum err params_sent(struct arena *a, struct str raw, struct params *out);
