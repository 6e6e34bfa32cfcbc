/* Ways in: each ends in a credential record from the store and the seed that opens it. A request holds the secret only
 * until then. */
#include "core/auth.h"
#include "base/map.h"
#include "base/secret.h"
#include "core/name.h"
#include "core/opened.h"
#include <stdlib.h>
#include <string.h>

enum { PASSWORD_MAX = 1024, ADDRESS_MAX = 512, LOOKS_MAX = 8 };

struct auth_req {
    struct auth *a;
    auth_done *done; /* NULL once cancelled */
    void *ctx;
    struct peer peer;
    uint8_t raw[TOKEN_BYTES]; /* token or recovery bytes */
    size_t raw_n;
    struct str wanted; /* the address that was named, in its form for look-up; empty: whichever the secret opens */
    struct buf password;
    uint32_t tag;     /* of this try, for core/standing */
    struct job later; /* answers that need no store */
    enum err later_err;
    struct opened *later_opened;
    int64_t retry_ms;
    struct work work; /* Argon2id */
    uint8_t salt[SALT_N], out64[64];
    enum err work_err;
    /* what the store said, kept across Argon2id */
    struct arena arena;
    struct store_box box;
    struct store_cred cred;
    uint8_t lease[KEY_N];
    bool known;
    uint8_t seed[KEY_N];
    uint64_t closings; /* as the loop had heard when the store was asked */
    unsigned looks;
};

static void req_free(struct auth_req *r)
{
    buf_fini(&r->password);
    arena_reset(&r->arena);
    secret_wipe(r, sizeof *r);
    free(r);
}

static struct auth_req *req_new(struct auth *a, const struct peer *peer, auth_done *done, void *ctx)
{
    struct auth_req *r = calloc(1, sizeof *r);
    if (r == NULL)
        return NULL;
    r->a = a;
    r->done = done;
    r->ctx = ctx;
    r->peer = *peer;
    buf_init(&r->password, PASSWORD_MAX);
    r->password.secret = true;
    arena_init(&r->arena, 64 * 1024);
    return r;
}

void auth_cancel(struct auth_req *r)
{
    if (r != NULL)
        r->done = NULL;
}

/* Tokens and words find their box alone, but who names an address means that one. */
static bool another_box(const struct auth_req *r, const struct opened *o)
{
    return o != NULL && r->wanted.n > 0 && !str_eq(r->wanted, o->address);
}

/* What was tried on whom, without keeping either. */
static uint32_t tag_of(struct auth *a, const struct peer *peer, struct str address, struct str secret)
{
    struct peer of = limit_peer_for(a->o.limit, peer, address);
    of = limit_peer_for(a->o.limit, &of, secret);
    return get_be32(of.key);
}

static void tell_standing(struct auth_req *r)
{
    if (r->a->o.standing)
        standing_wrong_secret(r->a->o.standing, STANDING_READER, &r->peer, r->tag, clock_mono_ms());
}

/* A wrong secret costs its network. A token does not: nobody guesses 256 bits, and a program that goes on asking with
 * one that was revoked must not lock the passwords of its neighbours. */
static void charge(struct auth_req *r)
{
    if (r->raw_n == TOKEN_BYTES)
        return;
    (void)limit_take(r->a->o.limit, LIMIT_LOGIN_FAIL, &r->peer, 1, clock_mono_ms(), NULL);
    tell_standing(r);
}

static void answer(struct auth_req *r, enum err e, struct opened *o)
{
    if (another_box(r, o)) {
        charge(r);
        opened_release(o);
        o = NULL;
        e = ERR_DENIED;
    }
    if (r->done != NULL)
        r->done(r->ctx, e, o, r->retry_ms);
    else if (o != NULL)
        opened_release(o);
    req_free(r);
}

static void on_later(struct job *j)
{
    struct auth_req *r = CONTAINER_OF(j, struct auth_req, later);
    answer(r, r->later_err, r->later_opened);
}

static struct auth_req *answer_later(struct auth_req *r, enum err e, struct opened *o)
{
    r->later_err = e;
    r->later_opened = o;
    r->later.run = on_later;
    loop_later(r->a->o.loop, &r->later);
    return r;
}

/* ERR_GONE and ERR_BAD must not be told apart from a wrong secret. */
static void refuse(struct auth_req *r, enum err e)
{
    if (e == ERR_GONE || e == ERR_BAD || e == ERR_DENIED) {
        charge(r);
        e = ERR_DENIED;
    }
    answer(r, e == ERR_FULL ? ERR_BUSY : e, NULL);
}

