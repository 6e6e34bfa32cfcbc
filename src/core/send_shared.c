/* One entry a box that has sent within a day, or about which somebody has said something. A day begins with the first
 * mail of it, so nobody sends two days' share around midnight. */
#include "core/send_shared.h"
#include "base/map.h"
#include <pthread.h>
#include <stdlib.h>

enum { BOXES_MAX = 1000000, SWEEP_FROM = 1024, UNKNOWN_MAX = 10 /* typing errors of an hour */ };
static const int64_t DAY_MS = INT64_C(24) * 3600 * 1000, HOUR_MS = INT64_C(3600) * 1000;

struct box_sent {
    int64_t since_ms, until_ms; /* the day's first mail; the box's end as known when something was said */
    uint32_t mails, rcpts, flags;
    uint32_t unknown; /* recipients here that were not there, in the hour from unknown_ms on */
    int64_t unknown_ms;
    struct peer peer; /* who sent last, if has_peer */
    bool has_peer;
    bool said; /* flags count, not those of the box's row as a session knows it */
};
struct send_shared {
    struct send_shared_opts o;
    struct send_counts counts;
    pthread_mutex_t lock;
    struct map boxes; /* box id -> struct box_sent */
    size_t sweep_at;
    int64_t hour_ms; /* when this hour of the server began */
    uint32_t hour_rcpts;
};

enum err send_shared_new(const struct send_shared_opts *o, struct send_shared **out)
{
    struct send_shared *s = calloc(1, sizeof *s);
    if (!s)
        return ERR_IO;
    s->o = *o;
    s->sweep_at = SWEEP_FROM;
    pthread_mutex_init(&s->lock, NULL);
    map_init(&s->boxes, BOXES_MAX);
    *out = s;
    return OK;
}

