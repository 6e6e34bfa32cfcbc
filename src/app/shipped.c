#include "app/shipped.h"

bool shipped_is_path(struct str which)
{
    return which.n > 0 && !str_eq(which, S("none")) && !str_eq(which, S("shipped"));
}

enum err shipped_open(struct str which, struct prior *out)
{
    *out = (struct prior){ 0 };
    if (shipped_is_path(which))
        return prior_open(which.p, out);
    return str_eq(which, S("shipped")) ? prior_of(shipped_prior, out) : OK;
}
