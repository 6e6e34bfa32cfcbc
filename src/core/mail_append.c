/* Each message is read and sealed as soon as it is added, the large ones on a work thread, so that an append of many
 * holds their ciphertext and at most a few of them in plaintext; the commit waits for the last of them. */
#include "core/mail_append.h"
#include "base/secret.h"
#include "base/zip.h"
#include "core/mail_tell.h"
#include "core/sealed.h"
#include "core/understand.h"
#include <stdlib.h>
#include <string.h>

enum { LARGE = 256 * 1024 };

struct letter {
    struct mail_append *of;
    struct intake octets;
    uint64_t size;
    uint32_t flags;
    int64_t date_ms;
    struct sealed sealed;
    struct buf summary;
    struct work work;
    const char *why;
};
struct mail_append {
    struct mail_at at; /* a reference to opened */
    struct work_pool *work;
    uint32_t folder;
    uint32_t old_folder, old_uid; /* which message is replaced; uid 0: none */
    struct letter **v;
    size_t n, cap, preparing;
    bool committed, cancelled;
    mail_append_fn *done;
    void *ctx;
    struct job later;
    enum err err; /* the first */
    const char *why;
};

struct mail_append *mail_append_new(const struct mail_at *at, struct work_pool *work, uint32_t folder)
{
    struct mail_append *a = calloc(1, sizeof *a);
    if (a == NULL)
        return NULL;
    *a = (struct mail_append){ .at = *at, .work = work, .folder = folder };
    a->at.opened = opened_hold(at->opened);
    return a;
}

void mail_append_instead_of(struct mail_append *a, uint32_t folder, uint32_t uid)
{
    a->old_folder = folder;
    a->old_uid = uid;
}

static void letter_free(struct letter *l)
{
    intake_end(&l->octets);
    sealed_fini(&l->sealed);
    buf_fini(&l->summary);
    free(l);
}

static void append_free(struct mail_append *a)
{
    for (size_t i = 0; i < a->n; i++)
        letter_free(a->v[i]);
    free(a->v);
    opened_release(a->at.opened);
    free(a);
}

static void failed(struct mail_append *a, enum err e, const char *why)
{
    if (a->err != OK || e == OK)
        return;
    a->err = e;
    a->why = why;
}

/* ---- the answer ---- */

static void answer(struct mail_append *a, const struct mail_appended *appended)
{
    if (!a->cancelled)
        a->done(a->ctx, a->err, a->why, a->err == OK ? appended : NULL);
    append_free(a);
}

static void answer_later(struct job *j)
{
    struct mail_append *a = CONTAINER_OF(j, struct mail_append, later);
    const struct mail_appended none = { .folder = a->folder };
    answer(a, &none);
}

static void on_committed(struct store_req *q)
{
    struct mail_append *a = q->ctx;
    const struct store_append *s = (const struct store_append *)(const void *)q;
    for (size_t i = 0; i < s->n; i++)
        mail_tell_new(a->at.hub, s, &s->items[i], buf_str(&a->v[i]->summary));
    mail_tell_gone(a->at.hub, &s->items[0].box, s->gone, s->instead_of.n);
}

static void on_appended(struct store_req *q)
{
    struct mail_append *a = q->ctx;
    const struct store_append *s = (const struct store_append *)(void *)q;
    uint32_t *uids = arena_array(&q->arena, s->n, sizeof *uids);
    struct msg_id *ids = arena_array(&q->arena, s->n, sizeof *ids);
    failed(a, q->err, NULL);
    if (uids == NULL || ids == NULL)
        failed(a, ERR_IO, NULL);
    for (size_t i = 0; i < s->n && a->err == OK; i++) {
        uids[i] = s->items[i].uid;
        ids[i] = s->items[i].id;
    }
    const struct mail_appended done = {
        .folder = a->folder, .uidvalidity = s->items[0].uidvalidity, .uids = uids, .ids = ids, .n = s->n
    };
    answer(a, &done);
}

static void item_fill(const struct mail_append *a, const struct letter *l, struct store_append_item *it)
{
    sealed_item(&l->sealed, it);
    it->folder = a->folder;
    it->flags = l->flags & FLAGS_ALL;
    it->received_ms = l->date_ms;
    it->size = l->size;
    it->own = true;
}

