/* After a start: what waits is read from the outboxes of all hours from now to a month ahead, hour by hour. First
 * the records of an outbox, which are few, then its mail a thousand at a time; then, of all hours, what became of mail
 * that is no more. The store is asked for each box that sends, for its lease and whether it still lives. What is
 * damaged, or whose box has ended, is deleted. What this run of the program has put is known, and passed over. */
#include "base/secret.h"
#include "core/outq_queue.h"
#include <stdlib.h>
#include <string.h>

enum { PAGE = 1000, AGAIN_MS = 1000 };
#define AHEAD_MS (INT64_C(31) * 24 * 3600 * 1000) /* queue.max_age is no more, but may have been more than now */

struct row_copy { /* of a mail, or of its record */
    struct msg_id id, origin;
    struct str env, hdr;
};

struct outq_load {
    struct outq_run *run;
    int64_t hour, first_hour, last_hour;
    struct outbox_want want;
    struct timer again;    /* there was no memory to ask for an hour */
    struct outbox *outbox; /* its own: mail that comes in may make the loop forget one that ends */
    struct arena states;   /* records of the outbox at hand, by the mail they are of */
    struct map by_mail;
    struct arena page; /* mail at hand */
    struct row_copy *rows;
    size_t n, at;
    uint32_t folder, uid, states_uid; /* where the next page begins */
    bool more;
    struct outq_lease lease;
    struct outq_whose whose;
    struct store_req *pending;
    struct msg_id *bad; /* of the page: to be deleted */
    size_t bad_n, loaded, lost;
};

static void next_hour(struct outq_load *l);
static void next_page(struct outq_load *l);
static void next_row(struct outq_load *l);

static void states_end(struct outq_load *l)
{
    map_fini(&l->by_mail);
    arena_reset(&l->states);
}

void outq_load_end(struct outq_run *r)
{
    struct outq_load *l = r->load;
    if (!l)
        return;
    if (l->pending)
        store_cancel(l->pending);
    outbox_cancel(&l->want);
    timer_clear(&l->again);
    outq_lease_end(&l->lease);
    states_end(l);
    arena_reset(&l->page);
    outbox_free(l->outbox);
    free(l);
    r->load = NULL;
    r->busy--;
}

static void failed(struct outq_load *l, enum err e)
{
    log_error(l->run->s->o.log, "outq.load", LOG_ERR(e)); /* the rest of this hour waits for the next start */
    next_hour(l);
}

/* ---- one mail ---- */

static enum err open_blob(const struct outq_load *l, const struct row_copy *c, const uint8_t *lease, struct buf *whose,
                          struct buf *what)
{
    uint8_t kw[KEY_N], k[KEY_N];
    outbox_key_whose(&l->run->q->boxes, l->outbox, &c->id, kw);
    outbox_key_what(kw, lease, k);
    enum err e = whose ? open_hdr(whose, c->env, kw, &l->outbox->id, &c->id) : OK;
    if (e == OK && what)
        e = open_hdr(what, c->hdr, k, &l->outbox->id, &c->id);
    secret_wipe(kw, sizeof kw);
    secret_wipe(k, sizeof k);
    return e;
}

static enum err read_how(struct outq_load *l, struct outq_item *it)
{
    AUTO_BUF struct buf json = { .max = OUTQ_RECORD_MAX, .secret = true };
    const struct row_copy *c = map_get(&l->by_mail, msg_id_str(&it->id.msg));
    if (!c)
        return OK;
    enum err e = open_blob(l, c, l->lease.cell, NULL, &json);
    if (e == OK)
        e = outq_how_get(buf_str(&json), it);
    it->state_id = c->id;
    it->has_state = true;
    return e;
}

static enum err read_item(struct outq_load *l, const struct row_copy *c, struct outq_item **out)
{
    AUTO_BUF struct buf json = { .max = OUTQ_RECORD_MAX, .secret = true };
    AUTO_ARENA struct arena a = { .max = OUTQ_RECORD_MAX, .secret = true };
    struct outq_shared *s = l->run->s;
    struct outq_item *it = NULL;
    bool fate = l->folder == OUTQ_FOLDER_FATE;
    enum err e = open_blob(l, c, l->lease.cell, NULL, &json);
    if (e == OK)
        e = fate ? outq_fate_get(buf_str(&json), s, &a, &it) : outq_what_get(buf_str(&json), s, &a, &it, NULL, NULL);
    if (e != OK)
        return e;
    it->id.msg = fate ? c->origin : c->id;
    it->state_id = c->id;
    it->has_state = fate;
    it->hour = l->hour;
    it->has_box = l->whose.has_box;
    it->box = l->whose.box;
    *out = it;
    return OK;
}

