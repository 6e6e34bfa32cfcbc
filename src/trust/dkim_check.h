/* DKIM verification (RFC 6376, 8301, 8463) of all signatures of a message, up to a ceiling. A signature that was judged
 * is not looked at again, whatever else is still waited for. */
#pragma once
#include "trust/dkim_key.h"

enum { LIMIT_DKIM_SIGNATURES = 8, DKIM_CLOCK_SKEW_S = 3600 };

struct dkim_verdict {
    enum result result;
    struct str why;                         /* static; empty on a plain pass */
    struct str domain, selector, algorithm; /* as written; empty when they could not be read */
    struct str identity;                    /* i=, empty when absent */
    struct str tag_b;                       /* b= as written: its first octets tell signatures apart, RFC 6008 */
    unsigned bits;
    bool testing; /* the key says t=y: only a trial */
};
struct dkim_check {
    struct dkim_msg *msg;
    int64_t now_s;
    struct dkim_sig sig[LIMIT_DKIM_SIGNATURES];
    struct dkim_verdict verdict[LIMIT_DKIM_SIGNATURES];
    bool judged[LIMIT_DKIM_SIGNATURES];
    size_t n;
    bool more; /* signatures beyond the ceiling, which are not looked at */
};

/* Finds and reads the signatures. msg and the arena outlive it; views borrow from the message. */
void dkim_check_init(struct dkim_check *c, struct arena *a, struct dkim_msg *msg, int64_t now_s);
[[nodiscard]] enum err dkim_check_run(struct dkim_check *c, struct answers *as); /* OK, ERR_MORE or ERR_IO */
/* The best of them, for a summary: pass, then the kinds of trouble; RESULT_NONE without a signature. */
enum result dkim_check_best(const struct dkim_check *c);
