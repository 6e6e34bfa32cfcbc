#include "base/rand.h"
#include <sodium.h>

enum err rand_start(void) { return sodium_init() < 0 ? ERR_IO : OK; }

void rand_bytes(void *out, size_t n)
{
    if (n)
        randombytes_buf(out, n);
}

uint32_t rand_below(uint32_t bound) { return randombytes_uniform(bound); }
