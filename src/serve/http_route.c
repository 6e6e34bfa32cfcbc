/* Which row takes a request; and what may be read of it: query, form, token, origin. */
#include "base/text.h"
#include "serve/http_conn.h"
#include <stdlib.h>
#include <string.h>

enum err http_routes_make(struct http *h)
{
    for (size_t t = 0; t < h->o.tables_n; t++)
        h->routes_n += h->o.tables[t].n;
    h->routes = calloc(h->routes_n + 1, sizeof *h->routes);
    if (!h->routes)
        return ERR_IO;
    struct http_routed *to = h->routes;
    for (size_t t = 0; t < h->o.tables_n; t++)
        for (size_t i = 0; i < h->o.tables[t].n; i++, to++) {
            *to = (struct http_routed){ .route = &h->o.tables[t].routes[i], .table = &h->o.tables[t] };
            size_t brace = str_chr(to->route->path, '{');
            to->literal = brace == STR_NONE ? to->route->path.n : brace;
        }
    return OK;
}

/* Segment by segment from the first brace on. */
static bool match(const struct http_routed *e, struct str path, struct str *params)
{
    if (path.n < e->literal || memcmp(path.p, e->route->path.p, e->literal) != 0)
        return false;
    struct str want = str_from(e->route->path, e->literal);
    path = str_from(path, e->literal);
    size_t n = 0;
    while (want.n) {
        if (want.p[0] != '{') {
            size_t brace = str_chr(want, '{');
            struct str lit = str_sub(want, 0, brace == STR_NONE ? want.n : brace);
            if (!str_starts(path, lit))
                return false;
            path = str_from(path, lit.n);
            want = str_from(want, lit.n);
            continue;
        }
        bool rest = str_starts(want, S("{*}"));
        size_t slash = rest ? STR_NONE : str_chr(path, '/');
        struct str value = str_sub(path, 0, slash == STR_NONE ? path.n : slash);
        if ((value.n == 0 && !rest) || n == HTTP_PARAMS_MAX)
            return false;
        params[n++] = value;
        path = str_from(path, value.n);
        want = str_from(want, str_chr(want, '}') + 1);
    }
    return path.n == 0;
}

static void allow_add(struct buf *allow, enum http_verb m)
{
    const char *name = http_verb_name(m);
    if (str_find(buf_str(allow), str_c(name)) != STR_NONE)
        return;
    buf_printf(allow, "%s%s", allow->n ? ", " : "", name);
    if (m == HTTP_M_GET)
        buf_puts(allow, ", HEAD");
}

bool http_route_find(const struct http *h, struct http_req *r, struct buf *allow)
{
    enum http_verb m = r->head.method == HTTP_M_HEAD ? HTTP_M_GET : r->head.method;
    for (const struct http_routed *e = h->routes, *end = e + h->routes_n; e < end; e++) {
        if (!match(e, r->head.path, r->params))
            continue;
        if (e->route->method == m) {
            r->route = e->route;
            r->ctx = e->table->ctx;
            r->problem = e->table->problem;
            return true;
        }
        allow_add(allow, e->route->method);
    }
    if (allow->n)
        buf_puts(allow, ", OPTIONS");
    return false;
}

static bool origin_listed(const struct http *h, struct str origin)
{
    for (size_t i = 0; i < h->o.cors_origins_n; i++)
        if (str_eq(h->o.cors_origins[i], S("*")) || str_eq_nocase(h->o.cors_origins[i], origin))
            return true;
    return false;
}

bool http_origin_ok(const struct http_req *r)
{
    struct str origin = http_field(&r->head, S("origin"));
    if (origin.n == 0)
        return true;
    size_t at = str_find(origin, S("://"));
    if (at != STR_NONE && str_eq_nocase(str_from(origin, at + 3), r->head.host))
        return true;
    return origin_listed(r->http, origin);
}

void http_cors(struct http_req *r, struct buf *out)
{
    if (r->http->o.cors_origins_n == 0)
        return;
    struct str origin = http_field(&r->head, S("origin"));
    buf_puts(out, "Vary: Origin\r\n");
    if (origin.n == 0 || !origin_listed(r->http, origin))
        return;
    buf_puts(out, "Access-Control-Allow-Origin: ");
    buf_put(out, origin);
    buf_puts(out, "\r\nAccess-Control-Expose-Headers: Retry-After, ETag, Content-Disposition\r\n");
}

struct str http_bearer(const struct http_req *r)
{
    struct str v = http_field(&r->head, S("authorization"));
    return str_starts_nocase(v, S("bearer ")) ? str_trim(str_from(v, 7)) : (struct str){ 0 };
}

bool http_type_is(const struct http_req *r, struct str type)
{
    struct str rest;
    return str_eq_nocase(str_trim(str_cut(http_field(&r->head, S("content-type")), ';', &rest)), type);
}

static bool decode(struct arena *a, struct str raw, struct str *out)
{
    AUTO_BUF struct buf b = { .max = raw.n, .secret = true };
    if (text_percent_decode(&b, raw, true) != OK)
        return false;
    *out = arena_dup(a, buf_str(&b));
    return out->p != NULL;
}

bool http_query_ok(const struct http_req *r)
{
    AUTO_BUF struct buf b = { .max = HTTP_ARENA_MAX, .secret = true };
    return text_percent_decode(&b, r->head.query, true) == OK;
}

static bool find_pair(struct arena *a, struct str all, struct str name, struct str *out)
{
    while (all.n) {
        struct str value, key = str_cut(str_cut(all, '&', &all), '=', &value);
        if (str_eq(key, name))
            return decode(a, value, out);
    }
    return false;
}
bool http_query(struct http_req *r, struct str name, struct str *out)
{
    return find_pair(&r->arena, r->head.query, name, out);
}
bool http_form(struct http_req *r, struct str name, struct str *out)
{
    return find_pair(&r->arena, r->body, name, out);
}
bool http_form_long(struct http_req *r, struct arena *a, struct str name, struct str *out)
{
    return find_pair(a, r->body, name, out);
}
