/* The mechanisms that ask for hosts. All addresses that a term may need are asked for at once: ERR_MORE is returned
 * after the last of them. */
#include "trust/spf_run.h"
#include "wire/domain.h"

enum { NAME_TEXT = 300 };

/* A term's own question. A name that is not there, or has no such record, is a void look-up, section 4.6.4. */
static enum err ask(struct spf_run *r, struct str name, enum dns_type type, const struct answer **out)
{
    enum err e = answers_get(r->as, name, type, out);
    if (e != OK)
        return e;
    if ((*out)->status == ANSWER_FAILED)
        spf_fail(r, RESULT_TEMPERROR, S("the DNS did not answer"));
    else if ((*out)->records.n == 0 && dns_name_valid(name) && ++r->voids > LIMIT_SPF_VOID)
        spf_fail(r, RESULT_PERMERROR, S("too many void look-ups"));
    return OK;
}

static enum dns_type address_type(const struct spf_run *r) { return r->in->ip.six ? DNS_AAAA : DNS_A; }

static bool has_address(const struct spf_run *r, const struct answer *a, const struct spf_term *t)
{
    struct ip ip = { .six = r->in->ip.six };
    for (size_t i = 0; i < a->records.n; i++) {
        if (a->records.v[i].data.n != ip_n(&ip))
            continue;
        memcpy(ip.b, a->records.v[i].data.p, ip_n(&ip));
        if (ip_within(&r->in->ip, &ip, ip.six ? t->bits6 : t->bits4))
            return true;
    }
    return false;
}

enum err spf_match_a(struct spf_run *r, const struct spf_term *t, bool *hit)
{
    struct str name;
    const struct answer *a;
    enum err e = spf_target(r, t->domain, &name);
    if (e == OK)
        e = ask(r, name, address_type(r), &a);
    if (e == OK)
        *hit = has_address(r, a, t);
    return e;
}

enum err spf_match_exists(struct spf_run *r, const struct spf_term *t, bool *hit)
{
    struct str name;
    const struct answer *a;
    enum err e = spf_target(r, t->domain, &name);
    if (e == OK)
        e = ask(r, name, DNS_A, &a); /* section 5.7: also for an IPv6 client */
    if (e == OK)
        *hit = a->records.n > 0;
    return e;
}

/* One after the other, as if they were asked so: a host behind the first that matches, or that nobody answers for, says
 * nothing any more. */
static enum err try_hosts(struct spf_run *r, const struct spf_term *t, const struct answer *mx, bool *hit)
{
    bool more = false, failed = false;
    for (size_t i = 0; i < mx->records.n && !*hit; i++) {
        const struct answer *a;
        if (str_empty(mx->records.v[i].data))
            continue; /* RFC 7505: no mail */
        if (answers_get(r->as, mx->records.v[i].data, address_type(r), &a) != OK)
            more = true;
        else if (!more && !failed) {
            failed = a->status == ANSWER_FAILED;
            *hit = has_address(r, a, t);
        }
    }
    if (failed)
        spf_fail(r, RESULT_TEMPERROR, S("the DNS did not answer"));
    return more && !failed ? ERR_MORE : OK;
}

enum err spf_match_mx(struct spf_run *r, const struct spf_term *t, bool *hit)
{
    struct str name;
    const struct answer *mx;
    enum err e = spf_target(r, t->domain, &name);
    if (e == OK)
        e = ask(r, name, DNS_MX, &mx);
    if (e != OK)
        return e;
    if (mx->records.n > LIMIT_SPF_NAMES) {
        spf_fail(r, RESULT_PERMERROR, S("more than 10 MX names"));
        return OK;
    }
    return try_hosts(r, t, mx, hit);
}

/* ---- the client's own name ---- */
static struct str reverse_name(struct spf_run *r)
{
    AUTO_BUF struct buf name = { .max = NAME_TEXT };
    spf_macro_expand(&r->m, S("%{ir}.%{v}.arpa"), &name);
    return arena_dup(r->as->scratch, buf_str(&name));
}

/* Section 5.5: names of the client whose addresses have the client's among them; the best for domain: itself, then one
 * below it, then any. Empty when there is none. An error is the same as no name. */
static enum err validated(struct spf_run *r, struct str domain, struct str *best)
{
    static const struct spf_term whole = { .bits4 = 32, .bits6 = 128 };
    const struct answer *ptr;
    *best = (struct str){ NULL, 0 };
    enum err e = answers_get(r->as, reverse_name(r), DNS_PTR, &ptr);
    if (e != OK)
        return e;
    int rank = 0;
    for (size_t i = 0; i < MIN(ptr->records.n, (size_t)LIMIT_SPF_NAMES); i++) {
        struct str name = ptr->records.v[i].data;
        const struct answer *a;
        if (answers_get(r->as, name, address_type(r), &a) != OK) {
            e = ERR_MORE;
            continue;
        }
        int mine = str_eq_nocase(name, domain) ? 3 : domain_is_within(name, domain) ? 2 : 1;
        if (mine > rank && has_address(r, a, &whole)) {
            *best = name;
            rank = mine;
        }
    }
    return e;
}

enum err spf_match_ptr(struct spf_run *r, const struct spf_term *t, bool *hit)
{
    struct str domain, name;
    enum err e = spf_target(r, t->domain, &domain);
    if (e == OK)
        e = validated(r, domain, &name);
    if (e == OK)
        *hit = name.n > 0 && domain_is_within(name, domain);
    return e;
}

enum err spf_validate_name(struct spf_run *r)
{
    struct str name;
    enum err e = validated(r, r->m.domain, &name);
    r->m.validated = name.n > 0 ? name : S("unknown");
    return e;
}
