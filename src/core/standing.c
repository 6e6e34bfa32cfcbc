/* One table under one lock: it is asked once a connection and told of what goes wrong, and while it is empty neither
 * takes the lock. A full neighbourhood forgets whoever stands best. */
#include "core/standing.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/rand.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum {
    SLOTS = 8192,
    PROBES = 16,
    SECRETS = 12,                 /* wrong ones remembered of a network */
    TARPIT_MS = 2000,             /* at half the score; at the full one it is twice that */
    FORGIVEN_MS = 20 * 60 * 1000, /* a full score is gone after so long */
    REKEY_MS = 24 * 3600 * 1000,
    STRIKES_MAX = 16
};

struct entry {
    uint8_t key[16];
    bool used;
    uint8_t side, reason, strikes, secrets_n;
    double score;
    int64_t at_ms, banned_until_ms;
    uint32_t secrets[SECRETS];
};
struct standing {
    struct standing_opts o;
    pthread_mutex_t lock;
    uint8_t key[KEY_N]; /* of standing_who() */
    int64_t keyed_ms;
    _Atomic uint32_t used;
    _Atomic uint64_t events[STANDING_EVENTS], bans[STANDING_EVENTS];
    struct entry slots[SLOTS];
};

/* How much each thing hurts, where an unknown recipient is one. */
static const struct {
    const char *name;
    double weight;
} events[STANDING_EVENTS] = {
    [STANDING_CROWD] = { "crowd", 1 }, [STANDING_UNKNOWN] = { "unknown", 1 }, [STANDING_PROTOCOL] = { "protocol", 5 },
    [STANDING_LOGIN] = { "login", 4 }, [STANDING_JUNK] = { "junk", 3 },       [STANDING_CREATE] = { "create", 2 },
    [STANDING_GOOD] = { "good", -2 },
};

/* What a limit's refusal counts as; those left out cost nothing more than the refusal. */
static const struct {
    bool counts;
    enum standing_side side;
    enum standing_event event;
} refusals[LIMIT_KINDS] = {
    [LIMIT_MX_CONNS] = { true, STANDING_MX, STANDING_CROWD },
    [LIMIT_PRELOGIN_CONNS] = { true, STANDING_READER, STANDING_CROWD },
    [LIMIT_HTTP_CONNS] = { true, STANDING_READER, STANDING_CROWD },
    [LIMIT_PASSWORDS] = { true, STANDING_READER, STANDING_CROWD },
    [LIMIT_CREATE] = { true, STANDING_READER, STANDING_CREATE },
};

enum err standing_new(const struct standing_opts *o, struct standing **out)
{
    struct standing *s = calloc(1, sizeof *s);
    if (!s)
        return ERR_IO;
    s->o = *o;
    rand_bytes(s->key, sizeof s->key);
    s->keyed_ms = clock_mono_ms();
    pthread_mutex_init(&s->lock, NULL);
    *out = s;
    return OK;
}

void standing_free(struct standing *s) { free(s); }

struct peer standing_who(struct standing *s, enum standing_side side, struct str name, int64_t now_ms)
{
    struct peer who = { .loopback = false };
    uint8_t hash[HASH_N], kind = (uint8_t)side;
    pthread_mutex_lock(&s->lock);
    if (now_ms - s->keyed_ms > REKEY_MS) { /* as with networks: yesterday's scores match nobody any more */
        rand_bytes(s->key, sizeof s->key);
        s->keyed_ms = now_ms;
    }
    CRYPTO_HASH(hash, str_of(s->key, sizeof s->key), S("who"), str_of(&kind, 1), name);
    pthread_mutex_unlock(&s->lock);
    memcpy(who.key, hash, sizeof who.key);
    return who;
}

static bool is_counted(const struct standing *s, const struct peer *p) { return s->o.ban_score > 0 && !p->trusted; }

static void decay(const struct standing *s, struct entry *e, int64_t now_ms)
{
    if (now_ms <= e->at_ms)
        return;
    double gone = (double)(now_ms - e->at_ms) * s->o.ban_score / FORGIVEN_MS;
    e->score = MAX(e->score - gone, 0.0);
    e->at_ms = now_ms;
}

