#include "base/rand.h"
#include "base/secret.h"
#include "core/seal.h"
#include "test.h"
#include <string.h>

struct fix {
    uint8_t pub[KEY_N], priv[KEY_N], lease[KEY_N];
    struct box_id box, other;
    struct msg_id msg;
    struct seal_window w;
};

static void fix_init(struct fix *f)
{
    static bool started;
    if (!started) {
        CHECK_OK(rand_start());
        CHECK_OK(secret_start(256));
        started = true;
    }
    memset(f, 0, sizeof *f);
    seal_keypair(f->pub, f->priv);
    rand_bytes(f->lease, sizeof f->lease);
    rand_bytes(&f->box, sizeof f->box);
    rand_bytes(&f->other, sizeof f->other);
    rand_bytes(&f->msg, sizeof f->msg);
    CHECK_OK(seal_window_open(&f->w, f->pub, 3, 1000));
}

/* What a reader does: r by the private key, K by r and lease. */
static enum err key_by(const struct fix *f, struct str env, const uint8_t priv[KEY_N], const uint8_t lease[KEY_N],
                       const struct box_id *box, uint8_t k[KEY_N])
{
    uint32_t generation;
    struct str sealed_r;
    uint8_t r[KEY_N], pub[KEY_N];
    enum err e = seal_env_head(env, &generation, &sealed_r);
    if (e != OK)
        return e;
    CHECK_EQ(generation, 3);
    seal_public(pub, priv);
    e = seal_open(r, pub, priv, sealed_r);
    if (e == OK)
        seal_message_key(k, r, lease, box, &f->msg);
    return e;
}

TEST(a_message_opens_with_key_and_lease_only)
{
    struct fix f;
    AUTO_BUF struct buf env = { .max = 4096 }, out = { .max = 4096 };
    uint8_t k[KEY_N], other_priv[KEY_N], other_pub[KEY_N], other_lease[KEY_N] = { 1 };
    fix_init(&f);
    seal_keypair(other_pub, other_priv);
    seal_message_key(k, f.w.r, f.lease, &f.box, &f.msg);
    seal_env(&env, &f.w, k, &f.box, &f.msg, S("\"from\":1"));
    CHECK_OK(key_by(&f, buf_str(&env), f.priv, f.lease, &f.box, k));
    CHECK_OK(open_env(&out, buf_str(&env), k, &f.box, &f.msg));
    CHECK_STR("summary", buf_str(&out), "\"from\":1");
    CHECK(str_find(buf_str(&env), S("from")) == STR_NONE);

    CHECK(key_by(&f, buf_str(&env), other_priv, f.lease, &f.box, k) != OK);
    CHECK_OK(key_by(&f, buf_str(&env), f.priv, other_lease, &f.box, k));
    CHECK_EQ(open_env(&out, buf_str(&env), k, &f.box, &f.msg), ERR_BAD);
    CHECK_OK(key_by(&f, buf_str(&env), f.priv, f.lease, &f.box, k));
    CHECK_EQ(open_env(&out, buf_str(&env), k, &f.other, &f.msg), ERR_BAD); /* moved to another box */
    seal_window_close(&f.w);
}

TEST(purposes_and_chunks_are_not_exchangeable)
{
    struct fix f;
    AUTO_BUF struct buf a = { .max = 4096 }, b = { .max = 4096 }, out = { .max = 4096 };
    uint8_t k[KEY_N];
    fix_init(&f);
    seal_message_key(k, f.w.r, f.lease, &f.box, &f.msg);
    seal_chunk(&a, k, &f.box, &f.msg, 0, false, S("first"));
    seal_chunk(&b, k, &f.box, &f.msg, 1, true, S("second"));
    CHECK_OK(open_chunk(&out, buf_str(&a), k, &f.box, &f.msg, 0, false));
    CHECK_STR("chunk", buf_str(&out), "first");
    CHECK_EQ(open_chunk(&out, buf_str(&a), k, &f.box, &f.msg, 0, true), ERR_BAD); /* cut: not the last */
    CHECK_EQ(open_chunk(&out, buf_str(&b), k, &f.box, &f.msg, 0, true), ERR_BAD); /* swapped */
    CHECK_EQ(open_hdr(&out, buf_str(&a), k, &f.box, &f.msg), ERR_BAD);            /* another purpose */
    CHECK_EQ(open_chunk(&out, S("short"), k, &f.box, &f.msg, 0, true), ERR_BAD);
    seal_window_close(&f.w);
}

TEST(every_flipped_bit_is_noticed)
{
    struct fix f;
    AUTO_BUF struct buf env = { .max = 4096 }, out = { .max = 4096 };
    uint8_t k[KEY_N];
    fix_init(&f);
    seal_message_key(k, f.w.r, f.lease, &f.box, &f.msg);
    seal_env(&env, &f.w, k, &f.box, &f.msg, S("{}"));
    for (size_t i = 0; i < env.n; i++) {
        env.p[i] ^= 1;
        uint8_t k2[KEY_N];
        uint32_t g;
        struct str sealed_r;
        uint8_t r[KEY_N];
        bool ok =
            seal_env_head(buf_str(&env), &g, &sealed_r) == OK && g == 3 && seal_open(r, f.pub, f.priv, sealed_r) == OK;
        if (ok) {
            seal_message_key(k2, r, f.lease, &f.box, &f.msg);
            ok = open_env(&out, buf_str(&env), k2, &f.box, &f.msg) == OK;
        }
        CHECK(!ok);
        env.p[i] ^= 1;
    }
    seal_window_close(&f.w);
}

TEST(a_window_is_spent_by_time_count_and_generation)
{
    struct fix f;
    fix_init(&f);
    CHECK(!seal_window_spent(&f.w, 3, 1000));
    CHECK(seal_window_spent(&f.w, 4, 1000));
    CHECK(!seal_window_spent(&f.w, 3, 1000 + SEAL_WINDOW_MS - 1));
    CHECK(seal_window_spent(&f.w, 3, 1000 + SEAL_WINDOW_MS));
    CHECK(seal_window_spent(&f.w, 3, 999));
    f.w.used = SEAL_WINDOW_MESSAGES;
    CHECK(seal_window_spent(&f.w, 3, 1000));
    seal_window_close(&f.w);
    CHECK(seal_window_spent(&f.w, 3, 1000));
    CHECK_EQ(secret_used(), 0);
}
