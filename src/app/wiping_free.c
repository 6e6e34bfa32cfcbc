/* free() for the whole process, libraries too: what is given back is overwritten first, so that no piece of a mail, a
 * password or a key stays in the heap, whoever put it there (DESIGN P3; tests/system/secrecy.py looks). glibc's own
 * M_PERTURB passes over the small blocks that it keeps per thread. Linked into the daemon only, and not under a
 * sanitizer, which has a free() of its own. */
#include "base/secret.h"
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

/* glibc's names for the allocator below; exported for replacements like this one. */
extern void __libc_free(void *p);
extern void *__libc_malloc(size_t n);
extern void *__libc_realloc(void *p, size_t n);

/* A mapping of its own goes back to the kernel. Its size does not tell: a large block may also be one that was put
 * together in the heap. The word before a block does (IS_MMAPPED in glibc's malloc/malloc.c). */
static bool is_mapping(const void *p)
{
    enum { IS_MMAPPED = 2 };
    size_t head;
    memcpy(&head, (const char *)p - sizeof head, sizeof head);
    return head & IS_MMAPPED;
}

void free(void *p)
{
    if (p == NULL)
        return;
    if (!is_mapping(p))
        explicit_bzero(p, malloc_usable_size(p));
    __libc_free(p);
}

/* What buffers and arenas call for their secrets: once is enough, and what was not used is clean since it was freed. */
void secret_give_back(void *p, size_t n)
{
    if (!is_mapping(p))
        explicit_bzero(p, n);
    __libc_free(p);
}

void *realloc(void *p, size_t n)
{
    if (p == NULL || is_mapping(p))
        return __libc_realloc(p, n); /* a mapping is moved, not copied */
    size_t old = malloc_usable_size(p);
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
