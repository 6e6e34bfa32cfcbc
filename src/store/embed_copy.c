/* One batch at a time: busy from copier_send() until the committer is done with it; the array is not touched meanwhile.
 */
#include "store/embed_copy.h"
#include "store/embed_box.h"
#include "store/embed_commit.h"
#include "store/embed_row.h"
#include <stdlib.h>
#include <string.h>

enum { COPY_MESSAGES = 64, COPY_BYTES = 1 << 20 };

struct copied {
    uint64_t seg, off, n;
    struct rec_head head;
    char *bytes; /* head included */
};
struct copier {
    struct store *st;
    struct copied all[COPY_MESSAGES];
    size_t n;
    uint64_t bytes;
    _Atomic bool busy;
    struct task task;
};

static const struct store_op copy_op = { STORE_TASK, 0, true };

enum err copier_new(struct store *st, struct copier **out)
{
    *out = calloc(1, sizeof **out);
    if (!*out)
        return ERR_IO;
    (*out)->st = st;
    return OK;
}

static void forget(struct copier *c)
{
    for (size_t i = 0; i < c->n; i++)
        free(c->all[i].bytes);
    c->n = 0;
    c->bytes = 0;
}

void copier_free(struct copier *c)
{
    if (!c)
        return;
    forget(c);
    free(c);
}

bool copier_busy(const struct copier *c) { return atomic_load(&c->busy); }
bool copier_full(const struct copier *c) { return c->n == COPY_MESSAGES || c->bytes >= COPY_BYTES; }

bool copier_add(struct copier *c, uint64_t seg, uint64_t off, const struct rec_head *h)
{
    if (copier_full(c))
        return false;
    struct copied *m = &c->all[c->n];
    *m = (struct copied){ .seg = seg, .off = off, .n = rec_head_total(h), .head = *h };
    m->bytes = malloc(m->n);
    if (!m->bytes || seg_read(c->st->segs, seg, off, m->bytes, m->n) != OK) {
        free(m->bytes);
        return true;
    }
    c->n++;
    c->bytes += m->n;
    return true;
}

static enum err copy_one(struct batch *b, const struct copied *m)
{
    struct box_rec box;
    struct row_rec row = { 0 };
    struct seg_place to;
    enum err e = box_load(b->st, &b->t, &m->head.box, b->due_ms, &box, NULL);
    if (e == OK)
        e = row_find(&b->t, &m->head.box, &m->head.id, &row);
    if (e != OK || row.seg != m->seg || row.off != m->off)
        return OK; /* it died or moved meanwhile */
    e = seg_place(b->st->segs, seg_class(store_box_end_ms(&box.box) - b->now_ms), m->n, b->now_ms, &to);
    if (e != OK)
        return e;
    b->failed |= !seg_add(b->st->segs, to.seg, str_of(m->bytes, m->n));
    seg_count(b->st->segs, m->seg, -1, -(int64_t)m->n);
    seg_count(b->st->segs, to.seg, 1, (int64_t)m->n);
    uint8_t env[REC_ENV_INLINE_MAX]; /* where it lies now is about to be overwritten */
    if (row.row.env.n > 0) {
        memcpy(env, row.row.env.p, row.row.env.n);
        row.row.env.p = (const char *)env;
    }
    row.seg = to.seg;
    row.off = to.off;
    row_save(&b->t, &m->head.box, &row);
    return OK;
}

static void copy_run(struct batch *b, struct task *t)
{
    struct copier *c = CONTAINER_OF(t, struct copier, task);
    t->req.err = OK;
    for (size_t i = 0; i < c->n && t->req.err == OK; i++)
        t->req.err = copy_one(b, &c->all[i]);
}

static void copy_done(struct task *t)
{
    struct copier *c = CONTAINER_OF(t, struct copier, task);
    forget(c);
    atomic_store(&c->busy, false);
}

void copier_send(struct copier *c)
{
    if (c->n == 0)
        return;
    atomic_store(&c->busy, true);
    c->task = (struct task){ .req = { .op = &copy_op }, .run = copy_run, .done = copy_done };
    commit_add(c->st->commit, &c->task.req);
}
