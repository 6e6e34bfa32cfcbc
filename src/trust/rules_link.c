/* Where a mail wants its reader to go. Links are never followed; their addresses say enough. */
#include "trust/rules_brand.h"
#include "trust/rules_part.h"
#include "wire/ip.h"

enum { MANY_HOSTS = 12 };

/* Is it so for one of the links? */
static bool any_link(const struct facts *f, bool (*test)(const struct facts *f, const struct link *k))
{
    const struct links *l = f->c->links;
    for (size_t i = 0; l && i < MIN(l->n, (size_t)RULES_LINKS_MAX); i++)
        if (!str_starts_nocase(l->item[i].url, S("mailto:")) && test(f, &l->item[i]))
            return true;
    return false;
}

static bool any_target(const struct facts *f, bool (*test)(const struct facts *f, const struct rules_target *t))
{
    for (size_t i = 0; i < f->targets_n; i++)
        if (test(f, &f->target[i]))
            return true;
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
static bool text_differs(const struct facts *f, const struct link *k)
{
    struct rules_host h;
    if (!k->in_html || !shown_host(k->text, &h))
        return false;
    struct str org = domain_org(k->host);
    return !str_eq(h.org, org) && !str_eq(h.org, f->author.org) && !str_eq(org, f->author.org);
}
bool rule_link_text(const struct facts *f) { return any_link(f, text_differs); }

/* ---- its host ---- */
/* Browsers also read 3232235777, 0xC0A80101 and the like as addresses: no top-level domain begins with a digit. */
static bool is_address(const struct facts *, const struct rules_target *t)
{
    struct ip ip;
    struct str host = t->host;
    if (str_starts(host, S("[")))
        return true;
    if (ip_parse(host, &ip) == OK)
        return !ip_is_private(&ip);
    size_t dot = str_rchr(host, '.');
    struct str last = str_from(host, dot == STR_NONE ? 0 : dot + 1);
    return last.n > 0 && last.p[0] >= '0' && last.p[0] <= '9';
}
bool rule_link_address(const struct facts *f) { return any_target(f, is_address); }

/* http://bank.example@evil.example/ */
static bool has_user(const struct facts *, const struct link *k)
{
    struct str a = authority(k->url);
    size_t at = str_rchr(a, '@');
    return at != STR_NONE && str_chr(str_sub(a, 0, at), '.') != STR_NONE;
}
bool rule_link_user(const struct facts *f) { return any_link(f, has_user); }

static bool is_shortened(const struct facts *, const struct rules_target *t)
{
    static const struct str shorteners[] = { STR("bit.ly"),  STR("tinyurl.com"), STR("goo.gl"),     STR("ow.ly"),
                                             STR("is.gd"),   STR("v.gd"),        STR("rebrand.ly"), STR("cutt.ly"),
                                             STR("rb.gy"),   STR("shorturl.at"), STR("t.ly"),       STR("tiny.cc"),
                                             STR("s.id"),    STR("qrco.de"),     STR("bl.ink"),     STR("clck.ru"),
                                             STR("urlz.fr"), STR("u.to"),        STR("soo.gd"),     STR("buff.ly") };
    for (size_t i = 0; i < COUNT(shorteners); i++)
        if (str_eq(t->org, shorteners[i]))
            return true;
    return false;
}
bool rule_link_shortener(const struct facts *f) { return any_target(f, is_shortened); }

/* Ends that cost next to nothing, and are used accordingly. */
static bool is_cheap(const struct facts *f, const struct rules_target *t)
{
    static const struct str ends = STR(" top xyz icu click work loan tk ml ga cf gq buzz rest cyou sbs cfd bond quest "
                                       "monster cam mom lol beauty hair skin makeup autos boats yachts win bid stream "
                                       "download racing review party trade date faith accountant cricket science ");
    char key[20] = " ";
    size_t dot = str_rchr(t->org, '.');
    struct str end = str_from(t->org, dot == STR_NONE ? t->org.n : dot + 1);
    if (end.n == 0 || end.n > sizeof key - 2 || str_eq(t->org, f->author.org))
        return false;
    for (size_t i = 0; i < end.n; i++)
        key[i + 1] = end.p[i];
    key[end.n + 1] = ' ';
    return str_find(ends, str_of(key, end.n + 2)) != STR_NONE;
}
bool rule_link_cheap(const struct facts *f) { return any_target(f, is_cheap); }

static bool has_port(const struct facts *, const struct link *k)
{
    struct str a = authority(k->url), port;
    size_t colon = str_rchr(a, ':');
    uint32_t n;
    if (colon == STR_NONE || (port = str_from(a, colon + 1)).n == 0 || !str_to_u32(port, &n))
        return false;
    return n != 80 && n != 443;
}
bool rule_link_port(const struct facts *f) { return any_link(f, has_port); }

/* Its own letters are not shown where they mix scripts to look like another name. */
static bool is_mixed(const struct facts *, const struct rules_target *t)
{
    return str_find(t->shown, S("xn--")) != STR_NONE;
}
bool rule_link_mixed(const struct facts *f) { return any_target(f, is_mixed); }

static bool is_lookalike(const struct facts *, const struct rules_target *t) { return brand_mimicked(t->org); }
bool rule_link_lookalike(const struct facts *f) { return any_target(f, is_lookalike); }

static bool is_below(const struct facts *, const struct rules_target *t) { return brand_below(t->host, t->org); }
bool rule_link_below(const struct facts *f) { return any_target(f, is_below); }

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

/* To many sites; a newsletter says how to leave, and is let be. */
bool rule_links_many(const struct facts *f) { return !f->list && f->targets_n >= MANY_HOSTS; }

/* All of them to one organisation that is not the author's, of a page that says no way to leave. */
bool rule_links_elsewhere(const struct facts *f)
{
    if (!f->c->page || f->list || f->author.org.n == 0 || f->targets_n == 0)
        return false;
    for (size_t i = 0; i < f->targets_n; i++)
        if (str_eq(f->target[i].org, f->author.org) || !str_eq(f->target[i].org, f->target[0].org))
            return false;
    return true;
}

/* Codes come without a link or with one to their author; who only wants a click leads elsewhere. */
bool rule_awaited(const struct facts *f)
{
    bool own = f->targets_n == 0;
    for (size_t i = 0; i < f->targets_n; i++)
        own = own || (f->author.org.n > 0 && str_eq(f->target[i].org, f->author.org));
    return f->c->awaited && own;
}
