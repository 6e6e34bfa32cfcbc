#include "store/embed_checkpoint.h"
#include "base/crypto.h"
#include "base/util.h"
#include "io/file.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    SLOT_N = 4096, /* two, written in turn: one that tore leaves the other */
    SLOT_USED = 24 + ROOT_N,
    /* In a root page: which page it is (8), padding (2), what kind (2); then from 16 on MDB_meta: magic (4), version
     * (4), …, page size (4 at 40), …, transaction (8 at 144), as the machine has them. */
    KIND_AT = 10,
    MAGIC_AT = 16,
    VERSION_AT = 20,
    PAGE_SIZE_AT = 40,
    TXN_AT = 144,
    KIND_META = 8,
    PAGE_MAX = 1 << 16
};
static const uint32_t lmdb_magic = 0xBEEFC0DE, lmdb_version = 1;

struct checkpoint {
    char *data, *path;
    _Atomic uint64_t *syncs;
    int data_fd, fd;
    uint64_t generation; /* of the newest that is on the disk; 0: none */
    struct root newest;  /* that one */
    bool doubtful;       /* the other slot may hold a root that failed to be written down */
    pthread_t thread;
    bool started, stop;
    pthread_mutex_t mx;
    pthread_cond_t wake, done;
    enum checkpoint_state state;
    struct root next; /* being flushed */
};

