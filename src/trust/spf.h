/* SPF, RFC 7208: may this client use this sender's domain? A function of the client, the names that it gave, and the
 * DNS (trust/answers). Bounded by section 4.6.4 whatever the records say: 10 terms that ask the DNS, 2 of them in vain,
 * 10 names of an MX or PTR. */
#pragma once
#include "trust/answers.h"
#include "trust/result.h"
#include "wire/ip.h"

enum { LIMIT_SPF_LOOKUPS = 10, LIMIT_SPF_VOID = 2, LIMIT_SPF_NAMES = 10, LIMIT_SPF_EXPLAIN = 500 };

struct spf_in {
    struct ip ip;
    struct str helo;
    struct str from;     /* MAIL FROM without brackets; empty: the HELO name is checked, section 2.4 */
    struct str receiver; /* %{r}: our own name */
    int64_t now_s;
};
struct spf_out {
    enum result result;
    struct str domain;  /* whose record was asked for */
    bool helo;          /* it was the HELO name's */
    struct str explain; /* on fail, when the domain has one: printable ASCII of the sender's choice */
    struct str why;     /* static words on the errors: "too many look-ups" */
};
/* OK or ERR_MORE (answers.h); ERR_FULL: the arena. */
[[nodiscard]] enum err spf_check(const struct spf_in *in, struct answers *as, struct spf_out *out);
