/* Who it says it is from. A reader's program shows the name and often nothing else, so the name is where thieves put
 * what should be believed. */
#include "base/text.h"
#include "trust/rules_brand.h"
#include "trust/rules_part.h"
#include "wire/deceptive.h"

bool rule_from_twice(const struct facts *f) { return MIME_HAS(&f->c->tree->v[0], MIME_DEFECT_DUP_FROM); }

bool rule_from_several(const struct facts *f)
{
    size_t n = 0;
    for (size_t i = 0; i < f->c->from.n; i++)
        n += f->c->from.v[i].kind == ADDR_MAILBOX;
    return n > 1;
}

bool rule_from_unnamed(const struct facts *f) { return !f->from || !f->from->valid; }

/* ---- To and Reply-To ---- */
/* The first address of a field, without an arena: what stands between its brackets, else the whole. */
static struct str address_in(struct str raw)
{
    struct str s = str_trim(raw);
    size_t open = str_chr(s, '<');
    if (open == STR_NONE)
        return str_trim(str_sub(s, 0, MIN(str_chr(s, ','), s.n)));
    s = str_from(s, open + 1);
    return str_sub(s, 0, MIN(str_chr(s, '>'), s.n));
}

bool rule_from_is_to(const struct facts *f)
{
    return f->from && f->from->text.n > 0 && str_eq_nocase(address_in(f->field[FIELD_TO]), f->from->text);
}

static const struct str free_mail[] = {
    STR("gmail.com"),      STR("googlemail.com"), STR("yahoo.com"),      STR("hotmail.com"), STR("outlook.com"),
    STR("live.com"),       STR("aol.com"),        STR("gmx.de"),         STR("gmx.net"),     STR("web.de"),
    STR("mail.ru"),        STR("yandex.ru"),      STR("yandex.com"),     STR("qq.com"),      STR("163.com"),
    STR("126.com"),        STR("proton.me"),      STR("protonmail.com"), STR("mail.com"),    STR("zoho.com"),
    STR("icloud.com"),     STR("yahoo.co.uk"),    STR("yahoo.fr"),       STR("hotmail.fr"),  STR("libero.it"),
    STR("rediffmail.com"), STR("orange.fr"),      STR("seznam.cz"),      STR("wp.pl"),       STR("o2.pl"),
};
static bool is_free(struct str org)
{
    for (size_t i = 0; i < COUNT(free_mail); i++)
        if (str_eq(org, free_mail[i]))
            return true;
    return false;
}

/* The organisation that answers go to, where it is another than the author's. */
static bool other_reply(const struct facts *f, struct rules_host *to)
{
    struct str address = address_in(f->field[FIELD_REPLY_TO]);
    size_t at = str_rchr(address, '@');
    if (at == STR_NONE || f->author.org.n == 0 || f->list)
        return false;
    rules_host_of(str_from(address, at + 1), to);
    return to->org.n > 0 && !str_eq(to->org, f->author.org);
}

bool rule_reply_elsewhere(const struct facts *f)
{
    struct rules_host to;
    return other_reply(f, &to) && !is_free(to.org);
}

bool rule_reply_free(const struct facts *f)
{
    struct rules_host to;
    return other_reply(f, &to) && is_free(to.org);
}

/* ---- the name ---- */
static bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
}

/* The domain that text goes on with, if its end is one under which there are names. */
static bool domain_at(struct str text, struct rules_host *out)
{
    size_t n = 0;
    while (n < text.n && n <= LIMIT_DOMAIN && is_name_char(text.p[n]))
        n++;
    struct str s = str_sub(text, 0, n);
    while (s.n > 0 && s.p[s.n - 1] == '.')
        s.n--;
    *out = (struct rules_host){ 0 };
    if (str_chr(s, '.') == STR_NONE || !domain_is_name(s))
        return false;
    rules_host_of(s, out);
    return out->org.n > 0;
}

enum { NAME_LOOKED_AT = 400 };

/* What the eye takes for ASCII in an address: full-width letters (U+FF01 to U+FF5E), the small '@' (U+FE6B), and dots
 * (U+2024, U+3002, U+FE52, U+FF61). Nothing for what is not seen. The rest stays as it is. */
static struct str as_seen(struct str name, char out[NAME_LOOKED_AT])
{
    static const uint32_t dots[] = { 0x2024, 0x3002, 0xfe52, 0xff61 };
    size_t n = 0, len;
    for (uint32_t cp; (len = utf8_next(name, &cp)) > 0 && n + len <= NAME_LOOKED_AT; name = str_from(name, len)) {
        bool dot = false;
        for (size_t i = 0; i < COUNT(dots); i++)
            dot |= cp == dots[i];
        if (dot)
            out[n++] = '.';
        else if (cp == 0xfe6b)
            out[n++] = '@';
        else if (cp >= 0xff01 && cp <= 0xff5e)
            out[n++] = (char)(cp - 0xff01 + '!');
        else if (cp == ' ' || !deceptive_char(cp))
            for (size_t i = 0; i < len; i++)
                out[n++] = name.p[i];
    }
    return str_of(out, n);
}

bool rule_name_other_address(const struct facts *f)
{
    char seen[NAME_LOOKED_AT];
    struct rules_host h;
    struct str name = f->from ? as_seen(f->from->name, seen) : S("");
    size_t at = str_chr(name, '@');
    return at != STR_NONE && at > 0 && f->author.org.n > 0 && domain_at(str_from(name, at + 1), &h) &&
           !str_eq(h.org, f->author.org);
}

/* Ends that names of people and firms do not have: "Node.js" and "St.John" are no domains. */
static bool is_told_domain(struct str org)
{
    static const struct str ends[] = { STR("com"),   STR("net"), STR("org"), STR("de"), STR("fr"),
                                       STR("co.uk"), STR("ru"),  STR("nl"),  STR("it"), STR("es") };
    size_t dot = str_chr(org, '.');
    for (size_t i = 0; dot != STR_NONE && i < COUNT(ends); i++)
        if (str_eq(str_from(org, dot + 1), ends[i]))
            return true;
    return false;
}

bool rule_name_other_domain(const struct facts *f)
{
    char seen[NAME_LOOKED_AT];
    struct rules_host h;
    struct str rest = f->from ? as_seen(f->from->name, seen) : S("");
    if (f->author.org.n == 0 || f->list)
        return false;
    for (struct str word = str_word(rest, &rest); word.n > 0; word = str_word(rest, &rest))
        if (str_chr(word, '@') == STR_NONE && domain_at(word, &h) && is_told_domain(h.org) &&
            !str_eq(h.org, f->author.org))
            return true;
    return false;
}

bool rule_name_brand(const struct facts *f)
{
    char seen[NAME_LOOKED_AT];
    return f->from && f->author.org.n > 0 && !facts_has(f, FIELD_LIST_ID) &&
           brand_claimed(as_seen(f->from->name, seen), f->author.org);
}

bool rule_from_lookalike(const struct facts *f) { return brand_mimicked(f->author.org); }

/* What domain_to_display() does not show in its own letters mixes scripts to look like another name. */
bool rule_from_mixed(const struct facts *f)
{
    AUTO_BUF struct buf shown = { .max = 4 * LIMIT_DOMAIN };
    if (str_find(f->author.name, S("xn--")) == STR_NONE)
        return false;
    domain_to_display(&shown, f->author.name);
    return str_find(buf_str(&shown), S("xn--")) != STR_NONE;
}
