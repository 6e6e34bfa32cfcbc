/* Keys to sign with: RSA by OpenSSL, Ed25519 by libsodium. Kept as PEM (PKCS #8), which OpenSSL's tools read, too. The
 * other side of crypto_verify.h. */
#pragma once
#include "base/buf.h"
#include "base/err.h"

enum sign_kind { SIGN_RSA, SIGN_ED25519, SIGN_KINDS };
enum { SIGN_RSA_BITS = 2048, SIGN_PEM_MAX = 16 * 1024, SIGN_MAX = 512 /* octets of a signature: RSA of 4096 bits */ };

struct sign_key;                                                                 /* counted; any thread */
[[nodiscard]] enum err sign_key_new(enum sign_kind kind, struct sign_key **out); /* RSA takes a tenth of a second */
/* ERR_BAD: no private key, of another kind, or RSA of fewer than 1,024 or more than 4,096 bits. */
[[nodiscard]] enum err sign_key_read(struct str pem, struct sign_key **out);
enum sign_kind sign_key_kind(const struct sign_key *k);
void sign_key_pem(const struct sign_key *k, struct buf *out);    /* the private key; out is a secret */
void sign_key_public(const struct sign_key *k, struct buf *out); /* DER of RSA's, the 32 octets of Ed25519's */
/* Appends the signature of a SHA-256: rsa-sha256 (RFC 8017 section 8.2) or Ed25519 over these 32 octets (RFC 8463
 * section 3). ERR_IO. */
[[nodiscard]] enum err sign_key_sign(const struct sign_key *k, const uint8_t hash[32], struct buf *out);
struct sign_key *sign_key_hold(struct sign_key *k);
void sign_key_release(struct sign_key *k); /* NULL is fine */
