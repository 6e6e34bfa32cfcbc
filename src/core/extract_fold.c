/* Tables instead of a Unicode library: the scripts of the languages that the word tables know, and no more. */
#include "core/extract_fold.h"
#include "base/text.h"
#include <assert.h>

/* The letter under the accent, from U+00C0 and from U+1E00 on; '?' is none. Umlauts lose their dots and the sharp s is
 * one s, in the word tables likewise. */
static const char latin[] =
    "aaaaaaaceeeeiiiidnooooo?ouuuuytsaaaaaaaceeeeiiiidnooooo?ouuuuytyaaaaaaccccccccddddeeeeeeeeeegggg"
    "gggghhhhiiiiiiiiiiijjjkkkllllllllllnnnnnnnnnoooooooorrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs";
static const char latin_more[] =
    "aabbbbbbccddddddddddeeeeeeeeeeffgghhhhhhhhhhiiiikkkkkkllllllllmmmmmmnnnnnnnnoooooooopppprrrrrrrr"
    "ssssssssssttttttttuuuuuuuuuuvvvvwwwwwwwwwwxxxxyyzzzzzzhtwy????s?aaaaaaaaaaaaaaaaaaaaaaaaeeeeeeee"
    "eeeeeeeeiiiioooooooooooooooooooooooouuuuuuuuuuuuuuyyyyyyyy??????";

/* Where the decimal digits of other scripts begin: Arabic-Indic, its eastern kind, Devanagari, Bengali, Thai, full
 * width, the styled ones of mathematics. */
static const uint32_t zeros[] = {
    0x660, 0x6f0, 0x966, 0x9e6, 0xe50, 0xff10, 0x1d7ce, 0x1d7d8, 0x1d7e2, 0x1d7ec, 0x1d7f6
};

static bool digit_of(uint32_t cp, uint32_t *digit)
{
    for (size_t i = 0; i < COUNT(zeros); i++) {
        if (cp < zeros[i] || cp > zeros[i] + 9)
            continue;
        *digit = '0' + cp - zeros[i];
        return true;
    }
    return false;
}

uint32_t fold_width(uint32_t cp)
{
    uint32_t digit;
    if (cp < 0x80)
        return cp;
    if (digit_of(cp, &digit))
        return digit;
    if (cp >= 0xff01 && cp <= 0xff5e)
        return cp - 0xff01 + '!';
    return (cp >= 0x2010 && cp <= 0x2015) || cp == 0x2212 ? '-' : cp;
}

static uint32_t fold_ascii(uint32_t cp)
{
    if (cp >= 'A' && cp <= 'Z')
        return cp | 32;
    if (cp == '\r' || cp == '\f' || cp == '\v')
        return ' ';
    return (cp < ' ' && cp != '\t' && cp != '\n') || cp == 0x7f ? 0 : cp;
}

static uint32_t fold_greek(uint32_t cp)
{
    static const struct {
        uint16_t from, to;
    } accents[] = { { 0x386, 0x3b1 }, { 0x388, 0x3b5 }, { 0x389, 0x3b7 }, { 0x38a, 0x3b9 }, { 0x38c, 0x3bf },
                    { 0x38e, 0x3c5 }, { 0x38f, 0x3c9 }, { 0x3ac, 0x3b1 }, { 0x3ad, 0x3b5 }, { 0x3ae, 0x3b7 },
                    { 0x3af, 0x3b9 }, { 0x3cc, 0x3bf }, { 0x3cd, 0x3c5 }, { 0x3ce, 0x3c9 }, { 0x3c2, 0x3c3 } };
    for (size_t i = 0; i < COUNT(accents); i++)
        if (cp == accents[i].from)
            return accents[i].to;
    return cp >= 0x391 && cp <= 0x3a9 ? cp + 32 : cp;
}

static uint32_t fold_cyrillic(uint32_t cp)
{
    if (cp >= 0x400 && cp < 0x410)
        cp += 80;
    else if (cp >= 0x410 && cp < 0x430)
        cp += 32;
    return cp == 0x451 ? 0x435 : cp == 0x490 ? 0x491 : cp; /* yo is written as ye as often as not */
}

