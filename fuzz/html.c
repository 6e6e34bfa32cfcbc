/* Any bytes as HTML: views stay within the text, spans are in order, nothing outgrows its ceiling. */
#include "wire/html.h"
#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_view(const struct html_out *h, struct str s)
{
    assert(s.n == 0 || (s.p >= h->text.p && s.p + s.n <= h->text.p + h->text.n));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_ARENA struct arena a = { .max = 64 << 20 };
    struct html_out h;
    if (html_text(str_of(data, size), &a, &h) != OK)
        return 0;
    size_t end = 0;
    for (size_t i = 0; i < h.spans_n; i++) {
        assert(h.spans[i].at >= end && h.spans[i].n > 0 && h.spans[i].look != 0);
        end = h.spans[i].at + h.spans[i].n;
    }
    assert(end <= h.text.n && h.links_n <= HTML_LINKS_MAX && h.preheader.n <= h.hidden.n);
    for (size_t i = 0; i < h.links_n; i++)
        check_view(&h, h.links[i].text);
    (void)html_look_at(&h, h.text.n / 2, 3);
    return 0;
}