static void finish(struct auth_req *r, const struct store_box *box, const struct store_cred *cred, const uint8_t *lease,
                   const uint8_t seed[KEY_N])
{
    struct opened *o = NULL;
    enum err e = opened_make(r->a, box, cred, lease, seed, &o);
    if (e != OK) {
        refuse(r, e);
        return;
    }
    if (r->a->o.opened)
        r->a->o.opened(r->a->o.ctx, o);
    answer(r, OK, o);
}

/* Something ended or was revoked between the store's answer and now, and what was cached of it is gone already: what
 * the store said may have been of the time before, and nobody would tell it to what is cached now. */
static bool outdated(const struct auth_req *r) { return r->closings != r->a->closings; }

static void look(struct auth_req *r, struct store_req *q)
{
    r->closings = r->a->closings;
    r->looks++;
    store_submit(r->a->o.store, r->a->o.loop, q);
}

static enum err ask_login(struct auth_req *r);

static void on_login(struct store_req *q)
{
    struct auth_req *r = q->ctx;
    struct store_login *l = (struct store_login *)(void *)q;
    uint8_t seed[KEY_N];
    enum err e = q->err;
    if (e == OK && outdated(r)) {
        e = r->looks < LOOKS_MAX ? ask_login(r) : ERR_BUSY;
        if (e == OK)
            return;
    }
    if (e != OK) {
        refuse(r, e);
        return;
    }
    secret_seed(seed, str_of(r->raw, r->raw_n), &l->box.id);
    finish(r, &l->box, &l->cred, l->lease, seed);
    secret_wipe(seed, sizeof seed);
}

static enum err ask_login(struct auth_req *r)
{
    struct store_login *l = STORE_NEW(login, r, on_login);
    if (l == NULL)
        return ERR_IO;
    secret_lookup(l->lookup, str_of(r->raw, r->raw_n));
    look(r, &l->req);
    return OK;
}

static struct auth_req *login(struct auth_req *r)
{
    uint8_t lookup[HASH_N];
    secret_lookup(lookup, str_of(r->raw, r->raw_n));
    struct opened *o = opened_find(r->a, lookup);
    if (o != NULL)
        return answer_later(r, OK, o);
    enum err e = ask_login(r);
    return e == OK ? r : answer_later(r, e, NULL);
}

struct opened *auth_cached(struct auth *a, struct str token)
{
    uint8_t raw[TOKEN_BYTES], lookup[HASH_N];
    if (token_parse(token, raw) != OK)
        return NULL;
    secret_lookup(lookup, str_of(raw, sizeof raw));
    secret_wipe(raw, sizeof raw);
    return opened_find(a, lookup);
}

struct auth_req *auth_token(struct auth *a, struct str token, const struct peer *peer, auth_done *done, void *ctx)
{
    struct auth_req *r = req_new(a, peer, done, ctx);
    if (r == NULL)
        return NULL;
    r->raw_n = TOKEN_BYTES;
    if (token_parse(token, r->raw) != OK)
        return answer_later(r, ERR_DENIED, NULL);
    return login(r);
}

/* Whoever goes on guessing while nothing is looked at is on the way to a ban. */
static bool throttled(struct auth_req *r)
{
    bool yes = limit_over(r->a->o.limit, LIMIT_LOGIN_FAIL, &r->peer, clock_mono_ms(), &r->retry_ms);
    if (yes)
        tell_standing(r);
    return yes;
}

struct auth_req *auth_recovery(struct auth *a, struct str address, struct str words_text, const struct peer *peer,
                               auth_done *done, void *ctx)
{
    struct auth_req *r = req_new(a, peer, done, ctx);
    if (r == NULL)
        return NULL;
    r->tag = tag_of(a, peer, address, words_text);
    if (throttled(r))
        return answer_later(r, ERR_BUSY, NULL);
    r->raw_n = RECOVERY_BYTES;
    if (address.n > 0 && name_address_key(address, &r->arena, &r->wanted) != OK)
        return answer_later(r, ERR_DENIED, NULL);
    if (recovery_parse(words_text, r->raw) != OK)
        return answer_later(r, ERR_DENIED, NULL);
    return login(r);
}

static void argon_work(struct work *w)
{
    struct auth_req *r = CONTAINER_OF(w, struct auth_req, work);
    r->work_err = crypto_password(r->out64, buf_str(&r->password), r->salt);
}

