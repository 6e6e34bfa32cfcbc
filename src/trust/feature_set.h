/* A set of hashes under construction: what feature.h and feature_head.c fill. */
#pragma once
#include "base/arena.h"
#include "trust/feature.h"

enum { FEATURE_SEEN_BITS = 18 };

struct feature_set {
    uint64_t *seen; /* a bit a bucket: two hashes that share one count once, as they would in the table of weights */
    uint32_t *v;
    size_t n, max;
};
[[nodiscard]] enum err feature_set_init(struct feature_set *s, struct arena *a, size_t max);
/* The hashes since the last such call are a group of their own; the next one begins empty. */
struct feature_group feature_set_cut(struct feature_set *s);

static inline uint32_t feature_mix(uint32_t x)
{
    x ^= x >> 16;
    x *= 0x7feb352dU;
    x ^= x >> 15;
    x *= 0x846ca68bU;
    return x ^ x >> 16;
}
static inline void feature_add(struct feature_set *s, uint32_t hash)
{
    uint32_t at = hash & ((1u << FEATURE_SEEN_BITS) - 1);
    uint64_t bit = UINT64_C(1) << (at & 63);
    if (s->seen[at >> 6] & bit || s->n == s->max)
        return;
    s->seen[at >> 6] |= bit;
    s->v[s->n++] = hash;
}
/* Overlapping 4-grams, lower case, digits as one. */
void feature_grams(struct feature_set *s, struct str text, uint32_t salt);
extern const char feature_folded[256]; /* lower case; digits are '0' */

/* feature_head.c: the header's fields, read once; host as in feature_make(). They are in the arena, what did not fit is
 * left out. */
enum { FEATURE_NAMES = 3 };
struct feature_head {
    struct feature_field *first;
    struct str names[FEATURE_NAMES]; /* raw values of Subject, From and Reply-To; {NULL, 0}: there is none */
};
struct feature_head feature_head_read(struct arena *a, struct str head, struct str host);
/* Adds what they say; *travels as in struct features. */
void feature_header(struct feature_set *s, struct arena *a, const struct feature_head *head, uint32_t *travels);
