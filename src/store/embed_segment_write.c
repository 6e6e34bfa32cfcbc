/* The committer's side: place, write, flush, save, and only then is a batch's tail part of the segment. */
#include "base/crypto.h"
#include "store/embed_segment_table.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

enum { MINUTE_MS = 60 * 1000, AGE_LONG_MS = 2 * 60 * MINUTE_MS, EMPTY_MS = 5000 };

unsigned seg_class(int64_t remaining_ms)
{
    unsigned c = 0;
    while (c + 1 < SEG_CLASSES && ((int64_t)MINUTE_MS << c) < remaining_ms)
        c++;
    return c;
}

/* How long a segment of a class is written to: a quarter of the lives in it, or its end would come late. */
static int64_t age_max(unsigned cls) { return cls + 1 < SEG_CLASSES ? ((int64_t)MINUTE_MS << cls) / 4 : AGE_LONG_MS; }

static void seal(struct segs *s, struct seg *g)
{
    g->rec.sealed = g->changed = true;
    if (s->open[g->rec.cls] == g)
        s->open[g->rec.cls] = NULL;
}

static enum err create(struct segs *s, unsigned cls, int64_t now_ms, struct seg **out)
{
    struct seg *g = seg_insert(s, s->next_id);
    if (!g)
        return ERR_IO;
    enum err e = seg_open_fd(s, g, O_CREAT | O_EXCL);
    if (e == OK && fsync(s->dirfd))
        e = ERR_IO;
    if (e != OK) {
        seg_take_out(s, g);
        seg_free(g);
        return e;
    }
    g->rec = (struct seg_rec){ .cls = cls, .created_ms = now_ms };
    g->listed = true;
    s->open[cls] = *out = g;
    return OK;
}

enum err seg_place(struct segs *s, unsigned cls, uint64_t n, int64_t now_ms, struct seg_place *out)
{
    pthread_mutex_lock(&s->mx);
    struct seg *g = s->open[cls];
    bool old = g && now_ms - g->rec.created_ms > age_max(cls);
    if (g && g->rec.size > 0 && (old || g->rec.size + n > s->roll_bytes)) {
        seal(s, g);
        g = NULL;
    }
    enum err e = g ? OK : create(s, cls, now_ms, &g);
    if (e == OK) {
        *out = (struct seg_place){ .seg = g->id, .off = g->rec.size };
        g->rec.size += n;
        g->changed = g->touched = true;
    }
    pthread_mutex_unlock(&s->mx);
    return e;
}

bool seg_add(struct segs *s, uint64_t seg, struct str bytes)
{
    if (bytes.n == 0)
        return true;
    struct seg *g = seg_find(s, seg); /* the committer alone changes the table */
    if (g->iov_n == g->iov_cap) {
        size_t cap = g->iov_cap ? g->iov_cap * 2 : 256;
        struct iovec *iov = realloc(g->iov, cap * sizeof *iov);
        if (!iov)
            return false;
        g->iov = iov;
        g->iov_cap = cap;
    }
    g->iov[g->iov_n++] = (struct iovec){ (void *)(uintptr_t)bytes.p, bytes.n };
    return true;
}

void seg_count(struct segs *s, uint64_t seg, int64_t messages, int64_t bytes)
{
    pthread_mutex_lock(&s->mx);
    struct seg *g = seg_find(s, seg);
    if (g) { /* one that is lost leaves its messages' rows behind */
        g->rec.live_n += (uint64_t)messages;
        g->rec.live_bytes += (uint64_t)bytes;
        g->changed = true;
    }
    pthread_mutex_unlock(&s->mx);
}

static enum err write_iov(int fd, struct iovec *iov, size_t n, uint64_t off)
{
    while (n > 0) {
        ssize_t w = pwritev(fd, iov, (int)MIN(n, (size_t)IOV_MAX), (off_t)off);
        if (w < 0 && errno == EINTR)
            continue;
        if (w <= 0)
            return w < 0 && (errno == ENOSPC || errno == EDQUOT) ? ERR_FULL : ERR_IO;
        off += (uint64_t)w;
        for (size_t left = (size_t)w; left > 0;) {
            size_t used = MIN(left, iov->iov_len);
            iov->iov_base = (char *)iov->iov_base + used;
            iov->iov_len -= used;
            left -= used;
            if (iov->iov_len == 0)
                iov++, n--;
        }
    }
    return OK;
}

enum err segs_write(struct segs *s)
{
    for (size_t i = s->n; i-- > 0;) {
        struct seg *g = s->all[i];
        if (!g->touched)
            continue;
        g->crc = 0;
        for (size_t k = 0; k < g->iov_n; k++)
            g->crc = crypto_crc32c(g->crc, str_of(g->iov[k].iov_base, g->iov[k].iov_len));
        enum err e = write_iov(g->fd, g->iov, g->iov_n, g->durable);
        g->iov_n = 0;
        if (e == ERR_IO)
            segs_flush_failed(s); /* as good as: none of this batch's bytes is kept */
        if (e != OK)
            return e;
    }
    return OK;
}

