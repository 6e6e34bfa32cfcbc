/* The octets of a mail: at once where they are still at hand, else read and opened chunk by chunk, the next only when
 * it is asked for. */
#include "base/secret.h"
#include "core/chunk.h"
#include "core/outq_queue.h"
#include <stdlib.h>
#include <string.h>

enum { AHEAD = 64 * 1024 }; /* a body up to here comes along with its header */

struct outq_body {
    struct outq_run *run;
    struct outq_item *item; /* stays while the job is out, or the item busy */
    const struct outq_body_ops *ops;
    void *ctx;
    struct outq_lease lease;
    struct store_req *pending;
    uint8_t *k; /* a cell */
    struct box_id outbox;
    struct arena arena;
    const uint32_t *chunk_n;
    size_t chunks, at; /* at: the next */
    uint64_t off;      /* of it in the sealed body */
    struct str at_hand;
    struct buf plain;
    struct job later;
    bool queued, closed, opened, over, reads_hand;
};

/* A piece of what is at hand is no larger than one that is read: who sends it keeps what the far end does not take. */
static void give_at_hand(struct outq_body *b)
{
    struct str piece = str_sub(buf_str(&b->item->data), b->off, SEAL_CHUNK_BYTES);
    b->item->readers += !b->reads_hand;
    b->reads_hand = true;
    b->off += piece.n;
    b->over = b->off == b->item->data.n;
    b->ops->piece(b->ctx, piece, b->over);
}

static void leave_hand(struct outq_body *b)
{
    if (!b->reads_hand)
        return;
    b->item->readers--;
    if (b->item->forgets)
        outq_item_forget_data(b->item);
}

static void body_free(struct outq_body *b)
{
    if (b->pending)
        store_cancel(b->pending);
    outq_lease_end(&b->lease);
    secret_free(b->k);
    arena_reset(&b->arena);
    buf_fini(&b->plain);
    free(b);
}

void outq_body_close(struct outq_body *b)
{
    if (!b)
        return;
    leave_hand(b); /* the item may be gone when a body that is queued goes */
    b->closed = true;
    if (!b->queued)
        body_free(b);
}

static void fail(struct outq_body *b, enum err e)
{
    b->over = true;
    b->ops->failed(b->ctx, e);
}

/* ---- chunks ---- */

static void give(struct outq_body *b, struct str sealed)
{
    AUTO_BUF struct buf frame = { .max = 2 * SEAL_CHUNK_BYTES + 4096, .secret = true };
    bool last = b->at + 1 == b->chunks;
    buf_clear(&b->plain);
    enum err e = open_chunk(&frame, sealed, b->k, &b->outbox, &b->item->id.msg, (uint32_t)b->at, last);
    if (e == OK)
        e = chunk_unpack(&b->plain, buf_str(&frame), SEAL_CHUNK_BYTES);
    if (e != OK) {
        fail(b, e == ERR_FULL ? ERR_BAD : e);
        return;
    }
    b->off += b->chunk_n[b->at++];
    b->over = last;
    b->ops->piece(b->ctx, buf_str(&b->plain), last);
}

static void on_read(struct store_req *q)
{
    struct outq_body *b = q->ctx;
    const struct store_read *r = (const struct store_read *)(const void *)q;
    b->pending = NULL;
    if (q->err != OK)
        fail(b, q->err);
    else
        give(b, r->bytes);
}

static void read_on(struct outq_body *b)
{
    if (b->at >= b->chunks) { /* an empty mail */
        b->over = true;
        b->ops->piece(b->ctx, S(""), true);
        return;
    }
    if (b->at_hand.n > 0) {
        give(b, str_sub(b->at_hand, b->off, b->chunk_n[b->at]));
        return;
    }
    struct store_read *r = STORE_NEW(read, b, on_read);
    if (!r) {
        fail(b, ERR_BUSY);
        return;
    }
    r->box = b->outbox;
    r->id = b->item->id.msg;
    r->off = b->off;
    r->len = b->chunk_n[b->at];
    b->pending = &r->req;
    store_submit(b->run->store, b->run->loop, &r->req);
}

