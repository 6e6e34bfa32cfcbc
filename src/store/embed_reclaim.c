/* A box's rows share a prefix, so reclaiming is deleting what comes after it; its own record goes last, because it says
 * which address has to rest. Should the process die half-way, the background check at the next start finds the box by
 * its missing lease. */
#include "store/embed_reclaim.h"
#include "store/embed_box.h"
#include "store/embed_row.h"
#include <stdlib.h>
#include <string.h>

enum { ROWS_BETWEEN_CLOCKS = 16, PURGE_EVERY_MS = 1000, QUARANTINE_MS_DAYS = 90 };

struct reclaim {
    pthread_mutex_t mx; /* queue */
    struct box_id *queue;
    size_t n, cap;
    size_t taken, taken_end; /* boxes of the slice under way: queue[taken_end - taken, taken_end) */
    int64_t purged_mono_ms;
    bool purge_more;
};

enum err reclaim_new(struct reclaim **out)
{
    struct reclaim *c = calloc(1, sizeof *c);
    if (!c)
        return ERR_IO;
    pthread_mutex_init(&c->mx, NULL);
    *out = c;
    return OK;
}

void reclaim_free(struct reclaim *c)
{
    if (!c)
        return;
    pthread_mutex_destroy(&c->mx);
    free(c->queue);
    free(c);
}

void reclaim_add(struct reclaim *c, const struct lease_ref *refs, size_t n)
{
    pthread_mutex_lock(&c->mx);
    if (n > c->cap - c->n) {
        size_t cap = MAX(c->cap * 2, c->n + n);
        struct box_id *q = realloc(c->queue, cap * sizeof *q);
        if (q)
            c->queue = q;
        c->cap = q ? cap : c->cap;
    }
    for (size_t i = 0; i < n && c->n < c->cap; i++) { /* what does not fit is found at the next start */
        c->queue[c->n++] = refs[i].box;
    }
    pthread_mutex_unlock(&c->mx);
}

bool reclaim_pending(struct reclaim *c)
{
    pthread_mutex_lock(&c->mx);
    bool some = c->n > 0;
    pthread_mutex_unlock(&c->mx);
    return some || c->purge_more || clock_mono_ms() - c->purged_mono_ms >= PURGE_EVERY_MS;
}

struct slice {
    struct batch *b;
    uint64_t until_us;
    unsigned rows, rows_max;
};

/* By rows too: each dirties pages that the commit beside it has to flush. */
static bool out_of_time(struct slice *s)
{
    s->rows++;
    return s->rows >= s->rows_max || (s->rows % ROWS_BETWEEN_CLOCKS == 0 && clock_mono_us() > s->until_us);
}

static void row_dies(struct slice *s, const struct box_id *box, struct str key, struct str val)
{
    struct row_rec row;
    if (row_of(key, val, &row) != OK)
        return;
    struct rec_head h = row_head(box, &row.row);
    seg_count(s->b->st->segs, row.seg, -1, -(int64_t)rec_head_total(&h));
}

/* All but the box's own record. True when it is all. */
static bool rows_remove(struct slice *s, const struct box_id *box)
{
    struct key prefix = key_of(box->b, BOX_ID_N), from = key_box(box, REC_BOX + 1);
    struct index_scan sc;
    bool more, late = false;
    scan_begin(&sc, &s->b->t, TAB_DATA);
    for (more = scan_seek(&sc, key_str(&from)); !late && more && str_starts(sc.key, key_str(&prefix));
         more = scan_next(&sc)) {
        uint8_t kind = sc.key.n > BOX_ID_N ? (uint8_t)sc.key.p[BOX_ID_N] : 0;
        struct store_cred c;
        if (kind == REC_ROW)
            row_dies(s, box, sc.key, sc.val);
        if (kind == REC_CRED && rec_cred_parse(sc.val, &c) == OK && c.kind != CRED_PASSWORD)
            index_del(&s->b->t, TAB_CRED, str_of(c.lookup, HASH_N));
        scan_del(&sc);
        late = out_of_time(s);
    }
    scan_end(&sc);
    return !late;
}

/* A chosen address rests (P8); a generated one never comes again by its shape, and the operator's own goes to nobody
 * else, so of those nothing need be remembered but which uidvalidities were used, until the clock has passed them. */