/* Keeps what the store found, or a stand-in for a box that is not there: same path, same time. */
static void keep_found(struct auth_req *r, struct store_find *f)
{
    memset(r->salt, 0x5a, sizeof r->salt);
    for (size_t i = 0; f->req.err == OK && i < f->creds_n; i++) {
        if (f->creds[i].kind != CRED_PASSWORD)
            continue;
        r->known = true;
        r->box = f->box;
        r->box.sealed = arena_dup(&r->arena, f->box.sealed);
        r->cred = f->creds[i];
        r->cred.sealed = arena_dup(&r->arena, f->creds[i].sealed);
        memcpy(r->lease, f->lease, KEY_N);
        memcpy(r->salt, r->cred.salt, SALT_N);
    }
}

static void open_or_look_again(struct auth_req *r);

static void on_look_again(struct store_req *q)
{
    struct auth_req *r = q->ctx;
    const uint64_t cred = r->cred.id;
    r->known = false;
    keep_found(r, (struct store_find *)(void *)q);
    if (q->err == OK && r->known && r->cred.id == cred)
        open_or_look_again(r);
    else
        refuse(r, q->err == OK ? ERR_DENIED : q->err);
}

/* The password is right; Argon2id took a while, and the box may have ended meanwhile. */
static void open_or_look_again(struct auth_req *r)
{
    struct store_find *f = NULL;
    if (!outdated(r)) {
        finish(r, &r->box, &r->cred, r->lease, r->seed);
    } else if (r->looks >= LOOKS_MAX || (f = STORE_NEW(find, r, on_look_again)) == NULL) {
        refuse(r, ERR_BUSY);
    } else {
        f->by_id = f->want_creds = true;
        f->id = r->box.id;
        look(r, &f->req);
    }
}

static void argon_done(struct work *w)
{
    struct auth_req *r = CONTAINER_OF(w, struct auth_req, work);
    uint8_t verifier[HASH_N];
    limit_release(r->a->o.limit, LIMIT_PASSWORDS, &r->peer);
    if (r->work_err != OK) {
        refuse(r, ERR_BUSY);
        return;
    }
    password_halves(verifier, r->seed, r->out64, &r->box.id);
    if (crypto_eq(verifier, r->cred.lookup, HASH_N) && r->known)
        open_or_look_again(r);
    else
        refuse(r, ERR_DENIED);
}

static void on_find(struct store_req *q)
{
    struct auth_req *r = q->ctx;
    if (q->err != OK && q->err != ERR_GONE) {
        refuse(r, q->err);
        return;
    }
    keep_found(r, (struct store_find *)(void *)q);
    r->work = (struct work){ .work = argon_work, .done = argon_done };
    enum err e = limit_hold(r->a->o.limit, LIMIT_PASSWORDS, &r->peer);
    if (e == OK && work_submit(r->a->o.argon, r->a->o.loop, &r->work) != OK) {
        limit_release(r->a->o.limit, LIMIT_PASSWORDS, &r->peer);
        e = ERR_BUSY;
    }
    if (e != OK) {
        r->retry_ms = 2000;
        refuse(r, e);
    }
}

struct auth_req *auth_password(struct auth *a, struct str address, struct str password, const struct peer *peer,
                               auth_done *done, void *ctx)
{
    struct auth_req *r = req_new(a, peer, done, ctx);
    struct str key = { 0 };
    if (r == NULL)
        return NULL;
    r->tag = tag_of(a, peer, address, password);
    if (throttled(r))
        return answer_later(r, ERR_BUSY, NULL);
    buf_put(&r->password, password);
    if (r->password.failed || address.n > ADDRESS_MAX || name_address_key(address, &r->arena, &key) != OK)
        return answer_later(r, ERR_DENIED, NULL);
    struct store_find *f = STORE_NEW(find, r, on_find);
    if (f == NULL)
        return answer_later(r, ERR_IO, NULL);
    f->want_creds = true;
    store_addr_hash(a->o.store, key, f->addr_hash);
    look(r, &f->req);
    return r;
}

struct auth_req *auth_login(struct auth *a, struct str address, struct str secret, const struct peer *peer,
                            auth_done *done, void *ctx)
{
    uint8_t raw[TOKEN_BYTES];
    if (token_parse(secret, raw) != OK)
        return auth_password(a, address, secret, peer, done, ctx);
    secret_wipe(raw, sizeof raw);
    struct auth_req *r = auth_token(a, secret, peer, done, ctx);
    if (r != NULL && address.n > 0 && name_address_key(address, &r->arena, &r->wanted) != OK)
        r->wanted = S("-"); /* nobody's: refused as any other wrong name is, after the same look-up */
    return r;
}
