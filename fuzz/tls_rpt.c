/* What a domain says of who is to be told about TLS to it: of what is taken, everything can be written down as it is.
 */
#include "wire/tls_rpt.h"
#include "wire/addr.h"
#include "wire/domain.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(bool ok)
{
    if (!ok)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    AUTO_ARENA struct arena a = { .max = 64 * 1024 };
    struct tls_rpt r;
    struct addr mail;
    if (tls_rpt_parse(&a, str_of(data, n), &r) != OK)
        return 0;
    must(r.n > 0 && r.n <= LIMIT_TLS_RPT_URIS);
    for (size_t i = 0; i < r.n; i++) {
        const struct tls_rpt_uri *u = &r.v[i];
        if (u->kind == TLS_RPT_MAIL) {
            must(addr_parse(u->address, &mail) == OK && !mail.literal);
            continue;
        }
        must(domain_is_name(u->host) && u->port > 0 && str_starts(u->path, S("/")));
        must(u->path.n <= LIMIT_TLS_RPT_URI + 1);
        for (size_t k = 0; k < u->path.n; k++)
            must(u->path.p[k] > ' ' && u->path.p[k] <= '~');
    }
    return 0;
}
