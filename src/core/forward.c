/* In memory a table by file name, which is a keyed hash of the box's id; on disk one file each, all of one size. A file
 * is opened when its box is met for the first time, since nobody has the lease before. A link's token is known by its
 * hash alone. */
#include "core/forward.h"
#include "base/map.h"
#include "base/rand.h"
#include "base/secret.h"
#include "base/text.h"
#include "io/file.h"
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    BOXES_MAX = 100000,
    VERSION = 2,
    LINKED = 3,                        /* the same, with the link's hash in place of the last zeros */
    PLAIN_N = 2 + FORWARD_ADDRESS_MAX, /* version, how long the address is, the address, zeros */
    LINK_AT = PLAIN_N - HASH_N,
    FILE_N = AEAD_NONCE_N + PLAIN_N + AEAD_TAG_N,
    NAME_N = 2 * HASH_N,
    PATH_N = 4096
};

struct target {
    char name[NAME_N + 1];
    enum forward_state state; /* FORWARD_NONE: of a file that was not opened yet */
    bool saved;               /* there is a file */
    int64_t asked_ms;
    uint8_t key[KEY_N];    /* of the file, as what follows from when it is known; no more secret than the address */
    uint8_t token[HASH_N]; /* zeros: no link leads here */
    char to[FORWARD_ADDRESS_MAX + 1], from[FORWARD_ADDRESS_MAX + 1];
};
struct forwards {
    const char *dir;
    uint8_t key[KEY_N];
    pthread_mutex_t lock;
    struct map by_name; /* -> struct target */
};

/* ---- files ---- */

static void name_of(const struct forwards *f, const struct box_id *box, char out[NAME_N + 1])
{
    uint8_t hash[HASH_N];
    CRYPTO_HASH(hash, str_of(f->key, KEY_N), S("forward"), box_id_str(box));
    out[text_hex(out, str_of(hash, HASH_N))] = 0;
}

static void key_of(const struct forwards *f, const struct box_id *box, const uint8_t lease[KEY_N], uint8_t out[KEY_N])
{
    CRYPTO_HASH(out, str_of(f->key, KEY_N), S("target"), str_of(lease, KEY_N), box_id_str(box));
}

static bool path_of(const struct forwards *f, const char *name, char out[PATH_N])
{
    AUTO_BUF struct buf p = { .max = PATH_N };
    buf_printf(&p, "%s/%s", f->dir, name);
    buf_putc(&p, 0);
    if (p.failed)
        return false;
    memcpy(out, p.p, p.n);
    return true;
}

static enum err save(const struct forwards *f, struct target *t)
{
    uint8_t plain[PLAIN_N] = { VERSION, (uint8_t)strlen(t->to) }, sealed[FILE_N];
    char path[PATH_N];
    if (!path_of(f, t->name, path))
        return ERR_FULL;
    memcpy(plain + 2, t->to, plain[1]);
    if (2 + plain[1] <= LINK_AT) {
        plain[0] = LINKED;
        memcpy(plain + LINK_AT, t->token, HASH_N);
    }
    rand_bytes(sealed, AEAD_NONCE_N);
    aead_seal(sealed + AEAD_NONCE_N, t->key, sealed, str_c(t->name), str_of(plain, PLAIN_N));
    secret_wipe(plain, sizeof plain);
    enum err e = file_save(path, str_of(sealed, FILE_N));
    t->saved |= e == OK;
    return e;
}

static enum err read_file(const struct forwards *f, struct target *t)
{
    AUTO_BUF struct buf text = { .max = FILE_N };
    uint8_t plain[PLAIN_N] = { 0 };
    char path[PATH_N];
    if (!path_of(f, t->name, path) || file_load(path, FILE_N, &text) != OK || text.n != FILE_N)
        return ERR_BAD;
    struct str sealed = str_from(buf_str(&text), AEAD_NONCE_N);
    enum err e = aead_open(plain, t->key, (const uint8_t *)text.p, str_c(t->name), sealed);
    size_t most = plain[0] == LINKED ? LINK_AT - 2 : FORWARD_ADDRESS_MAX;
    if (e == OK && ((plain[0] != VERSION && plain[0] != LINKED) || plain[1] > most))
        e = ERR_BAD;
    if (e == OK) {
        memcpy(t->to, plain + 2, plain[1]);
        if (plain[0] == LINKED)
            memcpy(t->token, plain + LINK_AT, HASH_N);
        t->state = FORWARD_ON;
    }
    secret_wipe(plain, sizeof plain);
    return e;
}

