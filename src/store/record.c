/* A writer that counts and a reader that remembers its first failure, then one pair of functions a record. */
#include "store/record.h"
#include "base/secret.h"
#include <assert.h>
#include <string.h>

struct out {
    uint8_t *p;
    size_t n;
};
struct in {
    struct str left;
    bool failed;
};

static void put(struct out *o, const void *p, size_t n)
{
    if (n > 0)
        memcpy(o->p + o->n, p, n);
    o->n += n;
}
static void put8(struct out *o, uint8_t v) { o->p[o->n++] = v; }
static void put32(struct out *o, uint32_t v)
{
    put_be32(o->p + o->n, v);
    o->n += 4;
}
static void put64(struct out *o, uint64_t v)
{
    put_be64(o->p + o->n, v);
    o->n += 8;
}
static void puts64(struct out *o, int64_t v) { put64(o, (uint64_t)v); }

static const uint8_t *get(struct in *i, size_t n)
{
    static const uint8_t nothing[64];
    assert(n <= sizeof nothing);
    if (i->left.n < n) {
        i->failed = true;
        i->left.n = 0;
        return nothing;
    }
    const uint8_t *p = (const uint8_t *)i->left.p;
    i->left = str_from(i->left, n);
    return p;
}
static uint32_t get32(struct in *i) { return get_be32(get(i, 4)); }
static uint64_t get64(struct in *i) { return get_be64(get(i, 8)); }
static int64_t gets64(struct in *i) { return (int64_t)get64(i); }
static void get_to(struct in *i, void *to, size_t n) { memcpy(to, get(i, n), n); }
static struct in begin(struct str s)
{
    struct in i = { .left = s };
    if (*get(&i, 1) != 1) /* the version of every record so far */
        i.failed = true;
    return i;
}
static bool whole(const struct in *i) { return !i->failed && i->left.n == 0; }

size_t rec_box_put(uint8_t out[REC_BOX_N], const struct box_rec *b)
{
    const struct store_box *x = &b->box;
    struct out o = { .p = out };
    put8(&o, 1);
    put(&o, x->addr_hash, HASH_N);
    put(&o, x->pub, KEY_N);
    put32(&o, x->generation);
    put32(&o, x->uidvalidity);
    puts64(&o, x->created_ms);
    puts64(&o, x->end_ms);
    puts64(&o, x->idle_ttl_ms);
    puts64(&o, x->last_visit_ms);
    puts64(&o, x->changed_ms);
    put32(&o, x->ends_after);
    put32(&o, x->received);
    put32(&o, x->messages);
    put32(&o, x->max_messages);
    put64(&o, x->bytes);
    put64(&o, x->max_bytes);
    put64(&o, x->modseq);
    put32(&o, x->flags);
    put32(&o, b->slot);
    put32(&o, b->gone_n);
    put64(&o, b->gone_floor);
    return o.n;
}

enum err rec_box_parse(struct str in, struct box_rec *out)
{
    struct in i = begin(in);
    struct box_rec b = { .slot = 0 };
    struct store_box *x = &b.box;
    get_to(&i, x->addr_hash, HASH_N);
    get_to(&i, x->pub, KEY_N);
    x->generation = get32(&i);
    x->uidvalidity = get32(&i);
    x->created_ms = gets64(&i);
    x->end_ms = gets64(&i);
    x->idle_ttl_ms = gets64(&i);
    x->last_visit_ms = gets64(&i);
    x->changed_ms = gets64(&i);
    x->ends_after = get32(&i);
    x->received = get32(&i);
    x->messages = get32(&i);
    x->max_messages = get32(&i);
    x->bytes = get64(&i);
    x->max_bytes = get64(&i);
    x->modseq = get64(&i);
    x->flags = get32(&i);
    b.slot = get32(&i);
    b.gone_n = get32(&i);
    b.gone_floor = get64(&i);
    if (!whole(&i))
        return ERR_BAD;
    *out = b;
    return OK;
}

size_t rec_cred_put(uint8_t out[REC_CRED_MAX], const struct store_cred *c)
{
    struct out o = { .p = out };
    put8(&o, 1);
    put8(&o, (uint8_t)c->kind);
    put(&o, c->lookup, HASH_N);
    put(&o, c->salt, SALT_N);
    put(&o, c->pub, KEY_N);
    puts64(&o, c->created_ms);
    put(&o, c->sealed.p, c->sealed.n);
    return o.n;
}

