/* The table of segments: sorted by id (new ones come last), a lock around it, a count of readers on each so that a file
 * is not closed under them. The writing side is embed_segment_write.c, removal and punching embed_segment_free.c. */
#include "store/embed_segment_table.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ROLL_BYTES = 256 << 20, OPEN_MAX = 512 };

enum err segs_open(const struct segs_opts *opts, struct segs **out)
{
    struct segs *s = calloc(1, sizeof *s);
    if (!s)
        return ERR_IO;
    s->log = opts->log;
    s->roll_bytes = opts->roll_bytes ? opts->roll_bytes : ROLL_BYTES;
    pthread_mutex_init(&s->mx, NULL);
    s->dirfd = open(opts->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (s->dirfd < 0) {
        segs_close(s);
        return ERR_IO;
    }
    *out = s;
    return OK;
}

void seg_free(struct seg *g)
{
    if (g->fd >= 0)
        close(g->fd);
    free(g->iov);
    free(g);
}

void segs_close(struct segs *s)
{
    if (!s)
        return;
    while (segs_remove_step(s))
        continue;
    for (size_t i = 0; i < s->n; i++)
        seg_free(s->all[i]);
    free(s->all);
    if (s->dirfd >= 0)
        close(s->dirfd);
    pthread_mutex_destroy(&s->mx);
    free(s);
}

void seg_name(char out[SEG_NAME_N], uint64_t id) { snprintf(out, SEG_NAME_N, "%016" PRIx64, id); }

static size_t seg_index(const struct segs *s, uint64_t id)
{
    size_t lo = 0, hi = s->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (s->all[mid]->id < id)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

struct seg *seg_find(const struct segs *s, uint64_t id)
{
    size_t i = seg_index(s, id);
    return i < s->n && s->all[i]->id == id ? s->all[i] : NULL;
}

struct seg *seg_insert(struct segs *s, uint64_t id)
{
    if (s->n == s->cap) {
        size_t cap = s->cap ? s->cap * 2 : 64;
        struct seg **all = realloc(s->all, cap * sizeof *all);
        if (!all)
            return NULL;
        s->all = all;
        s->cap = cap;
    }
    struct seg *g = calloc(1, sizeof *g);
    if (!g)
        return NULL;
    g->id = id;
    g->fd = -1;
    g->walked_live = UINT64_MAX;
    size_t i = seg_index(s, id);
    memmove(s->all + i + 1, s->all + i, (s->n - i) * sizeof(struct seg *));
    s->all[i] = g;
    s->n++;
    s->next_id = MAX(s->next_id, id + 1);
    return g;
}

void seg_take_out(struct segs *s, struct seg *g)
{
    size_t i = seg_index(s, g->id);
    memmove(s->all + i, s->all + i + 1, (s->n - i - 1) * sizeof(struct seg *));
    s->n--;
    for (size_t c = 0; c < SEG_CLASSES; c++)
        if (s->open[c] == g)
            s->open[c] = NULL;
}

/* Descriptors of old segments are kept for the next reader, up to a number. */
static void close_idle(struct segs *s)
{
    for (size_t i = 0; i < s->n && s->fds >= OPEN_MAX; i++) {
        struct seg *g = s->all[i];
        if (g->fd < 0 || g->refs > 0 || !g->rec.sealed || g->touched)
            continue;
        close(g->fd);
        g->fd = -1;
        s->fds--;
    }
}

enum err seg_open_fd(struct segs *s, struct seg *g, int flags)
{
    if (g->fd >= 0)
        return OK;
    if (s->fds >= OPEN_MAX)
        close_idle(s);
    char name[SEG_NAME_N];
    seg_name(name, g->id);
    g->fd = openat(s->dirfd, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags, 0600);
    if (g->fd < 0)
        return errno == ENOSPC || errno == EDQUOT ? ERR_FULL : ERR_IO;
    s->fds++;
    return OK;
}

enum err seg_hold(struct segs *s, uint64_t id, struct seg **out)
{
    pthread_mutex_lock(&s->mx);
    struct seg *g = seg_find(s, id);
    enum err e = g ? seg_open_fd(s, g, 0) : ERR_GONE;
    if (e == OK)
        g->refs++;
    pthread_mutex_unlock(&s->mx);
    *out = g;
    return e;
}

void seg_release(struct segs *s, struct seg *g)
{
    pthread_mutex_lock(&s->mx);
    g->refs--;
    pthread_mutex_unlock(&s->mx);
}

enum err seg_read(struct segs *s, uint64_t seg, uint64_t off, void *to, size_t n)
{
    struct seg *g;
    enum err e = seg_hold(s, seg, &g);
    if (e != OK)
        return e;
    for (size_t done = 0; done < n && e == OK;) {
        ssize_t r = pread(g->fd, (char *)to + done, n - done, (off_t)(off + done));
        if (r < 0 && errno == EINTR)
            continue;
        if (r <= 0)
            e = ERR_IO;
        else
            done += (size_t)r;
    }
    seg_release(s, g);
    if (e != OK)
        log_error(s->log, "store.segment_read", LOG_U64("segment", seg), LOG_U64("offset", off));
    return e;
}

void segs_sum(struct segs *s, struct segs_sum *out)
{
    *out = (struct segs_sum){ 0 };
    pthread_mutex_lock(&s->mx);
    out->n = s->n;
    for (size_t i = 0; i < s->n; i++) {
        const struct seg *g = s->all[i];
        struct stat st;
        out->live_n += g->rec.live_n;
        out->live_bytes += g->rec.live_bytes;
        out->disk_bytes += g->fd >= 0 && fstat(g->fd, &st) == 0 ? (uint64_t)st.st_blocks * 512 : g->rec.size;
    }
    pthread_mutex_unlock(&s->mx);
}

/* ---- from the index ---- */

static struct seg *load_row(struct segs *s, struct str key, const struct seg_rec *rec, bool at_open)
{
    uint64_t id = get_be64((const uint8_t *)key.p);
    struct seg *g = seg_find(s, id);
    if (!g && !(g = seg_insert(s, id)))
        return NULL;
    g->rec = *rec;
    g->rec.sealed |= at_open || g->failed;
    g->changed = g->rec.sealed && !rec->sealed;
    g->listed = true;
    g->durable = rec->size;
    return g;
}

/* What was written behind the committed size belongs to a batch that failed. */
static void cut(struct segs *s, struct seg *g)
{
    struct stat st;
    if (seg_open_fd(s, g, 0) != OK || fstat(g->fd, &st)) {
        log_error(s->log, "store.segment_lost", LOG_U64("segment", g->id), LOG_U64("messages", g->rec.live_n));
        g->rec.sealed = g->failed = true;
        return;
    }
    if ((uint64_t)st.st_size < g->durable)
        log_error(s->log, "store.segment_short", LOG_U64("segment", g->id), LOG_I64("size", st.st_size));
    if ((uint64_t)st.st_size > g->durable && ftruncate(g->fd, (off_t)g->durable))
        g->rec.sealed = g->failed = true;
}

static void remove_unlisted(struct segs *s)
{
    for (size_t i = s->n; i-- > 0;) {
        struct seg *g = s->all[i];
        if (g->listed)
            continue;
        seg_take_out(s, g);
        g->next_dropped = s->dropped;
        s->dropped = g;
    }
}

/* Files of a batch that never came to its commit. */
static void remove_strays(struct segs *s)
{
    int fd = openat(s->dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
    if (!d) {
        util_close_fd(&fd);
        return;
    }
    for (struct dirent *e; (e = readdir(d));) {
        char *end, name[SEG_NAME_N];
        uint64_t id = strtoull(e->d_name, &end, 16);
        seg_name(name, id);
        if (strcmp(name, e->d_name) != 0)
            continue;
        s->next_id = MAX(s->next_id, id + 1);
        if (!seg_find(s, id))
            unlinkat(s->dirfd, name, 0);
    }
    closedir(d);
}

enum err segs_load(struct segs *s, struct index_txn *t)
{
    pthread_mutex_lock(&s->mx);
    bool at_open = !s->loaded;
    for (size_t i = 0; i < s->n; i++) {
        s->all[i]->listed = s->all[i]->touched = s->all[i]->dropping = false;
        s->all[i]->iov_n = 0;
    }
    enum err e = OK;
    struct index_scan sc;
    scan_begin(&sc, t, TAB_SEG);
    for (bool more = scan_next(&sc); more && e == OK; more = scan_next(&sc)) {
        struct seg_rec rec;
        struct seg *g = NULL;
        e = sc.key.n == 8 ? rec_seg_parse(sc.val, &rec) : ERR_BAD;
        if (e == OK && !(g = load_row(s, sc.key, &rec, at_open)))
            e = ERR_IO;
        if (g)
            cut(s, g);
    }
    scan_end(&sc);
    if (e == OK)
        remove_unlisted(s);
    if (e == OK && at_open)
        remove_strays(s);
    for (size_t c = 0; c < SEG_CLASSES; c++)
        if (s->open[c] && s->open[c]->rec.sealed)
            s->open[c] = NULL;
    for (size_t i = 0; i < s->n; i++) { /* the batch that failed had rolled it */
        struct seg *g = s->all[i];
        if (!g->rec.sealed && s->open[g->rec.cls % SEG_CLASSES] != g)
            g->rec.sealed = g->changed = true;
    }
    s->loaded |= e == OK;
    pthread_mutex_unlock(&s->mx);
    return e;
}
