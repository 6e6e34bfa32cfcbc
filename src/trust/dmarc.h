/* DMARC, RFC 9989: does what SPF and DKIM have proven belong to the domain that the reader sees in From? Where RFC 7489
 * is different: organisations are found by a walk up the DNS and not by a list of public suffixes, so a name below a
 * domain that publishes nothing stands for itself; pct= means nothing, but pct=0 is read as t=y; np= and psd= are
 * heeded. */
#pragma once
#include "trust/dkim_check.h"
#include "trust/dmarc_record.h"
#include "trust/spf.h"

struct dmarc_in {
    struct str author; /* the domain of the one address in From: A-labels, lower-case */
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
/* The author's domain as dmarc_in has it, appended to out. ERR_BAD with *why: From is missing, comes twice, has no
 * address or several, or its domain is none. */
[[nodiscard]] enum err dmarc_author(struct arena *a, const struct dkim_msg *msg, struct str *out, struct str *why);
