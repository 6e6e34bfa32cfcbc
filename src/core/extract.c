/* The parts in order: the page is read, the texts are prepared, then codes, links and the first words. What is only
 * needed meanwhile lives in an arena of its own. */
#include "core/extract.h"
#include "base/text.h"
#include "core/extract_doc.h"
#include "core/extract_intro.h"
#include "core/extract_link.h"

enum { SCRATCH_MAX = 4 << 20 };

/* The page before the plain text, which says the same as a rule: it is only looked at when the page shows no code. */
static enum err find_codes(const struct extract_in *in, const struct html_out *page, struct arena *a,
                           struct extract_out *out)
{
    AUTO_ARENA struct arena tmp = { .max = SCRATCH_MAX, .secret = true };
    struct doc subject, d;
    struct str text = utf8_cut(in->text, EXTRACT_TEXT_MAX);
    struct str seen = utf8_cut(page ? page->text : (struct str){ 0 }, EXTRACT_TEXT_MAX);
    bool ok = doc_init(&subject, &tmp, in->subject.n) && doc_init(&d, &tmp, MAX(seen.n, text.n)) &&
              doc_read(&subject, &tmp, EXTRACT_SUBJECT, in->subject, NULL) && extract_codes(&subject, &subject, a, out);
    size_t before = out->codes_n;
    if (ok && scan_may_have_code(seen))
        ok = doc_read(&d, &tmp, EXTRACT_HTML, seen, page) && extract_codes(&subject, &d, a, out);
    bool shown = out->codes_n > before && out->codes[0].confidence >= EXTRACT_SHOWN;
    if (ok && !shown && scan_may_have_code(text))
        ok = doc_read(&d, &tmp, EXTRACT_TEXT, text, NULL) && extract_codes(&subject, &d, a, out);
    return ok ? OK : ERR_FULL;
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
