/* SASL exchanges: the first byte chooses mechanism and beginning, the rest is the client's lines. What is handed over
 * lies in the exchange's own memory, and all of it goes back. */
#include "wire/sasl.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(bool ok)
{
    if (!ok)
        abort();
}

static void check_ready(const struct sasl *x)
{
    const char *end = x->raw.p + x->raw.n;
    must(x->secret.n > 0 && x->secret.p >= x->raw.p && x->secret.p + x->secret.n <= end);
    must(x->user.n > 0 || x->mech == SASL_OAUTHBEARER);
    must(x->user.n == 0 || (x->user.p >= x->raw.p && x->user.p + x->user.n <= end));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n == 0)
        return 0;
    struct sasl x;
    struct str rest = str_of(data + 1, n - 1), first = { 0 };
    bool initial = data[0] & 1;
    if (initial)
        first = str_line(rest, &rest);
    enum sasl_next next = sasl_start(&x, (enum sasl_mech)(data[0] / 2 % SASL_MECHS), initial ? &first : NULL);
    for (int i = 0; next == SASL_ASK; i++) {
        must(i < 3);
        next = sasl_take(&x, str_line(rest, &rest));
    }
    if (next == SASL_READY) {
        check_ready(&x);
        must((sasl_refused(&x) == SASL_ASK) == (x.mech == SASL_OAUTHBEARER));
    }
    sasl_fini(&x);
    must(x.raw.p == NULL && x.user.n == 0 && x.secret.n == 0);
    return 0;
}
