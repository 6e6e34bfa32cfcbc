/* One table and a queue, the oldest first. What is due goes when something new comes; when all is taken the oldest
 * goes, whoever it is: a flood of names costs those that are asked for often a trip to the DNS thread, no more. */
#include "io/dns_cache.h"
#include "base/list.h"
#include "base/map.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_MAX = LIMIT_DNS_NAME + 2 };

struct entry {
    struct list in; /* dns_cache.oldest */
    int64_t until_ms;
    struct dns_answer answer; /* its packet lies behind the key */
    size_t key_n;
    char bytes[];
};
struct dns_cache {
    pthread_mutex_t lock;
    struct map by_name;
    struct list oldest;
};

enum err dns_cache_new(struct dns_cache **out)
{
    struct dns_cache *c = calloc(1, sizeof *c);
    if (!c)
        return ERR_IO;
    pthread_mutex_init(&c->lock, NULL);
    map_init(&c->by_name, DNS_CACHE_ANSWERS);
    list_init(&c->oldest);
    *out = c;
    return OK;
}

static void drop(struct dns_cache *c, struct entry *e)
{
    list_del(&e->in);
    map_del(&c->by_name, str_of(e->bytes, e->key_n));
    free(e);
}

void dns_cache_free(struct dns_cache *c)
{
    if (!c)
        return;
    while (!list_empty(&c->oldest))
        drop(c, CONTAINER_OF(c->oldest.next, struct entry, in));
    map_fini(&c->by_name);
    pthread_mutex_destroy(&c->lock);
    free(c);
}

/* The type, and the name in lower case without a dot at its end; 0: it is not kept. */
static size_t key_of(char key[KEY_MAX], struct str name, enum dns_type type)
{
    if (str_ends(name, S(".")))
        name.n--;
    if (type == DNS_PTR || type == DNS_TLSA || name.n == 0 || name.n > LIMIT_DNS_NAME)
        return 0;
    key[0] = (char)type;
    for (size_t i = 0; i < name.n; i++)
        key[i + 1] = char_lower(name.p[i]);
    return name.n + 1;
}

static struct entry *entry_new(struct str key, const struct dns_answer *a, int64_t until_ms)
{
    struct str packet = a->status == DNS_FOUND ? a->packet : S("");
    struct entry *e = malloc(sizeof *e + key.n + packet.n);
    if (!e)
        return NULL;
    *e = (struct entry){ .until_ms = until_ms, .answer = *a, .key_n = key.n };
    memcpy(e->bytes, key.p, key.n);
    memcpy(e->bytes + key.n, packet.p, packet.n);
    e->answer.packet = str_of(e->bytes + key.n, packet.n);
    return e;
}

static void make_room(struct dns_cache *c, int64_t now_ms)
{
    while (!list_empty(&c->oldest)) {
        struct entry *e = CONTAINER_OF(c->oldest.next, struct entry, in);
        if (now_ms < e->until_ms && c->by_name.n < DNS_CACHE_ANSWERS)
            return;
        drop(c, e);
    }
}

void dns_cache_put(struct dns_cache *c, struct str name, enum dns_type type, const struct dns_answer *a, int64_t now_ms)
{
    char key[KEY_MAX];
    uint32_t life_s;
    size_t n = key_of(key, name, type);
    bool said = a->status == DNS_FOUND || a->status == DNS_NXNAME;
    if (n == 0 || !said || a->packet.n > DNS_CACHE_PACKET_MAX || !dns_packet_life(a->packet, type, &life_s))
        return;
    struct entry *e = entry_new(str_of(key, n), a, now_ms + 1000 * (int64_t)MIN(life_s, (uint32_t)DNS_CACHE_LIFE_S));
    if (!e)
        return;
    pthread_mutex_lock(&c->lock);
    struct entry *before = map_get(&c->by_name, str_of(key, n));
    if (before)
        drop(c, before);
    make_room(c, now_ms);
    if (map_set(&c->by_name, str_of(key, n), e))
        list_add_tail(&c->oldest, &e->in);
    else
        free(e);
    pthread_mutex_unlock(&c->lock);
}

static bool copy_out(const struct entry *e, struct dns_answer *out, char **packet)
{
    struct str p = e->answer.packet;
    *packet = p.n > 0 ? malloc(p.n) : NULL;
    if (p.n > 0 && !*packet)
        return false;
    if (p.n > 0)
        memcpy(*packet, p.p, p.n);
    *out = e->answer;
    out->packet = str_of(*packet, p.n);
    return true;
}

bool dns_cache_get(struct dns_cache *c, struct str name, enum dns_type type, int64_t now_ms, struct dns_answer *out,
                   char **packet)
{
    char key[KEY_MAX];
    size_t n = key_of(key, name, type);
    if (n == 0)
        return false;
    pthread_mutex_lock(&c->lock);
    struct entry *e = map_get(&c->by_name, str_of(key, n));
    bool there = e && now_ms < e->until_ms && copy_out(e, out, packet);
    pthread_mutex_unlock(&c->lock);
    return there;
}
