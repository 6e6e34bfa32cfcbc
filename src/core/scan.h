/* One mail before the scanners beside us, clamd and rspamd, at the same time. What they say is one result, and so is
 * what it means when they do not answer. One struct scanners a loop. */
#pragma once
#include "core/check_cost.h"
#include "io/dial.h"
#include "io/loop.h"
#include "trust/clamd.h"
#include "trust/neighbour.h"
#include "trust/rspamd.h"

struct scan_neighbour {
    const struct dial_to *to; /* NULL: it is not asked */
    struct neighbour *state;  /* shared by all loops */
};
struct scan_opts { /* borrowed by what is under way */
    struct loop *loop;
    struct scan_neighbour clamd, rspamd;
    struct check_costs *costs; /* may be NULL */
    uint64_t max_bytes;        /* of a mail; no more than clamd's StreamMaxLength */
    int64_t timeout_ms;        /* for all of them */
    int64_t down_for_ms;       /* so long mail waits for one that fails, before it is taken without it */
    bool send_client;          /* rspamd is told who the client was */
};

enum { LIMIT_SCAN_BYTES = 512 * 1024 }; /* what one mail holds on to while it waits */
enum { LIMIT_SCAN_WORD = LIMIT_SCAN_NAME + 32 };
enum scan_state {
    SCAN_OFF, /* there is no clamd */
    SCAN_CLEAN,
    SCAN_MALWARE,
    SCAN_UNSEEN,  /* it cannot be looked into, now or later: too large, over clamd's limits, encrypted, broken */
    SCAN_SKIPPED, /* taken as it is: clamd is away for too long */
    SCAN_LATER    /* a neighbour is away: the sender may try again */
};
struct scan_result {
    enum scan_state state;
    char word[LIMIT_SCAN_WORD]; /* for the reader: "clean", "malware: NAME", "unscanned: too large"; empty with OFF */
    bool weighed;               /* rspamd has answered */
    struct rspamd_reply rspamd;
};
struct scan_mail { /* outlives the answer */
    struct str data;
    const struct ip *client; /* NULL: not known */
    struct str helo, from;
};

struct scanners;
[[nodiscard]] enum err scanners_new(const struct scan_opts *o, struct scanners **out);
bool scanners_any(const struct scanners *s); /* NULL is fine */
/* Ends what is under way: SCAN_LATER, on a later turn. Nothing is asked from now on. NULL is fine. */
void scanners_stop(struct scanners *s);
void scanners_free(struct scanners *s); /* when nothing is under way. NULL is fine */
/* Answers once, on a later turn. ERR_BUSY: no memory; then no answer comes. */
[[nodiscard]] enum err scan_start(struct scanners *s, const struct scan_mail *m,
                                  void (*done)(void *ctx, const struct scan_result *r), void *ctx);
