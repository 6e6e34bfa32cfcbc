#include "trust/client.h"

enum { NAME_TEXT = 128 }; /* the longest: ip6.arpa with 32 nibbles */

static enum dns_type address_type(const struct ip *ip) { return ip->six ? DNS_AAAA : DNS_A; }

static bool has(const struct answer *a, const struct ip *ip)
{
    for (size_t i = 0; i < a->records.n; i++)
        if (str_eq(a->records.v[i].data, str_of(ip->b, ip_n(ip))))
            return true;
    return false;
}

static enum err check_rdns(const struct ip *ip, struct answers *as, enum client_rdns *out)
{
    AUTO_BUF struct buf text = { .max = NAME_TEXT, .secret = true };
    const struct answer *ptr, *a;
    ip_put_reversed(&text, ip);
    buf_puts(&text, ip->six ? ".ip6.arpa" : ".in-addr.arpa");
    struct str name = arena_dup(as->scratch, buf_str(&text));
    enum err e = name.p ? answers_get(as, name, DNS_PTR, &ptr) : ERR_FULL;
    if (e != OK)
        return e;
    bool failed = ptr->status == ANSWER_FAILED, good = false;
    for (size_t i = 0; i < MIN(ptr->records.n, (size_t)LIMIT_CLIENT_NAMES); i++) {
        if (answers_get(as, ptr->records.v[i].data, address_type(ip), &a) != OK) {
            e = ERR_MORE;
            continue;
        }
        failed = failed || a->status == ANSWER_FAILED;
        good = good || has(a, ip);
    }
    *out = good              ? CLIENT_RDNS_GOOD
           : failed          ? CLIENT_RDNS_UNKNOWN
           : !ptr->records.n ? CLIENT_RDNS_NONE
                             : CLIENT_RDNS_BROKEN;
    return good ? OK : e;
}

/* [192.0.2.1], [IPv6:2001:db8::1], RFC 5321 section 4.1.3. */
static bool is_own_literal(const struct client_in *in)
{
    struct ip said;
    struct str s = str_sub(in->helo, 1, in->helo.n - 2);
    if (str_starts_nocase(s, S("IPv6:")))
        s = str_from(s, 5);
    return ip_parse(s, &said) == OK && said.six == in->ip.six && memcmp(said.b, in->ip.b, ip_n(&said)) == 0;
}

static enum err ask_name(const struct client_in *in, struct answers *as, enum client_helo *out)
{
    const struct answer *a;
    enum err e = answers_get(as, in->helo, address_type(&in->ip), &a);
    if (e == OK)
        *out = has(a, &in->ip)              ? CLIENT_HELO_FINE
               : a->status == ANSWER_FAILED ? CLIENT_HELO_UNKNOWN
               : a->status == ANSWER_NONAME ? CLIENT_HELO_NOWHERE
                                            : CLIENT_HELO_ELSEWHERE;
    return e;
}

static enum err check_helo(const struct client_in *in, struct answers *as, enum client_helo *out)
{
    struct ip bare;
    bool brackets = str_starts(in->helo, S("[")) && str_ends(in->helo, S("]"));
    *out = CLIENT_HELO_FINE;
    if (str_eq_nocase(in->helo, in->server))
        *out = CLIENT_HELO_OURS;
    else if ((brackets && !is_own_literal(in)) || ip_parse(in->helo, &bare) == OK)
        *out = CLIENT_HELO_ADDRESS;
    else if (!brackets && str_chr(in->helo, '.') == STR_NONE)
        *out = CLIENT_HELO_BARE;
    else if (!brackets)
        return ask_name(in, as, out);
    return OK;
}

enum err client_check(const struct client_in *in, struct answers *as, struct client_out *out)
{
    *out = (struct client_out){ 0 };
    enum err r = in->reverse ? check_rdns(&in->ip, as, &out->rdns) : OK;
    enum err h = check_helo(in, as, &out->helo);
    return r != OK ? r : h;
}

/* ---- what it is worth ---- */
struct sign {
    struct str name;
    double score;
    struct str reason;
};
static const struct sign rdns_signs[CLIENT_RDNS_BROKEN + 1] = {
    [CLIENT_RDNS_NONE] = { STR("RDNS_NONE"), 0.7, STR("The server that sent it has no name") },
    [CLIENT_RDNS_BROKEN] = { STR("RDNS_BROKEN"), 0.5, STR("The name of the server that sent it is not confirmed") },
};
static const struct sign helo_signs[CLIENT_HELO_UNKNOWN + 1] = {
    [CLIENT_HELO_OURS] = { STR("HELO_OURS"), 1.5, STR("The server that sent it claimed to be this one") },
    [CLIENT_HELO_ADDRESS] = { STR("HELO_ADDRESS"), 0.7, STR("The server that sent it gave an address for a name") },
    [CLIENT_HELO_BARE] = { STR("HELO_BARE"), 0.5, STR("The server that sent it did not give its whole name") },
    [CLIENT_HELO_NOWHERE] = { STR("HELO_NOWHERE"), 0.4, STR("The name that the server gave does not exist") },
    [CLIENT_HELO_ELSEWHERE] = { STR("HELO_ELSEWHERE"), 0.1, STR("The name that the server gave is another's") },
};

static void put(struct symbols *out, const struct sign *s)
{
    if (s->name.n > 0)
        symbols_add(out, s->name, s->score, s->reason);
}

void client_symbols(const struct client_out *c, struct symbols *out)
{
    put(out, &rdns_signs[c->rdns]);
    put(out, &helo_signs[c->helo]);
}
