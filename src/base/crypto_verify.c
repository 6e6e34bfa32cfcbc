#include "base/crypto_verify.h"
#include <limits.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <sodium.h>
#include <string.h>

static EVP_PKEY *rsa_key(struct str der)
{
    const uint8_t *p = (const uint8_t *)der.p, *again = p;
    if (der.n == 0 || der.n > LONG_MAX)
        return NULL;
    EVP_PKEY *key = d2i_PUBKEY(NULL, &p, (long)der.n);
    if (!key)
        key = d2i_PublicKey(EVP_PKEY_RSA, NULL, &again, (long)der.n);
    ERR_clear_error();
    if (key && EVP_PKEY_base_id(key) == EVP_PKEY_RSA)
        return key;
    EVP_PKEY_free(key);
    return NULL;
}

static bool rsa_good(EVP_PKEY *key, struct str signature, const uint8_t hash[32])
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
    bool good = ctx && EVP_PKEY_verify_init(ctx) == 1 && EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1 &&
                EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) == 1 &&
                EVP_PKEY_verify(ctx, (const uint8_t *)signature.p, signature.n, hash, 32) == 1;
    EVP_PKEY_CTX_free(ctx);
    ERR_clear_error();
    return good;
}

/* A check raises to the exponent: one as long as the modulus costs what signing does. Keys in use have 65537 or 3. */
static bool exponent_usable(EVP_PKEY *key)
{
    BIGNUM *e = NULL;
    bool usable = EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e) == 1 &&
                  BN_num_bits(e) <= LIMIT_RSA_EXPONENT_BITS && BN_is_odd(e) && !BN_is_one(e);
    BN_free(e);
    return usable;
}

enum err verify_rsa_sha256(struct str der, struct str signature, const uint8_t hash[32], unsigned *bits)
{
    EVP_PKEY *key = rsa_key(der);
    *bits = key ? (unsigned)EVP_PKEY_bits(key) : 0;
    bool usable = key && *bits <= LIMIT_RSA_BITS && exponent_usable(key);
    enum err e = !usable ? ERR_BAD : rsa_good(key, signature, hash) ? OK : ERR_DENIED;
    EVP_PKEY_free(key);
    return e;
}

enum err verify_ed25519(struct str key, struct str signature, struct str text)
{
    if (key.n != crypto_sign_PUBLICKEYBYTES)
        return ERR_BAD;
    bool good = signature.n == crypto_sign_BYTES &&
                crypto_sign_verify_detached((const uint8_t *)signature.p, (const uint8_t *)text.p, text.n,
                                            (const uint8_t *)key.p) == 0;
    return good ? OK : ERR_DENIED;
}

static EVP_MD_CTX *ctx_of(struct sha256_feed *f) { return (EVP_MD_CTX *)(void *)f; }

struct sha256_feed *sha256_feed_new(void)
{
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    if (c && EVP_DigestInit_ex(c, EVP_sha256(), NULL) != 1) {
        EVP_MD_CTX_free(c);
        c = NULL;
    }
    return (struct sha256_feed *)(void *)c;
}

void sha256_feed_add(struct sha256_feed *f, struct str in)
{
    (void)EVP_DigestUpdate(ctx_of(f), in.p ? in.p : "", in.n);
}

struct sha256_feed *sha256_feed_copy(struct sha256_feed *f)
{
    struct sha256_feed *copy = sha256_feed_new();
    if (copy)
        (void)EVP_MD_CTX_copy_ex(ctx_of(copy), ctx_of(f));
    return copy;
}

void sha256_feed_end(struct sha256_feed *f, uint8_t out[32])
{
    if (EVP_DigestFinal_ex(ctx_of(f), out, NULL) != 1)
        memset(out, 0, 32);
    EVP_MD_CTX_free(ctx_of(f));
}
