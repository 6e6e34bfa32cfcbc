/* Header fields, their text, parameters, message ids. What is walked must be what is bounded. */
#include "wire/header.h"
#include "base/text.h"
#include "wire/param.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(bool ok)
{
    if (!ok)
        abort();
}

static void check_text(struct str s)
{
    must(s.p == NULL || utf8_valid(s));
    for (size_t i = 0; i < s.n; i++)
        must((unsigned char)s.p[i] >= 32 && s.p[i] != 127);
}

static void check_params(struct arena *a, struct str raw)
{
    struct params p;
    if (params_parse(a, raw, &p) != OK)
        return;
    must(p.n <= LIMIT_PARAMS);
    check_text(p.value);
    for (uint32_t i = 0; i < p.n; i++) {
        check_text(p.v[i].name);
        check_text(p.v[i].value);
        must(params_get(&p, p.v[i].name).p != NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    AUTO_ARENA struct arena a = { .max = 32 << 20 };
    struct str in = str_of(data, n), rest = in;
    struct header_bounds b;
    struct header_iter it = header_walk(in);
    struct header_field f;
    size_t fields = 0, at = 0;
    while (header_next(&it, &f)) {
        must(f.begin >= at && f.end > f.begin && f.end <= n && f.name.n > 0);
        at = f.end;
        fields++;
        check_text(header_text(&a, f.raw));
        check_params(&a, f.raw);
    }
    if (header_bounds(in, &b) == OK)
        must(b.body <= n && b.body >= it.at && b.fields == fields);
    check_text(header_text(&a, in));
    check_params(&a, in);
    while (header_msgid(rest, &rest).p != NULL)
        ;
    return 0;
}
