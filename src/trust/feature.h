/* What the learner sees of a message: hashes of what stands in it, in groups, each hash once a group. The hashes are
 * public and the same everywhere; a learner's own table is keyed on top of them (learner.h).
 *
 * Never among them, because a table of weights tells who may guess: digits (all are '0', so that codes vanish), the
 * recipient's address, message ids, boundaries, unsubscribe tokens, paths of links. What filters before us have said
 * (X-Spam-*, Authentication-Results …) is left out since its writer may be the spammer. */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "wire/mime.h"

enum {
    FEATURE_SET = 1,        /* this set's number, in every file of weights: a change of what is hashed changes it */
    FEATURE_TEXT = 4000,    /* octets of visible text looked at */
    FEATURE_SEGMENT = 1000, /* octets judged together: good words elsewhere do not dilute them */
    FEATURE_SEGMENTS_MAX = FEATURE_TEXT / FEATURE_SEGMENT,
    FEATURE_HEADER_MAX = 4096, /* of the header; what is more is left out */
    FEATURE_FIELD = 512,       /* octets of Subject, From and Reply-To looked at */
};

struct feature_group {
    const uint32_t *v;
    uint32_t n;
};
struct features {                /* in the arena */
    struct feature_group names;  /* overlapping 4-grams of Subject, From and Reply-To */
    struct feature_group header; /* words of the header, and pairs of them; those that travel well come first: */
    uint32_t travels;            /* that many, which know neither hosts nor the way a mail took */
    struct feature_group segment[FEATURE_SEGMENTS_MAX]; /* overlapping 4-grams of the text; at least one, if empty */
    size_t segments;
};

/* host: a Received field that says it was written by this host is ours, and left out. Linear in msg; ERR_FULL when the
 * arena has no room. */
[[nodiscard]] enum err feature_make(struct arena *a, const struct mime_tree *t, struct str msg, struct str host,
                                    struct features *out);
