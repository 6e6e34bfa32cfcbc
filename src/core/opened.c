/* Wiping comes first here: an opened box that is gone loses its keys at once, even while somebody still holds a
 * reference; the holder finds out by opened_alive() or because opened_message_key() refuses. */
#include "core/opened.h"
#include "base/secret.h"
#include "core/opened_names.h"
#include "core/seal.h"
#include <stdlib.h>
#include <string.h>

enum { WINDOWS = 128, SUMMARIES = 128, SUMMARY_MAX = 4096, OPENED_MAX = 10000, ADDRESS_MAX = 512 };

struct window_slot {
    uint8_t tag[16]; /* of the sealed r: its ephemeral public key */
    uint8_t *r;
};
struct summary_slot {
    struct msg_id msg;
    char *p; /* NULL: free */
    size_t n;
};
struct opened_cache {
    struct window_slot windows[WINDOWS];
    struct summary_slot summaries[SUMMARIES];
    unsigned windows_next, windows_n, summaries_next;
    struct seal_window own; /* for what the holder stores */
};

static void cache_wipe(struct opened *o)
{
    struct opened_cache *c = o->cache;
    if (c == NULL)
        return;
    for (size_t i = 0; i < WINDOWS; i++)
        secret_free(c->windows[i].r);
    for (size_t i = 0; i < SUMMARIES; i++) {
        if (c->summaries[i].p == NULL)
            continue;
        secret_wipe(c->summaries[i].p, c->summaries[i].n);
        free(c->summaries[i].p);
    }
    seal_window_close(&c->own);
    secret_wipe(c, sizeof *c);
    free(c);
    o->cache = NULL;
}

static void keys_wipe(struct opened *o)
{
    for (uint32_t i = 0; i < o->generations; i++)
        secret_free(o->privs[i]);
    o->generations = 0;
    free(o->privs);
    free(o->pubs);
    o->privs = NULL;
    o->pubs = NULL;
    secret_free(o->lease);
    o->lease = NULL;
    cache_wipe(o);
    opened_names_wipe(o);
}

static void uncache(struct opened *o)
{
    if (o->cached && map_get(&o->auth->by_lookup, str_of(o->lookup, HASH_N)) == o)
        map_del(&o->auth->by_lookup, str_of(o->lookup, HASH_N));
    o->cached = false;
}

static void opened_free(struct opened *o)
{
    uncache(o);
    keys_wipe(o);
    list_del(&o->link);
    secret_wipe((char *)(uintptr_t)o->address.p, o->address.n);
    free((char *)(uintptr_t)o->address.p);
    secret_wipe(o, sizeof *o);
    free(o);
}

/* Out of the cache and keyless; freed when nobody holds it. */
static void opened_kill(struct opened *o)
{
    o->gone = true;
    uncache(o);
    keys_wipe(o);
    if (o->refs == 0)
        opened_free(o);
}

struct opened *opened_hold(struct opened *o)
{
    o->refs++;
    return o;
}

void opened_release(struct opened *o)
{
    if (o == NULL)
        return;
    o->last_ms = loop_now_ms(o->auth->o.loop);
    if (--o->refs == 0 && !o->cached)
        opened_free(o);
}

void opened_revoked(struct opened *o) { opened_kill(o); }

bool opened_alive(const struct opened *o, int64_t now_ms) { return !o->gone && now_ms < store_box_end_ms(&o->box); }

struct opened *opened_find(struct auth *a, const uint8_t lookup[HASH_N])
{
    struct opened *o = map_get(&a->by_lookup, str_of(lookup, HASH_N));
    if (o == NULL)
        return NULL;
    o->last_ms = loop_now_ms(a->o.loop);
    if (opened_alive(o, store_now_ms(a->o.store)))
        return opened_hold(o);
    opened_kill(o);
    return NULL;
}

static enum err address_open(struct opened *o, struct str sealed)
{
    size_t n = sealed.n < SEAL_OVERHEAD ? 0 : sealed.n - SEAL_OVERHEAD;
    if (n == 0 || n > ADDRESS_MAX || o->box.generation > o->generations || o->box.generation == 0)
        return ERR_BAD;
    char *p = calloc(1, n + 1);
    if (p == NULL)
        return ERR_IO;
    uint32_t g = o->box.generation - 1;
    o->address = str_of(p, n);
    return seal_open((uint8_t *)p, o->pubs[g], o->privs[g], sealed) == OK ? OK : ERR_BAD;
}

