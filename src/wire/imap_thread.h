/* THREAD (RFC 5256): ORDEREDSUBJECT and REFERENCES over records of the messages that a search has found. Linear but for
 * the sorting, no recursion, whatever the messages refer to. */
#pragma once
#include "wire/imap_token.h"

enum {
    LIMIT_IMAP_REFERENCES = 100,    /* of one message that are looked at: the last ones, with the first */
    LIMIT_IMAP_ID = 998,            /* octets of one id; the rest of it is not looked at */
    LIMIT_IMAP_THREAD_IDS = 200000, /* of all messages together */
};

enum imap_thread { IMAP_THREAD_ORDEREDSUBJECT, IMAP_THREAD_REFERENCES };
/* The algorithm's name, to the blank behind it. */
[[nodiscard]] bool imap_thread_read(struct imap_token *t, enum imap_thread *out);

struct imap_thread_record {
    uint32_t seq;    /* tie-break */
    uint32_t number; /* what is answered: seq or uid */
    int64_t sent_ms;
    struct str subject; /* base subject, folded */
    bool reply;         /* its subject says so */
    struct str id;      /* Message-ID without brackets; empty when it has none */
    struct str *refs;   /* References in order, or else the first of In-Reply-To */
    size_t ref_n;
};
/* Fills all but seq and number from a header; what it keeps is in the arena. arrival_ms stands in for a date that is
 * not there. */
[[nodiscard]] enum err imap_thread_fill(struct arena *a, struct str head, int64_t arrival_ms,
                                        struct imap_thread_record *r);
/* Appends "(2)(3 6 (4 23)(44 7 96))", what follows "* THREAD "; nothing for n == 0. v may be reordered. ERR_FULL when
 * the arena or out is, or there are more ids than LIMIT_IMAP_THREAD_IDS. */
[[nodiscard]] enum err imap_thread_put(struct buf *out, enum imap_thread how, struct imap_thread_record *v, size_t n,
                                       struct arena *a);
