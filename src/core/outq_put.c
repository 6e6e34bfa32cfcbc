/* A mail goes in by steps: whose is it and until when (the store is asked for its box), which outbox ends with it, seal
 * (on a work thread when it is large), append; once that is durable the out loop is told. */
#include "base/secret.h"
#include "base/zip.h"
#include "core/chunk.h"
#include "core/outq_queue.h"
#include "core/outq_req.h"
#include "core/received.h"
#include "wire/header.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { LARGE = 256 * 1024 };

enum err outq_new(struct outq_shared *s, struct loop *here, struct outq **out)
{
    struct outq *q = calloc(1, sizeof *q);
    if (!q)
        return ERR_IO;
    q->s = s;
    q->loop = here;
    outboxes_init(&q->boxes, here, s->o.store, s->key);
    *out = q;
    return OK;
}

void outq_free(struct outq *q)
{
    if (!q)
        return;
    outboxes_fini(&q->boxes);
    free(q);
}

/* ---- requests ---- */

struct outq_req *outq_req_new(struct outq *q, void *ctx)
{
    struct outq_req *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    r->q = q;
    r->loop = q->loop;
    r->ctx = ctx;
    arena_init(&r->arena, 16 << 20);
    r->arena.secret = true;
    return r;
}

void outq_req_free(struct outq_req *r)
{
    outq_item_free(r->item);
    secret_free(r->lease);
    buf_fini(&r->data);
    buf_fini(&r->sealed);
    arena_reset(&r->arena);
    secret_wipe(r->whose, sizeof r->whose);
    free(r);
}

void outq_cancel(struct outq_req *r)
{
    if (r)
        r->cancelled = true;
}

void outq_req_later(struct outq_req *r, enum err e, void (*run)(struct job *j))
{
    r->err = e;
    r->job.run = run;
    loop_later(r->loop, &r->job);
}

void outq_req_back(struct outq_req *r, enum err e)
{
    r->err = e;
    post(r->loop, &r->job);
}

/* ---- the answer ---- */

/* Taken first and looked at then: other loops do the same. */
static bool take_room(struct outq_shared *s, size_t n)
{
    if (atomic_fetch_add(&s->at_hand, n) + n <= OUTQ_AT_HAND_MAX)
        return true;
    s->at_hand -= n;
    return false;
}

/* Most mail leaves at once: it need not be read again. */
static void keep_at_hand(struct outq_req *r)
{
    struct outq_shared *s = r->q->s;
    buf_shrink(&r->data);
    if (!take_room(s, r->data.cap))
        return;
    r->item->data = r->data;
    r->data = (struct buf){ 0 };
}

static void answer(struct outq_req *r, enum err e)
{
    struct outq_item *it = r->item;
    const struct outq_id id = it ? it->id : (struct outq_id){ 0 };
    if (e == OK) {
        r->q->s->put++;
        keep_at_hand(r);
        r->item = NULL;
        outq_arrives(r->q->s, it);
    }
    if (!r->cancelled)
        r->done.put(r->ctx, e, e == OK ? &id : NULL);
    outq_req_free(r);
}

static void answer_later(struct job *j)
{
    struct outq_req *r = CONTAINER_OF(j, struct outq_req, job);
    answer(r, r->err);
}

/* ---- append ---- */

static void outbox_find(struct outq_req *r);

static void on_appended(struct store_req *q)
{
    struct outq_req *r = q->ctx;
    if (q->err == ERR_GONE && !r->again) { /* the outbox was known, but is no more */
        r->again = true;
        outbox_forget(&r->q->boxes, r->item->hour);
        outbox_find(r);
        return;
    }
    answer(r, q->err);
}

static enum err append(struct outq_req *r)
{
    struct store_append *a = STORE_NEW(append, r, on_appended);
    struct store_append_item *it = a ? arena_new(&a->req.arena, struct store_append_item) : NULL;
    struct str all = buf_str(&r->sealed);
    if (!it) {
        store_req_drop(a ? &a->req : NULL);
        return ERR_BUSY;
    }
    *it = (struct store_append_item){ .box = r->item->met->id,
                                      .generation = 1,
                                      .folder = OUTQ_FOLDER_MAIL,
                                      .id = r->item->id.msg,
                                      .env = str_sub(all, 0, r->env_n),
                                      .hdr = str_sub(all, r->env_n, r->hdr_n),
                                      .body = str_from(all, r->env_n + r->hdr_n),
                                      .own = true };
    a->items = it;
    a->n = 1;
    a->received_ms = r->item->created_ms;
    a->size = r->item->size;
    store_submit(r->q->s->o.store, r->q->loop, &a->req); /* the bytes live in r until on_appended() */
    return OK;
}

