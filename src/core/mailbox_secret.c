/* Credentials of a box being made or changed, each sealed to hold the box's private keys. */
#include "base/rand.h"
#include "base/secret.h"
#include "core/mailbox_req.h"
#include <string.h>

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
