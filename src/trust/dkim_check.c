/* What can be said without the DNS is said first: a signature with a wrong body hash asks for no key. */
#include "trust/dkim_check.h"
#include "wire/domain.h"

static struct str domain_of(struct str identity)
{
    size_t at = str_rchr(identity, '@');
    return at == STR_NONE ? identity : str_from(identity, at + 1);
}

/* ---- what the signature itself says ---- */
static void refuse(struct dkim_check *c, size_t i, enum result r, struct str why)
{
    c->verdict[i].result = r;
    c->verdict[i].why = why;
    c->judged[i] = true;
}

static struct str form_fault(const struct dkim_sig *s)
{
    struct str identity = tags_get(&s->tags, S("i")), query = tags_get(&s->tags, S("q"));
    if (!str_eq(tags_get(&s->tags, S("v")), S("1")))
        return S("bad v=");
    if (s->algorithm == DKIM_OTHER)
        return S("unknown a=");
    if (!dkim_sig_names(s, S("From")))
        return S("From is not signed");
    if (identity.p && !domain_is_within(domain_of(identity), s->domain))
        return S("i= is not within d=");
    if (query.p && !tags_list_has(query, ':', S("dns/txt")))
        return S("unknown q=");
    if (s->has_time && s->has_expiry && s->expiry_s <= s->time_s)
        return S("x= is not after t=");
    return S("");
}

static void read_one(struct dkim_check *c, struct arena *a, const struct header_field *f)
{
    size_t i = c->n++;
    struct dkim_sig *s = &c->sig[i];
    struct dkim_verdict *v = &c->verdict[i];
    struct str why;
    bool good = dkim_sig_parse(a, f, s, &why) == OK && dkim_sig_cover(s, &why) == OK;
    if (good)
        why = form_fault(s);
    *v = (struct dkim_verdict){ .domain = s->domain, .selector = s->selector, .algorithm = s->algorithm_text };
    v->identity = tags_get(&s->tags, S("i"));
    v->tag_b = tags_get(&s->tags, S("b"));
    if (why.n > 0)
        refuse(c, i, RESULT_PERMERROR, why);
    else if (s->algorithm == DKIM_RSA_SHA1)
        refuse(c, i, RESULT_POLICY, S("SHA-1")); /* RFC 8301 section 3.1 */
    else if (s->has_expiry && s->expiry_s < c->now_s)
        refuse(c, i, RESULT_FAIL, S("expired"));
    else if (s->has_time && s->time_s > c->now_s + DKIM_CLOCK_SKEW_S)
        refuse(c, i, RESULT_POLICY, S("signed in the future"));
}

void dkim_check_init(struct dkim_check *c, struct arena *a, struct dkim_msg *msg, int64_t now_s)
{
    *c = (struct dkim_check){ .msg = msg, .now_s = now_s };
    for (size_t i = 0; i < msg->n; i++)
        if (!str_eq_nocase(msg->v[i].name, S("DKIM-Signature")))
            continue;
        else if (c->n < LIMIT_DKIM_SIGNATURES)
            read_one(c, a, &msg->v[i]);
        else
            c->more = true;
}

/* ---- what the message and the key say ---- */
static enum err check_body(struct dkim_check *c, size_t i)
{
    const struct dkim_sig *s = &c->sig[i];
    enum err e = dkim_body_hash(c->msg, s->body);
    if (e != OK)
        return e;
    /* A length that leaves text out lets anybody append to a signed message: not taken. One that leaves out nothing is
     * the same as none. */
    if (s->has_length && s->length < c->msg->body_n[s->body])
        refuse(c, i, RESULT_POLICY, S("l= leaves text unsigned"));
    else if (s->has_length && s->length > c->msg->body_n[s->body])
        refuse(c, i, RESULT_FAIL, S("the body is shorter than l="));
    else if (memcmp(s->body_hash, c->msg->body_hash[s->body], sizeof s->body_hash) != 0)
        refuse(c, i, RESULT_FAIL, S("the body has been changed"));
    return OK;
}

static enum err check_key(struct dkim_check *c, size_t i, struct answers *as)
{
    const struct dkim_sig *s = &c->sig[i];
    struct dkim_verdict *v = &c->verdict[i];
    struct dkim_outcome o;
    uint8_t hash[32];
    enum err e = dkim_key_ask(as, s);
    if (e == OK)
        e = dkim_head_hash(c->msg, s, hash);
    if (e == OK)
        e = dkim_verify(as, s, hash, &o);
    if (e != OK)
        return e;
    v->bits = o.bits;
    v->testing = o.testing;
    bool below = v->identity.n > 0 && !str_eq_nocase(domain_of(v->identity), s->domain);
    if (o.result == RESULT_PASS && o.strict && below)
        refuse(c, i, RESULT_PERMERROR, S("i= names a subdomain, which the key forbids"));
    else
        refuse(c, i, o.result, o.why);
    return OK;
}

enum err dkim_check_run(struct dkim_check *c, struct answers *as)
{
    enum err whole = OK;
    for (size_t i = 0; i < c->n; i++) {
        enum err e = c->judged[i] ? OK : check_body(c, i);
        if (e == OK && !c->judged[i])
            e = check_key(c, i, as);
        if (e != OK && (whole == OK || whole == ERR_MORE))
            whole = e;
    }
    return whole;
}

enum result dkim_check_best(const struct dkim_check *c)
{
    static const enum result order[] = { RESULT_PASS, RESULT_TEMPERROR, RESULT_FAIL, RESULT_POLICY, RESULT_PERMERROR };
    for (size_t k = 0; k < COUNT(order); k++)
        for (size_t i = 0; i < c->n; i++)
            if (c->verdict[i].result == order[k])
                return order[k];
    return RESULT_NONE;
}
