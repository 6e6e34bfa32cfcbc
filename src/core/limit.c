/* One table of entries keyed by (kind, network). Rates are token buckets; concurrent kinds count holds. Shards keep the
 * locks short: a take is a hash look-up. A full shard drops its oldest entry that holds nothing, so memory is bounded
 * whatever the number of networks. */
#include "core/limit.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/rand.h"
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/un.h>

enum { SHARDS = 16, SLOTS = 4096 /* a shard */, PROBES = 16 };
static const int64_t rekey_ms = 24 * 3600 * 1000LL;

struct entry {
    uint8_t key[16];
    uint8_t kind; /* + 1; 0: free */
    uint32_t held;
    double tokens;
    int64_t at_ms;
};
struct shard {
    pthread_mutex_t lock;
    struct entry slots[SLOTS];
};
struct limit {
    struct limit_opts opts;
    pthread_mutex_t key_lock;
    uint8_t key[KEY_N];
    int64_t keyed_ms;
    struct shard *shards; /* SHARDS of them */
};

/* The window in which opts.value may be taken, 0 for concurrent kinds. */
static const int64_t window_ms[LIMIT_KINDS] = {
    [LIMIT_CREATE] = 3600 * 1000,      [LIMIT_LOGIN_FAIL] = 600 * 1000, [LIMIT_LOGIN_BOX] = 600 * 1000,
    [LIMIT_UNKNOWN_RCPT] = 600 * 1000, [LIMIT_REQUESTS] = 60 * 1000,    [LIMIT_SEND] = 3600 * 1000,
};

/* Mapped, not calloc()ed: three megabytes of which most servers touch a few pages, and M_PERTURB would touch them all.
 */
