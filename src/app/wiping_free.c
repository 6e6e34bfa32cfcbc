/* free() for the whole process, libraries too: what is given back is overwritten first, so that no piece of a mail, a
 * password or a key stays in the heap, whoever put it there (DESIGN P3; tests/system/secrecy.py looks). glibc's own
 * M_PERTURB passes over the small blocks that it keeps per thread. Linked into the daemon only, and not under a
 * sanitizer, which has a free() of its own. */
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

/* Blocks of this size and more are mappings of their own (app.c sets the threshold): they go back to the kernel. */
enum { MAPPED = 256 * 1024 };

/* glibc's names for the allocator below; exported for replacements like this one. */
extern void __libc_free(void *p);
extern void *__libc_malloc(size_t n);
extern void *__libc_realloc(void *p, size_t n);

void free(void *p)
{
    if (p == NULL)
        return;
    size_t n = malloc_usable_size(p);
    if (n < MAPPED)
        explicit_bzero(p, n);
    __libc_free(p);
}

void *realloc(void *p, size_t n)
{
    size_t old = p == NULL ? 0 : malloc_usable_size(p);
    if (p == NULL || old >= MAPPED)
        return __libc_realloc(p, n); /* a mapping is moved, not copied */
    if (n == 0) {
        free(p);
        return NULL;
    }
    if (n <= old && n > old / 2)
        return p;
    void *to = __libc_malloc(n);
    if (to == NULL)
        return NULL;
    memcpy(to, p, old < n ? old : n);
    free(p);
    return to;
}
