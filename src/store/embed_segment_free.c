/* Giving disk back: whole files in steps, ranges by punching. All of it on the maintenance thread. */
#include "store/embed_segment_table.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <unistd.h>

enum { STEP_BYTES = 16 << 20, SETTLED_MIN = 64 << 10 };

/* The first of the list that nobody is reading. */
static struct seg **removable(struct segs *s)
{
    struct seg **at = &s->dropped;
    while (*at && (*at)->refs > 0)
        at = &(*at)->next_dropped;
    return at;
}

bool segs_remove_step(struct segs *s)
{
    pthread_mutex_lock(&s->mx);
    struct seg **at = removable(s), *g = *at;
    bool last = false;
    if (g) {
        char name[SEG_NAME_N];
        seg_name(name, g->id);
        if (g->fd < 0 && seg_open_fd(s, g, 0) != OK)
            g->rec.size = 0;
        if (!g->unlinked)
            unlinkat(s->dirfd, name, 0);
        g->unlinked = true;
        last = g->rec.size <= STEP_BYTES;
        if (last)
            *at = g->next_dropped;
    }
    pthread_mutex_unlock(&s->mx);
    if (!g)
        return false;
    if (!last) {
        g->rec.size -= STEP_BYTES;
        if (ftruncate(g->fd, (off_t)g->rec.size))
            g->rec.size = 0;
        return true;
    }
    if (g->fd >= 0) {
        pthread_mutex_lock(&s->mx);
        s->fds--;
        pthread_mutex_unlock(&s->mx);
    }
    seg_free(g);
    return true;
}

static enum err punch(struct segs *s, struct seg *g, uint64_t off, uint64_t n)
{
    if (fallocate(g->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)off, (off_t)n) == 0)
        return OK;
    log_warn(s->log, "store.punch", LOG_U64("segment", g->id), LOG_I64("errno", errno));
    return ERR_IO;
}

enum err seg_punch(struct segs *s, uint64_t seg, uint64_t off, uint64_t n)
{
    struct seg *g;
    enum err e = seg_hold(s, seg, &g);
    if (e != OK)
        return e;
    e = punch(s, g, off, n);
    seg_release(s, g);
    return e;
}

static enum err bury(struct segs *s, struct seg *g, const struct seg_run *runs, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint8_t raw[REC_HEAD_N];
        rec_head_put(raw, &(struct rec_head){ .dead = true, .body_n = runs[i].n - REC_HEAD_N });
        if (pwrite(g->fd, raw, sizeof raw, (off_t)runs[i].off) != REC_HEAD_N)
            return ERR_IO;
    }
    if (fdatasync(g->fd))
        return ERR_IO;
    enum err e = OK;
    for (size_t i = 0; i < n && e == OK; i++)
        e = punch(s, g, runs[i].off + REC_HEAD_N, runs[i].n - REC_HEAD_N);
    return e;
}

enum err seg_bury(struct segs *s, uint64_t seg, const struct seg_run *runs, size_t n)
{
    struct seg *g;
    enum err e = seg_hold(s, seg, &g);
    if (e != OK)
        return e;
    e = bury(s, g, runs, n);
    seg_release(s, g);
    return e;
}

bool seg_is_rest(const struct seg_rec *rec, int64_t settled_ms)
{
    return rec->created_ms < settled_ms && rec->live_bytes < rec->size / SEG_REST;
}

static bool worth_a_walk(const struct seg *g, int64_t settled_ms)
{
    uint64_t was = MIN(g->walked_live, g->rec.size);
    if (!g->rec.sealed || g->failed || g->touched || g->rec.live_n == 0)
        return false;
    return (was > SETTLED_MIN && g->rec.live_bytes < was / 2) || (!g->carried && seg_is_rest(&g->rec, settled_ms));
}

bool segs_half_dead(struct segs *s, uint64_t from, int64_t settled_ms, struct seg_info *out)
{
    bool found = false;
    pthread_mutex_lock(&s->mx);
    for (size_t i = 0; i < s->n && !found; i++) {
        const struct seg *g = s->all[i];
        found = g->id >= from && worth_a_walk(g, settled_ms);
        if (found)
            *out = (struct seg_info){ .id = g->id, .rec = g->rec, .walked_live = g->walked_live };
    }
    pthread_mutex_unlock(&s->mx);
    return found;
}

void seg_walked(struct segs *s, uint64_t seg, uint64_t live_bytes, bool carried)
{
    pthread_mutex_lock(&s->mx);
    struct seg *g = seg_find(s, seg);
    if (g) {
        g->walked_live = live_bytes;
        g->carried |= carried;
    }
    pthread_mutex_unlock(&s->mx);
}
