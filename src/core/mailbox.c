/* A box is born with everything it will ever need: key pair, lease, token, recovery words. Nothing of it is kept here;
 * what the holder does not write down is lost, on purpose. */
#include "core/mailbox.h"
#include "base/rand.h"
#include "base/secret.h"
#include "core/mailbox_req.h"
#include "core/seal.h"
#include "wire/addr.h"
#include <stdlib.h>
#include <string.h>

enum { ARENA_MAX = 256 * 1024, ADDRESS_MAX = 512 };

enum err mailboxes_new(const struct mailboxes_opts *o, struct mailboxes **out)
{
    struct mailboxes *m = calloc(1, sizeof *m);
    if (m == NULL)
        return ERR_IO;
    m->o = *o;
    *out = m;
    return OK;
}

void mailboxes_free(struct mailboxes *m) { free(m); }

struct mailbox_req *mailbox_req_new(struct mailboxes *m, struct opened *o, void *ctx)
{
    struct mailbox_req *r = calloc(1, sizeof *r);
    if (r == NULL)
        return NULL;
    r->m = m;
    r->o = o == NULL ? NULL : opened_hold(o);
    r->ctx = ctx;
    arena_init(&r->arena, ARENA_MAX);
    r->arena.secret = true;
    return r;
}

void mailbox_req_free(struct mailbox_req *r)
{
    opened_release(r->o);
    secret_free(r->fresh);
    arena_reset(&r->arena);
    secret_wipe(r, sizeof *r);
    free(r);
}

void mailbox_cancel(struct mailbox_req *r)
{
    if (r != NULL)
        r->cancelled = true;
}

struct mailbox_req *mailbox_req_later(struct mailbox_req *r, enum err e, void (*run)(struct job *))
{
    r->later_err = e;
    r->later.run = run;
    loop_later(r->m->o.loop, &r->later);
    return r;
}

/* ---- credentials of a box being made or changed ---- */

static void cred_begin(struct mailbox_req *r, struct store_cred *c, enum cred_kind kind)
{
    *c = (struct store_cred){ .kind = kind, .created_ms = store_now_ms(r->m->o.store) };
    rand_bytes(&c->id, sizeof c->id);
    c->id >>= 11; /* exact as a JSON number */
}

static enum err cred_from_raw(struct mailbox_req *r, struct store_cred *c, const struct box_id *box,
                              uint8_t *const *privs, uint32_t generations, struct str raw)
{
    uint8_t seed[KEY_N];
    secret_lookup(c->lookup, raw);
    secret_seed(seed, raw, box);
    enum err e = seal_cred(c, &r->arena, seed, privs, generations);
    secret_wipe(seed, sizeof seed);
    return e;
}

enum err mailbox_token_cred(struct mailbox_req *r, struct store_cred *c, const struct box_id *box,
                            uint8_t *const *privs, uint32_t generations, struct str *text)
{
    char token[TOKEN_TEXT_N + 1];
    uint8_t raw[TOKEN_BYTES];
    token_new(token, raw);
    *text = arena_dup(&r->arena, str_of(token, TOKEN_TEXT_N));
    cred_begin(r, c, CRED_TOKEN);
    enum err e = cred_from_raw(r, c, box, privs, generations, str_of(raw, sizeof raw));
    secret_wipe(token, sizeof token);
    secret_wipe(raw, sizeof raw);
    return text->p == NULL ? ERR_FULL : e;
}

enum err mailbox_recovery_cred(struct mailbox_req *r, struct store_cred *c, const struct box_id *box,
                               uint8_t *const *privs, uint32_t generations, struct str *text)
{
    AUTO_BUF struct buf b = { .max = 256, .secret = true };
    uint8_t raw[RECOVERY_BYTES];
    recovery_new(&b, raw);
    *text = arena_dup(&r->arena, buf_str(&b));
    cred_begin(r, c, CRED_RECOVERY);
    enum err e = cred_from_raw(r, c, box, privs, generations, str_of(raw, sizeof raw));
    secret_wipe(raw, sizeof raw);
    return text->p == NULL ? ERR_FULL : e;
}

enum err mailbox_password_cred(struct mailbox_req *r, struct store_cred *c, const struct box_id *box,
                               uint8_t *const *privs, uint32_t generations)
{
    uint8_t seed[KEY_N];
    cred_begin(r, c, CRED_PASSWORD);
    memcpy(c->salt, r->salt, SALT_N);
    password_halves(c->lookup, seed, r->out64, box);
    enum err e = seal_cred(c, &r->arena, seed, privs, generations);
    secret_wipe(seed, sizeof seed);
    return e;
}

