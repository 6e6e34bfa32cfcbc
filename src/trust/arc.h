/* ARC, RFC 8617: is the chain of those who handled a message before, and said what they found, unbroken? Whether one
 * believes them is another question (trust/dmarc). The verdict is none, pass or fail; none also for a chain that a
 * sealer has ended (cv=fail), as the public suite and dkimpy have it, but reported as a fail: arc_reported(). */
#pragma once
#include "trust/dkim_key.h"

enum { LIMIT_ARC_SETS = 50 }; /* section 4.2.1 */

struct arc_set {                        /* of one instance, i= */
    const struct header_field *results; /* ARC-Authentication-Results */
    struct dkim_sig message, seal;
    bool has_message, has_seal;
    bool ended; /* its seal says cv=fail: whoever set it found the chain broken, and nothing older counts */
    uint8_t seal_hash[32];
    bool sealed; /* the seal has been checked and is good */
};
struct arc_check {
    struct dkim_msg *msg;
    struct arc_set
        *v[LIMIT_ARC_SETS]; /* by instance, the first is 1; NULL: nothing is of it, and the chain is broken */
    size_t n;
    bool failed;       /* memory was out while they were collected */
    bool message_good; /* the newest ARC-Message-Signature has been checked and is good */
    enum result result;
    struct str why; /* static; empty on pass, and on none without a chain */
    bool ended;     /* a set that counts says cv=fail */
    bool judged;
};

/* Collects the sets and judges their structure (section 5.2, steps 1 to 3). ERR_FULL, ERR_IO: no memory. */
[[nodiscard]] enum err arc_check_init(struct arc_check *c, struct arena *a, struct dkim_msg *msg);
[[nodiscard]] enum err arc_check_run(struct arc_check *c, struct answers *as); /* OK, ERR_MORE or ERR_IO */
/* The result as others read it: what a sealer has ended is a fail (section 5.2). */
enum result arc_reported(const struct arc_check *c);
/* What stands behind "i=N;" in an ARC-Authentication-Results; false when it does not begin so. */
bool arc_results(struct str raw, uint32_t *instance, struct str *rest);
