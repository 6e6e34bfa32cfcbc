#include "store/embed_vacant.h"
#include <assert.h>
#include <string.h>

static struct key vacant_key(const struct box_id *box, const uint8_t name_hash[NAME_HASH_N])
{
    struct key k = key_box(box, REC_VACANT);
    key_add(&k, name_hash, NAME_HASH_N);
    return k;
}

static enum err vacant_of(struct str key, struct str val, struct arena *a, struct store_vacant *out)
{
    const size_t prefix = BOX_ID_N + 1;
    if (key.n != prefix + NAME_HASH_N || rec_vacant_parse(val, out) != OK)
        return ERR_IO;
    memcpy(out->name_hash, key.p + prefix, NAME_HASH_N);
    out->sealed = arena_dup(a, out->sealed);
    return out->sealed.p ? OK : ERR_IO;
}

enum err vacant_load(struct index_txn *t, const struct box_id *box, struct arena *a, struct store_vacant **out,
                     size_t *n)
{
    struct key prefix = key_box(box, REC_VACANT);
    struct index_scan sc;
    enum err e = OK;
    *n = 0;
    *out = arena_array(a, STORE_FOLDERS_MAX, sizeof **out);
    if (!*out)
        return ERR_IO;
    scan_begin(&sc, t, TAB_DATA);
    for (bool more = scan_seek(&sc, key_str(&prefix));
         e == OK && more && *n < STORE_FOLDERS_MAX && str_starts(sc.key, key_str(&prefix)); more = scan_next(&sc)) {
        e = vacant_of(sc.key, sc.val, a, &(*out)[*n]);
        *n += e == OK;
    }
    scan_end(&sc);
    return e;
}

void vacant_save(struct index_txn *t, const struct box_id *box, const struct store_vacant *v)
{
    uint8_t raw[REC_VACANT_MAX];
    struct key k = vacant_key(box, v->name_hash);
    if (v->sealed.n > 0 && v->sealed.n <= STORE_NAME_MAX) /* a folder of version 1 may have a longer one */
        index_put(t, TAB_DATA, key_str(&k), str_of(raw, rec_vacant_put(raw, v)));
}

/* ---- a change of them ---- */

enum err vacancies_load(struct vacancies *all, struct index_txn *t, const struct box_id *box, struct arena *a,
                        size_t room)
{
    struct store_vacant *v;
    size_t n;
    enum err e = vacant_load(t, box, a, &v, &n);
    if (e != OK)
        return e;
    *all = (struct vacancies){ .v = arena_array(a, n + room, sizeof *all->v), .cap = n + room };
    if (!all->v)
        return ERR_IO;
    for (; all->n < n; all->n++)
        all->v[all->n] = (struct vacancy){ .v = v[all->n], .was = true, .is = true };
    return OK;
}

void vacancies_add(struct vacancies *all, const struct store_vacant *v)
{
    assert(all->n < all->cap);
    all->v[all->n++] = (struct vacancy){ .v = *v, .is = true };
}

bool vacancies_take(struct vacancies *all, const uint8_t name_hash[NAME_HASH_N])
{
    for (size_t i = 0; i < all->n; i++)
        if (all->v[i].is && memcmp(all->v[i].v.name_hash, name_hash, NAME_HASH_N) == 0) {
            all->v[i].is = false;
            return true;
        }
    return false;
}

size_t vacancies_count(const struct vacancies *all, bool before)
{
    size_t n = 0;
    for (size_t i = 0; i < all->n; i++)
        n += before ? all->v[i].was : all->v[i].is;
    return n;
}

void vacancies_save(const struct vacancies *all, struct index_txn *t, const struct box_id *box)
{
    for (size_t i = 0; i < all->n; i++) {
        const struct vacancy *v = &all->v[i];
        struct key k = vacant_key(box, v->v.name_hash);
        if (v->is && !v->was)
            vacant_save(t, box, &v->v);
        else if (v->was && !v->is)
            index_del(t, TAB_DATA, key_str(&k));
    }
}
