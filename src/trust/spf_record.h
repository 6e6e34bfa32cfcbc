/* An SPF record as its terms (RFC 7208 section 4.6.1 and appendix A). Any syntax error anywhere spoils the record, so a
 * record that parses has nothing left that could go wrong but the DNS. */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "trust/result.h"
#include "wire/ip.h"

enum { LIMIT_SPF_TERMS = 500 }; /* ip4 by the hundred is seen; a record is at most LIMIT_DNS_TEXT anyway */

enum spf_mech { SPF_ALL, SPF_INCLUDE, SPF_A, SPF_MX, SPF_PTR, SPF_IP4, SPF_IP6, SPF_EXISTS };
struct spf_term {
    enum spf_mech mech;
    enum result result; /* what a match means */
    struct str domain;  /* a macro string; empty: the domain at hand */
    struct ip net;      /* ip4, ip6 */
    uint8_t bits4, bits6;
};
struct spf_record {
    struct spf_term *v;
    size_t n;
    struct str redirect, explain; /* macro strings, empty when absent */
};

/* "v=spf1" and then a space or nothing, any case. */
bool spf_record_is(struct str text);
/* text: for which spf_record_is() holds; views borrow from it. ERR_BAD: a syntax error. */
[[nodiscard]] enum err spf_record_parse(struct arena *a, struct str text, struct spf_record *out);
