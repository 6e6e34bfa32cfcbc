/* All who ask about a domain at the same time share one inquiry. What was learnt is an entry; one that says that
 * nothing could be fetched keeps the next few minutes' mail from trying again. */
#include "core/sts.h"
#include "base/list.h"
#include "base/map.h"
#include "core/addrs.h"
#include <stdlib.h>

enum {
    ENTRIES_MAX = 20000,
    ENTRY_MEMORY = 32 * 1024,
    MEMORY = 128 * 1024,
    AGAIN_MS = 5 * 60 * 1000, /* after a fetch that failed */
};

struct entry {
    struct list in; /* sts.entries, oldest first */
    struct arena arena;
    struct str domain, id;
    struct sts_policy policy;
    int64_t expires_ms;   /* 0: no policy, only a failure */
    int64_t again_ms;     /* not fetched before */
    enum sts_fault fault; /* of the last fetch */
};
struct inquiry {
    struct sts *sts;
    struct list waiters; /* struct sts_req */
    struct arena arena;
    struct str domain, id;
    struct dns_question *question;
    struct addrs_req *addrs;
    struct fetch_req *fetch;
    bool announced; /* the DNS says that there is a policy */
};
struct sts_req {
    struct list in;
    sts_fn *done;
    void *ctx;
};
struct sts {
    struct sts_opts o;
    struct map entries, inquiries;
    struct list oldest;
};

static const struct sts_policy none = { .mode = STS_NONE };

/* ---- entries ---- */
static void entry_drop(struct sts *s, struct entry *e)
{
    (void)map_del(&s->entries, e->domain);
    list_del(&e->in);
    arena_reset(&e->arena);
    free(e);
}

static struct entry *entry_new(struct sts *s, struct str domain, struct str id)
{
    struct entry *e = calloc(1, sizeof *e), *old = map_get(&s->entries, domain);
    if (!e)
        return NULL;
    e->arena.max = ENTRY_MEMORY;
    e->domain = arena_dup(&e->arena, domain);
    e->id = arena_dup(&e->arena, id);
    if (old)
        entry_drop(s, old);
    if (s->entries.n >= ENTRIES_MAX)
        entry_drop(s, CONTAINER_OF(s->oldest.next, struct entry, in));
    if (e->domain.p && e->id.p && map_set(&s->entries, e->domain, e)) {
        list_add_tail(&s->oldest, &e->in);
        return e;
    }
    arena_reset(&e->arena);
    free(e);
    return NULL;
}

static bool entry_holds(const struct sts *s, const struct entry *e)
{
    return e && e->expires_ms > s->o.now_ms(s->o.ctx);
}

/* ---- inquiries ---- */
static void answer(struct inquiry *q)
{
    struct sts *s = q->sts;
    const struct entry *e = map_get(&s->entries, q->domain);
    bool holds = entry_holds(s, e);
    const struct sts_policy *p = holds ? &e->policy : &none;
    enum sts_fault fault = e && !holds && q->announced ? e->fault : STS_FAULTLESS;
    (void)map_del(&s->inquiries, q->domain);
    while (!list_empty(&q->waiters)) { /* each may cancel others */
        struct sts_req *r = CONTAINER_OF(q->waiters.next, struct sts_req, in);
        list_del(&r->in);
        r->done(r->ctx, p, fault);
        free(r);
    }
    arena_reset(&q->arena);
    free(q);
}

static void failed(struct inquiry *q, enum sts_fault fault)
{
    struct sts *s = q->sts;
    struct entry *e = map_get(&s->entries, q->domain);
    if (!entry_holds(s, e))
        e = entry_new(s, q->domain, q->id);
    if (e) {
        e->again_ms = s->o.now_ms(s->o.ctx) + AGAIN_MS;
        e->fault = fault;
    }
    answer(q);
}

static bool is_plain_text(struct str type) /* RFC 8461 section 3.2 */
{
    return str_eq_nocase(str_trim(str_cut(type, ';', &type)), S("text/plain"));
}

static void on_fetched(void *ctx, enum err e, long status, struct str type, struct str body)
{
    struct inquiry *q = ctx;
    struct sts *s = q->sts;
    struct sts_policy p;
    AUTO_ARENA struct arena scratch = { .max = ENTRY_MEMORY };
    q->fetch = NULL;
    if (e != OK || status != 200) {
        failed(q, e == ERR_DENIED ? STS_FAULT_HOST : STS_FAULT_FETCH);
        return;
    }
    if (!is_plain_text(type) || sts_policy_parse(&scratch, body, &p) != OK) {
        failed(q, STS_FAULT_INVALID);
        return;
    }
    struct entry *n = entry_new(s, q->domain, q->id);
    if (n && sts_policy_parse(&n->arena, body, &n->policy) == OK)
        n->expires_ms = s->o.now_ms(s->o.ctx) + (int64_t)p.max_age_s * 1000;
    answer(q);
}

