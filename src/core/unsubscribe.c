#include "core/unsubscribe.h"
#include "base/text.h"
#include "core/draft.h"
#include "wire/addr.h"
#include "wire/header.h"

enum { URL_MAX = 2000, FIELD_MAX = 64 * 1024, TEXT_MAX = 4000 };

static bool is_plain_url(struct str url)
{
    for (size_t i = 0; i < url.n; i++)
        if (url.p[i] <= ' ' || url.p[i] > '~' || url.p[i] == '"' || url.p[i] == '\\')
            return false;
    return url.n <= URL_MAX;
}

/* Percent-encoding undone; empty: it is broken. */
static struct str decoded(struct arena *a, struct str s)
{
    AUTO_BUF struct buf b = { .max = TEXT_MAX };
    if (text_percent_decode(&b, s, false) != OK || b.failed || !utf8_valid(buf_str(&b)))
        return S("");
    return arena_dup(a, buf_str(&b));
}

static void read_mailto(struct arena *a, struct str rest, struct unsubscribe *out)
{
    struct addr x;
    struct str fields, address = decoded(a, str_cut(rest, '?', &fields));
    if (addr_parse(address, &x) != OK || x.literal)
        return;
    out->address = address;
    while (fields.n > 0) {
        struct str value, name = str_cut(str_cut(fields, '&', &fields), '=', &value);
        if (str_eq_nocase(name, S("subject")))
            out->subject = draft_line(a, decoded(a, value));
        else if (str_eq_nocase(name, S("body")))
            out->text = decoded(a, value);
    }
}

bool unsubscribe_find(struct str header, struct arena *a, struct unsubscribe *out)
{
    struct unsubscribe found = { 0 };
    struct str raw = str_sub(header_find(header, S("List-Unsubscribe")), 0, FIELD_MAX);
    struct str rest = header_unfold(a, raw);
    while (rest.n > 0) {
        (void)str_cut(rest, '<', &rest);
        struct str url = str_trim(str_cut(rest, '>', &rest));
        if (!is_plain_url(url))
            continue;
        if (found.url.n == 0 && str_starts_nocase(url, S("https://")))
            found.url = arena_dup(a, url);
        else if (found.address.n == 0 && str_starts_nocase(url, S("mailto:")))
            read_mailto(a, str_from(url, 7), &found);
    }
    *out = found;
    return found.url.n > 0 || found.address.n > 0;
}