static bool is_banned(const struct entry *e, int64_t now_ms) { return e->used && e->banned_until_ms > now_ms; }

static size_t home_of(const struct peer *p, enum standing_side side) { return get_be32(p->key + 8) + (uint32_t)side; }

static struct entry *find(struct standing *s, enum standing_side side, const struct peer *p)
{
    for (size_t i = 0; i < PROBES; i++) {
        struct entry *e = &s->slots[(home_of(p, side) + i) % SLOTS];
        if (e->used && e->side == side && memcmp(e->key, p->key, sizeof e->key) == 0)
            return e;
    }
    return NULL;
}

/* Whose loss matters least: nobody's, then the best standing, and a ban only among bans. */
static double worth(const struct entry *e, int64_t now_ms)
{
    if (!e->used)
        return -1;
    return is_banned(e, now_ms) ? 1e15 + (double)e->banned_until_ms : e->score;
}

static struct entry *make(struct standing *s, enum standing_side side, const struct peer *p, int64_t now_ms)
{
    struct entry *least = NULL;
    for (size_t i = 0; i < PROBES; i++) {
        struct entry *e = &s->slots[(home_of(p, side) + i) % SLOTS];
        if (e->used)
            decay(s, e, now_ms);
        if (!least || worth(e, now_ms) < worth(least, now_ms))
            least = e;
    }
    s->used += !least->used;
    *least = (struct entry){ .used = true, .side = (uint8_t)side, .at_ms = now_ms };
    memcpy(least->key, p->key, sizeof least->key);
    return least;
}

static void ban(struct standing *s, struct entry *e, enum standing_event reason, int64_t now_ms)
{
    int64_t ms = s->o.ban_ms << MIN(e->strikes, (uint8_t)STRIKES_MAX);
    e->strikes = (uint8_t)MIN(e->strikes + 1, STRIKES_MAX);
    e->banned_until_ms = now_ms + MIN(ms, s->o.ban_max_ms);
    e->reason = (uint8_t)reason;
    e->score = 0; /* it begins anew afterwards, but for its strikes */
    atomic_fetch_add_explicit(&s->bans[reason], 1, memory_order_relaxed);
}

/* Under the lock. Who is banned already makes nothing worse. */
static void add(struct standing *s, enum standing_side side, const struct peer *p, enum standing_event ev,
                int64_t now_ms)
{
    struct entry *e = find(s, side, p);
    if (!e && events[ev].weight < 0)
        return;
    if (!e)
        e = make(s, side, p, now_ms);
    decay(s, e, now_ms);
    if (is_banned(e, now_ms))
        return;
    e->score = MAX(e->score + events[ev].weight, 0.0);
    if (e->score >= s->o.ban_score)
        ban(s, e, ev, now_ms);
}

static bool is_empty(const struct standing *s) { return atomic_load_explicit(&s->used, memory_order_relaxed) == 0; }

void standing_note(struct standing *s, enum standing_side side, const struct peer *p, enum standing_event ev,
                   int64_t now_ms)
{
    atomic_fetch_add_explicit(&s->events[ev], 1, memory_order_relaxed);
    standing_count(s, side, p, ev, now_ms);
}

void standing_count(struct standing *s, enum standing_side side, const struct peer *p, enum standing_event ev,
                    int64_t now_ms)
{
    if (!is_counted(s, p) || (events[ev].weight < 0 && is_empty(s)))
        return;
    pthread_mutex_lock(&s->lock);
    add(s, side, p, ev, now_ms);
    pthread_mutex_unlock(&s->lock);
}

/* The newest ones are remembered. */
static bool is_known_secret(struct entry *e, uint32_t tag)
{
    for (size_t i = 0; i < MIN(e->secrets_n, (uint8_t)SECRETS); i++)
        if (e->secrets[i] == tag)
            return true;
    e->secrets[e->secrets_n % SECRETS] = tag;
    e->secrets_n = (uint8_t)(e->secrets_n < 2 * SECRETS - 1 ? e->secrets_n + 1 : SECRETS);
    return false;
}

