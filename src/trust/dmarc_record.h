/* DMARC records (RFC 9989 section 4.7) and the walk up the DNS that finds them (section 4.10). There is no list of
 * public suffixes in it: where an organisation begins is what its own records say, or where the topmost of them stands.
 */
#pragma once
#include "trust/answers.h"

enum { LIMIT_DMARC_STEPS = 8 }; /* look-ups of one walk, section 4.10 */

enum dmarc_policy { DMARC_NONE, DMARC_QUARANTINE, DMARC_REJECT };
enum dmarc_psd { DMARC_PSD_UNSAID, DMARC_PSD_YES, DMARC_PSD_NO };

struct dmarc_record {
    enum dmarc_policy own, below, missing; /* p, sp, np: what is not said follows the one before */
    bool strict_dkim, strict_spf;          /* adkim=s, aspf=s */
    enum dmarc_psd psd;
    bool testing; /* t=y; or pct=0, its name in RFC 7489 */
};
struct str dmarc_policy_name(enum dmarc_policy p);
/* "v=DMARC1" at its front, and a policy to go by: p= that is one, or else rua= (then none). Errors elsewhere are passed
 * over. ERR_BAD: no DMARC record. */
[[nodiscard]] enum err dmarc_record_parse(struct str text, struct dmarc_record *out);

struct dmarc_walk {
    struct str organisation; /* the domain walked from when nothing was found on the way */
    struct str domain;       /* where the record was that applies; empty: nowhere */
    struct dmarc_record record;
    bool exact;  /* it was the domain's own */
    bool failed; /* some look-up had no answer, so there may be more to know */
};
/* domain: A-labels, lower-case; views in *out borrow from it. OK or ERR_MORE. */
[[nodiscard]] enum err dmarc_walk(struct answers *as, struct str domain, struct dmarc_walk *out);
