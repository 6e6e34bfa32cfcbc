/* Folder by folder, a page at a time, and no further than needed; what was passed on the way is remembered, as keyed
 * hashes, so that the next question about the same box goes on where this one stopped. */
#include "core/send_known.h"
#include "base/crypto.h"
#include "base/map.h"
#include "base/rand.h"
#include "core/understand.h"
#include "wire/addr.h"
#include "wire/domain.h"
#include "wire/json.h"
#include <assert.h>
#include <stdlib.h>

enum { PAGE = 200, KEY_MAX = 600 };

/* ---- one summary ---- */

static struct str org_of(struct str address) { return domain_org(str_from(address, str_rchr(address, '@') + 1)); }

/* An address as addr_other_key() has it; empty: none. */
static struct str address_of(struct json_in *j, const struct json *who, struct buf *key)
{
    struct str address = { 0 };
    buf_clear(key);
    if (!json_get_str(j, who, "address", KEY_MAX, &address) || addr_other_key(key, address) != OK)
        return (struct str){ 0 };
    return buf_str(key);
}

/* "spf" is null where nobody was asked, and "domain" then only that of a box here, which had to log in. */
static bool is_proven(struct json_in *j, const struct json *auth, struct str author, bool unchecked)
{
    struct str spf, domain = { 0 };
    if (json_get_str(j, auth, "domain", KEY_MAX, &domain) && domain.n > 0)
        return str_eq_nocase(org_of(author), domain_org(domain));
    return unchecked && !json_get_str(j, auth, "spf", KEY_MAX, &spf);
}

static void each_reply_to(struct json_in *j, struct str author, send_known_each_fn *each, void *ctx)
{
    AUTO_BUF struct buf b = { .max = KEY_MAX };
    const struct json *list = NULL;
    (void)json_get_array(j, j->root, "reply_to", JSON_VALUES_MAX, &list);
    for (size_t i = 0; i < json_len(list); i++) {
        struct str key = address_of(j, json_at(list, i), &b);
        if (key.n > 0 && str_eq_nocase(org_of(author), org_of(key)))
            each(ctx, key);
    }
}

void send_known_each(struct str summary, bool unchecked, send_known_each_fn *each, void *ctx)
{
    static const struct str wanted[] = { STR("from"), STR("reply_to"), STR("auth"), STR("own") };
    AUTO_BUF struct buf text = { .max = SUMMARY_MAX * 4 + 2, .secret = true };
    AUTO_BUF struct buf b = { .max = KEY_MAX };
    AUTO_JSON struct json_in j = { 0 };
    const struct json *from = NULL, *auth = NULL;
    buf_putc(&text, '{');
    json_pick(&text, summary, wanted, COUNT(wanted));
    buf_putc(&text, '}');
    if (text.failed || json_parse(&j, buf_str(&text), text.max) != OK)
        return;
    bool own = false;
    (void)json_get_bool(&j, j.root, "own", &own);
    bool whole = !own && json_get_object(&j, j.root, "from", &from) && json_get_object(&j, j.root, "auth", &auth);
    struct str author = whole ? address_of(&j, from, &b) : (struct str){ 0 };
    if (author.n == 0 || !is_proven(&j, auth, author, unchecked))
        return;
    each(ctx, author);
    each_reply_to(&j, author, each, ctx);
}

/* ---- all of a box ---- */

struct send_known {
    unsigned refs;
    struct store *st;
    struct loop *loop;
    struct opened *o;
    bool unchecked;
    uint8_t key[KEY_N]; /* of the hashes */
    struct map writers; /* those of who has written, as far as was looked; the values say nothing */
    bool lost;          /* there was no memory for one of them */
    bool begun, over;
    uint32_t folder, last, before_uid; /* where to go on, and the highest folder there is */
    const struct str *asked;           /* NULL: nobody asks */
    size_t asked_n;
    struct job job;
    send_known_fn *done;
    void *ctx;
};

struct send_known *send_known_new(struct store *st, struct loop *l, struct opened *o, bool unchecked)
{
    struct send_known *k = calloc(1, sizeof *k);
    if (!k)
        return NULL;
    *k = (struct send_known){ .refs = 1, .st = st, .loop = l, .o = opened_hold(o), .unchecked = unchecked };
    rand_bytes(k->key, sizeof k->key);
    map_init(&k->writers, 0);
    k->folder = FOLDER_INBOX;
    return k;
}

