/* Programs differ in what they read from RFC 5322's obsolete syntax (section 4.4: routes, empty elements, comments
 * within an address), from a phrase that lacks its quotes, from encoded words with an '@' in them. What is signed here
 * must not be read as another's by any of them, so nothing of the field is kept but a name and the address. */
#include "core/send_author.h"
#include "base/text.h"
#include "core/compose_field.h"
#include "wire/addr.h"
#include "wire/deceptive.h"

enum { ADDRESS_MAX = 1024, NAME_MAX_N = 32 };

bool send_author_is(struct str name)
{
    static const struct str all[] = { STR("From"), STR("Sender"), STR("Resent-From"), STR("Resent-Sender"),
                                      STR("Disposition-Notification-To") };
    for (size_t i = 0; i < COUNT(all); i++)
        if (str_eq_nocase(name, all[i]))
            return true;
    return false;
}

static bool is_own(struct str address, struct str own)
{
    AUTO_BUF struct buf key = { .max = ADDRESS_MAX };
    return addr_key(&key, address) == OK && str_eq(buf_str(&key), own);
}

static enum send_refusal read_one(struct str raw, struct str own, struct arena *a, struct addr_item *out)
{
    struct addr_list l;
    if (addr_list_parse(a, raw, &l) != OK)
        return SEND_LATER;
    if (l.n > 1 || l.truncated || (l.n == 1 && l.v[0].kind != ADDR_MAILBOX))
        return SEND_TWO_FROM;
    if (l.n == 0 || l.broken || !l.v[0].valid)
        return SEND_BAD_FROM;
    *out = l.v[0];
    return is_own(out->text, own) ? SEND_OK : SEND_NOT_YOUR_ADDRESS;
}

enum send_refusal send_author_check(struct str raw, struct str own, struct arena *a)
{
    struct addr_item one;
    return read_one(raw, own, a, &one);
}

/* A name that is an address, or could be taken for one, is shown by many programs in place of the real one. So are the
 * '@' of other scripts (U+FF20, U+FE6B), and encoded words within what was decoded, to who decodes twice. */
static bool is_honest(struct str name, struct str own)
{
    static const struct str bad[] = { STR("@"), STR("\xef\xbc\xa0"), STR("\xef\xb9\xab"), STR("=?") };
    if (is_own(name, own))
        return true;
    for (size_t i = 0; i < COUNT(bad); i++)
        if (str_find(name, bad[i]) != STR_NONE)
            return false;
    return !deceptive_text(name);
}

/* With its "+tag" as written, which the box may want back; the domain as we have it. */
static struct str own_address(struct str text, struct str own, struct arena *a)
{
    struct str local = str_sub(text, 0, str_rchr(text, '@')), domain = str_from(own, str_rchr(own, '@'));
    return arena_printf(a, "%.*s%.*s", STR_FMT(local), STR_FMT(domain));
}

/* One blank where there were several: who reads the field makes no difference between them. In place. */
static struct str squeezed(struct str line)
{
    char *to = (char *)(uintptr_t)line.p;
    size_t n = 0;
    for (size_t i = 0; i < line.n; i++)
        if (line.p[i] != ' ' || (n > 0 && to[n - 1] != ' '))
            to[n++] = line.p[i];
    return str_trim(str_of(to, n));
}

void send_author_put(struct buf *out, struct str name, struct str raw, struct str own, struct arena *a)
{
    struct addr_item one;
    char field[NAME_MAX_N];
    enum send_refusal r = read_one(raw, own, a, &one);
    if (r != SEND_OK || name.n >= sizeof field) {
        out->failed |= r == SEND_LATER;
        return;
    }
    memcpy(field, name.p, name.n);
    field[name.n] = 0;
    struct str shown = squeezed(draft_line(a, utf8_cut(one.name, DRAFT_NAME_MAX)));
    struct draft_person who = { .name = is_honest(shown, own) ? shown : S(""),
                                .address = own_address(one.text, own, a) };
    out->failed |= !who.address.p;
    field_people(out, field, (struct draft_people){ &who, 1 });
}