static enum err keys_open(struct opened *o, const struct store_cred *cred, const uint8_t lease[KEY_N],
                          const uint8_t seed[KEY_N])
{
    uint32_t n = 0;
    o->privs = calloc(GENERATIONS_MAX, sizeof *o->privs);
    o->pubs = calloc(GENERATIONS_MAX, sizeof *o->pubs);
    o->lease = secret_new();
    if (o->privs == NULL || o->pubs == NULL || o->lease == NULL)
        return ERR_FULL;
    memcpy(o->lease, lease, KEY_N);
    enum err e = open_cred(cred, seed, o->privs, GENERATIONS_MAX, &n);
    if (e != OK)
        return e;
    o->generations = n;
    for (uint32_t i = 0; i < n; i++)
        seal_public(o->pubs[i], o->privs[i]);
    return OK;
}

/* Makes room by dropping the longest unused one that nobody holds. */
static bool room(struct auth *a)
{
    size_t max = a->o.max_opened > 0 ? a->o.max_opened : OPENED_MAX;
    struct opened *oldest = NULL;
    if (a->by_lookup.n < max)
        return true;
    LIST_FOR(&a->all, it)
    {
        struct opened *o = CONTAINER_OF(it, struct opened, link);
        if (o->refs == 0 && (oldest == NULL || o->last_ms < oldest->last_ms))
            oldest = o;
    }
    if (oldest != NULL)
        opened_kill(oldest);
    return oldest != NULL;
}

enum err opened_make(struct auth *a, const struct store_box *box, const struct store_cred *cred,
                     const uint8_t lease[KEY_N], const uint8_t seed[KEY_N], struct opened **out)
{
    if (!room(a))
        return ERR_BUSY;
    struct opened *o = calloc(1, sizeof *o);
    if (o == NULL)
        return ERR_IO;
    *o = (struct opened){ .box = *box, .cred = cred->id, .kind = cred->kind, .auth = a, .refs = 1 };
    o->box.sealed = (struct str){ 0 };
    o->folders_known = box->folder_last == FOLDER_FIXED;
    o->last_ms = loop_now_ms(a->o.loop);
    memcpy(o->lookup, cred->lookup, HASH_N);
    list_init(&o->link);
    list_add_tail(&a->all, &o->link);
    enum err e = keys_open(o, cred, lease, seed);
    if (e == OK)
        e = address_open(o, box->sealed);
    if (e == OK) {
        struct opened *old = map_get(&a->by_lookup, str_of(o->lookup, HASH_N));
        if (old != NULL) { /* two logins at once: the older stays with those who hold it */
            uncache(old);
            if (old->refs == 0)
                opened_free(old);
        }
        o->cached = map_set(&a->by_lookup, str_of(o->lookup, HASH_N), o);
        *out = o;
        return OK;
    }
    opened_free(o);
    return e;
}

static uint8_t *window_find(struct opened_cache *c, struct str sealed_r)
{
    for (unsigned i = 0; i < c->windows_n; i++)
        if (memcmp(c->windows[i].tag, sealed_r.p, sizeof c->windows[i].tag) == 0)
            return c->windows[i].r;
    return NULL;
}

/* Keeps a fresh r in the ring; the one it pushes out is wiped. */
static void window_keep(struct opened_cache *c, struct str sealed_r, uint8_t *r)
{
    struct window_slot *w = &c->windows[c->windows_next++ % WINDOWS];
    c->windows_n = MIN(c->windows_n + 1, (unsigned)WINDOWS);
    secret_free(w->r);
    memcpy(w->tag, sealed_r.p, sizeof w->tag);
    w->r = r;
}

static struct opened_cache *cache_of(struct opened *o)
{
    if (o->cache == NULL && !o->gone)
        o->cache = calloc(1, sizeof *o->cache);
    return o->cache;
}

enum err opened_message_key(struct opened *o, struct str env, const struct msg_id *msg, uint8_t k[KEY_N])
{
    uint32_t generation;
    struct str sealed_r;
    struct opened_cache *c = cache_of(o);
    if (o->gone || c == NULL)
        return ERR_GONE;
    if (seal_env_head(env, &generation, &sealed_r) != OK || generation == 0 || generation > o->generations)
        return ERR_BAD;
    uint8_t *r = window_find(c, sealed_r);
    if (r == NULL) {
        r = secret_new();
        if (r == NULL)
            return ERR_FULL;
        if (seal_open(r, o->pubs[generation - 1], o->privs[generation - 1], sealed_r) != OK) {
            secret_free(r);
            return ERR_BAD;
        }
        window_keep(c, sealed_r, r);
    }
    seal_message_key(k, r, o->lease, &o->box.id, msg);
    return OK;
}

