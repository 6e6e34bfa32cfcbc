/* Reports on their way over HTTPS (RFC 8460 section 5.4): each is posted, and what fails is posted again, ever less
 * often, for a day (section 5.5). In memory. On one loop. */
#pragma once
#include "base/log.h"
#include "io/dns.h"
#include "io/fetch.h"
#include "wire/tls_rpt.h"

enum {
    TLS_POSTS_MAX = 256,                    /* that wait at once */
    TLS_POSTS_MEMORY_MAX = 16 * 1024 * 1024 /* octets of them together */
};
struct tls_posts;
struct tls_posts_opts { /* borrowed */
    struct loop *loop;
    struct dns *dns;
    struct fetcher *fetcher; /* NULL: nothing is posted */
    struct log *log;
    int64_t again_ms;   /* after the first failure; doubled with each further one */
    uint16_t port;      /* URIs with another one are not used: the sandbox knows this one */
    bool allow_private; /* addresses that nobody meets on the Internet, too */
};
[[nodiscard]] enum err tls_posts_new(const struct tls_posts_opts *o, struct tls_posts **out);
void tls_posts_free(struct tls_posts *p); /* what waits is forgotten. NULL is fine */
/* uri: TLS_RPT_HTTPS; body: gzip; both are copied. Whether it comes to anything is in the log. ERR_DENIED: nothing is
 * posted there; ERR_FULL: too many wait, or memory. */
[[nodiscard]] enum err tls_posts_add(struct tls_posts *p, const struct tls_rpt_uri *uri, struct str body);
