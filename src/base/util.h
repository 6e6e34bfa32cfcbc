/* What every file needs: counting, scope cleanup, checked sizes. Nothing here allocates. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define CONTAINER_OF(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

/* STYLE 12: what a scope opens the scope closes; KEEP() hands the value on and disarms the cleanup. */
void util_close_fd(int *fd);
void util_free(void *pp);
#define AUTO_FD __attribute__((cleanup(util_close_fd)))
#define AUTO_FREE __attribute__((cleanup(util_free)))
#define KEEP(x)                                                                                                        \
    ({                                                                                                                 \
        __auto_type keep_ = (x);                                                                                       \
        (x) = _Generic((x), int : -1, default : 0);                                                                    \
        keep_;                                                                                                         \
    })

/* STYLE 10: true and *out = a + b (a * b), or false on overflow, *out then untouched. */
static inline bool add_size(size_t a, size_t b, size_t *out)
{
    size_t sum;
    if (__builtin_add_overflow(a, b, &sum))
        return false;
    *out = sum;
    return true;
}
static inline bool mul_size(size_t a, size_t b, size_t *out)
{
    size_t product;
    if (__builtin_mul_overflow(a, b, &product))
        return false;
    *out = product;
    return true;
}

/* Big-endian and little-endian integers at any address; the store's keys are big-endian so that they sort. */
static inline void put_be32(uint8_t *p, uint32_t v)
{
    for (int i = 3; i >= 0; i--, v >>= 8)
        p[i] = (uint8_t)v;
}
static inline void put_be64(uint8_t *p, uint64_t v)
{
    for (int i = 7; i >= 0; i--, v >>= 8)
        p[i] = (uint8_t)v;
}
static inline uint32_t get_be32(const uint8_t *p)
{
    uint32_t v = 0;
    for (int i = 0; i < 4; i++)
        v = v << 8 | p[i];
    return v;
}
static inline uint64_t get_be64(const uint8_t *p)
{
    uint64_t v = 0;
    for (int i = 0; i < 8; i++)
        v = v << 8 | p[i];
    return v;
}