static uint32_t host32(const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

static uint64_t host64(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

static bool root_sound(const uint8_t raw[ROOT_N])
{
    uint32_t page = host32(raw + PAGE_SIZE_AT);
    return (raw[KIND_AT] & KIND_META) && host32(raw + MAGIC_AT) == lmdb_magic &&
           host32(raw + VERSION_AT) == lmdb_version && page >= ROOT_N && page <= PAGE_MAX;
}

/* ---- the file: two slots ---- */

static void slot_put(uint8_t out[SLOT_N], uint64_t generation, const struct root *r)
{
    memset(out, 0, SLOT_N);
    memcpy(out, "MFK1", 4);
    put_be64(out + 8, generation);
    put_be64(out + 16, r->seq);
    memcpy(out + 24, r->raw, ROOT_N);
    put_be32(out + 4, crypto_crc32c(0, str_of(out, SLOT_USED)));
}

static bool slot_parse(const uint8_t in[SLOT_N], uint64_t *generation, struct root *r)
{
    uint8_t copy[SLOT_USED];
    memcpy(copy, in, sizeof copy);
    memset(copy + 4, 0, 4);
    if (memcmp(in, "MFK1", 4) != 0 || get_be32(in + 4) != crypto_crc32c(0, str_of(copy, sizeof copy)))
        return false;
    *generation = get_be64(in + 8);
    r->seq = get_be64(in + 16);
    memcpy(r->raw, in + 24, ROOT_N);
    return root_sound(r->raw);
}

static enum err load(struct checkpoint *c)
{
    AUTO_BUF struct buf raw = { .max = 2 * SLOT_N };
    enum err e = file_load(c->path, 2 * SLOT_N, &raw);
    if (e == ERR_GONE)
        return OK;
    if (e != OK || raw.n != 2 * SLOT_N)
        return e == ERR_IO ? ERR_IO : ERR_BAD;
    for (size_t i = 0; i < 2; i++) {
        uint64_t generation;
        struct root r;
        if (slot_parse((const uint8_t *)raw.p + i * SLOT_N, &generation, &r) && generation > c->generation) {
            c->generation = generation;
            c->newest = r;
        }
    }
    c->fd = open(c->path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    return c->generation == 0 ? ERR_BAD : c->fd < 0 ? ERR_IO : OK;
}

/* The first is put in its place whole. */
static enum err save_first(struct checkpoint *c)
{
    uint8_t both[2 * SLOT_N] = { 0 };
    slot_put(both, 1, &c->next);
    enum err e = file_save(c->path, str_of(both, sizeof both));
    if (e == OK)
        c->fd = open(c->path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    return e == OK && c->fd < 0 ? ERR_IO : e;
}

static enum err save(struct checkpoint *c)
{
    uint8_t slot[SLOT_N];
    uint64_t generation = c->generation + 1;
    if (c->fd < 0)
        return save_first(c);
    slot_put(slot, generation, &c->next);
    c->doubtful = true;
    bool ok = file_write_at(c->fd, str_of(slot, SLOT_N), (generation - 1) % 2 * SLOT_N) == OK && fdatasync(c->fd) == 0;
    return ok ? OK : ERR_IO;
}

/* ---- flushing ---- */

static enum checkpoint_state flush(struct checkpoint *c)
{
    atomic_fetch_add(c->syncs, 2);
    if (fdatasync(c->data_fd))
        return CHECKPOINT_LOST;
    if (save(c) != OK)
        return CHECKPOINT_FAILED;
    c->generation++;
    c->newest = c->next;
    c->doubtful = false;
    return CHECKPOINT_DONE;
}

static void *run(void *arg)
{
    struct checkpoint *c = arg;
    pthread_setname_np(pthread_self(), "store-check");
    pthread_mutex_lock(&c->mx);
    while (!c->stop || c->state == CHECKPOINT_RUNS) {
        if (c->state != CHECKPOINT_RUNS) {
            pthread_cond_wait(&c->wake, &c->mx);
            continue;
        }
        pthread_mutex_unlock(&c->mx);
        enum checkpoint_state s = flush(c);
        pthread_mutex_lock(&c->mx);
        c->state = s;
        pthread_cond_signal(&c->done);
    }
    pthread_mutex_unlock(&c->mx);
    return NULL;
}

void checkpoint_begin(struct checkpoint *c, const struct root *root)
{
    pthread_mutex_lock(&c->mx);
    c->next = *root;
    c->state = CHECKPOINT_RUNS;
    pthread_mutex_unlock(&c->mx);
    pthread_cond_signal(&c->wake);
}

/* With the mutex held. */
static enum checkpoint_state told(struct checkpoint *c)
{
    enum checkpoint_state s = c->state;
    if (s != CHECKPOINT_RUNS)
        c->state = CHECKPOINT_IDLE;
    return s;
}

enum checkpoint_state checkpoint_poll(struct checkpoint *c)
{
    pthread_mutex_lock(&c->mx);
    enum checkpoint_state s = told(c);
    pthread_mutex_unlock(&c->mx);
    return s;
}

enum checkpoint_state checkpoint_wait(struct checkpoint *c)
{
    pthread_mutex_lock(&c->mx);
    while (c->state == CHECKPOINT_RUNS)
        pthread_cond_wait(&c->done, &c->mx);
    enum checkpoint_state s = told(c);
    pthread_mutex_unlock(&c->mx);
    return s;
}

/* ---- LMDB's file ---- */

/* The newest that is known to be there takes the place of the one that may be. */
static enum err write_again(struct checkpoint *c)
{
    c->next = c->newest;
    enum err e = save(c);
    if (e == OK) {
        c->generation++;
        c->doubtful = false;
    }
    return e;
}

/* Opened anew each time LMDB is: a descriptor whose flush failed tells of it once only. */
static enum err data_open(struct checkpoint *c)
{
    util_close_fd(&c->data_fd);
    c->data_fd = open(c->data, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    return c->data_fd >= 0 ? OK : errno == ENOENT ? ERR_GONE : ERR_IO;
}

enum err checkpoint_restore(struct checkpoint *c, uint64_t *seq)
{
    if (c->generation == 0)
        return ERR_GONE;
    enum err e = c->doubtful ? write_again(c) : OK;
    if (e == OK)
        e = data_open(c);
    if (e != OK)
        return e == ERR_GONE ? ERR_BAD : e;
    uint8_t raw[ROOT_N];
    memcpy(raw, c->newest.raw, ROOT_N);
    for (uint64_t page = 0; page < 2; page++) {
        memcpy(raw, &page, sizeof page);
        if (file_write_at(c->data_fd, str_of(raw, ROOT_N), page * host32(raw + PAGE_SIZE_AT)) != OK)
            return ERR_IO;
    }
    *seq = c->newest.seq;
    return OK;
}

enum err checkpoint_root(struct checkpoint *c, uint64_t seq, struct root *out)
{
    uint8_t raw[2][ROOT_N];
    if (c->data_fd < 0 && data_open(c) != OK)
        return ERR_IO;
    if (file_read_at(c->data_fd, raw[0], ROOT_N, 0) != OK)
        return ERR_IO;
    if (!root_sound(raw[0]))
        return ERR_BAD;
    if (file_read_at(c->data_fd, raw[1], ROOT_N, host32(raw[0] + PAGE_SIZE_AT)) != OK)
        return ERR_IO;
    if (!root_sound(raw[1]))
        return ERR_BAD;
    out->seq = seq;
    memcpy(out->raw, raw[host64(raw[1] + TXN_AT) > host64(raw[0] + TXN_AT)], ROOT_N);
    return OK;
}

/* ---- the whole ---- */

enum err checkpoint_open(const char *dir, _Atomic uint64_t *syncs, struct checkpoint **out)
{
    struct checkpoint *c = calloc(1, sizeof *c);
    if (!c)
        return ERR_IO;
    c->fd = c->data_fd = -1;
    c->syncs = syncs;
    pthread_mutex_init(&c->mx, NULL);
    pthread_cond_init(&c->wake, NULL);
    pthread_cond_init(&c->done, NULL);
    bool named = asprintf(&c->data, "%s/data.mdb", dir) > 0 && asprintf(&c->path, "%s/checkpoint", dir) > 0;
    enum err e = named ? load(c) : ERR_IO;
    if (e == OK && pthread_create(&c->thread, NULL, run, c))
        e = ERR_IO;
    else if (e == OK)
        c->started = true;
    if (e != OK)
        checkpoint_close(c);
    else
        *out = c;
    return e;
}

void checkpoint_close(struct checkpoint *c)
{
    if (!c)
        return;
    if (c->started) {
        pthread_mutex_lock(&c->mx);
        c->stop = true;
        pthread_mutex_unlock(&c->mx);
        pthread_cond_signal(&c->wake);
        pthread_join(c->thread, NULL);
    }
    pthread_mutex_destroy(&c->mx);
    pthread_cond_destroy(&c->wake);
    pthread_cond_destroy(&c->done);
    util_close_fd(&c->data_fd);
    util_close_fd(&c->fd);
    free(c->data);
    free(c->path);
    free(c);
}
