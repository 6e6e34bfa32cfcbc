/* Rules (DESIGN section 4): forward steps against the boot clock may add up to five minutes a day; more freezes
 * endings. At open the boot clock is of no use after a reboot; then an hour since the mark is believed, more only with
 * a kernel clock that is synchronised. A step backwards is not followed: time goes on at the pace of the boot clock. */
#include "store/embed_clock.h"
#include "base/buf.h"
#include "base/crypto.h"
#include "io/file.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    SECOND_MS = 1000,
    HOUR_MS = 3600 * SECOND_MS,
    DAY_MS = 24 * HOUR_MS,
    STEP_BUDGET_MS = 5 * 60 * SECOND_MS,
    SAVE_EVERY_MS = 60 * SECOND_MS,
    MARK_N = 64,
    BOOT_ID_N = 36
};

struct guard {
    char *path;
    int fd;
    const struct clock *clock;
    struct log *log;
    pthread_mutex_t mx;           /* tick and accept */
    _Atomic int64_t offset_ms;    /* now = boot + offset */
    _Atomic int64_t frozen_at_ms; /* 0: not frozen */
    int64_t spent_ms;             /* of STEP_BUDGET_MS; given back evenly over a day */
    int64_t spent_boot_ms;        /* when it was last given back */
    int64_t saved_boot_ms;
    char boot_id[BOOT_ID_N];
};

struct mark {
    int64_t now_ms, boot_ms;
    char boot_id[BOOT_ID_N];
};

static void mark_put(uint8_t raw[MARK_N], const struct mark *m)
{
    memset(raw, 0, MARK_N);
    memcpy(raw, "MFC1", 4);
    put_be64(raw + 8, (uint64_t)m->now_ms);
    put_be64(raw + 16, (uint64_t)m->boot_ms);
    memcpy(raw + 24, m->boot_id, BOOT_ID_N);
    put_be32(raw + 4, crypto_crc32c(0, str_of(raw, MARK_N)));
}

static bool mark_parse(const uint8_t raw[MARK_N], struct mark *m)
{
    uint8_t copy[MARK_N];
    memcpy(copy, raw, MARK_N);
    memset(copy + 4, 0, 4);
    if (memcmp(raw, "MFC1", 4) != 0 || get_be32(raw + 4) != crypto_crc32c(0, str_of(copy, MARK_N)))
        return false;
    m->now_ms = (int64_t)get_be64(raw + 8);
    m->boot_ms = (int64_t)get_be64(raw + 16);
    memcpy(m->boot_id, raw + 24, BOOT_ID_N);
    return m->now_ms >= 0 && m->boot_ms >= 0;
}

int64_t guard_now_ms(const struct guard *g) { return clock_boot_ms(g->clock) + atomic_load(&g->offset_ms); }
bool guard_frozen(const struct guard *g) { return atomic_load(&g->frozen_at_ms) != 0; }
int64_t guard_due_ms(const struct guard *g)
{
    int64_t at = atomic_load(&g->frozen_at_ms);
    return at ? at : guard_now_ms(g);
}

/* Two slots written in turn would survive a torn write; one sector does not tear, and a lost mark costs a check only.
 */
static void save(struct guard *g, int64_t boot_ms)
{
    struct mark m = { .now_ms = boot_ms + atomic_load(&g->offset_ms), .boot_ms = boot_ms };
    memcpy(m.boot_id, g->boot_id, BOOT_ID_N);
    uint8_t raw[MARK_N];
    mark_put(raw, &m);
    g->saved_boot_ms = boot_ms;
    if (pwrite(g->fd, raw, MARK_N, 0) != MARK_N || fdatasync(g->fd))
        log_error(g->log, "store.clock_mark", LOG_I64("errno", errno));
}

static void freeze(struct guard *g, int64_t ahead_ms)
{
    if (guard_frozen(g))
        return;
    atomic_store(&g->frozen_at_ms, guard_now_ms(g));
    log_error(g->log, "store.clock_jump", LOG_I64("ahead_ms", ahead_ms),
              LOG_C("do", "no box ends by time until: mayfly clock accept"));
}

/* How far ahead of us the wall may be for us to follow it. */
static int64_t budget(struct guard *g, int64_t boot_ms)
{
    int64_t back = (boot_ms - g->spent_boot_ms) / (DAY_MS / STEP_BUDGET_MS);
    if (back > 0) {
        g->spent_ms = MAX(0, g->spent_ms - back);
        g->spent_boot_ms = boot_ms;
    }
    return STEP_BUDGET_MS - g->spent_ms;
}

