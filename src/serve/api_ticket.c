/* What loops share: one-use tickets for cleaned HTML, proofs of work, and what is done once (once.h), answers that may
 * be taken back (answers.h). Short critical sections under one lock: a ticket's bytes move in and out by pointer. A
 * challenge is its own record: expiry, chance, and a keyed hash over both.
 */
#include "base/rand.h"
#include "base/secret.h"
#include "base/text.h"
#include "serve/api.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
    TICKETS = 512,
    TICKETS_BYTES = 64 * 1024 * 1024,
    USED = 65536, /* challenges solved within five minutes; beyond that the oldest are forgotten */
    MAC_N = 16,
    CHALLENGE_N = 8 + 16 + MAC_N
};
struct ticket {
    uint8_t id[16];
    int64_t until_ms; /* 0: free */
    struct buf html;
    bool images;
};
struct api_shared {
    pthread_mutex_t lock;
    struct once *once;
    struct answers *answers;
    struct ticket tickets[TICKETS];
    size_t bytes;
    uint8_t key[KEY_N];
    uint64_t *used; /* a ring of what stands in challenges that were solved */
    size_t used_at;
};

enum err api_shared_new(struct api_shared **out)
{
    struct api_shared *s = calloc(1, sizeof *s);
    if (s)
        s->used = calloc(USED, sizeof *s->used);
    if (!s || !s->used || once_new(&s->once) != OK || answers_new(&s->answers) != OK) {
        once_free(s ? s->once : NULL);
        free(s ? s->used : NULL);
        free(s);
        return ERR_IO;
    }
    pthread_mutex_init(&s->lock, NULL);
    rand_bytes(s->key, sizeof s->key);
    *out = s;
    return OK;
}

static void forget(struct api_shared *s, struct ticket *t)
{
    s->bytes -= t->html.n;
    buf_fini(&t->html);
    secret_wipe(t->id, sizeof t->id);
    t->until_ms = 0;
}

void api_shared_free(struct api_shared *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < TICKETS; i++)
        forget(s, &s->tickets[i]);
    secret_wipe(s->key, sizeof s->key);
    pthread_mutex_destroy(&s->lock);
    once_free(s->once);
    answers_free(s->answers);
    free(s->used);
    free(s);
}

struct once *api_once(struct api_shared *s) { return s->once; }
struct answers *api_answers(struct api_shared *s) { return s->answers; }

static size_t sweep(struct api_shared *s, int64_t now_ms, struct ticket **room)
{
    size_t left = 0;
    for (struct ticket *t = s->tickets; t < s->tickets + TICKETS; t++) {
        if (t->until_ms && t->until_ms <= now_ms)
            forget(s, t);
        if (!t->until_ms)
            *room = t;
        else
            left++;
    }
    return left;
}
size_t api_ticket_sweep(struct api_shared *s, int64_t now_ms)
{
    struct ticket *ignored;
    pthread_mutex_lock(&s->lock);
    size_t n = sweep(s, now_ms, &ignored);
    pthread_mutex_unlock(&s->lock);
    return n;
}

enum err api_ticket_put(struct api_shared *s, struct str html, bool images, int64_t now_ms, char text[API_TICKET_N + 1])
{
    struct ticket made = { .until_ms = now_ms + API_TICKET_MS, .images = images }, *room = NULL;
    made.html = (struct buf){ .max = API_TICKET_MAX, .secret = true };
    buf_put(&made.html, html);
    if (made.html.failed)
        return ERR_FULL;
    rand_bytes(made.id, sizeof made.id);
    struct buf name = { .max = API_TICKET_N };
    text_base64url(&name, str_of(made.id, sizeof made.id));
    if (name.n == API_TICKET_N)
        memcpy(text, name.p, API_TICKET_N);
    text[API_TICKET_N] = 0;
    buf_fini(&name);
    pthread_mutex_lock(&s->lock);
    sweep(s, now_ms, &room);
    bool fits = room && s->bytes + made.html.n <= TICKETS_BYTES;
    if (fits) {
        *room = made;
        s->bytes += made.html.n;
    }
    pthread_mutex_unlock(&s->lock);
    if (!fits)
        buf_fini(&made.html);
    return fits ? OK : ERR_FULL;
}