static enum err erase(const struct forwards *f, struct target *t)
{
    char path[PATH_N];
    if (!t->saved)
        return OK;
    if (!path_of(f, t->name, path))
        return ERR_FULL;
    if (unlink(path) != 0 && errno != ENOENT)
        return ERR_IO;
    t->saved = false;
    return file_sync_dir(f->dir);
}

/* ---- the table ---- */

static void target_free(struct target *t)
{
    secret_wipe(t, sizeof *t);
    free(t);
}

/* What is known by that name, made where there is none. NULL: memory, or too many. */
static struct target *keep(struct forwards *f, const char *name)
{
    struct target *t = map_get(&f->by_name, str_c(name));
    if (t)
        return t;
    t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    memcpy(t->name, name, NAME_N);
    if (map_set(&f->by_name, str_c(name), t))
        return t;
    free(t);
    return NULL;
}

static enum err drop(struct forwards *f, const char *name)
{
    struct target *t = map_get(&f->by_name, str_c(name));
    enum err e = t ? erase(f, t) : OK;
    if (!t || e != OK)
        return e;
    map_del(&f->by_name, str_c(name));
    target_free(t);
    return OK;
}

/* NULL: there is none, or it cannot be opened. */
static struct target *find(struct forwards *f, const struct box_id *box, const uint8_t *lease)
{
    char name[NAME_N + 1];
    name_of(f, box, name);
    struct target *t = map_get(&f->by_name, str_c(name));
    if (!t || t->state != FORWARD_NONE)
        return t;
    if (!lease)
        return NULL;
    key_of(f, box, lease, t->key);
    if (read_file(f, t) == OK)
        return t;
    (void)!drop(f, name);
    return NULL;
}

/* ---- at start ---- */

static enum err load(struct forwards *f)
{
    enum err e = file_make_dir(f->dir);
    DIR *d = e == OK ? opendir(f->dir) : NULL;
    if (!d)
        return ERR_IO;
    for (struct dirent *it = readdir(d); it; it = readdir(d)) {
        struct target *t = strlen(it->d_name) == NAME_N ? keep(f, it->d_name) : NULL;
        if (t)
            t->saved = true;
    }
    closedir(d);
    return OK;
}

static enum err load_key(struct forwards *f, const char *path)
{
    AUTO_BUF struct buf text = { .max = KEY_N, .secret = true };
    enum err e = file_load(path, KEY_N, &text);
    if (e == ERR_GONE) {
        rand_bytes(f->key, KEY_N);
        return file_save(path, str_of(f->key, KEY_N));
    }
    if (e != OK || text.n != KEY_N)
        return ERR_BAD;
    memcpy(f->key, text.p, KEY_N);
    return OK;
}

enum err forwards_new(const struct forwards_opts *o, struct forwards **out)
{
    struct forwards *f = calloc(1, sizeof *f);
    if (!f)
        return ERR_IO;
    f->dir = o->dir;
    pthread_mutex_init(&f->lock, NULL);
    map_init(&f->by_name, BOXES_MAX);
    *out = f;
    enum err e = load_key(f, o->key_path);
    return e == OK ? load(f) : e;
}

void forwards_free(struct forwards *f)
{
    if (!f)
        return;
    struct str key;
    void *t;
    for (size_t it = 0; map_next(&f->by_name, &it, &key, &t);)
        target_free(t);
    map_fini(&f->by_name);
    pthread_mutex_destroy(&f->lock);
    secret_wipe(f->key, KEY_N);
    free(f);
}

/* ---- asked and changed ---- */

static void put(const struct target *t, struct arena *a, struct forward *out)
{
    *out = (struct forward){ t->state, t->asked_ms, arena_dup(a, str_c(t->to)), arena_dup(a, str_c(t->from)) };
}

enum err forwards_get(struct forwards *f, const struct box_id *box, const uint8_t *lease, struct arena *a,
                      struct forward *out)
{
    *out = (struct forward){ .state = FORWARD_NONE };
    if (!f)
        return OK;
    pthread_mutex_lock(&f->lock);
    const struct target *t = find(f, box, lease);
    if (t)
        put(t, a, out);
    pthread_mutex_unlock(&f->lock);
    return t && (!out->to.p || !out->from.p) ? ERR_FULL : OK;
}

