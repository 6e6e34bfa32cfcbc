/* What a domain says of its mail servers: MTA-STS record and policy, TLSA records. */
#include "wire/mta_sts.h"
#include "wire/tlsa.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(bool ok)
{
    if (!ok)
        abort();
}

static bool within(struct str part, struct str whole)
{
    return part.n == 0 || (part.p >= whole.p && part.p + part.n <= whole.p + whole.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct str in = str_of(data, n), id;
    struct tlsa t;
    struct sts_policy p;
    AUTO_ARENA struct arena a = { .max = 256 * 1024 };
    if (sts_record_parse(in, &id) == OK)
        must(id.n > 0 && id.n <= LIMIT_STS_ID && within(id, in));
    if (tlsa_parse(in, &t))
        must((t.usage == TLSA_DANE_TA || t.usage == TLSA_DANE_EE) && t.data.n > 0 && within(t.data, in));
    if (sts_policy_parse(&a, in, &p) == OK) {
        must(p.mode == STS_NONE || p.mx_n > 0);
        must(p.mx_n <= LIMIT_STS_MX && p.max_age_s <= LIMIT_STS_AGE_S);
        (void)sts_policy_has(&p, in);
        for (size_t i = 0; i < p.mx_n; i++)
            must(p.mx[i].n > 0 && (p.mx[i].p[0] == '*' || sts_policy_has(&p, p.mx[i])));
    }
    return 0;
}
