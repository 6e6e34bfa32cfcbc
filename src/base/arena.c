/* Blocks in a chain, the newest first. Blocks grow with the arena, so that a small session stays small and a large one
 * takes few mallocs. */
#include "base/arena.h"
#include "base/secret.h"
#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGN = 16, BLOCK_MIN = 1024 - 32, BLOCK_MAX = 64 * 1024 };

struct arena_block {
    struct arena_block *next;
    size_t n, cap;
    alignas(ALIGN) char bytes[];
};

void arena_init(struct arena *a, size_t max) { *a = (struct arena){ .max = max }; }

void arena_reset(struct arena *a)
{
    for (struct arena_block *b = a->head, *next; b; b = next) {
        next = b->next;
        if (a->secret)
            secret_give_back(b, sizeof *b + b->n);
        else
            free(b);
    }
    a->head = NULL;
    a->used = 0;
}

static struct arena_block *block_add(struct arena *a, size_t n)
{
    size_t cap = MAX(n, MIN(MAX((size_t)BLOCK_MIN, a->used), (size_t)BLOCK_MAX)), total;
    struct arena_block *b = add_size(cap, sizeof *b, &total) ? malloc(total) : NULL;
    if (!b)
        return NULL;
    *b = (struct arena_block){ .next = a->head, .cap = cap };
    return a->head = b;
}

/* As the memory was; *got is how much of it there is. */
static char *take(struct arena *a, size_t n, size_t *got)
{
    size_t room;
    if (!add_size(n, ALIGN - 1, &room))
        return NULL;
    room &= ~(size_t)(ALIGN - 1);
    if (room > a->max - a->used) /* used never passes max */
        return NULL;
    struct arena_block *b = a->head;
    if ((!b || room > b->cap - b->n) && !(b = block_add(a, room)))
        return NULL;
    char *p = b->bytes + b->n;
    b->n += room;
    a->used += room;
    *got = room;
    return p;
}

void *arena_alloc(struct arena *a, size_t n)
{
    size_t got;
    char *p = take(a, n, &got);
    return p ? memset(p, 0, got) : NULL;
}

void *arena_room(struct arena *a, size_t n)
{
    size_t got;
    return take(a, n, &got);
}

void *arena_array(struct arena *a, size_t count, size_t size)
{
    size_t n;
    return mul_size(count, size, &n) ? arena_alloc(a, n) : NULL;
}

struct str arena_dup(struct arena *a, struct str s)
{
    size_t n, got;
    char *p = add_size(s.n, 1, &n) ? take(a, n, &got) : NULL;
    if (!p)
        return (struct str){ 0 };
    if (s.n)
        memcpy(p, s.p, s.n);
    memset(p + s.n, 0, got - s.n);
    return (struct str){ p, s.n };
}

struct str arena_printf(struct arena *a, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    char *p = n >= 0 ? arena_alloc(a, (size_t)n + 1) : NULL;
    if (!p)
        return (struct str){ 0 };
    va_start(ap, fmt);
    vsnprintf(p, (size_t)n + 1, fmt, ap);
    va_end(ap);
    return (struct str){ p, (size_t)n };
}
