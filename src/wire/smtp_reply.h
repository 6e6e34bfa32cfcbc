/* What an SMTP server says to us (RFC 5321 section 4.2, enhanced codes of RFC 2034), fed in pieces, and what it offers
 * in its answer to EHLO. A server is a stranger: a reply may be long, but of it only so much is kept, and one that has
 * no end is given up. */
#pragma once
#include "base/buf.h"
#include "base/err.h"

enum {
    LIMIT_REPLY_TEXT = 8 * 1024, /* kept of one reply, for the EHLO of a server with many words; the rest is dropped */
    LIMIT_REPLY_BYTES = 1 << 20, /* of one reply in all */
    SMTP_ENHANCED_N = 12         /* "5.999.999" and a NUL */
};

/* Zeroed, with text.max = LIMIT_REPLY_TEXT, it is ready. text is freed by its owner. */
struct smtp_reply {
    uint16_t code;                  /* of the last line */
    char enhanced[SMTP_ENHANCED_N]; /* "4.2.1"; empty when there is none of the code's class */
    struct buf text;                /* lines without their codes, each ended by LF; no other control characters */
    uint32_t bytes;                 /* so far */
    uint16_t at;                    /* octets of the line so far, as many as matter */
    bool more, whole;               /* the line says that another follows; the last call gave OK */
};
/* OK: a reply is whole, *used ends behind it; ERR_MORE: all of in was used; ERR_BAD: this is no reply; ERR_FULL: longer
 * than LIMIT_REPLY_BYTES. The call after OK begins the next one. */
[[nodiscard]] enum err smtp_reply_feed(struct smtp_reply *r, struct str in, size_t *used);

/* Its text on one line, at most max octets, appended to out. */
void smtp_reply_words(struct buf *out, const struct smtp_reply *r, size_t max);

struct smtp_offers {
    bool pipelining, size, eightbit, utf8, chunking, binary, starttls, dsn, requiretls, auth_plain, auth_login;
    uint64_t size_max; /* 0: not said, or no limit (RFC 1870 section 3) */
};
/* text: of the reply to EHLO. Keywords mind no case; what is not known is passed over. */
struct smtp_offers smtp_offers_of(struct str text);
