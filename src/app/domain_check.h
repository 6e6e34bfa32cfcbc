/* What the DNS says of a domain, compared with what its owner is told to publish (domain_records): records, where other
 * names lead to, and whether its MTA-STS policy can be fetched. On the main loop. */
#pragma once
#include "app/domain_records.h"
#include "core/addrs.h"
#include "io/fetch.h"

struct domain_check;
typedef void domain_check_fn(struct domain_check *c, void *ctx); /* frees it, at last */
struct domain_check {
    struct app *app;
    struct str domain; /* of the settings */
    struct domain_rows rows;
    const char *said[DOMAIN_ROWS_MAX]; /* "ok" or what is not; NULL: nobody was asked */
    struct str policy_url;
    const char *policy_said; /* of the policy; NULL: nobody was asked */
    struct arena arena;      /* what follows is its own */
    size_t at;
    struct addrs ours; /* of server.hostname, once one was asked for them */
    bool ours_known;
    bool only_records; /* set before it begins: what is behind them does not matter */
    domain_check_fn *done;
    void *ctx;
};
/* There is a resolver. keys: NULL: there are none. ERR_BUSY: memory; ERR_FULL. Rows may be taken out before it begins.
 */
[[nodiscard]] enum err domain_check_new(struct app *a, struct str domain, const struct sign_domain *keys,
                                        domain_check_fn *done, void *ctx, struct domain_check **out);
void domain_check_begin(struct domain_check *c); /* done() is called once, perhaps at once */
void domain_check_free(struct domain_check *c);
