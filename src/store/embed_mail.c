/* Flags, moves and deletions. All of a request's messages are in one box, whose record is written once at its end. */
#include "store/embed_mail.h"
#include "store/embed_box.h"
#include "store/embed_row.h"
#include <stdlib.h>

enum { IDS_MAX = 10000 };

static enum err begin(struct batch *b, const struct box_id *id, size_t n, struct box_rec *out)
{
    return n > IDS_MAX ? ERR_FULL : box_load(b->st, &b->t, id, b->due_ms, out, NULL);
}

static void finish(struct batch *b, const struct box_rec *box) { box_save(&b->t, box, store_box_end_ms(&box->box)); }

static enum err flag_one(struct batch *b, struct store_flag *q, struct box_rec *box, const struct msg_id *id)
{
    struct row_rec row;
    struct store_folder f;
    enum err e = row_find(&b->t, &q->box, id, &row);
    if (e != OK)
        return e == ERR_GONE ? OK : e;
    uint32_t was = row.row.flags, is = (was & ~q->clear) | q->set;
    if (was == is)
        return OK;
    e = folder_load(&b->t, &q->box, row.row.folder, &f);
    if (e != OK)
        return e;
    row.row.flags = is;
    row_relog(&b->t, &q->box, &row, ++box->box.modseq);
    f.unseen = f.unseen + !(is & FLAG_SEEN) - !(was & FLAG_SEEN);
    f.modseq = box->box.modseq;
    folder_save(&b->t, &q->box, &f);
    q->changed++;
    return OK;
}

void run_flag(struct batch *b, struct store_req *r)
{
    struct store_flag *q = CONTAINER_OF(r, struct store_flag, req);
    struct box_rec box;
    q->changed = 0;
    r->err = begin(b, &q->box, q->n, &box);
    if (r->err != OK)
        return;
    for (size_t i = 0; i < q->n && r->err == OK; i++)
        r->err = flag_one(b, q, &box, &q->ids[i]);
    q->modseq = box.box.modseq;
    finish(b, &box);
}

/* Takes the row out of its folder's counts too; the folder is loaded anew for each: a request may span folders. */
static enum err take_out(struct batch *b, struct box_rec *box, const struct row_rec *row)
{
    struct store_folder f;
    enum err e = folder_load(&b->t, &box->box.id, row->row.folder, &f);
    if (e != OK)
        return e;
    row_remove(&b->t, box, row);
    f.total -= f.total > 0;
    f.unseen -= f.unseen > 0 && !(row->row.flags & FLAG_SEEN);
    f.modseq = box->box.modseq;
    folder_save(&b->t, &box->box.id, &f);
    return OK;
}

static enum err move_one(struct batch *b, struct store_move *q, struct box_rec *box, const struct msg_id *id)
{
    struct row_rec row;
    struct store_folder to;
    enum err e = row_find(&b->t, &q->box, id, &row);
    if (e != OK || row.row.folder == q->folder)
        return e == ERR_GONE ? OK : e;
    row.row.env = arena_dup(&q->req.arena, row.row.env); /* the row it lies in is about to go */
    e = folder_load(&b->t, &q->box, q->folder, &to);
    if (e == OK)
        e = take_out(b, box, &row);
    if (e != OK)
        return e;
    row.row.folder = q->folder;
    row.row.uid = to.uidnext++;
    row.row.modseq = to.modseq = ++box->box.modseq;
    to.total++;
    to.unseen += !(row.row.flags & FLAG_SEEN);
    row_add(&b->t, &q->box, &row);
    folder_save(&b->t, &q->box, &to);
    q->rows[q->rows_n] = row.row;
    q->rows[q->rows_n++].env = (struct str){ NULL, 0 };
    return OK;
}

void run_move(struct batch *b, struct store_req *r)
{
    struct store_move *q = CONTAINER_OF(r, struct store_move, req);
    struct box_rec box;
    q->rows_n = 0;
    r->err = q->folder == FOLDER_ANY ? ERR_BAD : begin(b, &q->box, q->n, &box);
    if (r->err != OK)
        return;
    q->rows = arena_array(&r->arena, q->n, sizeof *q->rows);
    if (!q->rows && q->n > 0) {
        r->err = ERR_IO;
        return;
    }
    for (size_t i = 0; i < q->n && r->err == OK; i++)
        r->err = move_one(b, q, &box, &q->ids[i]);
    finish(b, &box);
}

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

static enum err delete_one(struct batch *b, struct store_delete *q, struct box_rec *box, const struct msg_id *id)
{
    struct row_rec row;
    enum err e = row_find(&b->t, &q->box, id, &row);
    if (e != OK)
        return e == ERR_GONE ? OK : e;
    struct rec_head head = row_head(&q->box, &row.row);
    uint64_t total = rec_head_total(&head), bytes = row_bytes(&row.row);
    e = take_out(b, box, &row);
    if (e != OK)
        return e;
    box->box.messages -= box->box.messages > 0;
    box->box.bytes -= MIN(bytes, box->box.bytes);
    seg_count(b->st->segs, row.seg, -1, -(int64_t)total);
    punch_later(b, row.seg, row.off + REC_HEAD_N, total - REC_HEAD_N); /* the head stays, for who walks the segment */
    q->deleted++;
    return OK;
}

void run_delete(struct batch *b, struct store_req *r)
{
    struct store_delete *q = CONTAINER_OF(r, struct store_delete, req);
    struct box_rec box;
    q->deleted = 0;
    r->err = begin(b, &q->box, q->n, &box);
    if (r->err != OK)
        return;
    for (size_t i = 0; i < q->n && r->err == OK; i++)
        r->err = delete_one(b, q, &box, &q->ids[i]);
    q->modseq = box.box.modseq;
    finish(b, &box);
}