bool api_ticket_take(struct api_shared *s, struct str text, int64_t now_ms, struct buf *html, bool *images)
{
    AUTO_BUF struct buf id = { .max = 16 };
    bool found = false;
    if (text.n != API_TICKET_N || text_unbase64url(&id, text) != OK || id.n != 16)
        return false;
    pthread_mutex_lock(&s->lock);
    for (struct ticket *t = s->tickets; t < s->tickets + TICKETS && !found; t++) {
        if (t->until_ms <= now_ms || !crypto_eq(t->id, id.p, sizeof t->id))
            continue;
        *html = t->html;
        *images = t->images;
        s->bytes -= t->html.n;
        t->html = (struct buf){ 0 };
        forget(s, t);
        found = true;
    }
    pthread_mutex_unlock(&s->lock);
    return found;
}

/* ---- proof of work ---- */
static void mac_of(struct api_shared *s, const uint8_t head[24], uint8_t out[HASH_N])
{
    CRYPTO_HASH(out, str_of(s->key, KEY_N), S("pow"), str_of(head, 24));
}
void api_pow_challenge(struct api_shared *s, int64_t now_ms, struct buf *out)
{
    uint8_t c[24 + HASH_N];
    put_be64(c, (uint64_t)(now_ms + API_POW_MS));
    rand_bytes(c + 8, 16);
    mac_of(s, c, c + 24);
    text_base64url(out, str_of(c, CHALLENGE_N));
}

static bool solves(struct str challenge, struct str nonce, uint32_t bits)
{
    AUTO_BUF struct buf b = { .max = 256 };
    uint8_t h[32];
    buf_put(&b, challenge);
    buf_putc(&b, ':');
    buf_put(&b, nonce);
    if (b.failed)
        return false;
    crypto_sha256(h, buf_str(&b));
    for (uint32_t i = 0; i < bits && i < 256; i++)
        if (h[i / 8] >> (7 - i % 8) & 1)
            return false;
    return true;
}

/* True the first time. */
static bool first_use(struct api_shared *s, uint64_t what)
{
    bool seen = false;
    pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i < USED && !seen; i++)
        seen = s->used[i] == what;
    if (!seen)
        s->used[s->used_at++ % USED] = what;
    pthread_mutex_unlock(&s->lock);
    return !seen;
}

enum err api_pow_check(struct api_shared *s, struct str challenge, struct str nonce, uint32_t bits, int64_t now_ms)
{
    AUTO_BUF struct buf raw = { .max = CHALLENGE_N };
    uint8_t mac[HASH_N];
    if (text_unbase64url(&raw, challenge) != OK || raw.n != CHALLENGE_N || nonce.n > 64)
        return ERR_DENIED;
    const uint8_t *c = (const uint8_t *)raw.p;
    mac_of(s, c, mac);
    if (!crypto_eq(mac, c + 24, MAC_N) || (int64_t)get_be64(c) < now_ms || !solves(challenge, nonce, bits))
        return ERR_DENIED;
    return first_use(s, get_be64(c + 8)) ? OK : ERR_DENIED;
}

uint32_t api_pow_bits(const struct api *a, bool for_sending)
{
    enum { SENDING_BITS = 18 }; /* half a second in a browser, once for a box; http.pow_bits may ask for more */
    return for_sending ? MAX(a->o.pow_bits, (uint32_t)SENDING_BITS) : a->o.pow_bits;
}

void api_pow(struct http_req *r)
{
    struct api *a = api_of(r);
    AUTO_BUF struct buf c = { .max = 128 };
    struct str use = { 0 };
    uint32_t bits = api_pow_bits(a, http_query(r, S("for"), &use) && str_eq(use, S("sending")));
    if (bits == 0) {
        http_problem(r, 404, "pow_not_needed", "No proof of work is asked for here.");
        return;
    }
    api_pow_challenge(a->o.shared, loop_now_ms(a->o.loop), &c);
    struct json_out o = api_json(r, 200);
    json_kv_str(&o, "challenge", buf_str(&c));
    json_kv_u64(&o, "bits", bits);
    json_put_end(&o);
    http_finish(r);
}
