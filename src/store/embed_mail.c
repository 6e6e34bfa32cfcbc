/* Flags, moves and deletions. All of a request's messages are in one box, whose record is written once at its end; so
 * are the folders, of which two at most are in hand at a time: where messages are and where they go. */
#include "store/embed_mail.h"
#include "store/embed_box.h"
#include "store/embed_row.h"
#include "store/embed_vacant.h"
#include <stdlib.h>
#include <string.h>

struct hand {
    struct batch *b;
    struct box_rec box;
    struct store_folder from, to; /* no 0: none in hand */
};

static enum err begin(struct batch *b, const struct box_id *id, const struct store_pick *p, struct hand *out)
{
    *out = (struct hand){ .b = b };
    if (p->n > STORE_IDS_MAX)
        return ERR_FULL;
    if (p->n > 0 && !p->ids && (!p->uids || p->folder == FOLDER_ANY))
        return ERR_BAD;
    return box_load(b->st, &b->t, id, b->due_ms, &out->box, NULL);
}

static enum err turn_to(struct hand *h, struct store_folder *f, uint32_t no, struct arena *a)
{
    if (no != 0 && f->no == no)
        return OK;
    if (f->no != 0)
        folder_save(&h->b->t, &h->box.box.id, f);
    enum err e = folder_take(&h->b->t, &h->box, no, a, f);
    if (e != OK)
        f->no = 0;
    return e;
}

static void finish(struct hand *h)
{
    struct index_txn *t = &h->b->t;
    if (h->from.no != 0)
        folder_save(t, &h->box.box.id, &h->from);
    if (h->to.no != 0)
        folder_save(t, &h->box.box.id, &h->to);
    box_save(t, &h->box, store_box_end_ms(&h->box.box));
}

/* ERR_GONE: not there, or not where the request looks. */
static enum err pick_row(struct hand *h, const struct store_pick *p, size_t i, struct row_rec *row)
{
    const struct box_id *box = &h->box.box.id;
    enum err e = p->ids ? row_find(&h->b->t, box, &p->ids[i], row) : row_at(&h->b->t, box, p->folder, p->uids[i], row);
    return e == OK && p->folder != FOLDER_ANY && row->row.folder != p->folder ? ERR_GONE : e;
}

/* ---- flags ---- */

static enum store_flagged flag_kind(const struct store_flag *q, const struct store_row *row, uint32_t is)
{
    if (q->conditional && row->modseq > q->unchanged_since)
        return FLAGGED_MODIFIED;
    return is == row->flags ? FLAGGED_SAME : FLAGGED_CHANGED;
}

static enum err flag_one(struct hand *h, struct store_flag *q, struct row_rec *row)
{
    uint32_t is = (row->row.flags & ~q->clear) | q->set;
    enum store_flagged how = flag_kind(q, &row->row, is);
    q->was[q->rows_n] = row->row.flags;
    if (how == FLAGGED_CHANGED) {
        enum err e = turn_to(h, &h->from, row->row.folder, &q->req.arena);
        if (e != OK)
            return e;
        folder_count_out(&h->from, &row->row);
        row->row.flags = is;
        folder_count_in(&h->from, &row->row);
        row_relog(&h->b->t, &q->box, row, ++h->box.box.modseq);
        h->from.modseq = h->box.box.modseq;
        q->changed++;
    }
    q->how[q->rows_n] = (uint8_t)how;
    q->rows[q->rows_n] = row->row;
    q->rows[q->rows_n++].env = (struct str){ NULL, 0 };
    return OK;
}

void run_flag(struct batch *b, struct store_req *r)
{
    struct store_flag *q = CONTAINER_OF(r, struct store_flag, req);
    struct hand h;
    q->changed = 0;
    q->rows_n = 0;
    r->err = begin(b, &q->box, &q->pick, &h);
    if (r->err != OK)
        return;
    q->rows = arena_array(&r->arena, q->pick.n + 1, sizeof *q->rows);
    q->was = arena_array(&r->arena, q->pick.n + 1, sizeof *q->was);
    q->how = arena_alloc(&r->arena, q->pick.n + 1);
    r->err = q->rows && q->was && q->how ? OK : ERR_IO;
    for (size_t i = 0; i < q->pick.n && r->err == OK; i++) {
        struct row_rec row;
        enum err e = pick_row(&h, &q->pick, i, &row);
        r->err = e == ERR_GONE ? OK : e == OK ? flag_one(&h, q, &row) : e;
    }
    q->modseq = h.box.box.modseq;
    if (q->changed > 0)
        finish(&h);
}

