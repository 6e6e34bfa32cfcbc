/* AVX2 looks up 32 characters at once in tables of sixteen. The upper half of a character names its class, a bit; a
 * table by the lower half has the bits of the classes in which that is none of the alphabet. What makes a character its
 * value depends on the class, but for '/', which shares one with '+'. */
#include "base/base64.h"
#include <immintrin.h>

enum { STEP = 32, OCTETS = 24, HALF = OCTETS / 2, SLACK = 8 };
enum { SIGN = 1, DIGIT = 2, TO_O = 4, TO_Z = 8, NONE = 16 }; /* A to O, P to Z: of either case */

#define BOTH_LANES(...) _mm256_setr_epi8(__VA_ARGS__, __VA_ARGS__)

/* Characters of whole quanta at the front. */
__attribute__((target("avx2"))) static size_t quanta_before_others(__m256i upper, __m256i lower)
{
    enum { AT_0 = NONE | SIGN | TO_O, TO_9 = NONE | SIGN, AT_A = NONE | SIGN | DIGIT, AT_B = NONE | DIGIT | TO_Z };
    const __m256i class =
        BOTH_LANES(NONE, NONE, SIGN, DIGIT, TO_O, TO_Z, TO_O, TO_Z, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE);
    const __m256i lacking = BOTH_LANES(AT_0, TO_9, TO_9, TO_9, TO_9, TO_9, TO_9, TO_9, TO_9, TO_9, AT_A, AT_B,
                                       AT_B | SIGN, AT_B | SIGN, AT_B | SIGN, AT_B);
    __m256i both = _mm256_and_si256(_mm256_shuffle_epi8(class, upper), _mm256_shuffle_epi8(lacking, lower));
    unsigned others = ~(unsigned)_mm256_movemask_epi8(_mm256_cmpeq_epi8(both, _mm256_setzero_si256()));
    return others == 0 ? STEP : (size_t)__builtin_ctz(others) / 4 * 4;
}

__attribute__((target("avx2"))) static __m256i values_of(__m256i chars, __m256i upper)
{
    const __m256i more = BOTH_LANES(0, 0, 62 - '+', 52 - '0', -'A', -'A', 26 - 'a', 26 - 'a', 0, 0, 0, 0, 0, 0, 0, 0);
    __m256i slash = _mm256_and_si256(_mm256_cmpeq_epi8(chars, _mm256_set1_epi8('/')), _mm256_set1_epi8('+' + 1 - '/'));
    return _mm256_add_epi8(_mm256_add_epi8(chars, _mm256_shuffle_epi8(more, upper)), slash);
}

/* Four values of six bits in each 32: side by side, then in the order of a message's octets. */
__attribute__((target("avx2"))) static __m256i octets_of(__m256i values)
{
    const __m256i order = BOTH_LANES(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1);
    __m256i twelve = _mm256_maddubs_epi16(values, _mm256_set1_epi16(1 << 8 | 64));
    __m256i bits = _mm256_madd_epi16(twelve, _mm256_set1_epi32(1 << 16 | 4096));
    return _mm256_shuffle_epi8(bits, order);
}

/* A store is 16 octets, of which 12 count. */
__attribute__((target("avx2"))) static size_t quanta_avx2(uint8_t *to, struct str in)
{
    size_t taken = 0, good = STEP;
    for (; good == STEP && in.n - taken >= STEP + SLACK; taken += good, to += OCTETS) {
        __m256i chars = _mm256_loadu_si256((const __m256i *)(const void *)(in.p + taken));
        __m256i half = _mm256_set1_epi8(15);
        __m256i upper = _mm256_and_si256(_mm256_srli_epi16(chars, 4), half);
        __m256i octets = octets_of(values_of(chars, upper));
        good = quanta_before_others(upper, _mm256_and_si256(chars, half));
        _mm_storeu_si128((__m128i *)(void *)to, _mm256_castsi256_si128(octets));
        _mm_storeu_si128((__m128i *)(void *)(to + HALF), _mm256_extracti128_si256(octets, 1));
    }
    return good < STEP ? taken : taken + base64_quanta_portable(to, str_from(in, taken));
}

size_t base64_quanta(uint8_t *to, struct str in)
{
    return __builtin_cpu_supports("avx2") ? quanta_avx2(to, in) : base64_quanta_portable(to, in);
}

/* ---- the other way ---- */

/* Octets to four values of six bits in each 32. Every value's bits are moved to its place by a multiplication: the even
 * ones down, as the upper half of a product, the odd ones up, as its lower half. */
__attribute__((target("avx2"))) static __m256i values_in(__m256i octets)
{
    const __m256i order = BOTH_LANES(1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10);
    __m256i all = _mm256_shuffle_epi8(octets, order);
    __m256i even = _mm256_and_si256(all, _mm256_set1_epi32(0x0fc0fc00));
    __m256i odd = _mm256_and_si256(all, _mm256_set1_epi32(0x003f03f0));
    even = _mm256_mulhi_epu16(even, _mm256_set1_epi32(0x04000040));
    odd = _mm256_mullo_epi16(odd, _mm256_set1_epi32(0x01000010));
    return _mm256_or_si256(even, odd);
}

/* What makes a value its character depends on which stretch of the alphabet it is of: 0 to 25 and 26 to 51 are letters,
 * then each has an entry of its own. */
__attribute__((target("avx2"))) static __m256i chars_of(__m256i values)
{
    enum { UPPER = 13 };
    const __m256i more = BOTH_LANES('a' - 26, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52,
                                    '0' - 52, '0' - 52, '0' - 52, '+' - 62, '/' - 63, 'A', 0, 0);
    __m256i behind = _mm256_subs_epu8(values, _mm256_set1_epi8(51));
    __m256i upper = _mm256_cmpgt_epi8(_mm256_set1_epi8(26), values);
    __m256i entry = _mm256_or_si256(behind, _mm256_and_si256(upper, _mm256_set1_epi8(UPPER)));
    return _mm256_add_epi8(values, _mm256_shuffle_epi8(more, entry));
}

/* A load is 16 octets, of which 12 count. */
__attribute__((target("avx2"))) static char *chars_avx2(char *to, struct str in, size_t quanta)
{
    for (; quanta >= STEP / 4 && in.n >= HALF + 16; quanta -= STEP / 4, in = str_from(in, OCTETS), to += STEP) {
        __m128i front = _mm_loadu_si128((const __m128i *)(const void *)in.p);
        __m128i back = _mm_loadu_si128((const __m128i *)(const void *)(in.p + HALF));
        __m256i octets = _mm256_inserti128_si256(_mm256_castsi128_si256(front), back, 1);
        _mm256_storeu_si256((__m256i *)(void *)to, chars_of(values_in(octets)));
    }
    return base64_chars_portable(to, in, quanta);
}

char *base64_chars(char *to, struct str in, size_t quanta)
{
    return __builtin_cpu_supports("avx2") ? chars_avx2(to, in, quanta) : base64_chars_portable(to, in, quanta);
}
