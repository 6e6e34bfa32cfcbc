/* One pass over the bytes decides where a head ends, and that every line of it is one line to every reader. */
#include "wire/http_lines.h"
#include <string.h>

enum err http_bad(struct http_fault *f, int status, const char *why)
{
    *f = (struct http_fault){ status, why };
    return ERR_BAD;
}

bool http_is_token(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        bool alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!alnum && (c < 33 || c > 126 || strchr("\"(),/:;<=>?@[\\]{}", c)))
            return false;
    }
    return s.n > 0;
}

/* The first line, then a field; both without CRLF. */
static enum err check_line(struct str line, bool first, struct http_fault *f)
{
    for (size_t i = 0; i < line.n; i++) {
        unsigned char c = (unsigned char)line.p[i];
        if (c == '\r')
            return http_bad(f, 400, "bare CR in the head");
        if ((c < 32 && c != '\t') || c == 127 || (first && (c > 127 || c == '\t')))
            return http_bad(f, 400, "control character in the head");
    }
    if (first)
        return OK;
    if (line.p[0] == ' ' || line.p[0] == '\t')
        return http_bad(f, 400, "folded header field");
    size_t colon = str_chr(line, ':');
    return colon == STR_NONE || !http_is_token(str_sub(line, 0, colon)) ? http_bad(f, 400, "malformed header field")
                                                                        : OK;
}

enum err http_find_end(struct str in, size_t *start, size_t *end, size_t *fields, struct http_fault *f)
{
    *start = str_starts(in, S("\r\n")) ? 2 : 0; /* RFC 9112 section 2.2: one empty line before is forgiven */
    *fields = 0;
    for (size_t at = *start; at < in.n;) {
        bool first = at == *start;
        const char *lf = memchr(in.p + at, '\n', in.n - at);
        size_t n = (lf ? (size_t)(lf - in.p) : in.n) - at;
        if (first && n > LIMIT_HTTP_TARGET + 32)
            return http_bad(f, 414, "the request target is too long");
        if (at + n >= LIMIT_HTTP_HEAD)
            return http_bad(f, 431, "the head is over 16 KiB");
        if (!lf)
            break;
        if (n == 0 || in.p[at + n - 1] != '\r')
            return http_bad(f, 400, "bare LF in the head");
        if (n == 1 && !first) {
            *end = at + 2;
            return OK;
        }
        if (check_line(str_sub(in, at, n - 1), first, f) != OK)
            return ERR_BAD;
        if (!first && ++*fields > LIMIT_HTTP_FIELDS)
            return http_bad(f, 431, "more than 100 header fields");
        at += n + 1;
    }
    return ERR_MORE;
}
