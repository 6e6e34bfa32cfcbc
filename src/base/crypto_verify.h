/* Signatures of others, checked with their public keys: RSA by OpenSSL, Ed25519 by libsodium; and a SHA-256 that is fed
 * in pieces at the processor's own speed. What a key or a signature says comes from strangers. */
#pragma once
#include "base/err.h"
#include "base/str.h"

enum {
    LIMIT_RSA_BITS = 4096, /* a check takes time with its square, and with the exponent's length */
    LIMIT_RSA_EXPONENT_BITS = 32,
};

/* OK: signed by that key; ERR_DENIED: not; ERR_BAD: no RSA public key (DER, SubjectPublicKeyInfo or PKCS #1), or larger
 * than LIMIT_RSA_BITS, or with an exponent that is even, 1 or longer than the limit. *bits: the key's size, 0 when
 * there is no key. */
[[nodiscard]] enum err verify_rsa_sha256(struct str key, struct str signature, const uint8_t hash[32], unsigned *bits);
[[nodiscard]] enum err verify_ed25519(struct str key, struct str signature,
                                      struct str text); /* the same; key: 32 octets */

struct sha256_feed;
struct sha256_feed *sha256_feed_new(void); /* NULL: no memory */
void sha256_feed_add(struct sha256_feed *f, struct str in);
struct sha256_feed *sha256_feed_copy(struct sha256_feed *f);  /* goes on from here on its own; NULL: no memory */
void sha256_feed_end(struct sha256_feed *f, uint8_t out[32]); /* frees */
