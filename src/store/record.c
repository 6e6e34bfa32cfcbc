/* One pair of functions a record of the index. */
#include "store/record.h"
#include "store/record_bytes.h"

enum { BOX_VERSION = 2, FOLDER_VERSION = 3, ROW_VERSION = 3, DUP_VERSION = 2 };

size_t rec_box_put(uint8_t out[REC_BOX_N], const struct box_rec *b)
{
    const struct store_box *x = &b->box;
    struct out o = { .p = out };
    put8(&o, BOX_VERSION);
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
    put32(&o, x->folder_last);
    put32(&o, b->vacated);
    return o.n;
}

enum err rec_box_parse(struct str in, struct box_rec *out)
{
    struct in i = begin_upto(in, BOX_VERSION);
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
    x->folder_last = i.version < 2 ? FOLDER_FIXED : get32(&i);
    b.vacated = i.version < 2 ? 0 : get32(&i);
    if (!whole(&i) || x->folder_last < FOLDER_FIXED)
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

enum { FOLDER_IS_SUBSCRIBED = 1, FOLDER_IS_ARCHIVE = 2, FOLDER_IS_ALL = 3 };

size_t rec_folder_put(uint8_t out[REC_FOLDER_MAX], const struct store_folder *f)
{
    struct out o = { .p = out };
    put8(&o, FOLDER_VERSION);
    put32(&o, f->uidvalidity);
    put32(&o, f->uidnext);
    put32(&o, f->total);
    put32(&o, f->unseen);
    put32(&o, f->deleted);
    put32(&o, f->recent);
    put32(&o, f->recent_from);
    put64(&o, f->bytes);
    put64(&o, f->deleted_bytes);
    put64(&o, f->modseq);
    put8(&o, (uint8_t)((f->subscribed ? FOLDER_IS_SUBSCRIBED : 0) | (f->archive ? FOLDER_IS_ARCHIVE : 0)));
    put(&o, f->name_hash, NAME_HASH_N);
    put(&o, f->sealed.p, f->sealed.n);
    return o.n;
}

static void folder_first(struct in *i, struct store_folder *f)
{
    f->uidnext = get32(i);
    f->total = get32(i);
    f->unseen = get32(i);
    f->modseq = get64(i);
    f->subscribed = f->no <= FOLDER_FIXED;
}

enum err rec_folder_parse(struct str in, struct store_folder *out)
{
    struct in i = begin_upto(in, FOLDER_VERSION);
    struct store_folder f = { .no = out->no };
    uint8_t flags = 0;
    if (i.version == 1) {
        folder_first(&i, &f);
    } else {
        f.uidvalidity = get32(&i);
        f.uidnext = get32(&i);
        f.total = get32(&i);
        f.unseen = get32(&i);
        f.deleted = get32(&i);
        f.recent = get32(&i);
        f.recent_from = get32(&i);
        f.bytes = get64(&i);
        f.deleted_bytes = i.version > 2 ? get64(&i) : f.deleted > 0 ? REC_NOT_COUNTED : 0;
        f.modseq = get64(&i);
        flags = *get(&i, 1);
        f.subscribed = flags & FOLDER_IS_SUBSCRIBED;
        f.archive = flags & FOLDER_IS_ARCHIVE;
        get_to(&i, f.name_hash, NAME_HASH_N);
    }
    f.sealed = i.left;
    if (i.failed || f.sealed.n > STORE_SEALED_MAX || flags > FOLDER_IS_ALL || (i.version > 1 && f.recent_from == 0))
        return ERR_BAD;
    *out = f;
    return OK;
}

size_t rec_keyword_put(uint8_t out[REC_KEYWORD_MAX], const struct store_keyword *k)
{
    struct out o = { .p = out };
    put8(&o, 1);
    put(&o, k->name_hash, NAME_HASH_N);
    put(&o, k->sealed.p, k->sealed.n);
    return o.n;
}

enum err rec_keyword_parse(struct str in, struct store_keyword *out)
{
    struct in i = begin(in);
    struct store_keyword k = { .flag = out->flag };
    get_to(&i, k.name_hash, NAME_HASH_N);
    k.sealed = i.left;
    if (i.failed || k.sealed.n > STORE_NAME_MAX)
        return ERR_BAD;
    *out = k;
    return OK;
}

size_t rec_vacant_put(uint8_t out[REC_VACANT_MAX], const struct store_vacant *v)
{
    struct out o = { .p = out };
    put8(&o, 1);
    put(&o, v->sealed.p, v->sealed.n);
    return o.n;
}

enum err rec_vacant_parse(struct str in, struct store_vacant *out)
{
    struct in i = begin(in);
    if (i.failed || i.left.n == 0 || i.left.n > STORE_NAME_MAX)
        return ERR_BAD;
    out->sealed = i.left;
    return OK;
}

size_t rec_row_put(uint8_t out[REC_ROW_MAX], const struct row_rec *r)
{
    const struct store_row *w = &r->row;
    struct out o = { .p = out };
    bool copy = memcmp(w->origin.b, w->id.b, MSG_ID_N) != 0;
    put8(&o, copy ? ROW_VERSION : ROW_VERSION - 1);
    put(&o, w->id.b, MSG_ID_N);
    put64(&o, w->modseq);
    put32(&o, w->flags);
    put32(&o, w->generation);
    puts64(&o, w->received_ms);
    puts64(&o, w->saved_ms);
    put64(&o, w->size);
    put32(&o, w->env_n);
    put32(&o, w->hdr_n);
    put64(&o, w->body_n);
    put64(&o, r->seg);
    put64(&o, r->off);
    if (copy)
        put(&o, w->origin.b, MSG_ID_N);
    if (w->env_n <= REC_ENV_INLINE_MAX)
        put(&o, w->env.p, w->env_n);
    return o.n;
}

enum err rec_row_parse(struct str in, struct row_rec *out)
{
    struct in i = begin_upto(in, ROW_VERSION);
    struct row_rec r = { .row = out->row };
    struct store_row *w = &r.row;
    get_to(&i, w->id.b, MSG_ID_N);
    w->modseq = get64(&i);
    w->flags = get32(&i);
    w->generation = get32(&i);
    w->received_ms = gets64(&i);
    w->saved_ms = i.version < 2 ? w->received_ms : gets64(&i);
    w->size = get64(&i);
    w->env_n = get32(&i);
    w->hdr_n = get32(&i);
    w->body_n = get64(&i);
    r.seg = get64(&i);
    r.off = get64(&i);
    w->origin = w->id;
    if (i.version >= 3)
        get_to(&i, w->origin.b, MSG_ID_N);
    bool inside = w->env_n <= REC_ENV_INLINE_MAX;
    if (i.failed || i.left.n != (inside ? w->env_n : 0))
        return ERR_BAD;
    w->env = inside ? i.left : (struct str){ NULL, 0 };
    w->hdr = w->body = (struct str){ NULL, 0 };
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
    put8(&o, DUP_VERSION);
    puts64(&o, d->at_ms);
    put32(&o, d->folder);
    put32(&o, d->uid);
    put(&o, d->id.b, MSG_ID_N);
    return o.n;
}

enum err rec_dup_parse(struct str in, struct dup_rec *out)
{
    struct in i = begin_upto(in, DUP_VERSION);
    struct dup_rec d = { .at_ms = gets64(&i), .has_id = i.version > 1 };
    d.folder = get32(&i);
    d.uid = get32(&i);
    if (d.has_id)
        get_to(&i, d.id.b, MSG_ID_N);
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
