/* A box is born with everything it will ever need: key pair, lease, token, recovery words. Nothing of it is kept here;
 * what the holder does not write down is lost, on purpose. */
#include "base/rand.h"
#include "base/secret.h"
#include "core/mailbox_req.h"
#include "wire/domain.h"
#include <string.h>

enum { ADDRESS_MAX = 512 };

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

static enum err domain_pick(struct mailbox_req *r, struct str wish, struct str *out)
{
    AUTO_BUF struct buf ascii = { .max = LIMIT_DOMAIN + 1 };
    const struct domain_list *d = &r->m->o.domains;
    enum err e = wish.n > 0 ? domain_to_ascii(&ascii, wish) : OK;
    for (size_t i = 0; i < d->n && e == OK; i++)
        if (wish.n == 0 || str_eq(buf_str(&ascii), d->names[i])) {
            *out = d->names[i];
            return OK;
        }
    return mailbox_refuse(r, "domain_unknown", "This server has no such domain.");
}

/* One address text from the wish; a chosen name is checked, a generated one is not. */
static enum err address_make(struct mailbox_req *r, const struct mailbox_spec *spec)
{
    AUTO_BUF struct buf b = { .max = ADDRESS_MAX };
    struct str domain = { 0 };
    enum err e = domain_pick(r, spec->domain, &domain);
    if (e != OK)
        return e;
    if (spec->for_operator) {
        r->box.flags = BOX_OPERATOR;
        r->address = arena_printf(&r->arena, "postmaster@%.*s", STR_FMT(r->m->o.domains.names[0]));
        return r->address.p == NULL ? ERR_FULL : OK;
    }
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

static enum err life_make(struct mailbox_req *r, const struct mailbox_spec *spec)
{
    int64_t ttl = spec->ttl_ms != 0 ? spec->ttl_ms : r->m->o.default_ttl_ms, now = store_now_ms(r->m->o.store);
    enum err e = mailbox_ttl_check(r, ttl);
    if (e == OK && spec->idle_ttl_ms != 0)
        e = mailbox_ttl_check(r, spec->idle_ttl_ms);
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
        return mailbox_refuse(r, "local_invalid", "This is not an address that can get mail.");
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
