/* A host's addresses, and where DNSSEC vouches for them its TLSA records (RFC 7672 section 2.2). Where it does not,
 * nobody asks for those: many servers of insecure zones would not even answer. */
#include "core/route.h"
#include "core/route_own.h"
#include <stdlib.h>

enum { MEMORY = 512 * 1024, TLSA_NAMES = 2 };

struct reach_req {
    struct router *r;
    struct arena arena;
    struct route_host host;
    struct reach reach;
    struct addrs_req *addrs;
    struct dns_question *question;
    struct str names[TLSA_NAMES]; /* where the records may be: the name behind the aliases first, section 2.2.2 */
    size_t names_n, asked;
    struct job job;
    bool queued, closed;
    reach_fn *done;
    void *ctx;
};

static void answer(struct reach_req *q) { q->done(q->ctx, &q->reach); }

static void fail(struct reach_req *q)
{
    q->reach.kind = REACH_LATER;
    answer(q);
}

/* ---- TLSA ---- */
/* Where they are, or would be: section 1.1 of RFC 8460 has that name as the policy's domain. Without memory nothing is
 * told. */
static void tell_records(struct reach_req *q, const struct dns_records *rr, enum tls_result fault)
{
    struct reach *out = &q->reach;
    struct str *words = q->r->o.tells ? arena_array(&q->arena, rr->n + 1, sizeof *words) : NULL;
    if (!words)
        return;
    for (size_t i = 0; i < rr->n; i++)
        words[i] = rr->v[i].data;
    out->fault = fault;
    if (tls_policy_of_tlsa(&q->arena, q->names[q->asked - 1], words, rr->n, &out->policy) != OK)
        out->policy = (struct tls_policy){ .kind = TLS_POLICY_NONE };
}

static bool take_records(struct reach_req *q, struct str packet)
{
    struct dns_records rr;
    struct reach *out = &q->reach;
    out->tlsa = arena_array(&q->arena, LIMIT_TLSA, sizeof *out->tlsa);
    if (!out->tlsa || dns_records_parse(&q->arena, packet, DNS_TLSA, &rr) != OK || rr.n == 0)
        return false;
    for (size_t i = 0; i < rr.n && out->tlsa_n < LIMIT_TLSA; i++)
        out->tlsa_n += tlsa_parse(rr.v[i].data, &out->tlsa[out->tlsa_n]);
    out->tlsa_name = q->names[q->asked - 1];
    tell_records(q, &rr, out->tlsa_n > 0 ? TLS_GOOD : TLS_TLSA_INVALID);
    out->tls = out->tlsa_n > 0 ? ROUTE_TLS_DANE : q->host.sts ? ROUTE_TLS_NAME : ROUTE_TLS_MUST;
    return true;
}

static void on_tlsa(void *ctx, const struct dns_answer *a);

static void ask_tlsa(struct reach_req *q)
{
    if (q->asked == q->names_n) {
        answer(q);
        return;
    }
    struct str name = arena_printf(&q->arena, "_%u._tcp.%.*s", q->r->o.port, STR_FMT(q->names[q->asked]));
    q->asked++;
    q->question = name.p ? dns_ask(q->r->o.dns, q->r->o.loop, DNS_PLAIN, name, DNS_TLSA, on_tlsa, q) : NULL;
    if (!q->question)
        fail(q);
}

/* Section 2.1.2: an answer that cannot be had may be one that somebody keeps from us. */
static void on_tlsa(void *ctx, const struct dns_answer *a)
{
    struct reach_req *q = ctx;
    q->question = NULL;
    if (a->status == DNS_FAILED)
        tell_records(q, &(struct dns_records){ .n = 0 }, TLS_DNSSEC_INVALID);
    if (a->status == DNS_FAILED || a->status == DNS_SILENT)
        fail(q);
    else if (a->status == DNS_FOUND && a->secure && take_records(q, a->packet))
        answer(q);
    else
        ask_tlsa(q);
}

/* ---- addresses ---- */
static void take_address(struct reach_req *q, const struct ip *ip)
{
    struct reach *out = &q->reach;
    if ((q->r->o.allow_private || q->host.smart || ip_is_global(ip)) && out->n < ROUTE_ADDRS_MAX)
        out->addrs[out->n++] = *ip;
}

static void on_addrs(void *ctx, const struct addrs *a)
{
    struct reach_req *q = ctx;
    q->addrs = NULL;
    for (size_t i = 0; i < a->n; i++)
        take_address(q, &a->v[i]);
    if (q->reach.n == 0) {
        q->reach.kind = a->kind == ADDRS_LATER ? REACH_LATER : REACH_NOTHING;
        answer(q);
        return;
    }
    if (q->host.secure && a->secure && !q->host.lax) {
        struct str owner = arena_dup(&q->arena, a->owner);
        if (owner.n > 0 && !str_eq_nocase(owner, q->host.name))
            q->names[q->names_n++] = owner;
        q->names[q->names_n++] = q->host.name;
    }
    ask_tlsa(q);
}

/* ---- begin and end ---- */
static void req_free(struct reach_req *q)
{
    arena_reset(&q->arena);
    free(q);
}

static void on_turn(struct job *j)
{
    struct reach_req *q = CONTAINER_OF(j, struct reach_req, job);
    q->queued = false;
    if (q->closed)
        req_free(q);
    else
        answer(q);
}

static void begin(struct reach_req *q)
{
    const struct router_opts *o = &q->r->o;
    struct ip ip;
    q->reach.kind = REACH_ADDRS;
    q->reach.tls = q->host.sts ? ROUTE_TLS_NAME : ROUTE_TLS_MAY;
    if (q->host.smart && ip_parse(q->host.name, &ip) == OK)
        take_address(q, &ip);
    else if (o->dns)
        q->addrs = addrs_find(o->dns, o->loop, q->host.name, on_addrs, q);
    if (q->addrs)
        return;
    if (q->reach.n == 0)
        q->reach.kind = REACH_LATER;
    loop_later(o->loop, &q->job);
    q->queued = true;
}

struct reach_req *reach_find(struct router *r, const struct route_host *host, reach_fn *done, void *ctx)
{
    struct reach_req *q = calloc(1, sizeof *q);
    if (!q)
        return NULL;
    *q = (struct reach_req){ .r = r, .host = *host, .arena.max = MEMORY, .job.run = on_turn, .done = done, .ctx = ctx };
    q->host.name = arena_dup(&q->arena, host->name);
    begin(q);
    return q;
}

void reach_close(struct reach_req *q)
{
    if (!q)
        return;
    if (q->question)
        dns_cancel(q->question);
    addrs_cancel(q->addrs);
    q->closed = true;
    if (!q->queued)
        req_free(q);
}
