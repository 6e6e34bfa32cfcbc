#include "trust/verdict.h"
#include "wire/authres.h"
#include "wire/domain.h"
#include "wire/header.h"

enum err verdict_init(struct verdict *v, struct arena *a, const struct verdict_in *in, struct str msg)
{
    *v = (struct verdict){ .in = in };
    /* What begins with no field is stored below an empty line: no reader is shown the fields that follow. */
    struct str shown = header_start(msg) == HEADER_MISSING ? S("\r\n") : msg;
    enum err e = dkim_msg_init(a, shown, &v->msg);
    if (e != OK)
        return e;
    dkim_check_init(&v->dkim, a, &v->msg, in->sender.now_s);
    e = arc_check_init(&v->arc, a, &v->msg);
    for (size_t i = 0; e == OK && i < v->dkim.n; i++)
        if (!v->dkim.judged[i])
            e = dkim_body_hash(&v->msg, v->dkim.sig[i].body);
    if (e == OK && v->arc.n > 0 && !v->arc.judged)
        e = dkim_body_hash(&v->msg, v->arc.v[v->arc.n - 1]->message.body);
    if (e == OK)
        e = dmarc_authors(a, &v->msg, &v->authors);
    v->lists = (struct block_list_check){ .zones = in->lists, .zones_n = in->lists_n };
    if (e == OK)
        block_list_init(&v->lists, a, v->authors.v, v->authors.n, msg);
    return e;
}

/* ---- the checks ---- */
static enum err run_spf(struct verdict *v, struct answers *as) { return spf_check(&v->in->sender, as, &v->spf); }
static enum err run_client(struct verdict *v, struct answers *as)
{
    struct client_in in = {
        .ip = v->in->sender.ip, .helo = v->in->sender.helo, .server = v->in->server, .reverse = v->in->reverse
    };
    return client_check(&in, as, &v->client);
}

static enum err run_dnsbl(struct verdict *v, struct answers *as)
{
    return dnsbl_check(v->in->dnsbl, v->in->dnsbl_n, &v->in->sender.ip, as, &v->listed);
}

static enum err run_dkim(struct verdict *v, struct answers *as) { return dkim_check_run(&v->dkim, as); }
static enum err run_lists(struct verdict *v, struct answers *as) { return block_list_run(&v->lists, as); }
static enum err run_arc(struct verdict *v, struct answers *as) { return arc_check_run(&v->arc, as); }

/* The authors' policies are asked for in the first round, whatever else is still on its way: a sender with a slow DNS
 * must not be able to keep it from being known in time. */
static enum err run_policy(struct verdict *v, struct answers *as)
{
    struct dmarc_walk w;
    enum err whole = OK;
    for (size_t i = 0; i < v->authors.n; i++) {
        enum err e = dmarc_walk(as, v->authors.v[i], &w);
        if (e != OK)
            whole = e;
    }
    return whole;
}

static const struct check {
    struct str name;
    enum err (*run)(struct verdict *v, struct answers *as);
} checks[] = {
    { STR("policy"), run_policy }, { STR("spf"), run_spf },       { STR("dkim"), run_dkim },   { STR("arc"), run_arc },
    { STR("lists"), run_lists },   { STR("client"), run_client }, { STR("dnsbl"), run_dnsbl },
};

/* ---- what ARC may lift ---- */
static bool is_sealer(const struct verdict *v, struct str domain)
{
    for (size_t i = 0; i < v->in->sealers_n; i++)
        if (str_eq_nocase(v->in->sealers[i], domain))
            return true;
    return false;
}

/* Has this hop seen DMARC pass for the same author? */
static bool says_pass(const struct verdict *v, const struct arc_set *set)
{
    struct str result, author, rest, id;
    uint32_t instance;
    return arc_results(set->results->raw, &instance, &rest) && authres_server(rest, &id, &rest) == OK &&
           authres_find(rest, S("dmarc"), S("header.from"), &result, &author) && str_eq_nocase(result, S("pass")) &&
           str_eq_nocase(author, v->author);
}

/* From the newest hop back, as far as each is believed: one that is not may have written what is older. Nobody says
 * that it passed for several authors. */
static struct str lifted_by(const struct verdict *v)
{
    if (v->arc.result == RESULT_PASS && v->authors.n == 1)
        for (size_t i = v->arc.n; i > 0 && is_sealer(v, v->arc.v[i - 1]->seal.domain); i--)
            if (says_pass(v, v->arc.v[i - 1]))
                return v->arc.v[i - 1]->seal.domain;
    return (struct str){ NULL, 0 };
}

/* Of several authors the one who asks for most. */
static enum err run_dmarc(struct verdict *v, struct answers *as)
{
    enum err whole = OK;
    for (size_t i = 0; i < v->authors.n; i++) {
        struct dmarc_in in = { .author = v->authors.v[i], .spf = &v->spf, .dkim = &v->dkim };
        struct dmarc_out o;
        enum err e = dmarc_check(&in, as, &o);
        if (e != OK) {
            whole = e;
        } else if (i == 0 || dmarc_is_stricter(&o, &v->dmarc)) {
            v->dmarc = o;
            v->author = in.author;
        }
    }
    return whole;
}

enum err verdict_run(struct verdict *v, struct answers *as)
{
    enum err whole = OK;
    for (size_t i = 0; i < COUNT(checks); i++) {
        enum err e = checks[i].run(v, as);
        if (e != OK && (whole == OK || whole == ERR_MORE))
            whole = e;
    }
    if (whole == OK)
        whole = run_dmarc(v, as);
    if (whole == OK)
        v->lifted = lifted_by(v);
    return whole;
}

enum verdict_action verdict_action(const struct verdict *v)
{
    if (v->authors.n == 0) /* a From that a reader sees and nobody can be asked about is worth a policy to no one */
        return v->authors.missing ? VERDICT_KEEP : VERDICT_JUNK;
    if (v->dmarc.result != RESULT_FAIL || v->lifted.n > 0)
        return VERDICT_KEEP;
    switch (v->dmarc.policy) {
    case DMARC_NONE:
        return VERDICT_KEEP;
    case DMARC_QUARANTINE:
        return VERDICT_JUNK;
    case DMARC_REJECT:
        return VERDICT_REFUSE;
    }
    return VERDICT_KEEP;
}

struct str verdict_sender(const struct verdict *v)
{
    if (v->dmarc.result == RESULT_PASS)
        return domain_org(v->dmarc.aligned);
    return v->spf.result == RESULT_PASS && domain_is_name(v->spf.domain) ? domain_org(v->spf.domain) : S("");
}