static void argon_work(struct work *w)
{
    struct mailbox_req *r = CONTAINER_OF(w, struct mailbox_req, work);
    r->work_err = crypto_password(r->out64, r->password, r->salt);
}

enum err mailbox_argon(struct mailbox_req *r, void (*done)(struct work *))
{
    rand_bytes(r->salt, sizeof r->salt);
    r->work = (struct work){ .work = argon_work, .done = done };
    return work_submit(r->m->o.argon, r->m->o.loop, &r->work);
}

/* ---- create ---- */

static void made(struct mailbox_req *r, enum err e)
{
    struct mailbox_made out = { .box = r->box, .address = r->address, .token = r->token, .recovery = r->recovery };
    if (!r->cancelled)
        r->done.made(r->ctx, e, r->why.code == NULL ? NULL : &r->why, e == OK ? &out : NULL);
    mailbox_req_free(r);
}

static void made_later(struct job *j)
{
    struct mailbox_req *r = CONTAINER_OF(j, struct mailbox_req, later);
    made(r, r->later_err);
}

static void create_submit(struct mailbox_req *r);

static void on_created(struct store_req *q)
{
    struct mailbox_req *r = q->ctx;
    struct store_create *c = (struct store_create *)(void *)q;
    if (q->err == ERR_BUSY)
        r->why = (struct refusal){ "address_taken", "This address is taken, or rests after its last holder." };
    if (q->err == OK) {
        r->box = c->box;
        r->box.sealed = (struct str){ 0 };
    }
    made(r, q->err);
}

static enum err create_fill(struct mailbox_req *r, struct store_create *c)
{
    struct store_cred *creds = arena_array(&c->req.arena, 3, sizeof *creds);
    uint8_t *privs[1] = { r->priv };
    if (creds == NULL)
        return ERR_FULL;
    enum err e = mailbox_token_cred(r, &creds[0], &r->box.id, privs, 1, &r->token);
    if (e == OK)
        e = mailbox_recovery_cred(r, &creds[1], &r->box.id, privs, 1, &r->recovery);
    if (e == OK && r->password.n > 0)
        e = mailbox_password_cred(r, &creds[2], &r->box.id, privs, 1);
    size_t n = r->password.n > 0 ? 3 : 2;
    for (size_t i = 0; i < n && e == OK; i++) {
        creds[i].sealed = arena_dup(&c->req.arena, creds[i].sealed);
        e = creds[i].sealed.p == NULL ? ERR_FULL : OK;
    }
    uint8_t *sealed = arena_alloc(&c->req.arena, r->address.n + SEAL_OVERHEAD);
    if (e != OK || sealed == NULL)
        return ERR_FULL;
    seal_to(sealed, r->box.pub, r->address);
    c->box = r->box;
    c->box.sealed = str_of(sealed, r->address.n + SEAL_OVERHEAD);
    memcpy(c->lease, r->lease, KEY_N);
    c->creds = creds;
    c->creds_n = n;
    return OK;
}

static void create_submit(struct mailbox_req *r)
{
    struct store_create *c = STORE_NEW(create, r, on_created);
    if (c == NULL) {
        mailbox_req_later(r, ERR_IO, made_later);
        return;
    }
    enum err e = create_fill(r, c);
    if (e != OK) {
        store_req_drop(&c->req);
        mailbox_req_later(r, e, made_later);
        return;
    }
    store_submit(r->m->o.store, r->m->o.loop, &c->req);
}

static void create_hashed(struct work *w)
{
    struct mailbox_req *r = CONTAINER_OF(w, struct mailbox_req, work);
    if (r->work_err != OK)
        made(r, ERR_BUSY);
    else
        create_submit(r);
}

static enum err refuse(struct mailbox_req *r, const char *code, const char *text)
{
    r->why = (struct refusal){ code, text };
    return ERR_BAD;
}

static enum err domain_pick(struct mailbox_req *r, struct str wish, struct str *out)
{
    const struct domain_list *d = &r->m->o.domains;
    for (size_t i = 0; i < d->n; i++)
        if (wish.n == 0 || str_eq_nocase(wish, d->names[i])) {
            *out = d->names[i];
            return OK;
        }
    return refuse(r, "domain_unknown", "This server has no such domain.");
}

