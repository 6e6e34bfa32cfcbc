/* In running text a URL ends at a blank, at what can't be in one (RFC 3986 section 2 and its appendix C) or at the
 * punctuation of scripts that write without blanks. A closing bracket belongs to it only if its opening one does. */
#include "wire/links.h"
#include "base/text.h"
#include "wire/domain.h"
#include <string.h>

static const struct str schemes[] = { STR("https://"), STR("http://"), STR("mailto:") };

static size_t scheme_length(struct str s)
{
    for (size_t i = 0; i < COUNT(schemes); i++)
        if (str_starts_nocase(s, schemes[i]))
            return schemes[i].n;
    return 0;
}

/* ---- where a URL in text ends ---- */

static bool ends_url(uint32_t cp)
{
    if (cp < 0x80)
        return cp <= ' ' || cp == 0x7f || cp == '<' || cp == '>' || cp == '"' || cp == '`' || cp == '|' || cp == '\\' ||
               cp == '^' || cp == '{' || cp == '}';
    return cp < 0xa1 || cp == 0xab || cp == 0xbb || (cp >= 0x2000 && cp <= 0x206f) || (cp >= 0x3000 && cp <= 0x303f) ||
           (cp >= 0xff00 && cp <= 0xff0f) || (cp >= 0xff1a && cp <= 0xff20) || (cp >= 0xff3b && cp <= 0xff40) ||
           (cp >= 0xff5b && cp <= 0xff65) || cp == 0x60c || cp == 0x61b || cp == 0xfffd || cp == 0xfeff;
}

static size_t url_length(struct str s)
{
    size_t n = 0;
    uint32_t cp;
    while (n < s.n) {
        size_t used = utf8_next(str_from(s, n), &cp);
        if (used == 0 || ends_url(cp))
            break;
        n += used;
    }
    return n;
}

static bool is_trailing(char c)
{
    return c == '.' || c == ',' || c == ';' || c == ':' || c == '!' || c == '?' || c == '\'' || c == '*' || c == '_' ||
           c == '~';
}

/* One pass counts the brackets, then each one cut off is taken off the count. */
static struct str trim_end(struct str s)
{
    int round = 0, square = 0;
    for (size_t i = 0; i < s.n; i++) {
        round += (s.p[i] == '(') - (s.p[i] == ')');
        square += (s.p[i] == '[') - (s.p[i] == ']');
    }
    for (; s.n > 0; s.n--) {
        char last = s.p[s.n - 1];
        if (last == ')' && round < 0)
            round++;
        else if (last == ']' && square < 0)
            square++;
        else if (last == '(')
            round--;
        else if (last == '[')
            square--;
        else if (!is_trailing(last))
            break;
    }
    return s;
}

/* *run: how far the octets go that were looked at, so that nobody looks at them again. */
static struct str url_at(struct str text, size_t *run)
{
    size_t scheme = scheme_length(text);
    *run = scheme > 0 ? url_length(text) : 0;
    struct str url = trim_end(str_sub(text, 0, *run));
    return url.n > scheme && links_host(url).n > 0 ? url : (struct str){ 0 };
}

struct str links_url_at(struct str text)
{
    size_t run;
    return url_at(text, &run);
}

/* ---- hosts ---- */

static struct str mail_domain(struct str rest)
{
    rest = str_sub(rest, 0, str_chr(rest, '?'));
    rest = str_sub(rest, 0, str_chr(rest, ',')); /* the first of several */
    size_t at = str_rchr(rest, '@');
    return at == STR_NONE ? (struct str){ 0 } : str_from(rest, at + 1);
}

/* A browser takes a backslash for a slash; the user part ends at the last @ before the path. */
static struct str authority_host(struct str rest)
{
    size_t n = 0;
    while (n < rest.n && rest.p[n] != '/' && rest.p[n] != '\\' && rest.p[n] != '?' && rest.p[n] != '#')
        n++;
    rest = str_sub(rest, 0, n);
    size_t at = str_rchr(rest, '@');
    if (at != STR_NONE)
        rest = str_from(rest, at + 1);
    if (str_starts(rest, S("[")))
        return str_sub(rest, 0, str_chr(rest, ']') == STR_NONE ? 0 : str_chr(rest, ']') + 1);
    return str_sub(rest, 0, str_chr(rest, ':'));
}

