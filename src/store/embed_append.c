/* One mail to some boxes. Each recipient's end, quota and generation are checked again here, where nothing can change
 * between the check and the commit. */
#include "store/embed_box.h"
#include "store/embed_mail.h"
#include "store/embed_row.h"
#include <string.h>

uint64_t append_bytes(const struct store_append *a)
{
    uint64_t n = 0;
    for (size_t i = 0; i < a->n; i++)
        n += a->items[i].env.n + a->items[i].hdr.n + a->items[i].body.n;
    return n;
}

static const uint8_t none[HASH_N];

static bool dedupe_wanted(const struct store_append_item *it) { return memcmp(it->dedupe, none, HASH_N) != 0; }
static bool is_copy(const struct store_append_item *it) { return memcmp(it->origin.b, none, MSG_ID_N) != 0; }

/* Keyed once more, so that a row tells nothing about a mail even to who can guess it. */
static struct key dup_key(struct batch *b, const struct store_append_item *it)
{
    uint8_t hash[HASH_N];
    CRYPTO_HASH(hash, str_of(b->st->index_key, KEY_N), S("dedupe"), box_id_str(&it->box), str_of(it->dedupe, HASH_N));
    struct key k = key_box(&it->box, REC_DUP);
    key_add(&k, hash, 16);
    return k;
}

/* A retry row counts as long as the message is there that it was written for: whoever deleted that one, by whatever
 * way, has room for it again. */
static bool is_duplicate(struct batch *b, struct store_append_item *it)
{
    struct str raw;
    struct dup_rec d;
    if (!dedupe_wanted(it))
        return false;
    struct key k = dup_key(b, it);
    if (index_get(&b->t, TAB_DATA, key_str(&k), &raw) != OK || rec_dup_parse(raw, &d) != OK ||
        d.at_ms + STORE_RETRY_MS <= b->now_ms)
        return false;
    struct row_rec first;
    enum err e = d.has_id ? row_find(&b->t, &it->box, &d.id, &first) : row_at(&b->t, &it->box, d.folder, d.uid, &first);
    if (e != OK)
        return false;
    it->duplicate = true;
    it->uid = first.row.uid;
    return true;
}

/* In a box that ends before the row is over the row goes with the box; in others it is also listed by age. */
static void dedupe_save(struct batch *b, const struct store_append_item *it)
{
    uint8_t raw[REC_DUP_N];
    if (!dedupe_wanted(it))
        return;
    struct key k = dup_key(b, it);
    const struct dup_rec d = { .at_ms = b->now_ms, .folder = it->folder, .uid = it->uid, .has_id = true, .id = it->id };
    index_put(&b->t, TAB_DATA, key_str(&k), str_of(raw, rec_dup_put(raw, &d)));
    if (it->end_ms - b->now_ms > STORE_RETRY_MS) {
        struct key by_age = key_time(b->now_ms + STORE_RETRY_MS, key_str(&k));
        index_put(&b->t, TAB_DEDUP, key_str(&by_age), (struct str){ "", 0 });
    }
}

/* Of the same append and box, before this item: not in the index yet, but to be counted. What it replaces is there
 * still, and is not. */
struct taken {
    uint32_t messages, received, freed;
    uint64_t bytes, freed_bytes;
};

static bool has_room(const struct store_box *x, const struct store_append_item *it, const struct taken *t)
{
    uint64_t bytes = it->env.n + it->hdr.n + it->body.n, held = x->bytes + t->bytes - MIN(t->freed_bytes, x->bytes);
    bool counted = !it->own && x->ends_after && x->received + t->received >= x->ends_after;
    bool many = x->max_messages && x->messages + t->messages - MIN(t->freed, x->messages) >= x->max_messages;
    bool large = x->max_bytes && (held > x->max_bytes || bytes > x->max_bytes - held);
    return !counted && !many && !large;
}

static enum err item_check(struct batch *b, struct store_append_item *it, const struct taken *taken,
                           struct box_rec *box)
{
    struct store_folder f;
    struct row_rec same;
    enum err e = box_load(b->st, &b->t, &it->box, b->due_ms, box, NULL);
    if (e != OK)
        return e;
    it->end_ms = store_box_end_ms(&box->box);
    it->modseq = box->box.modseq;
    if (is_duplicate(b, it))
        return OK;
    if (it->env.n > UINT32_MAX || it->hdr.n > UINT32_MAX)
        return ERR_BAD;
    if (it->generation != box->box.generation)
        return ERR_BUSY;
    if (!has_room(&box->box, it, taken))
        return ERR_FULL;
    e = folder_load(&b->t, box, it->folder, &f);
    if (e != OK)
        return e;
    e = row_find(&b->t, &it->box, &it->id, &same);
    return e == OK ? ERR_BAD : e == ERR_GONE ? OK : e;
}

static enum err item_write(struct batch *b, struct store_append *a, struct store_append_item *it, struct row_rec *row)
{
    struct segs *segs = b->st->segs;
    struct rec_head head = row_head(&it->box, &row->row);
    struct seg_place at;
    uint8_t *raw = arena_alloc(&a->req.arena, REC_HEAD_N);
    if (!raw)
        return ERR_IO;
    rec_head_put(raw, &head);
    enum err e = seg_place(segs, seg_class(it->end_ms - b->now_ms), rec_head_total(&head), b->now_ms, &at);
    if (e != OK)
        return e;
    row->seg = at.seg;
    row->off = at.off;
    bool added = seg_add(segs, at.seg, str_of(raw, REC_HEAD_N)) &&
                 seg_add(segs, at.seg, head.env_n ? it->env : (struct str){ NULL, 0 }) &&
                 seg_add(segs, at.seg, it->hdr) && seg_add(segs, at.seg, it->body);
    b->failed |= !added;
    seg_count(segs, at.seg, 1, (int64_t)rec_head_total(&head));
    return OK;
}

