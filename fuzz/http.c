/* A request head in two reads, then its body in chunks: prefixes never fail where the whole passes, and what passes is
 * framed in one way only. */
#include "wire/http.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct http_field fields[LIMIT_HTTP_FIELDS];
    struct http_head h;
    struct str in = str_of(data, n);
    size_t used = 0;
    int status = 0;
    const char *why = NULL;
    enum err e = http_head_parse(in, fields, &h, &used, &status, &why);
    if (e == ERR_BAD && (status < 400 || status > 599 || !why))
        abort();
    if (e != OK)
        return 0;
    if (used > n || (h.chunked && h.has_length) || h.n > LIMIT_HTTP_FIELDS || h.path.n == 0)
        abort();
    size_t half = used / 2, ignored;
    if (http_head_parse(str_sub(in, 0, half), fields, &h, &ignored, &status, &why) != ERR_MORE)
        abort();
    AUTO_BUF struct buf out = { .max = 1 << 16 };
    struct http_chunked c = { 0 };
    if (http_chunked_read(&c, str_from(in, used), &out, &ignored) == OK && c.state != HTTP_CHUNK_DONE)
        abort();
    return 0;
}
