/* A signature is made as it will be checked: the field is written with an empty b=, hashed by wire/dkim as any other's,
 * and filled in. Header names are signed once more than they occur, so that nobody can add one (RFC 6376 section 8.15);
 * there is no l=, and after a week it proves nothing any more, which spoils the replaying of one mail to many. */
#include "core/sign.h"
#include "base/map.h"
#include "base/text.h"
#include "wire/dkim.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { DOMAINS_MAX = 10000, ARENA_MAX = 4 * 1024 * 1024, LINE_MAX_N = 72 };
static const int64_t VALID_S = INT64_C(7) * 24 * 3600;

struct sign_keys {
    pthread_mutex_t lock;
    struct map by_domain; /* -> struct sign_pair */
};

enum err sign_keys_new(struct sign_keys **out)
{
    struct sign_keys *k = calloc(1, sizeof *k);
    if (!k)
        return ERR_IO;
    pthread_mutex_init(&k->lock, NULL);
    map_init(&k->by_domain, DOMAINS_MAX);
    *out = k;
    return OK;
}

void sign_pair_fini(struct sign_pair *p)
{
    for (int i = 0; i < SIGN_KEYS; i++)
        sign_key_release(p->key[i]);
    *p = (struct sign_pair){ 0 };
}

static void pair_free(struct sign_pair *p)
{
    if (p)
        sign_pair_fini(p);
    free(p);
}

void sign_keys_free(struct sign_keys *k)
{
    if (!k)
        return;
    struct str domain;
    void *pair;
    for (size_t it = 0; map_next(&k->by_domain, &it, &domain, &pair);)
        pair_free(pair);
    map_fini(&k->by_domain);
    pthread_mutex_destroy(&k->lock);
    free(k);
}

enum err sign_keys_set(struct sign_keys *k, struct str domain, struct sign_pair *pair)
{
    struct sign_pair *mine = calloc(1, sizeof *mine), *old = NULL;
    bool set = false;
    if (mine) {
        *mine = *pair;
        *pair = (struct sign_pair){ 0 };
        pthread_mutex_lock(&k->lock);
        old = map_get(&k->by_domain, domain);
        set = map_set(&k->by_domain, domain, mine);
        pthread_mutex_unlock(&k->lock);
    } else {
        sign_pair_fini(pair);
    }
    pair_free(set ? old : mine);
    return set ? OK : ERR_FULL;
}

bool sign_keys_get(struct sign_keys *k, struct str domain, struct sign_pair *out)
{
    pthread_mutex_lock(&k->lock);
    const struct sign_pair *p = map_get(&k->by_domain, domain);
    if (p) {
        *out = *p;
        for (int i = 0; i < SIGN_KEYS; i++)
            sign_key_hold(out->key[i]);
    }
    pthread_mutex_unlock(&k->lock);
    return p != NULL;
}

/* ---- one field ---- */

static void put_base64(struct buf *out, struct str raw)
{
    AUTO_BUF struct buf text = { .max = 4096 };
    text_base64(&text, raw);
    out->failed = out->failed || text.failed;
    size_t n = LINE_MAX_N - 2; /* behind "b=" */
    for (struct str rest = buf_str(&text); rest.n > 0; rest = str_from(rest, n), n = LINE_MAX_N) {
        if (rest.p != text.p)
            buf_puts(out, "\r\n\t");
        buf_put(out, str_sub(rest, 0, n));
    }
}

static enum err sign_fill(const struct sign_key *key, const uint8_t hash[32], struct buf *out)
{
    AUTO_BUF struct buf raw = { .max = SIGN_MAX };
    enum err e = sign_key_sign(key, hash, &raw);
    if (e != OK)
        return e;
    put_base64(out, buf_str(&raw));
    buf_puts(out, "\r\n");
    return out->failed ? ERR_FULL : OK;
}