struct send_known *send_known_hold(struct send_known *k)
{
    if (k)
        k->refs++;
    return k;
}

void send_known_drop(struct send_known *k)
{
    if (!k || --k->refs > 0)
        return;
    opened_release(k->o);
    map_fini(&k->writers);
    free(k);
}

static void hash(const struct send_known *k, struct str address, uint8_t out[HASH_N])
{
    CRYPTO_HASH(out, str_of(k->key, KEY_N), address);
}

/* The first of those asked about who has not written, as far as was looked. */
static size_t missing(const struct send_known *k)
{
    uint8_t h[HASH_N];
    size_t i = 0;
    for (; i < k->asked_n; i++) {
        hash(k, k->asked[i], h);
        if (!map_get(&k->writers, str_of(h, HASH_N)))
            break;
    }
    return i;
}

static void answer(struct send_known *k, enum err e)
{
    send_known_fn *done = k->done;
    void *ctx = k->ctx;
    size_t first = missing(k);
    if (e == OK && first < k->asked_n && k->lost)
        e = ERR_BUSY;
    k->asked = NULL;
    done(ctx, e, first);
    send_known_drop(k);
}

static void add(void *ctx, struct str address)
{
    struct send_known *k = ctx;
    uint8_t h[HASH_N];
    hash(k, address, h);
    k->lost |= !map_set(&k->writers, str_of(h, HASH_N), k);
}

static bool is_counted(uint32_t folder) { return folder != FOLDER_SENT && folder != FOLDER_DRAFTS; }

static bool list_next(struct send_known *k);

static void on_list(void *ctx, enum err e, const struct mail_row *rows, size_t n, bool more)
{
    struct send_known *k = ctx;
    for (size_t i = 0; i < n; i++)
        send_known_each(rows[i].env, k->unchecked, add, k);
    if (e == OK && more && n > 0) {
        k->before_uid = rows[n - 1].row.uid;
    } else if (e == OK) {
        k->before_uid = 0;
        do
            k->folder++;
        while (!is_counted(k->folder));
        k->over = k->folder > k->last;
    }
    if (e != OK || k->over || missing(k) == k->asked_n)
        answer(k, e);
    else if (!list_next(k))
        answer(k, ERR_BUSY);
}

static bool list_next(struct send_known *k)
{
    struct mail_query q = { .folder = k->folder, .limit = PAGE, .before_uid = k->before_uid };
    return mail_list(k->st, k->loop, k->o, &q, on_list, k) != NULL;
}

/* How many folders there are now: what a session knows of its box is from when it was opened. */
static void on_box(struct store_req *q)
{
    struct send_known *k = q->ctx;
    const struct store_find *f = (const struct store_find *)(const void *)q;
    k->last = MAX(f->box.folder_last, (uint32_t)FOLDER_FIXED);
    k->begun = q->err == OK;
    if (q->err != OK)
        answer(k, q->err);
    else if (!list_next(k))
        answer(k, ERR_BUSY);
}

static bool find_box(struct send_known *k)
{
    struct store_find *f = STORE_NEW(find, k, on_box);
    if (!f)
        return false;
    f->by_id = true;
    f->id = k->o->box.id;
    store_submit(k->st, k->loop, &f->req);
    return true;
}

static void on_turn(struct job *j) { answer(CONTAINER_OF(j, struct send_known, job), OK); }

enum err send_known_ask(struct send_known *k, const struct str *keys, size_t n, send_known_fn *done, void *ctx)
{
    assert(!k->asked);
    k->asked = keys;
    k->asked_n = n;
    k->done = done;
    k->ctx = ctx;
    k->job.run = on_turn;
    bool asks = true;
    if (k->over || missing(k) == n)
        loop_later(k->loop, &k->job);
    else
        asks = k->begun ? list_next(k) : find_box(k);
    if (asks)
        send_known_hold(k);
    else
        k->asked = NULL;
    return asks ? OK : ERR_BUSY;
}