/* ---- moves ---- */

/* Out of its folder and that one's counts. */
static enum err take_out(struct hand *h, const struct row_rec *row, struct arena *a, struct store_gone *gone)
{
    enum err e = turn_to(h, &h->from, row->row.folder, a);
    if (e != OK)
        return e;
    row_remove(&h->b->t, &h->box, row);
    folder_count_out(&h->from, &row->row);
    h->from.modseq = h->box.box.modseq;
    *gone = (struct store_gone){
        .id = row->row.id, .folder = row->row.folder, .uid = row->row.uid, .modseq = h->box.box.modseq
    };
    return OK;
}

static enum err move_one(struct hand *h, struct store_move *q, struct row_rec *row)
{
    struct store_row *w = &row->row;
    if (w->folder == q->folder)
        return OK;
    w->env = arena_dup(&q->req.arena, w->env); /* the row it lies in is about to go */
    enum err e = take_out(h, row, &q->req.arena, &q->gone[q->rows_n]);
    if (e != OK)
        return e;
    w->folder = q->folder;
    w->uid = h->to.uidnext++;
    w->saved_ms = h->b->now_ms;
    w->modseq = h->to.modseq = ++h->box.box.modseq;
    folder_count_in(&h->to, w);
    row_add(&h->b->t, &q->box, row);
    q->rows[q->rows_n] = *w;
    q->rows[q->rows_n++].env = (struct str){ NULL, 0 };
    return OK;
}

void run_move(struct batch *b, struct store_req *r)
{
    struct store_move *q = CONTAINER_OF(r, struct store_move, req);
    struct hand h;
    q->rows_n = 0;
    r->err = begin(b, &q->box, &q->pick, &h);
    if (r->err == OK)
        r->err = turn_to(&h, &h.to, q->folder, &r->arena);
    if (r->err != OK)
        return;
    q->uidvalidity = h.to.uidvalidity;
    q->rows = arena_array(&r->arena, q->pick.n + 1, sizeof *q->rows);
    q->gone = arena_array(&r->arena, q->pick.n + 1, sizeof *q->gone);
    r->err = q->rows && q->gone ? OK : ERR_IO;
    for (size_t i = 0; i < q->pick.n && r->err == OK; i++) {
        struct row_rec row;
        enum err e = pick_row(&h, &q->pick, i, &row);
        r->err = e == ERR_GONE ? OK : e == OK ? move_one(&h, q, &row) : e;
    }
    if (q->rows_n > 0)
        finish(&h);
}

/* ---- deletions ---- */

/* Without memory for the note the bytes stay until their segment is half dead or over. */
static void punch_later(struct batch *b, uint64_t seg, uint64_t off, uint64_t n)
{
    if (b->punches_n == b->punches_cap) {
        size_t cap = b->punches_cap ? b->punches_cap * 2 : 64;
        struct punch *p = realloc(b->punches, cap * sizeof *p);
        if (!p)
            return;
        b->punches = p;
        b->punches_cap = cap;
    }
    b->punches[b->punches_n++] = (struct punch){ seg, off, n };
}

static enum err delete_one(struct hand *h, const struct row_rec *row, struct arena *a, struct store_gone *gone)
{
    struct rec_head head = row_head(&h->box.box.id, &row->row);
    uint64_t total = rec_head_total(&head), bytes = row_bytes(&row->row);
    enum err e = take_out(h, row, a, gone);
    if (e != OK)
        return e;
    h->box.box.messages -= h->box.box.messages > 0;
    h->box.box.bytes -= MIN(bytes, h->box.box.bytes);
    seg_count(h->b->st->segs, row->seg, -1, -(int64_t)total);
    /* The record's head stays, for who walks the segment. */
    punch_later(h->b, row->seg, row->off + REC_HEAD_N, total - REC_HEAD_N);
    return OK;
}

/* ---- a folder and all in it ---- */

static enum err uids_of(struct hand *h, struct store_folder_del *q, struct store_pick *out)
{
    struct key prefix = key_box(&q->box, REC_ROW);
    struct index_scan sc;
    uint32_t *uids = arena_array(&q->req.arena, h->from.total + 1u, sizeof *uids);
    if (!uids)
        return ERR_IO;
    *out = (struct store_pick){ .uids = uids, .folder = q->no };
    key_add32(&prefix, q->no);
    scan_begin(&sc, &h->b->t, TAB_DATA);
    for (bool more = scan_seek(&sc, key_str(&prefix));
         more && str_starts(sc.key, key_str(&prefix)) && out->n < h->from.total; more = scan_next(&sc))
        uids[out->n++] = sc.key.n == prefix.n + 4 ? get_be32((const uint8_t *)sc.key.p + prefix.n) : 0;
    scan_end(&sc);
    return OK;
}

