/* Several loops may want the same hour at once: its address is the hour's, so the store lets one of them make it, and
 * the others look again. */
#include "core/outbox.h"
#include "base/rand.h"
#include "base/secret.h"
#include "core/credential.h"
#include <stdlib.h>
#include <string.h>

enum { OUTBOX_TRIES = 4 };

static void derive(const struct outboxes *o, int64_t hour, struct str what, uint8_t out[HASH_N])
{
    uint8_t h[8];
    put_be64(h, (uint64_t)hour);
    CRYPTO_HASH(out, str_of(o->key, KEY_N), S("outbox"), what, str_of(h, sizeof h));
}

static void lookup_of(const struct outboxes *o, int64_t hour, uint8_t out[HASH_N])
{
    uint8_t token[HASH_N];
    derive(o, hour, S("token"), token);
    secret_lookup(out, str_of(token, sizeof token));
    secret_wipe(token, sizeof token);
}

void outbox_key_whose(const struct outboxes *o, const struct outbox *b, const struct msg_id *msg, uint8_t k[KEY_N])
{
    uint8_t r[KEY_N];
    derive(o, b->hour, S("key"), r);
    seal_message_key(k, r, b->lease, &b->id, msg);
    secret_wipe(r, sizeof r);
}

void outbox_key_what(const uint8_t whose[KEY_N], const uint8_t *sender_lease, uint8_t k[KEY_N])
{
    CRYPTO_HASH(k, str_of(whose, KEY_N), S("sender"), str_of(sender_lease, sender_lease ? KEY_N : 0));
}

/* ---- those that are known ---- */

struct outbox *outbox_known(struct outboxes *o, int64_t hour)
{
    LIST_FOR(&o->known, it)
    {
        struct outbox *b = CONTAINER_OF(it, struct outbox, link);
        if (b->hour == hour)
            return b;
    }
    return NULL;
}

static struct outbox *outbox_new(int64_t hour, const struct box_id *id, const uint8_t lease[KEY_N])
{
    struct outbox *b = calloc(1, sizeof *b);
    uint8_t *cell = b ? secret_new() : NULL;
    if (!cell) {
        free(b);
        return NULL;
    }
    memcpy(cell, lease, KEY_N);
    *b = (struct outbox){ .hour = hour, .id = *id, .lease = cell };
    list_init(&b->link);
    return b;
}

struct outbox *outbox_copy(const struct outbox *b) { return b ? outbox_new(b->hour, &b->id, b->lease) : NULL; }

void outbox_free(struct outbox *copy)
{
    if (!copy)
        return;
    secret_free(copy->lease);
    free(copy);
}

static void forget(struct outbox *b)
{
    list_del(&b->link);
    outbox_free(b);
}

void outbox_forget(struct outboxes *o, int64_t hour)
{
    struct outbox *b = outbox_known(o, hour);
    if (b)
        forget(b);
}

/* Whose hour is over is no longer needed: its lease is gone from the store, and should be from here. */
static void forget_ended(struct outboxes *o)
{
    int64_t now = store_now_ms(o->store);
    LIST_FOR(&o->known, it)
    {
        struct outbox *b = CONTAINER_OF(it, struct outbox, link);
        if (outbox_end_ms(b->hour) <= now)
            forget(b);
    }
}

void outbox_take(struct outboxes *o, struct outbox *copy)
{
    struct outbox *known = copy ? outbox_known(o, copy->hour) : NULL;
    if (!copy || (known && memcmp(&known->id, &copy->id, sizeof known->id) == 0)) {
        outbox_free(copy);
        return;
    }
    if (known) /* it was lost, and made anew */
        forget(known);
    forget_ended(o);
    list_add_tail(&o->known, &copy->link);
}

static struct outbox *learn(struct outboxes *o, int64_t hour, const struct box_id *id, const uint8_t lease[KEY_N])
{
    struct outbox *b = outbox_known(o, hour);
    if (!b) {
        b = outbox_new(hour, id, lease);
        outbox_take(o, b);
    }
    return b;
}

void outboxes_init(struct outboxes *o, struct loop *l, struct store *st, const uint8_t *key)
{
    *o = (struct outboxes){ .loop = l, .store = st, .key = key };
    list_init(&o->known);
}

void outboxes_fini(struct outboxes *o)
{
    LIST_FOR(&o->known, it) { forget(CONTAINER_OF(it, struct outbox, link)); }
}

/* ---- finding and making ---- */

static enum err look(struct outbox_want *w);

static void on_made(struct store_req *q)
{
    struct outbox_want *w = q->ctx;
    w->pending = NULL;
    const struct store_create *c = (const struct store_create *)(const void *)q;
    struct outbox *b = q->err == OK ? learn(w->of, w->hour, &c->box.id, c->lease) : NULL;
    if (q->err == ERR_BUSY && ++w->tries < OUTBOX_TRIES && look(w) == OK) /* another loop was first */
        return;
    w->ready(w, q->err == OK && !b ? ERR_BUSY : q->err, b);
}

static bool fill(const struct outbox_want *w, struct store_create *c)
{
    struct store_cred *cred = arena_new(&c->req.arena, struct store_cred);
    uint8_t priv[KEY_N];
    if (!cred)
        return false;
    rand_bytes(&c->box.id, sizeof c->box.id);
    rand_bytes(c->lease, sizeof c->lease);
    derive(w->of, w->hour, S("address"), c->box.addr_hash);
    seal_keypair(c->box.pub, priv); /* nothing is ever sealed to it, but a box has one */
    secret_wipe(priv, sizeof priv);
    c->box.generation = 1;
    c->box.flags = BOX_QUEUE;
    c->box.created_ms = store_now_ms(w->of->store);
    c->box.end_ms = outbox_end_ms(w->hour);
    cred->kind = CRED_TOKEN;
    rand_bytes(&cred->id, sizeof cred->id);
    lookup_of(w->of, w->hour, cred->lookup);
    memcpy(cred->pub, c->box.pub, KEY_N);
    cred->created_ms = c->box.created_ms;
    c->creds = cred;
    c->creds_n = 1;
    return true;
}

static enum err make(struct outbox_want *w)
{
    struct store_create *c = STORE_NEW(create, w, on_made);
    if (!c || !fill(w, c)) {
        store_req_drop(c ? &c->req : NULL);
        return ERR_BUSY;
    }
    w->pending = &c->req;
    store_submit(w->of->store, w->of->loop, &c->req);
    return OK;
}

static void on_login(struct store_req *q)
{
    struct outbox_want *w = q->ctx;
    w->pending = NULL;
    const struct store_login *l = (const struct store_login *)(const void *)q;
    struct outbox *b = q->err == OK ? learn(w->of, w->hour, &l->box.id, l->lease) : NULL;
    if (q->err == ERR_GONE && w->make && make(w) == OK)
        return;
    w->ready(w, q->err == OK && !b ? ERR_BUSY : q->err, b);
}

static enum err look(struct outbox_want *w)
{
    struct store_login *l = STORE_NEW(login, w, on_login);
    if (!l)
        return ERR_BUSY;
    lookup_of(w->of, w->hour, l->lookup);
    w->pending = &l->req;
    store_submit(w->of->store, w->of->loop, &l->req);
    return OK;
}

enum err outbox_get(struct outboxes *o, struct outbox_want *w)
{
    w->of = o;
    w->tries = 0;
    return look(w);
}

void outbox_cancel(struct outbox_want *w)
{
    if (w->pending)
        store_cancel(w->pending);
    w->pending = NULL;
}
