/* What has become of an item is made durable: first the sender is told what he must know, then the record says so, or
 * the item is deleted; of what a box has sent a last record takes its place, for whoever asks what became of it. A
 * crash between two steps repeats the first, never loses it. Deletions of one turn and one outbox are one request. */
#include "base/secret.h"
#include "core/outq_queue.h"
#include <stdlib.h>
#include <string.h>

/* ---- the record ---- */

struct record {
    struct outq_run *run;
    struct outq_item *item;
    struct outq_lease lease;
    struct outbox *outbox;
    struct msg_id id;
    struct buf bytes;
    size_t env_n;
    bool last;               /* takes the place of the mail */
    struct msg_id before[2]; /* what it takes the place of */
};

static void record_free(struct record *c)
{
    outq_lease_end(&c->lease);
    buf_fini(&c->bytes);
    free(c);
}

/* One that had finished is in memory as it is, whatever the store says. */
static void finished_settled(struct outq_run *r, struct outq_item *it, enum err e)
{
    if (e != OK && e != ERR_GONE)
        log_warn(r->s->o.log, "outq.write", LOG_ERR(e));
    it->busy = false;
    if (it->dropped)
        outq_forget(r, it);
    else if (e == OK)
        outq_settle(r, it);
}

/* A store without room still deletes, and what was sent must not be sent again. */
static void last_settled(struct outq_run *r, struct outq_item *it, enum err e)
{
    it->unkept = e != OK;
    if (e == OK && !it->dropped) {
        it->busy = false;
        outq_plan_finish(r, it);
        outq_settle(r, it); /* a report may have come meanwhile */
    } else {
        outq_settled(r, it, e == ERR_GONE ? e : OK);
    }
}

static void record_end(struct record *c, enum err e)
{
    struct outq_run *r = c->run;
    struct outq_item *it = c->item;
    bool last = c->last;
    record_free(c);
    r->busy--;
    if (it->finished)
        finished_settled(r, it, e);
    else if (last)
        last_settled(r, it, e);
    else
        outq_settled(r, it, e);
}

static void on_record(struct store_req *q)
{
    struct record *c = q->ctx;
    if (q->err == OK) {
        c->item->state_id = c->id;
        c->item->has_state = true;
    } else if (!c->last) {
        c->item->changed = true;
    }
    record_end(c, q->err);
}

static enum err record_seal(struct record *c)
{
    AUTO_BUF struct buf json = { .max = OUTQ_RECORD_MAX, .secret = true };
    const struct outq_item *it = c->item;
    const struct outq_whose who = { .has_box = it->has_box, .box = it->box, .run = c->run->s->run };
    uint8_t whose[KEY_N], k[KEY_N];
    outq_id_new(&c->id, store_now_ms(c->run->store));
    outbox_key_whose(&c->run->q->boxes, c->outbox, &c->id, whose);
    outbox_key_what(whose, c->lease.cell, k);
    outq_whose_put(&json, &who);
    seal_hdr(&c->bytes, whose, &c->outbox->id, &c->id, buf_str(&json));
    c->env_n = c->bytes.n;
    buf_clear(&json);
    if (c->last)
        outq_fate_put(&json, it);
    else
        outq_how_put(&json, it);
    seal_hdr(&c->bytes, k, &c->outbox->id, &c->id, buf_str(&json));
    secret_wipe(whose, sizeof whose);
    secret_wipe(k, sizeof k);
    return json.failed || c->bytes.failed ? ERR_BUSY : OK;
}

