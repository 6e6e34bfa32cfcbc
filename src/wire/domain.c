/* Validity first, by ASCII rules on the octets; then libidn2 for what is not ASCII. */
#include "wire/domain.h"
#include "base/text.h"
#include "wire/deceptive.h"
#include <idn2.h>
#include <libpsl.h>
#include <stdlib.h>
#include <string.h>

static bool is_ldh(char c)
{
    c = char_lower(c);
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

static bool label_valid(struct str label, bool utf8)
{
    if (label.n == 0 || label.p[0] == '-' || label.p[label.n - 1] == '-')
        return false;
    if (!utf8 && label.n > LIMIT_LABEL)
        return false;
    for (size_t i = 0; i < label.n; i++)
        if (!is_ldh(label.p[i]) && !(utf8 && label.p[i] & 0x80))
            return false;
    return true;
}

static bool labels_valid(struct str s, bool utf8)
{
    if (s.n == 0 || s.p[s.n - 1] == '.')
        return false;
    while (s.n > 0)
        if (!label_valid(str_cut(s, '.', &s), utf8))
            return false;
    return true;
}

bool domain_valid(struct str ascii) { return ascii.n <= LIMIT_DOMAIN && labels_valid(ascii, false); }

bool domain_is_name(struct str ascii)
{
    return domain_valid(ascii) && !(ascii.p[ascii.n - 1] >= '0' && ascii.p[ascii.n - 1] <= '9');
}

static bool has_8bit(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] & 0x80)
            return true;
    return false;
}

bool domain_valid_utf8(struct str s)
{
    AUTO_BUF struct buf ascii = { .max = LIMIT_DOMAIN };
    if (!has_8bit(s))
        return domain_valid(s);
    return s.n > 0 && s.p[s.n - 1] != '.' && domain_to_ascii(&ascii, s) == OK;
}

/* What libidn2 wants: a C string; s has no NUL in it. */
static char *z_of(char room[4 * LIMIT_DOMAIN + 1], struct str s)
{
    memcpy(room, s.p, s.n);
    room[s.n] = '\0';
    return room;
}

static char *z_lower(char room[4 * LIMIT_DOMAIN + 1], struct str s)
{
    char *z = z_of(room, s);
    for (size_t i = 0; i < s.n; i++)
        z[i] = char_lower(z[i]);
    return z;
}

static enum err put_lower(struct buf *out, struct str s)
{
    if (!domain_valid(s))
        return ERR_BAD;
    for (size_t i = 0; i < s.n; i++)
        buf_putc(out, char_lower(s.p[i]));
    return out->failed ? ERR_FULL : OK;
}

bool domain_is_within(struct str name, struct str domain)
{
    return str_ends_nocase(name, domain) &&
           (name.n == domain.n || (name.n > domain.n && name.p[name.n - domain.n - 1] == '.'));
}

