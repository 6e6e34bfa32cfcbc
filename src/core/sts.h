/* The policies of other domains on how mail is to be brought to them (MTA-STS, RFC 8461): looked up in the DNS, fetched
 * over HTTPS, kept in memory for as long as they say. A policy that is known holds until its time is over, whatever
 * cannot be looked up or fetched meanwhile (section 5.1): else whoever can cut a line could weaken it. */
#pragma once
#include "io/dns.h"
#include "io/fetch.h"
#include "wire/mta_sts.h"

struct sts;
struct sts_opts {
    struct loop *loop;
    struct dns *dns;
    struct fetcher *fetcher;
    uint16_t port;                /* 443 */
    bool allow_private;           /* addresses that nobody meets on the Internet, too */
    int64_t (*now_ms)(void *ctx); /* wall time */
    void *ctx;
};
[[nodiscard]] enum err sts_new(const struct sts_opts *o, struct sts **out);
void sts_free(struct sts *s); /* nothing is under way. NULL is fine */

struct sts_req;
/* Why nothing is known of a policy that the DNS says is there. */
enum sts_fault { STS_FAULTLESS, STS_FAULT_FETCH, STS_FAULT_INVALID, STS_FAULT_HOST /* its certificate */ };
/* mode STS_NONE: nothing is asked for; fault: or it cannot be had. Borrowed. */
typedef void sts_fn(void *ctx, const struct sts_policy *p, enum sts_fault fault);
/* Answers once, on a later turn, unless cancelled before. NULL: memory. */
struct sts_req *sts_ask(struct sts *s, struct str domain, sts_fn *done, void *ctx);
void sts_cancel(struct sts_req *r); /* NULL is fine */
