/* What is packed comes back to the octet; what never was packed is refused, or stays below its ceiling. */
#include "core/chunk.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(bool ok)
{
    if (!ok)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    enum { MOST = 1 << 16 };
    struct str in = str_of(data, n);
    AUTO_BUF struct buf packed = { .max = n + n / 64 + 4096 }, out = { .max = n + MOST };
    must(chunk_pack(&packed, in) == OK && chunk_unpack(&out, buf_str(&packed), n) == OK);
    must(str_eq(buf_str(&out), in));
    buf_clear(&out);
    must(chunk_unpack(&out, in, MOST) == OK ? out.n <= MOST : out.n == 0);
    return 0;
}
