/* What FETCH asks for (RFC 9051 section 6.4.5, RFC 3501, 3516, 7162, 8474, 8514, 8970) as an array, macros resolved;
 * and the names that go with the answers. */
#pragma once
#include "wire/imap_token.h"

enum {
    LIMIT_IMAP_ATTRS = 256,   /* in one FETCH */
    LIMIT_IMAP_FIELDS = 1000, /* of one HEADER.FIELDS */
    LIMIT_IMAP_PART = 512,    /* octets of a part number */
};

enum imap_item {
    IMAP_ITEM_FLAGS,
    IMAP_ITEM_UID,
    IMAP_ITEM_MODSEQ,
    IMAP_ITEM_INTERNALDATE,
    IMAP_ITEM_SIZE, /* RFC822.SIZE */
    IMAP_ITEM_ENVELOPE,
    IMAP_ITEM_BODY, /* without brackets */
    IMAP_ITEM_BODYSTRUCTURE,
    IMAP_ITEM_EMAILID,
    IMAP_ITEM_THREADID,
    IMAP_ITEM_SAVEDATE,
    IMAP_ITEM_PREVIEW,
    IMAP_ITEM_RFC822,        /* these three are sections under another name: section is filled in */
    IMAP_ITEM_RFC822_HEADER, /* leaves \Seen alone */
    IMAP_ITEM_RFC822_TEXT,
    IMAP_ITEM_SECTION, /* BODY[…] */
    IMAP_ITEM_BINARY,
    IMAP_ITEM_BINARY_SIZE,
    IMAP_ITEM_COUNT
};

enum imap_section_kind {
    IMAP_SECTION_ALL, /* the part, or the message */
    IMAP_SECTION_HEADER,
    IMAP_SECTION_FIELDS,
    IMAP_SECTION_FIELDS_NOT,
    IMAP_SECTION_TEXT,
    IMAP_SECTION_MIME,
};
struct imap_section {
    struct str part; /* "1.2.3", or empty for the message */
    enum imap_section_kind kind;
    struct str *fields; /* names for the two that have them */
    size_t field_n;
};
struct imap_attr {
    enum imap_item item;
    bool peek; /* does not set \Seen */
    bool lazy; /* PREVIEW (LAZY) */
    bool partial;
    uint64_t from, count; /* <from.count> */
    struct imap_section section;
};
struct imap_fetch {
    struct imap_attr *v; /* in the order asked for, without doubles */
    size_t n;
    unsigned items; /* 1u << item of each in v */
    bool sets_seen; /* some attribute sets \Seen */
    bool changed_since, vanished;
    uint64_t modseq; /* of CHANGEDSINCE */
};
/* All behind the set and its blank, to the end of the command: one attribute, a list, or a macro; modifiers. VANISHED
 * without CHANGEDSINCE fails (RFC 7162 section 3.2.6). The session adds UID for UID FETCH by itself. */
[[nodiscard]] bool imap_fetch_read(struct imap_token *t, struct imap_fetch *out);
/* A list of attributes alone, in its parentheses; items and sets_seen are not filled in. */
[[nodiscard]] bool imap_fetch_attrs_read(struct imap_token *t, struct imap_fetch *out);
/* The section alone, without its brackets: "1.2.MIME", "HEADER.FIELDS (TO)"; of CATENATE's URLs too. */
[[nodiscard]] bool imap_section_read(struct imap_token *t, struct imap_section *out);
/* "BODY[1.MIME]<0>", "RFC822.SIZE", "BINARY[1]": what stands in the response before the value. Field names in
 * capitals, as Dovecot has them. */
void imap_attr_put(struct buf *out, const struct imap_attr *a);
/* What a partial cuts out of n octets: *from and *count within them (count 0 beyond the end). Whole when not partial.
 */
void imap_attr_cut(const struct imap_attr *a, uint64_t n, uint64_t *from, uint64_t *count);
