/* Every value is checked here, at start, so that nothing later meets an address or a network it cannot use. */
#include "app/config_value.h"
#include "io/dial.h"
#include "serve/network.h"
#include "wire/addr.h"
#include "wire/ip.h"
#include <arpa/inet.h>
#include <string.h>

enum { LIST_MAX = 1000, VALUE_MAX = 4096 };

static void *field(struct config *c, const struct setting *s) { return (char *)c + s->at; }

static const char *copy_host(struct str host, char out[INET6_ADDRSTRLEN])
{
    if (host.n == 0 || host.n >= INET6_ADDRSTRLEN)
        return "not an IP address";
    memcpy(out, host.p, host.n);
    out[host.n] = 0;
    return NULL;
}

/* 127.0.0.1:25 or [::1]:25 */
static const char *check_endpoint(struct str s)
{
    char host[INET6_ADDRSTRLEN];
    unsigned char bin[16];
    uint32_t port;
    size_t colon = str_rchr(s, ':');
    if (colon == STR_NONE || !str_to_u32(str_from(s, colon + 1), &port) || port > 65535)
        return "must be address:port";
    struct str name = str_sub(s, 0, colon);
    bool six = name.n >= 2 && name.p[0] == '[' && name.p[name.n - 1] == ']';
    if (six)
        name = str_sub(name, 1, name.n - 2);
    const char *bad = copy_host(name, host);
    if (bad)
        return bad;
    return inet_pton(six ? AF_INET6 : AF_INET, host, bin) == 1 ? NULL : "not an IP address (IPv6 goes in brackets)";
}

/* 10.0.0.0/8, fd00::/8, or one address */
static const char *check_net(struct str s)
{
    struct network net;
    return network_parse(s, &net) == OK ? NULL
                                        : "not an IP network like 192.0.2.0/24, with nothing set behind its prefix";
}

/* Letters, digits, hyphens and one more octet between dots. */
static const char *check_labels(struct str s, char more)
{
    if (s.n == 0 || s.n > 253)
        return "not a host name";
    for (struct str rest = s; rest.n > 0;) {
        struct str label = str_cut(rest, '.', &rest);
        if (label.n == 0 || label.n > 63 || label.p[0] == '-' || label.p[label.n - 1] == '-')
            return "not a host name";
        for (size_t i = 0; i < label.n; i++) {
            char ch = char_lower(label.p[i]);
            if (!((ch >= 'a' && ch <= 'z') || (ch >= '0' && ch <= '9') || ch == '-' || ch == more))
                return "not a host name (write an IDN in its xn-- form)";
        }
    }
    return s.p[s.n - 1] == '.' ? "not a host name: no dot at the end" : NULL;
}

/* RFC 1123 section 2.1 (IDNs as xn--…). */
const char *config_value_name(struct str s)
{
    struct ip ip;
    return ip_parse(s, &ip) == OK ? "an address is no host name" : check_labels(s, '-');
}

/* Names of closed networks may have an underscore; digits and dots alone are an address that is none. */
static const char *check_host(struct str s)
{
    struct ip ip;
    size_t digits = 0;
    while (digits < s.n && ((s.p[digits] >= '0' && s.p[digits] <= '9') || s.p[digits] == '.'))
        digits++;
    if (str_empty(s) || ip_parse(s, &ip) == OK || (digits < s.n && check_labels(s, '_') == NULL))
        return NULL;
    return "neither a host name nor an address (a port has a setting of its own)";
}

static const char *check_origin(struct str s)
{
    size_t cut = str_starts(s, S("https://")) ? 8 : str_starts(s, S("http://")) ? 7 : 0;
    if (!cut || s.n == cut || str_chr(str_from(s, cut), '/') != STR_NONE || str_chr(s, '*') != STR_NONE)
        return "must be an origin like https://example.com, without a path";
    return NULL;
}

static const char *check_neighbour(struct str s)
{
    struct dial_to to;
    return str_empty(s) || dial_parse(s, &to) == OK ? NULL : "must be a Unix socket's path or address:port";
}

static const char *check_ip(struct str s, bool six)
{
    struct ip ip;
    if (str_empty(s) || (ip_parse(s, &ip) == OK && ip.six == six))
        return NULL;
    return six ? "not an IPv6 address" : "not an IPv4 address";
}

static const char *check_mailbox(struct str s)
{
    struct addr a;
    return str_empty(s) || addr_parse(s, &a) == OK ? NULL : "not a mail address like postmaster@example.com";
}

/* An empty one is none; where one is needed, its row says so. */
static const char *check_path(struct config *c, const struct setting *s, struct str v)
{
    if ((int64_t)v.n < s->min)
        return "must not be empty";
    if (s->max && (int64_t)v.n > s->max)
        return arena_printf(&c->arena, "too long: at most %lld octets", (long long)s->max).p;
    return NULL;
}

static const char *check_text(struct config *c, const struct setting *s, struct str v)
{
    if (s->type == SET_PATH)
        return check_path(c, s, v);
    if (s->type == SET_IPV4 || s->type == SET_IPV6)
        return check_ip(v, s->type == SET_IPV6);
    if (s->type == SET_MAILBOX)
        return check_mailbox(v);
    if (s->type == SET_HOST)
        return check_host(v);
    return s->type == SET_NAME ? config_value_name(v) : s->type == SET_NEIGHBOUR ? check_neighbour(v) : NULL;
}

static const char *set_text(struct config *c, const struct setting *s, struct str v)
{
    if (memchr(v.p ? v.p : "", 0, v.n))
        return "has a NUL in it";
    struct str kept = arena_dup(&c->arena, v);
    if (!kept.p)
        return "too long";
    *(struct str *)field(c, s) = kept;
    return check_text(c, s, v);
}

