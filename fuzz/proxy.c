/* proxy_parse() is total, reads no further than it says, and says the same of what it used alone. */
#include "io/proxy.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct proxy_head h, again;
    size_t used = 0, used_again = 0;
    enum err e = proxy_parse(str_of(data, n), &h, &used);
    if (e == OK && (used > n || used > PROXY_HEAD_MAX))
        abort();
    if (e == OK && (proxy_parse(str_of(data, used), &again, &used_again) != OK || used_again != used))
        abort();
    if (e == ERR_MORE && n >= PROXY_HEAD_MAX)
        abort();
    return 0;
}
