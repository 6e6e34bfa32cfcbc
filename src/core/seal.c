/* Why no random nonces: a message key K is used for one message only and each purpose has its own subkey, so the nonce
 * only has to tell chunks apart; it carries the chunk's index and whether it is the last, which is what makes cutting
 * or swapping chunks show (compare STREAM, Hoang and others 2015). */
#include "core/seal.h"
#include "base/rand.h"
#include "base/secret.h"
#include <assert.h>
#include <string.h>

enum { ENV_VERSION = 1, ENV_HEAD_N = 1 + 4 + SEAL_R_N, AD_N = BOX_ID_N + MSG_ID_N + 4 };

enum err seal_window_open(struct seal_window *w, const uint8_t pub[KEY_N], uint32_t generation, int64_t now_ms)
{
    uint8_t *r = secret_new();
    if (r == NULL)
        return ERR_FULL;
    rand_bytes(r, KEY_N);
    *w = (struct seal_window){ .r = r, .generation = generation, .since_ms = now_ms };
    seal_to(w->sealed_r, pub, str_of(r, KEY_N));
    return OK;
}

bool seal_window_spent(const struct seal_window *w, uint32_t generation, int64_t now_ms)
{
    return w->r == NULL || w->generation != generation || w->used >= SEAL_WINDOW_MESSAGES ||
           now_ms - w->since_ms >= SEAL_WINDOW_MS || now_ms < w->since_ms;
}

void seal_window_close(struct seal_window *w)
{
    secret_free(w->r);
    *w = (struct seal_window){ .r = NULL };
}

void seal_message_key(uint8_t k[KEY_N], const uint8_t r[KEY_N], const uint8_t lease[KEY_N], const struct box_id *box,
                      const struct msg_id *msg)
{
    uint8_t t[HASH_N];
    CRYPTO_HASH(t, str_of(lease, KEY_N), S("lease"), box_id_str(box), msg_id_str(msg));
    CRYPTO_HASH(k, str_of(r, KEY_N), S("message"), str_of(t, HASH_N));
    secret_wipe(t, sizeof t);
}

static void subkey(uint8_t out[KEY_N], const uint8_t k[KEY_N], struct str purpose)
{
    CRYPTO_HASH(out, str_of(k, KEY_N), purpose);
}

/* Box, message and purpose: a blob moved to another place does not open. */
static struct str ad_of(uint8_t ad[AD_N], const struct box_id *box, const struct msg_id *msg, struct str purpose)
{
    assert(purpose.n == 4);
    memcpy(ad, box->b, BOX_ID_N);
    memcpy(ad + BOX_ID_N, msg->b, MSG_ID_N);
    memcpy(ad + BOX_ID_N + MSG_ID_N, purpose.p, 4);
    return str_of(ad, AD_N);
}

struct purpose {
    struct str label; /* of the subkey */
    struct str mark;  /* in the associated data, four octets */
    uint32_t index;
    bool last;
};

static void seal_blob(struct buf *out, const uint8_t k[KEY_N], const struct box_id *box, const struct msg_id *msg,
                      struct purpose p, struct str plain)
{
    uint8_t key[KEY_N], ad[AD_N], nonce[AEAD_NONCE_N] = { 0 };
    put_be32(nonce, p.index);
    nonce[4] = p.last;
    char *to = buf_reserve(out, plain.n + AEAD_TAG_N);
    if (to == NULL)
        return;
    subkey(key, k, p.label);
    aead_seal((uint8_t *)to, key, nonce, ad_of(ad, box, msg, p.mark), plain);
    out->n += plain.n + AEAD_TAG_N;
    secret_wipe(key, sizeof key);
}

static enum err open_blob(struct buf *out, struct str sealed, const uint8_t k[KEY_N], const struct box_id *box,
                          const struct msg_id *msg, struct purpose p)
{
    uint8_t key[KEY_N], ad[AD_N], nonce[AEAD_NONCE_N] = { 0 };
    put_be32(nonce, p.index);
    nonce[4] = p.last;
    if (sealed.n < AEAD_TAG_N)
        return ERR_BAD;
    char *to = buf_reserve(out, sealed.n - AEAD_TAG_N);
    if (to == NULL)
        return ERR_FULL;
    subkey(key, k, p.label);
    enum err e = aead_open((uint8_t *)to, key, nonce, ad_of(ad, box, msg, p.mark), sealed);
    secret_wipe(key, sizeof key);
    if (e == OK)
        out->n += sealed.n - AEAD_TAG_N;
    return e;
}

