/* A change of folders is tried on a table of all of them in memory first, where two names that would be one show; only
 * then are the touched ones written. A box's folder_last is the one series that numbers of folders and their
 * uidvalidities come from: whatever is new gets the next, so neither ever comes again. */
#include "store/embed_name.h"
#include "store/embed_box.h"
#include "store/embed_row.h"
#include "store/embed_vacant.h"
#include <string.h>

enum { TABLE_MAX = STORE_FOLDERS_MAX + FOLDER_FIXED };

struct entry {
    struct store_folder f;
    bool touched, renamed, named; /* named: it got another name, or its first */
    struct store_vacant was;      /* its name before */
    bool was_subscribed;
    uint32_t was_uidvalidity;
};
struct table {
    struct batch *b;
    struct box_rec box;
    struct arena *arena;
    struct entry *v;
    size_t n, cap, made; /* made: so many were there before */
    struct vacancies vacant;
};

/* ---- reading ---- */

/* Calls each made folder in turn, by number; sealed is borrowed. */
static enum err made_each(struct index_txn *t, const struct box_rec *box,
                          enum err (*each)(void *ctx, const struct store_folder *f), void *ctx)
{
    struct key prefix = key_box(&box->box.id, REC_FOLDER), from = prefix;
    struct index_scan sc;
    struct store_folder f;
    enum err e = OK;
    key_add32(&from, FOLDER_FIXED + 1);
    scan_begin(&sc, t, TAB_DATA);
    for (bool more = scan_seek(&sc, key_str(&from)); e == OK && more && str_starts(sc.key, key_str(&prefix));
         more = scan_next(&sc)) {
        e = folder_of(t, box, sc.key, sc.val, &f);
        if (e == OK)
            e = each(ctx, &f);
    }
    scan_end(&sc);
    return e;
}

static enum err answer_one(void *ctx, const struct store_folder *f)
{
    struct store_folders *q = ctx;
    if (q->n == TABLE_MAX)
        return OK;
    q->folders[q->n] = *f;
    q->folders[q->n].sealed = arena_dup(&q->req.arena, f->sealed);
    return q->folders[q->n++].sealed.p ? OK : ERR_IO;
}

enum err read_folders(struct store *st, struct index_txn *t, struct store_req *r)
{
    struct store_folders *q = CONTAINER_OF(r, struct store_folders, req);
    struct box_rec box;
    enum err e = box_load(st, t, &q->box, guard_due_ms(st->guard), &box, NULL);
    if (e != OK)
        return e;
    q->modseq = box.box.modseq;
    q->folders = arena_array(&r->arena, TABLE_MAX, sizeof *q->folders);
    if (!q->folders)
        return ERR_IO;
    for (uint32_t no = FOLDER_INBOX; no <= FOLDER_FIXED && e == OK; no++)
        e = folder_load(t, &box, no, &q->folders[q->n++]);
    if (e == OK)
        e = made_each(t, &box, answer_one, q);
    return e == OK ? vacant_load(t, &q->box, &r->arena, &q->vacant, &q->vacant_n) : e;
}

/* ---- making, renaming, subscribing ---- */

static enum err table_add(void *ctx, const struct store_folder *f)
{
    struct table *t = ctx;
    if (t->n == t->cap)
        return ERR_FULL;
    struct entry *e = &t->v[t->n++];
    *e = (struct entry){ .f = *f, .was_uidvalidity = f->uidvalidity, .was_subscribed = f->subscribed };
    e->f.sealed = arena_dup(t->arena, f->sealed);
    e->was.sealed = e->f.sealed;
    memcpy(e->was.name_hash, f->name_hash, NAME_HASH_N);
    return e->f.sealed.p ? OK : ERR_IO;
}

static struct entry *table_find(struct table *t, uint32_t no)
{
    for (size_t i = 0; i < t->n; i++)
        if (t->v[i].f.no == no)
            return &t->v[i];
    return NULL;
}

