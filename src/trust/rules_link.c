/* Where a mail wants its reader to go. Links are never followed; their addresses say enough. */
#include "trust/rules_brand.h"
#include "trust/rules_part.h"
#include "wire/ip.h"

enum { MANY_HOSTS = 12 };

typedef bool link_test(const struct facts *f, const struct link *k, struct str org);

/* Is it so for one of the links? Those of one host are asked about together. */
static bool any(const struct facts *f, link_test *test)
{
    const struct links *l = f->c->links;
    struct str host = { 0 }, org = { 0 };
    for (size_t i = 0; l && i < MIN(l->n, (size_t)RULES_LINKS_MAX); i++) {
        const struct link *k = &l->item[i];
        if (str_starts_nocase(k->url, S("mailto:")) || k->host.n == 0)
            continue;
        if (host.p == NULL || !str_eq(host, k->host))
            org = domain_org(k->host);
        host = k->host;
        if (test(f, k, org))
            return true;
    }
    return false;
}

static struct str authority(struct str url)
{
    struct str s = str_from(url, MIN(str_find(url, S("//")), url.n));
    s = str_from(s, 2);
    size_t n = 0;
    while (n < s.n && s.p[n] != '/' && s.p[n] != '\\' && s.p[n] != '?' && s.p[n] != '#')
        n++;
    return str_sub(s, 0, n);
}

/* ---- its text ---- */
/* "www.bank.example" or "https://bank.example/" as what is shown, and nothing beside it. */
static bool shown_host(struct str text, struct rules_host *out)
{
    struct str s = str_trim(text);
    if (str_chr(s, ' ') != STR_NONE || s.n > 1000)
        return false;
    struct str host = links_host(s).n > 0 ? links_host(s) : str_starts_nocase(s, S("www.")) ? s : S("");
    host = str_sub(host, 0, MIN(str_chr(host, '/'), host.n));
    rules_host_of(host, out);
    return out->org.n > 0 && str_chr(out->org, '.') != STR_NONE;
}

/* A sender who counts clicks sends all links by way of a service: then the text shows the sender's own domain. */
static bool text_differs(const struct facts *f, const struct link *k, struct str org)
{
    struct rules_host h;
    return k->in_html && shown_host(k->text, &h) && !str_eq(h.org, org) && !str_eq(h.org, f->author.org) &&
           !str_eq(org, f->author.org);
}
bool rule_link_text(const struct facts *f) { return any(f, text_differs); }

/* ---- its host ---- */
/* Browsers also read 3232235777, 0xC0A80101 and the like as addresses: no top-level domain begins with a digit. */
static bool is_address(const struct facts *, const struct link *k, struct str)
{
    struct ip ip;
    struct str host = k->host;
    if (str_starts(host, S("[")))
        return true;
    if (ip_parse(host, &ip) == OK)
        return !ip_is_private(&ip);
    size_t dot = str_rchr(host, '.');
    struct str last = str_from(host, dot == STR_NONE ? 0 : dot + 1);
    return last.n > 0 && last.p[0] >= '0' && last.p[0] <= '9';
}
bool rule_link_address(const struct facts *f) { return any(f, is_address); }

/* http://bank.example@evil.example/ */
static bool has_user(const struct facts *, const struct link *k, struct str)
{
    struct str a = authority(k->url);
    size_t at = str_rchr(a, '@');
    return at != STR_NONE && str_chr(str_sub(a, 0, at), '.') != STR_NONE;
}
bool rule_link_user(const struct facts *f) { return any(f, has_user); }

static bool is_shortened(const struct facts *, const struct link *, struct str org)
{
    static const struct str shorteners[] = { STR("bit.ly"),  STR("tinyurl.com"), STR("goo.gl"),     STR("ow.ly"),
                                             STR("is.gd"),   STR("v.gd"),        STR("rebrand.ly"), STR("cutt.ly"),
                                             STR("rb.gy"),   STR("shorturl.at"), STR("t.ly"),       STR("tiny.cc"),
                                             STR("s.id"),    STR("qrco.de"),     STR("bl.ink"),     STR("clck.ru"),
                                             STR("urlz.fr"), STR("u.to"),        STR("soo.gd"),     STR("buff.ly") };
    for (size_t i = 0; i < COUNT(shorteners); i++)
        if (str_eq(org, shorteners[i]))
            return true;
    return false;
}
bool rule_link_shortener(const struct facts *f) { return any(f, is_shortened); }

