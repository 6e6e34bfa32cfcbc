/* Views over bytes from anywhere. Every look-up is linear, and an empty view never reaches libc, whose mem*() may not
 * be given NULL. */
#include "base/str.h"
#include <string.h>

static bool is_blank(char c) { return c == ' ' || c == '\t'; }
static bool is_space(char c) { return is_blank(c) || c == '\r' || c == '\n'; }

struct str str_c(const char *zero_terminated)
{
    return (struct str){ zero_terminated, zero_terminated ? strlen(zero_terminated) : 0 };
}

bool str_same_nocase(const char *a, const char *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (a[i] != b[i] && char_lower(a[i]) != char_lower(b[i]))
            return false;
    return true;
}

int str_cmp(struct str a, struct str b)
{
    size_t n = MIN(a.n, b.n);
    int order = n ? memcmp(a.p, b.p, n) : 0;
    return order ? order : (a.n > b.n) - (a.n < b.n);
}

bool str_starts_nocase(struct str s, struct str prefix) { return str_eq_nocase(str_sub(s, 0, prefix.n), prefix); }
bool str_ends_nocase(struct str s, struct str suffix)
{
    return s.n >= suffix.n && str_eq_nocase(str_from(s, s.n - suffix.n), suffix);
}

size_t str_rchr(struct str s, char c)
{
    const char *hit = s.n ? memrchr(s.p, c, s.n) : NULL;
    return hit ? (size_t)(hit - s.p) : STR_NONE;
}

size_t str_find(struct str s, struct str needle)
{
    if (needle.n == 0)
        return 0;
    const char *hit = s.n ? memmem(s.p, s.n, needle.p, needle.n) : NULL;
    return hit ? (size_t)(hit - s.p) : STR_NONE;
}

size_t str_find_nocase(struct str s, struct str needle)
{
    if (needle.n == 0)
        return 0;
    char first = char_lower(needle.p[0]);
    for (size_t i = 0; needle.n <= s.n && i <= s.n - needle.n; i++)
        if (char_lower(s.p[i]) == first && str_same_nocase(s.p + i, needle.p, needle.n))
            return i;
    return STR_NONE;
}

struct str str_trim(struct str s)
{
    while (s.n && is_space(s.p[0]))
        s = str_from(s, 1);
    while (s.n && is_space(s.p[s.n - 1]))
        s.n--;
    return s;
}

struct str str_cut(struct str s, char sep, struct str *rest)
{
    size_t i = str_chr(s, sep);
    *rest = i == STR_NONE ? str_from(s, s.n) : str_from(s, i + 1);
    return str_sub(s, 0, i);
}

struct str str_word(struct str s, struct str *rest)
{
    while (s.n && is_blank(s.p[0]))
        s = str_from(s, 1);
    size_t n = 0;
    while (n < s.n && !is_blank(s.p[n]))
        n++;
    struct str word = str_sub(s, 0, n);
    s = str_from(s, n);
    while (s.n && is_blank(s.p[0]))
        s = str_from(s, 1);
    *rest = s;
    return word;
}

struct str str_line(struct str s, struct str *rest)
{
    size_t lf = str_chr(s, '\n');
    *rest = str_from(s, lf == STR_NONE ? s.n : lf + 1);
    struct str line = str_sub(s, 0, lf);
    if (lf != STR_NONE && line.n && line.p[line.n - 1] == '\r')
        line.n--;
    return line;
}

bool str_to_u64(struct str s, uint64_t *out)
{
    uint64_t v = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9' || __builtin_mul_overflow(v, 10u, &v) ||
            __builtin_add_overflow(v, (unsigned)(s.p[i] - '0'), &v))
            return false;
    }
    if (s.n == 0)
        return false;
    *out = v;
    return true;
}

bool str_to_u32(struct str s, uint32_t *out)
{
    uint64_t v;
    if (!str_to_u64(s, &v) || v > UINT32_MAX)
        return false;
    *out = (uint32_t)v;
    return true;
}

/* A number and at most one letter of units behind it; no letter stands for 1 of fallback. */
static bool scaled(struct str s, const char *units, const uint64_t *factors, uint64_t fallback, uint64_t *out)
{
    uint64_t v, factor = fallback;
    const char *unit = s.n ? memchr(units, char_lower(s.p[s.n - 1]), strlen(units)) : NULL;
    if (unit) {
        factor = factors[unit - units];
        s.n--;
    }
    return str_to_u64(s, &v) && !__builtin_mul_overflow(v, factor, out);
}

bool str_to_duration_ms(struct str s, int64_t *out)
{
    static const uint64_t ms[] = { 1000, 60000, 3600000, 86400000 };
    uint64_t v;
    if (!scaled(s, "smhd", ms, 1000, &v) || v > INT64_MAX)
        return false;
    *out = (int64_t)v;
    return true;
}

bool str_to_bytes(struct str s, uint64_t *out)
{
    static const uint64_t bytes[] = { 1u << 10, 1u << 20, 1u << 30 };
    uint64_t v;
    if (!scaled(s, "kmg", bytes, 1, &v))
        return false;
    *out = v;
    return true;
}
