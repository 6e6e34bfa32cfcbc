/* A mail goes through five steps: judge (who sent it; the DNS is asked), gather (what is known of each box), prepare
 * (parse, understand, pack, seal: inline, or on a work thread when it is large), append (one batch in the store), tell
 * (events). A request owns all it needs and is freed at its end, whoever cancelled meanwhile. */
#include "core/deliver.h"
#include "base/rand.h"
#include "base/secret.h"
#include "base/zip.h"
#include "core/deliver_req.h"
#include "core/mail_tell.h"
#include "core/received.h"
#include "wire/authres.h"
#include "wire/domain.h"
#include <stdlib.h>
#include <string.h>

enum {
    LARGE = 256 * 1024, /* parsed and sealed off the loop beyond this */
    TRACE_MAX = 40 * 1024,
};

enum err deliver_new(const struct deliver_opts *o, struct deliver **out)
{
    struct deliver *d = calloc(1, sizeof *d);
    if (d == NULL)
        return ERR_IO;
    d->o = *o;
    d->o.judge.loop = o->loop;
    d->o.judge.work = o->work;
    d->o.judge.server = o->hostname;
    d->o.judge.keys = key_cache_new(); /* NULL: then none are kept */
    known_init(&d->known, o->loop, o->hub);
    d->events.on = deliver_forget;
    event_listen_all(o->hub, o->loop, &d->events);
    *out = d;
    return OK;
}

void deliver_free(struct deliver *d)
{
    if (d == NULL)
        return;
    event_unlisten(d->o.hub, &d->events);
    known_fini(&d->known);
    key_cache_free(d->o.judge.keys);
    free(d);
}

void deliver_cancel(struct deliver_req *r)
{
    if (r != NULL)
        r->cancelled = true;
}

struct deliver_req *deliver_req_new(struct deliver *d, void *ctx)
{
    struct deliver_req *r = calloc(1, sizeof *r);
    if (r == NULL)
        return NULL;
    r->d = d;
    r->ctx = ctx;
    arena_init(&r->arena, UNDERSTAND_ARENA);
    r->arena.secret = true;
    return r;
}

void deliver_req_free(struct deliver_req *r)
{
    for (size_t i = 0; i < r->n; i++)
        sealed_fini(&r->copies[i]);
    buf_fini(&r->mail.data);
    buf_fini(&r->raw);
    buf_fini(&r->json);
    arena_reset(&r->arena);
    secret_wipe(&r->mail.client, sizeof r->mail.client);
    secret_wipe(&r->judge_mail.client, sizeof r->judge_mail.client);
    free(r);
}

/* ---- answer and tell ---- */

static void mail_answer(struct deliver_req *r, enum err e, const char *why)
{
    _Atomic uint64_t *counter = e == OK ? r->d->o.accepted : r->d->o.refused;
    if (counter != NULL)
        (*counter)++;
    if (!r->cancelled)
        r->done.mail(r->ctx, e, why);
    deliver_req_free(r);
}

static void mail_later(struct job *j)
{
    struct deliver_req *r = CONTAINER_OF(j, struct deliver_req, later);
    mail_answer(r, r->later_err, r->why);
}

static void fail_later(struct deliver_req *r, enum err e)
{
    r->later_err = e;
    r->later.run = mail_later;
    loop_later(r->d->o.loop, &r->later);
}

static void on_committed(struct store_req *q)
{
    struct deliver_req *r = q->ctx;
    const struct store_append *a = (const struct store_append *)(const void *)q;
    for (size_t i = 0; i < a->n; i++)
        if (a->items[i].err == OK && !a->items[i].duplicate)
            mail_tell_new(r->d->o.hub, a, &a->items[i], buf_str(&r->json));
}

static void note(struct deliver_req *r, const struct store_append_item *it)
{
    enum arrival_result stored = it->folder == FOLDER_JUNK ? ARRIVAL_JUNK : ARRIVAL_INBOX;
    enum arrival_result result = it->err == OK ? stored : ARRIVAL_REFUSED;
    if (!it->duplicate)
        deliver_note(r->d, &it->box, (struct arrival){ .result = result, .domain = r->from_domain, .tls = r->tls });
}

static void on_appended(struct store_req *q)
{
    struct deliver_req *r = q->ctx;
    const struct store_append *a = (const struct store_append *)(const void *)q;
    for (size_t i = 0; i < a->n; i++)
        if (a->items[i].err != OK)
            log_info(r->d->o.log, "deliver.refused", LOG_ERR(a->items[i].err));
    for (size_t i = 0; q->err == OK && i < a->n; i++)
        note(r, &a->items[i]);
    for (size_t i = 0; q->err == OK && i < a->n; i++)
        deliver_tell_stored(r, &a->items[i]);
    for (size_t i = 0; q->err == OK && i < a->n; i++)
        deliver_tell_reported(r, &a->items[i]);
    if (q->err == OK)
        deliver_count(r);
    mail_answer(r, q->err, NULL);
}