/* Parts that wait get their times; of what is over nothing waits, but it may have to be told or deleted. */
static void go_on(struct outq_run *r, struct outq_item *it)
{
    for (size_t i = 0; i < it->parts_n; i++) {
        if (outq_part_waiting(&it->parts[i]) > 0)
            outq_plan_part(r, &it->parts[i], it->parts[i].due.at_ms);
        else
            outq_plan_over(r, &it->parts[i]);
    }
    outq_settle(r, it);
    outq_pump(r);
}

static enum err plan(struct outq_load *l, struct outq_item *it)
{
    struct outq_run *r = l->run;
    enum err e = outq_plan_parts(r, it);
    if (e == OK)
        e = read_how(l, it);
    if (e == OK)
        e = outq_plan_add(r, it);
    if (e != OK) {
        outq_plan_unparts(r, it);
        return e;
    }
    it->counted = true;
    r->s->waiting++;
    l->loaded++;
    go_on(r, it);
    return OK;
}

static enum err take(struct outq_load *l, const struct row_copy *c)
{
    struct outq_item *it = NULL;
    enum err e = read_item(l, c, &it);
    if (e == OK)
        e = l->folder == OUTQ_FOLDER_FATE ? outq_plan_known(l->run, it) : plan(l, it);
    if (e != OK)
        outq_item_free(it);
    return e;
}

static void row_done(struct outq_load *l, enum err e)
{
    if (e == OK)
        e = take(l, &l->rows[l->at]);
    outq_lease_end(&l->lease);
    if (e == ERR_BAD || e == ERR_GONE) {
        l->bad[l->bad_n++] = l->rows[l->at].id;
        const struct row_copy *c = map_get(&l->by_mail, msg_id_str(&l->rows[l->at].id));
        if (c)
            l->bad[l->bad_n++] = c->id;
        l->lost += e == ERR_BAD;
    } else if (e != OK) {
        log_error(l->run->s->o.log, "outq.load", LOG_ERR(e));
    }
    l->at++;
}

static void on_lease(struct outq_lease *lease, enum err e)
{
    struct outq_load *l = CONTAINER_OF(lease, struct outq_load, lease);
    row_done(l, e);
    next_row(l);
}

/* Begins with the row at hand: true: an answer will come. */
static bool begin_row(struct outq_load *l)
{
    AUTO_BUF struct buf json = { .max = OUTQ_RECORD_MAX, .secret = true };
    enum err e = open_blob(l, &l->rows[l->at], NULL, &json, NULL);
    if (e == OK)
        e = outq_whose_get(buf_str(&json), &l->whose);
    if (e == OK && l->whose.run == l->run->s->run) {
        l->at++;
        return false;
    }
    if (e == OK && l->whose.has_box) {
        const struct outq_item who = { .has_box = true, .box = l->whose.box };
        l->lease.ready = on_lease;
        e = outq_lease_get(&l->lease, l->run, &who);
        if (e == OK)
            return true;
    }
    row_done(l, e);
    return false;
}

/* ---- what is of no use ---- */

static void on_deleted(struct store_req *q)
{
    struct outq_load *l = q->ctx;
    l->pending = NULL;
    next_page(l);
}

static bool delete_bad(struct outq_load *l)
{
    const struct store_pick bad = { .ids = l->bad, .n = l->bad_n };
    struct store_delete *d = l->bad_n > 0 ? STORE_NEW(delete, l, on_deleted) : NULL;
    if (!d || !store_pick_copy(&d->req.arena, &bad, &d->pick)) {
        store_req_drop(d ? &d->req : NULL);
        return false;
    }
    d->box = l->outbox->id;
    l->pending = &d->req;
    store_submit(l->run->store, l->run->loop, &d->req);
    return true;
}

static void next_row(struct outq_load *l)
{
    while (l->at < l->n)
        if (begin_row(l))
            return;
    if (!delete_bad(l))
        next_page(l);
}

/* ---- pages ---- */

static bool copy_row(struct arena *a, const struct store_row *row, struct row_copy *c)
{
    *c = (struct row_copy){ row->id, row->origin, arena_dup(a, row->env), arena_dup(a, row->hdr) };
    return (row->env.n == 0 || c->env.p) && (row->hdr.n == 0 || c->hdr.p);
}

static enum err take_page(struct outq_load *l, const struct store_list *q)
{
    l->rows = arena_array(&l->page, q->n + 1, sizeof *l->rows);
    l->bad = arena_array(&l->page, 2 * q->n + 1, sizeof *l->bad);
    l->n = l->at = l->bad_n = 0;
    if (!l->rows || !l->bad)
        return ERR_FULL;
    for (; l->n < q->n; l->n++) {
        if (!copy_row(&l->page, &q->rows[l->n], &l->rows[l->n]))
            return ERR_FULL;
        l->uid = q->rows[l->n].uid;
    }
    l->more = q->more;
    return OK;
}

