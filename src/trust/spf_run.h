/* What one evaluation of SPF holds, for spf.c and spf_host.c. */
#pragma once
#include "trust/spf.h"
#include "trust/spf_macro.h"
#include "trust/spf_record.h"

struct spf_frame {
    struct spf_record record;
    struct str domain;
    size_t at;           /* next term */
    enum result include; /* what a match of the include that led here means to the frame below */
};
struct spf_run {
    const struct spf_in *in;
    struct answers *as;
    struct spf_macros m;
    struct spf_frame frame[LIMIT_SPF_LOOKUPS + 2];
    size_t depth;
    unsigned lookups, voids;
    enum result error; /* TEMPERROR or PERMERROR: ends the whole evaluation; NONE while all is well */
    struct str why;
};

/* Each returns OK or ERR_MORE; an error of the evaluation is noted with spf_fail(). */
void spf_fail(struct spf_run *r, enum result error, struct str why);
/* The domain that a term means, in the arena. */
[[nodiscard]] enum err spf_target(struct spf_run *r, struct str spec, struct str *out);
[[nodiscard]] enum err spf_match_a(struct spf_run *r, const struct spf_term *t, bool *hit);
[[nodiscard]] enum err spf_match_mx(struct spf_run *r, const struct spf_term *t, bool *hit);
[[nodiscard]] enum err spf_match_ptr(struct spf_run *r, const struct spf_term *t, bool *hit);
[[nodiscard]] enum err spf_match_exists(struct spf_run *r, const struct spf_term *t, bool *hit);
/* %{p} for the domain at hand, into r->m.validated. */
[[nodiscard]] enum err spf_validate_name(struct spf_run *r);
