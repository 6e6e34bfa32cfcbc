/* The message is read a second time here, before the questions go out; only an operator who has named zones pays. */
#include "trust/block_list.h"
#include "wire/links.h"
#include "wire/mime.h"

enum { READ_MAX = LIMIT_MIME_ARENA + (8 << 20) };

bool block_list_has(const struct answer *a)
{
    for (size_t i = 0; a->status == ANSWER_FOUND && i < a->records.n; i++) {
        struct str d = a->records.v[i].data;
        const unsigned char *b = (const unsigned char *)d.p;
        if (d.n != 4 || b[0] != 127)
            continue;
        if ((b[1] == 255 && b[2] == 255) || (b[1] == 0 && b[2] == 0 && b[3] == 1))
            continue;
        return true;
    }
    return false;
}

/* ---- finding ---- */
static void add(struct block_list_check *c, struct arena *a, struct str host)
{
    struct str org = domain_org(host);
    if (c->n == LIMIT_LISTED_DOMAINS || !domain_is_name(org) || str_chr(org, '.') == STR_NONE ||
        domain_is_public_suffix(org))
        return;
    for (size_t i = 0; i < c->n; i++)
        if (str_eq_nocase(c->domain[i], org))
            return;
    struct str kept = arena_dup(a, org);
    if (kept.p)
        c->domain[c->n++] = kept;
}

static enum err read_part(struct arena *tmp, const struct mime_part *p, struct str msg, struct links *l)
{
    AUTO_BUF struct buf text = { .max = LIMIT_LISTED_TEXT * 4, .secret = true };
    struct html_out page;
    mime_text(p, str_sub(mime_body(p, msg), 0, LIMIT_LISTED_TEXT), &text);
    struct str s = arena_dup(tmp, buf_str(&text));
    if (!s.p)
        return ERR_FULL;
    if (!mime_is(p, S("text"), S("html")))
        return links_add_text(l, s);
    enum err e = html_text(s, tmp, &page);
    return e == OK ? links_add_html(l, &page) : e;
}

static void read_links(struct block_list_check *c, struct arena *a, struct str msg)
{
    AUTO_ARENA struct arena tmp = { .max = READ_MAX, .secret = true };
    struct links l = { .arena = &tmp };
    struct mime_tree t;
    struct mime_pick pick;
    if (mime_parse(&tmp, msg, &t) != OK || mime_pick(&tmp, &t, msg, &pick) != OK)
        return;
    enum err e = OK;
    for (uint32_t i = 0; e == OK && i < pick.html_n; i++)
        e = read_part(&tmp, &t.v[pick.html[i]], msg, &l);
    for (uint32_t i = 0; e == OK && i < pick.text_n; i++)
        e = read_part(&tmp, &t.v[pick.text[i]], msg, &l);
    for (size_t i = 0; i < l.n; i++)
        add(c, a, l.item[i].host);
}

void block_list_init(struct block_list_check *c, struct arena *a, const struct str *authors, size_t authors_n,
                     struct str msg)
{
    if (c->zones_n == 0)
        return;
    for (size_t i = 0; i < authors_n; i++)
        add(c, a, authors[i]);
    c->authors_n = c->n;
    read_links(c, a, msg);
}

/* ---- asking ---- */
static enum err ask(struct answers *as, struct str domain, struct str zone, bool *listed)
{
    const struct answer *answer;
    struct str name = arena_printf(as->scratch, "%.*s.%.*s", STR_FMT(domain), STR_FMT(zone));
    if (!name.p)
        return ERR_FULL;
    enum err e = answers_get(as, name, DNS_A, &answer);
    *listed = e == OK && block_list_has(answer);
    return e;
}

enum err block_list_run(struct block_list_check *c, struct answers *as)
{
    enum err whole = OK;
    for (size_t i = 0; i < c->n; i++)
        for (size_t k = 0; k < c->zones_n; k++) {
            bool listed = false;
            enum err e = ask(as, c->domain[i], c->zones[k], &listed);
            if (e != OK && (whole == OK || whole == ERR_MORE))
                whole = e;
            c->author |= listed && i < c->authors_n;
            c->link |= listed && i >= c->authors_n;
        }
    return whole;
}

void block_list_symbols(const struct block_list_check *c, struct symbols *out)
{
    if (c->author)
        symbols_add(out, S("AUTHOR_LISTED"), 2.0, S("The author's domain is on a block list that this server asks"));
    if (c->link)
        symbols_add(out, S("LINK_LISTED"), 2.5, S("A link leads to a domain on a block list that this server asks"));
}
