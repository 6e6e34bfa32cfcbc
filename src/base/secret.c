/* One mapping for the process, a guard page on either side. A free cell holds the number of the next free one; cells
 * are handed out from the front, so that the locked part is used first where the limit did not reach to the end. */
#include "base/secret.h"
#include <assert.h>
#include <pthread.h>
#include <sodium/utils.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { PAGE = 4096 };

static struct {
    pthread_mutex_t lock;
    uint8_t *cells; /* NULL before secret_start() */
    size_t n, used;
    size_t fresh;     /* cells from here on were never handed out */
    size_t free_head; /* 1-based; 0 ends the list */
    bool locked;
} slab = { .lock = PTHREAD_MUTEX_INITIALIZER };

static bool lock_pages(uint8_t *p, size_t n)
{
    if (mlock(p, n) == 0)
        return true;
    for (size_t at = 0; at < n && mlock(p + at, PAGE) == 0;) /* as far as the limit goes */
        at += PAGE;
    return false;
}

enum err secret_start(size_t cells)
{
    size_t bytes, total;
    if (slab.cells)
        return OK;
    if (!mul_size(MAX(cells, 1u), SECRET_N, &bytes) || !add_size(bytes, 3 * PAGE, &total))
        return ERR_IO;
    bytes = (bytes + PAGE - 1) / PAGE * PAGE;
    uint8_t *p = mmap(NULL, bytes + 2 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        return ERR_IO;
    if (mprotect(p + PAGE, bytes, PROT_READ | PROT_WRITE) != 0) {
        munmap(p, bytes + 2 * PAGE);
        return ERR_IO;
    }
    madvise(p + PAGE, bytes, MADV_DONTDUMP);
    madvise(p + PAGE, bytes, MADV_WIPEONFORK);
    slab.locked = lock_pages(p + PAGE, bytes);
    slab.n = bytes / SECRET_N;
    slab.cells = p + PAGE;
    return OK;
}

bool secret_locked(void) { return slab.locked; }

static uint8_t *take_cell(void)
{
    if (slab.free_head == 0)
        return slab.fresh < slab.n ? slab.cells + SECRET_N * slab.fresh++ : NULL;
    uint8_t *cell = slab.cells + SECRET_N * (slab.free_head - 1);
    memcpy(&slab.free_head, cell, sizeof slab.free_head);
    memset(cell, 0, sizeof slab.free_head);
    return cell;
}

uint8_t *secret_new(void)
{
    pthread_mutex_lock(&slab.lock);
    uint8_t *cell = take_cell();
    slab.used += cell != NULL;
    pthread_mutex_unlock(&slab.lock);
    return cell;
}

void secret_free(uint8_t *cell)
{
    if (!cell)
        return;
    size_t at = (size_t)(cell - slab.cells);
    assert(at < slab.n * SECRET_N && at % SECRET_N == 0);
    sodium_memzero(cell, SECRET_N);
    pthread_mutex_lock(&slab.lock);
    memcpy(cell, &slab.free_head, sizeof slab.free_head);
    slab.free_head = at / SECRET_N + 1;
    slab.used--;
    pthread_mutex_unlock(&slab.lock);
}

void secret_wipe(void *p, size_t n)
{
    if (n)
        sodium_memzero(p, n);
}

/* Weak: a program whose free() wipes has one that does no more than that (app/wiping_free.c). */
__attribute__((weak)) void secret_give_back(void *p, size_t n)
{
    secret_wipe(p, n);
    free(p);
}

size_t secret_used(void)
{
    pthread_mutex_lock(&slab.lock);
    size_t n = slab.used;
    pthread_mutex_unlock(&slab.lock);
    return n;
}

/* Not inlined: its frame must lie where theirs were. */
__attribute__((noinline)) void secret_wipe_stack(void)
{
    char below[128 * 1024];
    sodium_memzero(below, sizeof below);
}
