/* RCPT: whose box is it, is it alive, has it room. What the store says is kept for the mail that follows. */
#include "core/deliver_req.h"
#include "wire/addr.h"
#include "wire/domain.h"

enum { ADDRESS_MAX = 512 };

static void rcpt_answer(struct deliver_req *r, enum err e, const struct box_id *box)
{
    if (!r->cancelled)
        r->done.rcpt(r->ctx, e, box);
    deliver_req_free(r);
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
    bool lives = q->err == OK;
    enum err e = lives ? box_room(&f->box, r->check_size) : q->err;
    if (lives && known_put(&r->d->known, &f->box, f->lease) == NULL)
        e = ERR_BUSY;
    rcpt_answer(r, e, lives ? &f->box.id : NULL);
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
    struct deliver_req *r = deliver_req_new(d, ctx);
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
