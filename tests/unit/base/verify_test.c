/* Keys as strangers publish them. That a good signature passes is what the suites of tests/trust show. */
#include "base/buf.h"
#include "base/crypto_verify.h"
#include "test.h"
#include <stdlib.h>

enum { MODULUS_N = 128 };

static enum err check(struct str der, struct str signature, const uint8_t hash[32], unsigned *bits)
{
    struct rsa_key *key;
    enum err e = rsa_key_read(der, &key, bits);
    if (e != OK)
        return e;
    e = rsa_key_check(key, signature, hash);
    rsa_key_free(key);
    return e;
}

/* PKCS #1: a sequence of two integers. */
static enum err verify(struct str exponent)
{
    AUTO_BUF struct buf der = { .max = 4 * MODULUS_N };
    uint8_t hash[32] = { 0 };
    char octets[MODULUS_N];
    unsigned bits;
    memset(octets, 0x7f, sizeof octets);
    buf_puts(&der, "\x30\x82");
    buf_putc(&der, (char)((3 + MODULUS_N + 4 + exponent.n) >> 8));
    buf_putc(&der, (char)(3 + MODULUS_N + 4 + exponent.n));
    buf_put(&der, S("\x02\x81\x80"));
    buf_put(&der, str_of(octets, sizeof octets));
    buf_put(&der, S("\x02\x82"));
    buf_putc(&der, (char)(exponent.n >> 8));
    buf_putc(&der, (char)exponent.n);
    buf_put(&der, exponent);
    return check(buf_str(&der), str_of(octets, sizeof octets), hash, &bits);
}

TEST(an_exponent_is_short_and_odd)
{
    char as_long_as_the_modulus[MODULUS_N - 1];
    memset(as_long_as_the_modulus, 0x7f, sizeof as_long_as_the_modulus);
    CHECK_EQ(verify(S("\x03")), ERR_DENIED);
    CHECK_EQ(verify(S("\x01\x00\x01")), ERR_DENIED);
    CHECK_EQ(verify(S("\x00\xff\xff\xff\xff")), ERR_DENIED);
    CHECK_EQ(verify(S("\x01\x00\x00\x00\x01")), ERR_BAD);
    CHECK_EQ(verify(str_of(as_long_as_the_modulus, sizeof as_long_as_the_modulus)), ERR_BAD);
    CHECK_EQ(verify(S("\x01\x00\x00")), ERR_BAD);
    CHECK_EQ(verify(S("\x01")), ERR_BAD);
    CHECK_EQ(verify(S("\x00")), ERR_BAD);
}

/* Cut short anywhere it is no key, and says so without reading on. */
TEST(a_key_that_is_cut_short_is_none)
{
    static const char whole[] =
        "\x30\x1a\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00\x03\x09\x00\x30\x06\x02\x01"
        "\x7f\x02\x01\x03";
    uint8_t hash[32] = { 0 };
    unsigned bits;
    for (size_t n = 0; n < sizeof whole - 1; n++) {
        char *copy = malloc(n + 1); /* of its own, so that a sanitizer sees what is read behind it */
        memcpy(copy, whole, n);
        CHECK_EQ(check(str_of(copy, n), S("x"), hash, &bits), ERR_BAD);
        CHECK_EQ(bits, 0);
        free(copy);
    }
    CHECK_EQ(check(str_of(whole, sizeof whole - 1), S("x"), hash, &bits), ERR_DENIED);
    CHECK_EQ(bits, 7);
}
