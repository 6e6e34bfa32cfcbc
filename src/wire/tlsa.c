#include "wire/tlsa.h"

enum { SHA256_N = 32, SHA512_N = 64, HEAD_N = 3 };

/* Section 7.2 of RFC 6698: selectors and matching types that have a meaning. */
static bool fits(const struct tlsa *t)
{
    switch (t->match) {
    case 0:
        return t->data.n > 0 && t->data.n <= LIMIT_TLSA_BYTES;
    case 1:
        return t->data.n == SHA256_N;
    case 2:
        return t->data.n == SHA512_N;
    default:
        return false;
    }
}

bool tlsa_parse(struct str rdata, struct tlsa *out)
{
    if (rdata.n <= HEAD_N)
        return false;
    struct tlsa t = { .usage = (uint8_t)rdata.p[0],
                      .selector = (uint8_t)rdata.p[1],
                      .match = (uint8_t)rdata.p[2],
                      .data = str_from(rdata, HEAD_N) };
    bool usable = (t.usage == TLSA_DANE_TA || t.usage == TLSA_DANE_EE) && t.selector <= 1 && fits(&t);
    if (usable)
        *out = t;
    return usable;
}
