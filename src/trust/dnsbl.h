/* Block lists in the DNS, RFC 5782: is this client in one of the operator's zones? Asked as 1.2.0.192.zone, or by
 * nibbles for IPv6. An answer counts only inside 127/8, so a zone that was given up and now resolves everything lists
 * nobody; 127.255.255/24 is how lists say that they do not answer us. A list that cannot be asked lists nobody. */
#pragma once
#include "trust/answers.h"
#include "trust/symbol.h"
#include "wire/ip.h"

enum { LIMIT_DNSBL_ZONES = 8 };

/* OK: *zone is the first of zones that lists it, or empty; borrowed from zones. ERR_MORE (answers.h): not known yet;
 * all zones are asked at once. */
[[nodiscard]] enum err dnsbl_check(const struct str *zones, size_t n, const struct ip *ip, struct answers *as,
                                   struct str *zone);
/* Of the zone that lists it; empty: nothing. */
void dnsbl_symbols(struct str zone, struct symbols *out);
