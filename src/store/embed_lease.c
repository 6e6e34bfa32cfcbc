/* Slots are written under one lock, a page at a time when many end together, so a neighbour's slot is never
 * written back stale. */
#include "store/embed_lease.h"
#include "base/secret.h"
#include "io/file.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SLOTS_DEFAULT = 1 << 20, GROW_SLOTS = 8192, PAGE_N = 4096, PAGE_SLOTS = PAGE_N / REC_LEASE_N };

struct leases {
    char *path[2];
    int fd[2];
    struct log *log;
    pthread_mutex_t shred_mx; /* one at a time: between its two looks at a slot nobody else may free it */
    pthread_rwlock_t mx;      /* shared by who only reads slots: they are many */
    uint64_t *used;           /* a bit a slot */
    uint32_t n, max;          /* slots there are on disk, slots there may be */
    uint32_t used_n, hint;
    uint32_t epoch; /* grows when the files are opened anew */
    bool fresh;
};

static bool bit(const struct leases *l, uint32_t i) { return l->used[i / 64] >> (i % 64) & 1; }
static void bit_set(struct leases *l, uint32_t i, bool on)
{
    if (bit(l, i) == on)
        return;
    l->used[i / 64] ^= 1ull << (i % 64);
    l->used_n = on ? l->used_n + 1 : l->used_n - 1;
}
static uint64_t slot_off(uint32_t slot) { return (uint64_t)slot * REC_LEASE_N; }