void send_shared_free(struct send_shared *s)
{
    if (!s)
        return;
    struct str key;
    void *b;
    for (size_t it = 0; map_next(&s->boxes, &it, &key, &b);)
        free(b);
    map_fini(&s->boxes);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

const struct send_shared_opts *send_shared_opts(const struct send_shared *s) { return &s->o; }
struct send_counts *send_shared_counts(struct send_shared *s) { return &s->counts; }

enum send_policy send_shared_policy(const struct send_shared *s, struct str address)
{
    struct str domain = str_from(address, str_rchr(address, '@') + 1);
    for (size_t i = 0; i < s->o.domains_n; i++)
        if (str_eq_nocase(domain, s->o.domains[i].name))
            return s->o.domains[i].policy;
    return s->o.policy;
}

/* ---- entries, under the lock ---- */

static void sweep(struct send_shared *s, int64_t now_ms)
{
    struct str key;
    void *v;
    for (size_t it = 0; map_next(&s->boxes, &it, &key, &v);) {
        struct box_sent *b = v;
        if (now_ms - b->since_ms < DAY_MS || (b->said && now_ms < b->until_ms))
            continue;
        map_del(&s->boxes, key);
        free(b);
    }
    s->sweep_at = MAX(2 * s->boxes.n, (size_t)SWEEP_FROM);
}

/* NULL: memory. A day that is over is forgotten here. */
static struct box_sent *entry(struct send_shared *s, const struct box_id *box, int64_t now_ms)
{
    struct box_sent *b = map_get(&s->boxes, box_id_str(box));
    if (b) {
        if (now_ms - b->since_ms >= DAY_MS)
            b->mails = b->rcpts = 0;
        if (b->mails == 0)
            b->since_ms = now_ms;
        return b;
    }
    if (s->boxes.n >= s->sweep_at)
        sweep(s, now_ms);
    b = calloc(1, sizeof *b);
    if (!b)
        return NULL;
    b->since_ms = now_ms;
    if (map_set(&s->boxes, box_id_str(box), b))
        return b;
    free(b);
    return NULL;
}

static uint32_t left(uint32_t most, uint32_t taken) { return most == 0 ? UINT32_MAX : most - MIN(most, taken); }

static enum send_refusal room(struct send_shared *s, const struct box_sent *b, uint32_t rcpts, int64_t now_ms,
                              int64_t *retry_ms)
{
    if (now_ms - s->hour_ms >= HOUR_MS || now_ms < s->hour_ms) {
        s->hour_ms = now_ms;
        s->hour_rcpts = 0;
    }
    *retry_ms = 0;
    if (left(s->o.box_mails, b->mails) < 1 || left(s->o.box_rcpts, b->rcpts) < rcpts) {
        *retry_ms = b->since_ms + DAY_MS - now_ms;
        return SEND_CAP_BOX;
    }
    if (left(s->o.all_rcpts, s->hour_rcpts) < rcpts) {
        *retry_ms = s->hour_ms + HOUR_MS - now_ms;
        return SEND_CAP_ALL;
    }
    return SEND_OK;
}

/* ---- for sessions ---- */

void send_shared_flags_set(struct send_shared *s, const struct store_box *box, uint32_t flags)
{
    pthread_mutex_lock(&s->lock);
    struct box_sent *b = entry(s, &box->id, 0);
    if (b) {
        b->said = true;
        b->flags = flags;
        b->until_ms = store_box_end_ms(box);
    }
    pthread_mutex_unlock(&s->lock);
}

uint32_t send_shared_flags(struct send_shared *s, const struct store_box *box)
{
    pthread_mutex_lock(&s->lock);
    const struct box_sent *b = map_get(&s->boxes, box_id_str(&box->id));
    uint32_t flags = b && b->said ? b->flags : box->flags;
    pthread_mutex_unlock(&s->lock);
    return flags;
}

enum send_refusal send_shared_take(struct send_shared *s, const struct send_share *what, int64_t now_ms,
                                   int64_t mono_ms, int64_t *retry_ms)
{
    if (what->peer && s->o.limit &&
        limit_take(s->o.limit, LIMIT_SEND, what->peer, what->rcpts, mono_ms, retry_ms) != OK)
        return SEND_CAP_ALL;
    pthread_mutex_lock(&s->lock);
    struct box_sent *b = entry(s, what->box, now_ms);
    enum send_refusal r = b ? room(s, b, what->rcpts, now_ms, retry_ms) : SEND_LATER;
    if (r == SEND_OK) {
        b->mails++;
        b->rcpts += what->rcpts;
        s->hour_rcpts += what->rcpts;
        b->has_peer = what->peer != NULL;
        if (what->peer)
            b->peer = *what->peer;
    }
    pthread_mutex_unlock(&s->lock);
    if (r != SEND_OK && what->peer && s->o.limit)
        limit_give(s->o.limit, LIMIT_SEND, what->peer, what->rcpts, mono_ms);
    return r;
}

enum send_refusal send_shared_room(struct send_shared *s, const struct box_id *box, int64_t now_ms, int64_t *retry_ms)
{
    pthread_mutex_lock(&s->lock);
    struct box_sent *b = entry(s, box, now_ms);
    enum send_refusal r = b ? room(s, b, 1, now_ms, retry_ms) : SEND_LATER;
    pthread_mutex_unlock(&s->lock);
    return r;
}

/* ---- who is not there ---- */

static bool same_hour(const struct box_sent *b, int64_t now_ms)
{
    return now_ms >= b->unknown_ms && now_ms - b->unknown_ms < HOUR_MS;
}

void send_shared_unknown(struct send_shared *s, const struct box_id *box, int64_t now_ms, int64_t mono_ms)
{
    pthread_mutex_lock(&s->lock);
    struct box_sent *b = entry(s, box, now_ms);
    if (b && !same_hour(b, now_ms)) {
        b->unknown = 0;
        b->unknown_ms = now_ms;
    }
    if (b)
        b->unknown++;
    struct peer peer = b ? b->peer : (struct peer){ 0 };
    bool has_peer = b && b->has_peer;
    pthread_mutex_unlock(&s->lock);
    if (has_peer && s->o.limit)
        (void)limit_take(s->o.limit, LIMIT_UNKNOWN_RCPT, &peer, 1, mono_ms, NULL);
    if (has_peer && s->o.standing)
        standing_note(s->o.standing, STANDING_READER, &peer, STANDING_UNKNOWN, mono_ms);
}

bool send_shared_is_ours(const struct send_shared *s, struct str key)
{
    struct str domain = str_from(key, str_rchr(key, '@') + 1);
    for (size_t i = 0; i < s->o.ours.n; i++)
        if (str_eq_nocase(domain, s->o.ours.names[i]))
            return true;
    return false;
}

enum send_refusal send_shared_may_ask(struct send_shared *s, const struct send_share *what, struct str key,
                                      int64_t now_ms, int64_t mono_ms, int64_t *retry_ms)
{
    if (!send_shared_is_ours(s, key))
        return s->o.no_way_out ? SEND_NO_WAY_OUT : SEND_OK;
    pthread_mutex_lock(&s->lock);
    const struct box_sent *b = map_get(&s->boxes, box_id_str(what->box));
    bool asked = b && same_hour(b, now_ms) && b->unknown >= UNKNOWN_MAX;
    if (asked)
        *retry_ms = b->unknown_ms + HOUR_MS - now_ms;
    pthread_mutex_unlock(&s->lock);
    if (asked)
        return SEND_CAP_BOX;
    return what->peer && s->o.limit && limit_over(s->o.limit, LIMIT_UNKNOWN_RCPT, what->peer, mono_ms, retry_ms)
               ? SEND_CAP_ALL
               : SEND_OK;
}

void send_shared_give(struct send_shared *s, const struct send_share *what, int64_t mono_ms)
{
    pthread_mutex_lock(&s->lock);
    struct box_sent *b = map_get(&s->boxes, box_id_str(what->box));
    if (b) {
        b->mails -= MIN(b->mails, 1u);
        b->rcpts -= MIN(b->rcpts, what->rcpts);
    }
    s->hour_rcpts -= MIN(s->hour_rcpts, what->rcpts);
    pthread_mutex_unlock(&s->lock);
    if (what->peer && s->o.limit)
        limit_give(s->o.limit, LIMIT_SEND, what->peer, what->rcpts, mono_ms);
}

void send_shared_left(struct send_shared *s, const struct box_id *box, int64_t now_ms, uint32_t *mails, uint32_t *rcpts)
{
    pthread_mutex_lock(&s->lock);
    const struct box_sent *b = map_get(&s->boxes, box_id_str(box));
    bool today = b && now_ms - b->since_ms < DAY_MS;
    *mails = left(s->o.box_mails, today ? b->mails : 0);
    *rcpts = left(s->o.box_rcpts, today ? b->rcpts : 0);
    pthread_mutex_unlock(&s->lock);
}
