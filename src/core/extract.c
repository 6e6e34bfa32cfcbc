/* The parts in order: the page is read, the texts are prepared, then codes, links and the first words. What is only
 * needed meanwhile lives in an arena of its own. */
#include "core/extract.h"
#include "core/extract_doc.h"
#include "core/extract_intro.h"
#include "core/extract_link.h"

enum { SCRATCH_MAX = 4 << 20 };

static enum err find_codes(const struct extract_in *in, const struct html_out *page, struct arena *a,
                           struct extract_out *out)
{
    AUTO_ARENA struct arena tmp = { .max = SCRATCH_MAX, .secret = true };
    struct doc docs[3];
    size_t n = 0;
    bool ok = doc_read(&docs[n++], &tmp, EXTRACT_SUBJECT, in->subject, NULL);
    if (ok && in->text.n > 0)
        ok = doc_read(&docs[n++], &tmp, EXTRACT_TEXT, in->text, NULL);
    if (ok && page && page->text.n > 0)
        ok = doc_read(&docs[n++], &tmp, EXTRACT_HTML, page->text, page);
    return ok && extract_codes(docs, n, a, out) ? OK : ERR_FULL;
}

enum err extract(const struct extract_in *in, struct arena *a, struct extract_out *out)
{
    struct html_out read;
    struct extract_out found = { 0 };
    const struct html_out *page = in->page;
    enum err e = OK;
    if (!page && in->html.n > 0) {
        e = html_text(in->html, a, &read);
        page = &read;
    }
    if (e == OK)
        e = find_codes(in, page, a, &found);
    if (e == OK)
        e = extract_links(in->text, page, a, &found);
    if (e == OK)
        e = extract_intro(in, page, a, &found.intro);
    if (e == OK)
        *out = found;
    return e;
}

const char *extract_link_kind_name(enum extract_link_kind k)
{
    switch (k) {
    case LINK_OTHER:
        return "other";
    case LINK_CONFIRM:
        return "confirm";
    case LINK_LOGIN:
        return "login";
    case LINK_RESET:
        return "reset";
    case LINK_UNSUBSCRIBE:
        return "unsubscribe";
    }
    return "other";
}