void standing_wrong_secret(struct standing *s, enum standing_side side, const struct peer *p, uint32_t tag,
                           int64_t now_ms)
{
    if (!is_counted(s, p)) {
        atomic_fetch_add_explicit(&s->events[STANDING_LOGIN], 1, memory_order_relaxed);
        return;
    }
    pthread_mutex_lock(&s->lock);
    struct entry *e = find(s, side, p);
    if (!e)
        e = make(s, side, p, now_ms);
    if (!is_known_secret(e, tag)) {
        atomic_fetch_add_explicit(&s->events[STANDING_LOGIN], 1, memory_order_relaxed);
        add(s, side, p, STANDING_LOGIN, now_ms);
    }
    pthread_mutex_unlock(&s->lock);
}

bool standing_banned(struct standing *s, enum standing_side side, const struct peer *p, int64_t now_ms)
{
    if (!is_counted(s, p) || is_empty(s))
        return false;
    pthread_mutex_lock(&s->lock);
    const struct entry *e = find(s, side, p);
    bool yes = e && is_banned(e, now_ms);
    pthread_mutex_unlock(&s->lock);
    return yes;
}

int64_t standing_tarpit_ms(struct standing *s, enum standing_side side, const struct peer *p, int64_t now_ms)
{
    if (!is_counted(s, p) || is_empty(s))
        return 0;
    pthread_mutex_lock(&s->lock);
    struct entry *e = find(s, side, p);
    if (e)
        decay(s, e, now_ms);
    double part = e ? e->score / s->o.ban_score : 0;
    pthread_mutex_unlock(&s->lock);
    return part < 0.5 ? 0 : (int64_t)(2 * part * TARPIT_MS);
}

void standing_refused(void *ctx, enum limit_kind k, const struct peer *p)
{
    if (refusals[k].counts)
        standing_note(ctx, refusals[k].side, p, refusals[k].event, clock_mono_ms());
}

/* ---- for the operator ---- */
size_t standing_list(struct standing *s, int64_t now_ms, struct standing_ban *out, size_t max)
{
    size_t n = 0;
    pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i < SLOTS; i++) {
        const struct entry *e = &s->slots[i];
        if (!is_banned(e, now_ms))
            continue;
        if (n < max) {
            out[n] = (struct standing_ban){ .side = (enum standing_side)e->side,
                                            .reason = (enum standing_event)e->reason,
                                            .left_ms = e->banned_until_ms - now_ms };
            memcpy(out[n].id, e->key, sizeof out[n].id);
        }
        n++;
    }
    pthread_mutex_unlock(&s->lock);
    return n;
}

static size_t lift(struct standing *s, const uint8_t *key, size_t key_n, int64_t now_ms)
{
    size_t n = 0;
    pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i < SLOTS; i++) {
        struct entry *e = &s->slots[i];
        if (!e->used || memcmp(e->key, key, key_n) != 0)
            continue;
        n += is_banned(e, now_ms);
        s->used--;
        *e = (struct entry){ .used = false };
    }
    pthread_mutex_unlock(&s->lock);
    return n;
}

size_t standing_lift(struct standing *s, const struct peer *p, int64_t now_ms)
{
    return lift(s, p->key, sizeof p->key, now_ms);
}

size_t standing_lift_id(struct standing *s, const uint8_t id[4], int64_t now_ms) { return lift(s, id, 4, now_ms); }
size_t standing_lift_all(struct standing *s, int64_t now_ms) { return lift(s, (const uint8_t *)"", 0, now_ms); }

static uint64_t load(const _Atomic uint64_t *v) { return atomic_load_explicit(v, memory_order_relaxed); }

uint64_t standing_events(const struct standing *s, enum standing_event e) { return load(&s->events[e]); }
uint64_t standing_bans(const struct standing *s, enum standing_event e) { return load(&s->bans[e]); }
const char *standing_event_name(enum standing_event e) { return events[e].name; }

const char *standing_side_name(enum standing_side side)
{
    static const char *const names[STANDING_SIDES] = {
        [STANDING_MX] = "smtp", [STANDING_READER] = "readers", [STANDING_SENDER] = "domain", [STANDING_BOX] = "box"
    };
    return names[side];
}