static enum err submit(struct mail_append *a)
{
    struct store_append *s = STORE_NEW(append, a, on_appended);
    if (s == NULL)
        return ERR_IO;
    s->items = arena_array(&s->req.arena, a->n, sizeof *s->items);
    if (s->items == NULL) {
        store_req_drop(&s->req);
        return ERR_IO;
    }
    for (s->n = 0; s->n < a->n; s->n++)
        item_fill(a, a->v[s->n], &s->items[s->n]);
    if (a->old_uid != 0)
        s->instead_of = (struct store_pick){ .uids = &a->old_uid, .n = 1, .folder = a->old_folder };
    s->req.committed = on_committed;
    s->received_ms = store_now_ms(a->at.store);
    s->all_or_nothing = true;
    store_submit(a->at.store, a->at.loop, &s->req); /* the bytes (and the uid) live in a until on_appended() */
    return OK;
}

/* When it was asked for and the last letter is ready, whichever comes later. */
static void go_on(struct mail_append *a)
{
    if (a->preparing > 0)
        return;
    if (a->cancelled && !a->committed) {
        append_free(a);
        return;
    }
    if (!a->committed)
        return;
    if (a->err == OK && a->n > 0)
        failed(a, submit(a), NULL);
    if (a->err == OK && a->n > 0)
        return;
    a->later.run = answer_later;
    loop_later(a->at.loop, &a->later);
}

void mail_append_commit(struct mail_append *a, mail_append_fn *done, void *ctx)
{
    a->done = done;
    a->ctx = ctx;
    a->committed = true;
    go_on(a);
}

void mail_append_cancel(struct mail_append *a)
{
    if (a == NULL)
        return;
    a->cancelled = true;
    if (!a->committed)
        go_on(a);
}

/* ---- a letter ---- */

/* Touches nothing but the letter: also runs on a work thread. The plaintext goes as soon as it is sealed. */
static void prepare(struct letter *l)
{
    AUTO_ARENA struct arena arena = { .max = UNDERSTAND_ARENA, .secret = true };
    struct str msg = buf_str(&l->octets.data);
    struct mime_tree tree;
    struct content content;
    struct pack p = { 0 };
    enum err e = understand(&arena, msg, &tree, &content, &l->summary, &l->why);
    understand_put_trust(&l->summary, S(""), NULL);
    buf_puts(&l->summary, ",\"own\":true"); /* else nothing told it from mail that somebody sent */
    if (e == OK)
        e = pack_make(&p, &arena, msg, &tree);
    if (e == OK)
        e = sealed_make(&l->sealed, &p, buf_str(&l->summary));
    l->sealed.err = e == ERR_FULL ? ERR_BUSY : e; /* our memory, not the box's quota */
    pack_fini(&p);
    intake_end(&l->octets);
}

static void prepare_work(struct work *w)
{
    prepare(CONTAINER_OF(w, struct letter, work));
    zip_forget();
    secret_wipe_stack();
}

static void prepare_done(struct work *w)
{
    struct letter *l = CONTAINER_OF(w, struct letter, work);
    l->of->preparing--;
    failed(l->of, l->sealed.err, l->why);
    go_on(l->of);
}

static enum err prepare_start(struct letter *l)
{
    enum err e = sealed_begin(&l->sealed, l->of->at.opened);
    if (e != OK)
        return e == ERR_FULL ? ERR_BUSY : e;
    if (l->size <= LARGE) {
        prepare(l);
        return l->sealed.err;
    }
    l->work = (struct work){ .work = prepare_work, .done = prepare_done };
    e = work_submit(l->of->work, l->of->at.loop, &l->work);
    l->of->preparing += e == OK;
    return e;
}

static bool room(struct mail_append *a)
{
    if (a->n < a->cap)
        return true;
    size_t cap = a->cap ? a->cap * 2 : 4;
    struct letter **v = realloc(a->v, cap * sizeof(struct letter *));
    if (v == NULL)
        return false;
    a->v = v;
    a->cap = cap;
    return true;
}

enum err mail_append_add(struct mail_append *a, struct intake *octets, uint32_t flags, int64_t date_ms)
{
    struct letter *l = a->n < MAIL_APPEND_MAX && room(a) ? calloc(1, sizeof *l) : NULL;
    if (l == NULL) {
        intake_end(octets);
        failed(a, ERR_FULL, NULL);
        return ERR_FULL;
    }
    *l = (struct letter){ .of = a, .octets = *octets, .size = octets->data.n, .flags = flags, .date_ms = date_ms };
    l->summary = (struct buf){ .max = SUMMARY_MAX * 4, .secret = true };
    *octets = (struct intake){ .budget = NULL };
    a->v[a->n++] = l;
    if (a->err == OK) {
        enum err e = prepare_start(l);
        failed(a, e, l->why);
    } else {
        intake_end(&l->octets); /* the append has failed already */
    }
    return OK;
}
