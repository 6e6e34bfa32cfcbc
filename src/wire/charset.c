/* A label is reduced to its letters and digits ("ISO_8859-1:1987" and "iso-8859-1" come out alike) and looked up in one
 * table. The four charsets that nearly all mail has are decoded here; the rest goes through iconv, whose errors become
 * U+FFFD one octet at a time, so any input ends after as many steps as it has octets. */
#include "wire/charset.h"
#include "base/text.h"
#include <errno.h>
#include <iconv.h>
#include <string.h>

enum kind { NONE, UTF8, ASCII, LATIN, UTF16, ICONV };
struct row {
    const char *key; /* label in lower case, letters and digits only */
    enum kind kind;
    const char *iconv_name; /* what glibc calls it; NULL: the same as the row before */
};

/* ISO-8859-1 is read as windows-1252 and some others as the superset that senders mean (WHATWG Encoding, section 4.2).
 */
static const struct row rows[] = {
    { "utf8", UTF8, "" },
    { "unicode11utf8", UTF8, "" },
    { "usascii", ASCII, "" },
    { "ascii", ASCII, "" },
    { "ansix341968", ASCII, "" },
    { "iso646us", ASCII, "" },
    { "us", ASCII, "" },
    { "iso88591", LATIN, "" },
    { "iso885911987", LATIN, "" },
    { "latin1", LATIN, "" },
    { "l1", LATIN, "" },
    { "windows1252", LATIN, "" },
    { "cp1252", LATIN, "" },
    { "xcp1252", LATIN, "" },
    { "ansi", LATIN, "" },
    { "utf16", UTF16, "UTF-16LE" },
    { "utf16le", UTF16, NULL },
    { "unicode", UTF16, NULL },
    { "utf16be", ICONV, "UTF-16BE" },
    { "utf32", ICONV, "UTF-32" },
    { "utf32le", ICONV, "UTF-32LE" },
    { "utf32be", ICONV, "UTF-32BE" },
    { "utf7", ICONV, "UTF-7" },
    { "unicode11utf7", ICONV, NULL },
    { "iso88592", ICONV, "ISO-8859-2" },
    { "latin2", ICONV, NULL },
    { "iso88593", ICONV, "ISO-8859-3" },
    { "iso88594", ICONV, "ISO-8859-4" },
    { "latin4", ICONV, NULL },
    { "iso88595", ICONV, "ISO-8859-5" },
    { "iso88596", ICONV, "ISO-8859-6" },
    { "iso88596i", ICONV, NULL },
    { "iso88597", ICONV, "ISO-8859-7" },
    { "greek", ICONV, NULL },
    { "iso88598", ICONV, "ISO-8859-8" },
    { "iso88598i", ICONV, NULL },
    { "iso88598e", ICONV, NULL },
    { "iso88599", ICONV, "WINDOWS-1254" },
    { "latin5", ICONV, NULL },
    { "windows1254", ICONV, NULL },
    { "cp1254", ICONV, NULL },
    { "iso885910", ICONV, "ISO-8859-10" },
    { "iso885911", ICONV, "CP874" },
    { "windows874", ICONV, NULL },
    { "cp874", ICONV, NULL },
    { "tis620", ICONV, NULL },
    { "iso885913", ICONV, "ISO-8859-13" },
    { "iso885914", ICONV, "ISO-8859-14" },
    { "iso885915", ICONV, "ISO-8859-15" },
    { "latin9", ICONV, NULL },
    { "iso885916", ICONV, "ISO-8859-16" },
    { "windows1250", ICONV, "WINDOWS-1250" },
    { "cp1250", ICONV, NULL },
    { "windows1251", ICONV, "WINDOWS-1251" },
    { "cp1251", ICONV, NULL },
    { "windows1253", ICONV, "WINDOWS-1253" },
    { "cp1253", ICONV, NULL },
    { "windows1255", ICONV, "WINDOWS-1255" },
    { "cp1255", ICONV, NULL },
    { "windows1256", ICONV, "WINDOWS-1256" },
    { "cp1256", ICONV, NULL },
    { "windows1257", ICONV, "WINDOWS-1257" },
    { "cp1257", ICONV, NULL },
    { "windows1258", ICONV, "WINDOWS-1258" },
    { "cp1258", ICONV, NULL },
    { "koi8r", ICONV, "KOI8-R" },
    { "koi8", ICONV, NULL },
    { "koi8u", ICONV, "KOI8-U" },
    { "ibm437", ICONV, "IBM437" },
    { "cp437", ICONV, NULL },
    { "ibm850", ICONV, "IBM850" },
    { "cp850", ICONV, NULL },
    { "ibm852", ICONV, "IBM852" },
    { "cp852", ICONV, NULL },
    { "ibm866", ICONV, "IBM866" },
    { "cp866", ICONV, NULL },
    { "macintosh", ICONV, "MACINTOSH" },
    { "macroman", ICONV, NULL },
    { "xmacroman", ICONV, NULL },
    { "mac", ICONV, NULL },
    { "viscii", ICONV, "VISCII" },
    { "tcvn", ICONV, "TCVN5712-1" },
    { "gb2312", ICONV, "GB18030" },
    { "gbk", ICONV, NULL },
    { "gb18030", ICONV, NULL },
    { "cp936", ICONV, NULL },
    { "ms936", ICONV, NULL },
    { "windows936", ICONV, NULL },
    { "xgbk", ICONV, NULL },
    { "euccn", ICONV, NULL },
    { "gb231280", ICONV, NULL },
    { "chinese", ICONV, NULL },
    { "big5", ICONV, "BIG5-HKSCS" },
    { "big5hkscs", ICONV, NULL },
    { "cnbig5", ICONV, NULL },
    { "xxbig5", ICONV, NULL },
    { "cp950", ICONV, NULL },
    { "euctw", ICONV, "EUC-TW" },
    { "shiftjis", ICONV, "CP932" },
    { "sjis", ICONV, NULL },
    { "xsjis", ICONV, NULL },
    { "cp932", ICONV, NULL },
    { "ms932", ICONV, NULL },
    { "windows31j", ICONV, NULL },
    { "mskanji", ICONV, NULL },
    { "eucjp", ICONV, "EUC-JP-MS" },
    { "xeucjp", ICONV, NULL },
    { "iso2022jp", ICONV, "ISO-2022-JP-3" },
    { "iso2022jp1", ICONV, NULL },
    { "iso2022jpms", ICONV, NULL },
    { "iso2022jp3", ICONV, NULL },
    { "iso2022jp2", ICONV, "ISO-2022-JP-2" },
    { "csiso2022jp", ICONV, NULL },
    { "iso2022kr", ICONV, "ISO-2022-KR" },
    { "csiso2022kr", ICONV, NULL },
    { "iso2022cn", ICONV, "ISO-2022-CN" },
    { "euckr", ICONV, "UHC" },
    { "ksc56011987", ICONV, NULL },
    { "ksc5601", ICONV, NULL },
    { "ksc56011989", ICONV, NULL },
    { "korean", ICONV, NULL },
    { "cp949", ICONV, NULL },
    { "uhc", ICONV, NULL },
    { "windows949", ICONV, NULL },
    { "johab", ICONV, "JOHAB" },
    { "armscii8", ICONV, "ARMSCII-8" },
    { "georgianps", ICONV, "GEORGIAN-PS" },
};

