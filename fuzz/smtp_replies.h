/* What every reply of an SMTP session has to be, whoever talks to it. */
#pragma once
#include "base/str.h"
#include <stdlib.h>
#include <string.h>

static inline void must(bool ok)
{
    if (!ok)
        abort();
}

static inline void check_replies(struct str out)
{
    while (out.n > 0) {
        size_t lf = str_chr(out, '\n');
        must(lf != STR_NONE && lf >= 5 && lf < 512 && out.p[lf - 1] == '\r');
        must(out.p[0] >= '2' && out.p[0] <= '5' && (out.p[3] == ' ' || out.p[3] == '-'));
        must(!memchr(out.p, '\r', lf - 1) && !memchr(out.p, 0, lf));
        out = str_from(out, lf + 1);
    }
}
