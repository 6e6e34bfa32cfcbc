/* A host's addresses of both families, asked for at once, and whether DNSSEC has proven all of it. */
#pragma once
#include "base/arena.h"
#include "io/dns.h"
#include "wire/ip.h"

enum { ADDRS_MAX = 16 };
enum addrs_kind { ADDRS_FOUND, ADDRS_NONE, ADDRS_LATER /* one of the two is not known; what is known is there */ };
struct addrs {
    enum addrs_kind kind;
    struct ip v[ADDRS_MAX]; /* IPv6 and IPv4 by turns, so that a broken family costs one attempt (RFC 8305 section 4) */
    size_t n;
    bool secure;
    struct str owner; /* the name that has them, where aliases led; borrowed for the call */
};
struct addrs_req;
typedef void addrs_fn(void *ctx, const struct addrs *a);
/* Answers once, on a later turn, unless cancelled before. NULL: memory. */
struct addrs_req *addrs_find(struct dns *d, struct loop *l, struct str name, addrs_fn *done, void *ctx);
void addrs_cancel(struct addrs_req *r); /* NULL is fine */
