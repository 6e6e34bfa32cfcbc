#include "base/crc.h"
#include "base/crypto.h"
#include "base/rand.h"
#include "base/text.h"
#include "test.h"
#include <sodium.h>
#include <string.h>

static void check_hex(const char *what, const uint8_t *got, size_t n, const char *want)
{
    char hex[512];
    CHECK_STR(what, str_of(hex, text_hex(hex, str_of(got, n))), want);
}

TEST(digests)
{
    uint8_t out[32];
    crypto_sha256(out, S("abc")); /* FIPS 180-2 */
    check_hex("sha256", out, 32, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    crypto_sha256(out, (struct str){ 0 });
    check_hex("sha256 of nothing", out, 32, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    crypto_sha1(out, S("dGhlIHNhbXBsZSBub25jZQ==258EAFA5-E914-47DA-95CA-C5AB0DC85B11")); /* RFC 6455 section 1.3 */
    check_hex("sha1", out, 20, "b37a4f2cc0624f1690f64606cf385945b2bec4ea");
    struct sha256_feed *f = sha256_feed_new();
    sha256_feed_add(f, S("a"));
    sha256_feed_add(f, (struct str){ 0 });
    sha256_feed_add(f, S("bc"));
    sha256_feed_end(f, out);
    check_hex("in pieces", out, 32, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(keyed_hash) /* compared with another implementation of RFC 7693 */
{
    uint8_t out[32], key[32], other[32];
    for (size_t i = 0; i < sizeof key; i++)
        key[i] = (uint8_t)i;
    CRYPTO_HASH(out, ((struct str){ 0 }), S("lookup"), S("token"));
    check_hex("no key", out, 32, "39ebd9c9e92c9d0926765ee453f04a648d0c1af58e8499c99d27f85e19a26185");
    CRYPTO_HASH(out, str_of(key, 32), S("wrap"), S(""));
    check_hex("keyed", out, 32, "3c8bd9ea185530d84f45efd42b493faab52adb6558a381ce89b9c02495223a16");
    CRYPTO_HASH(out, str_of(key, 32), S("ab"), S("c"));
    CRYPTO_HASH(other, str_of(key, 32), S("a"), S("bc"));
    CHECK(!crypto_eq(out, other, 32)); /* where a part ends counts */
    CHECK(crypto_eq(out, out, 32) && crypto_eq(NULL, NULL, 0));
}

TEST(tag) /* RFC 8439 section 2.5.2 */
{
    uint8_t key[KEY_N], tag[TAG_N];
    CHECK_OK(text_unhex(S("85d6be7857556d337f4452fe42d506a80103808afb0db2fd4abff6af4149f51b"), key, sizeof key));
    crypto_tag(tag, key, S("Cryptographic Forum Research Group"));
    check_hex("tag", tag, sizeof tag, "a8061dc1305136c6c22b8baf0c0127a9");
}

TEST(crc32c) /* RFC 3720 appendix B.4 */
{
    char zeros[32] = { 0 }, ones[32], up[32];
    memset(ones, 0xff, sizeof ones);
    for (size_t i = 0; i < sizeof up; i++)
        up[i] = (char)i;
    CHECK_EQ(crypto_crc32c(0, str_of(zeros, 32)), 0x8a9136aa);
    CHECK_EQ(crypto_crc32c(0, str_of(ones, 32)), 0x62a8ab43);
    CHECK_EQ(crypto_crc32c(0, str_of(up, 32)), 0x46dd794e);
    CHECK_EQ(crypto_crc32c(0, S("123456789")), 0xe3069283);
    CHECK_EQ(crypto_crc32c(crypto_crc32c(0, S("1234")), S("56789")), 0xe3069283);
    CHECK_EQ(crypto_crc32c(0, (struct str){ 0 }), 0);
    for (size_t n = 0; n <= 32; n++)
        CHECK_EQ(crypto_crc32c(7, str_of(up, n)), crc32c_portable(7, str_of(up, n)));
}

TEST(aead_vector) /* draft-irtf-cfrg-xchacha-03 appendix A.3.1 */
{
    struct str plain = S("Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, "
                         "sunscreen would be it.");
    uint8_t key[32], nonce[24], out[200], back[200];
    for (size_t i = 0; i < 32; i++)
        key[i] = (uint8_t)(0x80 + i);
    for (size_t i = 0; i < 24; i++)
        nonce[i] = (uint8_t)(0x40 + i);
    struct str ad = S("PQRS\xc0\xc1\xc2\xc3\xc4\xc5\xc6\xc7");
    aead_seal(out, key, nonce, ad, plain);
    check_hex("ciphertext and tag", out, plain.n + AEAD_TAG_N,
              "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa6440bf3a82f4eda7e39ae64c670"
              "8c54c216cb96b72e1213b4522f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff921f9664c97637da9"
              "768812f615c68b13b52ec0875924c1c7987947deafd8780acf49");
    CHECK_OK(aead_open(back, key, nonce, ad, str_of(out, plain.n + AEAD_TAG_N)));
    CHECK(str_eq(str_of(back, plain.n), plain));
    for (size_t i = 0; i < plain.n + AEAD_TAG_N; i++) {
        out[i] ^= 1;
        CHECK_EQ(aead_open(back, key, nonce, ad, str_of(out, plain.n + AEAD_TAG_N)), ERR_BAD);
        CHECK_EQ(back[0], 0);
        out[i] ^= 1;
    }
    CHECK_EQ(aead_open(back, key, nonce, S("other"), str_of(out, plain.n + AEAD_TAG_N)), ERR_BAD);
    CHECK_EQ(aead_open(back, key, nonce, ad, str_of(out, AEAD_TAG_N - 1)), ERR_BAD);
    aead_seal(out, key, nonce, ad, (struct str){ 0 });
    CHECK_OK(aead_open(back, key, nonce, ad, str_of(out, AEAD_TAG_N)));
}

/* Large ones are done by another library: what either seals is what libsodium seals, and both refuse the same. */
TEST(aead_is_one_whatever_the_size)
{
    enum { MOST = 9000 };
    static char plain[MOST];
    static uint8_t out[MOST + AEAD_TAG_N], want[MOST + AEAD_TAG_N], back[MOST];
    uint8_t key[32] = { 1 }, nonce[24] = { 2, [20] = 3 };
    struct str ad = S("where it belongs");
    for (size_t i = 0; i < MOST; i++)
        plain[i] = (char)(i * 7);
    for (size_t n = 4000; n < MOST; n += n < 4200 ? 1 : 479) {
        crypto_aead_xchacha20poly1305_ietf_encrypt(want, NULL, (const uint8_t *)plain, n, (const uint8_t *)ad.p, ad.n,
                                                   NULL, nonce, key);
        aead_seal(out, key, nonce, ad, str_of(plain, n));
        CHECK(memcmp(out, want, n + AEAD_TAG_N) == 0);
        CHECK_OK(aead_open(back, key, nonce, ad, str_of(out, n + AEAD_TAG_N)));
        CHECK(memcmp(back, plain, n) == 0);
        CHECK_EQ(aead_open(back, key, nonce, S("elsewhere"), str_of(out, n + AEAD_TAG_N)), ERR_BAD);
        CHECK(back[0] == 0 && back[n - 1] == 0);
        for (size_t i = 0; i < 2; i++) {
            out[i * n] ^= 1; /* of the text, of the tag */
            CHECK_EQ(aead_open(back, key, nonce, ad, str_of(out, n + AEAD_TAG_N)), ERR_BAD);
            CHECK(back[1] == 0 && back[n - 1] == 0);
            out[i * n] ^= 1;
        }
        CHECK_EQ(aead_open(back, key, nonce, ad, str_of(out, n + AEAD_TAG_N - 1)), ERR_BAD);
    }
}

TEST(sealed_boxes)
{
    uint8_t pub[32], priv[32], pub2[32], priv2[32], seed[32] = { 1 }, out[100], back[100];
    seal_keypair(pub, priv);
    seal_to(out, pub, S("to you"));
    CHECK_OK(seal_open(back, pub, priv, str_of(out, 6 + SEAL_OVERHEAD)));
    CHECK(memcmp(back, "to you", 6) == 0);
    seal_keypair(pub2, priv2);
    CHECK_EQ(seal_open(back, pub2, priv2, str_of(out, 6 + SEAL_OVERHEAD)), ERR_BAD);
    CHECK(memcmp(back, "\0\0\0\0\0\0", 6) == 0);
    CHECK_EQ(seal_open(back, pub, priv, str_of(out, SEAL_OVERHEAD - 1)), ERR_BAD);
    out[50] ^= 0x80;
    CHECK_EQ(seal_open(back, pub, priv, str_of(out, 6 + SEAL_OVERHEAD)), ERR_BAD);
    seal_keypair_from_seed(pub, priv, seed);
    seal_keypair_from_seed(pub2, priv2, seed);
    CHECK(memcmp(pub, pub2, 32) == 0 && memcmp(priv, priv2, 32) == 0);
    uint8_t nobody[32] = { 0 }; /* a point of small order */
    seal_to(out, nobody, S("x"));
    CHECK_EQ(seal_open(back, pub, priv, str_of(out, 1 + SEAL_OVERHEAD)), ERR_BAD);
}

TEST(password)
{
    uint8_t a[64], b[64], salt[SALT_N] = { 1 };
    CHECK_OK(crypto_password(a, S("correct horse"), salt));
    CHECK_OK(crypto_password(b, S("correct horse"), salt));
    CHECK(crypto_eq(a, b, 64));
    salt[0] = 2;
    CHECK_OK(crypto_password(b, S("correct horse"), salt));
    CHECK(!crypto_eq(a, b, 64));
}

TEST(random)
{
    uint8_t a[32] = { 0 }, b[32] = { 0 };
    CHECK_OK(rand_start());
    rand_bytes(a, 32);
    rand_bytes(b, 32);
    CHECK(!crypto_eq(a, b, 32));
    bool seen[3] = { 0 };
    for (int i = 0; i < 1000; i++) {
        uint32_t r = rand_below(3);
        CHECK(r < 3);
        seen[r] = true;
    }
    CHECK(seen[0] && seen[1] && seen[2] && rand_below(1) == 0);
}
