#include "core/addrs.h"
#include <stdlib.h>

enum { MEMORY = 64 * 1024 };

struct family {
    struct dns_question *question;
    struct addrs_req *of;
    enum dns_type type;
    struct ip v[ADDRS_MAX];
    size_t n;
    bool answered, failed, insecure;
};
struct addrs_req {
    struct family six, four;
    struct arena arena;
    struct str owner;
    addrs_fn *done;
    void *ctx;
};

static void req_free(struct addrs_req *r)
{
    arena_reset(&r->arena);
    free(r);
}

static void by_turns(struct addrs *a, const struct addrs_req *r)
{
    for (size_t i = 0; i < ADDRS_MAX && a->n < ADDRS_MAX; i++) {
        if (i < r->six.n)
            a->v[a->n++] = r->six.v[i];
        if (i < r->four.n && a->n < ADDRS_MAX)
            a->v[a->n++] = r->four.v[i];
    }
}

static void answer(struct addrs_req *r)
{
    struct addrs a = { .owner = r->owner };
    by_turns(&a, r);
    a.secure = a.n > 0 && !r->six.insecure && !r->four.insecure;
    a.kind = r->six.failed || r->four.failed ? ADDRS_LATER : a.n > 0 ? ADDRS_FOUND : ADDRS_NONE;
    r->done(r->ctx, &a);
    req_free(r);
}

static void take(struct family *f, struct str packet)
{
    AUTO_ARENA struct arena scratch = { .max = MEMORY };
    struct dns_records rr;
    struct addrs_req *r = f->of;
    if (dns_records_parse(&scratch, packet, f->type, &rr) != OK) {
        f->failed = true;
        return;
    }
    for (size_t i = 0; i < rr.n && f->n < ADDRS_MAX; i++, f->n++) {
        if (f->type == DNS_AAAA)
            f->v[f->n] = ip_of_six((const uint8_t *)rr.v[i].data.p);
        else
            memcpy(f->v[f->n].b, rr.v[i].data.p, 4);
    }
    if (rr.n > 0 && !r->owner.p)
        r->owner = dns_record_owner(&r->arena, packet, f->type);
}

static void on_answer(void *ctx, const struct dns_answer *a)
{
    struct family *f = ctx;
    f->question = NULL;
    f->answered = true;
    f->failed = a->status == DNS_FAILED || a->status == DNS_SILENT;
    if (a->status == DNS_FOUND)
        take(f, a->packet);
    f->insecure = !a->secure;
    if (f->of->six.answered && f->of->four.answered)
        answer(f->of);
}

struct addrs_req *addrs_find(struct dns *d, struct loop *l, struct str name, addrs_fn *done, void *ctx)
{
    struct addrs_req *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    r->arena.max = MEMORY;
    r->done = done;
    r->ctx = ctx;
    r->six = (struct family){ .of = r, .type = DNS_AAAA };
    r->four = (struct family){ .of = r, .type = DNS_A };
    r->six.question = dns_ask(d, l, DNS_PLAIN, name, DNS_AAAA, on_answer, &r->six);
    r->four.question = dns_ask(d, l, DNS_PLAIN, name, DNS_A, on_answer, &r->four);
    if (r->six.question && r->four.question)
        return r;
    addrs_cancel(r);
    return NULL;
}

void addrs_cancel(struct addrs_req *r)
{
    if (!r)
        return;
    if (r->six.question)
        dns_cancel(r->six.question);
    if (r->four.question)
        dns_cancel(r->four.question);
    req_free(r);
}
