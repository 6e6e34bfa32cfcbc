#include "base/crypto_verify.h"
#include <limits.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <sodium.h>
#include <string.h>

/* ---- RSA keys in DER (RFC 8017 appendix A.1.1, RFC 5280 section 4.1.2.7) ----
 * Read here and not by d2i_PUBKEY(), which takes ten times as long as the check itself in OpenSSL 3.0. */
enum { DER_INTEGER = 0x02, DER_BITS = 0x03, DER_OID = 0x06, DER_SEQUENCE = 0x30 };

/* Takes one element of that kind off the front; lengths of up to two octets. */
static bool der_take(struct str *in, uint8_t kind, struct str *out)
{
    const uint8_t *p = (const uint8_t *)in->p;
    size_t head = 2, n;
    if (in->n < 2 || p[0] != kind)
        return false;
    n = p[1];
    if (n >= 0x80) {
        size_t more = n & 0x7f;
        if (more == 0 || more > 2 || in->n < 2 + more)
            return false;
        n = more == 1 ? p[2] : (size_t)p[2] << 8 | p[3];
        head += more;
    }
    if (n > in->n - head)
        return false;
    *out = str_sub(*in, head, n);
    *in = str_from(*in, head + n);
    return true;
}

/* SEQUENCE { modulus, exponent } */
static bool der_rsa(struct str in, struct str *modulus, struct str *exponent)
{
    struct str both;
    return der_take(&in, DER_SEQUENCE, &both) && der_take(&both, DER_INTEGER, modulus) &&
           der_take(&both, DER_INTEGER, exponent);
}

/* SEQUENCE { SEQUENCE { rsaEncryption, NULL }, BIT STRING { no unused bits, the above } } */
static bool der_public_key(struct str in, struct str *modulus, struct str *exponent)
{
    struct str both, algorithm, oid, bits;
    return der_take(&in, DER_SEQUENCE, &both) && der_take(&both, DER_SEQUENCE, &algorithm) &&
           der_take(&algorithm, DER_OID, &oid) && str_eq(oid, S("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01")) &&
           der_take(&both, DER_BITS, &bits) && bits.n > 0 && bits.p[0] == 0 &&
           der_rsa(str_from(bits, 1), modulus, exponent);
}

static EVP_PKEY *rsa_made(const BIGNUM *n, const BIGNUM *e)
{
    EVP_PKEY *key = NULL;
    OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_id(EVP_PKEY_RSA, NULL);
    OSSL_PARAM *params = b && OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
                                 OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_E, e) == 1
                             ? OSSL_PARAM_BLD_to_param(b)
                             : NULL;
    if (!ctx || !params || EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
        key = NULL;
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(b);
    EVP_PKEY_CTX_free(ctx);
    return key;
}

/* A check raises to the exponent: one as long as the modulus costs what signing does. Keys in use have 65537 or 3. */
static bool exponent_usable(const BIGNUM *e)
{
    return BN_num_bits(e) <= LIMIT_RSA_EXPONENT_BITS && BN_is_odd(e) && !BN_is_one(e);
}

static EVP_PKEY *rsa_pkey(struct str der, unsigned *bits)
{
    struct str modulus, exponent;
    EVP_PKEY *key = NULL;
    if (der.n > INT_MAX || (!der_public_key(der, &modulus, &exponent) && !der_rsa(der, &modulus, &exponent)))
        return NULL;
    BIGNUM *n = BN_bin2bn((const uint8_t *)modulus.p, (int)modulus.n, NULL);
    BIGNUM *e = BN_bin2bn((const uint8_t *)exponent.p, (int)exponent.n, NULL);
    *bits = n ? (unsigned)BN_num_bits(n) : 0;
    if (n && e && *bits <= LIMIT_RSA_BITS && BN_is_odd(n) && exponent_usable(e))
        key = rsa_made(n, e);
    BN_free(n);
    BN_free(e);
    return key;
}

/* ---- checks: a key is its context, which OpenSSL takes some thirty look-ups and allocations to set up ---- */
static EVP_PKEY_CTX *ctx_of(struct rsa_key *k) { return (EVP_PKEY_CTX *)(void *)k; }

enum err rsa_key_read(struct str der, struct rsa_key **out, unsigned *bits)
{
    *bits = 0;
    EVP_PKEY *key = rsa_pkey(der, bits);
    EVP_PKEY_CTX *ctx = key ? EVP_PKEY_CTX_new(key, NULL) : NULL; /* has a hold of its own on the key */
    bool good = ctx && EVP_PKEY_verify_init(ctx) == 1 && EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1 &&
                EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) == 1;
    EVP_PKEY_free(key);
    ERR_clear_error();
    if (!good) {
        EVP_PKEY_CTX_free(ctx);
        return ERR_BAD;
    }
    *out = (struct rsa_key *)(void *)ctx;
    return OK;
}

void rsa_key_free(struct rsa_key *k) { EVP_PKEY_CTX_free(ctx_of(k)); }

enum err rsa_key_check(struct rsa_key *k, struct str signature, const uint8_t hash[32])
{
    bool good = EVP_PKEY_verify(ctx_of(k), (const uint8_t *)signature.p, signature.n, hash, 32) == 1;
    ERR_clear_error();
    return good ? OK : ERR_DENIED;
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