enum { KEY_MAX = 24 };         /* the longest key is shorter */
enum { LIMIT_ERRORS = 10000 }; /* of one text, before the rest is read as ASCII */

static size_t key_of(struct str name, char key[KEY_MAX])
{
    size_t n = 0;
    for (size_t i = 0; i < name.n; i++) {
        char c = char_lower(name.p[i]);
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')))
            continue;
        if (n == KEY_MAX)
            return 0;
        key[n++] = c;
    }
    return n;
}

static const struct row *row_of(struct str name)
{
    char key[KEY_MAX];
    size_t n = key_of(str_sub(name, 0, 64), key);
    for (const struct row *r = rows; n > 0 && r < rows + COUNT(rows); r++)
        if (r->key[0] == key[0] && strlen(r->key) == n && memcmp(r->key, key, n) == 0)
            return r;
    return NULL;
}

static const char *iconv_name_of(const struct row *r)
{
    while (r->iconv_name == NULL)
        r--;
    return r->iconv_name;
}

bool charset_known(struct str name) { return row_of(name) != NULL; }

#define UTF8_MARK "\xef\xbb\xbf"

static void put_replacement(struct buf *out) { buf_put(out, S("\xef\xbf\xbd")); }

/* The octets 0x80 to 0x9f of windows-1252; 0 where it has none. */
static const uint16_t high[32] = {
    0x20ac, 0,      0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
    0x2039, 0x0152, 0,      0x017d, 0,      0,      0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
    0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0,      0x017e, 0x0178,
};

static bool latin_to_utf8(struct buf *out, struct str in)
{
    bool exact = true;
    while (in.n > 0) {
        size_t run = utf8_ascii(in);
        buf_put(out, str_sub(in, 0, run));
        in = str_from(in, run);
        if (in.n == 0)
            break;
        unsigned char c = (unsigned char)in.p[0];
        uint32_t cp = c < 0xa0 ? high[c - 0x80] : c;
        exact &= cp != 0;
        utf8_put(out, cp != 0 ? cp : 0xfffd);
        in = str_from(in, 1);
    }
    return exact;
}

/* Not one character beyond ASCII in it is well-formed: the label lies. */
static bool has_no_utf8(struct str in)
{
    uint32_t cp;
    while ((in = str_from(in, utf8_ascii(in))).n > 0) {
        if (utf8_next(in, &cp) > 0)
            return false;
        in = str_from(in, 1);
    }
    return true;
}

