/* The chunked coding (RFC 9112 section 7.1), fed in pieces: what is taken is taken for good, and every line of it is
 * read whole or not at all. */
#include "wire/http.h"
#include <string.h>

/* 1*HEXDIG [ ";" extensions ]; at most 8 digits, so nothing overflows. */
static bool chunk_size(struct str line, uint64_t *out)
{
    struct str ext, hex = str_trim(str_cut(line, ';', &ext));
    if (hex.n == 0 || hex.n > 8 || hex.p != line.p)
        return false;
    uint64_t v = 0;
    for (size_t i = 0; i < hex.n; i++) {
        char c = char_lower(hex.p[i]);
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
            return false;
        v = v << 4 | (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    *out = v;
    return true;
}

/* A CRLF line of at most LIMIT_HTTP_CHUNK_LINE octets, without bare CR, LF or NUL. */
static enum err chunk_line(struct str in, struct str *line)
{
    const char *lf = in.n ? memchr(in.p, '\n', MIN(in.n, (size_t)LIMIT_HTTP_CHUNK_LINE)) : NULL;
    if (!lf)
        return in.n >= LIMIT_HTTP_CHUNK_LINE ? ERR_BAD : ERR_MORE;
    size_t n = (size_t)(lf - in.p);
    if (n == 0 || in.p[n - 1] != '\r' || memchr(in.p, '\r', n - 1) || memchr(in.p, 0, n))
        return ERR_BAD;
    *line = str_sub(in, 0, n - 1);
    return OK;
}

static enum err chunk_step(struct http_chunked *c, struct str in, struct buf *out, size_t *used)
{
    struct str line;
    *used = 0;
    if (c->state == HTTP_CHUNK_DATA) {
        size_t n = (size_t)MIN((uint64_t)in.n, c->left);
        buf_put(out, str_sub(in, 0, n));
        c->left -= n;
        *used = n;
        if (c->left == 0)
            c->state = HTTP_CHUNK_CRLF;
        return out->failed ? ERR_FULL : n ? OK : ERR_MORE;
    }
    enum err e = chunk_line(in, &line);
    if (e != OK)
        return e;
    *used = line.n + 2;
    if (c->state == HTTP_CHUNK_CRLF) {
        c->state = HTTP_CHUNK_SIZE;
        return line.n ? ERR_BAD : OK;
    }
    if (c->state == HTTP_CHUNK_TRAILER) {
        if (line.n == 0)
            c->state = HTTP_CHUNK_DONE;
        return ++c->trailers > LIMIT_HTTP_TRAILERS ? ERR_BAD : OK;
    }
    if (!chunk_size(line, &c->left))
        return ERR_BAD;
    c->state = c->left ? HTTP_CHUNK_DATA : HTTP_CHUNK_TRAILER;
    return OK;
}

enum err http_chunked_read(struct http_chunked *c, struct str in, struct buf *out, size_t *used)
{
    *used = 0;
    while (c->state != HTTP_CHUNK_DONE) {
        size_t n;
        enum err e = chunk_step(c, str_from(in, *used), out, &n);
        if (e != OK)
            return e;
        *used += n;
    }
    return OK;
}