enum err opened_window(struct opened *o, struct seal_window *out)
{
    struct opened_cache *c = cache_of(o);
    int64_t now_ms = loop_now_ms(o->auth->o.loop);
    if (o->gone || c == NULL)
        return o->gone ? ERR_GONE : ERR_FULL;
    if (seal_window_spent(&c->own, o->box.generation, now_ms)) {
        seal_window_close(&c->own);
        enum err e = seal_window_open(&c->own, o->box.pub, o->box.generation, now_ms);
        if (e != OK)
            return e;
    }
    uint8_t *cell = secret_new();
    if (cell == NULL)
        return ERR_FULL;
    c->own.used++;
    *out = c->own;
    out->r = memcpy(cell, c->own.r, KEY_N);
    return OK;
}

struct str opened_summary(struct opened *o, const struct msg_id *msg)
{
    struct opened_cache *c = o->cache;
    for (size_t i = 0; c != NULL && i < SUMMARIES; i++)
        if (c->summaries[i].p != NULL && memcmp(&c->summaries[i].msg, msg, sizeof *msg) == 0)
            return str_of(c->summaries[i].p, c->summaries[i].n);
    return (struct str){ 0 };
}

void opened_keep_summary(struct opened *o, const struct msg_id *msg, struct str json)
{
    struct opened_cache *c = cache_of(o);
    char *copy = c == NULL || json.n > SUMMARY_MAX || json.n == 0 ? NULL : malloc(json.n);
    if (copy == NULL)
        return;
    struct summary_slot *s = &c->summaries[c->summaries_next++ % SUMMARIES];
    if (s->p != NULL) {
        secret_wipe(s->p, s->n);
        free(s->p);
    }
    memcpy(copy, json.p, json.n);
    *s = (struct summary_slot){ .msg = *msg, .p = copy, .n = json.n };
}

enum err opened_add_generation(struct opened *o, uint8_t *priv, uint32_t generation)
{
    if (o->gone || generation != o->generations + 1 || generation > GENERATIONS_MAX) {
        secret_free(priv);
        return ERR_GONE;
    }
    o->privs[o->generations] = priv;
    seal_public(o->pubs[o->generations], priv);
    o->generations = generation;
    o->box.generation = generation;
    memcpy(o->box.pub, o->pubs[generation - 1], KEY_N);
    return OK;
}

static bool same_box(const struct opened *o, const struct event *e)
{
    return memcmp(&o->box.id, &e->box, BOX_ID_N) == 0;
}

/* After a change of credentials only the session that made it goes on (it was given the new key, unless it took its own
 * secret away); all others look up their credential anew, and a revoked one finds nothing. */
static void on_event(struct event_listener *l, const struct event *e)
{
    struct auth *a = CONTAINER_OF(l, struct auth, events);
    a->closings += e->kind == EVENT_BOX_ENDED || e->kind == EVENT_CREDS_CHANGED;
    LIST_FOR(&a->all, it)
    {
        struct opened *o = CONTAINER_OF(it, struct opened, link);
        if (!same_box(o, e))
            continue;
        if (e->kind == EVENT_FOLDER_CHANGED) {
            opened_names_event(o, e);
        } else if (e->kind == EVENT_BOX_CHANGED) {
            o->box.end_ms = e->end_ms;
            o->box.idle_ttl_ms = e->idle_ttl_ms;
            o->box.last_visit_ms = e->last_visit_ms;
        } else if (e->kind == EVENT_BOX_ENDED || o->cred != e->cred || o->generations != e->generation) {
            opened_kill(o);
        }
    }
}

static void on_sweep(struct timer *t)
{
    struct auth *a = CONTAINER_OF(t, struct auth, sweep);
    int64_t now = loop_now_ms(a->o.loop);
    LIST_FOR(&a->all, it)
    {
        struct opened *o = CONTAINER_OF(it, struct opened, link);
        if (!opened_alive(o, store_now_ms(a->o.store)) || (o->refs == 0 && now - o->last_ms >= OPENED_IDLE_MS))
            opened_kill(o);
    }
    timer_set(t, 1000);
}

enum err auth_new(const struct auth_opts *o, struct auth **out)
{
    struct auth *a = calloc(1, sizeof *a);
    if (a == NULL)
        return ERR_IO;
    a->o = *o;
    map_init(&a->by_lookup, 0);
    list_init(&a->all);
    a->events.on = on_event;
    event_listen_all(o->hub, o->loop, &a->events);
    timer_init(&a->sweep, o->loop, on_sweep);
    timer_set(&a->sweep, 1000);
    *out = a;
    return OK;
}

void auth_free(struct auth *a)
{
    if (a == NULL)
        return;
    timer_clear(&a->sweep);
    event_unlisten(a->o.hub, &a->events);
    LIST_FOR(&a->all, it) { opened_free(CONTAINER_OF(it, struct opened, link)); }
    map_fini(&a->by_lookup);
    free(a);
}
