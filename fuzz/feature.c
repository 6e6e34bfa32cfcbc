/* Any bytes as a message: features stay within their ceilings, and can be judged and taught. */
#include "trust/feature.h"
#include "trust/repeats.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(bool ok)
{
    if (!ok)
        abort();
}

/* Each hash once. */
static void check(struct feature_group g, size_t most)
{
    must(g.n <= most);
    for (uint32_t i = 0; i < MIN(g.n, 64u); i++)
        for (uint32_t k = 0; k < i; k++)
            must(g.v[i] != g.v[k]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct repeats repeats;
    AUTO_ARENA struct arena a = { .max = 64 << 20 };
    struct mime_tree t;
    struct features f;
    struct str msg = str_of(data, n);
    if (mime_parse(&a, msg, &t) != OK || feature_make(&a, &t, msg, S("mx.example"), &f) != OK)
        return 0;
    check(f.names, 3 * FEATURE_FIELD);
    check(f.header, FEATURE_HEADER_MAX);
    must(f.travels <= f.header.n && f.segments >= 1 && f.segments <= FEATURE_SEGMENTS_MAX);
    for (size_t i = 0; i < f.segments; i++)
        check(f.segment[i], FEATURE_SEGMENT + FEATURE_SEGMENT / 2);
    must(repeats_source(&repeats, &f, n) == repeats_source(&repeats, &f, n + 1) || f.names.n + f.segment[0].n == 0);
    return 0;
}
