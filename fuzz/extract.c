/* A message in four parts, apart by the octet 0xff: subject, text, HTML, sender. What is found obeys its ceilings. */
#include "core/extract.h"
#include "base/text.h"
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_code(const struct extract_code *c)
{
    assert(c->value.n > 0 && c->compact.n >= 3 && c->confidence >= EXTRACT_KEPT && c->confidence < 100 && c->reason);
    for (size_t i = 0; i < c->compact.n; i++)
        assert((unsigned char)c->compact.p[i] > ' ' && (unsigned char)c->compact.p[i] < 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_ARENA struct arena a = { .max = 64 << 20 };
    struct str rest = str_of(data, size);
    struct extract_in in = { .subject = str_cut(rest, '\xff', &rest) };
    struct extract_out x;
    in.text = str_cut(rest, '\xff', &rest);
    in.html = str_cut(rest, '\xff', &rest);
    in.from_domain = rest;
    if (extract(&in, &a, &x) != OK)
        return 0;
    assert(x.codes_n <= EXTRACT_CODES_MAX && x.links_n <= EXTRACT_LINKS_MAX);
    assert(str_chr(x.intro, '\n') == STR_NONE && utf8_valid(x.intro));
    for (size_t i = 0; i < x.codes_n; i++) {
        check_code(&x.codes[i]);
        assert(i == 0 || x.codes[i - 1].confidence >= x.codes[i].confidence);
    }
    return 0;
}
