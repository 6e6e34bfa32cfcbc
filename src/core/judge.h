/* Who sent a mail that has come in, and whether a scanner beside us finds malware or spam in it: between its last octet
 * and the store. What the checks cost in time is bounded; what they need of memory is given back with the answer. */
#pragma once
#include "core/intake.h"
#include "core/scan.h"
#include "io/work.h"
#include "trust/inquiry.h"
#include "trust/verdict.h"

struct judge_opts { /* borrowed by what is under way */
    struct loop *loop;
    struct dns *dns;        /* NULL: nobody is judged */
    struct key_cache *keys; /* of signers, this loop's; may be NULL */
    struct work_pool *work;
    struct intake_budget *budget; /* what a judgement holds on to while it waits is counted there; NULL: nowhere */
    struct str server;            /* our own name */
    const struct str *sealers;
    size_t sealers_n;
    const struct str *lists; /* zones of block lists of domains */
    size_t lists_n;
    const struct str *dnsbl; /* as verdict_in has them */
    size_t dnsbl_n;
    bool reverse;
    int64_t deadline_ms;
    bool label_only;           /* a policy refuses nothing and moves nothing */
    struct scanners *scanners; /* NULL, or none in it: nobody scans */
    bool malware_junk;         /* it is put into Junk, not refused */
    bool unseen_refused;       /* what clamd cannot look into is refused, not taken and marked */
    struct check_costs *costs; /* may be NULL */
};
struct judge_mail {   /* outlives the answer */
    struct ip client; /* who is on no public network is not judged */
    bool client_known;
    struct str helo, from, data;
};
struct judgement {
    enum err err;      /* OK: it is taken. ERR_DENIED; ERR_BUSY: not now */
    const char *why;   /* not OK: static words for the sender */
    bool junk;         /* into Junk, whatever the symbols say */
    struct str scan;   /* what the scanners say (scan.h), borrowed likewise; empty: nobody scans */
    struct buf header; /* Authentication-Results; empty: nothing was found out */
    struct str sender; /* the domain that it was proven to be from; empty: none; borrowed until the answer returns */
    struct buf auth;   /* JSON for understand_put_trust(), empty likewise */
    bool judged;       /* symbols say what was found; else there are none */
    struct symbols symbols; /* texts are borrowed until the answer returns */
};
bool judge_would(const struct judge_opts *o, const struct judge_mail *m);
/* Answers once, on a later turn; there is no cancel. j is the answer's to take. ERR_BUSY: no memory, or none
 * in the budget; no answer comes.
 */
[[nodiscard]] enum err judge_start(const struct judge_opts *o, const struct judge_mail *m, int64_t now_s,
                                   void (*done)(void *ctx, struct judgement *j), void *ctx);
void judgement_fini(struct judgement *j);
