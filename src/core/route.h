/* Where a domain's mail goes (RFC 5321 section 5.1): its MX hosts in the order in which they are to be tried, and each
 * host's addresses, with what has to be true of whoever answers there (DANE, RFC 7672; MTA-STS, RFC 8461). One on the
 * out loop; the resolver caches. Calls answer once, on a later turn; what they found lives until it is closed, which
 * before the answer is a cancel. */
#pragma once
#include "core/addrs.h"
#include "core/sts.h"
#include "core/tls_tally.h"
#include "io/dns.h"
#include "wire/ip.h"
#include "wire/tlsa.h"

enum { ROUTE_HOSTS_MAX = 16, ROUTE_ADDRS_MAX = 16 };
struct router;
struct router_opts {
    struct loop *loop;
    struct dns *dns;       /* NULL: only hosts that are addresses can be reached */
    struct sts *sts;       /* NULL: nobody has a policy */
    struct str hostname;   /* ours: MX hosts behind us in the order are not for us */
    struct str relay_host; /* a destination of this name, or address, is taken as the host itself; empty: none */
    uint16_t port;         /* of SMTP, for TLSA names */
    bool allow_private;    /* addresses that nobody meets on the Internet, too: for tests and inner networks */
    bool tells;            /* how TLS goes is reported: policies are put into words, and looked at in testing, too */
    uint32_t (*chance)(uint32_t below);
};
[[nodiscard]] enum err router_new(const struct router_opts *o, struct router **out);
void router_free(struct router *r); /* nothing is under way. NULL is fine */

enum route_kind {
    ROUTE_HOSTS,
    ROUTE_NULL_MX, /* takes no mail, RFC 7505 */
    ROUTE_NOWHERE, /* no such domain, or nothing in it that could take mail */
    ROUTE_OURSELF, /* the best host is this one, though the domain is none of ours */
    ROUTE_POLICY,  /* none of its hosts is one that its MTA-STS policy names */
    ROUTE_LATER    /* the DNS does not answer */
};
struct route_host {
    struct str name; /* lower case, A-labels; or an address, of a smart host */
    uint16_t preference;
    bool secure;   /* DNSSEC has proven that it is the domain's (for a smart host: false) */
    bool sts;      /* a policy is to be enforced: TLS with a certificate for the name */
    bool tested;   /* with tells: a policy is in testing; TLS as by sts would be right, and is told */
    bool unnamed;  /* with tested: the policy does not name it */
    bool implicit; /* the domain itself, which has no MX */
    bool smart;    /* the smart host */
    bool lax;      /* the route was asked for without policies: neither are TLSA records looked for */
};
struct route {
    enum route_kind kind;
    struct route_host *hosts;
    size_t n;
    struct str unnamed; /* ROUTE_POLICY: the first of those hosts */
    /* With tells: the domain's MTA-STS policy, if it is in force or in testing; and what kept it from being known. */
    struct tls_policy policy;
    enum tls_result fault; /* TLS_GOOD: nothing */
};
/* Some mail goes whatever its domain's policies say (OUTQ_TLS_OPTIONAL). */
enum route_care { ROUTE_BY_POLICY, ROUTE_WITHOUT_POLICY };
struct route_req;
typedef void route_fn(void *ctx, const struct route *r);
/* NULL: memory */
struct route_req *route_find(struct router *r, struct str domain, enum route_care care, route_fn *done, void *ctx);
void route_close(struct route_req *q); /* NULL is fine */

enum route_tls {
    ROUTE_TLS_MAY,  /* encrypt if you can (RFC 7435) */
    ROUTE_TLS_MUST, /* somebody said so, in records that cannot be used: encrypt, to whomever */
    ROUTE_TLS_NAME, /* MTA-STS: a certificate for the host's name, of a known authority */
    ROUTE_TLS_DANE
};
enum reach_kind {
    REACH_ADDRS,
    REACH_NOTHING, /* no address, or none that we go to */
    REACH_LATER    /* the DNS does not answer, or its TLSA records cannot be had: RFC 7672 section 2.1.2 */
};
struct reach {
    enum reach_kind kind;
    struct ip addrs[ROUTE_ADDRS_MAX]; /* IPv6 and IPv4 by turns */
    size_t n;
    enum route_tls tls;
    struct str tlsa_name; /* where the records were, which is the name to be proven */
    struct tlsa *tlsa;
    size_t tlsa_n;
    struct tls_policy policy; /* with tells, TLS_POLICY_TLSA: there are TLSA records, or they cannot be had */
    enum tls_result fault;    /* TLS_GOOD: they can be used */
};
struct reach_req;
typedef void reach_fn(void *ctx, const struct reach *r);
struct reach_req *reach_find(struct router *r, const struct route_host *host, reach_fn *done, void *ctx);
void reach_close(struct reach_req *q); /* NULL is fine */

/* By preference, those that have the same in an order of chance (RFC 5321 section 5.1). */
void route_order(struct route_host *v, size_t n, uint32_t (*chance)(uint32_t below));
