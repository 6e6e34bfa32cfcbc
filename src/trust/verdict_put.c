/* What strangers chose (domains, selectors) is written as values only, quoted where it must be; reasons are our own
 * words. */
#include "trust/verdict.h"
#include "wire/authres.h"
#include "wire/domain.h"
#include "wire/json.h"

enum { VALUE_MAX = 300, TAG_B_SHOWN = 8 };

/* ---- Authentication-Results, RFC 8601 ---- */
static void put_result(struct buf *out, const char *method, enum result r, struct str why)
{
    buf_printf(out, ";\r\n\t%s=%.*s", method, STR_FMT(result_name(r)));
    if (why.n)
        buf_printf(out, " (%.*s)", STR_FMT(why));
}

static void put_property(struct buf *out, const char *name, struct str value)
{
    if (value.n == 0)
        return;
    buf_printf(out, " %s=", name);
    authres_put_value(out, str_sub(value, 0, VALUE_MAX));
}

static void put_signature(struct buf *out, const struct dkim_verdict *d)
{
    put_result(out, "dkim", d->result, d->why);
    put_property(out, "header.d", d->domain);
    put_property(out, "header.s", d->selector);
    put_property(out, "header.a", d->algorithm);
    put_property(out, "header.b", str_sub(d->tag_b, 0, TAG_B_SHOWN)); /* RFC 6008 */
}

static void put_dmarc(struct buf *out, const struct verdict *v)
{
    if (v->authors.n == 0) {
        put_result(out, "dmarc", RESULT_PERMERROR, v->authors.why);
        return;
    }
    put_result(out, "dmarc", v->dmarc.result, S(""));
    if (v->dmarc.domain.n)
        buf_printf(out, " (p=%.*s%s)", STR_FMT(dmarc_policy_name(v->dmarc.published)), v->dmarc.testing ? " t=y" : "");
    put_property(out, "header.from", v->author);
}

void verdict_put_header(struct buf *out, const struct verdict *v)
{
    buf_puts(out, "Authentication-Results: ");
    buf_put(out, v->in->server);
    put_result(out, "spf", v->spf.result, v->spf.why);
    if (domain_is_name(v->spf.domain)) /* an address literal may be the client's: left out as in Received, DESIGN P5 */
        put_property(out, v->spf.helo ? "smtp.helo" : "smtp.mailfrom", v->spf.domain);
    for (size_t i = 0; i < v->dkim.n; i++)
        put_signature(out, &v->dkim.verdict[i]);
    if (v->dkim.n == 0)
        put_result(out, "dkim", RESULT_NONE, S(""));
    put_dmarc(out, v);
    put_result(out, "arc", arc_reported(&v->arc), v->arc.why);
    put_property(out, "policy.sealer", v->lifted);
    buf_puts(out, "\r\n");
}

/* ---- JSON ---- */
/* Where the author's domain publishes no DMARC record, what such a record would have asked for can still be seen. */
static bool spf_is_authors(const struct verdict *v)
{
    return v->dmarc.result == RESULT_NONE && v->authors.n == 1 && v->spf.result == RESULT_PASS &&
           str_eq_nocase(domain_org(v->spf.domain), domain_org(v->author));
}

/* Whom the message may be said to be from: the author when DMARC has passed, or would have, else whoever has signed it.
 */
static struct str proven(const struct verdict *v)
{
    if (v->dmarc.result == RESULT_PASS || spf_is_authors(v))
        return v->author;
    for (size_t i = 0; i < v->dkim.n; i++)
        if (v->dkim.verdict[i].result == RESULT_PASS)
            return v->dkim.verdict[i].domain;
    return (struct str){ NULL, 0 };
}

static enum result dmarc_result(const struct verdict *v)
{
    return v->authors.n == 0 ? RESULT_PERMERROR : v->dmarc.result;
}

void verdict_put_auth(struct buf *out, const struct verdict *v)
{
    struct json_out j = json_out(out);
    json_put_object(&j);
    json_kv_str(&j, "spf", result_name(v->spf.result));
    json_kv_str(&j, "dkim", result_name(dkim_check_best(&v->dkim)));
    json_kv_str(&j, "dmarc", result_name(dmarc_result(v)));
    json_kv_str(&j, "arc", result_name(arc_reported(&v->arc)));
    if (proven(v).n)
        json_kv_str(&j, "domain", proven(v));
    else
        json_kv_null(&j, "domain");
    json_put_end(&j);
}

/* ---- symbols ---- */
/* Weights in logits. Much good mail is sent with broken records, and much junk with good ones: what is here moves a
 * message little, but for a policy that its author's domain publishes. Only what says something is a symbol. */
