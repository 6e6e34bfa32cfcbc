#include "trust/key_cache.h"
#include "base/crypto_verify.h"
#include <stdlib.h>
#include <string.h>

struct kept {
    struct rsa_key *key; /* NULL: free */
    char *der;
    size_t n;
    unsigned bits;
    uint64_t used; /* when it was last, by the count of checks */
};
struct key_cache {
    struct kept v[KEY_CACHE_KEYS];
    uint64_t checks;
};

struct key_cache *key_cache_new(void) { return calloc(1, sizeof(struct key_cache)); }

static void forget(struct kept *k)
{
    rsa_key_free(k->key);
    free(k->der);
    *k = (struct kept){ 0 };
}

void key_cache_free(struct key_cache *c)
{
    for (size_t i = 0; c && i < KEY_CACHE_KEYS; i++)
        forget(&c->v[i]);
    free(c);
}

static struct kept *find(struct key_cache *c, struct str der)
{
    for (size_t i = 0; i < KEY_CACHE_KEYS; i++)
        if (c->v[i].key && str_eq(str_of(c->v[i].der, c->v[i].n), der))
            return &c->v[i];
    return NULL;
}

/* The one that was not used for longest makes room; a free one never was. */
static struct kept *oldest(struct key_cache *c)
{
    struct kept *k = c->v;
    for (size_t i = 1; i < KEY_CACHE_KEYS; i++)
        if (c->v[i].used < k->used)
            k = &c->v[i];
    return k;
}

static enum err add(struct key_cache *c, struct str der, unsigned *bits, struct kept **out)
{
    struct rsa_key *key;
    enum err e = rsa_key_read(der, &key, bits);
    if (e != OK)
        return e;
    char *copy = malloc(der.n);
    if (!copy) {
        rsa_key_free(key);
        return ERR_FULL;
    }
    memcpy(copy, der.p, der.n);
    struct kept *k = oldest(c);
    forget(k);
    *k = (struct kept){ .key = key, .der = copy, .n = der.n, .bits = *bits };
    *out = k;
    return OK;
}

static enum err check_once(struct str der, struct str signature, const uint8_t hash[32], unsigned *bits)
{
    struct rsa_key *key;
    enum err e = rsa_key_read(der, &key, bits);
    if (e != OK)
        return e;
    e = rsa_key_check(key, signature, hash);
    rsa_key_free(key);
    return e;
}

enum err key_cache_check(struct key_cache *c, struct str der, struct str signature, const uint8_t hash[32],
                         unsigned *bits)
{
    struct kept *k = c ? find(c, der) : NULL;
    enum err e = k ? OK : c ? add(c, der, bits, &k) : ERR_FULL;
    if (e == ERR_FULL)
        return check_once(der, signature, hash, bits);
    if (e != OK)
        return e;
    *bits = k->bits;
    k->used = ++c->checks;
    return rsa_key_check(k->key, signature, hash);
}