static const char *check_item(enum setting_type type, struct str v)
{
    if (type == SET_LISTEN || type == SET_ENDPOINTS)
        return check_endpoint(v);
    if (type == SET_NETS)
        return check_net(v);
    return type == SET_NAMES ? config_value_name(v) : check_origin(v);
}

static void lower(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        ((char *)(uintptr_t)s.p)[i] = char_lower(s.p[i]);
}

static const char *set_list(struct config *c, const struct setting *s, const struct str *values, size_t n)
{
    size_t most = s->max ? (size_t)s->max : LIST_MAX;
    struct config_list list = { .v = arena_array(&c->arena, most, sizeof(struct str)) };
    for (size_t i = 0; i < n && list.v; i++) {
        for (struct str rest = values[i]; rest.n > 0;) {
            struct str item = str_trim(str_cut(rest, ',', &rest));
            if (item.n == 0 && str_trim(values[i]).n > 0)
                return "a comma too many";
            if (item.n == 0)
                continue;
            const char *bad = check_item(s->type, item);
            if (bad)
                return arena_printf(&c->arena, "\"%.*s\": %s", STR_FMT(item), bad).p;
            struct str kept = arena_dup(&c->arena, item);
            if (!kept.p || list.n == most)
                return arena_printf(&c->arena, "too many: at most %zu", most).p;
            lower(kept); /* names, hex digits, schemes: case means nothing in any of them */
            list.v[list.n++] = kept;
        }
    }
    *(struct config_list *)field(c, s) = list;
    return (int64_t)list.n < s->min ? "needs at least one" : NULL;
}

/* "too large: at most 10m", as one would write it. */
static const char *out_of_range(struct config *c, const struct setting *s, bool low)
{
    static const struct {
        int64_t of;
        const char *name;
    } units[] = { { 86400000, "d" }, { 3600000, "h" }, { 60000, "m" },  { 1000, "s" },
                  { 1 << 30, "G" },  { 1 << 20, "M" }, { 1 << 10, "K" } };
    enum { TIMES = 4 };
    int64_t n = low ? s->min : s->max;
    const char *unit = "";
    size_t first = s->type == SET_MS ? 0 : TIMES, end = s->type == SET_MS ? TIMES : COUNT(units);
    for (size_t i = first; i < end && s->type != SET_INT && !*unit && n > 0; i++)
        if (n % units[i].of == 0) {
            n /= units[i].of;
            unit = units[i].name;
        }
    return arena_printf(&c->arena, "%s %lld%s", low ? "too small: at least" : "too large: at most", (long long)n, unit)
        .p;
}

static const char *set_number(struct config *c, const struct setting *s, struct str v)
{
    int64_t n;
    uint64_t u;
    if (s->type == SET_MS      ? !str_to_duration_ms(v, &n)
        : s->type == SET_BYTES ? !str_to_bytes(v, &u)
                               : !str_to_u64(v, &u))
        return s->type == SET_MS      ? "not a duration like 90s, 10m, 24h or 7d"
               : s->type == SET_BYTES ? "not a size like 64K, 25M or 1G"
                                      : "not a number";
    if (s->type != SET_MS)
        n = u > INT64_MAX ? INT64_MAX : (int64_t)u;
    if (n < s->min || (s->max && n > s->max))
        return out_of_range(c, s, n < s->min);
    if (s->type == SET_BYTES)
        *(uint64_t *)field(c, s) = (uint64_t)n;
    else
        *(int64_t *)field(c, s) = n;
    return NULL;
}

static const char *set_bool(struct config *c, const struct setting *s, struct str v)
{
    bool yes = str_eq(v, S("true")) || str_eq(v, S("yes")) || str_eq(v, S("on")) || str_eq(v, S("1"));
    bool no = str_eq(v, S("false")) || str_eq(v, S("no")) || str_eq(v, S("off")) || str_eq(v, S("0"));
    if (!yes && !no)
        return "must be true or false";
    *(bool *)field(c, s) = yes;
    return NULL;
}

static const char *set_enum(struct config *c, const struct setting *s, struct str v)
{
    int64_t i = 0;
    for (struct str rest = str_c(s->choice); rest.n > 0; i++)
        if (str_eq(str_word(rest, &rest), v)) {
            *(int64_t *)field(c, s) = i;
            return NULL;
        }
    if (str_eq(str_c(s->name), S("store.backend")) && str_eq(v, S("redis")))
        return "redis is not built yet; embedded is";
    return arena_printf(&c->arena, "must be one of: %s", s->choice).p;
}

const char *config_value_set(struct config *c, size_t row, const struct str *values, size_t n)
{
    const struct setting *s = &settings[row];
    for (size_t i = 0; i < n; i++)
        if (values[i].n > VALUE_MAX)
            return "too long";
    if (n != 1 && !setting_is_list(s))
        return "takes one value";
    switch (s->type) {
    case SET_STR:
    case SET_PATH:
    case SET_NAME:
    case SET_HOST:
    case SET_NEIGHBOUR:
    case SET_IPV4:
    case SET_IPV6:
    case SET_MAILBOX:
        return set_text(c, s, values[0]);
    case SET_NAMES:
    case SET_ORIGINS:
    case SET_LISTEN:
    case SET_NETS:
    case SET_ENDPOINTS:
        return set_list(c, s, values, n);
    case SET_BYTES:
    case SET_MS:
    case SET_INT:
        return set_number(c, s, values[0]);
    case SET_BOOL:
        return set_bool(c, s, values[0]);
    case SET_ENUM:
        return set_enum(c, s, values[0]);
    case SET_LATER:
        return "not built yet in this version";
    }
    return "unknown type";
}
