/* A table of ranges, after Unicode's Default_Ignorable_Code_Point, Bidi_Control and White_Space. */
#include "wire/deceptive.h"
#include "base/text.h"
#include <string.h>

static const struct {
    uint32_t first, last;
} ranges[] = {
    { 0x0000, 0x001f },    /* C0 */
    { 0x007f, 0x009f },    /* DEL, C1 */
    { 0x00a0, 0x00a0 },    /* no-break space */
    { 0x00ad, 0x00ad },    /* soft hyphen */
    { 0x034f, 0x034f },    /* combining grapheme joiner */
    { 0x061c, 0x061c },    /* Arabic letter mark */
    { 0x115f, 0x1160 },    /* Hangul fillers */
    { 0x1680, 0x1680 },    /* Ogham space */
    { 0x17b4, 0x17b5 },    /* Khmer inherent vowels */
    { 0x180b, 0x180f },    /* Mongolian selectors and separator */
    { 0x2000, 0x200f },    /* spaces, zero width, directional marks */
    { 0x2028, 0x202f },    /* line and paragraph separators, bidi embeddings */
    { 0x205f, 0x206f },    /* word joiner, bidi isolates, invisible operators */
    { 0x2800, 0x2800 },    /* blank braille pattern */
    { 0x3000, 0x3000 },    /* ideographic space */
    { 0x3164, 0x3164 },    /* Hangul filler */
    { 0xd800, 0xdfff },    /* surrogates */
    { 0xe000, 0xf8ff },    /* private use */
    { 0xfdd0, 0xfdef },    /* noncharacters */
    { 0xfe00, 0xfe0f },    /* variation selectors */
    { 0xfeff, 0xfeff },    /* byte order mark */
    { 0xffa0, 0xffa0 },    /* half-width Hangul filler */
    { 0xfff0, 0xfffb },    /* specials */
    { 0xfffe, 0xffff },    /* noncharacters */
    { 0x1d173, 0x1d17a },  /* musical beams and slurs */
    { 0xe0000, 0x10ffff }, /* tags, selectors, private planes */
};

bool deceptive_char(uint32_t cp)
{
    for (size_t i = 0; i < COUNT(ranges) && ranges[i].first <= cp; i++)
        if (cp <= ranges[i].last)
            return true;
    return (cp & 0xfffe) == 0xfffe; /* the last two of every plane */
}

bool deceptive_text(struct str s)
{
    while (s.n > 0) {
        uint32_t cp;
        size_t n = utf8_next(s, &cp);
        if (n == 0 || deceptive_char(cp))
            return true;
        s = str_from(s, n);
    }
    return false;
}

/* U+202A to U+202E and U+2066 to U+2069. */
static bool is_order(const char *p, size_t n)
{
    return n >= 3 && p[0] == '\xe2' &&
           ((p[1] == '\x80' && p[2] >= '\xaa' && p[2] <= '\xae') ||
            (p[1] == '\x81' && p[2] >= '\xa6' && p[2] <= '\xa9'));
}

size_t deceptive_drop_order(char *p, size_t n)
{
    size_t kept = 0;
    if (n == 0 || memchr(p, 0xe2, n) == NULL)
        return n;
    for (size_t i = 0; i < n; i++) {
        if (is_order(p + i, n - i))
            i += 2;
        else
            p[kept++] = p[i];
    }
    return kept;
}
