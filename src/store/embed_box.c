/* Every run_*() checks all that can be refused before its first write: a batch has no way to take back one request's.
 */
#include "store/embed_box.h"
#include <stdlib.h>
#include <string.h>

bool box_ending(struct store *st, const struct box_id *id)
{
    if (atomic_load(&st->ending_n) == 0)
        return false;
    pthread_mutex_lock(&st->ending_mx);
    bool yes = map_get(&st->ending, box_id_str(id)) != NULL;
    pthread_mutex_unlock(&st->ending_mx);
    return yes;
}

void box_ending_add(struct store *st, const struct box_id *ids, size_t n)
{
    pthread_mutex_lock(&st->ending_mx);
    for (size_t i = 0; i < n; i++)
        map_set(&st->ending, box_id_str(&ids[i]), st); /* without memory the box lives until its lease is gone */
    atomic_store(&st->ending_n, st->ending.n);
    pthread_mutex_unlock(&st->ending_mx);
}

void box_ending_del(struct store *st, const struct box_id *ids, size_t n)
{
    pthread_mutex_lock(&st->ending_mx);
    for (size_t i = 0; i < n; i++)
        map_del(&st->ending, box_id_str(&ids[i]));
    atomic_store(&st->ending_n, st->ending.n);
    if (st->ending.n == 0) { /* a map never shrinks */
        map_fini(&st->ending);
        map_init(&st->ending, 0);
    }
    pthread_mutex_unlock(&st->ending_mx);
}

enum err box_load(struct store *st, struct index_txn *t, const struct box_id *id, int64_t due_ms, struct box_rec *out,
                  uint8_t lease[KEY_N])
{
    struct key k = key_box(id, REC_BOX);
    struct str raw;
    enum err e = index_get(t, TAB_DATA, key_str(&k), &raw);
    if (e != OK)
        return e;
    if (rec_box_parse(raw, out) != OK)
        return ERR_IO;
    out->box.id = *id;
    if (store_box_end_ms(&out->box) <= due_ms || box_ending(st, id))
        return ERR_GONE;
    return lease_get(st->leases, id, out->slot, lease);
}

struct key key_time(int64_t ms, struct str rest)
{
    struct key k = { .n = 0 };
    key_add64(&k, (uint64_t)ms);
    key_add(&k, rest.p, rest.n);
    return k;
}

static void end_index(struct index_txn *t, const struct box_rec *b, int64_t old_end_ms)
{
    int64_t end = store_box_end_ms(&b->box);
    if (end == old_end_ms)
        return;
    uint8_t slot[4];
    put_be32(slot, b->slot);
    struct key was = key_time(old_end_ms, box_id_str(&b->box.id)), is = key_time(end, box_id_str(&b->box.id));
    if (old_end_ms > 0)
        index_del(t, TAB_END, key_str(&was));
    index_put(t, TAB_END, key_str(&is), str_of(slot, sizeof slot));
}

void box_save(struct index_txn *t, const struct box_rec *b, int64_t old_end_ms)
{
    uint8_t raw[REC_BOX_N];
    struct key k = key_box(&b->box.id, REC_BOX);
    index_put(t, TAB_DATA, key_str(&k), str_of(raw, rec_box_put(raw, b)));
    end_index(t, b, old_end_ms);
}

enum err box_sealed(struct index_txn *t, const struct box_id *id, struct arena *a, struct str *out)
{
    struct key k = key_box(id, REC_SEALED);
    struct str raw;
    enum err e = index_get(t, TAB_DATA, key_str(&k), &raw);
    *out = (struct str){ NULL, 0 };
    if (e == ERR_GONE)
        return OK;
    if (e == OK)
        *out = arena_dup(a, raw);
    return e == OK && !out->p ? ERR_IO : e;
}

/* A box's uidvalidity is a second of the clock, or one more than the last: past that second none comes again. */
int64_t addr_kept_until_ms(const struct addr_rec *a) { return MAX(a->until_ms, ((int64_t)a->uidvalidity + 1) * 1000); }

