#include "serve/once.h"
#include "base/list.h"
#include "base/map.h"
#include "base/rand.h"
#include "base/secret.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct entry {
    struct list link;
    uint8_t name[HASH_N];
    bool done;
    int64_t until_ms;
    struct buf answer;
};
struct once {
    pthread_mutex_t lock;
    struct map all;
    struct list under_way, done; /* the latter oldest first */
    uint8_t key[KEY_N];          /* names say nothing about boxes */
};

enum err once_new(struct once **out)
{
    struct once *o = calloc(1, sizeof *o);
    if (!o)
        return ERR_IO;
    pthread_mutex_init(&o->lock, NULL);
    map_init(&o->all, ONCE_ENTRIES_MAX);
    list_init(&o->under_way);
    list_init(&o->done);
    rand_bytes(o->key, sizeof o->key);
    *out = o;
    return OK;
}

static void forget(struct once *o, struct entry *e)
{
    list_del(&e->link);
    map_del(&o->all, str_of(e->name, sizeof e->name));
    buf_fini(&e->answer);
    free(e);
}

void once_free(struct once *o)
{
    if (!o)
        return;
    LIST_FOR(&o->under_way, it) { forget(o, CONTAINER_OF(it, struct entry, link)); }
    LIST_FOR(&o->done, it) { forget(o, CONTAINER_OF(it, struct entry, link)); }
    map_fini(&o->all);
    secret_wipe(o->key, sizeof o->key);
    pthread_mutex_destroy(&o->lock);
    free(o);
}

static void make_room(struct once *o, int64_t now_ms)
{
    LIST_FOR(&o->done, it)
    {
        struct entry *e = CONTAINER_OF(it, struct entry, link);
        if (e->until_ms > now_ms && o->all.n < ONCE_ENTRIES_MAX)
            return;
        forget(o, e);
    }
}

static enum once_is add(struct once *o, const uint8_t name[HASH_N], struct once_hold *hold)
{
    struct entry *e = calloc(1, sizeof *e);
    if (!e || !map_set(&o->all, str_of(name, HASH_N), e)) {
        free(e);
        return ONCE_FULL;
    }
    memcpy(e->name, name, HASH_N);
    e->answer = (struct buf){ .max = ONCE_ANSWER_MAX, .secret = true };
    list_add_tail(&o->under_way, &e->link);
    hold->in = o;
    memcpy(hold->name, name, HASH_N);
    return ONCE_NEW;
}

enum once_is once_begin(struct once *o, const struct box_id *box, struct str key, int64_t now_ms,
                        struct once_hold *hold, struct buf *answer)
{
    uint8_t name[HASH_N];
    enum once_is is;
    CRYPTO_HASH(name, str_of(o->key, KEY_N), S("once"), str_of(box, sizeof *box), key);
    pthread_mutex_lock(&o->lock);
    make_room(o, now_ms);
    const struct entry *e = map_get(&o->all, str_of(name, HASH_N));
    is = !e ? add(o, name, hold) : e->done ? ONCE_DONE : ONCE_UNDER_WAY;
    if (is == ONCE_DONE)
        buf_put(answer, buf_str(&e->answer));
    pthread_mutex_unlock(&o->lock);
    return is;
}

static void end(struct once_hold *h, struct str answer, int64_t until_ms)
{
    struct once *o = h->in;
    if (!o)
        return;
    pthread_mutex_lock(&o->lock);
    struct entry *e = map_get(&o->all, str_of(h->name, HASH_N));
    if (e)
        buf_put(&e->answer, answer);
    if (e && until_ms > 0 && !e->answer.failed) {
        e->done = true;
        e->until_ms = until_ms;
        list_del(&e->link);
        list_add_tail(&o->done, &e->link);
    } else if (e) {
        forget(o, e);
    }
    pthread_mutex_unlock(&o->lock);
    *h = (struct once_hold){ 0 };
}

void once_keep(struct once_hold *h, struct str answer, int64_t now_ms) { end(h, answer, now_ms + ONCE_MS); }

void once_drop(struct once_hold *h) { end(h, S(""), 0); }