static void on_addrs(void *ctx, const struct addrs *a)
{
    struct inquiry *q = ctx;
    struct sts *s = q->sts;
    struct ip good[FETCH_ADDRS_MAX];
    size_t n = 0;
    q->addrs = NULL;
    for (size_t i = 0; i < a->n && n < FETCH_ADDRS_MAX; i++)
        if (s->o.allow_private || ip_is_global(&a->v[i]))
            good[n++] = a->v[i];
    struct fetch_what w = { .host = arena_printf(&q->arena, "mta-sts.%.*s", STR_FMT(q->domain)),
                            .path = S("/.well-known/mta-sts.txt"),
                            .port = s->o.port,
                            .addrs = good,
                            .addrs_n = n,
                            .anywhere = s->o.allow_private,
                            .max = LIMIT_STS_FILE };
    q->fetch = n > 0 && w.host.p ? fetch_get(s->o.fetcher, s->o.loop, &w, on_fetched, q) : NULL;
    if (!q->fetch)
        failed(q, STS_FAULT_FETCH);
}

static void fetch(struct inquiry *q)
{
    struct str host = arena_printf(&q->arena, "mta-sts.%.*s", STR_FMT(q->domain));
    q->addrs = host.p ? addrs_find(q->sts->o.dns, q->sts->o.loop, host, on_addrs, q) : NULL;
    if (!q->addrs)
        failed(q, STS_FAULT_FETCH);
}

/* Several such records are none (section 3.1). */
static bool take_id(struct inquiry *q, struct str packet)
{
    AUTO_ARENA struct arena scratch = { .max = MEMORY };
    struct dns_records rr;
    size_t found = 0;
    if (dns_records_parse(&scratch, packet, DNS_TXT, &rr) != OK)
        return false;
    for (size_t i = 0; i < rr.n; i++) {
        struct str id;
        enum err e = sts_record_parse(rr.v[i].data, &id);
        found += e != ERR_GONE;
        if (e == OK)
            q->id = arena_dup(&q->arena, id);
    }
    return found == 1 && q->id.p;
}

/* A policy that has spent half of its life is fetched again, though it be the same (section 3.3). */
static bool is_fresh(const struct sts *s, const struct entry *e, struct str id)
{
    int64_t now = s->o.now_ms(s->o.ctx);
    if (!e)
        return false;
    bool same = str_eq(e->id, id), half = e->expires_ms - now > (int64_t)e->policy.max_age_s * 500;
    return (same && e->expires_ms > now && half) || e->again_ms > now;
}

static void on_record(void *ctx, const struct dns_answer *a)
{
    struct inquiry *q = ctx;
    q->question = NULL;
    bool has = a->status == DNS_FOUND && take_id(q, a->packet);
    q->announced = has;
    if (has && !is_fresh(q->sts, map_get(&q->sts->entries, q->domain), q->id))
        fetch(q);
    else
        answer(q);
}

static struct inquiry *inquiry_new(struct sts *s, struct str domain)
{
    struct inquiry *q = calloc(1, sizeof *q);
    if (!q)
        return NULL;
    q->sts = s;
    q->arena.max = MEMORY;
    list_init(&q->waiters);
    q->domain = arena_dup(&q->arena, domain);
    struct str name = arena_printf(&q->arena, "_mta-sts.%.*s", STR_FMT(domain));
    if (q->domain.p && name.p && map_set(&s->inquiries, q->domain, q)) {
        q->question = dns_ask(s->o.dns, s->o.loop, DNS_PLAIN, name, DNS_TXT, on_record, q);
        if (q->question)
            return q;
        (void)map_del(&s->inquiries, q->domain);
    }
    arena_reset(&q->arena);
    free(q);
    return NULL;
}

struct sts_req *sts_ask(struct sts *s, struct str domain, sts_fn *done, void *ctx)
{
    struct inquiry *q = map_get(&s->inquiries, domain);
    struct sts_req *r = calloc(1, sizeof *r);
    if (r && !q)
        q = inquiry_new(s, domain);
    if (!r || !q) {
        free(r);
        return NULL;
    }
    r->done = done;
    r->ctx = ctx;
    list_add_tail(&q->waiters, &r->in);
    return r;
}

/* The inquiry goes on: what it learns is of use to the next. */
void sts_cancel(struct sts_req *r)
{
    if (!r)
        return;
    list_del(&r->in);
    free(r);
}

enum err sts_new(const struct sts_opts *o, struct sts **out)
{
    struct sts *s = calloc(1, sizeof *s);
    if (!s)
        return ERR_IO;
    s->o = *o;
    map_init(&s->entries, ENTRIES_MAX);
    map_init(&s->inquiries, 0);
    list_init(&s->oldest);
    *out = s;
    return OK;
}

static void inquiry_cancel(struct inquiry *q)
{
    if (q->question)
        dns_cancel(q->question);
    addrs_cancel(q->addrs);
    fetch_cancel(q->fetch);
    arena_reset(&q->arena);
    free(q);
}

void sts_free(struct sts *s)
{
    if (!s)
        return;
    void *q;
    struct str domain;
    for (size_t it = 0; map_next(&s->inquiries, &it, &domain, &q);)
        inquiry_cancel(q);
    LIST_FOR(&s->oldest, node) { entry_drop(s, CONTAINER_OF(node, struct entry, in)); }
    map_fini(&s->inquiries);
    map_fini(&s->entries);
    free(s);
}