/* Ends that cost next to nothing, and are used accordingly. */
static bool is_cheap(const struct facts *f, const struct link *, struct str org)
{
    static const struct str ends = STR(" top xyz icu click work loan tk ml ga cf gq buzz rest cyou sbs cfd bond quest "
                                       "monster cam mom lol beauty hair skin makeup autos boats yachts win bid stream "
                                       "download racing review party trade date faith accountant cricket science ");
    char key[20] = " ";
    size_t dot = str_rchr(org, '.');
    struct str end = str_from(org, dot == STR_NONE ? org.n : dot + 1);
    if (end.n == 0 || end.n > sizeof key - 2 || str_eq(org, f->author.org))
        return false;
    for (size_t i = 0; i < end.n; i++)
        key[i + 1] = end.p[i];
    key[end.n + 1] = ' ';
    return str_find(ends, str_of(key, end.n + 2)) != STR_NONE;
}
bool rule_link_cheap(const struct facts *f) { return any(f, is_cheap); }

static bool has_port(const struct facts *, const struct link *k, struct str)
{
    struct str a = authority(k->url), port;
    size_t colon = str_rchr(a, ':');
    uint32_t n;
    if (colon == STR_NONE || (port = str_from(a, colon + 1)).n == 0 || !str_to_u32(port, &n))
        return false;
    return n != 80 && n != 443;
}
bool rule_link_port(const struct facts *f) { return any(f, has_port); }

/* Its own letters are not shown where they mix scripts to look like another name. */
static bool is_mixed(const struct facts *, const struct link *k, struct str)
{
    return str_find(k->host_shown, S("xn--")) != STR_NONE;
}
bool rule_link_mixed(const struct facts *f) { return any(f, is_mixed); }

static bool is_lookalike(const struct facts *, const struct link *, struct str org) { return brand_mimicked(org); }
bool rule_link_lookalike(const struct facts *f) { return any(f, is_lookalike); }

static bool is_below(const struct facts *, const struct link *k, struct str org) { return brand_below(k->host, org); }
bool rule_link_below(const struct facts *f) { return any(f, is_below); }

/* ---- all of them ---- */
/* Links that are no addresses but programs or pages of their own. */
bool rule_link_runs(const struct facts *f)
{
    const struct html_out *page = f->c->page;
    for (size_t i = 0; page && i < MIN(page->links_n, (size_t)RULES_LINKS_MAX); i++)
        if (str_starts_nocase(page->links[i].url, S("javascript:")) ||
            str_starts_nocase(page->links[i].url, S("data:")))
            return true;
    return false;
}

/* To many organisations; a newsletter says how to leave, and is let be. */
bool rule_links_many(const struct facts *f)
{
    struct str seen[MANY_HOSTS];
    size_t n = 0;
    const struct links *l = f->c->links;
    for (size_t i = 0; l && !f->list && i < MIN(l->n, (size_t)RULES_LINKS_MAX); i++) {
        size_t k = 0;
        while (k < n && !str_eq(seen[k], l->item[i].host))
            k++;
        if (k == n && l->item[i].host.n > 0)
            seen[n++] = l->item[i].host;
        if (n == MANY_HOSTS)
            return true;
    }
    return false;
}

/* All of them to one organisation that is not the author's, of a page that says no way to leave. */
bool rule_links_elsewhere(const struct facts *f)
{
    struct str only = { 0 };
    const struct links *l = f->c->links;
    for (size_t i = 0; l && f->c->page && !f->list && f->author.org.n > 0 && i < MIN(l->n, (size_t)RULES_LINKS_MAX);
         i++) {
        struct str org = str_starts_nocase(l->item[i].url, S("mailto:")) ? S("") : domain_org(l->item[i].host);
        if (org.n == 0)
            continue;
        if (str_eq(org, f->author.org) || (only.n > 0 && !str_eq(org, only)))
            return false;
        only = org;
    }
    return only.n > 0;
}
