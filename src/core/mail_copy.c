/* A copy needs no parsing: the frames and header data of a message are opened and sealed again as they are, chunk by
 * chunk. Copies gather until they are worth a step of the store. */
#include "core/mail_copy.h"
#include "base/secret.h"
#include "core/mail_tell.h"
#include "core/sealed.h"
#include "core/understand.h"
#include <stdlib.h>
#include <string.h>

enum {
    HDR_MAX = 17 * 1024 * 1024,
    STEP_MESSAGES = 1000,
    TOLD_BYTES = 4 * 1024 * 1024, /* of summaries kept for the events; later ones come without */
    COPY_ARENA = 256 * 1024 * 1024
};

struct original { /* of one copy in hand */
    struct store_row row;
    struct str summary; /* in the copy's arena */
    struct sealed sealed;
};
struct mail_copy {
    struct mail_at at; /* a reference to opened */
    struct arena arena;
    struct store_pick pick;
    size_t next; /* of the pick */
    uint32_t folder;
    mail_copy_fn *done; /* NULL once cancelled */
    void *ctx;
    enum err err;
    struct job later;
    struct original *step; /* made, not stored yet; the last may be under way */
    size_t step_n;
    uint64_t step_bytes, told_bytes;
    /* the one under way */
    uint8_t *k, *k_new; /* cells */
    struct arena tables;
    struct unpacked u;
    uint32_t chunk;
    uint64_t off;
    /* stored */
    uint32_t uidvalidity;
    struct store_gone *from;
    struct store_row *rows;
    size_t n;
};

static void step_forget(struct mail_copy *c)
{
    for (size_t i = 0; i < c->step_n; i++)
        sealed_fini(&c->step[i].sealed);
    c->step_n = 0;
    c->step_bytes = 0;
}

static void copy_free(struct mail_copy *c)
{
    step_forget(c);
    secret_free(c->k);
    secret_free(c->k_new);
    arena_reset(&c->tables);
    arena_reset(&c->arena);
    opened_release(c->at.opened);
    free(c);
}

void mail_copy_cancel(struct mail_copy *c)
{
    if (c != NULL)
        c->done = NULL;
}

/* ---- the answer ---- */

static void answer(struct mail_copy *c)
{
    const struct mail_copied copied = { .uidvalidity = c->uidvalidity, .from = c->from, .rows = c->rows, .n = c->n };
    if (c->done != NULL)
        c->done(c->ctx, c->err, c->err == OK ? &copied : NULL);
    copy_free(c);
}

static void tell_undone(struct store_req *q)
{
    struct mail_copy *c = q->ctx;
    const struct store_delete *d = (const struct store_delete *)(const void *)q;
    mail_tell_gone(c->at.hub, &d->box, d->gone, d->deleted);
}

static void on_undone(struct store_req *q) { answer(q->ctx); }

/* What was stored before the step that failed goes again. */
static void fail(struct mail_copy *c, enum err e)
{
    c->err = e;
    struct store_delete *d = c->n > 0 ? STORE_NEW(delete, c, on_undone) : NULL;
    struct msg_id *ids = d == NULL ? NULL : arena_array(&d->req.arena, c->n, sizeof *ids);
    if (ids == NULL) {
        store_req_drop(d == NULL ? NULL : &d->req);
        answer(c);
        return;
    }
    for (size_t i = 0; i < c->n; i++)
        ids[i] = c->rows[i].id;
    d->req.committed = tell_undone;
    d->box = c->at.opened->box.id;
    d->pick = (struct store_pick){ .ids = ids, .n = c->n };
    store_submit(c->at.store, c->at.loop, &d->req);
}

/* ---- a step ---- */

static void copy_next(struct mail_copy *c);

static void stored(struct mail_copy *c, const struct original *o, const struct store_append_item *it)
{
    struct store_row *row = &c->rows[c->n];
    *row = o->row;
    row->id = it->id;
    row->folder = it->folder;
    row->uid = it->uid;
    row->modseq = it->modseq;
    row->saved_ms = it->saved_ms;
    c->from[c->n] =
        (struct store_gone){ .id = o->row.id, .folder = o->row.folder, .uid = o->row.uid, .modseq = o->row.modseq };
    c->n++;
    c->uidvalidity = it->uidvalidity;
}

static void tell_step(struct store_req *q)
{
    struct mail_copy *c = q->ctx;
    const struct store_append *a = (const struct store_append *)(const void *)q;
    for (size_t i = 0; i < a->n; i++)
        mail_tell_new(c->at.hub, a, &a->items[i], c->step[i].summary);
}

