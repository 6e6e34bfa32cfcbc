/* SSE 4.2 has an instruction for this very polynomial, eight bytes at a time. */
#include "base/crc.h"
#include "base/crypto.h"
#include <nmmintrin.h>
#include <string.h>

__attribute__((target("sse4.2"))) static uint32_t crc32c_sse42(uint32_t seed, struct str in)
{
    uint64_t crc = ~seed;
    size_t i = 0;
    for (; in.n - i >= 8; i += 8) {
        uint64_t word;
        memcpy(&word, in.p + i, 8);
        crc = _mm_crc32_u64(crc, word);
    }
    uint32_t low = (uint32_t)crc;
    for (; i < in.n; i++)
        low = _mm_crc32_u8(low, (uint8_t)in.p[i]);
    return ~low;
}

uint32_t crypto_crc32c(uint32_t seed, struct str in)
{
    return __builtin_cpu_supports("sse4.2") ? crc32c_sse42(seed, in) : crc32c_portable(seed, in);
}
