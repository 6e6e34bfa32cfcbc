/* Lists are short and asked in order: a thousand networks cost a few microseconds, a connection costs more. */
#include "serve/access.h"
#include "base/crypto.h"
#include "base/rand.h"
#include "base/secret.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct nets {
    struct network *v;
    size_t n;
};
struct by_hand {
    struct network net;
    int64_t until_ms;
    uint8_t id[4];
};
struct access {
    struct standing *standing;
    pthread_rwlock_t lock;
    struct nets allow, deny;
    struct by_hand bans[LIMIT_ACCESS_BANS];
    size_t bans_n;
    uint8_t key[KEY_N]; /* of the ids */
    _Atomic uint64_t answers[ACCESS_ANSWERS];
};

enum err access_new(struct standing *standing, struct access **out)
{
    struct access *a = calloc(1, sizeof *a);
    if (!a)
        return ERR_IO;
    a->standing = standing;
    pthread_rwlock_init(&a->lock, NULL);
    rand_bytes(a->key, sizeof a->key);
    *out = a;
    return OK;
}

void access_free(struct access *a)
{
    if (!a)
        return;
    free(a->allow.v);
    free(a->deny.v);
    secret_wipe(a, sizeof *a);
    free(a);
}

static bool copy(const struct network *v, size_t n, struct nets *out)
{
    *out = (struct nets){ calloc(n + 1, sizeof *v), n };
    if (out->v && n > 0)
        memcpy(out->v, v, n * sizeof *v);
    return out->v != NULL;
}

enum err access_set(struct access *a, const struct access_lists *l)
{
    struct nets allow = { 0 }, deny = { 0 };
    if (!copy(l->allow, l->allow_n, &allow) || !copy(l->deny, l->deny_n, &deny)) {
        free(allow.v);
        return ERR_IO;
    }
    pthread_rwlock_wrlock(&a->lock);
    struct nets old_allow = a->allow, old_deny = a->deny;
    a->allow = allow;
    a->deny = deny;
    pthread_rwlock_unlock(&a->lock);
    free(old_allow.v);
    free(old_deny.v);
    return OK;
}

static bool has(const struct nets *nets, const struct sockaddr *sa)
{
    for (size_t i = 0; i < nets->n; i++)
        if (network_has(&nets->v[i], sa))
            return true;
    return false;
}

static bool is_banned(const struct access *a, const struct sockaddr *sa, int64_t now_ms)
{
    for (size_t i = 0; i < a->bans_n; i++)
        if (a->bans[i].until_ms > now_ms && network_has(&a->bans[i].net, sa))
            return true;
    return false;
}

static enum access_answer of_lists(struct access *a, const struct sockaddr *sa, int64_t now_ms)
{
    enum access_answer is = ACCESS_OPEN;
    pthread_rwlock_rdlock(&a->lock);
    if (has(&a->allow, sa))
        is = ACCESS_TRUSTED;
    else if (has(&a->deny, sa))
        is = ACCESS_DENIED;
    else if (is_banned(a, sa, now_ms))
        is = ACCESS_BANNED;
    pthread_rwlock_unlock(&a->lock);
    return is;
}

enum access_answer access_ask(struct access *a, enum standing_side side, struct peer *peer, const struct sockaddr *sa,
                              int64_t now_ms)
{
    enum access_answer is = of_lists(a, sa, now_ms);
    peer->trusted = is == ACCESS_TRUSTED;
    if (is == ACCESS_OPEN && standing_banned(a->standing, side, peer, now_ms))
        is = ACCESS_BANNED;
    atomic_fetch_add_explicit(&a->answers[is], 1, memory_order_relaxed);
    return is;
}

uint64_t access_count(const struct access *a, enum access_answer what)
{
    return atomic_load_explicit(&a->answers[what], memory_order_relaxed);
}

/* ---- by hand ---- */
bool access_allows(struct access *a, const struct network *n)
{
    struct ip first = { .six = n->family == AF_INET6 };
    memcpy(first.b, n->bytes, sizeof first.b);
    bool all = false;
    pthread_rwlock_rdlock(&a->lock);
    for (size_t i = 0; i < a->allow.n && !all; i++)
        all = a->allow.v[i].bits <= n->bits && network_has_ip(&a->allow.v[i], &first);
    pthread_rwlock_unlock(&a->lock);
    return all;
}

static void id_of(const struct access *a, const struct network *n, uint8_t id[4])
{
    uint8_t hash[HASH_N], raw[18] = { n->family == AF_INET6, (uint8_t)n->bits };
    memcpy(raw + 2, n->bytes, sizeof n->bytes);
    CRYPTO_HASH(hash, str_of(a->key, sizeof a->key), S("ban"), str_of(raw, sizeof raw));
    memcpy(id, hash, 4);
}

static void forget_ended(struct access *a, int64_t now_ms)
{
    for (size_t i = 0; i < a->bans_n;)
        if (a->bans[i].until_ms <= now_ms)
            a->bans[i] = a->bans[--a->bans_n];
        else
            i++;
}

enum err access_ban(struct access *a, const struct network *n, int64_t ms, int64_t now_ms)
{
    struct by_hand b = { .net = *n, .until_ms = now_ms + ms };
    id_of(a, n, b.id);
    pthread_rwlock_wrlock(&a->lock);
    forget_ended(a, now_ms);
    size_t i = 0;
    while (i < a->bans_n && memcmp(a->bans[i].id, b.id, sizeof b.id) != 0)
        i++;
    bool room = i < LIMIT_ACCESS_BANS;
    if (room) {
        a->bans[i] = b;
        a->bans_n = MAX(a->bans_n, i + 1);
    }
    pthread_rwlock_unlock(&a->lock);
    return room ? OK : ERR_FULL;
}

size_t access_list(struct access *a, int64_t now_ms, struct access_ban *out, size_t max)
{
    pthread_rwlock_wrlock(&a->lock);
    forget_ended(a, now_ms);
    for (size_t i = 0; i < MIN(a->bans_n, max); i++) {
        out[i].left_ms = a->bans[i].until_ms - now_ms;
        memcpy(out[i].id, a->bans[i].id, sizeof out[i].id);
    }
    size_t n = a->bans_n;
    pthread_rwlock_unlock(&a->lock);
    return n;
}

static size_t lift(struct access *a, const uint8_t *id, size_t id_n, int64_t now_ms)
{
    pthread_rwlock_wrlock(&a->lock);
    forget_ended(a, now_ms);
    size_t before = a->bans_n;
    for (size_t i = 0; i < a->bans_n; i++)
        if (memcmp(a->bans[i].id, id, id_n) == 0)
            a->bans[i].until_ms = now_ms;
    forget_ended(a, now_ms);
    size_t n = before - a->bans_n;
    pthread_rwlock_unlock(&a->lock);
    return n;
}

size_t access_lift_id(struct access *a, const uint8_t id[4], int64_t now_ms) { return lift(a, id, 4, now_ms); }
size_t access_lift_all(struct access *a, int64_t now_ms) { return lift(a, (const uint8_t *)"", 0, now_ms); }

size_t access_lift(struct access *a, const struct network *n, int64_t now_ms)
{
    uint8_t id[4];
    id_of(a, n, id);
    return access_lift_id(a, id, now_ms);
}
