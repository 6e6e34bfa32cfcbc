/* One row after the other: there are a dozen. */
#include "app/domain_check.h"
#include "wire/mta_sts.h"
#include <stdlib.h>

#define POLICY_PATH "/.well-known/mta-sts.txt"
enum { SCRATCH_MAX = 256 * 1024 };
static const char NO_MEMORY[] = "no memory";

void domain_check_free(struct domain_check *c)
{
    arena_reset(&c->arena);
    free(c);
}

static void next(struct domain_check *c);

static void say(struct domain_check *c, const char *what)
{
    c->said[c->at++] = what;
    next(c);
}

/* ---- records ---- */
static enum dns_type type_of(const struct domain_row *row)
{
    return strcmp(row->type, "MX") == 0 ? DNS_MX : strcmp(row->type, "SRV") == 0 ? DNS_SRV : DNS_TXT;
}

static void on_answer(void *ctx, const struct dns_answer *a)
{
    struct domain_check *c = ctx;
    AUTO_ARENA struct arena scratch = { .max = SCRATCH_MAX };
    const struct domain_row *row = &c->rows.v[c->at];
    struct dns_records records = { 0 };
    bool found = a->status == DNS_FOUND && dns_records_parse(&scratch, a->packet, type_of(row), &records) == OK;
    say(c, found || a->status == DNS_NXNAME ? domain_row_compare(row, &records) : "no answer");
}

static bool ask_records(struct domain_check *c, const struct domain_row *row)
{
    return dns_ask(c->app->dns, c->app->loop, DNS_PLAIN, row->name, type_of(row), on_answer, c) != NULL;
}

/* ---- names that lead here: by an alias or by addresses, which is the same to whoever comes ---- */
static bool shares_one(const struct addrs *a, const struct addrs *b)
{
    for (size_t i = 0; i < a->n; i++)
        for (size_t k = 0; k < b->n; k++)
            if (ip_within(&a->v[i], &b->v[k], a->v[i].six ? 128 : 32))
                return true;
    return false;
}

static void on_alias(void *ctx, const struct addrs *a)
{
    struct domain_check *c = ctx;
    if (a->n > 0)
        say(c, shares_one(a, &c->ours) || str_eq_nocase(a->owner, c->app->config.server_hostname) ? "ok" : "differs");
    else
        say(c, a->kind == ADDRS_LATER ? "no answer" : "missing");
}

static bool ask_alias(struct domain_check *c, const struct domain_row *row)
{
    return addrs_find(c->app->dns, c->app->loop, row->name, on_alias, c) != NULL;
}

static void on_ours(void *ctx, const struct addrs *a)
{
    struct domain_check *c = ctx;
    c->ours = *a; /* but for its owner, which is borrowed */
    c->ours_known = true;
    if (!ask_alias(c, &c->rows.v[c->at]))
        say(c, NO_MEMORY);
}

static bool ask_where(struct domain_check *c, const struct domain_row *row)
{
    return c->ours_known ? ask_alias(c, row)
                         : addrs_find(c->app->dns, c->app->loop, c->app->config.server_hostname, on_ours, c) != NULL;
}

/* ---- the policy, as others fetch it ---- */
static void say_policy(struct domain_check *c, const char *said)
{
    c->policy_said = said;
    c->done(c, c->ctx);
}

static const char *judge_policy(const struct domain_check *c, struct str body)
{
    AUTO_ARENA struct arena scratch = { .max = SCRATCH_MAX };
    const struct config *config = &c->app->config;
    struct sts_policy p;
    if (sts_policy_parse(&scratch, body, &p) != OK)
        return "no policy";
    enum sts_mode mode = config->smtp_mta_sts == CONFIG_STS_ENFORCE ? STS_ENFORCE : STS_TESTING;
    return p.mode == mode && sts_policy_has(&p, config->server_hostname) ? "ok" : "differs";
}

static void on_policy(void *ctx, enum err e, long status, struct str, struct str body)
{
    struct domain_check *c = ctx;
    if (e != OK)
        say_policy(c, e == ERR_DENIED ? "untrusted" : "no answer");
    else
        say_policy(c, status == 200 ? judge_policy(c, body) : "no policy");
}

static void on_policy_host(void *ctx, const struct addrs *a)
{
    struct domain_check *c = ctx;
    const struct config *config = &c->app->config;
    const struct fetch_what w = { .host = arena_printf(&c->arena, "mta-sts.%.*s", STR_FMT(c->domain)),
                                  .path = S(POLICY_PATH),
                                  .port = (uint16_t)config->smtp_out_sts_port,
                                  .addrs = a->v,
                                  .addrs_n = MIN(a->n, (size_t)FETCH_ADDRS_MAX),
                                  .anywhere = config->smtp_out_allow_private,
                                  .max = LIMIT_STS_FILE };
    if (a->n == 0)
        say_policy(c, "no address");
    else if (!w.host.p || !fetch_get(c->app->carrying.fetcher, c->app->loop, &w, on_policy, c))
        say_policy(c, NO_MEMORY);
}

/* Who fetches no policies of others cannot fetch this one either: the sandbox lets nothing out there. */
static void ask_policy(struct domain_check *c)
{
    struct str host = arena_printf(&c->arena, "mta-sts.%.*s", STR_FMT(c->domain));
    c->policy_url = arena_printf(&c->arena, "https://%.*s%s", STR_FMT(host), POLICY_PATH);
    if (c->app->config.smtp_mta_sts == CONFIG_STS_NONE || c->only_records)
        say_policy(c, NULL);
    else if (!c->app->carrying.fetcher)
        say_policy(c, "not asked");
    else if (!host.p || !addrs_find(c->app->dns, c->app->loop, host, on_policy_host, c))
        say_policy(c, NO_MEMORY);
}

static void next(struct domain_check *c)
{
    for (; c->at < c->rows.n; c->at++) {
        const struct domain_row *row = &c->rows.v[c->at];
        if (strcmp(row->type, "CNAME") == 0 ? ask_where(c, row) : ask_records(c, row))
            return;
        c->said[c->at] = NO_MEMORY;
    }
    ask_policy(c);
}

void domain_check_begin(struct domain_check *c) { next(c); }

enum err domain_check_new(struct app *a, struct str domain, const struct sign_domain *keys, domain_check_fn *done,
                          void *ctx, struct domain_check **out)
{
    struct domain_check *c = calloc(1, sizeof *c);
    if (!c)
        return ERR_BUSY;
    *c = (struct domain_check){ .app = a, .arena = { .max = SCRATCH_MAX }, .done = done, .ctx = ctx, .domain = domain };
    enum err e = domain_rows(a, &c->arena, domain, keys, &c->rows);
    if (e == OK)
        *out = c;
    else
        domain_check_free(c);
    return e;
}
