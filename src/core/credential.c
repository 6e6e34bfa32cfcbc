/* A credential's sealed blob is one libsodium sealed box over the private keys of all generations, oldest first, so its
 * length tells how many there are. */
#include "core/credential.h"
#include "base/rand.h"
#include "base/secret.h"
#include "base/text.h"
#include "core/words.h"
#include <string.h>

static const struct str token_prefix = STR("mf1_");

void token_new(char text[TOKEN_TEXT_N + 1], uint8_t raw[TOKEN_BYTES])
{
    rand_bytes(raw, TOKEN_BYTES);
    AUTO_BUF struct buf b = { .max = TOKEN_TEXT_N, .secret = true };
    buf_put(&b, token_prefix);
    text_base64url(&b, str_of(raw, TOKEN_BYTES));
    memcpy(text, b.p, TOKEN_TEXT_N);
    text[TOKEN_TEXT_N] = 0;
}

enum err token_parse(struct str text, uint8_t raw[TOKEN_BYTES])
{
    AUTO_BUF struct buf b = { .max = TOKEN_BYTES + 3, .secret = true };
    if (text.n != TOKEN_TEXT_N || !str_starts(text, token_prefix))
        return ERR_DENIED;
    if (text_unbase64url(&b, str_from(text, token_prefix.n)) != OK || b.n != TOKEN_BYTES)
        return ERR_DENIED;
    memcpy(raw, b.p, TOKEN_BYTES);
    return OK;
}

/* BIP 39: 128 bits of entropy and the first 4 bits of its SHA-256, cut into 12 numbers of 11 bits. */
static unsigned bits_get(const uint8_t *p, size_t bit, size_t n)
{
    unsigned v = 0;
    for (size_t i = bit; i < bit + n; i++)
        v = v << 1 | (p[i / 8] >> (7 - i % 8) & 1u);
    return v;
}

void recovery_new(struct buf *out, uint8_t raw[RECOVERY_BYTES])
{
    uint8_t bits[RECOVERY_BYTES + 1], sum[32];
    rand_bytes(raw, RECOVERY_BYTES);
    crypto_sha256(sum, str_of(raw, RECOVERY_BYTES));
    memcpy(bits, raw, RECOVERY_BYTES);
    bits[RECOVERY_BYTES] = sum[0] & 0xf0;
    for (size_t i = 0; i < RECOVERY_WORDS; i++) {
        if (i > 0)
            buf_putc(out, ' ');
        buf_puts(out, words[bits_get(bits, i * 11, 11)]);
    }
    secret_wipe(bits, sizeof bits);
    secret_wipe(sum, sizeof sum);
}

/* The number of a word in any case, or -1. */
static int word_number(struct str word)
{
    char low[WORDS_MAX];
    if (word.n > sizeof low)
        return -1;
    for (size_t i = 0; i < word.n; i++)
        low[i] = char_lower(word.p[i]);
    return bip39_find(str_of(low, word.n));
}

static bool is_letter(char c) { return char_lower(c) >= 'a' && char_lower(c) <= 'z'; }

/* The next run of letters: words come with any blanks, commas, hyphens or list numbers between them. */
static struct str next_word(struct str *rest)
{
    size_t from = 0, to;
    while (from < rest->n && !is_letter(rest->p[from]))
        from++;
    for (to = from; to < rest->n && is_letter(rest->p[to]);)
        to++;
    struct str word = str_sub(*rest, from, to - from);
    *rest = str_from(*rest, to);
    return word;
}

enum err recovery_parse(struct str text, uint8_t raw[RECOVERY_BYTES])
{
    uint8_t bits[RECOVERY_BYTES + 1] = { 0 }, sum[32];
    size_t bit = 0;
    for (struct str rest = text, word = next_word(&rest); word.n > 0; word = next_word(&rest)) {
        int n = word_number(word);
        if (n < 0 || bit + 11 > RECOVERY_WORDS * 11)
            return ERR_DENIED;
        for (int i = 10; i >= 0; i--, bit++)
            bits[bit / 8] = (uint8_t)(bits[bit / 8] | ((n >> i) & 1) << (7 - bit % 8));
    }
    if (bit != RECOVERY_WORDS * 11)
        return ERR_DENIED;
    crypto_sha256(sum, str_of(bits, RECOVERY_BYTES));
    if ((sum[0] & 0xf0) != bits[RECOVERY_BYTES])
        return ERR_DENIED;
    memcpy(raw, bits, RECOVERY_BYTES);
    secret_wipe(bits, sizeof bits);
    secret_wipe(sum, sizeof sum);
    return OK;
}

void secret_lookup(uint8_t lookup[HASH_N], struct str raw) { CRYPTO_HASH(lookup, S(""), S("lookup"), raw); }

void secret_seed(uint8_t seed[KEY_N], struct str raw, const struct box_id *box)
{
    CRYPTO_HASH(seed, S(""), S("wrap"), raw, box_id_str(box));
}

enum err reseal_cred(struct store_cred *c, struct arena *a, uint8_t *const *privs, uint32_t generations)
{
    AUTO_BUF struct buf all = { .max = GENERATIONS_MAX * KEY_N, .secret = true };
    if (generations == 0 || generations > GENERATIONS_MAX)
        return ERR_FULL;
    for (uint32_t i = 0; i < generations; i++)
        buf_put(&all, str_of(privs[i], KEY_N));
    uint8_t *to = arena_alloc(a, all.n + SEAL_OVERHEAD);
    if (to == NULL || all.failed)
        return ERR_FULL;
    seal_to(to, c->pub, buf_str(&all));
    c->sealed = str_of(to, all.n + SEAL_OVERHEAD);
    return OK;
}

enum err seal_cred(struct store_cred *c, struct arena *a, const uint8_t seed[KEY_N], uint8_t *const *privs,
                   uint32_t generations)
{
    uint8_t priv[KEY_N];
    seal_keypair_from_seed(c->pub, priv, seed);
    secret_wipe(priv, sizeof priv);
    return reseal_cred(c, a, privs, generations);
}

enum err open_cred(const struct store_cred *c, const uint8_t seed[KEY_N], uint8_t **privs, uint32_t max,
                   uint32_t *generations)
{
    size_t n = c->sealed.n < SEAL_OVERHEAD ? 0 : c->sealed.n - SEAL_OVERHEAD;
    if (n == 0 || n % KEY_N != 0 || n / KEY_N > max)
        return ERR_BAD;
    uint8_t pub[KEY_N], priv[KEY_N];
    AUTO_BUF struct buf all = { .max = n, .secret = true };
    char *to = buf_reserve(&all, n);
    if (to == NULL)
        return ERR_IO;
    seal_keypair_from_seed(pub, priv, seed);
    enum err e = seal_open((uint8_t *)to, pub, priv, c->sealed);
    secret_wipe(priv, sizeof priv);
    if (e != OK)
        return ERR_DENIED;
    all.n = n;
    for (uint32_t i = 0; i < n / KEY_N; i++) {
        privs[i] = secret_new();
        if (privs[i] == NULL) {
            while (i-- > 0)
                secret_free(privs[i]);
            return ERR_FULL;
        }
        memcpy(privs[i], all.p + i * KEY_N, KEY_N);
    }
    *generations = (uint32_t)(n / KEY_N);
    return OK;
}

void password_halves(uint8_t verifier[HASH_N], uint8_t seed[KEY_N], const uint8_t out64[64], const struct box_id *box)
{
    secret_lookup(verifier, str_of(out64, 32));
    secret_seed(seed, str_of(out64 + 32, 32), box);
}
