/* The keys that mail is signed with in its domain's name (DKIM, RFC 6376 and 8463), and the signatures. Two keys a
 * domain, RSA and Ed25519, since not every far end knows the latter; a next pair may wait for the DNS to have it. One
 * set a process, changed by the operator alone. Any thread. */
#pragma once
#include "base/buf.h"
#include "base/crypto_sign.h"
#include "base/err.h"
#include "wire/dkim.h"

struct sign_keys;
enum { SIGN_SELECTOR_MAX = 63, SIGN_KEYS = SIGN_KINDS };
struct sign_pair { /* of one domain */
    char selector[SIGN_KEYS][SIGN_SELECTOR_MAX + 1];
    struct sign_key *key[SIGN_KEYS];
};

[[nodiscard]] enum err sign_keys_new(struct sign_keys **out);
void sign_keys_free(struct sign_keys *k); /* NULL is fine */
/* Takes the pair's keys; from now on domain (lower-case A-labels) is signed with it. ERR_FULL: memory. */
[[nodiscard]] enum err sign_keys_set(struct sign_keys *k, struct str domain, struct sign_pair *pair);
/* References of the pair; false: the domain has none. sign_pair_fini() is due. */
bool sign_keys_get(struct sign_keys *k, struct str domain, struct sign_pair *out);
void sign_pair_fini(struct sign_pair *p);

/* Appends the DKIM-Signature fields of a message in domain's name, each with its line end, to be put before its header.
 * A domain without keys: nothing. ERR_FULL: memory; ERR_IO: a key failed. */
[[nodiscard]] enum err sign_message(struct sign_keys *k, struct str domain, struct str msg, int64_t now_s,
                                    struct buf *out);

/* ---- what DKIM and ARC sign with alike; ERR_FULL, ERR_IO ---- */
/* field: one as it will be, up to and with "b=", relaxed, its h= naming what it is over. Appends the signature and the
 * line end. */
[[nodiscard]] enum err sign_field(struct dkim_msg *m, const struct sign_key *key, struct buf *field);
