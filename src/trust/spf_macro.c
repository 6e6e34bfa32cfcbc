#include "trust/spf_macro.h"
#include "wire/dns_rr.h"

enum { PARTS_MAX = 128, VALUE_MAX = 1024 }; /* a name of 253 octets has 127 labels at most */

struct macro {
    char letter; /* lower-case; or what follows '%' alone: '%', '_' or '-' */
    bool escape; /* the letter was in upper case */
    bool reverse;
    uint32_t keep; /* right-hand parts; 0: all */
    struct str delimiters;
};

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* "{d2r-}": what follows a '%' up to the brace. */
static bool parse_braces(struct str s, struct macro *out)
{
    struct macro m = { .letter = s.n ? char_lower(s.p[0]) : 0, .delimiters = S(".") };
    if (s.n == 0 || str_chr(S("slodiphcrtv"), m.letter) == STR_NONE)
        return false;
    m.escape = s.p[0] != m.letter;
    size_t i = 1;
    while (i < s.n && is_digit(s.p[i]))
        i++;
    if (i > 1 && (!str_to_u32(str_sub(s, 1, MIN(i - 1, 9)), &m.keep) || m.keep == 0))
        return false;
    if (i < s.n && char_lower(s.p[i]) == 'r') {
        m.reverse = true;
        i++;
    }
    struct str delimiters = str_from(s, i);
    for (size_t k = 0; k < delimiters.n; k++)
        if (str_chr(S(".-+,/_="), delimiters.p[k]) == STR_NONE)
            return false;
    if (delimiters.n > 0)
        m.delimiters = delimiters;
    *out = m;
    return true;
}

/* The macro at the front of s, which begins with '%'; *used is its length. */
static bool parse_macro(struct str s, struct macro *out, size_t *used)
{
    char c = s.n > 1 ? s.p[1] : 0;
    *used = 2;
    if (c == '%' || c == '_' || c == '-') {
        *out = (struct macro){ .letter = c };
        return true;
    }
    size_t close = str_chr(s, '}');
    if (c != '{' || close == STR_NONE)
        return false;
    *used = close + 1;
    return parse_braces(str_sub(s, 2, close - 2), out);
}

bool spf_macro_valid(struct str text, enum spf_where where)
{
    while (text.n > 0) {
        struct macro m;
        size_t used = 1;
        if (text.p[0] != '%') {
            if (text.p[0] < (where == SPF_IN_TEXT ? 0x20 : 0x21) || text.p[0] > 0x7e)
                return false;
        } else if (!parse_macro(text, &m, &used) ||
                   (where == SPF_IN_DOMAIN && str_chr(S("crt"), m.letter) != STR_NONE)) {
            return false;
        }
        text = str_from(text, used);
    }
    return true;
}

/* Section 7.1: letters, digits and hyphens, no hyphen at either end, not all digits. */
static bool is_top_label(struct str s)
{
    bool all_digits = true;
    for (size_t i = 0; i < s.n; i++) {
        char c = char_lower(s.p[i]);
        if (!(c >= 'a' && c <= 'z') && !is_digit(c) && c != '-')
            return false;
        all_digits = all_digits && is_digit(c);
    }
    return s.n > 0 && !all_digits && s.p[0] != '-' && s.p[s.n - 1] != '-';
}

/* Where the last macro ends, and the literal rest begins. */
static size_t last_macro_end(struct str text)
{
    size_t end = 0;
    for (size_t i = 0; i < text.n;) {
        struct macro m;
        size_t used = 1;
        if (text.p[i] == '%' && parse_macro(str_from(text, i), &m, &used))
            end = i + used;
        i += used;
    }
    return end;
}

bool spf_domain_valid(struct str text)
{
    size_t end = last_macro_end(text);
    if (text.n == 0 || !spf_macro_valid(text, SPF_IN_DOMAIN))
        return false;
    if (end == text.n)
        return text.p[end - 1] == '}'; /* "%%" and its like are no domain-end */
    struct str tail = str_from(text, end);
    if (str_ends(tail, S(".")))
        tail.n--;
    size_t dot = str_rchr(tail, '.');
    return dot != STR_NONE && is_top_label(str_from(tail, dot + 1));
}

