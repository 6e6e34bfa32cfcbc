/* One mailbox to the letter of RFC 5321 section 4.1.2 with RFC 6531's UTF-8, and the SMTP path around it. Comments,
 * folds and obsolete forms belong to header fields and are refused here. */
#include "wire/addr.h"
#include "wire/deceptive.h"
#include "wire/domain.h"

/* atext of RFC 5322 section 3.2.3; what is not ASCII is looked at as a whole by deceptive_text(). */
static bool is_atext(char c)
{
    static const bool set[128] = {
        ['!'] = 1, ['#'] = 1, ['$'] = 1, ['%'] = 1,         ['&'] = 1,         ['\''] = 1,        ['*'] = 1, ['+'] = 1,
        ['-'] = 1, ['/'] = 1, ['='] = 1, ['?'] = 1,         ['^'] = 1,         ['_'] = 1,         ['`'] = 1, ['{'] = 1,
        ['|'] = 1, ['}'] = 1, ['~'] = 1, ['0' ... '9'] = 1, ['A' ... 'Z'] = 1, ['a' ... 'z'] = 1,
    };
    return (unsigned char)c >= 128 || set[(unsigned char)c];
}

/* How many octets of s are a dot-string; 0 when it begins with none or has an empty atom. */
static size_t dot_string(struct str s)
{
    size_t i = 0, atom = 0;
    for (; i < s.n; i++) {
        if (s.p[i] == '.') {
            if (atom == 0)
                return 0;
            atom = 0;
        } else if (is_atext(s.p[i])) {
            atom++;
        } else {
            break;
        }
    }
    return atom > 0 ? i : 0;
}

/* The same for a quoted string with both its quotes; qtextSMTP is printable ASCII but quote and backslash. */
static size_t quoted_string(struct str s)
{
    for (size_t i = 1; i < s.n && s.p[0] == '"'; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c == '"')
            return i + 1;
        if (c == '\\' && ++i < s.n &&
            s.p[i] & 0x80) /* RFC 6531 section 3.3 lets UTF-8 in, but not behind a backslash */
            return 0;
        if (i == s.n || (unsigned char)s.p[i] < 32 || s.p[i] == 127)
            return 0;
    }
    return 0;
}

static bool is_ipv4(struct str s)
{
    for (int part = 0; part < 4; part++) {
        uint32_t v;
        struct str octet = part < 3 ? str_cut(s, '.', &s) : s;
        if (octet.n > 3 || !str_to_u32(octet, &v) || v > 255)
            return false;
    }
    return true;
}

static bool is_group(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = char_lower(s.p[i]);
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
            return false;
    }
    return s.n >= 1 && s.n <= 4;
}

/* RFC 5321 section 4.1.3: eight groups, or "::" for two groups of zeros or more; an IPv4 tail counts two groups. */
static bool is_ipv6(struct str s)
{
    int groups = 0;
    bool gap = str_starts(s, S("::"));
    if (gap && (s = str_from(s, 2)).n == 0)
        return true;
    for (;;) {
        size_t colon = str_chr(s, ':');
        struct str word = str_sub(s, 0, colon);
        if (colon == STR_NONE && is_ipv4(word)) {
            groups += 2;
            break;
        }
        if (!is_group(word))
            return false;
        groups++;
        if (colon == STR_NONE)
            break;
        s = str_from(s, colon + 1);
        if (s.n == 0)
            return false;
        if (s.p[0] == ':') {
            if (gap)
                return false;
            gap = true;
            s = str_from(s, 1);
            if (s.n == 0)
                break;
        }
    }
    return gap ? groups <= 6 : groups == 8;
}

/* A general literal needs a registered tag (RFC 5321 section 4.1.3), and there is none but IPv6. */
static bool is_literal(struct str s)
{
    if (s.n < 2 || s.p[0] != '[' || s.p[s.n - 1] != ']')
        return false;
    s = str_sub(s, 1, s.n - 2);
    return str_starts_nocase(s, S("IPv6:")) ? is_ipv6(str_from(s, 5)) : is_ipv4(s);
}

static bool has_8bit(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] & 0x80)
            return true;
    return false;
}

/* local is local_n octets of in, an '@' and the domain follow. */
static bool mailbox(struct str in, size_t local_n, struct addr *out)
{
    struct addr a = { .text = in, .local = str_sub(in, 0, local_n), .domain = str_from(in, local_n + 1) };
    a.quoted = a.local.p[0] == '"';
    a.literal = a.domain.n > 0 && a.domain.p[0] == '[';
    a.utf8 = has_8bit(in);
    if (local_n > LIMIT_LOCAL || in.n > LIMIT_ADDR || (a.utf8 && deceptive_text(in)))
        return false;
    if (a.literal ? !is_literal(a.domain) : !domain_valid_utf8(a.domain))
        return false;
    *out = a;
    return true;
}