static void on_appended(struct store_req *q)
{
    struct mail_copy *c = q->ctx;
    const struct store_append *a = (const struct store_append *)(void *)q;
    if (q->err != OK) {
        fail(c, q->err);
        return;
    }
    for (size_t i = 0; i < a->n; i++)
        stored(c, &c->step[i], &a->items[i]);
    step_forget(c);
    copy_next(c);
}

static void step_store(struct mail_copy *c)
{
    struct store_append *a = STORE_NEW(append, c, on_appended);
    if (a != NULL)
        a->items = arena_array(&a->req.arena, c->step_n, sizeof *a->items);
    if (a == NULL || a->items == NULL) {
        store_req_drop(a == NULL ? NULL : &a->req);
        fail(c, ERR_IO);
        return;
    }
    for (; a->n < c->step_n; a->n++) {
        const struct original *o = &c->step[a->n];
        struct store_append_item *it = &a->items[a->n];
        sealed_item(&o->sealed, it);
        it->origin = o->row.origin;
        it->folder = c->folder;
        it->flags = o->row.flags;
        it->received_ms = o->row.received_ms;
        it->size = o->row.size;
        it->own = true;
    }
    a->req.committed = tell_step;
    a->all_or_nothing = true;
    store_submit(c->at.store, c->at.loop, &a->req); /* the bytes live in c until on_appended() */
}

/* ---- one message ---- */

static void message_done(struct mail_copy *c)
{
    c->step_bytes += c->step[c->step_n - 1].sealed.bytes.n;
    arena_reset(&c->tables);
    if (c->step_n == STEP_MESSAGES || c->step_bytes >= MAIL_COPY_BYTES)
        step_store(c);
    else
        copy_next(c);
}

static void on_chunk(struct store_req *q);

static void chunk_next(struct mail_copy *c)
{
    if (c->chunk == c->u.chunks) {
        message_done(c);
        return;
    }
    struct store_read *r = STORE_NEW(read, c, on_chunk);
    if (r == NULL) {
        fail(c, ERR_IO);
        return;
    }
    r->box = c->at.opened->box.id;
    r->id = c->step[c->step_n - 1].row.id;
    r->off = c->off;
    r->len = c->u.chunk_n[c->chunk];
    store_submit(c->at.store, c->at.loop, &r->req);
}

/* Opens this chunk's frame and seals it as the same chunk of the copy. */
static enum err chunk_seal(struct mail_copy *c, struct str bytes)
{
    AUTO_BUF struct buf frame = { .max = bytes.n, .secret = true };
    struct original *o = &c->step[c->step_n - 1];
    const struct box_id *box = &c->at.opened->box.id;
    bool last = c->chunk + 1 == c->u.chunks;
    enum err e = open_chunk(&frame, bytes, c->k, box, &o->row.id, c->chunk, last);
    if (e == OK)
        seal_chunk(&o->sealed.bytes, c->k_new, box, &o->sealed.msg, c->chunk, last, buf_str(&frame));
    return e == OK && o->sealed.bytes.failed ? ERR_BUSY : e;
}

static void on_chunk(struct store_req *q)
{
    struct mail_copy *c = q->ctx;
    const struct store_read *r = (const struct store_read *)(void *)q;
    enum err e = c->at.opened->gone ? ERR_GONE : q->err;
    if (e == OK)
        e = chunk_seal(c, r->bytes);
    if (e != OK) {
        fail(c, e);
        return;
    }
    c->off += c->u.chunk_n[c->chunk++];
    chunk_next(c);
}

static enum err open_both(struct mail_copy *c, const struct store_row *row, struct buf *summary, struct buf *hdr)
{
    const struct box_id *box = &c->at.opened->box.id;
    enum err e = opened_message_key(c->at.opened, row->env, &row->id, c->k);
    if (e == OK)
        e = open_env(summary, row->env, c->k, box, &row->id);
    if (e == OK)
        e = open_hdr(hdr, row->hdr, c->k, box, &row->id);
    return e == OK ? pack_read(buf_str(hdr), &c->tables, &c->u) : e;
}