size_t addr_put(uint8_t out[ADDR_REC_N], const struct addr_rec *a)
{
    out[0] = a->rests ? 2 : 1;
    if (!a->rests) {
        memcpy(out + 1, a->box.b, BOX_ID_N);
        return 1 + BOX_ID_N;
    }
    put_be64(out + 1, (uint64_t)a->until_ms);
    put_be32(out + 9, a->uidvalidity);
    return 13;
}

enum err addr_get(struct str in, struct addr_rec *out)
{
    const uint8_t *p = (const uint8_t *)in.p;
    if (in.n == 1 + BOX_ID_N && p[0] == 1) {
        *out = (struct addr_rec){ .rests = false };
        memcpy(out->box.b, p + 1, BOX_ID_N);
        return OK;
    }
    if ((in.n != 13 && in.n != 9) || p[0] != 2) /* 9: format 1 */
        return ERR_BAD;
    *out = (struct addr_rec){ .rests = true, .until_ms = (int64_t)get_be64(p + 1) };
    out->uidvalidity = in.n == 13 ? get_be32(p + 9) : 0;
    return OK;
}

/* ---- credentials ---- */

static bool creds_fit(const struct store_cred *creds, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (creds[i].sealed.n > STORE_SEALED_MAX)
            return false;
    return n <= STORE_CREDS_MAX;
}

/* Random 256 bits don't meet by chance; one that is somebody else's must not open this box. */
static bool lookup_taken(struct index_txn *t, const struct box_id *box, const struct store_cred *creds, size_t n)
{
    struct str raw;
    for (size_t i = 0; i < n; i++)
        if (creds[i].kind != CRED_PASSWORD &&
            index_get(t, TAB_CRED, str_of(creds[i].lookup, HASH_N), &raw) != ERR_GONE &&
            (raw.n < BOX_ID_N || memcmp(raw.p, box->b, BOX_ID_N) != 0))
            return true;
    return false;
}

static struct key cred_key(const struct box_id *box, uint64_t id)
{
    struct key k = key_box(box, REC_CRED);
    key_add64(&k, id);
    return k;
}

static void creds_save(struct index_txn *t, const struct box_id *box, const struct store_cred *creds, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint8_t raw[REC_CRED_MAX];
        struct key k = cred_key(box, creds[i].id), who = key_of(box->b, BOX_ID_N);
        key_add64(&who, creds[i].id);
        index_put(t, TAB_DATA, key_str(&k), str_of(raw, rec_cred_put(raw, &creds[i])));
        if (creds[i].kind != CRED_PASSWORD)
            index_put(t, TAB_CRED, str_of(creds[i].lookup, HASH_N), key_str(&who));
    }
}

static void creds_remove(struct index_txn *t, const struct box_id *box)
{
    struct key k = key_box(box, REC_CRED);
    struct index_scan sc;
    scan_begin(&sc, t, TAB_DATA);
    for (bool more = scan_seek(&sc, key_str(&k)); more && str_starts(sc.key, key_str(&k)); more = scan_next(&sc)) {
        struct store_cred c;
        if (rec_cred_parse(sc.val, &c) == OK && c.kind != CRED_PASSWORD)
            index_del(t, TAB_CRED, str_of(c.lookup, HASH_N));
        scan_del(&sc);
    }
    scan_end(&sc);
}

enum err box_creds(struct index_txn *t, const struct box_id *id, struct arena *a, struct store_cred **out, size_t *n)
{
    struct key k = key_box(id, REC_CRED);
    struct index_scan sc;
    enum err e = OK;
    *n = 0;
    *out = arena_array(a, STORE_CREDS_MAX, sizeof **out);
    scan_begin(&sc, t, TAB_DATA);
    for (bool more = scan_seek(&sc, key_str(&k));
         *out && more && str_starts(sc.key, key_str(&k)) && *n < STORE_CREDS_MAX; more = scan_next(&sc)) {
        struct store_cred *c = &(*out)[*n];
        c->id = sc.key.n == k.n + 8 ? get_be64((const uint8_t *)sc.key.p + k.n) : 0;
        if (rec_cred_parse(sc.val, c) != OK) {
            e = ERR_IO;
            break;
        }
        c->sealed = arena_dup(a, c->sealed);
        ++*n;
    }
    scan_end(&sc);
    return *out ? e : ERR_IO;
}