static enum err record_append(struct record *c)
{
    c->outbox = outbox_known(&c->run->q->boxes, c->item->hour);
    if (!c->outbox)
        return ERR_GONE;
    struct store_append *a = STORE_NEW(append, c, on_record);
    struct store_append_item *it = a ? arena_new(&a->req.arena, struct store_append_item) : NULL;
    if (!it || record_seal(c) != OK) {
        store_req_drop(a ? &a->req : NULL);
        return ERR_BUSY;
    }
    *it = (struct store_append_item){ .box = c->outbox->id,
                                      .generation = 1,
                                      .folder = c->last ? OUTQ_FOLDER_FATE : OUTQ_FOLDER_STATE,
                                      .id = c->id,
                                      .origin = c->item->id.msg,
                                      .env = str_sub(buf_str(&c->bytes), 0, c->env_n),
                                      .hdr = str_from(buf_str(&c->bytes), c->env_n),
                                      .own = true };
    a->items = it;
    a->n = 1;
    a->all_or_nothing = true;
    a->received_ms = store_now_ms(c->run->store);
    a->instead_of = (struct store_pick){ .ids = c->before, .folder = FOLDER_ANY };
    if (c->item->has_state)
        c->before[a->instead_of.n++] = c->item->state_id;
    if (c->last && !c->item->finished)
        c->before[a->instead_of.n++] = c->item->id.msg;
    c->item->changed = false;
    store_submit(c->run->store, c->run->loop, &a->req); /* the bytes live in c until on_record() */
    return OK;
}

static void on_lease(struct outq_lease *l, enum err e)
{
    struct record *c = CONTAINER_OF(l, struct record, lease);
    if (e == OK)
        e = record_append(c);
    if (e != OK)
        record_end(c, e);
}

/* Begins; record_end() follows. */
static enum err record_write(struct outq_run *r, struct outq_item *it, bool last)
{
    struct record *c = calloc(1, sizeof *c);
    if (!c)
        return ERR_BUSY;
    *c = (struct record){
        .run = r, .item = it, .last = last, .lease.ready = on_lease, .bytes.max = 2 * OUTQ_RECORD_MAX
    };
    enum err e = it->has_box ? outq_lease_get(&c->lease, r, it) : record_append(c);
    if (e == OK)
        r->busy++;
    else
        record_free(c);
    return e;
}

/* ---- deletion ---- */

struct deletion {
    struct outq_run *run;
    struct list items;
};

/* What of one that had finished is left in the store ends with its hour. */
static void deleted(struct outq_run *r, struct outq_item *it, enum err e)
{
    if (it->finished) {
        outq_item_free(it);
    } else if (e != OK) {
        outq_settled(r, it, e);
    } else {
        r->s->recalled += it->recall != NULL;
        outq_item_recalled(it, OK);
        outq_plan_finish(r, it);
    }
}

static void on_deleted(struct store_req *q)
{
    struct deletion *d = q->ctx;
    struct outq_run *r = d->run;
    LIST_FOR(&d->items, node)
    {
        struct outq_item *it = CONTAINER_OF(node, struct outq_item, task);
        list_del(node);
        deleted(r, it, q->err == ERR_GONE ? OK : q->err);
    }
    free(d);
    r->busy--;
}

static void doom_fails(struct outq_run *r, struct list *items)
{
    LIST_FOR(items, node)
    {
        list_del(node);
        deleted(r, CONTAINER_OF(node, struct outq_item, task), ERR_BUSY);
    }
}

static size_t count_doomed(const struct outq_run *r, int64_t hour)
{
    size_t n = 0;
    LIST_FOR(&r->doomed, node) { n += CONTAINER_OF(node, struct outq_item, task)->hour == hour; }
    return n;
}

/* Takes those of one outbox off the doomed. */
static void delete_some(struct outq_run *r, int64_t hour, const struct box_id *outbox)
{
    size_t max = MIN(2 * count_doomed(r, hour), (size_t)STORE_IDS_MAX);
    struct deletion *d = calloc(1, sizeof *d);
    struct store_delete *q = d ? STORE_NEW(delete, d, on_deleted) : NULL;
    struct msg_id *ids = q ? arena_array(&q->req.arena, max, sizeof *ids) : NULL;
    if (!ids) {
        store_req_drop(q ? &q->req : NULL);
        free(d);
        doom_fails(r, &r->doomed);
        return;
    }
    d->run = r;
    list_init(&d->items);
    LIST_FOR(&r->doomed, node)
    {
        struct outq_item *it = CONTAINER_OF(node, struct outq_item, task);
        if (it->hour != hour || q->pick.n + 2 > max)
            continue;
        list_del(node);
        list_add_tail(&d->items, node);
        if (!it->finished)
            ids[q->pick.n++] = it->id.msg;
        if (it->has_state)
            ids[q->pick.n++] = it->state_id;
    }
    q->pick.ids = ids;
    q->box = *outbox;
    r->busy++;
    store_submit(r->store, r->loop, &q->req);
}

