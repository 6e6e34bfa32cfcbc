/* Nothing here is kept after body_close(): keys in a cell, plaintext in wiped buffers. */
#include "core/body.h"
#include "base/secret.h"
#include "core/chunk.h"
#include "core/understand.h"
#include <string.h>

enum { HDR_MAX = 17 * 1024 * 1024 };

static enum err open_summary(struct body *b, struct str env)
{
    AUTO_BUF struct buf plain = { .max = SUMMARY_MAX * 4, .secret = true };
    enum err e = opened_message_key(b->o, env, &b->id, b->k);
    if (e != OK || b->raw)
        return e;
    e = open_env(&plain, env, b->k, &b->o->box.id, &b->id);
    b->summary = arena_dup(&b->arena, buf_str(&plain));
    return e == OK && b->summary.p == NULL ? ERR_FULL : e;
}

static enum err open_header(struct body *b, struct str hdr)
{
    AUTO_BUF struct buf plain = { .max = HDR_MAX, .secret = true };
    enum err e = open_hdr(&plain, hdr, b->k, &b->o->box.id, &b->id);
    if (e == OK)
        e = pack_read(buf_str(&plain), &b->arena, &b->u);
    if (e == OK && !b->raw)
        e = mime_pick(&b->arena, &b->u.tree, b->u.header, &b->pick);
    return e;
}

static enum err take_row(struct body *b, const struct store_row *row)
{
    b->row = *row;
    b->row.env = b->row.hdr = b->row.body = (struct str){ 0 };
    b->at_hand = row->body;
    enum err e = open_summary(b, row->env);
    return e == OK ? open_header(b, row->hdr) : e;
}

static void on_get(struct store_req *q)
{
    struct body *b = q->ctx;
    struct store_get *g = (struct store_get *)(void *)q;
    b->pending = NULL;
    enum err e = q->err == OK ? take_row(b, &g->row) : q->err;
    if (e == OK)
        (void)body_open_at_hand(b); /* what it finds wrong is found again when it is asked for */
    b->at_hand = (struct str){ 0 }; /* it goes with the request */
    b->opened(b, e);
}

static bool begin(struct body *b, struct store *st, struct loop *l, struct opened *o, const struct msg_id *id)
{
    *b = (struct body){ .st = st, .loop = l, .o = opened_hold(o), .id = *id };
    arena_init(&b->arena, UNDERSTAND_ARENA);
    b->arena.secret = true;
    b->plain = (struct buf){ .max = SEAL_CHUNK_BYTES, .secret = true };
    b->k = secret_new();
    return b->k != NULL;
}

enum err body_open_row(struct body *b, struct store *st, struct loop *l, struct opened *o, const struct store_row *row,
                       bool raw)
{
    if (!begin(b, st, l, o, &row->id))
        return ERR_FULL;
    b->raw = raw;
    return take_row(b, row);
}

enum err body_open(struct body *b, struct store *st, struct loop *l, struct opened *o, const struct msg_id *id,
                   uint32_t ahead, void (*opened)(struct body *, enum err))
{
    struct store_get *g = begin(b, st, l, o, id) ? STORE_NEW(get, b, on_get) : NULL;
    if (g == NULL)
        return ERR_FULL;
    b->opened = opened;
    g->box = o->box.id;
    g->id = *id;
    g->want_env = g->want_hdr = true;
    g->body_max = ahead;
    b->pending = &g->req;
    store_submit(st, l, &g->req);
    return OK;
}

static enum err open_piece(struct body *b, struct str sealed)
{
    AUTO_BUF struct buf frame = { .max = sealed.n, .secret = true };
    enum err e = open_chunk(&frame, sealed, b->k, &b->o->box.id, &b->id, b->reading, b->reading + 1 == b->u.chunks);
    buf_clear(&b->plain);
    uint64_t left = b->u.size - body_chunk_at(b, b->reading);
    (void)buf_reserve(&b->plain, MIN(left, (uint64_t)SEAL_CHUNK_BYTES)); /* once, not by doubling */
    return e == OK ? chunk_unpack(&b->plain, buf_str(&frame), SEAL_CHUNK_BYTES) : e;
}

static void on_read(struct store_req *q)
{
    struct body *b = q->ctx;
    struct store_read *r = (struct store_read *)(void *)q;
    b->pending = NULL;
    /* Revoked or ended since the last piece: what was opened then does not go on. */
    enum err e = b->o->gone ? ERR_GONE : q->err;
    if (e == OK)
        e = open_piece(b, r->bytes);
    b->chunk(b, e, buf_str(&b->plain));
}

enum err body_open_at_hand(struct body *b)
{
    if (b->o->gone)
        return ERR_GONE;
    if (b->whole)
        return OK;
    if (b->u.chunks != 1 || b->at_hand.n != b->u.chunk_n[0])
        return ERR_MORE;
    b->reading = 0;
    enum err e = open_piece(b, b->at_hand);
    b->whole = e == OK;
    return e;
}

enum err body_chunk(struct body *b, uint32_t i, void (*chunk)(struct body *, enum err, struct str))
{
    struct store_read *r = STORE_NEW(read, b, on_read);
    if (r == NULL || i >= b->u.chunks) {
        if (r != NULL)
            store_req_drop(&r->req);
        return r == NULL ? ERR_FULL : ERR_BAD;
    }
    for (uint32_t k = 0; k < i; k++)
        r->off += b->u.chunk_n[k];
    r->len = b->u.chunk_n[i];
    r->box = b->o->box.id;
    r->id = b->id;
    b->reading = i;
    b->whole = false;
    b->chunk = chunk;
    b->pending = &r->req;
    store_submit(b->st, b->loop, &r->req);
    return OK;
}

void body_close(struct body *b)
{
    if (b->pending != NULL)
        store_cancel(b->pending);
    b->pending = NULL;
    secret_free(b->k);
    b->k = NULL;
    buf_fini(&b->plain);
    arena_reset(&b->arena);
    opened_release(b->o);
    b->o = NULL;
}