/* A fixed folder comes into the table when a request is about it. */
static struct entry *table_take(struct table *t, uint32_t no)
{
    struct entry *e = table_find(t, no);
    struct store_folder f;
    if (e || no < FOLDER_INBOX || no > FOLDER_FIXED)
        return e;
    if (folder_load(&t->b->t, &t->box, no, &f) != OK || table_add(t, &f) != OK)
        return NULL;
    return &t->v[t->n - 1];
}

static uint32_t series_uidvalidity(const struct table *t)
{
    return t->box.box.uidvalidity + (t->box.box.folder_last - FOLDER_FIXED);
}

static struct entry *table_make(struct table *t)
{
    struct store_folder f = { .uidnext = 1, .recent_from = 1, .modseq = 1 };
    do
        f.no = ++t->box.box.folder_last;
    while (table_find(t, f.no)); /* before there was a series, any number could be had */
    f.uidvalidity = series_uidvalidity(t);
    return table_add(t, &f) == OK ? &t->v[t->n - 1] : NULL;
}

static bool name_fits(const struct store_folder_item *it)
{
    return !(it->set & FOLDER_SET_NAME) || (it->sealed.n > 0 && it->sealed.n <= STORE_NAME_MAX);
}

static enum err item_apply(struct table *t, struct store_folder_item *it)
{
    bool make = it->no == 0;
    if (make && it->set == FOLDER_UNVACANT)
        return vacancies_take(&t->vacant, it->name_hash) ? OK : ERR_DENIED;
    if (!name_fits(it) || (make && !(it->set & FOLDER_SET_NAME)))
        return ERR_BAD;
    if (it->no > 0 && it->no <= FOLDER_FIXED && it->set & FOLDER_SET_NAME)
        return ERR_DENIED;
    struct entry *e = make ? table_make(t) : table_take(t, it->no);
    if (!e)
        return make ? ERR_FULL : ERR_DENIED;
    e->touched = true;
    e->renamed |= !make && it->set & FOLDER_SET_NAME && memcmp(e->was.name_hash, it->name_hash, NAME_HASH_N) != 0;
    e->named = make || e->renamed;
    if (it->set & FOLDER_SET_NAME) {
        memcpy(e->f.name_hash, it->name_hash, NAME_HASH_N);
        e->f.sealed = it->sealed;
    }
    if (it->set & FOLDER_SET_SUBSCRIBED)
        e->f.subscribed = it->subscribed;
    e->f.archive |= (it->set & FOLDER_SET_ARCHIVE) != 0;
    it->folder.no = e->f.no; /* not it->no: should the batch fail, all this is done once more */
    return OK;
}

static bool names_clash(const struct table *t)
{
    for (size_t i = 0; i < t->n; i++)
        for (size_t k = 0; k < i; k++)
            if (t->v[i].f.no > FOLDER_FIXED && t->v[k].f.no > FOLDER_FIXED &&
                memcmp(t->v[i].f.name_hash, t->v[k].f.name_hash, NAME_HASH_N) == 0)
                return true;
    return false;
}

static struct entry *table_named(struct table *t, const uint8_t name_hash[NAME_HASH_N])
{
    for (size_t i = 0; i < t->n; i++)
        if (t->v[i].f.no > FOLDER_FIXED && memcmp(t->v[i].f.name_hash, name_hash, NAME_HASH_N) == 0)
            return &t->v[i];
    return NULL;
}

/* RFC 3501 section 6.3.6: a name is subscribed until its owner says otherwise, whoever has it. */
static void subscriptions_settle(struct table *t)
{
    for (size_t i = 0; i < t->n; i++) {
        const struct entry *e = &t->v[i];
        struct entry *next = e->renamed && e->was_subscribed ? table_named(t, e->was.name_hash) : NULL;
        if (next)
            next->f.subscribed = true;
        else if (e->renamed && e->was_subscribed)
            vacancies_add(&t->vacant, &e->was);
    }
    for (size_t i = 0; i < t->n; i++)
        if (t->v[i].named && vacancies_take(&t->vacant, t->v[i].f.name_hash))
            t->v[i].f.subscribed = true;
}

