/* Credentials change as a set: read them all, make the new set, put it back if nobody was faster (the generation
 * tells). Adding keeps the key pair; whatever takes a secret's power away makes a new one, sealed to those that remain.
 * A session that took away its own secret is told like all others, and gets no new key. */
#include "base/rand.h"
#include "base/secret.h"
#include "core/mailbox_req.h"
#include "core/seal.h"
#include <stdlib.h>
#include <string.h>

enum { TRIES = 5 };

static void cred_answer(struct mailbox_req *r, enum err e)
{
    if (!r->cancelled)
        r->done.cred(r->ctx, e, r->why.code == NULL ? NULL : &r->why, r->cred_id, e == OK ? r->secret : S(""));
    mailbox_req_free(r);
}

static void cred_later(struct job *j)
{
    struct mailbox_req *r = CONTAINER_OF(j, struct mailbox_req, later);
    cred_answer(r, r->later_err);
}

static enum err full(struct mailbox_req *r)
{
    r->why = (struct refusal){ "too_many_changes", "This address has had all the key changes it can have." };
    return ERR_FULL;
}

/* The change under way: the set as read, the keys old and new. */
struct plan {
    struct store_cred *creds;
    size_t n;
    uint8_t *privs[GENERATIONS_MAX + 1];
    uint32_t generations;
    uint8_t pub[KEY_N];
    bool rekey;
};

static void on_found(struct store_req *q);
static enum err find_creds(struct mailbox_req *r, void (*done)(struct store_req *));

/* Two sign-ins at once: read the set again and put ours on top. */
static enum err again(struct mailbox_req *r)
{
    secret_free(r->fresh);
    r->fresh = NULL;
    return find_creds(r, on_found);
}

static bool is_in(const struct store_recred *c, uint64_t cred)
{
    size_t i = 0;
    while (i < c->creds_n && c->creds[i].id != cred)
        i++;
    return i < c->creds_n;
}

static void rekeyed(struct mailbox_req *r, const struct store_recred *c)
{
    bool stays = is_in(c, r->o->cred);
    struct event *e = event_new(r->m->o.hub, EVENT_CREDS_CHANGED, &c->id, S(""));
    if (e != NULL) {
        e->cred = stays ? r->o->cred : 0;
        e->generation = c->generation;
        event_publish(e);
    }
    if (!stays) {
        opened_revoked(r->o);
        return;
    }
    uint8_t *priv = r->fresh;
    r->fresh = NULL;
    (void)opened_add_generation(r->o, priv, c->generation); /* gone meanwhile: then there is nothing to keep up */
}

static void on_recred(struct store_req *q)
{
    struct mailbox_req *r = q->ctx;
    const struct store_recred *c = (const struct store_recred *)(void *)q;
    if (q->err == OK && c->generation != c->expect_generation)
        rekeyed(r, c);
    if (q->err == ERR_BUSY && r->tries++ < TRIES && again(r) == OK)
        return;
    if (q->err == ERR_BUSY)
        r->why = (struct refusal){ "changed_meanwhile", "Somebody else changed the keys just now. Try again." };
    cred_answer(r, q->err);
}

/* A new pair for the box, and every credential that stays is sealed anew to hold it too. */
static enum err rekey(struct mailbox_req *r, struct plan *p)
{
    if (p->generations >= GENERATIONS_MAX)
        return full(r);
    r->fresh = secret_new();
    if (r->fresh == NULL)
        return ERR_FULL;
    seal_keypair(p->pub, r->fresh);
    p->privs[p->generations++] = r->fresh;
    enum err e = OK;
    for (size_t i = 0; i < p->n && e == OK; i++)
        e = reseal_cred(&p->creds[i], &r->arena, p->privs, p->generations);
    return e;
}

static void drop_cred(struct plan *p, size_t i)
{
    memmove(&p->creds[i], &p->creds[i + 1], (p->n - i - 1) * sizeof p->creds[0]);
    p->n--;
    p->rekey = true;
}