/* One address text from the wish; a chosen name is checked, a generated one is not. */
static enum err address_make(struct mailbox_req *r, const struct mailbox_spec *spec)
{
    AUTO_BUF struct buf b = { .max = ADDRESS_MAX };
    struct str domain;
    enum err e = domain_pick(r, spec->domain, &domain);
    if (e != OK)
        return e;
    r->generated = spec->local.n == 0;
    if (r->generated)
        name_generate(&b);
    for (size_t i = 0; i < spec->local.n; i++)
        buf_putc(&b, char_lower(spec->local.p[i]));
    if (!r->generated && name_check(buf_str(&b), &r->why) != OK)
        return ERR_BAD;
    r->box.flags = r->generated ? 0 : BOX_GUESSABLE;
    buf_putc(&b, '@');
    buf_put(&b, domain);
    r->address = arena_dup(&r->arena, buf_str(&b));
    return b.failed || r->address.p == NULL ? ERR_FULL : OK;
}

static enum err ttl_check(struct mailbox_req *r, int64_t ttl_ms)
{
    if (ttl_ms < r->m->o.min_ttl_ms)
        return refuse(r, "ttl_short", "An address lives longer than that here; burn it to end it at once.");
    if (ttl_ms > r->m->o.max_ttl_ms)
        return refuse(r, "ttl_long", "An address does not live that long here.");
    return OK;
}

static enum err life_make(struct mailbox_req *r, const struct mailbox_spec *spec)
{
    int64_t ttl = spec->ttl_ms != 0 ? spec->ttl_ms : r->m->o.default_ttl_ms, now = store_now_ms(r->m->o.store);
    enum err e = ttl_check(r, ttl);
    if (e == OK && spec->idle_ttl_ms != 0)
        e = ttl_check(r, spec->idle_ttl_ms);
    if (e != OK)
        return e;
    r->box.created_ms = r->box.last_visit_ms = now;
    r->box.end_ms = now + ttl;
    r->box.idle_ttl_ms = spec->idle_ttl_ms;
    r->box.ends_after = spec->ends_after;
    r->box.max_messages = r->m->o.max_messages;
    r->box.max_bytes = r->m->o.max_bytes;
    return OK;
}

static enum err keys_make(struct mailbox_req *r)
{
    struct str key;
    enum err e = name_address_key(r->address, &r->arena, &key);
    if (e != OK)
        return refuse(r, "local_invalid", "This is not an address that can get mail.");
    store_addr_hash(r->m->o.store, key, r->box.addr_hash);
    rand_bytes(&r->box.id, sizeof r->box.id);
    rand_bytes(r->lease, sizeof r->lease);
    seal_keypair(r->box.pub, r->priv);
    r->box.generation = 1;
    return OK;
}

struct mailbox_req *mailbox_create(struct mailboxes *m, const struct mailbox_spec *spec, mailbox_made_fn *done,
                                   void *ctx)
{
    struct mailbox_req *r = mailbox_req_new(m, NULL, ctx);
    if (r == NULL)
        return NULL;
    r->done.made = done;
    enum err e = address_make(r, spec);
    if (e == OK)
        e = life_make(r, spec);
    if (e == OK && spec->password.n > 0)
        e = password_check(spec->password, r->address, &r->why);
    if (e == OK)
        e = keys_make(r);
    if (e != OK)
        return mailbox_req_later(r, e, made_later);
    if (spec->password.n == 0) {
        create_submit(r);
        return r;
    }
    r->password = arena_dup(&r->arena, spec->password);
    e = mailbox_argon(r, create_hashed);
    return e == OK ? r : mailbox_req_later(r, e, made_later);
}

/* ---- change, look, visit, end ---- */

static void box_answer(struct mailbox_req *r, enum err e, const struct store_box *b)
{
    if (!r->cancelled)
        r->done.box(r->ctx, e, r->why.code == NULL ? NULL : &r->why, b);
    mailbox_req_free(r);
}

static void box_later(struct job *j)
{
    struct mailbox_req *r = CONTAINER_OF(j, struct mailbox_req, later);
    box_answer(r, r->later_err, NULL);
}

static void tell_changed(struct mailboxes *m, const struct store_box *b)
{
    struct event *e = event_new(m->o.hub, EVENT_BOX_CHANGED, &b->id, S(""));
    if (e == NULL)
        return;
    e->end_ms = b->end_ms;
    e->idle_ttl_ms = b->idle_ttl_ms;
    e->last_visit_ms = b->last_visit_ms;
    event_publish(e);
}

static void on_changed(struct store_req *q)
{
    struct mailbox_req *r = q->ctx;
    struct store_change *c = (struct store_change *)(void *)q;
    if (q->err == ERR_BUSY)
        r->why = (struct refusal){ "too_soon", "The life of an address can be changed once in ten seconds." };
    if (q->err == OK)
        tell_changed(r->m, &c->box);
    box_answer(r, q->err, q->err == OK ? &c->box : NULL);
}