static bool too_many(const struct table *t)
{
    size_t made = 0;
    for (size_t i = 0; i < t->n; i++)
        made += t->v[i].f.no > FOLDER_FIXED;
    size_t now = made + vacancies_count(&t->vacant, false), before = t->made + vacancies_count(&t->vacant, true);
    return now > STORE_FOLDERS_MAX && now > before;
}

/* Does this one take the name that another gives up in the same step? */
static bool takes_over(const struct table *t, const struct entry *e)
{
    for (size_t i = 0; i < t->n; i++)
        if (t->v[i].renamed && memcmp(t->v[i].was.name_hash, e->f.name_hash, NAME_HASH_N) == 0)
            return true;
    return false;
}

/* Whoever had the new name before had at most `vacated`: what lies above that has not been seen under it. Nor has that
 * very one but with this folder, which is renamed back then: those of the series are one folder's each. */
static bool is_fresh(const struct table *t, const struct entry *e)
{
    bool back = e->was_uidvalidity == t->box.vacated && e->was_uidvalidity > t->box.box.uidvalidity;
    return e->was_uidvalidity > t->box.vacated || back;
}

static void uidvalidities_settle(struct table *t)
{
    uint32_t vacated = t->box.vacated;
    for (size_t i = 0; i < t->n; i++) {
        struct entry *e = &t->v[i];
        if (!e->renamed)
            continue;
        vacated = MAX(vacated, e->was_uidvalidity);
        if (is_fresh(t, e) && !takes_over(t, e))
            continue;
        ++t->box.box.folder_last;
        e->f.uidvalidity = series_uidvalidity(t);
    }
    t->box.vacated = vacated;
}

static enum err table_load(struct table *t, struct batch *b, struct store_folder_put *q)
{
    *t = (struct table){ .b = b, .arena = &q->req.arena, .cap = 2 * TABLE_MAX };
    enum err e = box_load(b->st, &b->t, &q->box, b->due_ms, &t->box, NULL);
    if (e == OK && q->n > TABLE_MAX)
        e = ERR_FULL;
    if (e != OK)
        return e;
    t->v = arena_array(t->arena, t->cap, sizeof *t->v);
    e = t->v ? made_each(&b->t, &t->box, table_add, t) : ERR_IO;
    t->made = t->n;
    return e == OK ? vacancies_load(&t->vacant, &b->t, &q->box, t->arena, TABLE_MAX) : e;
}

void run_folder_put(struct batch *b, struct store_req *r)
{
    struct store_folder_put *q = CONTAINER_OF(r, struct store_folder_put, req);
    struct table t;
    r->err = table_load(&t, b, q);
    for (size_t i = 0; i < q->n && r->err == OK; i++)
        r->err = item_apply(&t, &q->items[i]);
    if (r->err == OK && names_clash(&t))
        r->err = ERR_BUSY;
    if (r->err != OK)
        return;
    subscriptions_settle(&t);
    r->err = too_many(&t) ? ERR_FULL : OK;
    if (r->err != OK)
        return;
    uidvalidities_settle(&t);
    for (size_t i = 0; i < t.n; i++)
        if (t.v[i].touched)
            folder_save(&b->t, &q->box, &t.v[i].f);
    vacancies_save(&t.vacant, &b->t, &q->box);
    box_save(&b->t, &t.box, store_box_end_ms(&t.box.box));
    for (size_t i = 0; i < q->n; i++) {
        const struct entry *e = table_find(&t, q->items[i].folder.no);
        q->items[i].folder = e ? e->f : (struct store_folder){ 0 }; /* none: FOLDER_UNVACANT */
        q->items[i].folder.sealed = (struct str){ NULL, 0 };
    }
}

/* ---- \Recent ---- */