static enum err open_file(struct leases *l, int i)
{
    int fd = open(l->path[i], O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return ERR_IO;
    if (l->fd[i] < 0) {
        l->fd[i] = fd;
        return OK;
    }
    int rc = dup3(fd, l->fd[i], O_CLOEXEC); /* the same number: the committer may be flushing it */
    close(fd);
    return rc < 0 ? ERR_IO : OK;
}

/* Room for more slots: blocks are reserved now, so that a box can end on a full disk. */
static enum err grow(struct leases *l, uint32_t slots)
{
    for (int i = 0; i < 2; i++) {
        int rc = posix_fallocate(l->fd[i], 0, (off_t)slot_off(slots));
        if (rc)
            return rc == ENOSPC ? ERR_FULL : ERR_IO;
        if (fdatasync(l->fd[i]))
            return ERR_IO;
    }
    uint64_t *used = realloc(l->used, (slots + 63) / 64 * sizeof *used);
    if (!used)
        return ERR_FULL;
    size_t had = (l->n + 63) / 64;
    memset(used + had, 0, ((slots + 63) / 64 - had) * sizeof *used);
    l->used = used;
    l->n = slots;
    return OK;
}

static enum err open_both(struct leases *l)
{
    off_t size = 0;
    for (int i = 0; i < 2; i++) {
        struct stat st;
        if (open_file(l, i) != OK || fstat(l->fd[i], &st))
            return ERR_IO;
        size = MAX(size, st.st_size);
    }
    l->fresh = size == 0;
    uint32_t have = (uint32_t)MIN(size / REC_LEASE_N, (off_t)UINT32_MAX / 2);
    l->max = MAX(l->max, have);
    return grow(l, MAX(have, MIN(l->max, (uint32_t)GROW_SLOTS)));
}

bool leases_fresh(const struct leases *l) { return l->fresh; }

enum err leases_open(const char *dir, uint32_t max_slots, struct log *log, struct leases **out)
{
    struct leases *l = calloc(1, sizeof *l);
    if (!l)
        return ERR_IO;
    *l = (struct leases){ .fd = { -1, -1 }, .log = log, .max = max_slots ? max_slots : SLOTS_DEFAULT };
    pthread_mutex_init(&l->shred_mx, NULL);
    pthread_rwlockattr_t fair;
    pthread_rwlockattr_init(&fair);
    pthread_rwlockattr_setkind_np(&fair, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP); /* an end does not wait */
    pthread_rwlock_init(&l->mx, &fair);
    pthread_rwlockattr_destroy(&fair);
    enum err e =
        asprintf(&l->path[0], "%s/lease.a", dir) < 0 || asprintf(&l->path[1], "%s/lease.b", dir) < 0 ? ERR_IO : OK;
    if (e == OK)
        e = open_both(l);
    if (e == OK)
        e = file_sync_dir(dir);
    if (e != OK)
        leases_close(l);
    else
        *out = l;
    return e;
}

void leases_close(struct leases *l)
{
    if (!l)
        return;
    for (int i = 0; i < 2; i++) {
        if (l->fd[i] >= 0)
            close(l->fd[i]);
        free(l->path[i]);
    }
    pthread_mutex_destroy(&l->shred_mx);
    pthread_rwlock_destroy(&l->mx);
    free(l->used);
    free(l);
}

/* What one slot is worth, from its bytes in A and in B; says which file has to be written to make them alike. */
static bool slot_judge(struct str a, struct str b, uint32_t slot, struct lease_rec *out, bool mend[2])
{
    struct lease_rec in_b;
    bool a_ok = rec_lease_parse(a, slot, out) == OK, b_ok = rec_lease_parse(b, slot, &in_b) == OK;
    mend[0] = !a_ok && b_ok && in_b.live;
    if (mend[0])
        *out = in_b;
    else if (!a_ok)
        *out = (struct lease_rec){ .slot = slot };
    bool same = a_ok && b_ok && out->live == in_b.live && crypto_eq(&out->box, &in_b.box, BOX_ID_N);
    mend[1] = !same && !mend[0] && (out->live || (b_ok && in_b.live));
    secret_wipe(&in_b, sizeof in_b);
    return out->live;
}

struct check {
    struct leases *l;
    bool (*keep)(void *, const struct box_id *, uint32_t);
    void *ctx;
    bool changed;
    uint8_t page[2][PAGE_N];
};

static enum err check_slot(struct check *c, uint32_t slot, size_t at)
{
    struct leases *l = c->l;
    struct lease_rec rec;
    bool mend[2];
    bool live =
        slot_judge(str_of(c->page[0] + at, REC_LEASE_N), str_of(c->page[1] + at, REC_LEASE_N), slot, &rec, mend);
    bool keep = live && c->keep(c->ctx, &rec.box, slot);
    if (live && !keep) {
        rec = (struct lease_rec){ .slot = slot };
        mend[0] = mend[1] = true;
    }
    uint8_t raw[REC_LEASE_N];
    rec_lease_put(raw, &rec);
    enum err e = OK;
    for (int i = 0; i < 2 && e == OK; i++)
        if (mend[i]) {
            e = file_write_at(l->fd[i], str_of(raw, REC_LEASE_N), slot_off(slot));
            c->changed = true;
        }
    bit_set(l, slot, keep);
    secret_wipe(raw, sizeof raw);
    secret_wipe(&rec, sizeof rec);
    return e;
}

enum err leases_check(struct leases *l, bool (*keep)(void *ctx, const struct box_id *box, uint32_t slot), void *ctx)
{
    struct check *c = calloc(1, sizeof *c);
    if (!c)
        return ERR_IO;
    *c = (struct check){ .l = l, .keep = keep, .ctx = ctx };
    enum err e = OK;
    for (uint32_t slot = 0; slot < l->n && e == OK; slot += PAGE_SLOTS) {
        size_t n = MIN(PAGE_SLOTS, l->n - slot);
        for (int i = 0; i < 2 && e == OK; i++)
            e = file_read_at(l->fd[i], c->page[i], n * REC_LEASE_N, slot_off(slot));
        static const uint8_t never[PAGE_N];
        if (e == OK && memcmp(c->page[0], never, PAGE_N) == 0 && memcmp(c->page[1], never, PAGE_N) == 0)
            continue;
        for (uint32_t i = 0; i < n && e == OK; i++)
            e = check_slot(c, slot + i, (size_t)i * REC_LEASE_N);
    }
    if (e == OK && c->changed && (fdatasync(l->fd[0]) || fdatasync(l->fd[1])))
        e = ERR_IO;
    secret_wipe(c, sizeof *c);
    free(c);
    return e;
}

/* With the lock held. */
static enum err find_free(struct leases *l, uint32_t *out)
{
    if (l->used_n == l->n) {
        if (l->n >= l->max)
            return ERR_FULL;
        enum err e = grow(l, l->max - l->n < GROW_SLOTS ? l->max : l->n + GROW_SLOTS);
        if (e != OK)
            return e;
    }
    uint32_t words = (l->n + 63) / 64;
    for (uint32_t i = 0; i < words + 1; i++) {
        uint32_t w = (l->hint + i) % words;
        if (l->used[w] == UINT64_MAX)
            continue;
        uint32_t slot = w * 64 + (uint32_t)__builtin_ctzll(~l->used[w]);
        if (slot >= l->n)
            continue;
        l->hint = w;
        *out = slot;
        return OK;
    }
    return ERR_FULL;
}

enum err lease_take(struct leases *l, const struct box_id *box, const uint8_t key[KEY_N], uint32_t *slot)
{
    struct lease_rec rec = { .live = true, .box = *box };
    memcpy(rec.key, key, KEY_N);
    uint8_t raw[REC_LEASE_N] = { 0 };
    pthread_rwlock_wrlock(&l->mx);
    enum err e = find_free(l, &rec.slot);
    if (e == OK)
        rec_lease_put(raw, &rec);
    for (int i = 0; i < 2 && e == OK; i++)
        e = file_write_at(l->fd[i], str_of(raw, REC_LEASE_N), slot_off(rec.slot));
    if (e == OK)
        bit_set(l, rec.slot, true);
    pthread_rwlock_unlock(&l->mx);
    secret_wipe(raw, sizeof raw);
    secret_wipe(&rec.key, sizeof rec.key);
    *slot = rec.slot;
    return e;
}

enum err lease_get(struct leases *l, const struct box_id *box, uint32_t slot, uint8_t key[KEY_N])
{
    static const uint8_t never[REC_LEASE_N]; /* written */
    uint8_t raw[REC_LEASE_N];
    struct lease_rec rec = { .live = false };
    enum err e = ERR_IO;
    pthread_rwlock_rdlock(&l->mx);
    for (int i = 0; i < 2 && e != OK; i++)
        if (file_read_at(l->fd[i], raw, REC_LEASE_N, slot_off(slot)) == OK)
            e = memcmp(raw, never, REC_LEASE_N) == 0 ? ERR_GONE : rec_lease_parse(str_of(raw, REC_LEASE_N), slot, &rec);
    pthread_rwlock_unlock(&l->mx);
    if (e != OK)
        e = e == ERR_GONE ? ERR_GONE : ERR_IO;
    else if (!rec.live || !crypto_eq(rec.box.b, box->b, BOX_ID_N))
        e = ERR_GONE;
    else if (key)
        memcpy(key, rec.key, KEY_N);
    secret_wipe(raw, sizeof raw);
    secret_wipe(&rec, sizeof rec);
    return e;
}

static int by_slot(const void *a, const void *b)
{
    uint32_t x = ((const struct lease_ref *)a)->slot, y = ((const struct lease_ref *)b)->slot;
    return (x > y) - (x < y);
}

/* A damaged slot is overwritten unless the other file says that it is somebody else's. */
static bool others(struct leases *l, int file, const struct lease_ref *ref)
{
    uint8_t raw[REC_LEASE_N];
    struct lease_rec rec = { .live = false };
    bool parsed = file_read_at(l->fd[!file], raw, REC_LEASE_N, slot_off(ref->slot)) == OK &&
                  rec_lease_parse(str_of(raw, REC_LEASE_N), ref->slot, &rec) == OK;
    bool other = parsed && rec.live && !crypto_eq(rec.box.b, ref->box.b, BOX_ID_N);
    secret_wipe(raw, sizeof raw);
    secret_wipe(&rec, sizeof rec);
    return other;
}

/* An empty slot is written again: this may be the second attempt after a flush that failed. A free one is not: its box
 * was ended before, and while the files are flushed it may go to another box, which must keep it. */
static void shred_slot(struct leases *l, int file, struct lease_ref *ref, uint8_t *raw)
{
    ref->empty = false;
    if (!bit(l, ref->slot))
        return;
    struct lease_rec rec = { .live = false };
    bool parsed = rec_lease_parse(str_of(raw, REC_LEASE_N), ref->slot, &rec) == OK;
    bool mine = parsed && rec.live && crypto_eq(rec.box.b, ref->box.b, BOX_ID_N);
    bool other = parsed ? rec.live && !mine : others(l, file, ref);
    secret_wipe(&rec, sizeof rec);
    ref->was_live |= mine;
    ref->empty = !other;
    if (!other)
        rec_lease_put(raw, &(struct lease_rec){ .slot = ref->slot });
}

/* All of refs[0..n) lie in one page, which is read, changed and written back under the lock. */
static enum err shred_page(struct leases *l, int file, struct lease_ref *refs, size_t n)
{
    uint8_t page[PAGE_N];
    uint32_t first = refs[0].slot / PAGE_SLOTS * PAGE_SLOTS;
    pthread_rwlock_wrlock(&l->mx);
    size_t len = first < l->n ? MIN((size_t)(l->n - first), (size_t)PAGE_SLOTS) * REC_LEASE_N : 0;
    enum err e = len ? file_read_at(l->fd[file], page, len, slot_off(first)) : OK;
    for (size_t i = 0; i < n && e == OK; i++)
        if (refs[i].slot < l->n)
            shred_slot(l, file, &refs[i], page + (size_t)(refs[i].slot - first) * REC_LEASE_N);
    if (e == OK && len)
        e = file_write_at(l->fd[file], str_of(page, len), slot_off(first));
    pthread_rwlock_unlock(&l->mx);
    secret_wipe(page, sizeof page);
    return e;
}

static enum err shred_file(struct leases *l, int file, struct lease_ref *refs, size_t n)
{
    for (size_t i = 0, j; i < n; i = j) {
        for (j = i + 1; j < n && refs[j].slot / PAGE_SLOTS == refs[i].slot / PAGE_SLOTS;)
            j++;
        enum err e = shred_page(l, file, refs + i, j - i);
        if (e != OK)
            return e;
    }
    return fdatasync(l->fd[file]) ? ERR_IO : OK;
}

enum err lease_shred(struct leases *l, struct lease_ref *refs, size_t n)
{
    if (n == 0)
        return OK;
    qsort(refs, n, sizeof *refs, by_slot);
    pthread_mutex_lock(&l->shred_mx);
    enum err a = shred_file(l, 0, refs, n), b = shred_file(l, 1, refs, n), e = a == OK && b == OK ? OK : ERR_IO;
    if (e != OK)
        leases_failed(l);
    pthread_rwlock_wrlock(&l->mx);
    for (size_t i = 0; i < n && e == OK; i++)
        if (refs[i].empty && refs[i].slot < l->n)
            bit_set(l, refs[i].slot, false);
    pthread_rwlock_unlock(&l->mx);
    pthread_mutex_unlock(&l->shred_mx);
    return e;
}

uint32_t leases_fds(struct leases *l, int fds[2])
{
    pthread_rwlock_rdlock(&l->mx);
    fds[0] = l->fd[0];
    fds[1] = l->fd[1];
    uint32_t epoch = l->epoch;
    pthread_rwlock_unlock(&l->mx);
    return epoch;
}

void leases_failed(struct leases *l)
{
    pthread_rwlock_wrlock(&l->mx);
    l->epoch++;
    if (open_file(l, 0) != OK || open_file(l, 1) != OK)
        log_error(l->log, "store.lease", LOG_C("why", "files cannot be opened again"));
    pthread_rwlock_unlock(&l->mx);
}

uint32_t leases_used(struct leases *l)
{
    pthread_rwlock_rdlock(&l->mx);
    uint32_t n = l->used_n;
    pthread_rwlock_unlock(&l->mx);
    return n;
}