/* Alef with its signs, teh marbuta, alef maksura: spelt carelessly in half of all mail. Vowel signs are dropped. */
static uint32_t fold_arabic(uint32_t cp)
{
    if (cp == 0x622 || cp == 0x623 || cp == 0x625 || cp == 0x671)
        return 0x627;
    if ((cp >= 0x64b && cp <= 0x65f) || cp == 0x640 || cp == 0x670 || cp == 0x61c)
        return 0;
    if (cp == 0x60c || cp == 0x61b || cp == 0x61f || cp == 0x6d4)
        return ';';
    return cp == 0x629 ? 0x647 : cp == 0x649 || cp == 0x6cc ? 0x64a : cp == 0x6a9 ? 0x643 : cp;
}

/* A sentence's comma and full stop must not look like those inside a number: they become ';'. */
static uint32_t fold_mark(uint32_t cp)
{
    static const struct {
        uint16_t first, last, to;
    } marks[] = { { 0x2000, 0x200a, ' ' }, { 0x200b, 0x200f, 0 },    { 0x2010, 0x2015, '-' },  { 0x2018, 0x201b, '\'' },
                  { 0x201c, 0x201f, '"' }, { 0x2020, 0x2027, '*' },  { 0x2028, 0x2029, '\n' }, { 0x202a, 0x202e, 0 },
                  { 0x202f, 0x202f, ' ' }, { 0x2032, 0x2033, '\'' }, { 0x2039, 0x203a, '"' },  { 0x205f, 0x205f, ' ' },
                  { 0x2060, 0x206f, 0 },   { 0x2212, 0x2212, '-' },  { 0x25a0, 0x25ff, '*' },  { 0x3000, 0x3000, ' ' },
                  { 0x3001, 0x3002, ';' }, { 0x3008, 0x3011, '"' },  { 0x3014, 0x301f, '"' },  { 0xfe00, 0xfe0f, 0 },
                  { 0xfeff, 0xfeff, 0 },   { 0xff01, 0xff01, ';' },  { 0xff0c, 0xff0c, ';' },  { 0xff1b, 0xff1b, ';' },
                  { 0xff1f, 0xff1f, ';' }, { 0xff61, 0xff61, ';' },  { 0xff64, 0xff64, ';' } };
    for (size_t i = 0; i < COUNT(marks); i++)
        if (cp >= marks[i].first && cp <= marks[i].last)
            return marks[i].to;
    uint32_t ascii = fold_width(cp);
    return ascii < 0x80 ? fold_ascii(ascii) : cp;
}

uint32_t fold_cp(uint32_t cp)
{
    uint32_t digit;
    if (cp < 0x80)
        return fold_ascii(cp);
    if (cp >= 0x3020 && cp < 0xfe00) /* Chinese, Japanese, Korean: between the marks of fold_mark() */
        return cp;
    if (cp == 0xa0)
        return ' ';
    if (cp == 0xab || cp == 0xbb)
        return '"';
    if (cp == 0xad || (cp >= 0x300 && cp < 0x370))
        return 0;
    if (cp >= 0xc0 && cp < 0x180 && cp != 0xd7 && cp != 0xf7)
        return (uint32_t)(unsigned char)latin[cp - 0xc0];
    if (cp >= 0x1e00 && cp < 0x1f00)
        return (uint32_t)(unsigned char)latin_more[cp - 0x1e00];
    if (cp >= 0x370 && cp < 0x400)
        return fold_greek(cp);
    if (cp >= 0x400 && cp < 0x530)
        return fold_cyrillic(cp);
    if (digit_of(cp, &digit))
        return digit;
    if (cp >= 0x600 && cp < 0x700)
        return fold_arabic(cp);
    return cp >= 0x2000 ? fold_mark(cp) : cp;
}

/* ---- the whole text ---- */

static bool is_blank(uint32_t c) { return c == ' ' || c == '\t' || c == '\n'; }

/* Blanks in a row become the strongest of them: an empty line, a line's end, a tab, a space. */
static void put_blank(struct fold *f, uint32_t c, size_t at)
{
    char *last = f->n > 0 ? &f->p[f->n - 1] : NULL;
    bool doubled = f->n > 1 && last[-1] == '\n';
    if (!last) /* nothing before the first word */
        return;
    if (!is_blank((unsigned char)*last) || (c == '\n' && *last == '\n' && !doubled)) {
        f->from[f->n] = (uint16_t)at;
        f->p[f->n++] = (char)c;
    } else if (c == '\n' || (c == '\t' && *last == ' ')) {
        *last = (char)c;
    }
}