/* ---- seal ---- */

static enum err seal_body(const uint8_t k[KEY_N], const struct box_id *outbox, const struct msg_id *id, struct str data,
                          struct buf *out, uint32_t *chunk_n, size_t chunks)
{
    AUTO_BUF struct buf frame = { .max = 2 * SEAL_CHUNK_BYTES + 4096, .secret = true };
    for (size_t i = 0; i < chunks; i++) {
        size_t before = out->n;
        buf_clear(&frame);
        enum err e = chunk_pack(&frame, str_sub(data, i * SEAL_CHUNK_BYTES, SEAL_CHUNK_BYTES));
        if (e != OK)
            return e;
        seal_chunk(out, k, outbox, id, (uint32_t)i, i + 1 == chunks, buf_str(&frame));
        chunk_n[i] = (uint32_t)(out->n - before);
    }
    return out->failed ? ERR_FULL : OK;
}

enum err outq_seal_mail(const struct outq_item *it, const uint8_t whose[KEY_N], const uint8_t *sender_lease,
                        const struct box_id *outbox, struct str data, struct buf *out, size_t *env_n, size_t *hdr_n)
{
    AUTO_BUF struct buf json = { .max = OUTQ_RECORD_MAX, .secret = true };
    AUTO_BUF struct buf body = { .max = 2 * data.n + 8192 };
    size_t chunks = (data.n + SEAL_CHUNK_BYTES - 1) / SEAL_CHUNK_BYTES;
    AUTO_FREE uint32_t *chunk_n = calloc(chunks + 1, sizeof *chunk_n);
    uint8_t k[KEY_N];
    if (!chunk_n)
        return ERR_BUSY;
    outbox_key_what(whose, sender_lease, k);
    enum err e = seal_body(k, outbox, &it->id.msg, data, &body, chunk_n, chunks);
    const struct outq_whose who = { .has_box = it->has_box, .box = it->box, .run = it->shared->run };
    outq_whose_put(&json, &who);
    seal_hdr(out, whose, outbox, &it->id.msg, buf_str(&json));
    *env_n = out->n;
    buf_clear(&json);
    outq_what_put(&json, it, chunk_n, chunks);
    seal_hdr(out, k, outbox, &it->id.msg, buf_str(&json));
    *hdr_n = out->n - *env_n;
    buf_put(out, buf_str(&body));
    secret_wipe(k, sizeof k);
    return e == OK && !json.failed && !out->failed ? OK : ERR_BUSY;
}

static void seal(struct outq_req *r)
{
    buf_fini(&r->sealed);
    r->sealed = (struct buf){ .max = 2 * r->data.n + 2 * OUTQ_RECORD_MAX };
    r->err = outq_seal_mail(r->item, r->whose, r->lease, &r->item->met->id, buf_str(&r->data), &r->sealed, &r->env_n,
                            &r->hdr_n);
}

static void seal_work(struct work *w)
{
    seal(CONTAINER_OF(w, struct outq_req, work));
    zip_forget();
    secret_wipe_stack();
}

static enum err sealed(struct outq_req *r) { return r->err == OK ? append(r) : r->err; }

static void seal_done(struct work *w)
{
    struct outq_req *r = CONTAINER_OF(w, struct outq_req, work);
    enum err e = sealed(r);
    if (e != OK)
        answer(r, e);
}

static enum err seal_start(struct outq_req *r, const struct outbox *b)
{
    outbox_free(r->item->met);
    r->item->met = outbox_copy(b);
    if (!r->item->met)
        return ERR_BUSY;
    outbox_key_whose(&r->q->boxes, b, &r->item->id.msg, r->whose);
    r->work = (struct work){ .work = seal_work, .done = seal_done };
    if (r->data.n > LARGE)
        return work_submit(r->q->s->o.work, r->q->loop, &r->work);
    seal(r);
    return sealed(r);
}

/* ---- outbox ---- */

static void on_outbox(struct outbox_want *w, enum err e, struct outbox *b)
{
    struct outq_req *r = CONTAINER_OF(w, struct outq_req, want);
    if (e == OK)
        e = seal_start(r, b);
    if (e != OK)
        answer(r, e == ERR_GONE ? ERR_BUSY : e);
}

