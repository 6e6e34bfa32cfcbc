/* Text is a view: pointer and length, borrowed, nothing after it (STYLE 5). All functions take any bytes, NUL included;
 * case folding is ASCII only. A view with n == 0 may have p == NULL. */
#pragma once
#include "base/util.h"
#include <string.h>

struct str {
    const char *p;
    size_t n;
};

#define STR(lit)                                                                                                       \
    {                                                                                                                  \
        (lit), sizeof(lit) - 1                                                                                         \
    }                                 /* initialiser in static tables */
#define S(lit) ((struct str)STR(lit)) /* the same as an expression */
#define STR_NONE SIZE_MAX             /* "not found" from the look-ups below */
#define STR_FMT(s) (int)(s).n, (s).p  /* for "%.*s", only where n is known to be small */

struct str str_c(const char *zero_terminated); /* NULL gives an empty view */
static inline struct str str_of(const void *p, size_t n) { return (struct str){ p, n }; }
static inline bool str_empty(struct str s) { return s.n == 0; }
/* Inline, with some others below: they are in every parser's inner loop, and mostly decided by lengths. */
static inline bool str_eq(struct str a, struct str b) { return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0); }
bool str_same_nocase(const char *a, const char *b, size_t n); /* what is behind the next */
static inline bool str_eq_nocase(struct str a, struct str b) { return a.n == b.n && str_same_nocase(a.p, b.p, a.n); }
int str_cmp(struct str a, struct str b); /* memcmp order, shorter first */
static inline bool str_starts(struct str s, struct str prefix)
{
    return s.n >= prefix.n && (prefix.n == 0 || memcmp(s.p, prefix.p, prefix.n) == 0);
}
bool str_starts_nocase(struct str s, struct str prefix);
static inline bool str_ends(struct str s, struct str suffix)
{
    return s.n >= suffix.n && (suffix.n == 0 || memcmp(s.p + (s.n - suffix.n), suffix.p, suffix.n) == 0);
}
bool str_ends_nocase(struct str s, struct str suffix);
static inline size_t str_chr(struct str s, char c) /* first index or STR_NONE */
{
    const char *hit = s.n ? (const char *)memchr(s.p, c, s.n) : NULL;
    return hit ? (size_t)(hit - s.p) : STR_NONE;
}
size_t str_rchr(struct str s, char c);                   /* last index or STR_NONE */
size_t str_find(struct str s, struct str needle);        /* linear time (memmem); empty needle is found at 0 */
size_t str_find_nocase(struct str s, struct str needle); /* linear for the short needles we use; O(n * needle) bound */
/* s[i..], i clamped to n */
static inline struct str str_from(struct str s, size_t i)
{
    i = MIN(i, s.n);
    return i ? (struct str){ s.p + i, s.n - i } : s;
}
/* s[i..i+n), both clamped */
static inline struct str str_sub(struct str s, size_t i, size_t n)
{
    s = str_from(s, i);
    return (struct str){ s.p, MIN(n, s.n) };
}
struct str str_trim(struct str s); /* SP, TAB, CR, LF off both ends */
/* The part before the first sep; *rest is what follows it, or empty when there is none. rest may alias &s's variable.
 */
struct str str_cut(struct str s, char sep, struct str *rest);
/* Next word separated by spaces or tabs; *rest begins after it, leading blanks removed. */
struct str str_word(struct str s, struct str *rest);
/* One line without its CRLF or LF; *rest after it. */
struct str str_line(struct str s, struct str *rest);
/* Whole view must be decimal digits without sign; false on empty, junk or overflow, *out untouched then. */
bool str_to_u64(struct str s, uint64_t *out);
bool str_to_u32(struct str s, uint32_t *out);
/* "10m", "24h", "7d", "90s", or bare seconds; result in ms. False on junk or overflow. */
bool str_to_duration_ms(struct str s, int64_t *out);
/* "25M", "64K", "1G" (powers of 1024) or bare octets. */
bool str_to_bytes(struct str s, uint64_t *out);
static inline char char_lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c; } /* ASCII */