void guard_tick(struct guard *g)
{
    pthread_mutex_lock(&g->mx);
    int64_t wall = clock_wall_ms(g->clock); /* first: a test moves the boot clock first, so no jump is seen between */
    int64_t boot = clock_boot_ms(g->clock);
    int64_t ahead = wall - boot - atomic_load(&g->offset_ms);
    bool jumped = ahead > budget(g, boot);
    if (jumped)
        freeze(g, ahead);
    if (!jumped && guard_frozen(g)) {
        atomic_store(&g->frozen_at_ms, 0); /* the wall came back by itself */
        log_warn(g->log, "store.clock_back");
    }
    if (!jumped && ahead > 0) {
        g->spent_ms += ahead;
        atomic_fetch_add(&g->offset_ms, ahead);
    }
    if (boot - g->saved_boot_ms >= SAVE_EVERY_MS)
        save(g, boot);
    pthread_mutex_unlock(&g->mx);
}

void guard_accept(struct guard *g)
{
    pthread_mutex_lock(&g->mx);
    int64_t wall = clock_wall_ms(g->clock), boot = clock_boot_ms(g->clock);
    int64_t ahead = wall - boot - atomic_load(&g->offset_ms);
    if (ahead > 0)
        atomic_fetch_add(&g->offset_ms, ahead);
    g->spent_ms = 0;
    atomic_store(&g->frozen_at_ms, 0);
    save(g, boot);
    pthread_mutex_unlock(&g->mx);
    log_warn(g->log, "store.clock_accepted", LOG_I64("ahead_ms", ahead));
}

static void read_boot_id(struct guard *g)
{
    AUTO_FD int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    if (fd < 0 || read(fd, g->boot_id, BOOT_ID_N) != BOOT_ID_N)
        memset(g->boot_id, '?', BOOT_ID_N);
}

/* Where time goes on from, given the mark of the last run. */
static void start_from(struct guard *g, const struct mark *m)
{
    int64_t wall = clock_wall_ms(g->clock), boot = clock_boot_ms(g->clock);
    bool same_boot = memcmp(m->boot_id, g->boot_id, BOOT_ID_N) == 0 && boot >= m->boot_ms;
    int64_t now = same_boot ? m->now_ms + (boot - m->boot_ms) : m->now_ms;
    int64_t allowed = same_boot ? STEP_BUDGET_MS : HOUR_MS;
    int64_t ahead = wall - now;
    if (ahead > 0 && (ahead <= allowed || clock_kernel_synced()))
        now = wall;
    atomic_store(&g->offset_ms, now - boot);
    if (now < wall)
        freeze(g, ahead);
    else if (now > wall + STEP_BUDGET_MS)
        log_warn(g->log, "store.clock_behind", LOG_I64("behind_ms", now - wall));
}

static enum err start(struct guard *g)
{
    uint8_t raw[MARK_N];
    struct mark m;
    g->fd = open(g->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (g->fd < 0)
        return ERR_IO;
    read_boot_id(g);
    if (pread(g->fd, raw, MARK_N, 0) == MARK_N && mark_parse(raw, &m))
        start_from(g, &m);
    else
        atomic_store(&g->offset_ms, clock_wall_ms(g->clock) - clock_boot_ms(g->clock));
    g->spent_boot_ms = clock_boot_ms(g->clock);
    save(g, g->spent_boot_ms);
    return OK;
}

enum err guard_open(const struct guard_opts *opts, struct guard **out)
{
    struct guard *g = calloc(1, sizeof *g);
    if (!g)
        return ERR_IO;
    g->fd = -1;
    g->clock = opts->clock;
    g->log = opts->log;
    pthread_mutex_init(&g->mx, NULL);
    enum err e = asprintf(&g->path, "%s/clock", opts->dir) < 0 ? ERR_IO : start(g);
    if (e != OK)
        guard_close(g);
    else
        *out = g;
    return e;
}

void guard_close(struct guard *g)
{
    if (!g)
        return;
    if (g->fd >= 0) {
        save(g, clock_boot_ms(g->clock));
        close(g->fd);
    }
    pthread_mutex_destroy(&g->mx);
    free(g->path);
    free(g);
}
