/* Tokens, recovery words, passwords: what a holder keeps, and what of it the store keeps (DESIGN section 4). Pure
 * functions. A credential's seed gives an X25519 pair; the box's private keys are sealed to its public half. */
#pragma once
#include "base/buf.h"
#include "base/crypto.h"
#include "store/store.h"

enum {
    TOKEN_BYTES = 32,
    TOKEN_TEXT_N = 4 + 43, /* mf1_ + base64url */
    RECOVERY_BYTES = 16,
    RECOVERY_WORDS = 12,
    GENERATIONS_MAX = 64 /* of a box's key pair: each revocation makes one */
};

/* Secrets as people and programs hold them. */
void token_new(char text[TOKEN_TEXT_N + 1], uint8_t raw[TOKEN_BYTES]);
[[nodiscard]] enum err token_parse(struct str text, uint8_t raw[TOKEN_BYTES]); /* ERR_DENIED: not of the shape */
/* 128 bits and a 4-bit checksum in 12 words of the English list of BIP 39. words: separated by one space. */
void recovery_new(struct buf *words, uint8_t raw[RECOVERY_BYTES]);
[[nodiscard]] enum err recovery_parse(
    struct str words,
    uint8_t raw[RECOVERY_BYTES]); /* any case, anything but letters between the words; ERR_DENIED otherwise */
/* lookup = BLAKE2b("lookup", raw); seed = BLAKE2b("wrap", raw, box): neither yields the other. */
void secret_lookup(uint8_t lookup[HASH_N], struct str raw);
void secret_seed(uint8_t seed[KEY_N], struct str raw, const struct box_id *box);

/* A credential's sealed blob: the box's private keys of generations 1..n, sealed to the credential's public half. */
[[nodiscard]] enum err seal_cred(struct store_cred *c, struct arena *a, const uint8_t seed[KEY_N],
                                 uint8_t *const *privs, uint32_t generations);
/* The same to a credential whose seed we do not know: by its public half (after another was revoked). */
[[nodiscard]] enum err reseal_cred(struct store_cred *c, struct arena *a, uint8_t *const *privs, uint32_t generations);
/* Opens it; privs receives *generations cells from secret_new(), to be freed by the caller; at most max of them. */
[[nodiscard]] enum err open_cred(const struct store_cred *c, const uint8_t seed[KEY_N], uint8_t **privs, uint32_t max,
                                 uint32_t *generations);
/* Argon2id's 64 bytes: the first half's hash is the verifier (cred.lookup), the second gives the seed. */
void password_halves(uint8_t verifier[HASH_N], uint8_t seed[KEY_N], const uint8_t out64[64], const struct box_id *box);
