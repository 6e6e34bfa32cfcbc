/* The TXT record by which a domain asks for reports on TLS (RFC 8460 section 3), and where they are to go. */
#pragma once
#include "base/arena.h"
#include "base/err.h"

enum {
    LIMIT_TLS_RPT_URIS = 4,  /* of one record; real ones have one or two, and each costs us a mail */
    LIMIT_TLS_RPT_URI = 1024 /* octets of one; longer ones are passed over */
};
enum tls_rpt_kind { TLS_RPT_MAIL, TLS_RPT_HTTPS };
struct tls_rpt_uri {
    enum tls_rpt_kind kind;
    struct str address; /* TLS_RPT_MAIL: decoded, passes addr_parse(); header fields of the URI are not looked at */
    struct str host;    /* TLS_RPT_HTTPS: lower case, a name */
    struct str path;    /* with its query, as written; at least "/" */
    uint16_t port;
};
struct tls_rpt {
    struct tls_rpt_uri v[LIMIT_TLS_RPT_URIS];
    size_t n; /* at least 1 */
};
/* Into the arena. What is no URI of the two kinds, or beyond the limits, is passed over. ERR_GONE: another record;
 * ERR_BAD: one for TLSRPT that names nobody who could be told; ERR_FULL: the arena. */
[[nodiscard]] enum err tls_rpt_parse(struct arena *a, struct str txt, struct tls_rpt *out);
