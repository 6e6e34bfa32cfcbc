/* First where the head ends and that every line is one line to every reader (http_lines); then
 * http-parser checks the grammar and hands out the pieces; then the fields that frame the message are judged together.
 */
#include "wire/http_lines.h"
#include <http_parser.h>
#include <string.h>

struct collect {
    struct http_head *h;
    struct str target;
    bool value;
};
static int on_url(http_parser *p, const char *at, size_t n)
{
    ((struct collect *)p->data)->target = str_of(at, n);
    return 0;
}
static int on_field(http_parser *p, const char *at, size_t n)
{
    struct http_head *h = ((struct collect *)p->data)->h;
    if (h->n == LIMIT_HTTP_FIELDS)
        return 1;
    h->fields[h->n++] = (struct http_field){ .name = str_of(at, n) };
    return 0;
}
static int on_value(http_parser *p, const char *at, size_t n)
{
    struct http_head *h = ((struct collect *)p->data)->h;
    if (h->n == 0)
        return 1;
    h->fields[h->n - 1].value = str_trim(str_of(at, n));
    return 0;
}

static const struct {
    struct str name;
    enum http_verb m;
} methods[] = {
    { STR("GET"), HTTP_M_GET },         { STR("HEAD"), HTTP_M_HEAD },   { STR("POST"), HTTP_M_POST },
    { STR("PUT"), HTTP_M_PUT },         { STR("PATCH"), HTTP_M_PATCH }, { STR("DELETE"), HTTP_M_DELETE },
    { STR("OPTIONS"), HTTP_M_OPTIONS },
};
static enum http_verb method_of(struct str s)
{
    for (size_t i = 0; i < COUNT(methods); i++)
        if (str_eq(methods[i].name, s))
            return methods[i].m;
    return HTTP_M_OTHER;
}
const char *http_verb_name(enum http_verb m)
{
    for (size_t i = 0; i < COUNT(methods); i++)
        if (methods[i].m == m)
            return methods[i].name.p;
    return "OTHER";
}

static enum err read_grammar(struct str head, struct collect *c, struct http_fault *f)
{
    http_parser p;
    const http_parser_settings s = { .on_url = on_url, .on_header_field = on_field, .on_header_value = on_value };
    http_parser_init(&p, HTTP_REQUEST);
    p.data = c;
    size_t n = http_parser_execute(&p, &s, head.p, head.n);
    enum http_errno e = HTTP_PARSER_ERRNO(&p);
    if (e == HPE_INVALID_VERSION || (e == HPE_OK && (p.http_major != 1 || p.http_minor > 1)))
        return http_bad(f, 505, "only HTTP/1.1 and HTTP/1.0 are spoken here");
    if (e == HPE_INVALID_METHOD)
        return http_bad(f, 501, "unknown method");
    if (e != HPE_OK || (n != head.n && !p.upgrade))
        return http_bad(f, 400, "malformed request head");
    c->h->http10 = p.http_minor == 0;
    return OK;
}

static enum err split_target(struct http_head *h, struct str target, struct http_fault *f)
{
    if (target.n > LIMIT_HTTP_TARGET)
        return http_bad(f, 414, "the request target is too long");
    if (str_starts_nocase(target, S("http://")) || str_starts_nocase(target, S("https://"))) {
        /* RFC 9112 section 3.2.2: absolute form; the Host field still counts, for we are no proxy */
        size_t slash = str_chr(str_from(target, str_find(target, S("://")) + 3), '/');
        target = slash == STR_NONE ? S("/") : str_from(target, str_find(target, S("://")) + 3 + slash);
    }
    bool star = str_eq(target, S("*")) && h->method == HTTP_M_OPTIONS;
    if (!star && !str_starts(target, S("/")))
        return http_bad(f, 400, "malformed request target");
    if (str_chr(target, '#') != STR_NONE)
        return http_bad(f, 400, "a fragment in the request target");
    h->path = str_cut(target, '?', &h->query);
    return OK;
}

static enum err take_length(struct http_head *h, struct str v, struct http_fault *f)
{
    uint64_t n;
    if (h->has_length)
        return http_bad(f, 400, "two Content-Length fields");
    if (!str_to_u64(v, &n) || v.n > 18)
        return http_bad(f, 400, "malformed Content-Length");
    h->has_length = true;
    h->length = n;
    return OK;
}
static enum err take_coding(struct http_head *h, struct str v, struct http_fault *f)
{
    if (h->chunked || h->http10)
        return http_bad(f, 400, "malformed Transfer-Encoding");
    if (!str_eq_nocase(v, S("chunked")))
        return http_bad(f, 501, "only the chunked transfer coding is read");
    h->chunked = true;
    return OK;
}
static enum err take_host(struct http_head *h, struct str v, struct http_fault *f)
{
    if (h->host.p)
        return http_bad(f, 400, "two Host fields");
    for (size_t i = 0; i < v.n; i++)
        if (!((v.p[i] >= '0' && v.p[i] <= '9') || (char_lower(v.p[i]) >= 'a' && char_lower(v.p[i]) <= 'z')) &&
            !memchr(".-_:[]", v.p[i], 6))
            return http_bad(f, 400, "malformed Host");
    h->host = v.n ? v : S("");
    return OK;
}
static enum err take_connection(struct http_head *h, struct str v, struct http_fault *f)
{
    (void)f;
    if (http_list_has(v, S("close")))
        h->keep_alive = false;
    if (http_list_has(v, S("upgrade")))
        h->websocket = str_eq_nocase(http_field(h, S("upgrade")), S("websocket"));
    return OK;
}
static enum err take_expect(struct http_head *h, struct str v, struct http_fault *f)
{
    if (!str_eq_nocase(v, S("100-continue")))
        return http_bad(f, 417, "unknown expectation");
    h->expect_continue = !h->http10;
    return OK;
}
static enum err take_secret(struct http_head *h, struct str v, struct http_fault *f)
{
    unsigned seen = 0;
    for (size_t i = 0; i < h->n; i++)
        seen += str_eq_nocase(h->fields[i].name, S("authorization"));
    (void)v;
    return seen > 1 ? http_bad(f, 400, "two Authorization fields") : OK;
}

