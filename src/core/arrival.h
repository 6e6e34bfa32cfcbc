/* The last attempts to hand mail to a box, for its holder: when, from which domain, over TLS or not, and what became of
 * it. In memory only, and sealed there as a summary on the disk is (seal.h): what has not been asked for within the ten
 * minutes of a key window needs the holder's secret and the lease. Bounded three times, so that whoever is refused
 * again and again writes nothing and costs little: so many a box, a minute, and over all boxes (the oldest go first).
 * One table a process; any thread. */
#pragma once
#include "base/arena.h"
#include "core/auth.h"
#include "wire/json.h"

enum {
    ARRIVALS_BOX = 20,    /* of one box, and as many a minute */
    ARRIVALS_ALL = 40000, /* of all boxes: about 15 MB */
    ARRIVAL_JSON = 1024,  /* octets of one, opened */
    ARRIVAL_SEALED = ARRIVAL_JSON + 256
};

enum arrival_result { ARRIVAL_INBOX, ARRIVAL_JUNK, ARRIVAL_REFUSED, ARRIVAL_DEFERRED };
/* What a refusal means for a holder where its words, which are for the sender's server, do not say so. */
enum arrival_cause { ARRIVAL_AS_SAID, ARRIVAL_GREYLISTED, ARRIVAL_BLOCK_LIST };
struct arrival {   /* borrowed for the call */
    int64_t at_ms; /* deliver_note() sets it */
    enum arrival_result result;
    enum arrival_cause cause;
    struct str domain; /* of the envelope's sender, never more of it; empty: the null sender, or no name at all */
    const char *tls;   /* its version; NULL: none */
    struct str reply;  /* what the sender was told, "452 4.2.2 mailbox full"; empty: 250 */
};
/* The domain of an envelope's sender; an address literal would be the client's address, so it counts as none. */
struct str arrival_domain(struct str mail_from);
/* Refused for good or for now, as the reply's first digit has it. */
enum arrival_result arrival_refused(struct str reply);
/* One JSON object: at, domain, tls, result, code, reason, cause. */
void arrival_put(struct json_out *o, const struct arrival *a);

struct arrivals;
[[nodiscard]] enum err arrivals_new(struct arrivals **out);
void arrivals_free(struct arrivals *a);
/* May another one of this box be kept now? Asked before one is sealed. */
bool arrivals_room(struct arrivals *a, const struct box_id *box, int64_t now_ms);
/* Copies sealed. What finds no memory is not kept. */
void arrivals_keep(struct arrivals *a, const struct box_id *box, const struct msg_id *id, struct str sealed,
                   int64_t now_ms);
void arrivals_forget(struct arrivals *a, const struct box_id *box); /* its end: wiped */
struct arrival_kept {
    struct msg_id id;
    struct str sealed;
};
/* Newest first, copied into the arena; how many. */
size_t arrivals_of(struct arrivals *a, const struct box_id *box, struct arena *to,
                   struct arrival_kept out[ARRIVALS_BOX]);
/* Appends the JSON object. ERR_BAD, ERR_GONE, ERR_FULL. */
[[nodiscard]] enum err arrival_open(struct opened *o, const struct arrival_kept *k, struct buf *json);
