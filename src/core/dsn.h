/* Delivery status notifications: multipart/report (RFC 6522) with message/delivery-status (RFC 3464), in the form of
 * RFC 6533 where an address needs UTF-8. Pure: bytes from what is known. */
#pragma once
#include "base/buf.h"
#include "base/err.h"

enum dsn_kind { DSN_FAILED, DSN_DELAYED, DSN_SUCCESS };
struct dsn_rcpt {
    struct str address; /* Final-Recipient */
    struct str orcpt;   /* as given in RCPT: "rfc822;xtext", or empty */
    bool here;          /* success: it lies in a box here; else it was handed on to somebody who tells no more */
    struct str status;  /* "5.1.1" */
    bool tried;         /* at all */
    bool coded;         /* it was part of the reply, and not made up here */
    uint16_t code;      /* of the reply; 0: none */
    struct str text;    /* of the reply, or our words */
    struct str mx;      /* who said so; empty: we */
};
struct dsn {
    enum dsn_kind kind;
    struct str hostname;        /* Reporting-MTA */
    struct str to;              /* the reverse path of the mail it is about */
    struct str envid;           /* xtext; empty: none */
    struct str id;              /* Message-ID's left part, and the boundary: occurs in no mail */
    int64_t now_ms, arrival_ms; /* arrival: of the mail */
    int64_t retry_until_ms;     /* of a delayed one */
    const struct dsn_rcpt *rcpts;
    size_t rcpts_n;
    struct str original; /* the mail, or its header with the empty line, or nothing */
    bool full;           /* it is all of it */
};
/* ERR_FULL: out's ceiling or memory. The lines end in CRLF. */
[[nodiscard]] enum err dsn_put(struct buf *out, const struct dsn *d);
/* What RFC 3461 section 4 writes as "+41" decoded, appended; what is no xtext stays as it is. */
void dsn_put_xtext(struct buf *out, struct str xtext);