/* ---- the first time: keys, chunk table ---- */

static enum err open_table(struct outq_body *b, struct str hdr)
{
    AUTO_BUF struct buf json = { .max = OUTQ_RECORD_MAX, .secret = true };
    struct outq_item *copy = NULL;
    enum err e = open_hdr(&json, hdr, b->k, &b->outbox, &b->item->id.msg);
    if (e == OK)
        e = outq_what_get(buf_str(&json), b->run->s, &b->arena, &copy, &b->chunk_n, &b->chunks);
    outq_item_free(copy);
    return e;
}

static enum err take_row(struct outq_body *b, const struct store_row *row)
{
    uint8_t whose[KEY_N];
    const struct outbox *outbox = outbox_known(&b->run->q->boxes, b->item->hour);
    b->k = outbox ? secret_new() : NULL;
    if (!b->k)
        return outbox ? ERR_BUSY : ERR_GONE;
    outbox_key_whose(&b->run->q->boxes, outbox, &b->item->id.msg, whose);
    outbox_key_what(whose, b->lease.cell, b->k);
    secret_wipe(whose, sizeof whose);
    enum err e = open_table(b, row->hdr);
    b->at_hand = arena_dup(&b->arena, row->body);
    outq_lease_end(&b->lease);
    return e == OK && row->body.n > 0 && !b->at_hand.p ? ERR_BUSY : e;
}

static void on_got(struct store_req *q)
{
    struct outq_body *b = q->ctx;
    const struct store_get *g = (const struct store_get *)(const void *)q;
    b->pending = NULL;
    enum err e = q->err == OK ? take_row(b, &g->row) : q->err;
    b->opened = e == OK;
    if (e == OK)
        read_on(b);
    else
        fail(b, e);
}

static enum err get(struct outq_body *b)
{
    struct store_get *g = STORE_NEW(get, b, on_got);
    const struct outbox *outbox = outbox_known(&b->run->q->boxes, b->item->hour);
    if (!g || !outbox) {
        store_req_drop(g ? &g->req : NULL);
        return g ? ERR_GONE : ERR_BUSY;
    }
    g->box = b->outbox = outbox->id;
    g->id = b->item->id.msg;
    g->want_hdr = true;
    g->body_max = AHEAD;
    b->pending = &g->req;
    store_submit(b->run->store, b->run->loop, &g->req);
    return OK;
}

static void on_lease(struct outq_lease *l, enum err e)
{
    struct outq_body *b = CONTAINER_OF(l, struct outq_body, lease);
    if (e == OK)
        e = get(b);
    if (e != OK)
        fail(b, e);
}

static void on_later(struct job *j)
{
    struct outq_body *b = CONTAINER_OF(j, struct outq_body, later);
    enum err e = OK;
    b->queued = false;
    if (b->closed) {
        body_free(b);
        return;
    }
    if (b->item->dropped) {
        e = ERR_GONE;
    } else if (b->item->data.n > 0 && !b->opened) {
        give_at_hand(b);
    } else if (b->opened) {
        read_on(b);
    } else {
        e = b->item->has_box ? outq_lease_get(&b->lease, b->run, b->item) : get(b);
    }
    if (e != OK)
        fail(b, e);
}

void outq_body_next(struct outq_body *b)
{
    if (b->queued || b->over)
        return;
    b->queued = true;
    b->later.run = on_later;
    loop_later(b->run->loop, &b->later);
}

struct outq_body *outq_body_of(struct outq_run *r, struct outq_item *it, const struct outq_body_ops *ops, void *ctx)
{
    struct outq_body *b = calloc(1, sizeof *b);
    if (!b)
        return NULL;
    *b = (struct outq_body){ .run = r, .item = it, .ops = ops, .ctx = ctx, .lease.ready = on_lease };
    b->arena = (struct arena){ .max = OUTQ_RECORD_MAX, .secret = true };
    b->plain = (struct buf){ .max = SEAL_CHUNK_BYTES, .secret = true };
    return b;
}