static enum err folder_empty(struct hand *h, struct store_folder_del *q, const struct store_pick *all)
{
    enum err e = OK;
    q->gone = arena_array(&q->req.arena, all->n + 1, sizeof *q->gone);
    if (!q->gone)
        return ERR_IO;
    for (size_t i = 0; i < all->n && e == OK; i++) {
        struct row_rec row;
        e = pick_row(h, all, i, &row);
        if (e == OK)
            e = delete_one(h, &row, &q->req.arena, &q->gone[q->gone_n]);
        q->gone_n += e == OK;
    }
    return e;
}

static void keep_subscription(const struct hand *h)
{
    struct store_vacant v = { .sealed = h->from.sealed };
    memcpy(v.name_hash, h->from.name_hash, NAME_HASH_N);
    if (h->from.subscribed)
        vacant_save(&h->b->t, &h->box.box.id, &v);
}

void run_folder_del(struct batch *b, struct store_req *r)
{
    struct store_folder_del *q = CONTAINER_OF(r, struct store_folder_del, req);
    struct hand h;
    struct store_pick all = { .n = 0 };
    q->gone_n = 0;
    r->err = begin(b, &q->box, &all, &h);
    if (r->err == OK)
        r->err = q->no <= FOLDER_FIXED ? ERR_DENIED : turn_to(&h, &h.from, q->no, &r->arena);
    if (r->err == OK)
        r->err = h.from.total > STORE_IDS_MAX ? ERR_FULL : uids_of(&h, q, &all);
    if (r->err != OK)
        return;
    r->err = folder_empty(&h, q, &all);
    if (r->err == OK) {
        struct key k = key_box(&q->box, REC_FOLDER);
        key_add32(&k, q->no);
        index_del(&b->t, TAB_DATA, key_str(&k));
        keep_subscription(&h);
        h.box.vacated = MAX(h.box.vacated, h.from.uidvalidity);
        h.from.no = 0; /* not to be written again */
    }
    q->modseq = h.box.box.modseq;
    finish(&h);
}

void run_delete(struct batch *b, struct store_req *r)
{
    struct store_delete *q = CONTAINER_OF(r, struct store_delete, req);
    struct hand h;
    q->deleted = 0;
    r->err = begin(b, &q->box, &q->pick, &h);
    if (r->err != OK)
        return;
    q->gone = arena_array(&r->arena, q->pick.n + 1, sizeof *q->gone);
    r->err = q->gone ? OK : ERR_IO;
    for (size_t i = 0; i < q->pick.n && r->err == OK; i++) {
        struct row_rec row;
        enum err e = pick_row(&h, &q->pick, i, &row);
        bool spared = e == OK && q->only_deleted && !(row.row.flags & FLAG_DELETED);
        if (e == OK && !spared)
            e = delete_one(&h, &row, &r->arena, &q->gone[q->deleted]);
        q->deleted += e == OK && !spared;
        r->err = e == ERR_GONE ? OK : e;
    }
    q->modseq = h.box.box.modseq;
    if (q->deleted > 0)
        finish(&h);
}

/* ---- those that an append replaces ---- */

enum err pick_measure(struct batch *b, const struct box_id *box, const struct store_pick *p, uint32_t *messages,
                      uint64_t *bytes)
{
    struct hand h;
    enum err e = begin(b, box, p, &h);
    for (size_t i = 0; i < p->n && e == OK; i++) {
        struct row_rec row;
        e = pick_row(&h, p, i, &row);
        *messages += e == OK;
        *bytes += e == OK ? row_bytes(&row.row) : 0;
    }
    return e;
}

enum err pick_delete(struct batch *b, const struct box_id *box, const struct store_pick *p, struct arena *a,
                     struct store_gone *gone)
{
    struct hand h;
    enum err e = begin(b, box, p, &h);
    for (size_t i = 0; i < p->n && e == OK; i++) {
        struct row_rec row;
        e = pick_row(&h, p, i, &row);
        if (e == OK)
            e = delete_one(&h, &row, a, &gone[i]);
    }
    if (e == OK)
        finish(&h);
    return e;
}
