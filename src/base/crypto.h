/* Digests, AEAD, sealed boxes, password hashing. libsodium and OpenSSL's EVP are met here and nowhere
 * else (TLS and DKIM aside). Keys are 32 bytes. All functions are thread-safe. */
#pragma once
#include "base/buf.h"
#include "base/crypto_sha256.h"
#include "base/err.h"

enum { KEY_N = 32, HASH_N = 32, AEAD_TAG_N = 16, AEAD_NONCE_N = 24, SEAL_OVERHEAD = 48, SALT_N = 16, TAG_N = 16 };

/* Keyed BLAKE2b-256 over length-prefixed parts: digest(key, a, b) != digest(key, ab). key may be empty, at most 64
 * bytes. The first part is the purpose label by convention ("lookup", "wrap", …). (crypto_hash is libsodium's own.) */
void crypto_digest(uint8_t out[HASH_N], struct str key, const struct str *parts, size_t n);
#define CRYPTO_HASH(out, key, ...)                                                                                     \
    crypto_digest((out), (key), (const struct str[]){ __VA_ARGS__ }, COUNT(((const struct str[]){ __VA_ARGS__ })))
/* Poly1305, in a third of BLAKE2b's time, where tags are shown to nobody: one key then serves for any number of texts,
 * and who lacks it finds no two that share a tag but by guessing (n / 2^107 for n octets). */
void crypto_tag(uint8_t out[TAG_N], const uint8_t key[KEY_N], struct str in);
void crypto_sha1(uint8_t out[20], struct str in);       /* WebSocket handshake only, RFC 6455 section 1.3 */
bool crypto_eq(const void *a, const void *b, size_t n); /* constant time */
uint32_t crypto_crc32c(uint32_t seed, struct str in);   /* Castagnoli, for records on disk; start with seed 0 */

/* XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha). out takes in.n + AEAD_TAG_N; in and out may not overlap. */
void aead_seal(uint8_t *out, const uint8_t key[KEY_N], const uint8_t nonce[AEAD_NONCE_N], struct str ad, struct str in);
/* out takes in.n - AEAD_TAG_N; ERR_BAD when forged or too short, out then zeroed. */
[[nodiscard]] enum err aead_open(uint8_t *out, const uint8_t key[KEY_N], const uint8_t nonce[AEAD_NONCE_N],
                                 struct str ad, struct str in);

/* X25519 sealed boxes (libsodium crypto_box_seal): in.n + SEAL_OVERHEAD bytes. */
void seal_keypair(uint8_t pub[KEY_N], uint8_t priv[KEY_N]);
void seal_keypair_from_seed(uint8_t pub[KEY_N], uint8_t priv[KEY_N], const uint8_t seed[KEY_N]);
void seal_public(uint8_t pub[KEY_N], const uint8_t priv[KEY_N]); /* the public half of a private key */
void seal_to(uint8_t *out, const uint8_t pub[KEY_N], struct str in);
[[nodiscard]] enum err seal_open(uint8_t *out, const uint8_t pub[KEY_N], const uint8_t priv[KEY_N], struct str in);

/* Argon2id, 64 bytes out (libsodium INTERACTIVE: 2 passes, 64 MiB). Slow on purpose: never on a loop. ERR_IO: no
 * memory. */
[[nodiscard]] enum err crypto_password(uint8_t out[64], struct str password, const uint8_t salt[SALT_N]);