enum err sign_field(struct dkim_msg *m, const struct sign_key *key, struct buf *field)
{
    struct header_iter it = header_walk(buf_str(field));
    struct header_field f;
    struct dkim_sig s = { .field = &f, .head = DKIM_RELAXED, .body = DKIM_RELAXED };
    uint8_t hash[32];
    if (field->failed || !header_next(&it, &f) || tags_parse(f.raw, &s.tags) != OK)
        return ERR_FULL;
    s.names = tags_get(&s.tags, S("h"));
    enum err e = dkim_head_hash(m, &s, hash);
    return e == OK ? sign_fill(key, hash, field) : e;
}

/* ---- DKIM-Signature ---- */

/* once_more: also where it is missing. */
static const struct {
    struct str name;
    bool once_more;
} signed_names[] = {
    { STR("From"), true },
    { STR("To"), true },
    { STR("Cc"), true },
    { STR("Subject"), true },
    { STR("Date"), true },
    { STR("Message-ID"), true },
    { STR("Reply-To"), true },
    { STR("MIME-Version"), true },
    { STR("Content-Type"), true },
    { STR("Sender"), true },
    { STR("Content-Transfer-Encoding"), true },
    { STR("In-Reply-To"), false },
    { STR("References"), false },
    { STR("Auto-Submitted"), false },
    { STR("List-Unsubscribe"), false },
    { STR("List-Unsubscribe-Post"), false },
    { STR("TLS-Report-Domain"), false },
    { STR("TLS-Report-Submitter"), false },
};

static size_t count(const struct dkim_msg *m, struct str name)
{
    size_t n = 0;
    for (size_t i = 0; i < m->n; i++)
        n += str_eq_nocase(m->v[i].name, name);
    return n;
}

static void put_names(struct buf *out, const struct dkim_msg *m)
{
    size_t line = out->n, begin = out->n;
    for (size_t i = 0; i < COUNT(signed_names); i++) {
        size_t times = count(m, signed_names[i].name) + signed_names[i].once_more;
        for (; times > 0; times--) {
            if (out->n > begin)
                buf_putc(out, ':');
            if (out->n - line + signed_names[i].name.n > LINE_MAX_N) {
                buf_puts(out, "\r\n\t ");
                line = out->n;
            }
            buf_put(out, signed_names[i].name);
        }
    }
}

static enum err put_signature(struct dkim_msg *m, const struct sign_pair *p, enum sign_kind kind, struct str domain,
                              int64_t now_s, struct buf *out)
{
    static const char *const algorithms[SIGN_KINDS] = { "rsa-sha256", "ed25519-sha256" };
    AUTO_BUF struct buf f = { .max = 16 * 1024 };
    buf_printf(&f, "DKIM-Signature: v=1; a=%s; c=relaxed/relaxed; d=%.*s;\r\n\ts=%s; t=%lld; x=%lld;\r\n\th=",
               algorithms[kind], STR_FMT(domain), p->selector[kind], (long long)now_s, (long long)(now_s + VALID_S));
    put_names(&f, m);
    buf_puts(&f, ";\r\n\tbh=");
    text_base64(&f, str_of(m->body_hash[DKIM_RELAXED], 32));
    buf_puts(&f, ";\r\n\tb=");
    enum err e = sign_field(m, p->key[kind], &f);
    if (e == OK)
        buf_put(out, buf_str(&f));
    return e == OK && out->failed ? ERR_FULL : e;
}

enum err sign_message(struct sign_keys *k, struct str domain, struct str msg, int64_t now_s, struct buf *out)
{
    AUTO_ARENA struct arena a = { .max = ARENA_MAX, .secret = true };
    struct dkim_msg m;
    struct sign_pair pair;
    if (!sign_keys_get(k, domain, &pair))
        return OK;
    enum err e = dkim_msg_init(&a, msg, &m);
    if (e == OK)
        e = dkim_body_hash(&m, DKIM_RELAXED);
    for (int kind = SIGN_KINDS - 1; e == OK && kind >= 0; kind--)
        e = put_signature(&m, &pair, (enum sign_kind)kind, domain, now_s, out);
    sign_pair_fini(&pair);
    return e;
}
