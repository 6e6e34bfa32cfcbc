/* Growth doubles up to max. A secret buffer never goes through realloc(), which would leave a copy behind; a large one
 * has whole pages of its own, so that it can be kept out of core dumps. */
#include "base/buf.h"
#include "base/secret.h"
#include <sodium/utils.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { CAP_MIN = 64, PAGE = 4096, DONTDUMP_MIN = 128 * 1024 };

void buf_init(struct buf *b, size_t max) { *b = (struct buf){ .max = max }; }

static void pages_dump(struct buf *b, int advice)
{
    if (b->secret && b->cap >= DONTDUMP_MIN)
        madvise(b->p, b->cap, advice); /* cap is whole pages then; best effort */
}

static void give_back(struct buf *b)
{
    if (b->p)
        pages_dump(b, MADV_DODUMP); /* the allocator will use these pages for others */
    if (b->p && b->secret)
        secret_give_back(b->p, b->cap); /* what was reserved may have been written and not counted */
    else
        free(b->p);
    b->p = NULL;
    b->cap = 0;
}

void buf_fini(struct buf *b)
{
    give_back(b);
    b->n = 0;
    b->failed = false;
}

void buf_clear(struct buf *b)
{
    if (b->secret && b->n)
        sodium_memzero(b->p, b->n);
    b->n = 0;
    b->failed = false;
}

static bool move_secret(struct buf *b, size_t cap)
{
    bool large = cap >= DONTDUMP_MIN;
    if (large)
        cap = (cap + PAGE - 1) & ~(size_t)(PAGE - 1);
    char *p = large ? aligned_alloc(PAGE, cap) : malloc(cap);
    if (!p)
        return false;
    if (b->n)
        memcpy(p, b->p, b->n);
    give_back(b);
    b->p = p;
    b->cap = cap;
    pages_dump(b, MADV_DONTDUMP);
    return true;
}

static bool move_to(struct buf *b, size_t cap)
{
    if (b->secret)
        return move_secret(b, cap);
    char *p = realloc(b->p, cap);
    if (!p)
        return false;
    b->p = p;
    b->cap = cap;
    return true;
}

char *buf_reserve(struct buf *b, size_t n)
{
    if (b->failed || b->n > b->max || n > b->max - b->n) {
        b->failed = true;
        return NULL;
    }
    size_t want = b->n + n, cap = b->cap > b->max / 2 ? b->max : MAX(b->cap * 2, (size_t)CAP_MIN);
    if ((want > b->cap || !b->p) && !move_to(b, MAX(MAX(want, MIN(cap, b->max)), 1u))) {
        b->failed = true;
        return NULL;
    }
    return b->p + b->n;
}

void buf_put_grow(struct buf *b, struct str s)
{
    char *p = s.n ? buf_reserve(b, s.n) : NULL;
    if (!p)
        return;
    memcpy(p, s.p, s.n);
    b->n += s.n;
}

void buf_puts(struct buf *b, const char *zero_terminated) { buf_put(b, str_c(zero_terminated)); }

void buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
    char small[256];
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(small, sizeof small, fmt, ap);
    if (n < 0)
        b->failed = true;
    else if ((size_t)n < sizeof small)
        buf_put(b, (struct str){ small, (size_t)n });
    else if (buf_reserve(b, (size_t)n)) {
        /* vsnprintf() wants room for a NUL that the ceiling may not have */
        char *p = malloc((size_t)n + 1);
        if (p) {
            vsnprintf(p, (size_t)n + 1, fmt, again);
            buf_put(b, (struct str){ p, (size_t)n });
            if (b->secret)
                sodium_memzero(p, (size_t)n);
        }
        b->failed = b->failed || !p;
        free(p);
    }
    if (b->secret)
        sodium_memzero(small, sizeof small);
    va_end(again);
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    buf_vprintf(b, fmt, ap);
    va_end(ap);
}

void buf_put_u64(struct buf *b, uint64_t v)
{
    char digits[20];
    size_t i = sizeof digits;
    do {
        digits[--i] = (char)('0' + v % 10);
        v /= 10;
    } while (v);
    buf_put(b, (struct str){ digits + i, sizeof digits - i });
}

void buf_drop(struct buf *b, size_t n)
{
    n = MIN(n, b->n);
    if (n == 0)
        return;
    memmove(b->p, b->p + n, b->n - n);
    if (b->secret)
        sodium_memzero(b->p + b->n - n, n);
    b->n -= n;
}

void buf_shrink(struct buf *b)
{
    if (b->n == 0)
        give_back(b);
    else if (b->n < b->cap)
        (void)move_to(b, b->n); /* a refusal leaves it as it is */
}

char *buf_take(struct buf *b, size_t *n)
{
    char *p = b->p;
    *n = b->n;
    if (p)
        pages_dump(b, MADV_DODUMP); /* the new owner frees it plainly */
    *b = (struct buf){ .max = b->max, .secret = b->secret };
    return p;
}
