/* A URL is cut at its ';': the mailbox, then parameters, each once and in the order of RFC 5092 section 11. Nothing is
 * decoded before it has been cut, so what is percent-encoded never separates anything. */
#include "wire/imap_url.h"
#include "base/text.h"
#include "wire/imap_mailbox.h"

/* bchar of the RFC, and of the reserved ones only those. */
static bool is_plain(struct str s)
{
    static const char marks[] = "-._~!$'()*+,&=:@/%";
    for (size_t i = 0; i < s.n; i++) {
        char c = char_lower(s.p[i]);
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) &&
            str_chr(str_of(marks, sizeof marks - 1), c) == STR_NONE)
            return false;
    }
    return true;
}

static bool decode(struct arena *a, struct str in, struct str *out)
{
    AUTO_BUF struct buf plain = { .max = in.n + 1 };
    if (!is_plain(in) || text_percent_decode(&plain, in, false) != OK)
        return false;
    *out = arena_dup(a, buf_str(&plain));
    return out->p != NULL;
}

/* Takes ";NAME=value", which ends at the next ';' or, where that begins another path segment, at its '/'. */
static bool take(struct str *rest, struct str name, struct str *value)
{
    if (!str_starts_nocase(*rest, name))
        return false;
    struct str v = str_from(*rest, name.n);
    size_t end = MIN(str_chr(v, ';'), v.n);
    bool segment = end < v.n && end > 0 && v.p[end - 1] == '/';
    if (end < v.n && !segment)
        return false;
    *rest = str_from(v, end);
    *value = str_sub(v, 0, segment ? end - 1 : end);
    return true;
}

static bool read_name(struct arena *a, struct str in, struct imap_url *u)
{
    AUTO_BUF struct buf name = { .max = 4 * LIMIT_IMAP_MAILBOX };
    struct str wire;
    u->relative = !str_starts(in, S("/"));
    if (!decode(a, str_from(in, u->relative ? 0 : 1), &wire) || str_starts(wire, S("/")) ||
        imap_mailbox_read(&name, wire, true) != OK)
        return false;
    u->mailbox = arena_dup(a, buf_str(&name));
    return u->mailbox.p != NULL;
}

static bool read_number(struct str in, uint32_t *out) { return str_to_u32(in, out) && *out > 0; }

/* What stands before ";UID=", for whose '/' the name or its uidvalidity ends. */
static bool read_mailbox(struct arena *a, struct str name, struct str *rest, struct imap_url *u)
{
    struct str value;
    if (str_empty(name)) /* ";UID=20": in the one that is selected */
        return true;
    if (take(rest, S(";UIDVALIDITY="), &value))
        return read_name(a, name, u) && read_number(value, &u->uidvalidity);
    return str_ends(name, S("/")) && read_name(a, str_sub(name, 0, name.n - 1), u);
}

static bool read_section(struct arena *a, struct str in, struct imap_url *u)
{
    struct imap_token t;
    struct str text;
    if (str_empty(in) || !decode(a, in, &text))
        return false;
    imap_token_init(&t, a, text, true);
    return imap_section_read(&t, &u->part.section) && imap_token_end(&t);
}

/* "0.1024", or "1024": from there to the end. */
static bool read_partial(struct str in, struct imap_url *u)
{
    struct str count, from = str_cut(in, '.', &count);
    bool open = from.n == in.n;
    u->part.partial = true;
    u->part.count = UINT64_MAX;
    return str_to_u64(from, &u->part.from) && (open || (str_to_u64(count, &u->part.count) && u->part.count > 0));
}

enum err imap_url_parse(struct arena *a, struct str in, struct imap_url *out)
{
    struct imap_url u = { .part = { .item = IMAP_ITEM_SECTION, .peek = true } };
    size_t cut = MIN(str_chr(in, ';'), in.n);
    struct str rest = str_from(in, cut), value;
    if (in.n > LIMIT_IMAP_URL || !read_mailbox(a, str_sub(in, 0, cut), &rest, &u))
        return ERR_BAD;
    if (!take(&rest, S(";UID="), &value) || !read_number(value, &u.uid))
        return ERR_BAD;
    if (take(&rest, S(";SECTION="), &value) && !read_section(a, value, &u))
        return ERR_BAD;
    if (take(&rest, S(";PARTIAL="), &value) && !read_partial(value, &u))
        return ERR_BAD;
    if (!str_empty(rest)) /* URLAUTH, or nothing that anybody knows */
        return ERR_BAD;
    *out = u;
    return OK;
}
