#include "trust/rules_facts.h"
#include "base/text.h"

void rules_host_of(struct str domain, struct rules_host *out)
{
    AUTO_BUF struct buf ascii = { .max = sizeof out->room };
    *out = (struct rules_host){ 0 };
    if (domain_to_ascii(&ascii, domain) != OK || ascii.n > sizeof out->room)
        return;
    for (size_t i = 0; i < ascii.n; i++)
        out->room[i] = ascii.p[i];
    out->name = str_of(out->room, ascii.n);
    out->org = domain_org(out->name);
}

static void read_fields(struct facts *f)
{
    static const struct str names[FIELD_COUNT] = { STR("Date"), STR("Message-ID"), STR("Reply-To"),        STR("To"),
                                                   STR("Cc"),   STR("List-Id"),    STR("List-Unsubscribe") };
    header_find_each(f->c->head, names, f->field, FIELD_COUNT);
    f->list = facts_has(f, FIELD_LIST_ID) || facts_has(f, FIELD_LIST_UNSUBSCRIBE);
}

/* Tags by their names alone: the page's text has been read by who knows HTML. */
static void count_tags(struct facts *f)
{
    struct str rest = f->c->html;
    for (size_t i = str_chr(rest, '<'); i != STR_NONE; i = str_chr(rest, '<')) {
        rest = str_from(rest, i + 1);
        f->images += str_starts_nocase(rest, S("img"));
        f->forms += str_starts_nocase(rest, S("form"));
    }
}

static size_t visible(struct str s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        n += (unsigned char)s.p[i] > ' ';
    return n;
}

static void add_target(struct facts *f, const struct link *k)
{
    size_t i = f->targets_n;
    while (i > 0 && !str_eq(f->target[i - 1].host, k->host))
        i--;
    if (i == 0 && f->targets_n < RULES_HOSTS_MAX && k->host.n > 0)
        f->target[f->targets_n++] = (struct rules_target){ k->host, k->host_shown, domain_org(k->host) };
}

static void count_links(struct facts *f)
{
    const struct links *l = f->c->links;
    for (size_t i = 0; l && i < l->n; i++) {
        if (str_starts_nocase(l->item[i].url, S("mailto:")))
            continue;
        if (i < RULES_LINKS_MAX)
            add_target(f, &l->item[i]);
        if (l->item[i].hidden)
            continue;
        size_t own = visible(l->item[i].text);
        f->links_n++;
        f->seen_n -= MIN(own, f->seen_n);
    }
}

void facts_of(const struct content *c, struct facts *out)
{
    *out = (struct facts){ .c = c, .from = addr_list_first(&c->from) };
    read_fields(out);
    if (out->from)
        rules_host_of(out->from->domain, &out->author);
    out->seen = utf8_cut(c->page ? c->page->text : c->plain, RULES_TEXT_MAX);
    out->seen_n = visible(out->seen);
    count_links(out);
    count_tags(out);
}
