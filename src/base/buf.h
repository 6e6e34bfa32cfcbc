/* Bytes that grow up to a ceiling. A builder remembers its first failure: write on, ask once (STYLE 9). A zeroed struct
 * with .max set is ready to use; max 0 means no bytes at all. Growth doubles. */
#pragma once
#include "base/str.h"
#include <stdarg.h>
#include <string.h>

struct buf {
    char *p;
    size_t n, cap, max;
    bool failed; /* something did not fit or memory ran out; what came later was dropped too */
    bool secret; /* wiped whenever memory is given back, MADV_DONTDUMP where it is large */
};

void buf_init(struct buf *b, size_t max);
void buf_fini(struct buf *b);  /* frees (wipes when secret); the struct is then as after buf_init with the same max */
void buf_clear(struct buf *b); /* n = 0 and failed = false, memory kept (wiped when secret) */
void buf_put_grow(struct buf *b, struct str s); /* buf_put() where there is no room yet */
void buf_puts(struct buf *b, const char *zero_terminated);
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *b, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));
void buf_put_u64(struct buf *b, uint64_t v); /* decimal */
/* Room for n more bytes at the end, to be filled and then counted by b->n += used; NULL and failed when over max. */
char *buf_reserve(struct buf *b, size_t n);
void buf_drop(struct buf *b, size_t n); /* removes the first n bytes */
void buf_shrink(struct buf *b);         /* gives unused memory back; frees all when empty */
static inline struct str buf_str(const struct buf *b) { return (struct str){ b->p, b->n }; }
/* Hands the bytes to the caller, who frees them with free(); b is empty afterwards. */
char *buf_take(struct buf *b, size_t *n);
/* Inline as far as there is room: builders put a few bytes at a time. */
static inline void buf_put(struct buf *b, struct str s)
{
    size_t room = MIN(b->cap, b->max); /* a page-rounded cap may be over max, and max may have been lowered */
    if (b->failed || b->n > room || s.n > room - b->n) {
        buf_put_grow(b, s);
    } else if (s.n > 0) {
        memcpy(b->p + b->n, s.p, s.n);
        b->n += s.n;
    }
}
static inline void buf_putc(struct buf *b, char c)
{
    if (!b->failed && b->n < b->cap && b->n < b->max)
        b->p[b->n++] = c;
    else
        buf_put_grow(b, (struct str){ &c, 1 });
}
#define AUTO_BUF __attribute__((cleanup(buf_fini)))
