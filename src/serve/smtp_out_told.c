/* How TLS to each host went, for the reports that its domain may ask for (RFC 8460 section 4): by the policy in force,
 * which is what DANE says, else what MTA-STS does. Neither a smart host's sessions are counted, which is nobody's
 * domain, nor those of mail that goes without policies, our own reports among it (section 3). */
#include "io/tls.h"
#include "serve/smtp_out_carry.h"

static void add(struct carrier *c, const struct tls_policy *p, struct str mx, enum tls_result r)
{
    const struct smtp_out_opts *o = &c->s->o;
    const struct route_host *h = carrier_host(c);
    if (o->tally && !c->lax && !(h && h->smart))
        tls_tally_add(o->tally, o->now_ms(o->ctx), c->destination, p, mx, r);
}

static void count(struct carrier *c, enum tls_result r)
{
    const struct tls_policy none = { .kind = TLS_POLICY_NONE, .domain = c->destination };
    const struct reach *reach = c->reach;
    if (c->counted)
        return;
    c->counted = true;
    if (reach->policy.kind == TLS_POLICY_TLSA)
        add(c, &reach->policy, carrier_host(c)->name, reach->fault != TLS_GOOD ? reach->fault : r);
    else if (c->route->policy.kind == TLS_POLICY_STS)
        add(c, &c->route->policy, carrier_host(c)->name, c->route->fault != TLS_GOOD ? c->route->fault : r);
    else
        add(c, &none, carrier_host(c)->name, r);
}

static enum tls_result result_of(unsigned fault, enum tls_result faultless)
{
    switch ((enum tls_fault)fault) {
    case TLS_FAULTLESS:
        break;
    case TLS_FAULT_HOST:
        return TLS_OTHER_HOST;
    case TLS_FAULT_EXPIRED:
        return TLS_EXPIRED;
    case TLS_FAULT_UNTRUSTED:
        return TLS_NOT_TRUSTED;
    }
    return faultless;
}

/* Testing (RFC 8461 section 5): it goes all the same, and what would have kept it is told. */
void carrier_told_secured(struct carrier *c)
{
    const struct route_host *h = carrier_host(c);
    bool tested = h->tested && c->s->o.told && carrier_tls(c) == ROUTE_TLS_MAY;
    count(c, h->unnamed && tested ? TLS_INVALID : tested ? result_of(conn_tls_fault(c->conn), TLS_GOOD) : TLS_GOOD);
}

void carrier_told_unsecured(struct carrier *c)
{
    bool asked = carrier_tls(c) != ROUTE_TLS_MAY;
    if (c->session.no_starttls && !c->no_tls)
        count(c, TLS_NO_STARTTLS);
    else if (c->shaking && !c->s->stopping && !c->broken_off)
        count(c, asked ? result_of(conn_tls_fault(c->conn), TLS_INVALID) : TLS_INVALID);
}

void carrier_told_route(struct carrier *c)
{
    if (c->route->kind == ROUTE_POLICY && c->route->policy.kind == TLS_POLICY_STS)
        add(c, &c->route->policy, c->route->unnamed, TLS_INVALID);
}

void carrier_told_reach(struct carrier *c, const struct reach *r)
{
    if (r->policy.kind == TLS_POLICY_TLSA)
        add(c, &r->policy, carrier_host(c)->name, r->fault);
}