struct str links_host(struct str url)
{
    size_t scheme = scheme_length(url);
    if (scheme == 0)
        return (struct str){ 0 };
    struct str rest = str_from(url, scheme);
    return char_lower(url.p[0]) == 'm' ? mail_domain(rest) : authority_host(rest);
}

/* Most links of a mail lead to one host, which is then worked out once. */
static bool set_hosts(struct links *l, struct link *k)
{
    AUTO_BUF struct buf ascii = { .max = 1024 }, shown = { .max = 4096 };
    struct str host = links_host(k->url);
    const struct link *last = l->n > 0 ? &l->item[l->n - 1] : NULL;
    if (last && str_eq(links_host(last->url), host)) {
        k->host = last->host;
        k->host_shown = last->host_shown;
        return true;
    }
    if (domain_to_ascii(&ascii, str_sub(host, 0, 1024)) != OK) {
        k->host = k->host_shown = host; /* an address literal, or nonsense: as it stands */
        return true;
    }
    domain_to_display(&shown, buf_str(&ascii));
    k->host = arena_dup(l->arena, buf_str(&ascii));
    k->host_shown = str_eq(buf_str(&ascii), buf_str(&shown)) ? k->host : arena_dup(l->arena, buf_str(&shown));
    return k->host.n > 0 && k->host_shown.n > 0;
}

/* ---- the set ---- */

static struct link *find(struct links *l, struct str url)
{
    for (size_t i = 0; i < l->n; i++)
        if (str_eq(l->item[i].url, url))
            return &l->item[i];
    return NULL;
}

/* By doubling: most mail has a handful. */
static bool make_room(struct links *l)
{
    if (l->n < l->cap)
        return true;
    size_t cap = MIN(MAX(2 * l->cap, (size_t)8), (size_t)LINKS_MAX);
    struct link *more = arena_array(l->arena, cap, sizeof *more);
    if (!more)
        return false;
    if (l->n > 0)
        memcpy(more, l->item, l->n * sizeof *more);
    l->item = more;
    l->cap = cap;
    return true;
}

static enum err add(struct links *l, struct link k)
{
    struct link *old = find(l, k.url);
    if (old && old->text.n == 0 && old->in_html == k.in_html) {
        old->text = k.text;
        old->at = k.at;
        old->hidden &= k.hidden;
    }
    if (old)
        return OK;
    if (l->n == LINKS_MAX || k.url.n > LINKS_URL_MAX) {
        l->left_out = true;
        return OK;
    }
    if (!make_room(l) || !set_hosts(l, &k))
        return ERR_FULL;
    l->item[l->n++] = k;
    return OK;
}

enum err links_add_html(struct links *l, const struct html_out *h)
{
    enum err e = OK;
    for (size_t i = 0; i < h->links_n && e == OK; i++) {
        const struct html_link *k = &h->links[i];
        if (links_host(k->url).n > 0)
            e = add(l,
                    (struct link){ .url = k->url, .text = k->text, .at = k->at, .hidden = k->hidden, .in_html = true });
    }
    return e;
}

static bool is_word(char c) { return (char_lower(c) >= 'a' && char_lower(c) <= 'z') || (c >= '0' && c <= '9'); }

/* Where the scheme that ends in the colon at i begins, or STR_NONE. */
static size_t scheme_before(struct str text, size_t colon)
{
    for (size_t i = 0; i < COUNT(schemes); i++) {
        size_t n = str_chr(schemes[i], ':'), at = colon - n;
        if (colon >= n && str_starts_nocase(str_from(text, at), schemes[i]) && (at == 0 || !is_word(text.p[at - 1])))
            return at;
    }
    return STR_NONE;
}

enum err links_add_text(struct links *l, struct str text)
{
    enum err e = OK;
    for (size_t i = 0; i < text.n && e == OK && !l->left_out;) {
        size_t colon = str_chr(str_from(text, i), ':'), run = 0;
        if (colon == STR_NONE)
            break;
        size_t at = scheme_before(text, i + colon);
        struct str url = at == STR_NONE ? (struct str){ 0 } : url_at(str_from(text, at), &run);
        if (url.n > 0)
            e = add(l, (struct link){ .url = url, .text = url, .at = at });
        i = at == STR_NONE ? i + colon + 1 : at + MAX(run, 1u);
    }
    return e;
}
