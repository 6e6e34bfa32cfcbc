/* How TLS to other domains' mail servers went, by domain and UTC day, for the reports that some ask for (RFC 8460
 * section 4): which policy was in force, how many sessions it was good for, and which hosts failed it in what way.
 * Nothing of mail, of who sent it, or of when in the day. In memory only, within a ceiling; what does not fit is not
 * counted, only that it did not. One on the out loop. */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "wire/mta_sts.h"

enum {
    TALLY_DOMAINS_MAX = 20000,
    TALLY_POLICIES_MAX = 8,    /* of one domain and day: they change, and each MX host may have its own TLSA records */
    TALLY_FAILURES_MAX = 32,   /* of one policy: hosts times ways */
    TALLY_WORDS_MAX = 4 * 1024 /* octets of one policy that are told */
};

/* RFC 8460 section 4.2: which kind was in force. */
enum tls_policy_kind { TLS_POLICY_NONE, TLS_POLICY_STS, TLS_POLICY_TLSA };
/* Section 4.3. dane-required is never met: nobody is required to have TLSA records here. */
enum tls_result {
    TLS_GOOD,
    TLS_NO_STARTTLS,
    TLS_OTHER_HOST,
    TLS_EXPIRED,
    TLS_NOT_TRUSTED,
    TLS_INVALID, /* for any other reason */
    TLS_TLSA_INVALID,
    TLS_DNSSEC_INVALID,
    TLS_STS_FETCH,
    TLS_STS_INVALID,
    TLS_STS_WEBPKI
};
const char *tls_policy_name(enum tls_policy_kind k); /* as a report has it */
const char *tls_result_name(enum tls_result r);      /* likewise; NULL: TLS_GOOD */

struct tls_policy {
    enum tls_policy_kind kind;
    struct str domain;       /* what it is for; TLSA: where the records are, section 1.1 */
    const struct str *words; /* as section 4.4 has them; none: it could not be had */
    size_t words_n;
    const struct str *mx; /* STS: its patterns */
    size_t mx_n;
};
/* Words in the arena, as many as TALLY_WORDS_MAX allows; p is borrowed for as long as *out. ERR_FULL: the arena. */
[[nodiscard]] enum err tls_policy_of_sts(struct arena *a, struct str domain, const struct sts_policy *p,
                                         struct tls_policy *out);
/* records: octets as they came in the answer. */
[[nodiscard]] enum err tls_policy_of_tlsa(struct arena *a, struct str domain, const struct str *records, size_t n,
                                          struct tls_policy *out);

/* ---- a day, as it is reported; all of it lives until tls_day_free() ---- */
struct tls_failure {
    struct tls_failure *next;
    enum tls_result result;
    struct str mx; /* may be empty: it never came to one */
    uint64_t n;
};
struct tls_count {
    struct tls_count *next;
    struct tls_policy policy;
    uint64_t good, bad;
    struct tls_failure *failures;
    size_t failures_n;
};
struct tls_domain {
    struct tls_domain *next;
    struct str name; /* of the recipients */
    struct tls_count *counts;
    size_t counts_n;
};
struct tls_day {
    int64_t start_ms;
    struct tls_domain *domains;
    uint64_t lost; /* sessions that there was no room to count */
};

struct tls_tally;
[[nodiscard]] enum err tls_tally_new(struct tls_tally **out);
void tls_tally_free(struct tls_tally *t); /* NULL is fine */
/* One session, or what came instead of one. All is copied. */
void tls_tally_add(struct tls_tally *t, int64_t now_ms, struct str domain, const struct tls_policy *p, struct str mx,
                   enum tls_result result);
/* The oldest day that was over at until_ms; the caller frees it. NULL: there is none. */
struct tls_day *tls_tally_take(struct tls_tally *t, int64_t until_ms);
bool tls_tally_empty(const struct tls_tally *t);
void tls_day_free(struct tls_day *d); /* NULL is fine */
