/* DMARC, RFC 9989: does what SPF and DKIM have proven belong to the domain that the reader sees in From? Where RFC 7489
 * is different: organisations are found by a walk up the DNS and not by a list of public suffixes, so a name below a
 * domain that publishes nothing stands for itself; pct= means nothing, but pct=0 is read as t=y; np= and psd= are
 * heeded. */
#pragma once
#include "trust/dkim_check.h"
#include "trust/dmarc_record.h"
#include "trust/spf.h"

enum { LIMIT_DMARC_AUTHORS = 4 }; /* domains of one From: real ones have one, rarely two */

struct dmarc_in {
    struct str author; /* a domain in From: A-labels, lower-case */
    const struct spf_out *spf;
    const struct dkim_check *dkim;
};
struct dmarc_out {
    enum result result;                  /* NONE: no record; PASS; FAIL; TEMPERROR */
    enum dmarc_policy published, policy; /* what the record asks for; after t=y, one step milder */
    struct str domain;                   /* where the record was */
    struct str aligned;                  /* on pass: the domain that it was proven for */
    bool by_dkim, testing;
};
/* OK or ERR_MORE (answers.h). */
[[nodiscard]] enum err dmarc_check(const struct dmarc_in *in, struct answers *as, struct dmarc_out *out);
/* A domain in From asks for more than the other ones: RFC 7489 section 6.6.1, the strictest policy counts. */
bool dmarc_is_stricter(const struct dmarc_out *a, const struct dmarc_out *b);

struct dmarc_authors {
    struct str v[LIMIT_DMARC_AUTHORS]; /* each domain once, as dmarc_in has it */
    size_t n;                          /* 0: nobody can be asked */
    struct str why;                    /* then, static */
    bool missing;                      /* then: there is no From at all */
};
/* All domains in From, those of groups too. None, when From comes twice, is not an address list to the letter, or when
 * the domain of one of its addresses is none or there are too many: who is named may not hide behind what cannot be
 * read. ERR_FULL: memory. */
[[nodiscard]] enum err dmarc_authors(struct arena *a, const struct dkim_msg *msg, struct dmarc_authors *out);
