/* A day's report on TLS to one domain: JSON (RFC 8460 section 4.4), and the mail that carries it (section 5.3). Pure.
 */
#pragma once
#include "base/buf.h"
#include "core/tls_tally.h"

enum { TLS_REPORT_CHANCE_N = 32 /* hex digits, random: of the report's id and the boundary */ };
struct tls_report {
    struct str submitter; /* the domain that we report as */
    struct str from;      /* our address, who can be asked */
    int64_t start_ms;     /* of the day */
    const struct tls_domain *domain;
    const char *chance; /* TLS_REPORT_CHANCE_N */
};
/* Appended; the buf remembers what did not fit. */
void tls_report_json(struct buf *out, const struct tls_report *r);
/* gz: the JSON as gzip has it. Lines end in CRLF, all is ASCII but for addresses that are not. */
void tls_report_mail(struct buf *out, const struct tls_report *r, struct str to, struct str gz, int64_t now_ms);
