/* An answer's head (RFC 9112 section 4). Its fields but for those that frame the body are nothing to us. */
#include "wire/http_lines.h"

/* HTTP/1.1 200 OK */
static enum err take_status(struct str line, unsigned *status)
{
    struct str rest, version = str_cut(line, ' ', &rest), reason, code = str_cut(rest, ' ', &reason);
    uint32_t n;
    if (!str_eq(version, S("HTTP/1.1")) && !str_eq(version, S("HTTP/1.0")))
        return ERR_BAD;
    if (code.n != 3 || !str_to_u32(code, &n) || n < 100 || n > 599)
        return ERR_BAD;
    *status = n;
    return OK;
}

static enum err take_field(struct http_answer *a, struct str name, struct str value)
{
    if (str_eq_nocase(name, S("content-length"))) {
        if (a->has_length || value.n > 18 || !str_to_u64(value, &a->length))
            return ERR_BAD;
        a->has_length = true;
    } else if (str_eq_nocase(name, S("transfer-encoding"))) {
        if (a->chunked || !str_eq_nocase(value, S("chunked")))
            return ERR_BAD;
        a->chunked = true;
    }
    return OK;
}

enum err http_answer_parse(struct str in, struct http_answer *out, size_t *used)
{
    struct http_fault ignored;
    struct http_answer a = { 0 };
    size_t start, end, fields;
    enum err e = http_find_end(in, &start, &end, &fields, &ignored);
    if (e != OK)
        return e;
    struct str rest, line = str_line(str_sub(in, start, end - start - 2), &rest);
    e = take_status(line, &a.status);
    while (e == OK && rest.n > 0) {
        struct str value, name = str_cut(str_line(rest, &rest), ':', &value);
        e = take_field(&a, name, str_trim(value));
    }
    if (e != OK || (a.chunked && a.has_length))
        return ERR_BAD;
    *out = a;
    *used = end;
    return OK;
}
