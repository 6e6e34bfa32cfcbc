/* Modified UTF-7 is base64 of UTF-16 between '&' and '-', with ',' for '/', in the one shortest form. To read it is to
 * decode it leniently and to see whether the result encodes to what came in; so "exact" needs no rule of its own. */
#include "wire/imap_mailbox.h"
#include "base/text.h"
#include "wire/imap_write.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

static bool is_direct(uint32_t cp) { return cp >= 0x20 && cp <= 0x7e; }

/* Bits on their way into base64. */
struct bits {
    uint32_t acc;
    unsigned n;
};

static void put_unit(struct buf *out, struct bits *b, uint32_t unit)
{
    b->acc = b->acc << 16 | unit;
    b->n += 16;
    while (b->n >= 6) {
        b->n -= 6;
        buf_putc(out, alphabet[b->acc >> b->n & 63]);
    }
    b->acc &= (1u << b->n) - 1;
}

static void end_run(struct buf *out, struct bits *b)
{
    if (b->n > 0)
        buf_putc(out, alphabet[b->acc << (6 - b->n) & 63]);
    *b = (struct bits){ 0 };
    buf_putc(out, '-');
}

static void put_units(struct buf *out, struct bits *b, uint32_t cp)
{
    if (cp >= 0x10000) {
        put_unit(out, b, 0xd800 + ((cp - 0x10000) >> 10));
        put_unit(out, b, 0xdc00 + ((cp - 0x10000) & 0x3ff));
    } else {
        put_unit(out, b, cp);
    }
}

void imap_utf7_encode(struct buf *out, struct str utf8)
{
    struct bits b = { 0 };
    bool run = false; /* of base64 */
    while (utf8.n > 0) {
        uint32_t cp = 0xfffd;
        size_t n = utf8_next(utf8, &cp);
        utf8 = str_from(utf8, n > 0 ? n : utf8_ill_formed(utf8));
        if (run && is_direct(cp))
            end_run(out, &b);
        if (!run && !is_direct(cp))
            buf_putc(out, '&');
        run = !is_direct(cp);
        if (run)
            put_units(out, &b, cp);
        else
            buf_put(out, cp == '&' ? S("&-") : str_of(&(char){ (char)cp }, 1));
    }
    if (run)
        end_run(out, &b);
}

static int value_of(char c)
{
    size_t i = c != '\0' ? str_chr(str_c(alphabet), c) : STR_NONE;
    return i == STR_NONE ? -1 : (int)i;
}

/* A run of base64, without its '&' and '-', as UTF-8. Whatever is odd in it does not come out the same again. */
static void decode_run(struct buf *out, struct str run)
{
    uint32_t acc = 0, high = 0;
    unsigned n = 0;
    for (size_t i = 0; i < run.n; i++) {
        acc = acc << 6 | ((uint32_t)value_of(run.p[i]) & 63);
        n += 6;
        if (n < 16)
            continue;
        n -= 16;
        uint32_t unit = acc >> n & 0xffff;
        if (unit >= 0xd800 && unit <= 0xdbff)
            high = unit;
        else if (unit >= 0xdc00 && unit <= 0xdfff && high != 0)
            utf8_put(out, 0x10000 + ((high - 0xd800) << 10) + (unit - 0xdc00));
        else
            utf8_put(out, unit);
        high = unit == high ? high : 0;
    }
}

enum err imap_utf7_decode(struct buf *out, struct str in)
{
    size_t start = out->n;
    for (struct str rest = in; rest.n > 0;) {
        struct str run, plain = str_cut(rest, '&', &run);
        bool begins = plain.n < rest.n;
        buf_put(out, plain);
        if (!begins)
            break;
        struct str base64 = str_cut(run, '-', &rest);
        if (base64.n == 0)
            buf_putc(out, '&');
        decode_run(out, base64);
    }
    AUTO_BUF struct buf again = { .max = in.n };
    imap_utf7_encode(&again, str_from(buf_str(out), start));
    bool exact = !again.failed && str_eq(buf_str(&again), in);
    if (out->failed)
        return ERR_FULL;
    out->n = exact ? out->n : start;
    return exact ? OK : ERR_BAD;
}

/* ---- names ---- */

static bool level_good(struct str level)
{
    if (level.n == 0 || str_eq(level, S(".")) || str_eq(level, S("..")))
        return false;
    for (struct str rest = level; rest.n > 0;) {
        uint32_t cp;
        size_t n = utf8_next(rest, &cp);
        if (n == 0 || cp < ' ' || (cp >= 0x7f && cp < 0xa0) || cp == 0x2028 || cp == 0x2029)
            return false;
        rest = str_from(rest, n);
    }
    return true;
}

