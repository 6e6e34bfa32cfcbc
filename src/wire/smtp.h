/* SMTP command lines: verbs, paths, ESMTP parameters (RFC 5321, 1870, 3030, 3461, 6152, 6531). What comes out is views
 * into the line. A fault says what was wrong; serve/ has the words for it. */
#pragma once
#include "wire/addr.h"

enum {
    LIMIT_SMTP_LINE = 512,       /* RFC 5321 section 4.5.3.1.4 */
    LIMIT_SMTP_LONG = 12 * 1024, /* MAIL, RCPT and AUTH, which extensions lengthen (RFC 4954 section 4: 12,288) */
    LIMIT_SMTP_ENVID = 100,      /* RFC 3461 section 4.4 */
    LIMIT_SMTP_ORCPT = 500,      /* RFC 3461 section 4.2 */
};

enum smtp_fault {
    SMTP_FINE,
    SMTP_SYNTAX, /* the command as a whole */
    SMTP_PATH,   /* the address */
    SMTP_PARAM,  /* a parameter we do not have */
    SMTP_VALUE,  /* a parameter's value, or the parameter twice */
    SMTP_UTF8    /* a non-ASCII address without SMTPUTF8 */
};

struct smtp_command {
    struct str verb, arg; /* arg without blanks around it */
};
struct smtp_command smtp_command(struct str line);
/* A verb of HTTP, or the first octets of TLS: somebody is at the wrong door, or makes a browser talk to us. */
bool smtp_is_other_protocol(struct str line);
/* An argument of HELO or EHLO that may go into a trace header: printable, no blanks inside, 255 octets at most. */
bool smtp_helo_valid(struct str name);

enum smtp_body { SMTP_BODY_7BIT, SMTP_BODY_8BIT, SMTP_BODY_BINARY };
struct smtp_mail {
    struct addr from; /* text is empty for <> */
    uint64_t size;    /* 0 when not said; UINT64_MAX past 64 bits */
    enum smtp_body body;
    bool utf8;
    bool requiretls;         /* RFC 8689 */
    bool ret_full, ret_hdrs; /* RFC 3461 RET */
    struct str envid;        /* xtext, as written */
};
/* arg: what follows MAIL. *out is written on SMTP_FINE alone, as with those below. */
[[nodiscard]] enum smtp_fault smtp_mail_parse(struct str arg, struct smtp_mail *out);

enum { SMTP_NOTIFY_NEVER = 1, SMTP_NOTIFY_SUCCESS = 2, SMTP_NOTIFY_FAILURE = 4, SMTP_NOTIFY_DELAY = 8 };
struct smtp_rcpt {
    struct addr to;   /* domain is empty for <postmaster> */
    unsigned notify;  /* a set of the bits above; 0 when not said */
    struct str orcpt; /* as written */
};
[[nodiscard]] enum smtp_fault smtp_rcpt_parse(struct str arg, bool utf8, struct smtp_rcpt *out);

struct smtp_bdat {
    uint64_t n;
    bool last;
};
[[nodiscard]] enum smtp_fault smtp_bdat_parse(struct str arg, struct smtp_bdat *out);

struct smtp_xclient { /* Postfix's XCLIENT, for tests; what was not given is empty */
    struct str addr, helo;
};
[[nodiscard]] enum smtp_fault smtp_xclient_parse(struct str arg, struct smtp_xclient *out);

bool smtp_xtext_valid(struct str s); /* RFC 3461 section 4 */
