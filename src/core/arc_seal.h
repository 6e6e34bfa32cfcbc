/* Sealing what is sent on (RFC 8617 section 5.1): what was found of a message here, so that the next one may believe it
 * though the way broke SPF. Pure. */
#pragma once
#include "core/sign.h"

struct arc_sealer {    /* borrowed */
    struct str server; /* whose Authentication-Results are ours: they say what was found */
    struct str domain, selector;
    const struct sign_key *key; /* RSA */
    struct str names;           /* what the message signature is over, "from:to:…"; empty: what is usual */
    int64_t now_s;
};
/* Appends the three fields of one more set, each with its line end, to be put on top of msg. Nothing where there is
 * nothing to say, where the chain was ended (cv=fail), or is as long as it may be. ERR_FULL, ERR_IO. */
[[nodiscard]] enum err arc_seal(const struct arc_sealer *s, struct str msg, struct buf *out);