static enum err append(struct deliver_req *r)
{
    if (deliver_flooded(r)) {
        r->why = "this mailbox gets too much junk, try again later";
        return ERR_BUSY;
    }
    struct store_append *a = STORE_NEW(append, r, on_appended);
    if (a == NULL)
        return ERR_BUSY;
    a->items = arena_array(&a->req.arena, r->n, sizeof *a->items);
    if (a->items == NULL) {
        store_req_drop(&a->req);
        return ERR_BUSY;
    }
    a->req.committed = on_committed;
    a->received_ms = r->now_ms;
    a->size = r->raw.n;
    for (size_t i = 0; i < r->n; i++) {
        struct sealed *c = &r->copies[i];
        if (c->err != OK)
            continue;
        struct store_append_item *it = &a->items[a->n++];
        it->folder = c->folder;
        sealed_item(c, it);
    }
    store_submit(r->d->o.store, r->d->o.loop, &a->req); /* the bytes live in r until on_appended() */
    return OK;
}

static void prepare_work(struct work *w)
{
    deliver_prepare(CONTAINER_OF(w, struct deliver_req, work));
    zip_forget();
    secret_wipe_stack();
}

static void prepare_done(struct work *w)
{
    struct deliver_req *r = CONTAINER_OF(w, struct deliver_req, work);
    enum err e = r->err == OK ? append(r) : r->err;
    if (e != OK)
        mail_answer(r, e, r->why);
}

static void prepare_start(struct deliver_req *r)
{
    bool any = false;
    for (size_t i = 0; i < r->n; i++)
        any = any || r->copies[i].err == OK;
    if (!any) {
        fail_later(r, r->copies[0].err);
        return;
    }
    r->work = (struct work){ .work = prepare_work, .done = prepare_done };
    if (r->raw.n > LARGE) {
        if (work_submit(r->d->o.work, r->d->o.loop, &r->work) != OK)
            fail_later(r, ERR_BUSY);
        return;
    }
    deliver_prepare(r);
    enum err e = r->err == OK ? append(r) : r->err;
    if (e != OK)
        fail_later(r, e);
}

/* ---- gather ---- */

/* Ids are no secret: drawn by the dozen, for each draw is a system call. */
static struct msg_id id_new(struct deliver *d)
{
    if (d->ids_left == 0) {
        rand_bytes(d->ids, sizeof d->ids);
        d->ids_left = COUNT(d->ids);
    }
    return d->ids[--d->ids_left];
}

static void copy_from(struct deliver_req *r, struct sealed *c, struct known *b)
{
    c->err = known_window(&r->d->known, b) == OK ? OK : ERR_BUSY;
    uint8_t *cell = secret_new();
    c->lease = secret_new();
    if (c->err != OK || cell == NULL || c->lease == NULL) {
        secret_free(cell);
        c->err = ERR_BUSY;
        return;
    }
    c->window = b->window;
    c->window.r = cell;
    memcpy(cell, b->window.r, KEY_N);
    memcpy(c->lease, b->lease, KEY_N);
    c->msg = id_new(r->d);
}

static void on_gathered(struct store_req *q)
{
    struct deliver_req *r = q->ctx;
    struct store_find *f = (struct store_find *)(void *)q;
    struct known *b = q->err == OK ? known_put(&r->d->known, &f->box, f->lease) : NULL;
    for (size_t i = 0; i < r->n; i++) {
        struct sealed *c = &r->copies[i];
        if (memcmp(&c->box, &f->id, BOX_ID_N) != 0 || c->lease != NULL)
            continue;
        if (b != NULL)
            copy_from(r, c, b);
        else
            c->err = q->err == OK ? ERR_BUSY : q->err;
    }
    if (--r->waiting == 0)
        prepare_start(r);
}

static void gather_one(struct deliver_req *r, struct sealed *c)
{
    struct known *b = known_find(&r->d->known, &c->box);
    if (b != NULL) {
        copy_from(r, c, b);
        return;
    }
    struct store_find *f = STORE_NEW(find, r, on_gathered);
    if (f == NULL) {
        c->err = ERR_BUSY;
        return;
    }
    r->waiting++;
    f->by_id = true;
    f->id = c->box;
    store_submit(r->d->o.store, r->d->o.loop, &f->req);
}

/* One copy a box, however many of its names (+tags) were recipients. */
static void copies_fill(struct deliver_req *r, const struct deliver_mail *m)
{
    for (size_t i = 0; i < m->rcpts_n; i++) {
        size_t k = 0;
        while (k < r->n && memcmp(&r->copies[k].box, &m->rcpts[i].box, BOX_ID_N) != 0)
            k++;
        if (k == r->n)
            r->copies[r->n++] = (struct sealed){ .box = m->rcpts[i].box };
    }
}

