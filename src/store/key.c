#include "store/key.h"
#include <assert.h>
#include <string.h>

struct key key_of(const void *p, size_t n)
{
    struct key k = { .n = 0 };
    key_add(&k, p, n);
    return k;
}
void key_add(struct key *k, const void *p, size_t n)
{
    assert(n <= sizeof k->b - k->n);
    if (n > 0) /* p may be NULL then, which memcpy() must not see */
        memcpy(k->b + k->n, p, n);
    k->n += n;
}
void key_add32(struct key *k, uint32_t v)
{
    uint8_t b[4];
    put_be32(b, v);
    key_add(k, b, sizeof b);
}
void key_add64(struct key *k, uint64_t v)
{
    uint8_t b[8];
    put_be64(b, v);
    key_add(k, b, sizeof b);
}
struct key key_box(const struct box_id *box, enum rec_kind kind)
{
    struct key k = key_of(box->b, BOX_ID_N);
    key_add(&k, &(uint8_t){ (uint8_t)kind }, 1);
    return k;
}
