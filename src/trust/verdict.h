/* Everything that is checked about one message, and what follows from it. A row of checks[] (verdict.c) is a check;
 * they run together over the same answers. */
#pragma once
#include "trust/arc.h"
#include "trust/block_list.h"
#include "trust/client.h"
#include "trust/dkim_check.h"
#include "trust/dmarc.h"
#include "trust/dnsbl.h"
#include "trust/spf.h"
#include "trust/symbol.h"

struct verdict_in { /* all of it outlives the verdict */
    struct spf_in sender;
    struct str server;         /* whose Authentication-Results it will be */
    const struct str *sealers; /* domains whose ARC seals are believed (RFC 8617 section 7.2); A-labels, lower-case */
    size_t sealers_n;
    const struct str *lists; /* zones of block lists of domains */
    size_t lists_n;
    const struct str *dnsbl; /* zones of block lists that only weigh */
    size_t dnsbl_n;
    bool reverse; /* ask for the client's name, which tells the DNS its address */
};
enum verdict_action {
    VERDICT_KEEP,
    VERDICT_JUNK,
    VERDICT_REFUSE
}; /* what the author's domain asks for, where DMARC fails */

struct verdict {
    const struct verdict_in *in;
    struct dkim_msg msg;
    struct spf_out spf;
    struct client_out client;
    struct str listed; /* the zone that lists the client; empty: none */
    struct dkim_check dkim;
    struct arc_check arc;
    struct dmarc_out dmarc;
    struct block_list_check lists;
    struct dmarc_authors authors; /* the domains in From */
    struct str author;            /* the one of them that dmarc is about: it asks for most */
    struct str lifted;            /* the sealer who says that DMARC had passed before; empty: none that is believed */
};
/* Takes the message apart and hashes its body: no DNS, any thread. ERR_FULL: the header is over its limits, or memory.
 * msg and the arena outlive it. */
[[nodiscard]] enum err verdict_init(struct verdict *v, struct arena *a, const struct verdict_in *in, struct str msg);
/* For an inquiry: OK, ERR_MORE, or ERR_IO, ERR_FULL (memory). Results borrow from the answers. */
[[nodiscard]] enum err verdict_run(struct verdict *v, struct answers *as);
enum verdict_action verdict_action(const struct verdict *v);
/* The organisation that has proven that the mail is its own: by DMARC, else by SPF for the envelope's sender. Empty:
 * none has. */
struct str verdict_sender(const struct verdict *v);

/* verdict_put.c: the verdict as others read it. An Authentication-Results field with its line end. */
void verdict_put_header(struct buf *out, const struct verdict *v);
/* The value of "auth" of a message in the API. */
void verdict_put_auth(struct buf *out, const struct verdict *v);
/* What it says for and against the message; with label_only DMARC weighs nothing. Borrowed from v and its answers. */
void verdict_symbols(const struct verdict *v, bool label_only, struct symbols *out);