static void address_remove(struct batch *b, const struct store_box *x)
{
    struct str addr = str_of(x->addr_hash, HASH_N);
    int64_t rest =
        b->st->opts.quarantine_ms ? b->st->opts.quarantine_ms : (int64_t)QUARANTINE_MS_DAYS * 24 * 3600 * 1000;
    const struct addr_rec a = { .rests = true,
                                .until_ms = x->flags & BOX_GUESSABLE ? b->now_ms + rest : b->now_ms,
                                .uidvalidity = x->uidvalidity + (x->folder_last - FOLDER_FIXED) };
    if (addr_kept_until_ms(&a) <= b->now_ms) {
        index_del(&b->t, TAB_ADDR, addr);
        return;
    }
    uint8_t raw[ADDR_REC_N];
    struct key by_time = key_time(addr_kept_until_ms(&a), addr);
    index_put(&b->t, TAB_ADDR, addr, str_of(raw, addr_put(raw, &a)));
    index_put(&b->t, TAB_REST, key_str(&by_time), (struct str){ "", 0 });
}

/* True when nothing of it is left. */
static bool box_remove(struct slice *s, const struct box_id *id)
{
    struct key k = key_box(id, REC_BOX);
    struct str raw;
    struct box_rec rec;
    if (!rows_remove(s, id))
        return false;
    if (index_get(&s->b->t, TAB_DATA, key_str(&k), &raw) != OK)
        return true;
    if (rec_box_parse(raw, &rec) == OK) {
        struct key end = key_time(store_box_end_ms(&rec.box), box_id_str(id));
        address_remove(s->b, &rec.box);
        index_del(&s->b->t, TAB_END, key_str(&end));
    }
    index_del(&s->b->t, TAB_DATA, key_str(&k));
    return true;
}

/* A tombstone goes when its rest is over, unless the address was taken again meanwhile. */
static void rest_over(struct batch *b, struct str key)
{
    struct str addr = str_from(key, 8), raw;
    struct addr_rec a;
    if (index_get(&b->t, TAB_ADDR, addr, &raw) == OK && addr_get(raw, &a) == OK && a.rests &&
        addr_kept_until_ms(&a) <= b->now_ms)
        index_del(&b->t, TAB_ADDR, addr);
}

/* One that was written again, for a second copy, is listed a second time. */
static void dedup_over(struct batch *b, struct str key)
{
    struct str row = str_from(key, 8), raw;
    struct dup_rec d;
    if (index_get(&b->t, TAB_DATA, row, &raw) == OK &&
        (rec_dup_parse(raw, &d) != OK || d.at_ms + STORE_RETRY_MS <= b->now_ms))
        index_del(&b->t, TAB_DATA, row);
}

static bool purge(struct slice *s, enum index_table tab, void (*each)(struct batch *, struct str key))
{
    struct batch *b = s->b;
    struct index_scan sc;
    bool late = false, more;
    scan_begin(&sc, &b->t, tab);
    for (more = scan_next(&sc); more && !late; more = scan_next(&sc)) {
        if (sc.key.n <= 8 || sc.key.n > sizeof(struct key) - 8 ||
            (int64_t)get_be64((const uint8_t *)sc.key.p) > b->now_ms)
            break;
        struct key k = key_of(sc.key.p, sc.key.n);
        scan_del(&sc);
        each(b, key_str(&k));
        late = out_of_time(s);
    }
    scan_end(&sc);
    return late;
}

bool reclaim_slice(struct reclaim *c, struct batch *b, uint64_t budget_us, unsigned rows_max)
{
    struct slice s = { .b = b, .until_us = clock_mono_us() + budget_us, .rows_max = rows_max };
    bool late = false;
    pthread_mutex_lock(&c->mx);
    size_t left = c->taken_end = c->n;
    pthread_mutex_unlock(&c->mx);
    c->taken = 0;
    while (left > 0 && !late) {
        pthread_mutex_lock(&c->mx);
        struct box_id id = c->queue[left - 1];
        pthread_mutex_unlock(&c->mx);
        late = !box_remove(&s, &id);
        if (late)
            break;
        left--;
        c->taken++;
        late = out_of_time(&s);
    }
    if (!late && (c->purge_more || clock_mono_ms() - c->purged_mono_ms >= PURGE_EVERY_MS)) {
        c->purge_more = purge(&s, TAB_REST, rest_over) || purge(&s, TAB_DEDUP, dedup_over);
        c->purged_mono_ms = clock_mono_ms();
    }
    return late || c->purge_more;
}

/* The maintenance thread may have added behind the boxes that were taken: they are no longer at the end. */
void reclaim_committed(struct reclaim *c)
{
    if (c->taken == 0)
        return;
    pthread_mutex_lock(&c->mx);
    size_t end = c->taken_end;
    memmove(c->queue + end - c->taken, c->queue + end, (c->n - end) * sizeof *c->queue);
    c->n -= c->taken;
    if (c->n == 0) {
        free(c->queue);
        c->queue = NULL;
        c->cap = 0;
    }
    pthread_mutex_unlock(&c->mx);
    c->taken = 0;
}

void reclaim_failed(struct reclaim *c) { c->taken = 0; }
