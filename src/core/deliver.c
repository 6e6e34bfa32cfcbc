/* A mail goes through four steps: gather (what is known of each box), prepare (parse, understand, pack, seal: inline,
 * or on a work thread when it is large), append (one batch in the store), tell (events). A request owns all it needs
 * and is freed at its end, whoever cancelled meanwhile. */
#include "core/deliver.h"
#include "base/rand.h"
#include "base/secret.h"
#include "base/zip.h"
#include "core/known.h"
#include "core/pack.h"
#include "core/understand.h"
#include "wire/addr.h"
#include "wire/date.h"
#include "wire/domain.h"
#include <stdlib.h>
#include <string.h>

enum {
    LARGE = 256 * 1024, /* parsed and sealed off the loop beyond this */
    ADDRESS_MAX = 512,
    TRACE_MAX = 4096,
    SEALED_SLACK = 128 * 1024, /* env, hdr and tags over the packed body, as a ceiling */
};

struct deliver {
    struct deliver_opts o;
    struct known_boxes known;
};

/* One recipient's copy under way. */
struct copy {
    struct box_id box;
    struct msg_id msg;
    struct seal_window window; /* r is this copy's own cell */
    uint8_t *lease;
    enum err err;
    struct buf sealed;
    size_t env_n, hdr_n;
};

struct deliver_req {
    struct deliver *d;
    bool cancelled;
    void *ctx;
    union {
        deliver_rcpt_fn *rcpt;
        deliver_done *mail;
    } done;
    struct job later;
    enum err later_err;
    uint64_t check_size;
    /* mail */
    struct arena arena;
    struct buf raw; /* trace header and data */
    struct str from, message_id;
    struct buf json;
    struct copy *copies;
    size_t n, waiting;
    struct work work;
    enum err err;
    const char *why;
    uint8_t dedupe[HASH_N];
    int64_t now_ms;
};

enum err deliver_new(const struct deliver_opts *o, struct deliver **out)
{
    struct deliver *d = calloc(1, sizeof *d);
    if (d == NULL)
        return ERR_IO;
    d->o = *o;
    known_init(&d->known, o->loop, o->hub);
    *out = d;
    return OK;
}

void deliver_free(struct deliver *d)
{
    if (d == NULL)
        return;
    known_fini(&d->known);
    free(d);
}

void deliver_cancel(struct deliver_req *r)
{
    if (r != NULL)
        r->cancelled = true;
}

static struct deliver_req *req_new(struct deliver *d, void *ctx)
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

static void req_free(struct deliver_req *r)
{
    for (size_t i = 0; i < r->n; i++) {
        secret_free(r->copies[i].window.r);
        secret_free(r->copies[i].lease);
        buf_fini(&r->copies[i].sealed);
    }
    buf_fini(&r->raw);
    buf_fini(&r->json);
    arena_reset(&r->arena);
    free(r);
}

/* ---- RCPT ---- */

static void rcpt_answer(struct deliver_req *r, enum err e, const struct box_id *box)
{
    if (!r->cancelled)
        r->done.rcpt(r->ctx, e, box);
    req_free(r);
}

static void rcpt_later(struct job *j)
{
    struct deliver_req *r = CONTAINER_OF(j, struct deliver_req, later);
    rcpt_answer(r, r->later_err, NULL);
}

static struct deliver_req *refuse_later(struct deliver_req *r, enum err e)
{
    r->later_err = e;
    r->later.run = rcpt_later;
    loop_later(r->d->o.loop, &r->later);
    return r;
}

static enum err box_room(const struct store_box *b, uint64_t size)
{
    if (b->ends_after != 0 && b->received >= b->ends_after)
        return ERR_GONE;
    if (b->messages >= b->max_messages || b->bytes > b->max_bytes || size > b->max_bytes - b->bytes)
        return ERR_FULL;
    return OK;
}

