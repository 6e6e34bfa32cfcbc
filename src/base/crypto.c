#include "base/crypto.h"
#include <assert.h>
#include <limits.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <sodium.h>
#include <string.h>

static const uint8_t *bytes(struct str s) { return s.n ? (const uint8_t *)s.p : (const uint8_t *)""; }

void crypto_digest(uint8_t out[HASH_N], struct str key, const struct str *parts, size_t n)
{
    assert(key.n <= crypto_generichash_KEYBYTES_MAX);
    crypto_generichash_state st;
    crypto_generichash_init(&st, key.n ? bytes(key) : NULL, key.n, HASH_N);
    for (size_t i = 0; i < n; i++) {
        uint8_t len[8];
        put_be64(len, parts[i].n);
        crypto_generichash_update(&st, len, sizeof len);
        crypto_generichash_update(&st, bytes(parts[i]), parts[i].n);
    }
    crypto_generichash_final(&st, out, HASH_N);
    sodium_memzero(&st, sizeof st);
}

static pthread_once_t poly1305_once = PTHREAD_ONCE_INIT;
static EVP_MAC *poly1305; /* NULL where a policy forbids it */

static void fetch_poly1305(void) { poly1305 = EVP_MAC_fetch(NULL, "POLY1305", NULL); }

static bool tag_wide(uint8_t out[TAG_N], const uint8_t key[KEY_N], struct str in)
{
    size_t n;
    pthread_once(&poly1305_once, fetch_poly1305);
    EVP_MAC_CTX *c = poly1305 ? EVP_MAC_CTX_new(poly1305) : NULL;
    bool ok = c && EVP_MAC_init(c, key, KEY_N, NULL) == 1 && EVP_MAC_update(c, bytes(in), in.n) == 1 &&
              EVP_MAC_final(c, out, &n, TAG_N) == 1;
    EVP_MAC_CTX_free(c);
    return ok;
}

/* OpenSSL's takes wider steps than libsodium's: a mail of 10 KB in 2 us, not 4.4. */
void crypto_tag(uint8_t out[TAG_N], const uint8_t key[KEY_N], struct str in)
{
    if (!tag_wide(out, key, in))
        crypto_onetimeauth_poly1305(out, bytes(in), in.n, key);
}

void crypto_sha1(uint8_t out[20], struct str in)
{
    if (EVP_Digest(bytes(in), in.n, out, NULL, EVP_sha1(), NULL) != 1)
        memset(out, 0, 20); /* only where a policy forbids SHA-1: the handshake then fails, as it should */
}

bool crypto_eq(const void *a, const void *b, size_t n) { return n == 0 || sodium_memcmp(a, b, n) == 0; }

/* XChaCha20-Poly1305 is ChaCha20-Poly1305 with a key made of the nonce's first 16 octets: so OpenSSL can do it, whose
 * steps are wider than libsodium's. From here on they pay for its set-up; a body of 6 KB takes 4 us, not 6.6. */
enum { WIDE_MIN = 4096 };

static pthread_once_t chacha_once = PTHREAD_ONCE_INIT;
static EVP_CIPHER *chacha; /* NULL where a policy forbids it */

static void fetch_chacha(void) { chacha = EVP_CIPHER_fetch(NULL, "ChaCha20-Poly1305", NULL); }

enum direction { OPEN, SEAL }; /* as EVP_CipherInit_ex2() has it */

/* NULL: libsodium it is. */
static EVP_CIPHER_CTX *wide_begin(const uint8_t key[KEY_N], const uint8_t nonce[AEAD_NONCE_N], struct str ad, size_t n,
                                  enum direction way)
{
    uint8_t made[KEY_N], iv[12] = { 0 };
    int done;
    if (n < WIDE_MIN || n > INT_MAX || ad.n > INT_MAX)
        return NULL;
    pthread_once(&chacha_once, fetch_chacha);
    EVP_CIPHER_CTX *c = chacha ? EVP_CIPHER_CTX_new() : NULL;
    crypto_core_hchacha20(made, nonce, key, NULL);
    memcpy(iv + 4, nonce + 16, 8);
    bool ok = c && EVP_CipherInit_ex2(c, chacha, made, iv, (int)way, NULL) == 1 &&
              EVP_CipherUpdate(c, NULL, &done, bytes(ad), (int)ad.n) == 1;
    sodium_memzero(made, sizeof made);
    if (ok)
        return c;
    EVP_CIPHER_CTX_free(c);
    return NULL;
}

