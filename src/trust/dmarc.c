#include "trust/dmarc.h"
#include "wire/addr.h"
#include "wire/domain.h"

enum { DOMAIN_MAX = LIMIT_DNS_NAME + 1 };

/* ---- who the author is ---- */
static const struct header_field *the_from(const struct dkim_msg *msg, struct dmarc_authors *out)
{
    const struct header_field *from = NULL;
    for (size_t i = 0; i < msg->n; i++) {
        if (!str_eq_nocase(msg->v[i].name, S("From")))
            continue;
        if (from) {
            out->why = S("more than one From");
            return NULL;
        }
        from = &msg->v[i];
    }
    out->missing = !from;
    if (!from)
        out->why = S("no From");
    return from;
}

static bool has_author(const struct dmarc_authors *all, struct str domain)
{
    for (size_t i = 0; i < all->n; i++)
        if (str_eq(all->v[i], domain))
            return true;
    return false;
}

/* What is wrong with the address, or nothing. A lone word, as in "Acme, Inc. <a@b.example>", claims no domain. */
static struct str add_author(struct arena *a, struct dmarc_authors *all, const struct addr_item *item)
{
    AUTO_BUF struct buf domain = { .max = DOMAIN_MAX };
    if (item->domain.n == 0)
        return S("");
    if (domain_to_ascii(&domain, item->domain) != OK)
        return S("an address without a domain in From");
    if (has_author(all, buf_str(&domain)))
        return S("");
    if (all->n == LIMIT_DMARC_AUTHORS)
        return S("too many domains in From");
    all->v[all->n++] = arena_dup(a, buf_str(&domain));
    return S("");
}

enum err dmarc_authors(struct arena *a, const struct dkim_msg *msg, struct dmarc_authors *out)
{
    struct addr_list list;
    *out = (struct dmarc_authors){ .n = 0 };
    const struct header_field *from = the_from(msg, out);
    if (!from)
        return OK;
    if (addr_list_parse(a, from->raw, &list) != OK)
        return ERR_FULL;
    if (list.broken || list.truncated)
        out->why = S("From cannot be read");
    for (size_t i = 0; i < list.n && out->why.n == 0; i++)
        if (list.v[i].kind == ADDR_MAILBOX)
            out->why = add_author(a, out, &list.v[i]);
    if (out->n == 0 && out->why.n == 0)
        out->why = S("no address in From");
    for (size_t i = 0; i < out->n; i++)
        if (!out->v[i].p)
            return ERR_FULL;
    if (out->why.n > 0)
        out->n = 0;
    return OK;
}

/* ---- alignment ---- */
struct alignment {
    struct str author, organisation;
    bool failed; /* a walk had no answer: what is not aligned may yet be */
};

/* Section 4.4: the same name, or when not strict of the same organisation. Whose name is not within the author's
 * organisation is not asked about: a stranger's silent DNS makes nothing unsure. */
static enum err is_aligned(struct answers *as, struct alignment *al, struct str domain, bool strict, bool *out)
{
    AUTO_BUF struct buf ascii = { .max = DOMAIN_MAX };
    struct dmarc_walk w;
    if (domain_to_ascii(&ascii, domain) != OK)
        return OK;
    struct str kept = arena_dup(as->scratch, buf_str(&ascii));
    *out = str_eq(kept, al->author);
    if (*out || strict || !domain_is_within(kept, al->organisation))
        return OK;
    enum err e = dmarc_walk(as, kept, &w);
    if (e != OK)
        return e;
    al->failed = al->failed || w.failed;
    *out = str_eq(w.organisation, al->organisation);
    return OK;
}

static enum err try_dkim(const struct dmarc_in *in, struct answers *as, struct alignment *al, struct dmarc_out *o,
                         bool strict, bool *unsure)
{
    enum err whole = OK;
    for (size_t i = 0; i < in->dkim->n; i++) {
        const struct dkim_verdict *v = &in->dkim->verdict[i];
        bool aligned = false;
        if (v->result != RESULT_PASS && v->result != RESULT_TEMPERROR)
            continue;
        if (is_aligned(as, al, v->domain, strict, &aligned) == ERR_MORE)
            whole = ERR_MORE;
        else if (aligned && v->result == RESULT_PASS && o->result != RESULT_PASS) {
            o->result = RESULT_PASS;
            o->by_dkim = true;
            o->aligned = v->domain;
        }
        *unsure = *unsure || (aligned && v->result == RESULT_TEMPERROR);
    }
    return whole;
}

static enum err try_spf(const struct dmarc_in *in, struct answers *as, struct alignment *al, struct dmarc_out *o,
                        bool strict, bool *unsure)
{
    bool aligned = false;
    if (in->spf->result != RESULT_PASS && in->spf->result != RESULT_TEMPERROR)
        return OK;
    enum err e = is_aligned(as, al, in->spf->domain, strict, &aligned);
    if (e != OK || !aligned || o->result == RESULT_PASS)
        return e;
    if (in->spf->result == RESULT_PASS) {
        o->result = RESULT_PASS;
        o->aligned = in->spf->domain;
    }
    *unsure = *unsure || in->spf->result == RESULT_TEMPERROR;
    return OK;
}

/* ---- policy ---- */
/* Section 4.7, np: for a name that does not exist at all (RFC 8020). */
static enum err choose_policy(struct answers *as, struct str author, const struct dmarc_walk *w, enum dmarc_policy *out)
{
    const struct answer *a;
    *out = w->exact ? w->record.own : w->record.below;
    if (w->exact || w->record.missing == w->record.below)
        return OK;
    enum err e = answers_get(as, author, DNS_A, &a);
    if (e == OK && a->status == ANSWER_NONAME)
        *out = w->record.missing;
    return e;
}

enum err dmarc_check(const struct dmarc_in *in, struct answers *as, struct dmarc_out *out)
{
    struct dmarc_walk w;
    struct dmarc_out o = { .result = RESULT_NONE };
    enum err e = dmarc_walk(as, in->author, &w);
    if (e != OK)
        return e;
    if (str_empty(w.domain)) {
        o.result = w.failed ? RESULT_TEMPERROR : RESULT_NONE;
        *out = o;
        return OK;
    }
    struct alignment al = { .author = in->author, .organisation = w.organisation, .failed = w.failed };
    bool unsure = false;
    o.result = RESULT_FAIL;
    o.domain = w.domain;
    o.testing = w.record.testing;
    e = choose_policy(as, in->author, &w, &o.published);
    enum err by_dkim = try_dkim(in, as, &al, &o, w.record.strict_dkim, &unsure);
    enum err by_spf = try_spf(in, as, &al, &o, w.record.strict_spf, &unsure);
    if (e != OK || by_dkim != OK || by_spf != OK)
        return ERR_MORE;
    o.policy = o.testing && o.published != DMARC_NONE ? (enum dmarc_policy)(o.published - 1) : o.published;
    if (o.result == RESULT_FAIL && (unsure || al.failed))
        o.result = RESULT_TEMPERROR;
    *out = o;
    return OK;
}

/* A fail by what it asks for; then what may yet be one; then a domain that has a policy. */
static unsigned strictness(const struct dmarc_out *o)
{
    if (o->result == RESULT_FAIL)
        return 10 + (unsigned)o->policy;
    return o->result == RESULT_TEMPERROR ? 3 : o->result == RESULT_NONE ? 2 : 1;
}

bool dmarc_is_stricter(const struct dmarc_out *a, const struct dmarc_out *b) { return strictness(a) > strictness(b); }