/* A box has one password and one recovery phrase: a new one replaces the old. */
static void drop_kind(struct plan *p, enum cred_kind kind)
{
    for (size_t i = p->n; i-- > 0;)
        if (p->creds[i].kind == kind)
            drop_cred(p, i);
}

static enum err add_new(struct mailbox_req *r, struct plan *p)
{
    struct store_cred *c = &p->creds[p->n];
    enum err e = ERR_BAD;
    if (p->n >= STORE_CREDS_MAX) {
        r->why = (struct refusal){ "too_many_credentials",
                                   "This address has as many keys as it can have; revoke one first." };
        return ERR_FULL;
    }
    switch (r->kind) {
    case CRED_TOKEN:
        e = mailbox_token_cred(r, c, &r->o->box.id, p->privs, p->generations, &r->secret);
        break;
    case CRED_RECOVERY:
        e = mailbox_recovery_cred(r, c, &r->o->box.id, p->privs, p->generations, &r->secret);
        break;
    case CRED_PASSWORD:
        e = mailbox_password_cred(r, c, &r->o->box.id, p->privs, p->generations);
        break;
    }
    r->cred_id = c->id;
    p->n++;
    return e;
}

static enum err revoke(struct mailbox_req *r, struct plan *p)
{
    for (size_t i = 0; i < p->n; i++)
        if (p->creds[i].id == r->cred_id) {
            drop_cred(p, i);
            return p->n > 0 ? OK : ERR_DENIED;
        }
    return ERR_GONE;
}

static enum err plan_make(struct mailbox_req *r, struct plan *p)
{
    enum err e = OK;
    if (r->kind == 0)
        e = revoke(r, p);
    else if (r->kind != CRED_TOKEN)
        drop_kind(p, r->kind);
    if (e == OK && p->rekey)
        e = rekey(r, p);
    if (e == OK && r->kind != 0)
        e = add_new(r, p);
    return e;
}

static enum err plan_submit(struct mailbox_req *r, const struct store_box *box, struct plan *p)
{
    struct store_recred *c = STORE_NEW(recred, r, on_recred);
    if (c == NULL)
        return ERR_IO;
    struct store_cred *creds = arena_array(&c->req.arena, p->n, sizeof *creds);
    uint8_t *sealed = arena_alloc(&c->req.arena, r->o->address.n + SEAL_OVERHEAD);
    bool room = creds != NULL && sealed != NULL;
    for (size_t i = 0; i < p->n && room; i++) {
        creds[i] = p->creds[i];
        creds[i].sealed = arena_dup(&c->req.arena, p->creds[i].sealed);
        room = creds[i].sealed.p != NULL;
    }
    if (!room) {
        store_req_drop(&c->req);
        return ERR_FULL;
    }
    c->id = box->id;
    c->expect_generation = box->generation;
    c->expect_creds_n = r->creds_seen;
    c->generation = box->generation + (p->rekey ? 1 : 0);
    memcpy(c->pub, p->rekey ? p->pub : box->pub, KEY_N);
    seal_to(sealed, c->pub, r->o->address);
    c->sealed = str_of(sealed, r->o->address.n + SEAL_OVERHEAD);
    c->creds = creds;
    c->creds_n = p->n;
    store_submit(r->m->o.store, r->m->o.loop, &c->req);
    return OK;
}

static enum err plan_run(struct mailbox_req *r, struct store_find *f)
{
    struct plan p = { .n = f->creds_n, .generations = r->o->generations };
    p.creds = arena_array(&r->arena, STORE_CREDS_MAX + 1, sizeof *p.creds);
    if (p.creds == NULL || f->creds_n > STORE_CREDS_MAX)
        return ERR_FULL;
    if (r->o->gone || r->o->generations != f->box.generation)
        return ERR_BUSY; /* our keys are not the newest: the holder signs in again */
    r->creds_seen = f->creds_n;
    memcpy(p.creds, f->creds, f->creds_n * sizeof *p.creds);
    memcpy(p.privs, r->o->privs, r->o->generations * sizeof p.privs[0]);
    enum err e = plan_make(r, &p);
    return e == OK ? plan_submit(r, &f->box, &p) : e;
}

