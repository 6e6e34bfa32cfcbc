/* LD_PRELOAD: the monotonic clock of a program stands as many ms ahead as the file LATER has in its first eight octets.
 * So that a test sees minutes pass at once. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static _Atomic int64_t *ahead_ms; /* mapped before any sandbox closes */
static int (*real)(clockid_t id, struct timespec *t);

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("LATER");
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    void *p = fd >= 0 ? mmap(NULL, sizeof *ahead_ms, PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;
    if (fd >= 0)
        close(fd);
    if (p == MAP_FAILED)
        _exit(1);
    real = (int (*)(clockid_t, struct timespec *))(uintptr_t)dlsym(RTLD_NEXT, "clock_gettime");
    ahead_ms = p;
}

int clock_gettime(clockid_t id, struct timespec *t);
int clock_gettime(clockid_t id, struct timespec *t)
{
    if (!real)
        real = (int (*)(clockid_t, struct timespec *))(uintptr_t)dlsym(RTLD_NEXT, "clock_gettime");
    int r = real(id, t);
    if (r == 0 && ahead_ms && (id == CLOCK_MONOTONIC || id == CLOCK_MONOTONIC_COARSE)) {
        int64_t ms = atomic_load(ahead_ms);
        t->tv_sec += ms / 1000;
        t->tv_nsec += ms % 1000 * 1000000;
        t->tv_sec += t->tv_nsec / 1000000000;
        t->tv_nsec %= 1000000000;
    }
    return r;
}
