/* Answers that are asked for again and again: the policies, keys and hosts of those who send most. libunbound has a
 * cache, but on the DNS thread, from where even what it knows costs two threads a wake-up and a copy each. What is kept
 * here is kept for as long as its records may be (RFC 1035 section 3.2.1, RFC 2308 section 5), at most a minute, with
 * what DNSSEC said; PTR, whose names are somebody's addresses, and TLSA are not kept. Any thread. */
#pragma once
#include "base/err.h"
#include "io/dns.h"

enum {
    DNS_CACHE_ANSWERS = 1024,
    DNS_CACHE_PACKET_MAX = 2048, /* longer ones are asked for each time */
    DNS_CACHE_LIFE_S = 60,
};

struct dns_cache;
[[nodiscard]] enum err dns_cache_new(struct dns_cache **out);
void dns_cache_free(struct dns_cache *c); /* NULL is fine */
/* Keeps a copy; FOUND and NXNAME only, and a's packet says how long. That of NXNAME itself is not kept. */
void dns_cache_put(struct dns_cache *c, struct str name, enum dns_type type, const struct dns_answer *a,
                   int64_t now_ms);
/* True: *out is the answer, as it was but for a packet of its own, which *packet owns (free() it; NULL: none). */
bool dns_cache_get(struct dns_cache *c, struct str name, enum dns_type type, int64_t now_ms, struct dns_answer *out,
                   char **packet);