/* ---- requests ---- */

/* uidvalidity: the lowest that no earlier box of the address had. */
static enum err create_check(struct batch *b, const struct store_create *c, uint32_t *uidvalidity)
{
    struct key k = key_box(&c->box.id, REC_BOX);
    struct str raw;
    struct addr_rec a = { .uidvalidity = 0 };
    if (atomic_load(&b->st->full))
        return ERR_FULL;
    if (!creds_fit(c->creds, c->creds_n) || c->box.sealed.n > STORE_SEALED_MAX)
        return ERR_BAD;
    enum err e = index_get(&b->t, TAB_DATA, key_str(&k), &raw);
    if (e != ERR_GONE)
        return e == OK ? ERR_BUSY : e;
    e = index_get(&b->t, TAB_ADDR, str_of(c->box.addr_hash, HASH_N), &raw);
    if (e == OK && (addr_get(raw, &a) != OK || !a.rests || a.until_ms > b->now_ms))
        return ERR_BUSY;
    if (e != OK && e != ERR_GONE)
        return e;
    *uidvalidity = MAX((uint32_t)(b->now_ms / 1000), a.uidvalidity + 1);
    return lookup_taken(&b->t, &c->box.id, c->creds, c->creds_n) ? ERR_BUSY : OK;
}

static bool taken_add(struct batch *b, const struct box_id *id, uint32_t slot)
{
    if (b->taken_n == b->taken_cap) {
        size_t cap = b->taken_cap ? b->taken_cap * 2 : 64;
        struct lease_ref *taken = realloc(b->taken, cap * sizeof *taken);
        if (!taken)
            return false;
        b->taken = taken;
        b->taken_cap = cap;
    }
    b->taken[b->taken_n++] = (struct lease_ref){ .box = *id, .slot = slot };
    return true;
}

static void create_save(struct batch *b, const struct store_create *c, uint32_t slot, uint32_t uidvalidity)
{
    struct box_rec rec = { .box = c->box, .slot = slot };
    struct store_box *x = &rec.box;
    x->uidvalidity = uidvalidity;
    x->modseq = 1;
    x->received = x->messages = 0;
    x->bytes = 0;
    x->folder_last = FOLDER_FIXED;
    x->changed_ms = 0;
    x->end_ms = MAX(x->end_ms, b->now_ms + 1);
    if (x->last_visit_ms == 0)
        x->last_visit_ms = b->now_ms;
    uint8_t raw[ADDR_REC_N];
    struct key sealed = key_box(&x->id, REC_SEALED);
    box_save(&b->t, &rec, 0);
    index_put(&b->t, TAB_DATA, key_str(&sealed), x->sealed);
    index_put(&b->t, TAB_ADDR, str_of(x->addr_hash, HASH_N),
              str_of(raw, addr_put(raw, &(struct addr_rec){ .box = x->id })));
    creds_save(&b->t, &x->id, c->creds, c->creds_n);
}

void run_create(struct batch *b, struct store_req *r)
{
    struct store_create *c = CONTAINER_OF(r, struct store_create, req);
    uint32_t slot = 0, uidvalidity = 0;
    r->err = create_check(b, c, &uidvalidity);
    if (r->err == OK)
        r->err = lease_take(b->st->leases, &c->box.id, c->lease, &slot);
    if (r->err != OK)
        return;
    b->failed |= !taken_add(b, &c->box.id, slot);
    create_save(b, c, slot, uidvalidity);
}