static void on_rcpt(struct store_req *q)
{
    struct deliver_req *r = q->ctx;
    struct store_find *f = (struct store_find *)(void *)q;
    enum err e = q->err == OK ? box_room(&f->box, r->check_size) : q->err;
    if (e == OK && known_put(&r->d->known, &f->box, f->lease) == NULL)
        e = ERR_BUSY;
    rcpt_answer(r, e, e == OK ? &f->box.id : NULL);
}

static bool our_domain(const struct deliver *d, struct str domain)
{
    for (size_t i = 0; i < d->o.domains.n; i++)
        if (str_eq(domain, d->o.domains.names[i]))
            return true;
    return false;
}

/* RFC 5321 section 4.5.1: postmaster is always there, in every domain and without one; RFC 2142: so is abuse. Both are
 * the operator's box. */
static struct str operator_alias(struct deliver *d, struct arena *a, struct str key)
{
    struct str domain, local = str_cut(key, '@', &domain);
    bool alias = str_eq(local, S("postmaster")) || str_eq(local, S("abuse"));
    if (!alias || (domain.n > 0 && !our_domain(d, domain)))
        return key;
    return arena_printf(a, "postmaster@%.*s", STR_FMT(d->o.domains.names[0]));
}

static enum err rcpt_key(struct deliver_req *r, struct str mailbox, struct str *key)
{
    AUTO_BUF struct buf b = { .max = ADDRESS_MAX };
    struct addr a;
    struct str domain;
    if (str_eq_nocase(mailbox, S("postmaster"))) {
        *key = operator_alias(r->d, &r->arena, S("postmaster"));
        return OK;
    }
    if (addr_parse(mailbox, &a) != OK)
        return ERR_BAD;
    AUTO_BUF struct buf ascii = { .max = LIMIT_DOMAIN + 1 };
    if (a.literal || domain_to_ascii(&ascii, a.domain) != OK || !our_domain(r->d, buf_str(&ascii)))
        return ERR_DENIED;
    if (addr_normalize(&b, &a, NULL) != OK || b.failed)
        return ERR_GONE; /* well-formed, but never one of our boxes */
    *key = arena_dup(&r->arena, buf_str(&b));
    str_cut(*key, '@', &domain);
    *key = operator_alias(r->d, &r->arena, *key);
    return key->p == NULL ? ERR_BUSY : OK;
}

struct deliver_req *deliver_check(struct deliver *d, struct str mailbox, uint64_t size, deliver_rcpt_fn *done,
                                  void *ctx)
{
    struct deliver_req *r = req_new(d, ctx);
    struct str key = { 0 };
    if (r == NULL)
        return NULL;
    r->done.rcpt = done;
    r->check_size = size;
    enum err e = rcpt_key(r, mailbox, &key);
    if (e != OK)
        return refuse_later(r, e);
    struct store_find *f = STORE_NEW(find, r, on_rcpt);
    if (f == NULL)
        return refuse_later(r, ERR_BUSY);
    store_addr_hash(d->o.store, key, f->addr_hash);
    store_submit(d->o.store, d->o.loop, &f->req);
    return r;
}

/* ---- the mail: answer and tell ---- */