static void token_hash(const struct forwards *f, struct str token, uint8_t out[HASH_N])
{
    CRYPTO_HASH(out, str_of(f->key, KEY_N), S("link"), token);
}

static void token_new(char token[FORWARD_TOKEN_N + 1])
{
    uint8_t raw[KEY_N];
    AUTO_BUF struct buf text = { .max = FORWARD_TOKEN_N, .secret = true };
    rand_bytes(raw, sizeof raw);
    text_base64url(&text, str_of(raw, sizeof raw));
    secret_wipe(raw, sizeof raw);
    memcpy(token, text.p, FORWARD_TOKEN_N);
    token[FORWARD_TOKEN_N] = 0;
}

enum err forwards_ask(struct forwards *f, const struct box_id *box, const uint8_t lease[KEY_N], struct str from,
                      struct str to, int64_t now_ms, char token[FORWARD_TOKEN_N + 1])
{
    char name[NAME_N + 1];
    if (to.n > FORWARD_ADDRESS_MAX || from.n > FORWARD_ADDRESS_MAX)
        return ERR_FULL;
    token_new(token);
    name_of(f, box, name);
    pthread_mutex_lock(&f->lock);
    enum err e = drop(f, name);
    struct target *t = e == OK ? keep(f, name) : NULL;
    if (t) {
        t->state = FORWARD_ASKED;
        t->asked_ms = now_ms;
        key_of(f, box, lease, t->key);
        token_hash(f, str_c(token), t->token);
        memcpy(t->to, to.p, to.n);
        memcpy(t->from, from.p, from.n);
    }
    pthread_mutex_unlock(&f->lock);
    return e == OK && !t ? ERR_FULL : e;
}

enum err forwards_clear(struct forwards *f, const struct box_id *box)
{
    char name[NAME_N + 1];
    if (!f)
        return OK;
    name_of(f, box, name);
    pthread_mutex_lock(&f->lock);
    enum err e = drop(f, name);
    pthread_mutex_unlock(&f->lock);
    return e;
}

/* What cannot be erased cannot be read either. */
void forwards_end(struct forwards *f, const struct box_id *box) { (void)!forwards_clear(f, box); }

/* Links are followed a few times a box: a walk will do. */
static struct target *find_linked(struct forwards *f, struct str token, int64_t now_ms)
{
    uint8_t hash[HASH_N];
    struct str key;
    void *v;
    if (token.n != FORWARD_TOKEN_N)
        return NULL;
    token_hash(f, token, hash);
    for (size_t it = 0; map_next(&f->by_name, &it, &key, &v);) {
        struct target *t = v;
        bool holds = t->state == FORWARD_ON || (t->state == FORWARD_ASKED && now_ms - t->asked_ms < FORWARD_LINK_MS);
        if (holds && crypto_eq(t->token, hash, HASH_N))
            return t;
    }
    return NULL;
}

enum err forwards_look(struct forwards *f, struct str token, int64_t now_ms, struct arena *a, struct forward *out)
{
    if (!f)
        return ERR_GONE;
    pthread_mutex_lock(&f->lock);
    const struct target *t = find_linked(f, token, now_ms);
    if (t)
        put(t, a, out);
    pthread_mutex_unlock(&f->lock);
    return !t ? ERR_GONE : !out->to.p || !out->from.p ? ERR_FULL : OK;
}

enum err forwards_confirm(struct forwards *f, struct str token, int64_t now_ms)
{
    if (!f)
        return ERR_GONE;
    pthread_mutex_lock(&f->lock);
    struct target *t = find_linked(f, token, now_ms);
    enum err e = !t ? ERR_GONE : t->state == FORWARD_ON ? OK : save(f, t);
    if (e == OK)
        t->state = FORWARD_ON;
    pthread_mutex_unlock(&f->lock);
    return e;
}

enum err forwards_refuse(struct forwards *f, struct str token, int64_t now_ms)
{
    char name[NAME_N + 1];
    if (!f)
        return ERR_GONE;
    pthread_mutex_lock(&f->lock);
    const struct target *t = find_linked(f, token, now_ms);
    if (t)
        memcpy(name, t->name, sizeof name);
    enum err e = t ? drop(f, name) : ERR_GONE;
    pthread_mutex_unlock(&f->lock);
    return e;
}
