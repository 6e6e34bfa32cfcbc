/* A key that is kept judges as one that is read anew does, and others push it out without harm. */
#include "base/crypto_sign.h"
#include "test.h"
#include "trust/key_cache.h"

enum { MODULUS_N = 128, OTHERS = 3 * KEY_CACHE_KEYS };

static const uint8_t hash[32] = { 1 }, other[32] = { 2 };

/* PKCS #1 of 1024 bits with the exponent 3; nobody has its other half. */
static void put_key(struct buf *der, uint8_t n)
{
    char modulus[MODULUS_N];
    memset(modulus, 0x7f, sizeof modulus);
    modulus[1] = (char)n;
    buf_put(der, S("\x30\x81\x86\x02\x81\x80"));
    buf_put(der, str_of(modulus, sizeof modulus));
    buf_put(der, S("\x02\x01\x03"));
}

static void check_signer(struct key_cache *c, struct str der, struct str signature)
{
    unsigned bits = 0;
    CHECK_OK(key_cache_check(c, der, signature, hash, &bits));
    CHECK_EQ(bits, SIGN_RSA_BITS);
    CHECK_EQ(key_cache_check(c, der, signature, other, &bits), ERR_DENIED);
    CHECK_EQ(key_cache_check(c, der, str_sub(signature, 0, signature.n - 1), hash, &bits), ERR_DENIED);
    CHECK_EQ(key_cache_check(c, der, S(""), hash, &bits), ERR_DENIED);
    CHECK_OK(key_cache_check(c, der, signature, hash, &bits)); /* what was refused leaves no trace */
}

TEST(a_kept_key_judges_as_a_new_one_does)
{
    AUTO_BUF struct buf der = { .max = SIGN_PEM_MAX }, signature = { .max = SIGN_MAX };
    struct sign_key *signer;
    struct key_cache *c = key_cache_new();
    unsigned bits;
    CHECK(c != NULL);
    CHECK_OK(sign_key_new(SIGN_RSA, &signer));
    sign_key_public(signer, &der);
    CHECK_OK(sign_key_sign(signer, hash, &signature));
    sign_key_release(signer);
    check_signer(NULL, buf_str(&der), buf_str(&signature));
    check_signer(c, buf_str(&der), buf_str(&signature));
    for (size_t i = 0; i < OTHERS; i++) {
        AUTO_BUF struct buf stranger = { .max = 2 * MODULUS_N };
        put_key(&stranger, (uint8_t)i);
        CHECK_EQ(key_cache_check(c, buf_str(&stranger), buf_str(&signature), hash, &bits), ERR_DENIED);
        CHECK_EQ(bits, 8 * MODULUS_N - 1);
        CHECK_EQ(key_cache_check(c, str_sub(buf_str(&stranger), 0, i % 64), buf_str(&signature), hash, &bits), ERR_BAD);
        CHECK_EQ(bits, 0);
    }
    check_signer(c, buf_str(&der), buf_str(&signature));
    key_cache_free(c);
}
