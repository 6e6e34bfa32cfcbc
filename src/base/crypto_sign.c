#include "base/crypto_sign.h"
#include "base/secret.h"
#include "base/text.h"
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { RSA_BITS_MIN = 1024, RSA_BITS_MAX = 4096, DER_MAX = 4096 };

struct sign_key {
    enum sign_kind kind;
    EVP_PKEY *pkey;
    uint8_t ed25519[crypto_sign_SECRETKEYBYTES];
    _Atomic unsigned refs;
};

/* Takes pkey. Ed25519's secret is kept as libsodium has it, which signs in a third of the time. */
static enum err made(EVP_PKEY *pkey, struct sign_key **out)
{
    struct sign_key *k = calloc(1, sizeof *k);
    uint8_t seed[crypto_sign_SEEDBYTES], pub[crypto_sign_PUBLICKEYBYTES];
    size_t n = sizeof seed;
    int id = EVP_PKEY_get_base_id(pkey), bits = EVP_PKEY_get_bits(pkey);
    bool rsa = id == EVP_PKEY_RSA && bits >= RSA_BITS_MIN && bits <= RSA_BITS_MAX;
    bool ed25519 = id == EVP_PKEY_ED25519 && EVP_PKEY_get_raw_private_key(pkey, seed, &n) == 1;
    if (!k || !(rsa || ed25519)) {
        EVP_PKEY_free(pkey);
        free(k);
        return k ? ERR_BAD : ERR_FULL;
    }
    k->kind = rsa ? SIGN_RSA : SIGN_ED25519;
    k->pkey = pkey;
    k->refs = 1;
    if (ed25519)
        crypto_sign_seed_keypair(pub, k->ed25519, seed);
    secret_wipe(seed, sizeof seed);
    *out = k;
    return OK;
}

enum err sign_key_new(enum sign_kind kind, struct sign_key **out)
{
    EVP_PKEY *pkey = kind == SIGN_RSA ? EVP_RSA_gen(SIGN_RSA_BITS) : EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    return pkey ? made(pkey, out) : ERR_IO;
}

enum err sign_key_read(struct str pem, struct sign_key **out)
{
    BIO *in = pem.n <= SIGN_PEM_MAX ? BIO_new_mem_buf(pem.p, (int)pem.n) : NULL;
    EVP_PKEY *pkey = in ? PEM_read_bio_PrivateKey(in, NULL, NULL, NULL) : NULL;
    BIO_free(in);
    return pkey ? made(pkey, out) : ERR_BAD;
}

enum sign_kind sign_key_kind(const struct sign_key *k) { return k->kind; }

static void put_bio(BIO *b, struct buf *out)
{
    char *p;
    long n = BIO_get_mem_data(b, &p);
    if (n > 0)
        buf_put(out, str_of(p, (size_t)n));
    else
        out->failed = true;
    BIO_free(b);
}

void sign_key_pem(const struct sign_key *k, struct buf *out)
{
    BIO *b = BIO_new(BIO_s_secmem());
    if (b && PEM_write_bio_PKCS8PrivateKey(b, k->pkey, NULL, NULL, 0, NULL, NULL) == 1) {
        put_bio(b, out);
        return;
    }
    BIO_free(b);
    out->failed = true;
}

void sign_key_public(const struct sign_key *k, struct buf *out)
{
    uint8_t raw[32];
    size_t n = sizeof raw;
    if (k->kind == SIGN_ED25519) {
        if (EVP_PKEY_get_raw_public_key(k->pkey, raw, &n) == 1)
            buf_put(out, str_of(raw, n));
        else
            out->failed = true;
        return;
    }
    uint8_t *der = NULL;
    int der_n = i2d_PUBKEY(k->pkey, &der);
    if (der_n > 0)
        buf_put(out, str_of(der, (size_t)der_n));
    else
        out->failed = true;
    OPENSSL_free(der);
}

static enum err sign_rsa(const struct sign_key *k, const uint8_t hash[32], struct buf *out)
{
    size_t n = SIGN_MAX;
    char *room = buf_reserve(out, n);
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(k->pkey, NULL);
    bool good = room && c && EVP_PKEY_sign_init(c) == 1 && EVP_PKEY_CTX_set_rsa_padding(c, RSA_PKCS1_PADDING) == 1 &&
                EVP_PKEY_CTX_set_signature_md(c, EVP_sha256()) == 1 &&
                EVP_PKEY_sign(c, (unsigned char *)room, &n, hash, 32) == 1;
    EVP_PKEY_CTX_free(c);
    if (!good)
        return ERR_IO;
    out->n += n;
    return OK;
}

enum err sign_key_sign(const struct sign_key *k, const uint8_t hash[32], struct buf *out)
{
    uint8_t sig[crypto_sign_BYTES];
    if (k->kind == SIGN_RSA)
        return sign_rsa(k, hash, out);
    if (crypto_sign_detached(sig, NULL, hash, 32, k->ed25519) != 0)
        return ERR_IO;
    buf_put(out, str_of(sig, sizeof sig));
    return out->failed ? ERR_IO : OK;
}

struct sign_key *sign_key_hold(struct sign_key *k)
{
    k->refs++;
    return k;
}

void sign_key_release(struct sign_key *k)
{
    if (!k || --k->refs > 0)
        return;
    EVP_PKEY_free(k->pkey);
    secret_wipe(k->ed25519, sizeof k->ed25519);
    free(k);
}
