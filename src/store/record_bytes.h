/* A writer that counts and a reader that remembers its first failure, for who knows a record byte by byte. */
#pragma once
#include "store/key.h"
#include <assert.h>
#include <string.h>

struct out {
    uint8_t *p;
    size_t n;
};
struct in {
    struct str left;
    uint8_t version;
    bool failed;
};

static inline void put(struct out *o, const void *p, size_t n)
{
    if (n > 0)
        memcpy(o->p + o->n, p, n);
    o->n += n;
}
static inline void put8(struct out *o, uint8_t v) { o->p[o->n++] = v; }
static inline void put32(struct out *o, uint32_t v)
{
    put_be32(o->p + o->n, v);
    o->n += 4;
}
static inline void put64(struct out *o, uint64_t v)
{
    put_be64(o->p + o->n, v);
    o->n += 8;
}
static inline void puts64(struct out *o, int64_t v) { put64(o, (uint64_t)v); }

static inline const uint8_t *get(struct in *i, size_t n)
{
    static const uint8_t nothing[64];
    assert(n <= sizeof nothing);
    if (i->left.n < n) {
        i->failed = true;
        i->left.n = 0;
        return nothing;
    }
    const uint8_t *p = (const uint8_t *)i->left.p;
    i->left = str_from(i->left, n);
    return p;
}
static inline uint32_t get32(struct in *i) { return get_be32(get(i, 4)); }
static inline uint64_t get64(struct in *i) { return get_be64(get(i, 8)); }
static inline int64_t gets64(struct in *i) { return (int64_t)get64(i); }
static inline void get_to(struct in *i, void *to, size_t n) { memcpy(to, get(i, n), n); }
static inline struct in begin_upto(struct str s, uint8_t newest)
{
    struct in i = { .left = s };
    i.version = *get(&i, 1);
    if (i.version < 1 || i.version > newest)
        i.failed = true;
    return i;
}
static inline struct in begin(struct str s) { return begin_upto(s, 1); }
static inline bool whole(const struct in *i) { return !i->failed && i->left.n == 0; }