enum err domain_to_ascii(struct buf *out, struct str in)
{
    char room[4 * LIMIT_DOMAIN + 1];
    if (in.n > 1 && in.p[in.n - 1] == '.')
        in.n--;
    if (!has_8bit(in))
        return put_lower(out, in);
    if (in.n > 4 * LIMIT_DOMAIN || !labels_valid(in, true) || deceptive_text(in))
        return ERR_BAD;
    char *ascii = NULL;
    int rc = idn2_to_ascii_8z(z_of(room, in), &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
    enum err e = rc == IDN2_OK ? put_lower(out, str_c(ascii)) : ERR_BAD;
    idn2_free(ascii);
    return e;
}

/* The scripts that look-alikes are built from: a label of one of them alone, or of Han with kana, bopomofo or Latin,
 * reads as it is; Latin, Greek and Cyrillic among one another do not (UTS 39, "highly restrictive"). */
enum { LATIN = 1, GREEK = 2, CYRILLIC = 4, HAN = 8, KANA = 16, HANGUL = 32, BOPOMOFO = 64, OTHER = 128 };

static unsigned script_of(uint32_t cp)
{
    static const struct {
        uint32_t first, last;
        unsigned script;
    } rows[] = {
        { 'a', 'z', LATIN },          { 0xc0, 0x24f, LATIN },     { 0x370, 0x3ff, GREEK },   { 0x400, 0x52f, CYRILLIC },
        { 0x1100, 0x11ff, HANGUL },   { 0x1e00, 0x1eff, LATIN },  { 0x1f00, 0x1fff, GREEK }, { 0x3041, 0x30ff, KANA },
        { 0x3105, 0x312f, BOPOMOFO }, { 0x3130, 0x318f, HANGUL }, { 0x3400, 0x9fff, HAN },   { 0xac00, 0xd7af, HANGUL },
        { 0x20000, 0x3134f, HAN },
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        if (cp >= rows[i].first && cp <= rows[i].last)
            return rows[i].script;
    return cp < 128 ? 0 : OTHER;
}

/* Cyrillic letters that are drawn like Latin ones: a label of nothing else is "apple" to a reader, and no word. */
static bool looks_latin(uint32_t cp)
{
    static const uint16_t set[] = { 0x0430, 0x0441, 0x0435, 0x043e, 0x0440, 0x0445, 0x0443,
                                    0x0455, 0x0456, 0x0458, 0x0461, 0x0475, 0x04bb, 0x04cf,
                                    0x0501, 0x051b, 0x051d, 0x043f, 0x0433, 0x044c, 0x04bd };
    for (size_t i = 0; i < COUNT(set); i++)
        if (set[i] == cp)
            return true;
    return cp < 128;
}

static bool one_reading(struct str label)
{
    unsigned seen = 0;
    bool all_look_latin = true;
    while (label.n > 0) {
        uint32_t cp;
        size_t n = utf8_next(label, &cp);
        if (n == 0 || deceptive_char(cp))
            return false;
        seen |= script_of(cp);
        all_look_latin &= looks_latin(cp);
        label = str_from(label, n);
    }
    bool single = (seen & (seen - 1)) == 0;
    bool japanese = (seen & ~(unsigned)(LATIN | HAN | KANA)) == 0;
    bool korean = (seen & ~(unsigned)(LATIN | HAN | HANGUL)) == 0;
    bool chinese = (seen & ~(unsigned)(LATIN | HAN | BOPOMOFO)) == 0;
    return !all_look_latin && (single || japanese || korean || chinese);
}

static void put_label(struct buf *out, struct str label)
{
    char room[4 * LIMIT_DOMAIN + 1], *shown = NULL, *back = NULL;
    bool convert = str_starts_nocase(label, S("xn--")) && label.n <= LIMIT_LABEL && domain_valid(label);
    bool good = convert && idn2_to_unicode_8z8z(z_lower(room, label), &shown, 0) == IDN2_OK &&
                idn2_to_ascii_8z(shown, &back, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) == IDN2_OK &&
                str_eq_nocase(str_c(back), label) && one_reading(str_c(shown));
    buf_put(out, good ? str_c(shown) : label);
    idn2_free(shown);
    idn2_free(back);
}

void domain_to_display(struct buf *out, struct str ascii)
{
    for (bool first = true; ascii.n > 0; first = false) {
        if (!first)
            buf_putc(out, '.');
        put_label(out, str_cut(ascii, '.', &ascii));
    }
}

/* The suffix list is the one compiled into libpsl: no file is read. */
struct str domain_org(struct str domain)
{
    char room[4 * LIMIT_DOMAIN + 1];
    if (!domain_valid(domain))
        return domain;
    char *z = z_lower(room, domain);
    const char *org = psl_registrable_domain(psl_builtin(), z);
    return org != NULL ? str_from(domain, (size_t)(org - z)) : domain;
}

bool domain_is_public_suffix(struct str domain)
{
    char room[4 * LIMIT_DOMAIN + 1];
    if (!domain_valid(domain))
        return false;
    char *z = z_lower(room, domain);
    return psl_is_public_suffix(psl_builtin(), z) != 0;
}
