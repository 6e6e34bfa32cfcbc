/* Everything is copied into the request's arena before the transaction ends. */
#include "store/embed_read.h"
#include "store/embed_box.h"
#include "store/embed_list.h"
#include "store/embed_name.h"
#include "store/embed_row.h"
#include <string.h>

static enum err read_find(struct store *st, struct index_txn *t, struct store_req *r)
{
    struct store_find *q = CONTAINER_OF(r, struct store_find, req);
    struct box_rec box;
    struct str raw;
    struct addr_rec a = { .box = q->id };
    enum err e = q->by_id ? OK : index_get(t, TAB_ADDR, str_of(q->addr_hash, HASH_N), &raw);
    if (e == OK && !q->by_id)
        e = addr_get(raw, &a) != OK ? ERR_IO : a.rests ? ERR_GONE : OK;
    if (e == OK)
        e = box_load(st, t, &a.box, guard_due_ms(st->guard), &box, q->lease);
    if (e != OK)
        return e;
    q->box = box.box;
    e = box_sealed(t, &a.box, &r->arena, &q->box.sealed);
    return e == OK && q->want_creds ? box_creds(t, &a.box, &r->arena, &q->creds, &q->creds_n) : e;
}

static enum err read_login(struct store *st, struct index_txn *t, struct store_req *r)
{
    struct store_login *q = CONTAINER_OF(r, struct store_login, req);
    struct box_rec box;
    struct str raw;
    enum err e = index_get(t, TAB_CRED, str_of(q->lookup, HASH_N), &raw);
    if (e != OK)
        return e;
    if (raw.n != BOX_ID_N + 8)
        return ERR_IO;
    struct box_id id;
    memcpy(id.b, raw.p, BOX_ID_N);
    struct key k = key_box(&id, REC_CRED);
    key_add(&k, raw.p + BOX_ID_N, 8);
    e = box_load(st, t, &id, guard_due_ms(st->guard), &box, q->lease);
    if (e == OK)
        e = index_get(t, TAB_DATA, key_str(&k), &raw);
    if (e != OK)
        return e;
    q->cred.id = get_be64(k.b + k.n - 8);
    if (rec_cred_parse(raw, &q->cred) != OK)
        return ERR_IO;
    q->cred.sealed = arena_dup(&r->arena, q->cred.sealed);
    q->box = box.box;
    return q->cred.sealed.p ? box_sealed(t, &id, &r->arena, &q->box.sealed) : ERR_IO;
}

static enum err read_get(struct store *st, struct index_txn *t, struct store_req *r)
{
    struct store_get *q = CONTAINER_OF(r, struct store_get, req);
    struct box_rec box;
    struct row_rec row;
    enum err e = box_load(st, t, &q->box, guard_due_ms(st->guard), &box, NULL);
    if (e == OK)
        e = q->by_uid ? row_at(t, &q->box, q->folder, q->uid, &row) : row_find(t, &q->box, &q->id, &row);
    if (e != OK)
        return e;
    q->row = row.row;
    unsigned body = q->want_hdr && row.row.body_n <= q->body_max ? ROW_BODY : 0;
    return row_fill(st, &r->arena, &row, (q->want_env ? ROW_ENV : 0u) | (q->want_hdr ? ROW_HDR : 0u) | body, &q->row);
}

/* The answer to a read past the end is empty, as pread's would be. */
static enum err read_body(struct store *st, struct index_txn *t, struct store_req *r)
{
    struct store_read *q = CONTAINER_OF(r, struct store_read, req);
    struct box_rec box;
    struct row_rec row;
    enum err e = box_load(st, t, &q->box, guard_due_ms(st->guard), &box, NULL);
    if (e == OK)
        e = row_find(t, &q->box, &q->id, &row);
    if (e != OK)
        return e;
    uint64_t off = MIN(q->off, row.row.body_n), n = MIN((uint64_t)q->len, row.row.body_n - off);
    struct rec_head h = row_head(&q->box, &row.row);
    char *to = arena_alloc(&r->arena, n + 1);
    if (!to)
        return ERR_IO;
    q->bytes = str_of(to, n);
    return n ? seg_read(st->segs, row.seg, row.off + REC_HEAD_N + h.env_n + h.hdr_n + off, to, n) : OK;
}

static enum err run(struct store *st, struct index_txn *t, struct store_req *r)
{
    switch (r->op->kind) {
    case STORE_FIND:
        return read_find(st, t, r);
    case STORE_LOGIN:
        return read_login(st, t, r);
    case STORE_LIST:
        return read_list(st, t, r);
    case STORE_GET:
        return read_get(st, t, r);
    case STORE_READ:
        return read_body(st, t, r);
    case STORE_FOLDERS:
        return read_folders(st, t, r);
    case STORE_KEYWORDS:
        return read_keywords(st, t, r);
    case STORE_CHANGES:
        return read_changes(st, t, r);
    case STORE_CREATE:
    case STORE_RECRED:
    case STORE_CHANGE:
    case STORE_END:
    case STORE_APPEND:
    case STORE_FLAG:
    case STORE_MOVE:
    case STORE_DELETE:
    case STORE_FOLDER_PUT:
    case STORE_FOLDER_DEL:
    case STORE_RECENT:
    case STORE_KEYWORD_PUT:
    case STORE_TASK:
        break;
    }
    return ERR_BAD;
}

void read_run(struct store *st, struct store_req *r)
{
    struct index_txn t;
    r->err = index_begin_read(st->index, &t);
    if (r->err != OK)
        return;
    r->err = run(st, &t, r);
    index_end(&t);
}
