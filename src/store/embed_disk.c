/* The reserve keeps intake away from the last blocks; the ballast is what ending and deleting have left after that. */
#include "store/embed_disk.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

static const uint64_t reserve_default = 256ull << 20, ballast_max = 64ull << 20;

struct disk {
    struct store *st;
    char *ballast;
    uint64_t ballast_n, reserve;
    pthread_mutex_t mx; /* the ballast file */
};

static bool free_bytes(const struct disk *d, uint64_t *out)
{
    struct statvfs v;
    if (statvfs(d->st->dir, &v))
        return false;
    *out = (uint64_t)v.f_bavail * v.f_frsize;
    return true;
}

/* Best effort: without it there is still the reserve. */
static bool ballast_take(struct disk *d)
{
    pthread_mutex_lock(&d->mx);
    AUTO_FD int fd = open(d->ballast, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    struct stat s;
    bool there = fd >= 0 && fstat(fd, &s) == 0 && (uint64_t)s.st_size == d->ballast_n &&
                 (uint64_t)s.st_blocks * 512 >= d->ballast_n;
    if (fd >= 0 && !there) {
        there = posix_fallocate(fd, 0, (off_t)d->ballast_n) == 0;
        if (!there)
            (void)!ftruncate(fd, 0);
    }
    pthread_mutex_unlock(&d->mx);
    return there;
}

static void ballast_drop(struct disk *d)
{
    pthread_mutex_lock(&d->mx);
    unlink(d->ballast);
    pthread_mutex_unlock(&d->mx);
}

bool disk_drop_ballast(const char *dir)
{
    AUTO_FREE char *path = NULL;
    return asprintf(&path, "%s/ballast", dir) > 0 && unlink(path) == 0;
}

/* Said once, when it begins. */
static void full_begins(struct disk *d, uint64_t left)
{
    if (!atomic_exchange(&d->st->full, true))
        log_error(d->st->opts.log, "store.full", LOG_U64("free", left), LOG_U64("reserve", d->reserve));
}

/* Above the reserve once more, and a little over it, so that intake does not flap. */
void disk_check(struct disk *d)
{
    uint64_t left;
    bool full = atomic_load(&d->st->full);
    if (!free_bytes(d, &left))
        return;
    if (!full && left < d->reserve) {
        full_begins(d, left);
    } else if (full && left > d->reserve + d->reserve / 8 + d->ballast_n && ballast_take(d)) {
        atomic_store(&d->st->full, false);
        log_warn(d->st->opts.log, "store.room_again", LOG_U64("free", left));
    }
}

void disk_full(struct disk *d)
{
    uint64_t left = 0;
    (void)free_bytes(d, &left);
    full_begins(d, left);
    ballast_drop(d);
}

enum err disk_new(struct store *st, struct disk **out)
{
    struct disk *d = calloc(1, sizeof *d);
    if (!d)
        return ERR_IO;
    d->st = st;
    d->reserve = st->opts.reserve_bytes ? st->opts.reserve_bytes : reserve_default;
    d->ballast_n = MIN(d->reserve / 4, ballast_max);
    pthread_mutex_init(&d->mx, NULL);
    if (asprintf(&d->ballast, "%s/ballast", st->dir) < 0) {
        free(d);
        return ERR_IO;
    }
    uint64_t left = 0;
    bool room = !free_bytes(d, &left) || left >= d->reserve + d->ballast_n;
    if (!room || (d->ballast_n > 0 && !ballast_take(d)))
        full_begins(d, left);
    *out = d;
    return OK;
}

void disk_free(struct disk *d)
{
    if (!d)
        return;
    pthread_mutex_destroy(&d->mx);
    free(d->ballast);
    free(d);
}