static void outbox_find(struct outq_req *r)
{
    r->item->hour = outbox_hour(r->item->end_ms);
    struct outbox *known = outbox_known(&r->q->boxes, r->item->hour);
    r->want = (struct outbox_want){ .hour = r->item->hour, .make = true, .ready = on_outbox };
    enum err e = known ? seal_start(r, known) : outbox_get(&r->q->boxes, &r->want);
    if (e != OK)
        outq_req_later(r, e, answer_later);
}

/* ---- whose, and until when ---- */

static void on_found(struct store_req *q)
{
    struct outq_req *r = q->ctx;
    const struct store_find *f = (const struct store_find *)(const void *)q;
    r->lease = q->err == OK ? secret_new() : NULL;
    if (q->err != OK || !r->lease) {
        answer(r, q->err == OK ? ERR_BUSY : q->err);
        return;
    }
    memcpy(r->lease, f->lease, KEY_N);
    r->item->end_ms = MIN(r->item->end_ms, f->box.end_ms);
    outbox_find(r);
}

static enum err box_find(struct outq_req *r)
{
    struct store_find *f = STORE_NEW(find, r, on_found);
    if (!f)
        return ERR_BUSY;
    f->by_id = true;
    f->id = r->item->box;
    store_submit(r->q->s->o.store, r->q->loop, &f->req);
    return OK;
}

/* ---- what is put ---- */

static bool goes_round(struct str data)
{
    struct header_bounds h;
    return header_bounds(data, &h) != OK || received_count(str_sub(data, 0, h.body)) > OUTQ_RECEIVED_MAX;
}

/* RFC 8689 section 5: one such field, of the one value that there is; with REQUIRETLS it means nothing. */
static bool tls_is_optional(const struct outq_mail *m)
{
    static const struct str name = STR("TLS-Required");
    struct header_bounds h;
    struct str data = buf_str(&m->data);
    if (m->flags & OUTQ_REQUIRETLS || header_bounds(data, &h) != OK)
        return false;
    struct str head = str_sub(data, 0, h.body);
    return str_eq_nocase(str_trim(header_find(head, name)), S("No")) && header_count(head, name) == 1;
}

static enum err check(const struct outq_mail *m)
{
    struct addr a;
    for (size_t i = 0; i < m->rcpts_n; i++)
        if (addr_parse(m->rcpts[i].address, &a) != OK)
            return ERR_BAD;
    return goes_round(buf_str(&m->data)) ? ERR_BAD : OK;
}

static bool count(struct outq_shared *s, struct outq_item *it)
{
    it->counted = true;
    return ++s->waiting <= s->o.max_messages;
}

static enum err begin(struct outq_req *r, const struct outq_mail *m)
{
    static const struct outq_id none;
    struct outq_shared *s = r->q->s;
    enum err e = check(m);
    if (e != OK)
        return e;
    r->item = outq_item_new(s, m);
    if (!r->item)
        return ERR_BUSY;
    if (memcmp(&m->id, &none, sizeof none) == 0)
        outq_id_new(&r->item->id.msg, store_now_ms(s->o.store));
    if (!count(s, r->item))
        return ERR_FULL;
    r->item->flags = (m->flags & ~(unsigned)OUTQ_TLS_OPTIONAL) | (tls_is_optional(m) ? OUTQ_TLS_OPTIONAL : 0u);
    r->item->size = r->data.n;
    r->item->created_ms = store_now_ms(s->o.store);
    r->item->end_ms = r->item->created_ms + s->o.max_age_ms;
    return OK;
}

struct outq_req *outq_put(struct outq *q, struct outq_mail *m, outq_put_fn *done, void *ctx)
{
    struct outq_req *r = outq_req_new(q, ctx);
    assert(m->rcpts_n > 0 && m->rcpts_n <= OUTQ_RCPTS_MAX);
    if (!r) {
        buf_fini(&m->data);
        return NULL;
    }
    r->done.put = done;
    r->data = m->data;
    r->data.secret = true;
    enum err e = begin(r, &(struct outq_mail){ .id = m->id,
                                               .box = m->box,
                                               .has_box = m->has_box,
                                               .mail_from = m->mail_from,
                                               .rcpts = m->rcpts,
                                               .rcpts_n = m->rcpts_n,
                                               .envid = m->envid,
                                               .ret = m->ret,
                                               .flags = m->flags,
                                               .sent = m->sent,
                                               .not_before_ms = m->not_before_ms,
                                               .data = r->data });
    m->data = (struct buf){ 0 };
    if (e == OK && m->has_box)
        e = box_find(r);
    else if (e == OK)
        outbox_find(r);
    if (e != OK)
        outq_req_later(r, e, answer_later);
    return r;
}
