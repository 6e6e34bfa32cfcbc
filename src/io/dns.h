/* Questions to the DNS, asked on any loop and answered on it. One thread with a loop of its own runs libunbound,
 * which caches, retries and validates (DNSSEC); nothing of a question is written anywhere. A question is answered
 * exactly once, on a later turn of the asker's loop, in bounded time whatever the network does; or never after a
 * cancel. */
#pragma once
#include "base/err.h"
#include "base/str.h"
#include "io/loop.h"
#include "wire/dns_rr.h"

/* Questions under way, of all loops together; more are answered DNS_CROWDED. A part is kept for what decides most. */
enum { DNS_OPEN_MAX = 4096, DNS_OPEN_PLAIN_MAX = 3 * DNS_OPEN_MAX / 4 };
enum dns_rank { DNS_PLAIN, DNS_VITAL };

enum dns_status {
    DNS_FOUND,   /* packet has the answer; records of the type asked for may still be none */
    DNS_NXNAME,  /* no such name (NXDOMAIN) */
    DNS_FAILED,  /* SERVFAIL, refused, or forged (DNSSEC says bogus) */
    DNS_SILENT,  /* no answer in time */
    DNS_CROWDED, /* not asked: too many questions are under way, which is our own lack */
};
struct dns_answer {
    enum dns_status status;
    bool secure;       /* DNSSEC has proven it */
    struct str packet; /* borrowed for the call */
};

enum { LIMIT_DNS_FORWARD = 8 }; /* resolvers; the sandbox keeps ports for those alone */
struct dns;
struct dns_opts {
    const struct str *forward; /* resolvers, each "192.0.2.53:53" or "[2001:db8::53]:53"; borrowed for the call */
    size_t forward_n;
    const char *trust_anchor; /* file with the root's keys, read once, now; NULL or "": nothing is validated */
    int64_t timeout_ms;       /* of one question */
};
/* ERR_BAD: an endpoint or the trust anchor cannot be used. */
[[nodiscard]] enum err dns_start(const struct dns_opts *o, struct dns **out);
/* Ends the thread. No other thread asks any more. What is still open, and what is asked from now on, is answered
 * DNS_FAILED on the askers' loops, which outlive this call. NULL is fine. */
void dns_stop(struct dns *d);
void dns_free(struct dns *d); /* after dns_stop(), when nobody asks any more. NULL is fine */

struct dns_question;
/* On the thread of home. name: dns_name_valid(), else the answer is DNS_NXNAME. NULL when memory is out; then nothing
 * is answered. */
struct dns_question *dns_ask(struct dns *d, struct loop *home, enum dns_rank rank, struct str name, enum dns_type type,
                             void (*done)(void *ctx, const struct dns_answer *a), void *ctx);
void dns_cancel(struct dns_question *q); /* on the asker's loop, before done() was called */
/* Port 53 and those of forward: for the sandbox, since long answers come over TCP. */
size_t dns_ports(const struct str *forward, size_t n, uint16_t *out, size_t out_max);