static size_t creds_count(struct index_txn *t, const struct box_id *box)
{
    struct key k = key_box(box, REC_CRED);
    struct index_scan sc;
    size_t n = 0;
    scan_begin(&sc, t, TAB_DATA);
    for (bool more = scan_seek(&sc, key_str(&k)); more && str_starts(sc.key, key_str(&k)); more = scan_next(&sc))
        n++;
    scan_end(&sc);
    return n;
}

/* Is the set that the caller changed still the one that it read? */
static bool recred_outdated(struct batch *b, const struct store_recred *c, const struct box_rec *rec)
{
    return rec->box.generation != c->expect_generation || creds_count(&b->t, &c->id) != c->expect_creds_n;
}

void run_recred(struct batch *b, struct store_req *r)
{
    struct store_recred *c = CONTAINER_OF(r, struct store_recred, req);
    struct box_rec rec;
    r->err = box_load(b->st, &b->t, &c->id, b->due_ms, &rec, NULL);
    if (r->err != OK)
        return;
    if (c->creds_n > STORE_CREDS_MAX)
        r->err = ERR_FULL;
    else if (!creds_fit(c->creds, c->creds_n) || c->sealed.n > STORE_SEALED_MAX || c->generation < c->expect_generation)
        r->err = ERR_BAD;
    else if (recred_outdated(b, c, &rec) || lookup_taken(&b->t, &c->id, c->creds, c->creds_n))
        r->err = ERR_BUSY;
    if (r->err != OK)
        return;
    creds_remove(&b->t, &c->id);
    creds_save(&b->t, &c->id, c->creds, c->creds_n);
    if (c->generation == c->expect_generation)
        return;
    struct key sealed = key_box(&c->id, REC_SEALED);
    rec.box.generation = c->generation;
    memcpy(rec.box.pub, c->pub, KEY_N);
    box_save(&b->t, &rec, store_box_end_ms(&rec.box));
    index_put(&b->t, TAB_DATA, key_str(&sealed), c->sealed);
}

/* An end that is set to now or before comes with the next millisecond: sweeps rely on no end appearing behind them. */
static void change_apply(struct batch *b, const struct store_change *c, struct store_box *x)
{
    if (c->set & (CHANGE_END | CHANGE_IDLE | CHANGE_COUNT))
        x->changed_ms = b->now_ms;
    if (c->set & CHANGE_END)
        x->end_ms = c->end_ms;
    if (c->set & CHANGE_COUNT)
        x->ends_after = c->ends_after;
    if (c->set & CHANGE_IDLE)
        x->idle_ttl_ms = MAX(c->idle_ttl_ms, 0);
    if (c->set & CHANGE_FLAGS)
        x->flags = (x->flags & ~c->flags_clear) | c->flags_set;
    if (c->set & (CHANGE_VISIT | CHANGE_IDLE))
        x->last_visit_ms = b->now_ms;
    if (x->ends_after && x->received >= x->ends_after)
        x->end_ms = MIN(x->end_ms, b->now_ms + STORE_LAST_GRACE_MS);
    x->end_ms = MAX(x->end_ms, b->now_ms + 1);
}

void run_change(struct batch *b, struct store_req *r)
{
    struct store_change *c = CONTAINER_OF(r, struct store_change, req);
    struct box_rec rec;
    r->err = box_load(b->st, &b->t, &c->id, b->due_ms, &rec, NULL);
    if (r->err != OK)
        return;
    bool limited = c->set & (CHANGE_END | CHANGE_IDLE | CHANGE_COUNT) && !c->force;
    int64_t old_end = store_box_end_ms(&rec.box);
    c->box = rec.box;
    r->err = box_sealed(&b->t, &c->id, &r->arena, &c->box.sealed);
    if (r->err == OK && limited && rec.box.changed_ms && b->now_ms - rec.box.changed_ms < STORE_CHANGE_GAP_MS)
        r->err = ERR_BUSY;
    if (r->err != OK)
        return;
    change_apply(b, c, &rec.box);
    box_save(&b->t, &rec, old_end);
    struct str sealed = c->box.sealed;
    c->box = rec.box;
    c->box.sealed = sealed;
}