enum err rec_cred_parse(struct str in, struct store_cred *out)
{
    struct in i = begin(in);
    struct store_cred c = { .id = 0 };
    uint8_t kind = *get(&i, 1);
    get_to(&i, c.lookup, HASH_N);
    get_to(&i, c.salt, SALT_N);
    get_to(&i, c.pub, KEY_N);
    c.created_ms = gets64(&i);
    c.sealed = i.left;
    if (i.failed || kind < CRED_TOKEN || kind > CRED_RECOVERY || c.sealed.n > STORE_SEALED_MAX)
        return ERR_BAD;
    c.kind = (enum cred_kind)kind;
    c.id = out->id;
    *out = c;
    return OK;
}

size_t rec_folder_put(uint8_t out[REC_FOLDER_MAX], const struct store_folder *f)
{
    struct out o = { .p = out };
    put8(&o, 1);
    put32(&o, f->uidnext);
    put32(&o, f->total);
    put32(&o, f->unseen);
    put64(&o, f->modseq);
    put(&o, f->sealed.p, f->sealed.n);
    return o.n;
}

enum err rec_folder_parse(struct str in, struct store_folder *out)
{
    struct in i = begin(in);
    struct store_folder f = { .uidnext = get32(&i) };
    f.total = get32(&i);
    f.unseen = get32(&i);
    f.modseq = get64(&i);
    f.sealed = i.left;
    if (i.failed || f.sealed.n > STORE_SEALED_MAX)
        return ERR_BAD;
    f.no = out->no;
    *out = f;
    return OK;
}

size_t rec_row_put(uint8_t out[REC_ROW_MAX], const struct row_rec *r)
{
    const struct store_row *w = &r->row;
    struct out o = { .p = out };
    put8(&o, 1);
    put(&o, w->id.b, MSG_ID_N);
    put64(&o, w->modseq);
    put32(&o, w->flags);
    put32(&o, w->generation);
    puts64(&o, w->received_ms);
    put64(&o, w->size);
    put32(&o, w->env_n);
    put32(&o, w->hdr_n);
    put64(&o, w->body_n);
    put64(&o, r->seg);
    put64(&o, r->off);
    if (w->env_n <= REC_ENV_INLINE_MAX)
        put(&o, w->env.p, w->env_n);
    return o.n;
}

enum err rec_row_parse(struct str in, struct row_rec *out)
{
    struct in i = begin(in);
    struct row_rec r = { .row = out->row };
    struct store_row *w = &r.row;
    get_to(&i, w->id.b, MSG_ID_N);
    w->modseq = get64(&i);
    w->flags = get32(&i);
    w->generation = get32(&i);
    w->received_ms = gets64(&i);
    w->size = get64(&i);
    w->env_n = get32(&i);
    w->hdr_n = get32(&i);
    w->body_n = get64(&i);
    r.seg = get64(&i);
    r.off = get64(&i);
    bool inside = w->env_n <= REC_ENV_INLINE_MAX;
    if (i.failed || i.left.n != (inside ? w->env_n : 0))
        return ERR_BAD;
    w->env = inside ? i.left : (struct str){ NULL, 0 };
    w->hdr = (struct str){ NULL, 0 };
    *out = r;
    return OK;
}

size_t rec_gone_put(uint8_t out[REC_GONE_N], const struct store_gone *g)
{
    struct out o = { .p = out };
    put8(&o, 1);
    put(&o, g->id.b, MSG_ID_N);
    put32(&o, g->folder);
    put32(&o, g->uid);
    return o.n;
}

enum err rec_gone_parse(struct str in, struct store_gone *out)
{
    struct in i = begin(in);
    struct store_gone g = { .modseq = out->modseq };
    get_to(&i, g.id.b, MSG_ID_N);
    g.folder = get32(&i);
    g.uid = get32(&i);
    if (!whole(&i))
        return ERR_BAD;
    *out = g;
    return OK;
}

size_t rec_dup_put(uint8_t out[REC_DUP_N], const struct dup_rec *d)
{
    struct out o = { .p = out };
    put8(&o, 1);
    puts64(&o, d->at_ms);
    put32(&o, d->folder);
    put32(&o, d->uid);
    return o.n;
}

enum err rec_dup_parse(struct str in, struct dup_rec *out)
{
    struct in i = begin(in);
    struct dup_rec d = { .at_ms = gets64(&i) };
    d.folder = get32(&i);
    d.uid = get32(&i);
    if (!whole(&i))
        return ERR_BAD;
    *out = d;
    return OK;
}

