/* Keys in the DNS (RFC 6376 section 3.6, RFC 8463), and a signature's hash checked with one. DKIM and ARC alike. */
#pragma once
#include "trust/answers.h"
#include "trust/result.h"
#include "wire/dkim.h"

enum { DKIM_RSA_BITS_MIN = 1024 }; /* RFC 8301 section 3.2 */

struct dkim_key {
    struct str p; /* the key itself, decoded */
    bool ed25519;
    bool testing; /* t=y */
    bool strict;  /* t=s: i= may name no subdomain */
};
/* ERR_BAD with *why: revoked, for another service or hash, or no key record. */
[[nodiscard]] enum err dkim_key_parse(struct arena *a, struct str text, struct dkim_key *out, struct str *why);

struct dkim_outcome {
    enum result result;
    struct str why; /* static; empty on a plain pass */
    unsigned bits;  /* of an RSA key, 0 when there was none */
    bool testing, strict;
};
/* Asks for the key of s. OK: *out says whether hash is what it signed; ERR_MORE as in answers.h. */
[[nodiscard]] enum err dkim_verify(struct answers *as, const struct dkim_sig *s, const uint8_t hash[32],
                                   struct dkim_outcome *out);
/* Comes before it. OK: there is an answer for the key of s, and this round may check its signature; ERR_MORE otherwise,
 * and the key has been asked for. */
[[nodiscard]] enum err dkim_key_ask(struct answers *as, const struct dkim_sig *s);