static bool wide_end(EVP_CIPHER_CTX *c, uint8_t *out, struct str in)
{
    int n, more;
    return EVP_CipherUpdate(c, out, &n, bytes(in), (int)in.n) == 1 && EVP_CipherFinal_ex(c, out + n, &more) == 1;
}

void aead_seal(uint8_t *out, const uint8_t key[KEY_N], const uint8_t nonce[AEAD_NONCE_N], struct str ad, struct str in)
{
    EVP_CIPHER_CTX *c = wide_begin(key, nonce, ad, in.n, SEAL);
    bool done = c && wide_end(c, out, in) && EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, AEAD_TAG_N, out + in.n) == 1;
    EVP_CIPHER_CTX_free(c);
    if (!done)
        crypto_aead_xchacha20poly1305_ietf_encrypt(out, NULL, bytes(in), in.n, bytes(ad), ad.n, NULL, nonce, key);
}

static bool open_wide(EVP_CIPHER_CTX *c, uint8_t *out, struct str text, const uint8_t tag[AEAD_TAG_N])
{
    uint8_t copy[AEAD_TAG_N]; /* the call's prototype lacks a const */
    memcpy(copy, tag, sizeof copy);
    return EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, AEAD_TAG_N, copy) == 1 && wide_end(c, out, text);
}

enum err aead_open(uint8_t *out, const uint8_t key[KEY_N], const uint8_t nonce[AEAD_NONCE_N], struct str ad,
                   struct str in)
{
    if (in.n < AEAD_TAG_N)
        return ERR_BAD;
    struct str text = str_sub(in, 0, in.n - AEAD_TAG_N);
    EVP_CIPHER_CTX *c = wide_begin(key, nonce, ad, text.n, OPEN);
    bool good = c ? open_wide(c, out, text, bytes(in) + text.n)
                  : crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL, bytes(in), in.n, bytes(ad), ad.n, nonce,
                                                               key) == 0;
    EVP_CIPHER_CTX_free(c);
    if (good)
        return OK;
    if (text.n > 0)
        sodium_memzero(out, text.n);
    return ERR_BAD;
}

void seal_keypair(uint8_t pub[KEY_N], uint8_t priv[KEY_N]) { crypto_box_keypair(pub, priv); }

void seal_keypair_from_seed(uint8_t pub[KEY_N], uint8_t priv[KEY_N], const uint8_t seed[KEY_N])
{
    crypto_box_seed_keypair(pub, priv, seed);
}

static_assert(SEAL_OVERHEAD == crypto_box_SEALBYTES && AEAD_TAG_N == crypto_aead_xchacha20poly1305_ietf_ABYTES &&
                  AEAD_NONCE_N == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES &&
                  TAG_N == crypto_onetimeauth_poly1305_BYTES && KEY_N == crypto_onetimeauth_poly1305_KEYBYTES &&
                  SALT_N == crypto_pwhash_SALTBYTES,
              "what the header promises");

void seal_public(uint8_t pub[KEY_N], const uint8_t priv[KEY_N]) { crypto_scalarmult_base(pub, priv); }

void seal_to(uint8_t *out, const uint8_t pub[KEY_N], struct str in)
{
    /* Refused only for a point of small order, to which nobody holds a key: noise says as much to the reader. */
    if (crypto_box_seal(out, bytes(in), in.n, pub) != 0)
        randombytes_buf(out, in.n + SEAL_OVERHEAD);
}

enum err seal_open(uint8_t *out, const uint8_t pub[KEY_N], const uint8_t priv[KEY_N], struct str in)
{
    if (in.n < SEAL_OVERHEAD)
        return ERR_BAD;
    if (crypto_box_seal_open(out, bytes(in), in.n, pub, priv) == 0)
        return OK;
    if (in.n > SEAL_OVERHEAD)
        sodium_memzero(out, in.n - SEAL_OVERHEAD);
    return ERR_BAD;
}

enum err crypto_password(uint8_t out[64], struct str password, const uint8_t salt[SALT_N])
{
    int r = crypto_pwhash(out, 64, (const char *)bytes(password), password.n, salt, crypto_pwhash_OPSLIMIT_INTERACTIVE,
                          crypto_pwhash_MEMLIMIT_INTERACTIVE, crypto_pwhash_ALG_ARGON2ID13);
    return r == 0 ? OK : ERR_IO;
}
