/* Signatures of others, checked with their public keys: RSA by OpenSSL, Ed25519 by libsodium. What a key or a signature
 * says comes from strangers. */
#pragma once
#include "base/err.h"
#include "base/str.h"

enum {
    LIMIT_RSA_BITS = 4096, /* a check takes time with its square, and with the exponent's length */
    LIMIT_RSA_EXPONENT_BITS = 32,
};

/* A public key made ready, which takes longer than a check does; for one thread at a time. */
struct rsa_key;
/* ERR_BAD: no RSA public key (DER, SubjectPublicKeyInfo or PKCS #1), or larger than LIMIT_RSA_BITS, or with an exponent
 * that is even, 1 or longer than the limit. *bits: the key's size, 0 when there is no key. */
[[nodiscard]] enum err rsa_key_read(struct str der, struct rsa_key **out, unsigned *bits);
void rsa_key_free(struct rsa_key *k); /* NULL is fine */
/* PKCS #1 1.5 over a SHA-256. OK: signed by that key; ERR_DENIED: not. */
[[nodiscard]] enum err rsa_key_check(struct rsa_key *k, struct str signature, const uint8_t hash[32]);
/* The same, of text; key: 32 octets, else ERR_BAD. */
[[nodiscard]] enum err verify_ed25519(struct str key, struct str signature, struct str text);