bool spf_macro_needs_name(struct str text)
{
    for (size_t i = 0; i < text.n;) {
        struct macro m;
        size_t used = 1;
        if (text.p[i] == '%' && parse_macro(str_from(text, i), &m, &used) && m.letter == 'p')
            return true;
        i += used;
    }
    return false;
}

/* ---- what a macro stands for ---- */
static void put_nibbles(struct buf *out, const struct ip *ip)
{
    for (size_t i = 0; i < 16; i++)
        buf_printf(out, "%s%X.%X", i ? "." : "", ip->b[i] >> 4, ip->b[i] & 15);
}

static void put_value(const struct spf_macros *m, char letter, struct buf *out)
{
    switch (letter) {
    case 's':
        buf_put(out, m->local);
        buf_putc(out, '@');
        buf_put(out, m->sender_domain);
        break;
    case 'l':
        buf_put(out, m->local);
        break;
    case 'o':
        buf_put(out, m->sender_domain);
        break;
    case 'd':
        buf_put(out, m->domain);
        break;
    case 'i':
        if (m->ip.six)
            put_nibbles(out, &m->ip);
        else
            ip_put(out, &m->ip);
        break;
    case 'c':
        ip_put(out, &m->ip);
        break;
    case 'p':
        buf_put(out, m->validated);
        break;
    case 'v':
        buf_puts(out, m->ip.six ? "ip6" : "in-addr");
        break;
    case 'h':
        buf_put(out, m->helo);
        break;
    case 'r':
        buf_put(out, m->receiver);
        break;
    case 't':
        buf_printf(out, "%lld", (long long)m->now_s);
        break;
    }
}

/* Section 7.3: split at the delimiters, reversed, the right-hand parts kept, joined by dots. */
static void put_parts(const struct macro *m, struct str value, struct buf *out)
{
    struct str part[PARTS_MAX];
    size_t n = 0;
    for (size_t begin = 0, i = 0; i <= value.n && n < PARTS_MAX; i++)
        if (i == value.n || str_chr(m->delimiters, value.p[i]) != STR_NONE) {
            part[n++] = str_sub(value, begin, i - begin);
            begin = i + 1;
        }
    size_t first = m->keep && m->keep < n ? n - m->keep : 0;
    for (size_t i = first; i < n; i++) {
        if (i > first)
            buf_putc(out, '.');
        buf_put(out, part[m->reverse ? n - 1 - i : i]);
    }
}

static void put_escaped(struct buf *out, struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = char_lower(s.p[i]);
        bool plain = (c >= 'a' && c <= 'z') || is_digit(c) || str_chr(S("-._~"), c) != STR_NONE;
        if (plain)
            buf_putc(out, s.p[i]);
        else
            buf_printf(out, "%%%02X", (unsigned char)s.p[i]);
    }
}

static void put_macro(const struct spf_macros *m, const struct macro *macro, struct buf *out)
{
    AUTO_BUF struct buf value = { .max = VALUE_MAX }, parts = { .max = VALUE_MAX };
    switch (macro->letter) {
    case '%':
        buf_putc(out, '%');
        return;
    case '_':
        buf_putc(out, ' ');
        return;
    case '-':
        buf_puts(out, "%20");
        return;
    }
    put_value(m, macro->letter, &value);
    put_parts(macro, buf_str(&value), &parts);
    if (macro->escape)
        put_escaped(out, buf_str(&parts));
    else
        buf_put(out, buf_str(&parts));
}

void spf_macro_expand(const struct spf_macros *m, struct str text, struct buf *out)
{
    for (size_t i = 0; i < text.n;) {
        struct macro macro;
        size_t used = 1;
        if (text.p[i] == '%' && parse_macro(str_from(text, i), &macro, &used)) {
            put_macro(m, &macro, out);
        } else {
            used = 1;
            buf_putc(out, text.p[i]);
        }
        i += used;
    }
}

void spf_domain_expand(const struct spf_macros *m, struct str text, struct buf *out)
{
    AUTO_BUF struct buf whole = { .max = 64 * 1024 };
    spf_macro_expand(m, text, &whole);
    struct str s = buf_str(&whole);
    if (str_ends(s, S(".")))
        s.n--;
    while (s.n > LIMIT_DNS_NAME && str_chr(s, '.') != STR_NONE)
        s = str_from(s, str_chr(s, '.') + 1);
    buf_put(out, s);
}
