/* SPF's macros (RFC 7208 section 7): "%{ir}.%{v}._spf.%{d2}" and what it becomes for a sender at hand. */
#pragma once
#include "base/buf.h"
#include "base/err.h"
#include "wire/ip.h"

enum spf_where { SPF_IN_DOMAIN, SPF_IN_TEXT }; /* c, r and t are only known in explanations */

struct spf_macros {
    struct ip ip;
    struct str local, sender_domain; /* of MAIL FROM, or postmaster and the HELO name */
    struct str domain;               /* the one whose record it is */
    struct str helo, receiver;
    struct str validated; /* %{p}: the client's name as the DNS has proven it, "unknown" when it has not */
    int64_t now_s;
};

bool spf_macro_valid(struct str text, enum spf_where where); /* section 7.1, macro-string */
bool spf_domain_valid(struct str text);                      /* domain-spec: ends in a macro or a top label */
bool spf_macro_needs_name(struct str text);                  /* it has %{p}, which costs look-ups */
/* Appends what text becomes; what is no macro, and text that is not valid, stays as it is. */
void spf_macro_expand(const struct spf_macros *m, struct str text, struct buf *out);
/* The same for a domain: without a dot at its end, and labels off its left until 253 octets are left. */
void spf_domain_expand(const struct spf_macros *m, struct str text, struct buf *out);
