/* Linear probing. A deleted entry leaves a mark (key NULL, dead), so that a walk may delete as it goes: nothing moves
 * but when the table is made anew, which only map_set() does. */
#include "base/map.h"
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { CAP_MIN = 16 };

struct map_slot {
    uint64_t hash;
    char *key; /* NULL: empty, or dead */
    size_t key_n;
    void *value;
    bool dead;
};

/* One hash key a process: strangers learn nothing of it, and a map needs no key of its own. */
static pthread_once_t once = PTHREAD_ONCE_INIT;
static uint8_t hash_key[crypto_shorthash_KEYBYTES];

static void make_hash_key(void) { randombytes_buf(hash_key, sizeof hash_key); }

static uint64_t hash_of(struct str key)
{
    uint64_t h;
    pthread_once(&once, make_hash_key);
    crypto_shorthash((uint8_t *)&h, (const uint8_t *)key.p, key.n, hash_key);
    return h;
}

void map_init(struct map *m, size_t max) { *m = (struct map){ .max = max }; }

void map_fini(struct map *m)
{
    for (size_t i = 0; i < m->cap; i++)
        free(m->slots[i].key);
    free(m->slots);
    map_init(m, m->max);
}

/* The slot of the key, or NULL. A walk along the probes ends at an empty slot, and there always is one. */
static struct map_slot *find(const struct map *m, struct str key, uint64_t hash)
{
    if (m->cap == 0)
        return NULL;
    for (size_t i = hash & (m->cap - 1);; i = (i + 1) & (m->cap - 1)) {
        struct map_slot *s = &m->slots[i];
        if (!s->key && !s->dead)
            return NULL;
        if (s->key && s->hash == hash && str_eq(str_of(s->key, s->key_n), key))
            return s;
    }
}

static struct map_slot *first_empty(const struct map *m, uint64_t hash)
{
    size_t i = hash & (m->cap - 1);
    while (m->slots[i].key || m->slots[i].dead)
        i = (i + 1) & (m->cap - 1);
    return &m->slots[i];
}

static bool make_anew(struct map *m, size_t cap)
{
    struct map grown = { .slots = calloc(cap, sizeof *m->slots), .n = m->n, .cap = cap, .max = m->max, .spent = m->n };
    if (!grown.slots)
        return false;
    for (size_t i = 0; i < m->cap; i++)
        if (m->slots[i].key)
            *first_empty(&grown, m->slots[i].hash) = m->slots[i];
    free(m->slots);
    *m = grown;
    return true;
}

/* At most three quarters are spent; where half of that is marks, the same size will do. */
static bool make_room(struct map *m)
{
    if (m->spent + 1 <= m->cap / 4 * 3)
        return true;
    size_t cap = MAX(m->cap, (size_t)CAP_MIN);
    return make_anew(m, m->n >= m->cap / 8 * 3 && m->cap ? cap * 2 : cap);
}

void *map_get(const struct map *m, struct str key)
{
    struct map_slot *s = find(m, key, hash_of(key));
    return s ? s->value : NULL;
}

bool map_set(struct map *m, struct str key, void *value)
{
    uint64_t hash = hash_of(key);
    struct map_slot *s = find(m, key, hash);
    if (s) {
        s->value = value;
        return true;
    }
    if ((m->max && m->n >= m->max) || !make_room(m))
        return false;
    char *copy = malloc(MAX(key.n, 1u));
    if (!copy)
        return false;
    if (key.n)
        memcpy(copy, key.p, key.n);
    *first_empty(m, hash) = (struct map_slot){ .hash = hash, .key = copy, .key_n = key.n, .value = value };
    m->n++;
    m->spent++;
    return true;
}

void *map_del(struct map *m, struct str key)
{
    struct map_slot *s = find(m, key, hash_of(key));
    if (!s)
        return NULL;
    void *value = s->value;
    free(s->key); /* key may be a view of this very copy: not used from here on */
    *s = (struct map_slot){ .dead = true };
    m->n--;
    return value;
}

bool map_next(const struct map *m, size_t *it, struct str *key, void **value)
{
    while (*it < m->cap && !m->slots[*it].key)
        ++*it;
    if (*it >= m->cap)
        return false;
    const struct map_slot *s = &m->slots[(*it)++];
    *key = str_of(s->key, s->key_n);
    *value = s->value;
    return true;
}
