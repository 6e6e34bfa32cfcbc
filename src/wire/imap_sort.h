/* SORT (RFC 5256): its keys, what of a message they compare, and the order. */
#pragma once
#include "wire/imap_token.h"

enum { LIMIT_IMAP_SORT_KEYS = 16 };
enum imap_sort_key {
    IMAP_SORT_ARRIVAL,
    IMAP_SORT_CC,
    IMAP_SORT_DATE,
    IMAP_SORT_FROM,
    IMAP_SORT_SIZE,
    IMAP_SORT_SUBJECT,
    IMAP_SORT_TO,
};
struct imap_sort {
    struct {
        enum imap_sort_key key;
        bool reverse;
    } v[LIMIT_IMAP_SORT_KEYS];
    size_t n;
    bool needs_header; /* some key looks at more than arrival and size */
    bool esearch;      /* RETURN (…) stood before it, RFC 5267 */
    unsigned returns;  /* IMAP_RETURN_* of imap_search.h */
};
/* "[RETURN (…) ](REVERSE DATE SUBJECT)", to the blank before the charset. */
[[nodiscard]] bool imap_sort_read(struct imap_token *t, struct imap_sort *out);

struct imap_sort_record {
    uint32_t seq;    /* the last tie-break: RFC 5256 section 3 */
    uint32_t number; /* what is answered: seq or uid */
    int64_t arrival_ms, sent_ms;
    uint64_t size;
    struct str subject, from, to, cc; /* base subject; local part of the first mailbox: all folded */
};
/* Fills sent_ms, subject, from, to and cc from a header; arrival_ms must be there, for a message without a date. Views
 * are in the arena. */
[[nodiscard]] enum err imap_sort_fill(struct arena *a, struct str head, struct imap_sort_record *r);
void imap_sort_run(const struct imap_sort *by, struct imap_sort_record *v, size_t n);