static void on_page(struct store_req *q)
{
    struct outq_load *l = q->ctx;
    l->pending = NULL;
    enum err e = q->err == OK ? take_page(l, (const struct store_list *)(const void *)q) : q->err;
    if (e == OK)
        next_row(l);
    else
        failed(l, e);
}

static void ask(struct outq_load *l, uint32_t folder, uint32_t after_uid, void (*done)(struct store_req *))
{
    struct store_list *q = STORE_NEW(list, l, done);
    if (!q) {
        failed(l, ERR_BUSY);
        return;
    }
    q->box = l->outbox->id;
    q->folder = folder;
    q->ascending = q->want_env = q->want_hdr = true;
    q->after_uid = after_uid;
    q->limit = PAGE;
    l->pending = &q->req;
    store_submit(l->run->store, l->run->loop, &q->req);
}

static void next_page(struct outq_load *l)
{
    arena_reset(&l->page);
    if (l->more)
        ask(l, l->folder, l->uid, on_page);
    else
        next_hour(l);
}

/* ---- records ---- */

static enum err take_states(struct outq_load *l, const struct store_list *q)
{
    for (size_t i = 0; i < q->n; i++) {
        struct row_copy *c = arena_new(&l->states, struct row_copy);
        if (!c || !copy_row(&l->states, &q->rows[i], c) || !map_set(&l->by_mail, msg_id_str(&c->origin), c))
            return ERR_FULL;
        l->states_uid = q->rows[i].uid;
    }
    return OK;
}

static void on_states(struct store_req *q)
{
    struct outq_load *l = q->ctx;
    const struct store_list *s = (const struct store_list *)(const void *)q;
    l->pending = NULL;
    enum err e = q->err == OK ? take_states(l, s) : q->err;
    if (e != OK)
        failed(l, e);
    else if (s->more)
        ask(l, OUTQ_FOLDER_STATE, l->states_uid, on_states);
    else
        next_page(l);
}

/* ---- hours ---- */

static void on_outbox(struct outbox_want *w, enum err e, struct outbox *b)
{
    struct outq_load *l = CONTAINER_OF(w, struct outq_load, want);
    outbox_free(l->outbox);
    l->outbox = outbox_copy(b);
    l->more = true;
    if (e == OK && !l->outbox)
        e = ERR_BUSY;
    if (e == OK && l->folder == OUTQ_FOLDER_FATE)
        next_page(l);
    else if (e == OK)
        ask(l, OUTQ_FOLDER_STATE, 0, on_states);
    else if (e == ERR_GONE)
        next_hour(l);
    else
        failed(l, e);
}

/* Once all that waits is on its way. */
static void begin_fates(struct outq_load *l)
{
    log_info(l->run->s->o.log, "outq.loaded", LOG_U64("messages", l->loaded), LOG_U64("lost", l->lost));
    l->folder = OUTQ_FOLDER_FATE;
    l->hour = l->first_hour;
    next_hour(l);
}

static void ask_hour(struct timer *again)
{
    struct outq_load *l = CONTAINER_OF(again, struct outq_load, again);
    l->want = (struct outbox_want){ .hour = l->hour, .ready = on_outbox };
    if (outbox_get(&l->run->q->boxes, &l->want) == OK)
        return;
    log_warn(l->run->s->o.log, "outq.load", LOG_ERR(ERR_BUSY));
    timer_set(&l->again, AGAIN_MS);
}

static void next_hour(struct outq_load *l)
{
    states_end(l);
    map_init(&l->by_mail, 0);
    l->uid = l->states_uid = 0;
    if (++l->hour <= l->last_hour)
        ask_hour(&l->again);
    else if (l->folder == OUTQ_FOLDER_FATE)
        outq_load_end(l->run);
    else
        begin_fates(l);
}

enum err outq_load_start(struct outq_run *r)
{
    struct outq_load *l = calloc(1, sizeof *l);
    int64_t now = store_now_ms(r->store);
    if (!l)
        return ERR_IO;
    *l = (struct outq_load){ .run = r, .folder = OUTQ_FOLDER_MAIL, .hour = outbox_hour(now) - 1 };
    l->first_hour = l->hour;
    l->last_hour = outbox_hour(now + AHEAD_MS);
    l->states = l->page = (struct arena){ .max = 1 << 30, .secret = true };
    map_init(&l->by_mail, 0);
    timer_init(&l->again, r->loop, ask_hour);
    r->load = l;
    r->busy++;
    next_hour(l);
    return OK;
}
