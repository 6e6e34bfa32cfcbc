/* Four look-ups a quantum, whatever the processor. */
#include "base/base64.h"

/* The alphabet of RFC 4648 section 4: a table for each place in a quantum, with the value where its six bits
 * belong and a bit that says that there is one. Four entries or'ed are the three octets. */
#define BASE64_ALPHABET(X)                                                                                             \
    X('A', 0), X('B', 1), X('C', 2), X('D', 3), X('E', 4), X('F', 5), X('G', 6), X('H', 7), X('I', 8), X('J', 9),      \
        X('K', 10), X('L', 11), X('M', 12), X('N', 13), X('O', 14), X('P', 15), X('Q', 16), X('R', 17), X('S', 18),    \
        X('T', 19), X('U', 20), X('V', 21), X('W', 22), X('X', 23), X('Y', 24), X('Z', 25), X('a', 26), X('b', 27),    \
        X('c', 28), X('d', 29), X('e', 30), X('f', 31), X('g', 32), X('h', 33), X('i', 34), X('j', 35), X('k', 36),    \
        X('l', 37), X('m', 38), X('n', 39), X('o', 40), X('p', 41), X('q', 42), X('r', 43), X('s', 44), X('t', 45),    \
        X('u', 46), X('v', 47), X('w', 48), X('x', 49), X('y', 50), X('z', 51), X('0', 52), X('1', 53), X('2', 54),    \
        X('3', 55), X('4', 56), X('5', 57), X('6', 58), X('7', 59), X('8', 60), X('9', 61), X('+', 62), X('/', 63)
#define AT_0(c, v) [c] = 1u << 24 | (v) << 18
#define AT_1(c, v) [c] = 2u << 24 | (v) << 12
#define AT_2(c, v) [c] = 4u << 24 | (v) << 6
#define AT_3(c, v) [c] = 8u << 24 | (v)
static const uint32_t base64_at[4][256] = {
    { BASE64_ALPHABET(AT_0) },
    { BASE64_ALPHABET(AT_1) },
    { BASE64_ALPHABET(AT_2) },
    { BASE64_ALPHABET(AT_3) },
};
enum { WHOLE_QUANTUM = 15 }; /* all four said that they have a value */

static uint32_t base64_quantum(const uint8_t *p)
{
    return base64_at[0][p[0]] | base64_at[1][p[1]] | base64_at[2][p[2]] | base64_at[3][p[3]];
}

static void put_three(uint8_t *to, uint32_t bits)
{
    to[0] = (uint8_t)(bits >> 16);
    to[1] = (uint8_t)(bits >> 8);
    to[2] = (uint8_t)bits;
}

int base64_value(char c)
{
    uint32_t at = base64_at[3][(unsigned char)c];
    return at != 0 ? (int)(at & 63) : -1;
}

size_t base64_quanta_portable(uint8_t *to, struct str in)
{
    const uint8_t *p = (const uint8_t *)in.p;
    size_t taken = 0;
    for (; in.n - taken >= 8; taken += 8, to += 6) { /* two at a time */
        uint32_t one = base64_quantum(p + taken), two = base64_quantum(p + taken + 4);
        if ((one & two) >> 24 != WHOLE_QUANTUM)
            break;
        put_be32(to, one << 8 | (two >> 16 & 0xff));
        to[4] = (uint8_t)(two >> 8);
        to[5] = (uint8_t)two;
    }
    for (uint32_t bits; in.n - taken >= 4; taken += 4, to += 3) {
        if ((bits = base64_quantum(p + taken)) >> 24 != WHOLE_QUANTUM)
            break;
        put_three(to, bits);
    }
    return taken;
}

char *base64_chars_portable(char *to, struct str in, size_t quanta)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const uint8_t *p = (const uint8_t *)in.p;
    for (; quanta > 0; quanta--, p += 3, to += 4) {
        to[0] = alphabet[p[0] >> 2];
        to[1] = alphabet[(p[0] << 4 | p[1] >> 4) & 63];
        to[2] = alphabet[(p[1] << 2 | p[2] >> 6) & 63];
        to[3] = alphabet[p[2] & 63];
    }
    return to;
}
