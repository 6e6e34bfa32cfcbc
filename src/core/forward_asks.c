/* An entry for each address and each box, under a hash whose key is made at start and kept nowhere. */
#include "core/forward_asks.h"
#include "base/crypto.h"
#include "base/map.h"
#include "base/rand.h"
#include <pthread.h>
#include <stdlib.h>

enum { ENTRIES_MAX = 200000, SWEEP_FROM = 1024 };
static const int64_t DAY_MS = INT64_C(24) * 3600 * 1000;

struct asked {
    int64_t since_ms;
    unsigned n;
};
struct forward_asks {
    uint8_t key[KEY_N];
    pthread_mutex_t lock;
    struct map all; /* hash -> struct asked */
    size_t sweep_at;
};

enum err forward_asks_new(struct forward_asks **out)
{
    struct forward_asks *f = calloc(1, sizeof *f);
    if (!f)
        return ERR_IO;
    rand_bytes(f->key, sizeof f->key);
    f->sweep_at = SWEEP_FROM;
    pthread_mutex_init(&f->lock, NULL);
    map_init(&f->all, ENTRIES_MAX);
    *out = f;
    return OK;
}

void forward_asks_free(struct forward_asks *f)
{
    if (!f)
        return;
    struct str key;
    void *v;
    for (size_t it = 0; map_next(&f->all, &it, &key, &v);)
        free(v);
    map_fini(&f->all);
    pthread_mutex_destroy(&f->lock);
    free(f);
}

/* The local part up to its '+': what follows is the same reader's nearly everywhere. */
static void hash_address(const struct forward_asks *f, struct str to, uint8_t out[HASH_N])
{
    size_t at = str_rchr(to, '@'), plus = str_chr(to, '+');
    struct str local = str_sub(to, 0, plus != STR_NONE && plus > 0 && plus < at ? plus : at);
    CRYPTO_HASH(out, str_of(f->key, KEY_N), S("address"), local, str_from(to, at));
}

static void hash_box(const struct forward_asks *f, const struct box_id *box, uint8_t out[HASH_N])
{
    CRYPTO_HASH(out, str_of(f->key, KEY_N), S("box"), box_id_str(box));
}

/* ---- under the lock ---- */

static void sweep(struct forward_asks *f, int64_t now_ms)
{
    struct str key;
    void *v;
    for (size_t it = 0; map_next(&f->all, &it, &key, &v);) {
        if (now_ms - ((struct asked *)v)->since_ms < DAY_MS)
            continue;
        map_del(&f->all, key);
        free(v);
    }
    f->sweep_at = MAX(2 * f->all.n, (size_t)SWEEP_FROM);
}

/* NULL: memory. */
static struct asked *entry(struct forward_asks *f, const uint8_t hash[HASH_N], int64_t now_ms)
{
    struct str key = str_of(hash, HASH_N);
    struct asked *a = map_get(&f->all, key);
    if (!a) {
        if (f->all.n >= f->sweep_at || f->all.n >= ENTRIES_MAX)
            sweep(f, now_ms);
        a = calloc(1, sizeof *a);
        if (a && !map_set(&f->all, key, a)) {
            free(a);
            a = NULL;
        }
    }
    if (a && (a->n == 0 || now_ms - a->since_ms >= DAY_MS))
        *a = (struct asked){ .since_ms = now_ms };
    return a;
}

static void give(struct forward_asks *f, const uint8_t hash[HASH_N])
{
    struct asked *a = map_get(&f->all, str_of(hash, HASH_N));
    if (a)
        a->n -= MIN(a->n, 1u);
}

/* ---- asked ---- */

enum err forward_asks_take(struct forward_asks *f, const struct box_id *box, struct str to, int64_t now_ms)
{
    uint8_t whom[HASH_N], who[HASH_N];
    hash_address(f, to, whom);
    hash_box(f, box, who);
    pthread_mutex_lock(&f->lock);
    struct asked *b = entry(f, who, now_ms);
    enum err e = b && b->n < FORWARD_ASKS_BOX ? OK : ERR_BUSY;
    struct asked *a = e == OK ? entry(f, whom, now_ms) : NULL;
    if (e == OK)
        e = !a ? ERR_BUSY : a->n > 0 ? ERR_DENIED : OK;
    if (e == OK) {
        a->n++;
        b->n++;
    }
    pthread_mutex_unlock(&f->lock);
    return e;
}

void forward_asks_give(struct forward_asks *f, const struct box_id *box, struct str to)
{
    uint8_t whom[HASH_N], who[HASH_N];
    hash_address(f, to, whom);
    hash_box(f, box, who);
    pthread_mutex_lock(&f->lock);
    give(f, whom);
    give(f, who);
    pthread_mutex_unlock(&f->lock);
}