static size_t local_part(struct str s) { return s.n > 0 && s.p[0] == '"' ? quoted_string(s) : dot_string(s); }

enum err addr_parse(struct str in, struct addr *out)
{
    size_t n = local_part(in);
    return n > 0 && n < in.n && in.p[n] == '@' && mailbox(in, n, out) ? OK : ERR_BAD;
}

/* "@a,@b:" in front of the mailbox; false when it begins like one and is none. */
static bool skip_route(struct str *s, bool *route)
{
    *route = s->n > 0 && s->p[0] == '@';
    if (!*route)
        return true;
    size_t colon = str_chr(*s, ':');
    struct str hops = str_sub(*s, 0, colon);
    *s = colon == STR_NONE ? S("") : str_from(*s, colon + 1);
    while (hops.n > 0) {
        struct str hop = str_cut(hops, ',', &hops);
        if (hop.n < 2 || hop.p[0] != '@' || !domain_valid_utf8(str_from(hop, 1)))
            return false;
    }
    return s->n > 0;
}

/* Where the path's '>' is: not within quotes. */
static size_t path_end(struct str s)
{
    bool quoted = false;
    for (size_t i = 0; i < s.n; i++) {
        if (quoted && s.p[i] == '\\')
            i++;
        else if (s.p[i] == '"')
            quoted = !quoted;
        else if (s.p[i] == '>' && !quoted)
            return i;
    }
    return STR_NONE;
}

enum err addr_path(struct str in, struct addr *out, struct str *rest)
{
    while (in.n > 0 && (in.p[0] == ' ' || in.p[0] == '\t'))
        in = str_from(in, 1);
    size_t end = path_end(in);
    if (in.n == 0 || in.p[0] != '<' || end == STR_NONE)
        return ERR_BAD;
    struct str path = str_sub(in, 1, end - 1);
    struct addr a = { .text = str_sub(path, 0, 0) };
    bool route;
    if (str_eq_nocase(path, S("postmaster"))) /* RFC 5321 section 4.1.1.3 */
        a.text = a.local = path;
    else if (path.n > 0 && (!skip_route(&path, &route) || addr_parse(path, &a) != OK))
        return ERR_BAD;
    else
        a.route = path.n > 0 && route;
    *out = a;
    *rest = str_from(in, end + 1);
    return OK;
}

void addr_local(struct buf *out, const struct addr *a)
{
    struct str s = a->quoted ? str_sub(a->local, 1, a->local.n - 2) : a->local;
    for (size_t i = 0; i < s.n; i++) {
        i += a->quoted && s.p[i] == '\\';
        buf_putc(out, s.p[i]);
    }
}

enum err addr_normalize(struct buf *out, const struct addr *a, struct str *tag)
{
    AUTO_BUF struct buf local = { .max = LIMIT_LOCAL };
    addr_local(&local, a);
    struct str name = buf_str(&local);
    if (a->literal || a->domain.n == 0 || has_8bit(name) || name.n == 0 || dot_string(name) != name.n)
        return ERR_BAD;
    size_t plus = str_chr(name, '+'), at = str_chr(a->local, '+');
    if (plus == 0) /* nothing but a tag */
        return ERR_BAD;
    if (plus != STR_NONE)
        name.n = plus;
    if (dot_string(name) != name.n) /* "a.+b" */
        return ERR_BAD;
    size_t had = out->n;
    for (size_t i = 0; i < name.n; i++)
        buf_putc(out, char_lower(name.p[i]));
    buf_putc(out, '@');
    enum err e = domain_to_ascii(out, a->domain);
    if (e != OK || out->failed) {
        out->n = had;
        return e != OK ? e : ERR_FULL;
    }
    if (tag != NULL)
        *tag = at == STR_NONE ? (struct str){ NULL, 0 } : str_sub(a->local, at + 1, a->local.n - at - 1 - a->quoted);
    return OK;
}

enum err addr_key(struct buf *out, struct str in)
{
    struct addr a;
    enum err e = addr_parse(in, &a);
    return e == OK ? addr_normalize(out, &a, NULL) : e;
}

enum err addr_other_key(struct buf *out, struct str in)
{
    struct addr a;
    if (addr_parse(in, &a) != OK || a.literal || a.domain.n == 0)
        return ERR_BAD;
    size_t at = out->n;
    addr_local(out, &a);
    for (size_t i = at; i < out->n; i++)
        out->p[i] = char_lower(out->p[i]);
    buf_putc(out, '@');
    enum err e = domain_to_ascii(out, a.domain);
    return e == OK && out->failed ? ERR_BAD : e;
}