/* Each item's outbox is known from its arrival on (outq_run.c) until its hour is over, and what was in it with it. */
static void gone_with_outbox(struct outq_run *r, int64_t hour)
{
    LIST_FOR(&r->doomed, node)
    {
        struct outq_item *it = CONTAINER_OF(node, struct outq_item, task);
        if (it->hour != hour)
            continue;
        list_del(node);
        deleted(r, it, OK);
    }
}

static void reap(struct job *j)
{
    struct outq_run *r = CONTAINER_OF(j, struct outq_run, reap);
    r->reap_queued = false;
    r->busy--;
    while (!list_empty(&r->doomed)) {
        int64_t hour = CONTAINER_OF(r->doomed.next, struct outq_item, task)->hour;
        struct outbox *b = outbox_known(&r->q->boxes, hour);
        if (b)
            delete_some(r, hour, &b->id);
        else
            gone_with_outbox(r, hour);
    }
}

static void doom(struct outq_run *r, struct outq_item *it)
{
    list_del(&it->task);
    list_add_tail(&r->doomed, &it->task);
    if (r->reap_queued)
        return;
    r->reap_queued = true;
    r->busy++;
    r->reap.run = reap;
    loop_later(r->loop, &r->reap);
}

void outq_forget(struct outq_run *r, struct outq_item *it)
{
    it->dropped = true;
    if (it->busy)
        return; /* finished_settled() looks again */
    outq_plan_unfinish(r, it);
    if (it->has_state)
        doom(r, it);
    else
        outq_item_free(it);
}

/* ---- one step at a time ---- */

/* A report has changed it. */
static void settle_finished(struct outq_run *r, struct outq_item *it)
{
    it->busy = it->changed && it->has_state && record_write(r, it, true) == OK;
}

static void settle_over(struct outq_run *r, struct outq_item *it)
{
    bool kept = it->has_box && !it->dropped && !it->unkept && record_write(r, it, true) == OK;
    if (!kept)
        doom(r, it);
}

void outq_settle(struct outq_run *r, struct outq_item *it)
{
    if (it->busy)
        return; /* outq_settled() looks again */
    if (it->finished) {
        settle_finished(r, it);
        return;
    }
    list_del(&it->task);
    enum err e = it->dropped ? OK : outq_notice(r, it);
    it->busy = true;
    if (e == OK && !outq_item_open(it) && !outq_item_out(it))
        settle_over(r, it);
    else if (e == OK && it->changed && !it->dropped)
        e = record_write(r, it, false);
    else if (e == OK)
        it->busy = false;
    if (e != OK && e != ERR_MORE)
        outq_settled(r, it, e);
}

void outq_settled(struct outq_run *r, struct outq_item *it, enum err e)
{
    if (e == ERR_GONE) { /* its box is no more, or the hour it was to end in is over */
        outq_drop_item(r, it);
        e = OK;
    }
    it->busy = false;
    if (e == OK) {
        outq_settle(r, it);
        return;
    }
    log_warn(r->s->o.log, "outq.write", LOG_ERR(e));
    outq_item_recalled(it, e);
    list_add_tail(&r->stuck, &it->task);
}

void outq_drop_item(struct outq_run *r, struct outq_item *it)
{
    if (it->dropped)
        return;
    it->dropped = true;
    outq_item_forget_data(it);
    for (size_t i = 0; i < it->parts_n; i++)
        if (it->parts[i].state == PART_OUT)
            outq_ask_back(r, &it->parts[i]);
        else
            outq_plan_over(r, &it->parts[i]);
    for (size_t i = 0; i < it->rcpts_n; i++) {
        struct item_rcpt *rcpt = &it->rcpts[i];
        if (rcpt->state == RCPT_WAITS && it->parts[rcpt->part].state == PART_OVER)
            rcpt->state = RCPT_FAILED;
        rcpt->told = true;
    }
    outq_settle(r, it);
}