static enum err change_check(struct mailbox_req *r, const struct mailbox_change *c)
{
    enum err e = OK;
    if (c->set & CHANGE_END)
        e = ttl_check(r, c->end_ms - store_now_ms(r->m->o.store) + 1000); /* a second for the way here */
    if (e == OK && (c->set & CHANGE_END) && c->end_ms > store_now_ms(r->m->o.store) + r->m->o.max_ttl_ms)
        e = ttl_check(r, r->m->o.max_ttl_ms + 1);
    if (e == OK && (c->set & CHANGE_IDLE) && c->idle_ttl_ms != 0)
        e = ttl_check(r, c->idle_ttl_ms);
    return e;
}

struct mailbox_req *mailbox_change(struct mailboxes *m, struct opened *o, const struct mailbox_change *c,
                                   mailbox_box_fn *done, void *ctx)
{
    struct mailbox_req *r = mailbox_req_new(m, o, ctx);
    if (r == NULL)
        return NULL;
    r->done.box = done;
    enum err e = change_check(r, c);
    struct store_change *q = e == OK ? STORE_NEW(change, r, on_changed) : NULL;
    if (q == NULL)
        return mailbox_req_later(r, e == OK ? ERR_IO : e, box_later);
    q->id = o->box.id;
    q->set = c->set;
    q->end_ms = c->end_ms;
    q->idle_ttl_ms = c->idle_ttl_ms;
    q->ends_after = c->ends_after;
    store_submit(m->o.store, m->o.loop, &q->req);
    return r;
}

static void on_fresh(struct store_req *q)
{
    struct store_find *f = (struct store_find *)(void *)q;
    box_answer(q->ctx, q->err, q->err == OK ? &f->box : NULL);
}

struct mailbox_req *mailbox_fresh(struct mailboxes *m, struct opened *o, mailbox_box_fn *done, void *ctx)
{
    struct mailbox_req *r = mailbox_req_new(m, o, ctx);
    if (r == NULL)
        return NULL;
    r->done.box = done;
    struct store_find *f = STORE_NEW(find, r, on_fresh);
    if (f == NULL)
        return mailbox_req_later(r, ERR_IO, box_later);
    f->by_id = true;
    f->id = o->box.id;
    store_submit(m->o.store, m->o.loop, &f->req);
    return r;
}

static void visited(void *ctx, enum err e, const struct refusal *why, const struct store_box *box)
{
    (void)ctx;
    (void)e; /* a visit that could not be written is made up for by the next one */
    (void)why;
    (void)box;
}

void mailbox_visit(struct mailboxes *m, struct opened *o)
{
    int64_t now = store_now_ms(m->o.store), gap = MIN(o->box.idle_ttl_ms / 20, 60 * 1000);
    if (o->box.idle_ttl_ms == 0 || o->gone || now - o->box.last_visit_ms < gap)
        return;
    o->box.last_visit_ms = now;
    (void)mailbox_change(m, o, &(struct mailbox_change){ .set = CHANGE_VISIT }, visited, NULL);
}

static void on_ended(struct store_req *q)
{
    struct mailbox_req *r = q->ctx;
    struct store_end *s = (struct store_end *)(void *)q;
    if (!r->cancelled)
        r->done.ended(r->ctx, q->err, store_now_ms(r->m->o.store), s->messages);
    mailbox_req_free(r);
}

static void ended_later(struct job *j)
{
    struct mailbox_req *r = CONTAINER_OF(j, struct mailbox_req, later);
    if (!r->cancelled)
        r->done.ended(r->ctx, r->later_err, 0, 0);
    mailbox_req_free(r);
}

struct mailbox_req *mailbox_end(struct mailboxes *m, struct opened *o, mailbox_ended_fn *done, void *ctx)
{
    struct mailbox_req *r = mailbox_req_new(m, o, ctx);
    if (r == NULL)
        return NULL;
    r->done.ended = done;
    struct store_end *s = STORE_NEW(end, r, on_ended);
    struct box_id *id = s == NULL ? NULL : arena_new(&s->req.arena, struct box_id);
    if (id == NULL) {
        if (s != NULL)
            store_req_drop(&s->req);
        return mailbox_req_later(r, ERR_IO, ended_later);
    }
    *id = o->box.id;
    s->ids = id;
    s->n = 1;
    store_submit(m->o.store, m->o.loop, &s->req);
    return r;
}
