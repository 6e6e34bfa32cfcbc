/* One question for MX, then one for the domain's policy. Hosts that are no names, or stand behind us, are not for us.
 */
#include "core/route.h"
#include "core/route_own.h"
#include "wire/domain.h"
#include <stdlib.h>

enum { MEMORY = 256 * 1024 };

struct route_req {
    struct router *r;
    struct arena arena;
    struct str domain;
    struct route route;
    struct route_host hosts[LIMIT_DNS_RECORDS];
    struct dns_question *question;
    struct sts_req *sts;
    enum route_care care;
    struct job job;
    bool queued, closed;
    route_fn *done;
    void *ctx;
};

void route_order(struct route_host *v, size_t n, uint32_t (*chance)(uint32_t below))
{
    for (size_t i = n; i > 1; i--) {
        size_t k = chance((uint32_t)i);
        struct route_host h = v[i - 1];
        v[i - 1] = v[k];
        v[k] = h;
    }
    for (size_t i = 1; i < n; i++) /* insertion keeps the order of equals */
        for (size_t k = i; k > 0 && v[k].preference < v[k - 1].preference; k--) {
            struct route_host h = v[k];
            v[k] = v[k - 1];
            v[k - 1] = h;
        }
}

static void answer(struct route_req *q, enum route_kind kind)
{
    q->route.kind = kind;
    q->route.hosts = q->hosts;
    for (size_t i = 0; i < q->route.n; i++)
        q->hosts[i].lax = q->care == ROUTE_WITHOUT_POLICY;
    if (q->route.n > ROUTE_HOSTS_MAX)
        q->route.n = ROUTE_HOSTS_MAX;
    q->done(q->ctx, &q->route);
}

/* ---- the policy ---- */
/* Its own copy: the policy may be another one before the last session is over. Without memory nothing is told. */
static void tell_policy(struct route_req *q, const struct sts_policy *p, enum sts_fault fault)
{
    static const enum tls_result results[] = { [STS_FAULTLESS] = TLS_GOOD,
                                               [STS_FAULT_FETCH] = TLS_STS_FETCH,
                                               [STS_FAULT_INVALID] = TLS_STS_INVALID,
                                               [STS_FAULT_HOST] = TLS_STS_WEBPKI };
    struct sts_policy copy = *p;
    q->route.fault = results[fault];
    if (fault != STS_FAULTLESS)
        q->route.policy = (struct tls_policy){ .kind = TLS_POLICY_STS, .domain = q->domain };
    if (p->mode == STS_NONE)
        return;
    copy.mx = arena_array(&q->arena, p->mx_n, sizeof *copy.mx);
    if (!copy.mx)
        return;
    for (size_t i = 0; i < p->mx_n; i++)
        copy.mx[i] = arena_dup(&q->arena, p->mx[i]);
    if (tls_policy_of_sts(&q->arena, q->domain, &copy, &q->route.policy) != OK)
        q->route.policy = (struct tls_policy){ .kind = TLS_POLICY_NONE };
}

static void on_policy(void *ctx, const struct sts_policy *p, enum sts_fault fault)
{
    struct route_req *q = ctx;
    size_t kept = 0;
    q->sts = NULL;
    if (q->r->o.tells)
        tell_policy(q, p, fault);
    for (size_t i = 0; i < q->route.n; i++) {
        struct route_host h = q->hosts[i];
        bool named = sts_policy_has(p, h.name);
        h.sts = p->mode == STS_ENFORCE;
        h.tested = p->mode == STS_TESTING && q->r->o.tells;
        h.unnamed = h.tested && !named;
        if (!h.sts || named)
            q->hosts[kept++] = h;
    }
    if (kept == 0)
        q->route.unnamed = q->hosts[0].name;
    q->route.n = kept;
    answer(q, kept > 0 ? ROUTE_HOSTS : ROUTE_POLICY);
}

static void ask_policy(struct route_req *q)
{
    struct sts *sts = q->care == ROUTE_BY_POLICY ? q->r->o.sts : NULL;
    if (sts)
        q->sts = sts_ask(sts, q->domain, on_policy, q);
    if (!q->sts)
        answer(q, sts ? ROUTE_LATER : ROUTE_HOSTS);
}