static const struct purpose for_env = { STR("env"), STR("env "), 0, true };
static const struct purpose for_name = { STR("name"), STR("name"), 0, true };
static const struct purpose for_arrival = { STR("arrival"), STR("arvl"), 0, true };
static const struct purpose for_hdr = { STR("hdr"), STR("hdr "), 0, true };
static struct purpose for_body(uint32_t index, bool last)
{
    return (struct purpose){ S("body"), S("body"), index, last };
}

static void put_head(struct buf *out, const struct seal_window *w)
{
    uint8_t head[5] = { ENV_VERSION };
    put_be32(head + 1, w->generation);
    buf_put(out, str_of(head, sizeof head));
    buf_put(out, str_of(w->sealed_r, SEAL_R_N));
}

void seal_env(struct buf *out, const struct seal_window *w, const uint8_t k[KEY_N], const struct box_id *box,
              const struct msg_id *msg, struct str env_json)
{
    put_head(out, w);
    seal_blob(out, k, box, msg, for_env, env_json);
}

void seal_name(struct buf *out, const struct seal_window *w, const uint8_t k[KEY_N], const struct box_id *box,
               const struct msg_id *id, struct str name)
{
    put_head(out, w);
    seal_blob(out, k, box, id, for_name, name);
}

void seal_arrival(struct buf *out, const struct seal_window *w, const uint8_t k[KEY_N], const struct box_id *box,
                  const struct msg_id *id, struct str json)
{
    put_head(out, w);
    seal_blob(out, k, box, id, for_arrival, json);
}

enum err seal_env_head(struct str env, uint32_t *generation, struct str *sealed_r)
{
    if (env.n < ENV_HEAD_N + AEAD_TAG_N || env.p[0] != ENV_VERSION)
        return ERR_BAD;
    *generation = get_be32((const uint8_t *)env.p + 1);
    *sealed_r = str_sub(env, 5, SEAL_R_N);
    return OK;
}

enum err open_env(struct buf *out, struct str env, const uint8_t k[KEY_N], const struct box_id *box,
                  const struct msg_id *msg)
{
    return open_blob(out, str_from(env, ENV_HEAD_N), k, box, msg, for_env);
}

enum err open_name(struct buf *out, struct str sealed, const uint8_t k[KEY_N], const struct box_id *box,
                   const struct msg_id *id)
{
    return open_blob(out, str_from(sealed, ENV_HEAD_N), k, box, id, for_name);
}

enum err open_arrival(struct buf *out, struct str sealed, const uint8_t k[KEY_N], const struct box_id *box,
                      const struct msg_id *id)
{
    return open_blob(out, str_from(sealed, ENV_HEAD_N), k, box, id, for_arrival);
}

void seal_hdr(struct buf *out, const uint8_t k[KEY_N], const struct box_id *box, const struct msg_id *msg,
              struct str hdr)
{
    seal_blob(out, k, box, msg, for_hdr, hdr);
}

enum err open_hdr(struct buf *out, struct str hdr, const uint8_t k[KEY_N], const struct box_id *box,
                  const struct msg_id *msg)
{
    return open_blob(out, hdr, k, box, msg, for_hdr);
}

void seal_chunk(struct buf *out, const uint8_t k[KEY_N], const struct box_id *box, const struct msg_id *msg,
                uint32_t index, bool last, struct str frame)
{
    seal_blob(out, k, box, msg, for_body(index, last), frame);
}

enum err open_chunk(struct buf *out, struct str chunk, const uint8_t k[KEY_N], const struct box_id *box,
                    const struct msg_id *msg, uint32_t index, bool last)
{
    return open_blob(out, chunk, k, box, msg, for_body(index, last));
}
