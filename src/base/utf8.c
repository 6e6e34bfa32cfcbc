/* UTF-8 as RFC 3629 has it. The lead byte alone says how long a sequence is and what its second byte may be (Unicode
 * table 3-7), so one look at a row decides, and a maximal ill-formed subpart is what matched before the byte that did
 * not. */
#include "base/text.h"
#include <string.h>

struct lead {
    uint8_t n;      /* bytes in all */
    uint8_t lo, hi; /* second byte */
};
/* By the lead byte; n is 0 where a byte begins nothing. */
static const struct lead leads[256] = {
    [0x00 ... 0x7f] = { 1, 0, 0 },       [0xc2 ... 0xdf] = { 2, 0x80, 0xbf }, [0xe0] = { 3, 0xa0, 0xbf },
    [0xe1 ... 0xec] = { 3, 0x80, 0xbf }, [0xed] = { 3, 0x80, 0x9f },          [0xee ... 0xef] = { 3, 0x80, 0xbf },
    [0xf0] = { 4, 0x90, 0xbf },          [0xf1 ... 0xf3] = { 4, 0x80, 0xbf }, [0xf4] = { 4, 0x80, 0x8f },
};

/* How many bytes of a sequence match, of how many; 0 of 0 when the first byte begins none. */
static size_t match(struct str s, size_t *of)
{
    const uint8_t *p = (const uint8_t *)s.p;
    static const struct lead nothing;
    const struct lead *l = s.n > 0 ? &leads[p[0]] : &nothing;
    size_t n = l->n > 0;
    *of = l->n;
    if (l->n > 1 && s.n > 1 && p[1] >= l->lo && p[1] <= l->hi)
        for (n = 2; n < l->n && n < s.n && (p[n] & 0xc0) == 0x80;)
            n++;
    return n;
}

size_t utf8_next(struct str s, uint32_t *cp)
{
    static const uint8_t lead_bits[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
    size_t of, n = match(s, &of);
    if (n == 0 || n != of)
        return 0;
    uint32_t v = (uint8_t)s.p[0] & lead_bits[n];
    for (size_t i = 1; i < n; i++)
        v = v << 6 | ((uint8_t)s.p[i] & 0x3f);
    *cp = v;
    return n;
}

size_t utf8_ill_formed(struct str s)
{
    size_t of, n = match(s, &of);
    return MIN(MAX(n, 1u), s.n);
}

size_t utf8_ascii(struct str s)
{
    size_t i = 0;
    for (uint64_t eight; i + sizeof eight <= s.n; i += sizeof eight) {
        memcpy(&eight, s.p + i, sizeof eight);
        if (eight & UINT64_C(0x8080808080808080))
            break;
    }
    while (i < s.n && !((uint8_t)s.p[i] & 0x80))
        i++;
    return i;
}

bool utf8_valid(struct str s)
{
    for (size_t i = utf8_ascii(s); i < s.n;) {
        size_t of, n = match((struct str){ s.p + i, s.n - i }, &of);
        if (n == 0 || n != of)
            return false;
        i += n;
        if (i < s.n && !((uint8_t)s.p[i] & 0x80))
            i += utf8_ascii((struct str){ s.p + i, s.n - i });
    }
    return true;
}

void utf8_put(struct buf *out, uint32_t cp)
{
    if (cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff))
        cp = 0xfffd;
    char b[4];
    size_t n = cp < 0x80 ? 1 : cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
    static const uint8_t marks[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
    for (size_t i = n; i-- > 1; cp >>= 6)
        b[i] = (char)(0x80 | (cp & 0x3f));
    b[0] = (char)(marks[n] | cp);
    buf_put(out, str_of(b, n));
}

void utf8_scrub(struct buf *out, struct str s)
{
    size_t good = 0; /* copied in long runs */
    while (good < s.n) {
        uint32_t cp;
        size_t n = utf8_next(str_from(s, good), &cp);
        good += n;
        if (n)
            continue;
        buf_put(out, str_sub(s, 0, good));
        s = str_from(s, good);
        s = str_from(s, utf8_ill_formed(s));
        good = 0;
        buf_put(out, S("\xef\xbf\xbd"));
    }
    buf_put(out, s);
}

struct str utf8_cut(struct str s, size_t n)
{
    if (n >= s.n)
        return s;
    size_t from = n;
    while (from > 0 && n - from < 3 && ((uint8_t)s.p[from] & 0xc0) == 0x80)
        from--;
    uint32_t cp;
    size_t one = utf8_next(str_from(s, from), &cp);
    return str_sub(s, 0, from + one > n ? from : n); /* inside junk any place is as good */
}