static void mail_answer(struct deliver_req *r, enum err e, const char *why)
{
    _Atomic uint64_t *counter = e == OK ? r->d->o.accepted : r->d->o.refused;
    if (counter != NULL)
        (*counter)++;
    if (!r->cancelled)
        r->done.mail(r->ctx, e, why);
    req_free(r);
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

static void tell(struct deliver_req *r, const struct store_append *a, const struct store_append_item *it)
{
    struct event *e = event_new(r->d->o.hub, EVENT_MESSAGE_NEW, &it->box, buf_str(&r->json));
    if (e == NULL)
        return; /* the mail is listed all the same; a listener finds it at its next look */
    e->msg = it->id;
    e->folder = it->folder;
    e->uid = it->uid;
    e->modseq = it->modseq;
    e->size = a->size;
    e->received_ms = a->received_ms;
    event_publish(e);
}

static void on_appended(struct store_req *q)
{
    struct deliver_req *r = q->ctx;
    struct store_append *a = (struct store_append *)(void *)q;
    for (size_t i = 0; i < a->n; i++) {
        if (a->items[i].err == OK && !a->items[i].duplicate)
            tell(r, a, &a->items[i]);
        else if (a->items[i].err != OK)
            log_info(r->d->o.log, "deliver.refused", LOG_ERR(a->items[i].err));
    }
    mail_answer(r, q->err, NULL);
}

static enum err append(struct deliver_req *r)
{
    struct store_append *a = STORE_NEW(append, r, on_appended);
    if (a == NULL)
        return ERR_BUSY;
    a->items = arena_array(&a->req.arena, r->n, sizeof *a->items);
    if (a->items == NULL) {
        store_req_drop(&a->req);
        return ERR_BUSY;
    }
    a->received_ms = r->now_ms;
    a->size = r->raw.n;
    for (size_t i = 0; i < r->n; i++) {
        struct copy *c = &r->copies[i];
        if (c->err != OK)
            continue;
        struct store_append_item *it = &a->items[a->n++];
        struct str all = buf_str(&c->sealed);
        *it = (struct store_append_item){ .box = c->box, .generation = c->window.generation, .folder = FOLDER_INBOX };
        it->id = c->msg;
        memcpy(it->dedupe, r->dedupe, HASH_N);
        it->env = str_sub(all, 0, c->env_n);
        it->hdr = str_sub(all, c->env_n, c->hdr_n);
        it->body = str_from(all, c->env_n + c->hdr_n);
    }
    store_submit(r->d->o.store, r->d->o.loop, &a->req); /* the bytes live in r until on_appended() */
    return OK;
}

/* ---- prepare ---- */

static void trace_header(struct deliver_req *r, const struct deliver_mail *m, struct buf *out)
{
    /* RFC 5321 section 4.4, without the client's address: a deviation that DESIGN P5 asks for. An address literal as
     * HELO would be one, so it is left out. */
    struct str helo = m->helo;
    if (helo.n == 0 || !domain_valid(helo) || (helo.p[helo.n - 1] >= '0' && helo.p[helo.n - 1] <= '9'))
        helo = S("unknown");
    buf_puts(out, "Return-Path: <");
    buf_put(out, m->mail_from);
    buf_puts(out, ">\r\nReceived: from ");
    buf_put(out, helo);
    buf_puts(out, "\r\n\tby ");
    buf_put(out, r->d->o.hostname);
    buf_printf(out, " with %s", m->protocol == NULL ? "ESMTP" : m->protocol);
    if (m->tls_version != NULL)
        buf_printf(out, "\r\n\t(%s %s)", m->tls_version, m->tls_cipher == NULL ? "" : m->tls_cipher);
    buf_puts(out, ";\r\n\t");
    date_put(out, r->now_ms, 0);
    buf_puts(out, "\r\n");
}

/* The same envelope, Message-ID and content within a day is a retry after a lost 250. Without a Message-ID nothing says
 * that two equal mails are one. */
static void dedupe_hash(struct deliver_req *r, const struct deliver_mail *m)
{
    struct str rest, id = header_msgid(header_find(buf_str(&m->data), S("Message-ID")), &rest);
    uint8_t content[HASH_N];
    if (id.n == 0)
        return;
    CRYPTO_HASH(content, S(""), S("content"), m->mail_from, id, buf_str(&m->data));
    store_hash(r->d->o.store, S("dedupe"), str_of(content, HASH_N), r->dedupe);
}

static enum err seal_copies(struct deliver_req *r, const struct pack *p)
{
    for (size_t i = 0; i < r->n; i++) {
        struct copy *c = &r->copies[i];
        if (c->err != OK)
            continue;
        c->sealed = (struct buf){ .max = p->frames.n + p->hdr.n + r->json.n + SEALED_SLACK };
        if (buf_reserve(&c->sealed, p->frames.n + p->hdr.n + r->json.n + 512 + p->frames_n * AEAD_TAG_N) == NULL)
            return ERR_BUSY;
        enum err e =
            pack_seal(p, &c->sealed, &c->window, c->lease, &c->box, &c->msg, buf_str(&r->json), &c->env_n, &c->hdr_n);
        if (e != OK)
            return ERR_BUSY;
    }
    return OK;
}

/* Touches nothing but the request: also runs on a work thread. */
static void prepare(struct deliver_req *r)
{
    struct mime_tree tree;
    struct pack p = { 0 };
    r->err = understand(&r->arena, buf_str(&r->raw), &tree, &r->json, &r->why);
    if (r->err == OK)
        r->err = pack_make(&p, &r->arena, buf_str(&r->raw), &tree);
    if (r->err == OK)
        r->err = seal_copies(r, &p);
    if (r->err == ERR_FULL)
        r->err = ERR_BUSY; /* our memory, not the box's quota */
    pack_fini(&p);
}

static void prepare_work(struct work *w)
{
    prepare(CONTAINER_OF(w, struct deliver_req, work));
    zip_forget();
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
    prepare(r);
    enum err e = r->err == OK ? append(r) : r->err;
    if (e != OK)
        fail_later(r, e);
}

/* ---- gather ---- */

static void copy_from(struct deliver_req *r, struct copy *c, struct known *b)
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
    rand_bytes(&c->msg, sizeof c->msg);
}