static enum err take(struct deliver_req *r, struct deliver_mail *m, struct str found)
{
    AUTO_BUF struct buf trace = { .max = TRACE_MAX };
    r->now_ms = store_now_ms(r->d->o.store);
    r->copies = arena_array(&r->arena, m->rcpts_n, sizeof *r->copies);
    r->json = (struct buf){ .max = SUMMARY_MAX * 4, .secret = true };
    if (r->copies == NULL || m->rcpts_n == 0)
        return ERR_BUSY;
    r->null_sender = m->mail_from.n == 0;
    r->rcpts = m->rcpts;
    r->rcpts_n = m->rcpts_n;
    (void)authres_strip(&m->data, r->d->o.hostname);
    deliver_trace(r, m, found, &trace);
    copies_fill(r, m);
    deliver_dedupe(r, m);
    r->raw = m->data;
    m->data = (struct buf){ 0 };
    r->raw.secret = true;
    return trace.failed ? ERR_BUSY : received_prepend(&r->raw, buf_str(&trace));
}

static void store(struct deliver_req *r, struct deliver_mail *m, struct str found)
{
    enum err e = take(r, m, found);
    buf_fini(&m->data);
    if (e != OK) {
        fail_later(r, e);
        return;
    }
    for (size_t i = 0; i < r->n; i++)
        gather_one(r, &r->copies[i]);
    if (r->waiting == 0)
        prepare_start(r);
}

/* ---- judge ---- */

static void on_judged(void *ctx, struct judgement *j)
{
    struct deliver_req *r = ctx;
    r->auth = arena_dup(&r->arena, buf_str(&j->auth));
    r->judged = j->judged;
    enum err e = symbols_copy(&r->symbols, &r->arena, &j->symbols);
    r->sender = arena_dup(&r->arena, j->sender);
    if (j->junk)
        r->folder = FOLDER_JUNK;
    if (j->err == OK && deliver_sender_banned(r)) {
        j->err = ERR_BUSY;
        j->why = "too much junk from your domain, try again later";
    }
    if (r->cancelled) /* the sender has not been told that it is taken */
        deliver_req_free(r);
    else if (j->err != OK)
        mail_answer(r, j->err, j->why);
    else if (e != OK)
        mail_answer(r, ERR_BUSY, NULL);
    else
        store(r, &r->mail, buf_str(&j->header));
}

/* What the caller has lent is gone when it cancels, and the DNS may answer later than that. */
static enum err keep(struct deliver_req *r, struct deliver_mail *m)
{
    struct deliver_rcpt *rcpts = arena_array(&r->arena, m->rcpts_n + 1, sizeof *rcpts);
    if (!rcpts)
        return ERR_BUSY;
    r->mail = *m;
    m->data = (struct buf){ 0 };
    r->mail.mail_from = arena_dup(&r->arena, m->mail_from);
    r->mail.helo = arena_dup(&r->arena, m->helo);
    for (size_t i = 0; i < m->rcpts_n; i++)
        rcpts[i] = (struct deliver_rcpt){ m->rcpts[i].box, arena_dup(&r->arena, m->rcpts[i].address) };
    r->mail.rcpts = rcpts;
    r->judge_mail.from = r->mail.mail_from;
    r->judge_mail.helo = r->mail.helo;
    return OK;
}

static struct str domain_of(struct arena *a, struct str address)
{
    AUTO_BUF struct buf b = { .max = LIMIT_DOMAIN + 1 };
    enum err e = domain_to_ascii(&b, str_from(address, str_rchr(address, '@') + 1));
    return e == OK && !b.failed ? arena_dup(a, buf_str(&b)) : S("");
}

struct deliver_req *deliver_mail(struct deliver *d, struct deliver_mail *m, deliver_done *done, void *ctx)
{
    struct deliver_req *r = deliver_req_new(d, ctx);
    if (r == NULL)
        return NULL;
    r->done.mail = done;
    r->folder = FOLDER_INBOX;
    r->from_domain = arena_dup(&r->arena, arrival_domain(m->mail_from));
    r->tls = m->tls_version;
    r->judge_mail =
        (struct judge_mail){ .client = m->client, .client_known = m->client_known, .data = buf_str(&m->data) };
    r->peer = m->peer;
    r->own = m->own;
    r->submitted = m->submitted ? domain_of(&r->arena, m->mail_from) : S("");
    if (r->own || !judge_would(&d->o.judge, &r->judge_mail)) {
        store(r, m, S(""));
        return r;
    }
    enum err e = keep(r, m);
    if (e == OK)
        e = judge_start(&d->o.judge, &r->judge_mail, store_now_ms(d->o.store) / 1000, on_judged, r);
    buf_fini(&m->data);
    if (e != OK)
        fail_later(r, e);
    return r;
}
