/* Any bytes as text: each link found is a view into it, with a host; and as HTML. */
#include "wire/links.h"
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_ARENA struct arena a = { .max = 64 << 20 };
    struct str text = str_of(data, size);
    struct links l = { .arena = &a };
    struct html_out h;
    enum err e = links_add_text(&l, text);
    assert(e == OK && l.n <= LINKS_MAX);
    for (size_t i = 0; i < l.n; i++) {
        struct link *k = &l.item[i];
        assert(k->url.p >= text.p && k->url.p + k->url.n <= text.p + text.n && k->url.n <= LINKS_URL_MAX);
        assert(k->host.n > 0 && k->host_shown.n > 0 && str_eq(str_sub(text, k->at, k->url.n), k->url));
    }
    if (html_text(text, &a, &h) == OK) {
        e = links_add_html(&l, &h);
        assert(e == OK && l.n <= LINKS_MAX);
    }
    return 0;
}
