/* Bytes as text and back: hex, base64, percent, JSON, HTML. What looks at code points is in utf8.c, times are in
 * rfc3339.c. A decoder that fails leaves out as it was. */
#include "base/text.h"
#include <string.h>

size_t text_hex(char *out, struct str in)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < in.n; i++) {
        unsigned char c = (unsigned char)in.p[i];
        out[2 * i] = digits[c >> 4];
        out[2 * i + 1] = digits[c & 15];
    }
    return 2 * in.n;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = char_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

enum err text_unhex(struct str in, uint8_t *out, size_t out_n)
{
    if (in.n % 2 || in.n / 2 != out_n)
        return ERR_BAD;
    for (size_t i = 0; i < in.n; i++)
        if (hex_value(in.p[i]) < 0)
            return ERR_BAD;
    for (size_t i = 0; i < out_n; i++)
        out[i] = (uint8_t)(hex_value(in.p[2 * i]) << 4 | hex_value(in.p[2 * i + 1]));
    return OK;
}

static const char alphabet[2][65] = { "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
                                      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_" };
enum variant { STANDARD, URL };

static void put_four(char *to, const uint8_t *three, const char *chars)
{
    uint32_t bits = (uint32_t)three[0] << 16 | (uint32_t)three[1] << 8 | three[2];
    for (size_t k = 0; k < 4; k++)
        to[k] = chars[bits >> (18 - 6 * k) & 63];
}

static void encode64(struct buf *out, struct str in, enum variant v)
{
    size_t whole = in.n / 3, left = in.n % 3, end = left == 0 ? 0 : v == URL ? left + 1 : 4;
    char *to = in.n > 0 ? buf_reserve(out, 4 * whole + end) : NULL;
    if (to == NULL)
        return;
    for (size_t i = 0; i < whole; i++)
        put_four(to + 4 * i, (const uint8_t *)in.p + 3 * i, alphabet[v]);
    out->n += 4 * whole;
    if (left == 0)
        return;
    uint8_t last[3] = { 0 };
    char four[4];
    memcpy(last, in.p + 3 * whole, left);
    put_four(four, last, alphabet[v]);
    memset(four + left + 1, '=', 3 - left);
    buf_put(out, str_of(four, end));
}

void text_base64(struct buf *out, struct str in) { encode64(out, in, STANDARD); }
void text_base64url(struct buf *out, struct str in) { encode64(out, in, URL); }

static int value64(char c, enum variant v)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == alphabet[v][62] ? 62 : c == alphabet[v][63] ? 63 : -1;
}

/* One group of 2 to 4 digits. The bits that no byte takes must be zero: RFC 4648 section 3.5. */
static bool group64(struct buf *out, struct str in, enum variant v)
{
    uint32_t bits = 0;
    for (size_t k = 0; k < 4; k++) {
        int d = k < in.n ? value64(in.p[k], v) : 0;
        if (d < 0)
            return false;
        bits = bits << 6 | (uint32_t)d;
    }
    if (in.n < 2 || (in.n == 2 && bits & 0xffff) || (in.n == 3 && bits & 0xff))
        return false;
    char three[3] = { (char)(bits >> 16), (char)(bits >> 8), (char)bits };
    buf_put(out, str_of(three, in.n - 1));
    return true;
}

static enum err decode64(struct buf *out, struct str in, enum variant v)
{
    size_t start = out->n;
    for (; in.n; in = str_from(in, 4))
        if (!group64(out, str_sub(in, 0, 4), v)) {
            out->n = start;
            return ERR_BAD;
        }
    return out->failed ? ERR_FULL : OK;
}

enum err text_unbase64(struct buf *out, struct str in)
{
    if (in.n % 4)
        return ERR_BAD;
    for (int pads = 0; pads < 2 && in.n && in.p[in.n - 1] == '='; pads++)
        in.n--;
    return decode64(out, in, STANDARD);
}

enum err text_unbase64url(struct buf *out, struct str in) { return decode64(out, in, URL); }

/* What stands in a JSON string as it is. The rest of ASCII is escaped: by the grammar, or because it would end a script
 * element. */
static const bool json_plain[256] = {
    [' ' ... '!'] = true, ['#' ... '%'] = true, ['\'' ... ';'] = true,
    ['='] = true,         ['?' ... '['] = true, [']' ... '~'] = true,
};

static void json_char(struct buf *out, uint32_t cp, struct str raw)
{
    static const char short_for[] = "\"\"\\\\\bb\ff\nn\rr\tt";
    for (size_t i = 0; cp < 0x7f && i < sizeof short_for - 1; i += 2)
        if (cp == (uint32_t)short_for[i]) {
            buf_putc(out, '\\');
            buf_putc(out, short_for[i + 1]);
            return;
        }
    /* Before ES2019 the last two would end a line of script. */
    if (cp <= 0x7f || cp == 0x2028 || cp == 0x2029)
        buf_printf(out, "\\u%04x", cp);
    else
        buf_put(out, raw);
}

void text_json(struct buf *out, struct str s)
{
    buf_putc(out, '"');
    while (s.n) {
        size_t plain = 0; /* most of it is copied as it is */
        while (plain < s.n && json_plain[(unsigned char)s.p[plain]])
            plain++;
        buf_put(out, str_sub(s, 0, plain));
        s = str_from(s, plain);
        uint32_t cp;
        size_t n = utf8_next(s, &cp);
        if (n)
            json_char(out, cp, str_sub(s, 0, n));
        else
            utf8_scrub(out, str_sub(s, 0, n = utf8_ill_formed(s)));
        s = str_from(s, n);
    }
    buf_putc(out, '"');
}

void text_html(struct buf *out, struct str s)
{
    static const struct {
        char c;
        struct str as;
    } escapes[] = { { '&', STR("&amp;") },
                    { '<', STR("&lt;") },
                    { '>', STR("&gt;") },
                    { '"', STR("&quot;") },
                    { '\'', STR("&#39;") } };
    for (size_t i = 0; i < s.n; i++) {
        size_t e = 0;
        while (e < COUNT(escapes) && escapes[e].c != s.p[i])
            e++;
        buf_put(out, e < COUNT(escapes) ? escapes[e].as : str_sub(s, i, 1));
    }
}

enum err text_percent_decode(struct buf *out, struct str in, bool plus)
{
    size_t start = out->n;
    for (size_t i = 0; i < in.n; i++) {
        char c = in.p[i];
        if (c == '%') {
            int hi = in.n - i > 2 ? hex_value(in.p[i + 1]) : -1, lo = in.n - i > 2 ? hex_value(in.p[i + 2]) : -1;
            if (hi < 0 || lo < 0) {
                out->n = start;
                return ERR_BAD;
            }
            c = (char)(hi << 4 | lo);
            i += 2;
        } else if (c == '+' && plus)
            c = ' ';
        buf_putc(out, c);
    }
    return out->failed ? ERR_FULL : OK;
}
