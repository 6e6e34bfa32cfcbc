/* What a far end reports of mail that it took: the body of message/delivery-status (RFC 3464 section 2) and of
 * message/global-delivery-status (RFC 6533). It is written by strangers, so all that comes out is cleaned for display:
 * well-formed UTF-8, one line, nothing invisible in it, cut. */
#pragma once
#include "base/arena.h"
#include "base/err.h"

enum {
    LIMIT_REPORT_BYTES = 256 * 1024, /* of the body that are read; a recipient takes about 300 */
    LIMIT_REPORT_RCPTS = 100,        /* that are kept; a mail has no more (RFC 5321 section 4.5.3.1.8) */
    LIMIT_REPORT_ADDRESS = 320,      /* octets: 64 @ 255 (RFC 5321 section 4.5.3.1) */
    LIMIT_REPORT_NAME = 255,         /* of a server's name */
    LIMIT_REPORT_WORDS = 400,        /* of what it says */
    LIMIT_REPORT_ENVID = 100,        /* RFC 3461 section 4.4 */
    REPORT_STATUS_N = 12             /* "5.999.999" and a NUL */
};

/* RFC 3464 section 2.3.3. One that is missing is what its status says. */
enum report_action {
    REPORT_UNKNOWN,
    REPORT_FAILED,
    REPORT_DELAYED,
    REPORT_DELIVERED,
    REPORT_RELAYED, /* to a server that tells no more */
    REPORT_EXPANDED /* delivered to a list */
};
const char *report_action_name(enum report_action a); /* "failed" …, "unknown"; static */

struct report_rcpt {
    struct str original;          /* Original-Recipient: as the sender gave it; empty: not said */
    struct str final;             /* Final-Recipient: where the report says it was to go in the end */
    struct str remote_mta;        /* who said so; empty: the one that reports */
    struct str words;             /* Diagnostic-Code without its numbers; empty: nothing was said */
    uint16_t code;                /* of the SMTP reply in it; 0: none */
    char status[REPORT_STATUS_N]; /* "5.1.1"; empty: none */
    enum report_action action;
    int64_t retry_until_ms; /* Will-Retry-Until; 0: not said */
};
struct delivery_report {
    struct str envelope_id;   /* Original-Envelope-Id; empty: none */
    struct str reporting_mta; /* its name without the type */
    int64_t arrival_ms;       /* when it took the mail; 0: not said */
    struct report_rcpt *v;
    size_t n;    /* at most LIMIT_REPORT_RCPTS */
    size_t more; /* recipients that are not in v */
};

/* body: the part's, its transfer encoding undone. ERR_BAD: no recipient is in it; ERR_FULL: the arena, where all of
 * *out lies, is. Linear. */
[[nodiscard]] enum err delivery_report_parse(struct arena *a, struct str body, struct delivery_report *out);
