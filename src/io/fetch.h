/* Files over HTTPS that policies are kept in (MTA-STS), and what is posted to others (reports), by libcurl in a thread
 * of its own. The caller says at which addresses the host is, so nothing is looked up here; the certificate must be for
 * the host's name. No redirects, no proxies, no cookies, nothing kept. Nobody's mail chooses what is fetched but by the
 * domain that it goes to (P7). */
#pragma once
#include "io/loop.h"
#include "wire/ip.h"

enum { FETCH_ADDRS_MAX = 8, FETCH_OPEN_MAX = 16 /* at once; others wait */ };
struct fetcher;
struct fetcher_opts {
    const char *ca_file; /* authorities, PEM; read at each fetch */
    int64_t timeout_ms;  /* of one fetch */
};
/* Before the sandbox closes. */
[[nodiscard]] enum err fetcher_start(const struct fetcher_opts *o, struct fetcher **out);
/* Ends the thread; what is open is answered ERR_IO on its home loop, which outlives this call. NULL is fine. */
void fetcher_stop(struct fetcher *f);
void fetcher_free(struct fetcher *f); /* after fetcher_stop(), when nobody asks any more. NULL is fine */

struct fetch_what {
    struct str host, path;
    uint16_t port;
    const struct ip *addrs;
    size_t addrs_n;        /* beyond FETCH_ADDRS_MAX they are not used */
    bool anywhere;         /* else only such of them as ip_is_global() */
    size_t max;            /* octets of the body */
    const char *post_type; /* of what is posted, static; NULL: nothing is, it is asked for (GET) */
    struct str post;       /* copied */
};
/* OK: an answer came whole, whatever its status says; ERR_FULL: longer than max; ERR_DENIED: whoever is there cannot
 * show that it is the host; ERR_IO: no answer came. type: of the content, as written. Views are borrowed for the call.
 */
typedef void fetch_fn(void *ctx, enum err e, long status, struct str type, struct str body);
struct fetch_req;
/* Answers once, on a later turn of home, unless cancelled before. NULL: memory. */
struct fetch_req *fetch_get(struct fetcher *f, struct loop *home, const struct fetch_what *w, fetch_fn *done,
                            void *ctx);
void fetch_cancel(struct fetch_req *r); /* on home's thread. NULL is fine */