static void on_found(struct store_req *q)
{
    struct mailbox_req *r = q->ctx;
    enum err e = q->err == OK ? plan_run(r, (struct store_find *)(void *)q) : q->err;
    if (e != OK)
        cred_answer(r, e);
}

static enum err find_creds(struct mailbox_req *r, void (*done)(struct store_req *))
{
    struct store_find *f = STORE_NEW(find, r, done);
    if (f == NULL)
        return ERR_IO;
    f->by_id = f->want_creds = true;
    f->id = r->o->box.id;
    store_submit(r->m->o.store, r->m->o.loop, &f->req);
    return OK;
}

static void hashed(struct work *w)
{
    struct mailbox_req *r = CONTAINER_OF(w, struct mailbox_req, work);
    enum err e = r->work_err == OK ? find_creds(r, on_found) : ERR_BUSY;
    if (e != OK)
        cred_answer(r, e);
}

/* A password alone must not take over a box: it can be guessed, the others cannot. */
static enum err may_change(const struct opened *o) { return o->kind == CRED_PASSWORD ? ERR_DENIED : OK; }

struct mailbox_req *mailbox_cred_add(struct mailboxes *m, struct opened *o, enum cred_kind kind, struct str password,
                                     mailbox_cred_fn *done, void *ctx)
{
    struct mailbox_req *r = mailbox_req_new(m, o, ctx);
    if (r == NULL)
        return NULL;
    r->done.cred = done;
    r->kind = kind;
    /* Signing in with a password gives a token: that is the one credential a password may add. */
    enum err e = kind == CRED_TOKEN ? OK : may_change(o);
    if (e == OK && kind == CRED_PASSWORD)
        e = password_check(password, o->address, &r->why);
    if (e == OK && kind == CRED_PASSWORD) {
        r->password = arena_dup(&r->arena, password);
        e = mailbox_argon(r, hashed);
    } else if (e == OK) {
        e = find_creds(r, on_found);
    }
    return e == OK ? r : mailbox_req_later(r, e, cred_later);
}

struct mailbox_req *mailbox_cred_revoke(struct mailboxes *m, struct opened *o, uint64_t id, mailbox_cred_fn *done,
                                        void *ctx)
{
    struct mailbox_req *r = mailbox_req_new(m, o, ctx);
    if (r == NULL)
        return NULL;
    r->done.cred = done;
    r->cred_id = id;
    enum err e = may_change(o);
    if (e == OK)
        e = find_creds(r, on_found);
    return e == OK ? r : mailbox_req_later(r, e, cred_later);
}

static void on_creds(struct store_req *q)
{
    struct mailbox_req *r = q->ctx;
    struct store_find *f = (struct store_find *)(void *)q;
    if (!r->cancelled)
        r->done.creds(r->ctx, q->err, f->creds, q->err == OK ? f->creds_n : 0);
    mailbox_req_free(r);
}

static void creds_later(struct job *j)
{
    struct mailbox_req *r = CONTAINER_OF(j, struct mailbox_req, later);
    if (!r->cancelled)
        r->done.creds(r->ctx, r->later_err, NULL, 0);
    mailbox_req_free(r);
}

struct mailbox_req *mailbox_creds(struct mailboxes *m, struct opened *o, mailbox_creds_fn *done, void *ctx)
{
    struct mailbox_req *r = mailbox_req_new(m, o, ctx);
    if (r == NULL)
        return NULL;
    r->done.creds = done;
    enum err e = find_creds(r, on_creds);
    return e == OK ? r : mailbox_req_later(r, e, creds_later);
}
