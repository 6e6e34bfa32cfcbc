/* Authentication-Results of strangers: reading them stays within them, a value written is one value whatever is in it,
 * and stripping takes out something or changes nothing. */
#include "wire/authres.h"
#include "wire/header.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(bool ok)
{
    if (!ok)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    AUTO_BUF struct buf msg = { .max = n + 1 }, field = { .max = 4 * n + 100 };
    struct str in = str_of(data, n), id, rest, result, value;
    if (authres_server(in, &id, &rest) == OK) {
        must(id.n > 0 && id.n + rest.n <= n);
        (void)authres_find(rest, S("dmarc"), S("header.from"), &result, &value);
    }
    buf_puts(&field, "; dmarc=pass header.from=");
    authres_put_value(&field, in);
    buf_puts(&field, "; spf=fail smtp.helo=x");
    must(!field.failed && str_chr(buf_str(&field), '\n') == STR_NONE);
    must(authres_find(buf_str(&field), S("spf"), S("smtp.helo"), &result, &value));
    must(str_eq(result, S("fail")) && str_eq(value, S("x")));
    buf_put(&msg, in);
    size_t removed = authres_strip(&msg, S("mx.example"));
    must(msg.n <= n && (removed > 0) == (msg.n < n));
    return 0;
}
