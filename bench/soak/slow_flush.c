/* LD_PRELOAD: each flush takes MAYFLY_FLUSH_US longer, as a disk of that speed would make it: fdatasync(), fsync(), and
 * writes to descriptors opened with O_DSYNC (LMDB's roots). */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static void wait_for_disk(void)
{
    const char *us = getenv("MAYFLY_FLUSH_US");
    long n = us ? atol(us) : 2000;
    struct timespec t = { n / 1000000, n % 1000000 * 1000 };
    nanosleep(&t, NULL);
}

int fdatasync(int fd)
{
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    wait_for_disk();
    return real(fd);
}

int fsync(int fd)
{
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    wait_for_disk();
    return real(fd);
}

ssize_t pwrite(int fd, const void *p, size_t n, off_t off)
{
    ssize_t (*real)(int, const void *, size_t, off_t) =
        (ssize_t(*)(int, const void *, size_t, off_t))dlsym(RTLD_NEXT, "pwrite");
    if (fcntl(fd, F_GETFL) & O_DSYNC)
        wait_for_disk();
    return real(fd, p, n, off);
}

ssize_t pwrite64(int fd, const void *p, size_t n, off_t off) { return pwrite(fd, p, n, off); }