/* Appends what the client wrote as UTF-8, INBOX at its front in capitals. */
static enum err to_utf8(struct buf *out, struct str in, bool utf8)
{
    size_t start = out->n;
    if (in.n > 4 * LIMIT_IMAP_MAILBOX) /* UTF-7 takes no more than that for what is short enough */
        return ERR_FULL;
    if (utf8 && !utf8_valid(in))
        return ERR_BAD;
    if (utf8)
        buf_put(out, in);
    else if (imap_utf7_decode(out, in) != OK)
        return ERR_BAD;
    if (out->failed || out->n - start > LIMIT_IMAP_MAILBOX + 1) {
        out->n = MIN(out->n, start);
        return ERR_FULL;
    }
    struct str rest, first = str_cut(str_from(buf_str(out), start), IMAP_SEPARATOR, &rest);
    if (str_eq_nocase(first, S("INBOX")))
        for (size_t i = 0; i < first.n; i++)
            out->p[start + i] = "INBOX"[i];
    return OK;
}

enum err imap_mailbox_read(struct buf *out, struct str in, bool utf8)
{
    size_t start = out->n, levels = 0;
    enum err e = to_utf8(out, in, utf8);
    if (e != OK)
        return e;
    if (out->n - start > 1 && out->p[out->n - 1] == IMAP_SEPARATOR)
        out->n--;
    struct str name = str_from(buf_str(out), start);
    bool good = true, more = true;
    for (struct str rest = name; more && good; levels++) {
        more = str_chr(rest, IMAP_SEPARATOR) != STR_NONE;
        good = level_good(str_cut(rest, IMAP_SEPARATOR, &rest));
    }
    bool fits = name.n <= LIMIT_IMAP_MAILBOX && levels <= LIMIT_IMAP_LEVELS;
    if (good && fits)
        return OK;
    out->n = start;
    return good ? ERR_FULL : ERR_BAD;
}

void imap_mailbox_put(struct buf *out, struct str name, bool utf8)
{
    if (utf8 && utf8_ascii(name) < name.n) {
        imap_put_utf8(out, name);
        return;
    }
    AUTO_BUF struct buf encoded = { .max = 8 * name.n + 8 };
    if (!utf8)
        imap_utf7_encode(&encoded, name);
    out->failed |= encoded.failed;
    imap_put_astring(out, utf8 ? name : buf_str(&encoded));
}

enum err imap_pattern_read(struct buf *out, struct str in, bool utf8) { return to_utf8(out, in, utf8); }

/* All places of the pattern that the octets so far lead to, at once: steps are name times pattern, whatever is in them.
 * A wildcard takes the octet and stays, or is passed without one. */
static bool is_wild(char c) { return c == '*' || c == '%'; }

static void pass_wildcards(struct str pattern, bool *at)
{
    for (size_t p = 0; p < pattern.n; p++)
        at[p + 1] |= at[p] && is_wild(pattern.p[p]);
}

bool imap_pattern_match_above(struct str pattern, struct str name, uint32_t *above)
{
    bool at[LIMIT_IMAP_MAILBOX + 2] = { true };
    struct str rest, first = str_cut(name, IMAP_SEPARATOR, &rest);
    size_t any_case = str_eq(first, S("INBOX")) ? first.n : 0; /* RFC 9051 section 5.1 */
    uint32_t level = 1;
    if (pattern.n >= COUNT(at))
        return false;
    pass_wildcards(pattern, at);
    for (size_t n = 0; n < name.n; n++) {
        char c = name.p[n];
        if (c == IMAP_SEPARATOR) {
            *above |= at[pattern.n] ? level : 0;
            level <<= 1;
        }
        for (size_t p = pattern.n + 1; p-- > 0;) {
            char want = p < pattern.n ? pattern.p[p] : '\0', before = p > 0 ? pattern.p[p - 1] : '*';
            bool stays = p < pattern.n && at[p] && (want == '*' || (want == '%' && c != IMAP_SEPARATOR));
            bool equal = before == c || (n < any_case && char_lower(before) == char_lower(c));
            at[p] = stays || (p > 0 && at[p - 1] && !is_wild(before) && equal);
        }
        pass_wildcards(pattern, at);
    }
    return at[pattern.n];
}

bool imap_pattern_match(struct str pattern, struct str name)
{
    uint32_t above = 0;
    return imap_pattern_match_above(pattern, name, &above);
}
