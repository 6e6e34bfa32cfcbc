/* Small sets of places; a full set gives up its oldest. */
#include "trust/corrections.h"
#include "base/crypto.h"
#include "base/rand.h"
#include "base/secret.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { SETS = 8192, WAYS = 4, ADDRESS_MAX = 320 };

struct place {
    uint64_t tag;
    uint32_t age; /* rises; 0: empty */
    enum correction what;
};
struct corrections {
    pthread_mutex_t lock;
    uint8_t key[KEY_N];
    uint32_t now;
    struct place v[SETS][WAYS];
};

enum err corrections_new(struct corrections **out)
{
    struct corrections *c = calloc(1, sizeof *c);
    if (c == NULL)
        return ERR_IO;
    pthread_mutex_init(&c->lock, NULL);
    rand_bytes(c->key, sizeof c->key);
    *out = c;
    return OK;
}

void corrections_free(struct corrections *c)
{
    if (c == NULL)
        return;
    pthread_mutex_destroy(&c->lock);
    secret_give_back(c, sizeof *c);
}

struct correction_author correction_author(const struct box_id *box, struct str author)
{
    struct correction_author a;
    char lower[ADDRESS_MAX];
    uint8_t hash[HASH_N];
    size_t n = MIN(author.n, sizeof lower);
    for (size_t i = 0; i < n; i++)
        lower[i] = char_lower(author.p[i]);
    CRYPTO_HASH(hash, S(""), S("author"), str_of(box, sizeof *box), str_of(lower, n));
    memcpy(a.hash, hash, sizeof a.hash);
    return a;
}

static uint64_t tag_of(const struct corrections *c, const struct correction_author *a)
{
    uint8_t hash[HASH_N];
    CRYPTO_HASH(hash, str_of(c->key, sizeof c->key), S("correction"), str_of(a->hash, sizeof a->hash));
    return get_be64(hash);
}

static struct place *find(struct place set[WAYS], uint64_t tag)
{
    for (size_t i = 0; i < WAYS; i++)
        if (set[i].age > 0 && set[i].tag == tag)
            return &set[i];
    return NULL;
}

static struct place *oldest(struct place set[WAYS])
{
    struct place *p = &set[0];
    for (size_t i = 1; i < WAYS; i++)
        if (set[i].age < p->age)
            p = &set[i];
    return p;
}

void corrections_set(struct corrections *c, const struct correction_author *a, enum correction what)
{
    uint64_t tag = tag_of(c, a);
    pthread_mutex_lock(&c->lock);
    struct place *set = c->v[tag % SETS], *p = find(set, tag);
    if (p == NULL)
        p = oldest(set);
    *p = (struct place){ tag, ++c->now, what };
    pthread_mutex_unlock(&c->lock);
}

enum correction corrections_get(struct corrections *c, const struct correction_author *a)
{
    uint64_t tag = tag_of(c, a);
    pthread_mutex_lock(&c->lock);
    const struct place *p = find(c->v[tag % SETS], tag);
    enum correction what = p == NULL ? CORRECTION_NONE : p->what;
    pthread_mutex_unlock(&c->lock);
    return what;
}