static void item_list(struct batch *b, struct store_append_item *it, struct box_rec *box, struct store_folder *f,
                      const struct row_rec *row)
{
    int64_t old_end = it->end_ms;
    f->uidnext = row->row.uid + 1;
    folder_count_in(f, &row->row);
    f->modseq = box->box.modseq = row->row.modseq;
    box->box.messages++;
    box->box.received += !it->own;
    box->box.bytes += row_bytes(&row->row);
    if (!it->own && box->box.ends_after && box->box.received >= box->box.ends_after)
        box->box.end_ms = MIN(box->box.end_ms, b->now_ms + STORE_LAST_GRACE_MS);
    it->uid = row->row.uid;
    it->uidvalidity = f->uidvalidity;
    it->modseq = row->row.modseq;
    it->saved_ms = row->row.saved_ms;
    it->end_ms = store_box_end_ms(&box->box);
    row_add(&b->t, &it->box, row);
    folder_save(&b->t, &it->box, f);
    box_save(&b->t, box, old_end);
    dedupe_save(b, it);
}

static enum err item_run(struct batch *b, struct store_append *a, struct store_append_item *it,
                         const struct taken *taken)
{
    struct box_rec box;
    struct store_folder f;
    it->duplicate = false;
    enum err e = item_check(b, it, taken, &box);
    if (e != OK || it->duplicate)
        return e;
    e = folder_take(&b->t, &box, it->folder, &a->req.arena, &f);
    if (e != OK)
        return e;
    struct row_rec row = { .row = { .id = it->id,
                                    .origin = is_copy(it) ? it->origin : it->id,
                                    .folder = it->folder,
                                    .uid = f.uidnext,
                                    .modseq = box.box.modseq + 1,
                                    .flags = it->flags,
                                    .generation = it->generation,
                                    .received_ms = it->received_ms ? it->received_ms : a->received_ms,
                                    .saved_ms = b->now_ms,
                                    .size = it->size ? it->size : a->size,
                                    .env_n = (uint32_t)it->env.n,
                                    .hdr_n = (uint32_t)it->hdr.n,
                                    .body_n = it->body.n,
                                    .env = it->env } };
    e = item_write(b, a, it, &row);
    if (e == OK)
        item_list(b, it, &box, &f, &row);
    return e;
}

static enum err group_frees(struct batch *b, struct store_append *a, struct taken *taken)
{
    a->gone = arena_array(&a->req.arena, a->instead_of.n, sizeof *a->gone);
    if (!a->gone)
        return ERR_IO;
    return a->n == 0 ? ERR_BAD : pick_measure(b, &a->items[0].box, &a->instead_of, &taken->freed, &taken->freed_bytes);
}

/* All of them are looked at before the first is written. *freed: by what they replace. */
static enum err group_check(struct batch *b, struct store_append *a, struct taken *freed)
{
    struct box_rec box;
    enum err e = atomic_load(&b->st->full) ? ERR_FULL : OK;
    if (e == OK && a->instead_of.n > 0)
        e = group_frees(b, a, freed);
    struct taken taken = *freed;
    for (size_t i = 0; i < a->n && e == OK; i++) {
        struct store_append_item *it = &a->items[i];
        bool fits = memcmp(&it->box, &a->items[0].box, BOX_ID_N) == 0 && !dedupe_wanted(it);
        e = fits ? item_check(b, it, &taken, &box) : ERR_BAD;
        taken.messages++;
        taken.received += !it->own;
        taken.bytes += it->env.n + it->hdr.n + it->body.n;
    }
    return e;
}

/* What goes wrong after the checks is the disk's or memory's fault: then the batch is given up as a whole. */
static void group_run(struct batch *b, struct store_append *a)
{
    struct taken freed = { 0 };
    enum err e = group_check(b, a, &freed);
    for (size_t i = 0; i < a->n && e == OK; i++) {
        e = item_run(b, a, &a->items[i], &freed);
        b->failed |= e != OK;
    }
    if (e == OK && a->instead_of.n > 0) {
        e = pick_delete(b, &a->items[0].box, &a->instead_of, &a->req.arena, a->gone);
        b->failed |= e != OK;
    }
    for (size_t i = 0; i < a->n; i++)
        a->items[i].err = e;
    a->req.err = e;
}

void run_append(struct batch *b, struct store_req *r)
{
    struct store_append *a = CONTAINER_OF(r, struct store_append, req);
    bool any = false;
    if (a->all_or_nothing) {
        group_run(b, a);
        return;
    }
    for (size_t i = 0; i < a->n; i++) {
        a->items[i].err = atomic_load(&b->st->full) ? ERR_FULL : item_run(b, a, &a->items[i], &(struct taken){ 0 });
        any |= a->items[i].err == OK;
    }
    r->err = any || a->n == 0 ? OK : a->items[0].err;
}
