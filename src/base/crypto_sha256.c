/* OpenSSL's, which has the instructions for it. It is fetched once: EVP_sha256() would look it up by its name for each
 * text, which takes as long as hashing a header. */
#include "base/crypto_sha256.h"
#include <openssl/evp.h>
#include <pthread.h>
#include <sodium.h>
#include <string.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static EVP_MD *sha256; /* NULL where a policy forbids it */

static void fetch(void) { sha256 = EVP_MD_fetch(NULL, "SHA256", NULL); }

static const EVP_MD *kind(void)
{
    pthread_once(&once, fetch);
    return sha256;
}

static const char *bytes(struct str s) { return s.n ? s.p : ""; }

void crypto_sha256(uint8_t out[SHA256_N], struct str in)
{
    if (!kind() || EVP_Digest(bytes(in), in.n, out, NULL, kind(), NULL) != 1)
        crypto_hash_sha256(out, (const uint8_t *)bytes(in), in.n);
}

static EVP_MD_CTX *ctx_of(struct sha256_feed *f) { return (EVP_MD_CTX *)(void *)f; }

struct sha256_feed *sha256_feed_new(void)
{
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    if (c && EVP_DigestInit_ex(c, kind(), NULL) != 1) {
        EVP_MD_CTX_free(c);
        c = NULL;
    }
    return (struct sha256_feed *)(void *)c;
}

void sha256_feed_add(struct sha256_feed *f, struct str in) { (void)EVP_DigestUpdate(ctx_of(f), bytes(in), in.n); }

struct sha256_feed *sha256_feed_copy(struct sha256_feed *f)
{
    struct sha256_feed *copy = sha256_feed_new();
    if (copy)
        (void)EVP_MD_CTX_copy_ex(ctx_of(copy), ctx_of(f));
    return copy;
}

void sha256_feed_end(struct sha256_feed *f, uint8_t out[SHA256_N])
{
    if (EVP_DigestFinal_ex(ctx_of(f), out, NULL) != 1)
        memset(out, 0, SHA256_N);
    EVP_MD_CTX_free(ctx_of(f));
}
