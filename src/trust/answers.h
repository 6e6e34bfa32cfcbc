/* What the DNS has said so far about one message. A check is a function of the message and these answers: it asks for a
 * record by name, and where the answer is not there yet it returns ERR_MORE, remembering nothing; the question is noted
 * here, and whoever drives the checks (trust/run, a test, a fuzzer) gets it answered and calls again. So a check has no
 * state to lose, no order of events to depend on, and all checks' questions go out together. */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "trust/key_cache.h"
#include "wire/dns_rr.h"

enum { LIMIT_VERIFIED = 1 };  /* signatures a round; three keys are tried for one, so a turn of the loop stays short */
enum { LIMIT_ANSWERS = 256 }; /* of one message: SPF alone may cost 130, eight signatures a key each */

enum answer_status {
    ANSWER_WANTED, /* asked for by a check; nobody has asked the DNS */
    ANSWER_ASKED,
    ANSWER_FOUND,  /* records may still be empty: the name is there, the type is not */
    ANSWER_NONAME, /* NXDOMAIN */
    ANSWER_FAILED, /* no answer, or one that is not to be believed: a temporary error */
};
struct answer {
    struct str name;
    enum dns_type type;
    enum answer_status status;
    bool secure; /* DNSSEC has proven it */
    struct dns_records records;
};
struct answers {
    struct arena *kept;    /* the answers themselves */
    struct arena *scratch; /* what a check makes; emptied before the checks are called again */
    struct answer *v;      /* never moved */
    size_t n;
    size_t verified;        /* signatures that this round has checked */
    struct key_cache *keys; /* of their signers; NULL: none are kept. Set it after answers_init() */
};

[[nodiscard]] enum err answers_init(struct answers *as, struct arena *kept, struct arena *scratch);
void answers_round(struct answers *as); /* before the checks are called, each time */
/* OK: *out is FOUND, NONAME or FAILED. ERR_MORE: not known yet. Names are compared without case. Over LIMIT_ANSWERS the
 * answer is FAILED. */
[[nodiscard]] enum err answers_get(struct answers *as, struct str name, enum dns_type type, const struct answer **out);
/* What may still be asked: turns to FAILED all that is not known, for when time is up. */
void answers_give_up(struct answers *as);
/* May a signature be checked in this round? True counts it. False: the check answers ERR_MORE, and goes on in the next
 * round, which needs no further answer. */
bool answers_may_verify(struct answers *as);
