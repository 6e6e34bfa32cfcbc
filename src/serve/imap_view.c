/* Entries stand by uid, and new mail has the highest, so that adding is appending but for what a slow look at the log
 * brings late. Gone entries keep their place, and with it everybody else's number, until the client is told. */
#include "serve/imap_view.h"
#include <stdlib.h>
#include <string.h>

enum { MESSAGES_MAX = 4 * 1024 * 1024, FIRST_CAP = 16 };

void imap_view_free(struct imap_view *v)
{
    if (v != NULL)
        free(v->v);
    free(v);
}

size_t imap_view_from(const struct imap_view *v, uint32_t uid)
{
    size_t lo = 0, hi = v->n;
    if (v->n > 0 && v->v[v->n - 1].uid < uid) /* what is put is mostly new */
        return v->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (v->v[mid].uid < uid)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

size_t imap_view_find(const struct imap_view *v, uint32_t uid)
{
    size_t i = imap_view_from(v, uid);
    return i < v->n && v->v[i].uid == uid ? i : STR_NONE;
}

static bool grow(struct imap_view *v)
{
    if (v->n < v->cap)
        return true;
    size_t cap = v->cap == 0 ? FIRST_CAP : 2 * v->cap;
    struct imap_msg *more = cap > MESSAGES_MAX ? NULL : realloc(v->v, cap * sizeof *more);
    if (more == NULL)
        return false;
    v->v = more;
    v->cap = cap;
    return true;
}

static void update(struct imap_view *v, struct imap_msg *m, const struct store_row *row)
{
    if (row->modseq <= m->modseq)
        return;
    m->modseq = row->modseq;
    m->flags = row->flags;
    m->marks |= IMAP_MSG_TELL;
    v->tell = true;
}

enum err imap_view_put(struct imap_view *v, const struct store_row *row)
{
    size_t i = imap_view_from(v, row->uid);
    v->flag_bits |= row->flags;
    v->highest = MAX(v->highest, row->modseq);
    if (i < v->n && v->v[i].uid == row->uid) {
        update(v, &v->v[i], row);
        return OK;
    }
    if (i < v->told_n) /* among numbers that the client has: it was there before, and is gone */
        return OK;
    if (!grow(v))
        return ERR_FULL;
    memmove(v->v + i + 1, v->v + i, (v->n - i) * sizeof *v->v);
    v->n++;
    v->v[i] = (struct imap_msg){ .origin = row->origin,
                                 .modseq = row->modseq,
                                 .received_ms = row->received_ms,
                                 .uid = row->uid,
                                 .size = (uint32_t)MIN(row->size, (uint64_t)UINT32_MAX),
                                 .flags = row->flags,
                                 .marks = IMAP_MSG_RECENT };
    v->uidnext = MAX(v->uidnext, row->uid + 1);
    if (v->unclaimed == 0 || row->uid < v->unclaimed)
        v->unclaimed = row->uid;
    return OK;
}

/* True when the entry has left its place. */
static bool gone_at(struct imap_view *v, size_t i)
{
    if (i < v->told_n) {
        v->gone_n += !(v->v[i].marks & IMAP_MSG_GONE);
        v->v[i].marks |= IMAP_MSG_GONE;
        return false;
    }
    v->n--; /* the client never knew of it */
    memmove(v->v + i, v->v + i + 1, (v->n - i) * sizeof *v->v);
    return true;
}

void imap_view_gone(struct imap_view *v, uint32_t uid)
{
    size_t i = imap_view_find(v, uid);
    if (i != STR_NONE)
        gone_at(v, i);
}

void imap_view_only(struct imap_view *v, uint32_t first, uint32_t last, const struct store_row *rows, size_t n)
{
    size_t k = 0, i = imap_view_from(v, first);
    while (i < v->n && v->v[i].uid <= last) {
        while (k < n && rows[k].uid < v->v[i].uid)
            k++;
        bool there = k < n && rows[k].uid == v->v[i].uid;
        if (there || !gone_at(v, i))
            i++;
    }
}

size_t imap_view_recent(const struct imap_view *v)
{
    size_t n = 0;
    for (size_t i = 0; i < v->n; i++)
        n += (v->v[i].marks & IMAP_MSG_RECENT) != 0;
    return n;
}

void imap_view_sweep(struct imap_view *v, void (*each)(void *ctx, size_t seq, uint32_t uid), void *ctx)
{
    size_t to = 0;
    for (size_t i = 0; i < v->n; i++) {
        if (v->v[i].marks & IMAP_MSG_GONE)
            each(ctx, to + 1, v->v[i].uid);
        else
            v->v[to++] = v->v[i];
    }
    v->told_n -= v->n - to; /* only told ones are ever marked */
    v->n = to;
    v->gone_n = 0;
}
