/* A box's modseq grows by one for each message touched, so a log entry's key is unique. */
#include "store/embed_row.h"

struct key row_key(const struct box_id *box, uint32_t folder, uint32_t uid)
{
    struct key k = key_box(box, REC_ROW);
    key_add32(&k, folder);
    key_add32(&k, uid);
    return k;
}

static struct key id_key(const struct box_id *box, const struct msg_id *id)
{
    struct key k = key_box(box, REC_ID);
    key_add(&k, id->b, MSG_ID_N);
    return k;
}

static struct key log_key(const struct box_id *box, enum rec_kind kind, uint64_t modseq)
{
    struct key k = key_box(box, kind);
    key_add64(&k, modseq);
    return k;
}

static struct key place_of(const struct store_row *r)
{
    struct key v = { .n = 0 };
    key_add32(&v, r->folder);
    key_add32(&v, r->uid);
    return v;
}

uint64_t row_bytes(const struct store_row *r) { return (uint64_t)r->env_n + r->hdr_n + r->body_n; }

struct rec_head row_head(const struct box_id *box, const struct store_row *r)
{
    return (struct rec_head){ .box = *box,
                              .id = r->id,
                              .env_n = r->env_n > REC_ENV_INLINE_MAX ? r->env_n : 0,
                              .hdr_n = r->hdr_n,
                              .body_n = r->body_n };
}

enum err row_of(struct str key, struct str val, struct row_rec *out)
{
    const size_t prefix = BOX_ID_N + 1;
    if (key.n != prefix + 8)
        return ERR_IO;
    const uint8_t *p = (const uint8_t *)key.p + prefix;
    *out = (struct row_rec){ .row = { .folder = get_be32(p), .uid = get_be32(p + 4) } };
    return rec_row_parse(val, out) == OK ? OK : ERR_IO;
}

enum err row_at(struct index_txn *t, const struct box_id *box, uint32_t folder, uint32_t uid, struct row_rec *out)
{
    struct key k = row_key(box, folder, uid);
    struct str raw;
    enum err e = index_get(t, TAB_DATA, key_str(&k), &raw);
    return e == OK ? row_of(key_str(&k), raw, out) : e;
}

enum err row_find(struct index_txn *t, const struct box_id *box, const struct msg_id *id, struct row_rec *out)
{
    struct key k = id_key(box, id);
    struct str raw;
    enum err e = index_get(t, TAB_DATA, key_str(&k), &raw);
    if (e != OK)
        return e;
    if (raw.n != 8)
        return ERR_IO;
    const uint8_t *p = (const uint8_t *)raw.p;
    e = row_at(t, box, get_be32(p), get_be32(p + 4), out);
    return e == ERR_GONE ? ERR_IO : e; /* the id without its row: damaged */
}

void folder_count_in(struct store_folder *f, const struct store_row *r)
{
    f->total++;
    f->unseen += !(r->flags & FLAG_SEEN);
    f->deleted += (r->flags & FLAG_DELETED) != 0;
    f->deleted_bytes += r->flags & FLAG_DELETED ? r->size : 0;
    f->recent += r->uid >= f->recent_from;
    f->bytes += r->size;
}

/* Never below zero, should a record be damaged. */
void folder_count_out(struct store_folder *f, const struct store_row *r)
{
    f->total -= f->total > 0;
    f->unseen -= f->unseen > 0 && !(r->flags & FLAG_SEEN);
    f->deleted -= f->deleted > 0 && (r->flags & FLAG_DELETED);
    f->deleted_bytes -= r->flags & FLAG_DELETED ? MIN(r->size, f->deleted_bytes) : 0;
    f->recent -= f->recent > 0 && r->uid >= f->recent_from;
    f->bytes -= MIN(r->size, f->bytes);
}

/* What an older record lacks: a walk over the folder's rows tells, until the record is written again. */
static enum err folder_recount(struct index_txn *t, const struct box_id *box, struct store_folder *f)
{
    struct key k = key_box(box, REC_ROW);
    struct index_scan sc;
    struct row_rec row;
    enum err e = OK;
    key_add32(&k, f->no);
    f->recent_from = MAX(f->recent_from, 1u);
    f->total = f->unseen = f->deleted = f->recent = 0;
    f->bytes = f->deleted_bytes = 0;
    scan_begin(&sc, t, TAB_DATA);
    for (bool more = scan_seek(&sc, key_str(&k)); e == OK && more && str_starts(sc.key, key_str(&k));
         more = scan_next(&sc)) {
        e = row_of(sc.key, sc.val, &row);
        if (e == OK)
            folder_count_in(f, &row.row);
    }
    scan_end(&sc);
    return e;
}