void run_recent(struct batch *b, struct store_req *r)
{
    struct store_recent *q = CONTAINER_OF(r, struct store_recent, req);
    struct box_rec box;
    struct store_folder f;
    r->err = box_load(b->st, &b->t, &q->box, b->due_ms, &box, NULL);
    if (r->err == OK)
        r->err = folder_take(&b->t, &box, q->folder, &r->arena, &f);
    if (r->err != OK)
        return;
    q->first = f.recent_from;
    q->uidnext = f.uidnext;
    if (!q->claim || q->first == q->uidnext)
        return;
    f.recent_from = f.uidnext;
    f.recent = 0;
    folder_save(&b->t, &q->box, &f);
}

/* ---- keywords ---- */

static struct key keyword_key(const struct box_id *box, uint32_t i)
{
    struct key k = key_box(box, REC_KEYWORD);
    key_add(&k, &(uint8_t){ (uint8_t)i }, 1);
    return k;
}

static enum err keyword_load(struct index_txn *t, const struct box_id *box, uint32_t i, struct store_keyword *out)
{
    struct key k = keyword_key(box, i);
    struct str raw;
    enum err e = index_get(t, TAB_DATA, key_str(&k), &raw);
    if (e != OK)
        return e;
    out->flag = FLAG_KEYWORD(i);
    return rec_keyword_parse(raw, out) == OK ? OK : ERR_IO;
}

/* The first that is free, or the one of that name. */
static enum err keyword_find(struct index_txn *t, struct store_keyword_put *q, uint32_t *i, bool *there)
{
    struct store_keyword k;
    enum err e = OK;
    *there = false;
    for (*i = 0; *i < STORE_KEYWORDS_MAX; ++*i) {
        e = keyword_load(t, &q->box, *i, &k);
        *there = e == OK && memcmp(k.name_hash, q->keyword.name_hash, NAME_HASH_N) == 0;
        if (e != OK || *there)
            break;
    }
    return e == ERR_GONE ? OK : e;
}

void run_keyword_put(struct batch *b, struct store_req *r)
{
    struct store_keyword_put *q = CONTAINER_OF(r, struct store_keyword_put, req);
    struct box_rec box;
    uint32_t i = 0;
    bool there = false;
    r->err = box_load(b->st, &b->t, &q->box, b->due_ms, &box, NULL);
    if (r->err == OK)
        r->err = keyword_find(&b->t, q, &i, &there);
    if (r->err == OK && i == STORE_KEYWORDS_MAX)
        r->err = ERR_FULL;
    if (r->err == OK && !there && (q->keyword.sealed.n == 0 || q->keyword.sealed.n > STORE_NAME_MAX))
        r->err = ERR_BAD;
    if (r->err != OK)
        return;
    q->keyword.flag = FLAG_KEYWORD(i);
    q->made = !there;
    if (there)
        return;
    uint8_t raw[REC_KEYWORD_MAX];
    struct key k = keyword_key(&q->box, i);
    index_put(&b->t, TAB_DATA, key_str(&k), str_of(raw, rec_keyword_put(raw, &q->keyword)));
}

enum err read_keywords(struct store *st, struct index_txn *t, struct store_req *r)
{
    struct store_keywords *q = CONTAINER_OF(r, struct store_keywords, req);
    struct box_rec box;
    enum err e = box_load(st, t, &q->box, guard_due_ms(st->guard), &box, NULL);
    if (e != OK)
        return e;
    q->keywords = arena_array(&r->arena, STORE_KEYWORDS_MAX, sizeof *q->keywords);
    if (!q->keywords)
        return ERR_IO;
    while (q->n < STORE_KEYWORDS_MAX) {
        struct store_keyword *k = &q->keywords[q->n];
        e = keyword_load(t, &q->box, (uint32_t)q->n, k);
        if (e != OK)
            break;
        k->sealed = arena_dup(&r->arena, k->sealed);
        if (!k->sealed.p)
            return ERR_IO;
        q->n++;
    }
    return e == ERR_GONE ? OK : e;
}