static bool utf8_to_utf8(struct buf *out, struct str in)
{
    bool exact = utf8_valid(in);
    if (exact)
        buf_put(out, in);
    else if (has_no_utf8(in))
        latin_to_utf8(out, in);
    else
        utf8_scrub(out, in);
    return exact;
}

/* The label says nothing that helps: UTF-8 hardly ever is valid by chance, windows-1252 takes all else. */
static void guess_to_utf8(struct buf *out, struct str in)
{
    if (utf8_valid(in))
        buf_put(out, in);
    else
        latin_to_utf8(out, in);
}

/* What is left when a text has shown not to be in its charset: every error costs iconv a call. */
static void ascii_to_utf8(struct buf *out, struct str in)
{
    while (in.n > 0) {
        size_t run = utf8_ascii(in);
        buf_put(out, str_sub(in, 0, run));
        if (run < in.n)
            put_replacement(out);
        in = str_from(in, run + 1);
    }
}

static bool iconv_run(iconv_t cd, struct buf *out, struct str in)
{
    char piece[4096], *from = (char *)(uintptr_t)in.p; /* iconv's prototype lacks a const */
    size_t left = in.n, errors = 0;
    while (left > 0 && errors < LIMIT_ERRORS && !out->failed) {
        char *to = piece;
        size_t room = sizeof piece, before = left;
        size_t r = iconv(cd, &from, &left, &to, &room);
        int why = errno;
        buf_put(out, (struct str){ piece, sizeof piece - room });
        if (r != (size_t)-1)
            break;
        if (why == E2BIG && (left < before || room < sizeof piece))
            continue;
        errors++;
        put_replacement(out);
        if (why == EINVAL || left == 0) /* a character cut off at the end */
            break;
        from++;
        left--;
    }
    char *to = piece;
    size_t room = sizeof piece;
    if (iconv(cd, NULL, NULL, &to, &room) != (size_t)-1) /* what stateful ones still hold */
        buf_put(out, (struct str){ piece, sizeof piece - room });
    if (errors == LIMIT_ERRORS)
        ascii_to_utf8(out, (struct str){ from, left });
    return errors == 0;
}

static bool iconv_to_utf8(struct buf *out, const char *name, struct str in)
{
    iconv_t cd = iconv_open("UTF-8", name);
    if (cd == (iconv_t)-1) {
        guess_to_utf8(out, in);
        return false;
    }
    bool exact = iconv_run(cd, out, in);
    iconv_close(cd);
    return exact;
}

/* A mark beats the label (WHATWG Encoding, section 6); UTF-16's only where the label has no letters for those octets.
 */
static bool by_mark(struct buf *out, enum kind kind, struct str in, bool *exact)
{
    if (str_starts(in, S(UTF8_MARK)) && kind != ICONV) {
        *exact = utf8_to_utf8(out, str_from(in, 3));
        return true;
    }
    bool le = str_starts(in, S("\xff\xfe")), be = str_starts(in, S("\xfe\xff"));
    if ((!le && !be) || kind == ICONV || kind == LATIN)
        return false;
    *exact = iconv_to_utf8(out, le ? "UTF-16LE" : "UTF-16BE", str_from(in, 2));
    return true;
}

bool charset_to_utf8(struct buf *out, struct str name, struct str in)
{
    const struct row *r = row_of(name);
    enum kind kind = r != NULL ? r->kind : NONE;
    bool exact = true;
    if (in.n == 0 || by_mark(out, kind, in, &exact))
        return exact;
    switch (kind) {
    case UTF8:
        return utf8_to_utf8(out, in);
    case LATIN:
        return latin_to_utf8(out, in);
    case UTF16:
    case ICONV:
        return iconv_to_utf8(out, iconv_name_of(r), in);
    case ASCII:
    case NONE:
        guess_to_utf8(out, in);
        return utf8_ascii(in) == in.n && (kind == ASCII || name.n == 0);
    }
    return false;
}

bool charset_is_utf8(struct str name, struct str in)
{
    const struct row *r = row_of(name);
    enum kind kind = r != NULL ? r->kind : NONE;
    bool utf8 = kind == UTF8 || kind == ASCII || kind == NONE;
    return utf8 && !str_starts(in, S(UTF8_MARK)) && utf8_valid(in);
}

size_t charset_prime(struct charset_kept *k)
{
    k->n = 0;
    for (const struct row *r = rows; r < rows + COUNT(rows) && k->n < CHARSET_KEPT_MAX; r++) {
        if (r->iconv_name == NULL || r->iconv_name[0] == '\0')
            continue;
        iconv_t cd = iconv_open("UTF-8", r->iconv_name);
        if (cd != (iconv_t)-1)
            k->cd[k->n++] = cd;
    }
    return k->n;
}

void charset_unprime(struct charset_kept *k)
{
    while (k->n > 0)
        iconv_close(k->cd[--k->n]);
}
