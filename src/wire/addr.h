/* Mail addresses: one mailbox as SMTP has it (RFC 5321, 6531), SMTP paths, lists as header fields have them (RFC 5322
 * with its obsolete forms), and the one normal form that look-ups go by. Everything is iterative and linear. */
#pragma once
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

enum {
    LIMIT_LOCAL = 64,       /* RFC 5321 section 4.5.3.1.1 */
    LIMIT_ADDR = 254,       /* RFC 5321 section 4.5.3.1.3, without the brackets */
    LIMIT_ADDRESSES = 1000, /* items of one list; the rest is not read */
};

/* A mailbox. All views borrow from the input. */
struct addr {
    struct str text;   /* local@domain as written */
    struct str local;  /* as written, with quotes */
    struct str domain; /* as written; [1.2.3.4] with its brackets; empty only for <> and <postmaster> */
    bool quoted;       /* local is a quoted string */
    bool literal;      /* domain is an address literal */
    bool utf8;         /* some byte is not ASCII: needs SMTPUTF8 */
    bool route;        /* a source route was there and is ignored (RFC 5321 appendix C) */
};

/* Exactly one RFC 5321 Mailbox, nothing before or after it; no deceptive_text() in it. */
[[nodiscard]] enum err addr_parse(struct str in, struct addr *out);
/* The path behind MAIL FROM: or RCPT TO:, up to its '>'; *rest is what follows (parameters, blanks not trimmed). "<>"
 * gives an empty text; "<postmaster>" (any case) gives an empty domain. Blanks before '<' are allowed, as clients send
 * them; a path without brackets is not. */
[[nodiscard]] enum err addr_path(struct str in, struct addr *out, struct str *rest);

/* The form that look-ups go by, appended to out: local part lower-case and without "+tag", needless quotes taken off,
 * domain as lower-case A-labels. ERR_BAD for what can't be one of our boxes: address literals, local parts that need
 * quotes or are not ASCII, an empty one. *tag (may be NULL) is what stood behind the first '+', borrowed. */
[[nodiscard]] enum err addr_normalize(struct buf *out, const struct addr *a, struct str *tag);
/* addr_parse() and addr_normalize() in one. */
[[nodiscard]] enum err addr_key(struct buf *out, struct str in);
/* Addresses elsewhere as they are compared, appended to out: the domain as A-labels, both in lower case. ERR_BAD: no
 * address, or a literal. */
[[nodiscard]] enum err addr_other_key(struct buf *out, struct str in);
/* The local part without quotes and backslashes, as it was (no lower-casing). */
void addr_local(struct buf *out, const struct addr *a);

/* One item of From, To, Cc, … in order. Groups show as a begin item (name set), their mailboxes, and an end item,
 * because IMAP's ENVELOPE needs them (RFC 9051 section 7.5.2). */
enum addr_kind { ADDR_MAILBOX, ADDR_GROUP_BEGIN, ADDR_GROUP_END };
struct addr_item {
    enum addr_kind kind;
    struct str name;     /* to show: decoded, UTF-8, no control characters; a comment behind the address if no phrase */
    struct str raw_name; /* the phrase unquoted, encoded words as they are (for IMAP) */
    struct str local;    /* unquoted */
    struct str domain;   /* as written, comments and blanks taken out */
    struct str route;    /* "@a,@b" of <@a,@b:c@d>, without blanks; nearly always empty */
    struct str text;     /* local@domain, the local part quoted again where it needs it; a lone word without '@' */
    bool valid;          /* text passes addr_parse() */
};
struct addr_list {
    struct addr_item *v;
    size_t n;
    bool truncated; /* more than LIMIT_ADDRESSES */
    bool broken;    /* something could not be read and was passed over */
};
/* raw is a field's value with its folds. Total; ERR_FULL only when the arena is. */
[[nodiscard]] enum err addr_list_parse(struct arena *a, struct str raw, struct addr_list *out);
/* The first mailbox of the list, or NULL. */
const struct addr_item *addr_list_first(const struct addr_list *l);
