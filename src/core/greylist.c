/* Triplets that wait, and networks that have passed, in a table each: a flood of triplets costs others that are new a
 * wait, and no memory; who has passed does not notice. Rows are looked for at a few places from their own; the stalest
 * goes when none is free. */
#include "core/greylist.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { SLOTS = 32768, PROBES = 8 };

struct row {
    uint8_t key[16];
    bool used;
    int64_t first_ms, last_ms;
};
struct greylist {
    struct greylist_opts o;
    struct limit *keys;
    pthread_mutex_t lock;
    struct row waiting[SLOTS], passed[SLOTS];
};

enum err greylist_new(const struct greylist_opts *o, struct limit *keys, struct greylist **out)
{
    struct greylist *g = calloc(1, sizeof *g);
    if (!g)
        return ERR_IO;
    g->o = *o;
    g->keys = keys;
    pthread_mutex_init(&g->lock, NULL);
    *out = g;
    return OK;
}

void greylist_free(struct greylist *g) { free(g); }

/* The row, or the one that may be made into it. */
static struct row *row_of(const struct greylist *g, struct row table[SLOTS], const struct peer *p, int64_t now_ms,
                          bool *known)
{
    struct row *oldest = NULL;
    for (size_t i = 0; i < PROBES; i++) {
        struct row *r = &table[(get_be32(p->key) + i) % SLOTS];
        *known = r->used && r->last_ms + g->o.keep_ms > now_ms && memcmp(r->key, p->key, sizeof r->key) == 0;
        if (*known)
            return r;
        if (!oldest || !r->used || (oldest->used && r->last_ms < oldest->last_ms))
            oldest = r;
    }
    return oldest;
}

static void begin(struct row *r, const struct peer *p, int64_t now_ms)
{
    *r = (struct row){ .used = true, .first_ms = now_ms, .last_ms = now_ms };
    memcpy(r->key, p->key, sizeof r->key);
}

/* Under the lock. */
static int64_t wait_ms(struct greylist *g, const struct peer *network, const struct peer *triplet, int64_t now_ms)
{
    bool known;
    struct row *r = row_of(g, g->passed, network, now_ms, &known);
    if (known) {
        r->last_ms = now_ms;
        return 0;
    }
    r = row_of(g, g->waiting, triplet, now_ms, &known);
    if (!known)
        begin(r, triplet, now_ms);
    int64_t left_ms = r->first_ms + g->o.delay_ms - now_ms;
    if (left_ms > 0)
        return left_ms;
    begin(row_of(g, g->passed, network, now_ms, &known), network, now_ms);
    return 0;
}

int64_t greylist_wait_ms(struct greylist *g, const struct peer *p, struct str from, struct str rcpt, int64_t now_ms)
{
    struct peer network = limit_peer_for(g->keys, p, S("greylist"));
    struct peer triplet = limit_peer_for(g->keys, &network, from);
    triplet = limit_peer_for(g->keys, &triplet, rcpt);
    pthread_mutex_lock(&g->lock);
    int64_t ms = wait_ms(g, &network, &triplet, now_ms);
    pthread_mutex_unlock(&g->lock);
    return ms;
}
