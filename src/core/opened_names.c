/* A few names a box, so they are found by looking at each. The hash of a kept name says whether what the store has is
 * still that one, so a name is opened once however often folders are listed. */
#include "core/opened_names.h"
#include "base/secret.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { NAMES_MAX = STORE_FOLDERS_MAX + STORE_KEYWORDS_MAX, NAME_MAX_N = STORE_NAME_MAX };

struct kept {
    enum opened_name kind;
    uint32_t no;
    uint8_t hash[NAME_HASH_N];
    char *p;
    size_t n;
};
struct opened_names {
    size_t n;
    struct kept v[NAMES_MAX];
};

static void kept_wipe(struct kept *k)
{
    secret_wipe(k->p, k->n);
    free(k->p);
    *k = (struct kept){ .p = NULL };
}

void opened_names_wipe(struct opened *o)
{
    for (size_t i = 0; o->names != NULL && i < o->names->n; i++)
        kept_wipe(&o->names->v[i]);
    free(o->names);
    o->names = NULL;
    o->folders_known = false;
}

static struct kept *kept_find(const struct opened *o, enum opened_name kind, uint32_t no)
{
    for (size_t i = 0; o->names != NULL && i < o->names->n; i++)
        if (o->names->v[i].kind == kind && o->names->v[i].no == no)
            return &o->names->v[i];
    return NULL;
}

/* The place for a name, its old text wiped; NULL: no room. */
static struct kept *kept_place(struct opened *o, enum opened_name kind, uint32_t no)
{
    struct kept *k = kept_find(o, kind, no);
    if (k != NULL) {
        kept_wipe(k);
        return k;
    }
    if (o->names == NULL)
        o->names = calloc(1, sizeof *o->names);
    return o->names == NULL || o->names->n == NAMES_MAX ? NULL : &o->names->v[o->names->n++];
}

static bool keep(struct opened *o, enum opened_name kind, uint32_t no, const uint8_t hash[NAME_HASH_N], struct str name)
{
    char *p = malloc(name.n + 1);
    struct kept *k = p == NULL ? NULL : kept_place(o, kind, no);
    if (k == NULL) {
        free(p);
        return false;
    }
    memcpy(p, name.p, name.n);
    *k = (struct kept){ .kind = kind, .no = no, .p = p, .n = name.n };
    memcpy(k->hash, hash, NAME_HASH_N);
    return true;
}

/* ---- hash and seal ---- */

enum err opened_name_hash(const struct opened *o, enum opened_name kind, struct str name, uint8_t hash[NAME_HASH_N])
{
    AUTO_BUF struct buf folded = { .max = NAME_MAX_N, .secret = true };
    uint8_t key[HASH_N], full[HASH_N];
    for (size_t i = 0; i < name.n; i++) /* keywords are the same in any case: RFC 3501 section 9, flag-keyword */
        buf_putc(&folded, kind == NAME_KEYWORD ? char_lower(name.p[i]) : name.p[i]);
    if (folded.failed)
        return ERR_BAD;
    if (o->gone || o->generations == 0)
        return ERR_GONE;
    CRYPTO_HASH(key, str_of(o->privs[0], KEY_N), S("names"), str_of(o->lease, KEY_N), box_id_str(&o->box.id));
    CRYPTO_HASH(full, str_of(key, HASH_N), kind == NAME_FOLDER ? S("folder") : S("keyword"), buf_str(&folded));
    memcpy(hash, full, NAME_HASH_N);
    secret_wipe(key, sizeof key);
    return OK;
}

static_assert(MSG_ID_N == NAME_HASH_N, "a hash stands for an id");
static struct msg_id id_of(const uint8_t hash[NAME_HASH_N])
{
    struct msg_id id;
    memcpy(id.b, hash, NAME_HASH_N);
    return id;
}

enum err opened_name_seal(struct opened *o, const uint8_t hash[NAME_HASH_N], struct str name, struct buf *out)
{
    struct msg_id id = id_of(hash);
    struct seal_window w;
    uint8_t k[KEY_N];
    enum err e = opened_window(o, &w);
    if (e != OK)
        return e;
    seal_message_key(k, w.r, o->lease, &o->box.id, &id);
    seal_name(out, &w, k, &o->box.id, &id, name);
    secret_wipe(k, sizeof k);
    seal_window_close(&w);
    return out->failed ? ERR_FULL : OK;
}

enum err opened_name_open(struct opened *o, const uint8_t hash[NAME_HASH_N], struct str sealed, struct buf *out)
{
    struct msg_id id = id_of(hash);
    uint8_t k[KEY_N];
    enum err e = opened_message_key(o, sealed, &id, k);
    if (e == OK)
        e = open_name(out, sealed, k, &o->box.id, &id);
    secret_wipe(k, sizeof k);
    return e;
}

/* ---- kept ---- */

enum err opened_name_learn(struct opened *o, enum opened_name kind, uint32_t no, const uint8_t hash[NAME_HASH_N],
                           struct str sealed, struct str *name)
{
    AUTO_BUF struct buf plain = { .max = NAME_MAX_N, .secret = true };
    const struct kept *k = kept_find(o, kind, no);
    if (k == NULL || memcmp(k->hash, hash, NAME_HASH_N) != 0) {
        enum err e = opened_name_open(o, hash, sealed, &plain);
        if (e == OK && !keep(o, kind, no, hash, buf_str(&plain)))
            e = ERR_FULL;
        if (e != OK)
            return e;
        k = kept_find(o, kind, no);
    }
    *name = str_of(k->p, k->n);
    return OK;
}

void opened_name_keep(struct opened *o, enum opened_name kind, uint32_t no, struct str name)
{
    uint8_t hash[NAME_HASH_N];
    if (opened_name_hash(o, kind, name, hash) == OK && !keep(o, kind, no, hash, name))
        o->folders_known = false;
}

void opened_name_forget(struct opened *o, enum opened_name kind, uint32_t no)
{
    struct kept *k = kept_find(o, kind, no);
    if (k == NULL)
        return;
    kept_wipe(k);
    *k = o->names->v[--o->names->n];
}

struct str opened_name_of(const struct opened *o, enum opened_name kind, uint32_t no)
{
    const struct kept *k = kept_find(o, kind, no);
    return k == NULL ? (struct str){ 0 } : str_of(k->p, k->n);
}

uint32_t opened_name_no(const struct opened *o, enum opened_name kind, struct str name)
{
    for (size_t i = 0; o->names != NULL && i < o->names->n; i++) {
        const struct kept *k = &o->names->v[i];
        if (k->kind == kind && str_eq(str_of(k->p, k->n), name))
            return k->no;
    }
    return 0;
}

void opened_names_event(struct opened *o, const struct event *e)
{
    switch (e->change) {
    case FOLDER_MADE:
    case FOLDER_RENAMED:
        opened_name_keep(o, NAME_FOLDER, e->folder, e->json);
        return;
    case FOLDER_DELETED:
        opened_name_forget(o, NAME_FOLDER, e->folder);
        return;
    case FOLDER_SUBSCRIBED:
    case FOLDER_UNSUBSCRIBED:
        return;
    }
}