/* The copy has as many octets as the original, in the same places. */
static enum err head_seal(struct mail_copy *c, struct original *o, struct str summary, struct str hdr)
{
    struct sealed *s = &o->sealed;
    enum err e = sealed_begin(s, c->at.opened);
    if (e != OK)
        return e == ERR_FULL ? ERR_BUSY : e;
    seal_message_key(c->k_new, s->window.r, s->lease, &s->box, &s->msg);
    s->bytes = (struct buf){ .max = (size_t)(o->row.env_n + o->row.hdr_n + o->row.body_n) };
    if (buf_reserve(&s->bytes, s->bytes.max) == NULL)
        return ERR_BUSY;
    seal_env(&s->bytes, &s->window, c->k_new, &s->box, &s->msg, summary);
    s->env_n = s->bytes.n;
    seal_hdr(&s->bytes, c->k_new, &s->box, &s->msg, hdr);
    s->hdr_n = s->bytes.n - s->env_n;
    return s->bytes.failed ? ERR_BAD : OK;
}

static enum err message_begin(struct mail_copy *c, const struct store_row *row)
{
    AUTO_BUF struct buf summary = { .max = SUMMARY_MAX * 4, .secret = true }, hdr = { .max = HDR_MAX, .secret = true };
    struct original *o = &c->step[c->step_n++];
    *o = (struct original){ .row = *row };
    o->row.env = o->row.hdr = (struct str){ 0 };
    enum err e = open_both(c, row, &summary, &hdr);
    if (e == OK)
        e = head_seal(c, o, buf_str(&summary), buf_str(&hdr));
    if (e == OK && summary.n <= TOLD_BYTES - c->told_bytes) {
        o->summary = arena_dup(&c->arena, buf_str(&summary));
        c->told_bytes += summary.n;
    }
    c->chunk = 0;
    c->off = 0;
    return e;
}

static void on_message(struct store_req *q)
{
    struct mail_copy *c = q->ctx;
    const struct store_get *g = (const struct store_get *)(void *)q;
    bool elsewhere = q->err == OK && c->pick.folder != FOLDER_ANY && g->row.folder != c->pick.folder;
    if (q->err == ERR_GONE || elsewhere) {
        copy_next(c);
        return;
    }
    enum err e = q->err == OK ? message_begin(c, &g->row) : q->err;
    if (e == OK)
        chunk_next(c);
    else
        fail(c, e);
}

static void copy_next(struct mail_copy *c)
{
    if (c->next == c->pick.n) {
        if (c->step_n > 0)
            step_store(c);
        else
            answer(c);
        return;
    }
    struct store_get *g = STORE_NEW(get, c, on_message);
    if (g == NULL) {
        fail(c, ERR_IO);
        return;
    }
    g->box = c->at.opened->box.id;
    g->by_uid = c->pick.ids == NULL;
    g->folder = c->pick.folder;
    if (g->by_uid)
        g->uid = c->pick.uids[c->next++];
    else
        g->id = c->pick.ids[c->next++];
    g->want_env = g->want_hdr = true;
    store_submit(c->at.store, c->at.loop, &g->req);
}

/* ---- the call ---- */

static void start(struct job *j)
{
    struct mail_copy *c = CONTAINER_OF(j, struct mail_copy, later);
    if (c->err != OK)
        answer(c);
    else
        copy_next(c);
}

static enum err prepare(struct mail_copy *c, const struct store_pick *pick)
{
    if (pick->n > STORE_IDS_MAX)
        return ERR_FULL;
    c->k = secret_new();
    c->k_new = secret_new();
    c->step = arena_array(&c->arena, MIN(pick->n, (size_t)STEP_MESSAGES) + 1, sizeof *c->step);
    c->from = arena_array(&c->arena, pick->n + 1, sizeof *c->from);
    c->rows = arena_array(&c->arena, pick->n + 1, sizeof *c->rows);
    bool all = c->k != NULL && c->k_new != NULL && c->step != NULL && c->from != NULL && c->rows != NULL;
    return all && store_pick_copy(&c->arena, pick, &c->pick) ? OK : ERR_BUSY;
}

struct mail_copy *mail_copy(const struct mail_at *at, const struct store_pick *pick, uint32_t folder,
                            mail_copy_fn *done, void *ctx)
{
    struct mail_copy *c = calloc(1, sizeof *c);
    if (c == NULL)
        return NULL;
    *c = (struct mail_copy){ .at = *at, .folder = folder, .done = done, .ctx = ctx };
    c->at.opened = opened_hold(at->opened);
    arena_init(&c->arena, COPY_ARENA);
    arena_init(&c->tables, UNDERSTAND_ARENA);
    c->arena.secret = c->tables.secret = true;
    c->err = prepare(c, pick);
    c->later.run = start;
    loop_later(at->loop, &c->later);
    return c;
}