struct weight {
    enum result result;
    struct str name;
    double score;
    struct str reason; /* where the check has none of its own */
};
static const struct weight spf_weights[] = {
    { RESULT_PASS, STR("SPF_PASS"), -0.1, STR("The sender's domain lists the server it came from") },
    { RESULT_FAIL, STR("SPF_FAIL"), 0.9, STR("The sender's domain does not let this server send for it") },
    { RESULT_SOFTFAIL, STR("SPF_SOFTFAIL"), 0.5, STR("The sender's domain does not list the server it came from") },
    { RESULT_NEUTRAL, STR("SPF_NEUTRAL"), 0.1, STR("The sender's domain does not say who may send for it") },
    { RESULT_PERMERROR, STR("SPF_PERMERROR"), 0.3, STR("The sender's domain publishes a record that is broken") },
    { RESULT_TEMPERROR, STR("SPF_TEMPERROR"), 0, STR("The sender's domain could not be asked in time") },
};
static const struct weight dkim_weights[] = {
    { RESULT_PASS, STR("DKIM_PASS"), -0.2, STR("Signed, and the signature is good") },
    { RESULT_FAIL, STR("DKIM_FAIL"), 0.3, STR("A signature is wrong") },
    { RESULT_POLICY, STR("DKIM_POLICY"), 0.2, STR("A signature is too weak to count") },
    { RESULT_NEUTRAL, STR("DKIM_NEUTRAL"), 0.1, STR("A signature cannot be read") },
    { RESULT_PERMERROR, STR("DKIM_PERMERROR"), 0.2, STR("A signature has no usable key") },
    { RESULT_TEMPERROR, STR("DKIM_TEMPERROR"), 0, STR("A signature's key could not be asked for in time") },
};
static const struct weight arc_weights[] = {
    { RESULT_PASS, STR("ARC_PASS"), 0, STR("Forwarders have sealed it, unbroken") },
    { RESULT_FAIL, STR("ARC_FAIL"), 0.1, STR("A forwarder's seal is wrong") },
};
static const struct weight dmarc_weights[] = {
    { RESULT_PASS, STR("DMARC_PASS"), -0.4, STR("It comes from the domain that it says it is from") },
    { RESULT_PERMERROR, STR("DMARC_PERMERROR"), 1.0, STR("Nobody can be asked about the author") },
    { RESULT_TEMPERROR, STR("DMARC_TEMPERROR"), 0, STR("The author's domain could not be asked in time") },
};

static void weigh(struct symbols *out, const struct weight *w, size_t n, enum result r, struct str why)
{
    for (size_t i = 0; i < n; i++)
        if (w[i].result == r)
            symbols_add(out, w[i].name, w[i].score, why.n ? why : w[i].reason);
}

/* One good signature is enough: what became of the others on their way says nothing. */
static void weigh_dkim(struct symbols *out, const struct verdict *v)
{
    bool good = dkim_check_best(&v->dkim) == RESULT_PASS;
    for (size_t i = 0; i < v->dkim.n; i++)
        if (!good || v->dkim.verdict[i].result == RESULT_PASS)
            weigh(out, dkim_weights, COUNT(dkim_weights), v->dkim.verdict[i].result, v->dkim.verdict[i].why);
}

/* What failed: as much as the author's domain asks for. */
static double dmarc_failed(const struct verdict *v)
{
    switch (verdict_action(v)) {
    case VERDICT_KEEP:
        return v->lifted.n > 0 ? 0 : 0.8;
    case VERDICT_JUNK:
    case VERDICT_REFUSE:
        return 4.0;
    }
    return 0;
}

static void weigh_dmarc(struct symbols *out, const struct verdict *v, bool label_only)
{
    struct str failed = v->lifted.n > 0 ? S("Not proven by the author's domain, but a trusted forwarder has seen proof")
                                        : S("The domain that it says it is from does not confirm it");
    if (dmarc_result(v) == RESULT_FAIL)
        symbols_add(out, S("DMARC_FAIL"), label_only ? 0 : dmarc_failed(v), failed);
    else if (v->authors.n == 0 && v->authors.missing)
        symbols_add(out, S("FROM_MISSING"), 1.0, v->authors.why);
    else if (v->authors.n == 0)
        symbols_add(out, S("FROM_UNCLEAR"), label_only ? 0 : 4.0, v->authors.why);
    else
        weigh(out, dmarc_weights, COUNT(dmarc_weights), dmarc_result(v), S(""));
}

void verdict_symbols(const struct verdict *v, bool label_only, struct symbols *out)
{
    weigh(out, spf_weights, COUNT(spf_weights), v->spf.result, v->spf.why);
    weigh_dkim(out, v);
    weigh(out, arc_weights, COUNT(arc_weights), arc_reported(&v->arc), v->arc.why);
    weigh_dmarc(out, v, label_only);
    block_list_symbols(&v->lists, out);
    client_symbols(&v->client, out);
    dnsbl_symbols(v->listed, out);
}
