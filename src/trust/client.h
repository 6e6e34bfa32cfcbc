/* Who hands a mail in: does the client's address lead to a name and back (FCrDNS), and is what it says in HELO its own?
 * Good servers get both right, and so do some bad ones: each says little (RFC 5321 section 4.1.4 forbids to refuse for
 * it), so it is a symbol and no more. A function of the client and the DNS, as all checks are. */
#pragma once
#include "trust/answers.h"
#include "trust/symbol.h"
#include "wire/ip.h"

enum { LIMIT_CLIENT_NAMES = 4 }; /* names of an address that are looked at */

enum client_rdns {
    CLIENT_RDNS_UNKNOWN, /* the DNS did not answer */
    CLIENT_RDNS_GOOD,    /* a name whose addresses have the client's among them */
    CLIENT_RDNS_NONE,
    CLIENT_RDNS_BROKEN /* names, none of which leads back */
};
enum client_helo {
    CLIENT_HELO_FINE,
    CLIENT_HELO_OURS,      /* it says that it is us */
    CLIENT_HELO_ADDRESS,   /* a bare address, or in brackets one that is not its own */
    CLIENT_HELO_BARE,      /* one word */
    CLIENT_HELO_NOWHERE,   /* a name that the DNS does not have */
    CLIENT_HELO_ELSEWHERE, /* a name of other addresses */
    CLIENT_HELO_UNKNOWN    /* the DNS did not answer */
};
struct client_in {
    struct ip ip;
    struct str helo;
    struct str server; /* our own name */
    bool reverse;      /* else the client's address is not asked about, and rdns stays UNKNOWN */
};
struct client_out {
    enum client_rdns rdns;
    enum client_helo helo;
};
/* OK or ERR_MORE (answers.h); ERR_FULL: the arena. */
[[nodiscard]] enum err client_check(const struct client_in *in, struct answers *as, struct client_out *out);
/* What is out of order; the weights are small. */
void client_symbols(const struct client_out *c, struct symbols *out);
