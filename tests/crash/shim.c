/* LD_PRELOAD: lets chosen system calls on chosen files fail. FAULT=call:file:after:times:errno;…, e.g.
 * "fdatasync:/seg/:100:1:5": the first hundred on files whose path contains "/seg/" pass, then one fails with EIO.
 * Calls: pwritev, writev, pwrite, fdatasync, fsync, ftruncate, fallocate, open, unlink; "nosync" makes every flush do
 * nothing and say that all is well, as the control of the power cuts. A line goes to FAULT_LOG for each failure, so a
 * test knows it happened. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#undef pwrite64
#undef pwritev64
#undef ftruncate64
#undef fallocate64
#undef posix_fallocate64
#undef open64
#undef openat64

enum { FAULTS_MAX = 4 };
static struct fault {
    char call[32], file[128];
    long after, times;
    int with;
    _Atomic long seen;
} faults[FAULTS_MAX];
static int faults_n;
static bool nosync;

__attribute__((constructor)) static void init(void)
{
    const char *s = getenv("FAULT");
    nosync = s && strcmp(s, "nosync") == 0;
    for (int used = 0; s && *s && !nosync && faults_n < FAULTS_MAX; s += used) {
        struct fault *f = &faults[faults_n++];
        if (sscanf(s, "%31[^:]:%127[^:]:%ld:%ld:%d%n", f->call, f->file, &f->after, &f->times, &f->with, &used) != 5)
            abort();
        used += s[used] == ';';
    }
}

static void note(const struct fault *f, const char *path)
{
    const char *log = getenv("FAULT_LOG");
    char line[PATH_MAX + 64];
    int (*real_open)(const char *, int, ...) = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open");
    int fd = log ? real_open(log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600) : -1;
    if (fd < 0)
        return;
    int n = snprintf(line, sizeof line, "%td %s %s\n", f - faults, f->call, path);
    ssize_t w = write(fd, line, (size_t)n);
    (void)w;
    close(fd);
}

static bool fails_path(const char *which, const char *path)
{
    for (struct fault *f = faults; f < faults + faults_n; f++) {
        if (strcmp(which, f->call) != 0 || !strstr(path, f->file))
            continue;
        long n = atomic_fetch_add(&f->seen, 1);
        if (n < f->after || n >= f->after + f->times)
            continue;
        note(f, path);
        errno = f->with;
        return true;
    }
    return false;
}

static bool fails(const char *which, int fd)
{
    char link[64], path[PATH_MAX];
    if (faults_n == 0)
        return false;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    path[n > 0 ? n : 0] = 0;
    return fails_path(which, path);
}

#define REAL(name, type) ((type)dlsym(RTLD_NEXT, #name))
typedef ssize_t pwritev_fn(int, const struct iovec *, int, off_t);
typedef ssize_t writev_fn(int, const struct iovec *, int);
typedef ssize_t pwrite_fn(int, const void *, size_t, off_t);
typedef int fd_fn(int);
typedef int ftruncate_fn(int, off_t);
typedef int fallocate_fn(int, int, off_t, off_t);
typedef int posix_fallocate_fn(int, off_t, off_t);
typedef int open_fn(const char *, int, ...);
typedef int openat_fn(int, const char *, int, ...);
typedef int unlink_fn(const char *);
typedef int unlinkat_fn(int, const char *, int);

ssize_t pwritev(int fd, const struct iovec *iov, int n, off_t off)
{
    return fails("pwritev", fd) ? -1 : REAL(pwritev, pwritev_fn *)(fd, iov, n, off);
}
ssize_t pwritev64(int fd, const struct iovec *iov, int n, off64_t off) { return pwritev(fd, iov, n, off); }
ssize_t writev(int fd, const struct iovec *iov, int n)
{
    return fails("writev", fd) ? -1 : REAL(writev, writev_fn *)(fd, iov, n);
}
ssize_t pwrite(int fd, const void *p, size_t n, off_t off)
{
    return fails("pwrite", fd) ? -1 : REAL(pwrite, pwrite_fn *)(fd, p, n, off);
}
ssize_t pwrite64(int fd, const void *p, size_t n, off64_t off) { return pwrite(fd, p, n, off); }
int fdatasync(int fd) { return fails("fdatasync", fd) ? -1 : nosync ? 0 : REAL(fdatasync, fd_fn *)(fd); }
int fsync(int fd) { return fails("fsync", fd) ? -1 : nosync ? 0 : REAL(fsync, fd_fn *)(fd); }
int ftruncate(int fd, off_t n) { return fails("ftruncate", fd) ? -1 : REAL(ftruncate, ftruncate_fn *)(fd, n); }
int ftruncate64(int fd, off64_t n) { return ftruncate(fd, n); }
int fallocate(int fd, int mode, off_t off, off_t n)
{
    return fails("fallocate", fd) ? -1 : REAL(fallocate, fallocate_fn *)(fd, mode, off, n);
}
int fallocate64(int fd, int mode, off64_t off, off64_t n) { return fallocate(fd, mode, off, n); }
int posix_fallocate(int fd, off_t off, off_t n)
{
    return fails("fallocate", fd) ? errno : REAL(posix_fallocate, posix_fallocate_fn *)(fd, off, n);
}
int posix_fallocate64(int fd, off64_t off, off64_t n) { return posix_fallocate(fd, off, n); }

static mode_t mode_of(int flags, va_list ap) { return flags & (O_CREAT | O_TMPFILE) ? va_arg(ap, mode_t) : 0; }
int open(const char *path, int flags, ...)
{
    va_list ap;
    va_start(ap, flags);
    mode_t mode = mode_of(flags, ap);
    va_end(ap);
    if (nosync)
        flags &= ~(O_SYNC | O_DSYNC);
    return fails_path("open", path) ? -1 : REAL(open, open_fn *)(path, flags, mode);
}
int open64(const char *path, int flags, ...)
{
    va_list ap;
    va_start(ap, flags);
    mode_t mode = mode_of(flags, ap);
    va_end(ap);
    return open(path, flags, mode);
}
int openat(int dir, const char *path, int flags, ...)
{
    va_list ap;
    va_start(ap, flags);
    mode_t mode = mode_of(flags, ap);
    va_end(ap);
    return fails("open", dir) ? -1 : REAL(openat, openat_fn *)(dir, path, flags, mode);
}
int openat64(int dir, const char *path, int flags, ...)
{
    va_list ap;
    va_start(ap, flags);
    mode_t mode = mode_of(flags, ap);
    va_end(ap);
    return openat(dir, path, flags, mode);
}
int unlink(const char *path) { return fails_path("unlink", path) ? -1 : REAL(unlink, unlink_fn *)(path); }
int unlinkat(int dir, const char *path, int flags)
{
    return fails("unlink", dir) ? -1 : REAL(unlinkat, unlinkat_fn *)(dir, path, flags);
}