static const struct {
    struct str name;
    enum err (*take)(struct http_head *h, struct str value, struct http_fault *f);
} framing[] = {
    { STR("content-length"), take_length },
    { STR("transfer-encoding"), take_coding },
    { STR("host"), take_host },
    { STR("connection"), take_connection },
    { STR("expect"), take_expect },
    { STR("authorization"), take_secret },
};

static enum err judge(struct http_head *h, struct http_fault *f)
{
    h->keep_alive = !h->http10;
    for (size_t i = 0; i < h->n; i++)
        for (size_t k = 0; k < COUNT(framing); k++)
            if (str_eq_nocase(h->fields[i].name, framing[k].name) && framing[k].take(h, h->fields[i].value, f) != OK)
                return ERR_BAD;
    if (h->chunked && h->has_length)
        return http_bad(f, 400, "both Content-Length and Transfer-Encoding");
    if (!h->http10 && !h->host.p)
        return http_bad(f, 400, "no Host field");
    return OK;
}

static enum err read_head(struct str in, struct http_head *h, size_t *used, struct http_fault *f)
{
    size_t start, end, fields;
    enum err e = http_find_end(in, &start, &end, &fields, f);
    if (e != OK)
        return e;
    struct str rest, line = str_line(str_sub(in, start, end - start), &rest);
    h->method_text = str_cut(line, ' ', &rest);
    h->method = method_of(h->method_text);
    struct str version = str_from(rest, str_chr(rest, ' ')); /* with its blank; exactly two of them in the line */
    if (!http_is_token(h->method_text) || !str_starts(version, S(" HTTP/")) ||
        str_chr(str_from(version, 1), ' ') != STR_NONE)
        return http_bad(f, 400, "malformed request line");
    struct collect c = { .h = h };
    if (read_grammar(str_sub(in, start, end - start), &c, f) != OK)
        return ERR_BAD;
    if (h->n != fields)
        return http_bad(f, 400, "malformed request head");
    if (split_target(h, c.target, f) != OK || judge(h, f) != OK)
        return ERR_BAD;
    *used = end;
    return OK;
}

enum err http_head_parse(struct str in, struct http_field *fields, struct http_head *out, size_t *used, int *status,
                         const char **why)
{
    struct http_fault f = { 400, "malformed request" };
    struct http_head h = { .fields = fields };
    size_t n = 0;
    enum err e = read_head(in, &h, &n, &f);
    if (e == OK) {
        *out = h;
        *used = n;
    } else if (e == ERR_BAD) {
        *status = f.status;
        *why = f.why;
    }
    return e;
}

struct str http_field(const struct http_head *h, struct str name)
{
    for (size_t i = 0; i < h->n; i++)
        if (str_eq_nocase(h->fields[i].name, name))
            return h->fields[i].value;
    return (struct str){ 0 };
}

static void move(struct str *s, const char *from, const char *to)
{
    if (s->n)
        s->p = to + (s->p - from);
}
void http_head_move(struct http_head *h, const char *from, const char *to)
{
    move(&h->method_text, from, to);
    if (h->path.n > 1) /* "/" and "*" may be literals */
        move(&h->path, from, to);
    else
        h->path = h->path.p[0] == '*' ? S("*") : S("/");
    move(&h->query, from, to);
    move(&h->host, from, to);
    for (size_t i = 0; i < h->n; i++) {
        move(&h->fields[i].name, from, to);
        move(&h->fields[i].value, from, to);
    }
}

static bool is_q_zero(struct str params)
{
    size_t q = str_find_nocase(params, S("q=0"));
    if (q == STR_NONE)
        return false;
    struct str digits = str_from(params, q + 3); /* 0, 0., 0.000 */
    for (size_t i = 0; i < digits.n && digits.p[i] != ';'; i++)
        if (digits.p[i] >= '1' && digits.p[i] <= '9')
            return false;
    return true;
}

bool http_list_has(struct str value, struct str token)
{
    while (value.n) {
        struct str params, item = str_cut(value, ',', &value);
        item = str_trim(str_cut(item, ';', &params));
        if (str_eq_nocase(item, token))
            return !is_q_zero(params);
    }
    return false;
}