/* ---- MX ---- */
/* RFC 5321 section 5.1: those as far as we are, and farther, could only bring it back to us. */
static void drop_behind_us(struct route_req *q)
{
    size_t n = 0;
    while (n < q->route.n && !str_eq_nocase(q->hosts[n].name, q->r->o.hostname))
        n++;
    if (n < q->route.n)
        while (n > 0 && q->hosts[n - 1].preference == q->hosts[n].preference)
            n--;
    q->route.n = n;
}

/* RFC 5321 section 5.1: no MX at all is an MX of preference 0 that points to the domain itself. */
static void implicit(struct route_req *q, bool secure)
{
    q->hosts[q->route.n++] = (struct route_host){ .name = q->domain, .secure = secure, .implicit = true };
    if (str_eq_nocase(q->domain, q->r->o.hostname))
        answer(q, ROUTE_OURSELF);
    else
        ask_policy(q);
}

static void take_hosts(struct route_req *q, const struct dns_records *rr, bool secure)
{
    bool null_mx = rr->n == 1 && rr->v[0].data.n == 0;
    for (size_t i = 0; i < rr->n; i++)
        if (domain_is_name(rr->v[i].data))
            q->hosts[q->route.n++] =
                (struct route_host){ .name = rr->v[i].data, .preference = rr->v[i].preference, .secure = secure };
    if (q->route.n == 0) {
        answer(q, null_mx ? ROUTE_NULL_MX : ROUTE_NOWHERE);
        return;
    }
    route_order(q->hosts, q->route.n, q->r->o.chance);
    drop_behind_us(q);
    if (q->route.n == 0)
        answer(q, ROUTE_OURSELF);
    else
        ask_policy(q);
}

static void on_mx(void *ctx, const struct dns_answer *a)
{
    struct route_req *q = ctx;
    struct dns_records rr = { 0 };
    q->question = NULL;
    if (a->status == DNS_NXNAME)
        answer(q, ROUTE_NOWHERE);
    else if (a->status != DNS_FOUND || dns_records_parse(&q->arena, a->packet, DNS_MX, &rr) != OK)
        answer(q, ROUTE_LATER);
    else if (rr.n == 0)
        implicit(q, a->secure);
    else
        take_hosts(q, &rr, a->secure);
}

/* ---- begin and end ---- */
static void req_free(struct route_req *q)
{
    arena_reset(&q->arena);
    free(q);
}

/* What needs no question: the smart host, and what cannot be asked about. */
static void on_turn(struct job *j)
{
    struct route_req *q = CONTAINER_OF(j, struct route_req, job);
    q->queued = false;
    if (q->closed)
        req_free(q);
    else
        answer(q, q->route.n > 0 ? ROUTE_HOSTS : domain_is_name(q->domain) ? ROUTE_LATER : ROUTE_NOWHERE);
}

static void begin(struct route_req *q)
{
    const struct router_opts *o = &q->r->o;
    if (o->relay_host.n > 0 && str_eq_nocase(q->domain, o->relay_host))
        q->hosts[q->route.n++] = (struct route_host){ .name = q->domain, .smart = true };
    else if (o->dns && domain_is_name(q->domain))
        q->question = dns_ask(o->dns, o->loop, DNS_PLAIN, q->domain, DNS_MX, on_mx, q);
    if (!q->question) {
        loop_later(o->loop, &q->job);
        q->queued = true;
    }
}

struct route_req *route_find(struct router *r, struct str domain, enum route_care care, route_fn *done, void *ctx)
{
    struct route_req *q = calloc(1, sizeof *q);
    if (!q)
        return NULL;
    *q = (struct route_req){ .r = r, .arena.max = MEMORY, .job.run = on_turn, .care = care, .done = done, .ctx = ctx };
    q->domain = arena_dup(&q->arena, domain);
    begin(q);
    return q;
}

void route_close(struct route_req *q)
{
    if (!q)
        return;
    if (q->question)
        dns_cancel(q->question);
    sts_cancel(q->sts);
    q->closed = true;
    if (!q->queued)
        req_free(q);
}

enum err router_new(const struct router_opts *o, struct router **out)
{
    struct router *r = calloc(1, sizeof *r);
    if (!r)
        return ERR_IO;
    r->o = *o;
    *out = r;
    return OK;
}

void router_free(struct router *r) { free(r); }