static struct shard *shards_new(void)
{
    void *p = mmap(NULL, SHARDS * sizeof(struct shard), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return p == MAP_FAILED ? NULL : p;
}

enum err limit_new(const struct limit_opts *opts, struct limit **out)
{
    struct limit *l = calloc(1, sizeof *l);
    if (l == NULL)
        return ERR_IO;
    l->opts = *opts;
    l->shards = shards_new();
    if (l->shards == NULL) {
        free(l);
        return ERR_IO;
    }
    for (int i = 0; i < SHARDS; i++)
        pthread_mutex_init(&l->shards[i].lock, NULL);
    pthread_mutex_init(&l->key_lock, NULL);
    rand_bytes(l->key, sizeof l->key);
    l->keyed_ms = clock_mono_ms();
    *out = l;
    return OK;
}

void limit_free(struct limit *l)
{
    if (l == NULL)
        return;
    munmap(l->shards, SHARDS * sizeof *l->shards);
    free(l);
}

static bool is_v4_mapped(const uint8_t a[16]) { return memcmp(a, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12) == 0; }

static void hash_key(struct limit *l, struct peer *p, struct str label, struct str what)
{
    uint8_t hash[HASH_N], key[KEY_N];
    pthread_mutex_lock(&l->key_lock);
    if (clock_mono_ms() - l->keyed_ms > rekey_ms) { /* yesterday's counters no longer match anybody, on purpose */
        rand_bytes(l->key, sizeof l->key);
        l->keyed_ms = clock_mono_ms();
    }
    memcpy(key, l->key, sizeof key);
    pthread_mutex_unlock(&l->key_lock);
    CRYPTO_HASH(hash, str_of(key, sizeof key), label, what);
    memcpy(p->key, hash, sizeof p->key);
}

struct peer limit_peer(struct limit *l, const struct sockaddr *sa)
{
    uint8_t net[7] = { 0 };
    struct peer p = { .loopback = false };
    if (sa->sa_family == AF_INET) {
        memcpy(net + 1, &((const struct sockaddr_in *)(const void *)sa)->sin_addr, 3);
        net[0] = 4;
    } else if (sa->sa_family == AF_INET6) {
        const uint8_t *a = ((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr.s6_addr;
        net[0] = is_v4_mapped(a) ? 4 : 6;
        memcpy(net + 1, is_v4_mapped(a) ? a + 12 : a, is_v4_mapped(a) ? 3 : 6);
        p.loopback = memcmp(a, in6addr_loopback.s6_addr, 16) == 0;
    }
    p.loopback = p.loopback || (net[0] == 4 && net[1] == 127) || sa->sa_family == AF_UNIX;
    hash_key(l, &p, S("peer"), str_of(net, sizeof net));
    return p;
}

struct peer limit_peer_for(struct limit *l, const struct peer *p, struct str what)
{
    struct peer of = *p;
    hash_key(l, &of, str_of(p->key, sizeof p->key), what);
    return of;
}

/* The entry, or a free or the stalest idle slot made into it. Never NULL: in the worst case somebody's empty bucket is
 * forgotten, and only when all probed slots are held does the last of them get shared. */
static struct entry *entry_of(struct limit *l, struct shard *s, enum limit_kind k, const struct peer *p, int64_t now_ms)
{
    uint32_t h = get_be32(p->key + 4) + (uint32_t)k * 2654435761u;
    struct entry *victim = NULL;
    for (uint32_t i = 0; i < PROBES; i++) {
        struct entry *e = &s->slots[(h + i) % SLOTS];
        if (e->kind == (int)k + 1 && memcmp(e->key, p->key, sizeof e->key) == 0)
            return e;
        if (e->held == 0 && (victim == NULL || (victim->kind != 0 && (e->kind == 0 || e->at_ms < victim->at_ms))))
            victim = e;
    }
    if (victim == NULL)
        return &s->slots[h % SLOTS];
    *victim = (struct entry){ .kind = (uint8_t)(k + 1), .at_ms = now_ms, .tokens = l->opts.value[k] };
    memcpy(victim->key, p->key, sizeof victim->key);
    return victim;
}

static struct shard *shard_of(struct limit *l, const struct peer *p) { return &l->shards[p->key[0] % SHARDS]; }

static enum err answer(struct limit *l, enum limit_kind k, const struct peer *p, bool room)
{
    if (!room && l->opts.refused)
        l->opts.refused(l->opts.ctx, k, p);
    return room ? OK : ERR_BUSY;
}

enum err limit_hold(struct limit *l, enum limit_kind k, const struct peer *p)
{
    if (l->opts.value[k] == 0)
        return OK;
    struct shard *s = shard_of(l, p);
    pthread_mutex_lock(&s->lock);
    struct entry *e = entry_of(l, s, k, p, clock_mono_ms());
    bool room = e->held < l->opts.value[k];
    if (room)
        e->held++;
    pthread_mutex_unlock(&s->lock);
    return answer(l, k, p, room);
}

void limit_release(struct limit *l, enum limit_kind k, const struct peer *p)
{
    if (l->opts.value[k] == 0)
        return;
    struct shard *s = shard_of(l, p);
    pthread_mutex_lock(&s->lock);
    struct entry *e = entry_of(l, s, k, p, clock_mono_ms());
    if (e->held > 0)
        e->held--;
    pthread_mutex_unlock(&s->lock);
}

static void refill(struct entry *e, double rate, double burst, int64_t now_ms)
{
    if (now_ms > e->at_ms) {
        e->tokens = MIN(burst, e->tokens + (double)(now_ms - e->at_ms) * rate);
        e->at_ms = now_ms;
    }
}

static enum err bucket(struct limit *l, enum limit_kind k, const struct peer *p, uint32_t n, int64_t now_ms,
                       int64_t *retry_ms)
{
    double burst = l->opts.value[k], rate = burst / (double)(window_ms[k] > 0 ? window_ms[k] : 1000);
    double need = n > 0 ? n : 1;
    struct shard *s = shard_of(l, p);
    pthread_mutex_lock(&s->lock);
    struct entry *e = entry_of(l, s, k, p, now_ms);
    refill(e, rate, burst, now_ms);
    bool room = e->tokens >= need;
    if (room)
        e->tokens -= n;
    else if (retry_ms != NULL)
        *retry_ms = (int64_t)((need - e->tokens) / rate) + 1;
    pthread_mutex_unlock(&s->lock);
    return room ? OK : ERR_BUSY;
}

enum err limit_take(struct limit *l, enum limit_kind k, const struct peer *p, uint32_t n, int64_t now_ms,
                    int64_t *retry_ms)
{
    return l->opts.value[k] == 0 ? OK : answer(l, k, p, bucket(l, k, p, n, now_ms, retry_ms) == OK);
}

bool limit_over(struct limit *l, enum limit_kind k, const struct peer *p, int64_t now_ms, int64_t *retry_ms)
{
    return l->opts.value[k] != 0 && bucket(l, k, p, 0, now_ms, retry_ms) != OK;
}

uint32_t limit_taken(struct limit *l, enum limit_kind k, const struct peer *p, int64_t now_ms)
{
    double burst = l->opts.value[k];
    if (l->opts.value[k] == 0)
        return 0;
    struct shard *s = shard_of(l, p);
    pthread_mutex_lock(&s->lock);
    struct entry *e = entry_of(l, s, k, p, now_ms);
    refill(e, burst / (double)window_ms[k], burst, now_ms);
    double taken = burst - e->tokens;
    pthread_mutex_unlock(&s->lock);
    return (uint32_t)(taken + 0.999); /* one that is nearly forgotten still counts */
}

void limit_give(struct limit *l, enum limit_kind k, const struct peer *p, uint32_t n, int64_t now_ms)
{
    if (l->opts.value[k] == 0)
        return;
    struct shard *s = shard_of(l, p);
    pthread_mutex_lock(&s->lock);
    struct entry *e = entry_of(l, s, k, p, now_ms);
    e->tokens = MIN((double)l->opts.value[k], e->tokens + n);
    pthread_mutex_unlock(&s->lock);
}