static void put_cp(struct fold *f, uint32_t cp, size_t at)
{
    char bytes[4];
    size_t n = 0;
    if (cp < 0x80) {
        bytes[n++] = (char)cp;
    } else if (cp < 0x800) {
        bytes[n++] = (char)(0xc0 | cp >> 6);
        bytes[n++] = (char)(0x80 | (cp & 63));
    } else {
        if (cp < 0x10000) {
            bytes[n++] = (char)(0xe0 | cp >> 12);
        } else {
            bytes[n++] = (char)(0xf0 | cp >> 18);
            bytes[n++] = (char)(0x80 | (cp >> 12 & 63));
        }
        bytes[n++] = (char)(0x80 | (cp >> 6 & 63));
        bytes[n++] = (char)(0x80 | (cp & 63));
    }
    for (size_t i = 0; i < n; i++) {
        f->from[f->n] = (uint16_t)at;
        f->p[f->n++] = bytes[i];
    }
}

/* What the octets of a run become; 0 is none of it. */
static const unsigned char lower[256] =
    "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
    " !\"#$%&'()*+,-./0123456789:;<=>?@abcdefghijklmnopqrstuvwxyz[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~";

enum { BLOCK = 16 };

/* Whether a run goes on for a block: no loop here has a branch, so a compiler looks at all octets at once. The octet
 * before s is the text's. */
static bool is_block(const char *s)
{
    uint8_t odd = 0;
    for (ptrdiff_t i = 0; i < BLOCK; i++) {
        uint8_t c = (uint8_t)s[i], before = (uint8_t)s[i - 1];
        odd |= (uint8_t)((c < ' ') | (c > '~') | ((c == ' ') & (before == ' ')));
    }
    return odd == 0;
}

static void put_block(char *restrict out, uint16_t *restrict from, const char *restrict s, size_t at)
{
    for (size_t i = 0; i < BLOCK; i++) {
        uint8_t c = (uint8_t)s[i];
        out[i] = (char)(c | (uint8_t)(((c >= 'A') & (c <= 'Z')) << 5));
    }
    for (uint16_t i = 0; i < BLOCK; i++)
        from[i] = (uint16_t)(at + i);
}

/* Most octets of most mail: letters, digits and marks of ASCII, and single spaces. Stops at anything else; how many
 * there were. */
static size_t put_run(struct fold *f, size_t at)
{
    const char *s = f->src.p;
    char *out = f->p + f->n;
    uint16_t *from = f->from + f->n;
    size_t i = at, end = f->src.n;
    bool blank_first = at < end && s[at] == ' ' && f->n > 0 && (unsigned char)out[-1] <= ' ';
    while (at > 0 && f->n > 0 && !blank_first && end - i >= BLOCK && is_block(s + i)) {
        put_block(out, from, s + i, i);
        i += BLOCK;
        out += BLOCK;
        from += BLOCK;
    }
    for (; i < end; i++) {
        unsigned char c = lower[(unsigned char)s[i]];
        if (c <= ' ' && (c == 0 || out == f->p || (unsigned char)out[-1] <= ' '))
            break;
        *out++ = (char)c;
        *from++ = (uint16_t)i;
    }
    f->n += i - at;
    return i - at;
}

static size_t put_one(struct fold *f, size_t at)
{
    struct str s = str_from(f->src, at);
    uint32_t cp = (unsigned char)s.p[0];
    size_t used = cp < 0x80 ? 1 : utf8_next(s, &cp);
    cp = used > 0 ? fold_cp(cp) : '?';
    if (is_blank(cp))
        put_blank(f, cp, at);
    else if (cp != 0)
        put_cp(f, cp, at);
    return MAX(used, 1u);
}

void fold_put(struct fold *f, struct str src)
{
    f->src = utf8_cut(src, f->max);
    f->n = 0;
    for (size_t i = 0; i < f->src.n;) {
        i += put_run(f, i);
        if (i < f->src.n)
            i += put_one(f, i);
    }
    f->from[f->n] = (uint16_t)f->src.n;
    f->p[f->n] = 0;
}

bool fold_init(struct fold *f, struct arena *a, size_t max)
{
    assert(max <= FOLD_MAX);
    /* no code point folds to a longer one, and an ill-formed octet becomes one '?' */
    *f = (struct fold){ .max = max, .p = arena_alloc(a, max + 1), .from = arena_array(a, max + 1, sizeof *f->from) };
    return f->p && f->from;
}

bool fold_text(struct arena *a, struct str src, size_t max, struct fold *out)
{
    if (!fold_init(out, a, MIN(src.n, max)))
        return false;
    fold_put(out, src);
    return true;
}

struct str fold_source(const struct fold *f, size_t at, size_t end)
{
    return str_sub(f->src, f->from[at], f->from[end] - f->from[at]);
}