size_t rec_seg_put(uint8_t out[REC_SEG_N], const struct seg_rec *s)
{
    struct out o = { .p = out };
    put8(&o, 1);
    put32(&o, s->cls);
    put8(&o, s->sealed);
    put64(&o, s->size);
    put64(&o, s->live_n);
    put64(&o, s->live_bytes);
    puts64(&o, s->created_ms);
    return o.n;
}

enum err rec_seg_parse(struct str in, struct seg_rec *out)
{
    struct in i = begin(in);
    struct seg_rec s = { .cls = get32(&i) };
    uint8_t sealed = *get(&i, 1);
    s.sealed = sealed == 1;
    s.size = get64(&i);
    s.live_n = get64(&i);
    s.live_bytes = get64(&i);
    s.created_ms = gets64(&i);
    if (!whole(&i) || sealed > 1 || s.size > INT64_MAX)
        return ERR_BAD;
    *out = s;
    return OK;
}

static const char head_live[4] = "MFR1", head_dead[4] = "MFD1", lease_live[4] = "MFL1", lease_empty[4] = "MFE1";

void rec_head_put(uint8_t out[REC_HEAD_N], const struct rec_head *h)
{
    struct out o = { .p = out };
    put(&o, h->dead ? head_dead : head_live, 4);
    put32(&o, 0);
    put(&o, h->box.b, BOX_ID_N);
    put(&o, h->id.b, MSG_ID_N);
    put64(&o, h->env_n);
    put64(&o, h->hdr_n);
    put64(&o, h->body_n);
    assert(o.n == REC_HEAD_N);
    put_be32(out + 4, crypto_crc32c(0, str_of(out, REC_HEAD_N)));
}

/* The checksum was taken with zeros in its own place. */
static bool crc_right(struct str in, uint8_t copy[REC_LEASE_N])
{
    memcpy(copy, in.p, in.n);
    memset(copy + 4, 0, 4);
    return get_be32((const uint8_t *)in.p + 4) == crypto_crc32c(0, str_of(copy, in.n));
}

uint64_t rec_head_total(const struct rec_head *h) { return REC_HEAD_N + h->env_n + h->hdr_n + h->body_n; }

enum err rec_head_parse(struct str in, uint64_t room, struct rec_head *out)
{
    uint8_t copy[REC_LEASE_N];
    if (in.n != REC_HEAD_N || !crc_right(in, copy))
        return ERR_BAD;
    struct in i = { .left = in };
    struct rec_head h = { .dead = false };
    const uint8_t *magic = get(&i, 8);
    h.dead = memcmp(magic, head_dead, 4) == 0;
    get_to(&i, h.box.b, BOX_ID_N);
    get_to(&i, h.id.b, MSG_ID_N);
    h.env_n = get64(&i);
    h.hdr_n = get64(&i);
    h.body_n = get64(&i);
    bool fits = h.env_n <= room && h.hdr_n <= room - h.env_n && h.body_n <= room - h.env_n - h.hdr_n;
    if (!whole(&i) || !fits || (!h.dead && memcmp(magic, head_live, 4) != 0))
        return ERR_BAD;
    *out = h;
    return OK;
}

void rec_lease_put(uint8_t out[REC_LEASE_N], const struct lease_rec *l)
{
    struct out o = { .p = out };
    memset(out, 0, REC_LEASE_N);
    put(&o, l->live ? lease_live : lease_empty, 4);
    put32(&o, 0);
    put32(&o, l->slot);
    if (l->live) {
        put(&o, l->box.b, BOX_ID_N);
        put(&o, l->key, KEY_N);
    }
    put_be32(out + 4, crypto_crc32c(0, str_of(out, REC_LEASE_N)));
}

enum err rec_lease_parse(struct str in, uint32_t slot, struct lease_rec *out)
{
    uint8_t copy[REC_LEASE_N];
    if (in.n != REC_LEASE_N)
        return ERR_BAD;
    bool right = crc_right(in, copy);
    secret_wipe(copy, sizeof copy); /* the key passed through it */
    struct in i = { .left = in };
    struct lease_rec l = { .live = false };
    const uint8_t *magic = get(&i, 8);
    l.live = memcmp(magic, lease_live, 4) == 0;
    l.slot = get32(&i);
    get_to(&i, l.box.b, BOX_ID_N);
    get_to(&i, l.key, KEY_N);
    if (!right || l.slot != slot || (!l.live && memcmp(magic, lease_empty, 4) != 0))
        return ERR_BAD;
    *out = l;
    return OK;
}
