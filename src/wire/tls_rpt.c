/* Section 3: commas, semicolons and exclamation marks within a URI are percent-coded, so the list is cut first. */
#include "wire/tls_rpt.h"
#include "base/buf.h"
#include "base/text.h"
#include "wire/addr.h"
#include "wire/domain.h"
#include "wire/tags.h"

enum { HTTPS_PORT = 443 };

static enum err keep(struct arena *a, struct str s, struct str *out)
{
    *out = arena_dup(a, s);
    return out->p ? OK : ERR_FULL;
}

/* RFC 6068: what stands behind '?' would be header fields, and they are ours. */
static enum err take_mail(struct arena *a, struct str rest, struct tls_rpt_uri *u)
{
    AUTO_BUF struct buf text = { .max = LIMIT_ADDR };
    struct addr got;
    struct str coded = str_cut(rest, '?', &rest);
    if (text_percent_decode(&text, coded, false) != OK || text.failed || addr_parse(buf_str(&text), &got) != OK ||
        got.literal)
        return ERR_BAD;
    u->kind = TLS_RPT_MAIL;
    return keep(a, buf_str(&text), &u->address);
}

/* RFC 3986 section 2: all of a URI is visible ASCII; some of that cannot be in one either. */
static bool is_uri_text(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= ' ' || s.p[i] > '~' || str_chr(S("\"<>\\^`{|}"), s.p[i]) != STR_NONE)
            return false;
    return true;
}

static bool take_port(struct str text, uint16_t *port)
{
    uint32_t n;
    if (text.n == 0) {
        *port = HTTPS_PORT;
        return true;
    }
    if (!str_to_u32(text, &n) || n == 0 || n > UINT16_MAX)
        return false;
    *port = (uint16_t)n;
    return true;
}

/* "//host:port/path?query"; no name and password, no address, and what stands behind '#' is nothing that is sent. */
static enum err take_https(struct arena *a, struct str rest, struct tls_rpt_uri *u)
{
    AUTO_BUF struct buf host = { .max = LIMIT_DOMAIN };
    struct str port, fragment;
    if (!str_starts(rest, S("//")) || !is_uri_text(rest))
        return ERR_BAD;
    rest = str_cut(str_from(rest, 2), '#', &fragment);
    size_t n = 0;
    while (n < rest.n && rest.p[n] != '/' && rest.p[n] != '?')
        n++;
    struct str name = str_cut(str_sub(rest, 0, n), ':', &port), path = str_from(rest, n);
    if (!domain_is_name(name) || domain_to_ascii(&host, name) != OK || host.failed || !take_port(port, &u->port))
        return ERR_BAD;
    u->kind = TLS_RPT_HTTPS;
    u->path = arena_printf(a, "%s%.*s", str_starts(path, S("/")) ? "" : "/", STR_FMT(path));
    return u->path.p ? keep(a, buf_str(&host), &u->host) : ERR_FULL;
}

static enum err take_uri(struct arena *a, struct str uri, struct tls_rpt_uri *u)
{
    struct str rest, scheme = str_cut(uri, ':', &rest);
    if (uri.n > LIMIT_TLS_RPT_URI)
        return ERR_BAD;
    if (str_eq_nocase(scheme, S("mailto")))
        return take_mail(a, rest, u);
    return str_eq_nocase(scheme, S("https")) ? take_https(a, rest, u) : ERR_BAD;
}

enum err tls_rpt_parse(struct arena *a, struct str txt, struct tls_rpt *out)
{
    struct tags t;
    struct tls_rpt got = { .n = 0 };
    struct str rest, version = str_trim(str_cut(txt, ';', &rest));
    if (!str_eq(version, S("v=TLSRPTv1")))
        return ERR_GONE;
    tags_parse_loose(rest, &t);
    for (rest = tags_get(&t, S("rua")); rest.n > 0 && got.n < LIMIT_TLS_RPT_URIS;) {
        struct tls_rpt_uri u = { .port = 0 };
        enum err e = take_uri(a, str_trim(str_cut(rest, ',', &rest)), &u);
        if (e == ERR_FULL)
            return e;
        if (e == OK)
            got.v[got.n++] = u;
    }
    if (got.n == 0)
        return ERR_BAD;
    *out = got;
    return OK;
}