static enum err folder_read(struct index_txn *t, const struct box_rec *box, struct str raw, struct store_folder *out)
{
    if (rec_folder_parse(raw, out) != OK)
        return ERR_IO;
    if (out->uidvalidity == 0)
        out->uidvalidity = box->box.uidvalidity;
    bool lacks = out->recent_from == 0 || out->deleted_bytes == REC_NOT_COUNTED;
    return lacks ? folder_recount(t, &box->box.id, out) : OK;
}

enum err folder_of(struct index_txn *t, const struct box_rec *box, struct str key, struct str val,
                   struct store_folder *out)
{
    const size_t prefix = BOX_ID_N + 1;
    if (key.n != prefix + 4)
        return ERR_IO;
    *out = (struct store_folder){ .no = get_be32((const uint8_t *)key.p + prefix) };
    return folder_read(t, box, val, out);
}

enum err folder_load(struct index_txn *t, const struct box_rec *box, uint32_t no, struct store_folder *out)
{
    struct key k = key_box(&box->box.id, REC_FOLDER);
    key_add32(&k, no);
    struct str raw;
    *out = (struct store_folder){ .no = no, .uidnext = 1, .recent_from = 1, .modseq = 1, .subscribed = true };
    out->uidvalidity = box->box.uidvalidity;
    enum err e = index_get(t, TAB_DATA, key_str(&k), &raw);
    if (e == ERR_GONE)
        return no >= FOLDER_INBOX && no <= FOLDER_FIXED ? OK : ERR_DENIED;
    return e == OK ? folder_read(t, box, raw, out) : e;
}

enum err folder_take(struct index_txn *t, const struct box_rec *box, uint32_t no, struct arena *a,
                     struct store_folder *out)
{
    enum err e = folder_load(t, box, no, out);
    if (e != OK || out->sealed.n == 0)
        return e;
    out->sealed = arena_dup(a, out->sealed);
    return out->sealed.p ? OK : ERR_IO;
}

void folder_save(struct index_txn *t, const struct box_id *box, const struct store_folder *f)
{
    uint8_t raw[REC_FOLDER_MAX];
    struct key k = key_box(box, REC_FOLDER);
    key_add32(&k, f->no);
    index_put(t, TAB_DATA, key_str(&k), str_of(raw, rec_folder_put(raw, f)));
}

void row_save(struct index_txn *t, const struct box_id *box, const struct row_rec *r)
{
    uint8_t raw[REC_ROW_MAX];
    struct key k = row_key(box, r->row.folder, r->row.uid);
    index_put(t, TAB_DATA, key_str(&k), str_of(raw, rec_row_put(raw, r)));
}

void row_add(struct index_txn *t, const struct box_id *box, const struct row_rec *r)
{
    struct key id = id_key(box, &r->row.id), log = log_key(box, REC_LOG, r->row.modseq), at = place_of(&r->row);
    row_save(t, box, r);
    index_put(t, TAB_DATA, key_str(&id), key_str(&at));
    index_put(t, TAB_DATA, key_str(&log), key_str(&at));
}

void row_relog(struct index_txn *t, const struct box_id *box, struct row_rec *r, uint64_t modseq)
{
    struct key was = log_key(box, REC_LOG, r->row.modseq), is = log_key(box, REC_LOG, modseq), at = place_of(&r->row);
    r->row.modseq = modseq;
    row_save(t, box, r);
    index_del(t, TAB_DATA, key_str(&was));
    index_put(t, TAB_DATA, key_str(&is), key_str(&at));
}

/* The oldest expunge is forgotten; who asks from before it has to list. */
static void trim_gone(struct index_txn *t, struct box_rec *b)
{
    struct key k = key_box(&b->box.id, REC_GONE);
    struct index_scan sc;
    scan_begin(&sc, t, TAB_DATA);
    if (scan_seek(&sc, key_str(&k)) && str_starts(sc.key, key_str(&k)) && sc.key.n == k.n + 8) {
        b->gone_floor = get_be64((const uint8_t *)sc.key.p + k.n);
        b->gone_n--;
        scan_del(&sc);
    }
    scan_end(&sc);
}

void row_remove(struct index_txn *t, struct box_rec *b, const struct row_rec *r)
{
    const struct box_id *box = &b->box.id;
    const struct store_gone g = { .id = r->row.id, .folder = r->row.folder, .uid = r->row.uid };
    uint8_t raw[REC_GONE_N];
    struct key row = row_key(box, r->row.folder, r->row.uid), id = id_key(box, &r->row.id),
               log = log_key(box, REC_LOG, r->row.modseq), gone = log_key(box, REC_GONE, ++b->box.modseq);
    index_del(t, TAB_DATA, key_str(&row));
    index_del(t, TAB_DATA, key_str(&id));
    index_del(t, TAB_DATA, key_str(&log));
    index_put(t, TAB_DATA, key_str(&gone), str_of(raw, rec_gone_put(raw, &g)));
    if (++b->gone_n > GONE_MAX)
        trim_gone(t, b);
}
