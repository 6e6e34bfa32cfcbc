/* Dates: what is read can be written and read again. */
#include "wire/date.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct date d, back;
    if (date_parse(str_of(data, n), &d) != OK)
        return 0;
    AUTO_BUF struct buf out = { .max = 64 };
    date_put(&out, d.ms, d.zone_min);
    if (out.failed || date_parse(buf_str(&out), &back) != OK || back.ms != d.ms || back.zone_min != d.zone_min)
        abort();
    return 0;
}