enum { CLAIM_N = 24, CLAIM_SUM_N = 4, CLAIM_STEP = 64 << 10 };

void segs_claim(struct segs *s, struct index_txn *t)
{
    for (size_t i = s->n; i-- > 0;) {
        const struct seg *g = s->all[i];
        uint8_t what[CLAIM_N], sum[CLAIM_SUM_N];
        if (!g->touched)
            continue;
        put_be64(what, g->id);
        put_be64(what + 8, g->durable);
        put_be64(what + 16, g->rec.size - g->durable);
        put_be32(sum, g->crc);
        index_claim(t, str_of(what, sizeof what), str_of(sum, sizeof sum));
    }
}

enum err segs_claimed(struct segs *s, struct str what, struct str checksum)
{
    char name[SEG_NAME_N], part[CLAIM_STEP];
    const uint8_t *w = (const uint8_t *)what.p;
    if (what.n != CLAIM_N || checksum.n != CLAIM_SUM_N)
        return ERR_GONE;
    seg_name(name, get_be64(w));
    AUTO_FD int fd = openat(s->dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    uint64_t off = get_be64(w + 8), left = get_be64(w + 16);
    uint32_t crc = 0;
    if (fd < 0)
        return errno == ENOENT ? ERR_GONE : ERR_IO;
    while (left > 0) {
        ssize_t n = pread(fd, part, MIN(left, sizeof part), (off_t)off);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n == 0 ? ERR_GONE : ERR_IO;
        crc = crypto_crc32c(crc, str_of(part, (size_t)n));
        off += (uint64_t)n;
        left -= (uint64_t)n;
    }
    return crc == get_be32((const uint8_t *)checksum.p) ? OK : ERR_GONE;
}

bool seg_is_fresh(struct segs *s, uint64_t seg, uint64_t off)
{
    const struct seg *g = seg_find(s, seg); /* the committer alone changes the table */
    return g && off >= g->durable;
}

size_t segs_touched(struct segs *s, size_t *at, struct flush_file out[SEG_FLUSH_MAX])
{
    size_t n = 0;
    for (; *at < s->n && n < SEG_FLUSH_MAX; ++*at) {
        const struct seg *g = s->all[s->n - 1 - *at];
        if (g->touched)
            out[n++] = (struct flush_file){ .fd = g->fd };
    }
    return n;
}

/* The bytes of a batch that a failed flush may have dropped are cut by segs_load(); what was durable before still is.
 */
void segs_flush_failed(struct segs *s)
{
    pthread_mutex_lock(&s->mx);
    for (size_t i = 0; i < s->n; i++)
        s->all[i]->failed |= s->all[i]->touched;
    pthread_mutex_unlock(&s->mx);
}

/* Only a sealed one is punched or removed, so one of which much is dead is not kept open for its age. */
void segs_age(struct segs *s, int64_t now_ms)
{
    pthread_mutex_lock(&s->mx);
    for (size_t c = 0; c < SEG_CLASSES; c++) {
        struct seg *g = s->open[c];
        if (!g || g->touched)
            continue;
        int64_t age = now_ms - g->rec.created_ms;
        bool half_dead = g->rec.size > s->roll_bytes / 256 && g->rec.live_bytes < g->rec.size / 2;
        if (age > age_max((unsigned)c) || ((g->rec.live_n == 0 || half_dead) && age > EMPTY_MS))
            seal(s, g);
    }
    for (size_t i = 0; i < s->n; i++)
        if (s->all[i]->rec.sealed && s->all[i]->rec.live_n == 0)
            s->all[i]->changed = true;
    pthread_mutex_unlock(&s->mx);
}

void segs_save(struct segs *s, struct index_txn *t)
{
    for (size_t i = 0; i < s->n; i++) {
        struct seg *g = s->all[i];
        if (!g->changed)
            continue;
        struct key k = { .n = 0 };
        key_add64(&k, g->id);
        uint8_t rec[REC_SEG_N];
        g->dropping = g->rec.sealed && g->rec.live_n == 0;
        if (g->dropping)
            index_del(t, TAB_SEG, key_str(&k));
        else
            index_put(t, TAB_SEG, key_str(&k), str_of(rec, rec_seg_put(rec, &g->rec)));
    }
}

void segs_committed(struct segs *s)
{
    pthread_mutex_lock(&s->mx);
    for (size_t i = s->n; i-- > 0;) {
        struct seg *g = s->all[i];
        g->changed = g->touched = false;
        g->durable = g->rec.size;
        if (!g->dropping)
            continue;
        seg_take_out(s, g);
        g->next_dropped = s->dropped;
        s->dropped = g;
    }
    pthread_mutex_unlock(&s->mx);
}