static void on_gathered(struct store_req *q)
{
    struct deliver_req *r = q->ctx;
    struct store_find *f = (struct store_find *)(void *)q;
    struct known *b = q->err == OK ? known_put(&r->d->known, &f->box, f->lease) : NULL;
    for (size_t i = 0; i < r->n; i++) {
        struct copy *c = &r->copies[i];
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

static void gather_one(struct deliver_req *r, struct copy *c)
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
            r->copies[r->n++] = (struct copy){ .box = m->rcpts[i].box };
    }
}

static enum err take(struct deliver_req *r, struct deliver_mail *m)
{
    AUTO_BUF struct buf trace = { .max = TRACE_MAX };
    r->now_ms = store_now_ms(r->d->o.store);
    r->copies = arena_array(&r->arena, m->rcpts_n, sizeof *r->copies);
    r->json = (struct buf){ .max = SUMMARY_MAX * 4, .secret = true };
    if (r->copies == NULL || m->rcpts_n == 0)
        return ERR_BUSY;
    trace_header(r, m, &trace);
    dedupe_hash(r, m);
    r->raw = m->data; /* in place: a second copy would double what large mails cost */
    m->data = (struct buf){ 0 };
    r->raw.max = trace.n + r->raw.n;
    r->raw.secret = true;
    if (trace.failed || buf_reserve(&r->raw, trace.n) == NULL)
        return ERR_BUSY;
    memmove(r->raw.p + trace.n, r->raw.p, r->raw.n);
    memcpy(r->raw.p, trace.p, trace.n);
    r->raw.n += trace.n;
    copies_fill(r, m);
    return OK;
}

struct deliver_req *deliver_mail(struct deliver *d, struct deliver_mail *m, deliver_done *done, void *ctx)
{
    struct deliver_req *r = req_new(d, ctx);
    if (r == NULL)
        return NULL;
    r->done.mail = done;
    enum err e = take(r, m);
    buf_fini(&m->data);
    if (e != OK) {
        fail_later(r, e);
        return r;
    }
    for (size_t i = 0; i < r->n; i++)
        gather_one(r, &r->copies[i]);
    if (r->waiting == 0)
        prepare_start(r);
    return r;
}
