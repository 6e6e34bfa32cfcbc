/* What an answer means is the same for lists of clients and of domains. */
#include "trust/dnsbl.h"
#include "trust/block_list.h"

/* ERR_MORE, ERR_FULL, or OK and whether this zone lists it. */
static enum err ask(struct str zone, const struct ip *ip, struct answers *as, bool *listed)
{
    AUTO_BUF struct buf name = { .max = LIMIT_DNS_NAME, .secret = true };
    const struct answer *a;
    ip_put_reversed(&name, ip);
    buf_putc(&name, '.');
    buf_put(&name, zone);
    if (name.failed)
        return OK; /* a zone so long lists nobody */
    struct str asked = arena_dup(as->scratch, buf_str(&name));
    if (!asked.p)
        return ERR_FULL;
    enum err e = answers_get(as, asked, DNS_A, &a);
    if (e == OK)
        *listed = block_list_has(a);
    return e;
}

enum err dnsbl_check(const struct str *zones, size_t n, const struct ip *ip, struct answers *as, struct str *zone)
{
    enum err whole = OK;
    struct str found = { NULL, 0 };
    for (size_t i = 0; i < MIN(n, (size_t)LIMIT_DNSBL_ZONES); i++) {
        bool listed = false;
        enum err e = ask(zones[i], ip, as, &listed);
        if (e != OK && whole != ERR_FULL)
            whole = e;
        if (listed && found.n == 0)
            found = zones[i];
    }
    *zone = found;
    return found.n > 0 && whole == ERR_MORE ? OK : whole; /* one is enough */
}

void dnsbl_symbols(struct str zone, struct symbols *out)
{
    if (zone.n > 0)
        symbols_add(out, S("DNSBL"), 2.0, S("The server that sent it is on a block list"));
}
