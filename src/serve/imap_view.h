/* The selected mailbox as its client knows it: message number i is the i-th entry. What changed meanwhile is only
 * marked here; it moves no number before the client has been told (RFC 9051 section 7.5.1). */
#pragma once
#include "store/store.h"
#include <assert.h>

enum {
    IMAP_MSG_GONE = 1,   /* expunged, and the client does not know */
    IMAP_MSG_TELL = 2,   /* its flags changed, and the client does not know */
    IMAP_MSG_RECENT = 4, /* this session is the first to be told of it (RFC 3501 section 2.3.2) */
    IMAP_MSG_OWN = 8,    /* this session has brought it in, and NOTIFY is used */
};
struct imap_msg {         /* a box may hold many, and many may look at it */
    struct msg_id origin; /* EMAILID */
    uint64_t modseq;
    int64_t received_ms;
    uint32_t uid;
    uint32_t size;
    uint32_t flags;
    uint32_t marks;
};
static_assert(sizeof(struct imap_msg) <= 48, "the view grows with the box");

struct imap_view {
    struct imap_msg *v; /* by uid */
    size_t n, cap;
    size_t told_n;    /* so many the client knows of, the gone ones among them included */
    size_t gone_n;    /* entries with GONE */
    uint64_t modseq;  /* the box's, up to which this is true */
    uint64_t highest; /* of what has happened here, as far as this knows */
    uint64_t told;    /* the same, of what the client has been told */
    uint32_t folder;
    uint32_t uidvalidity, uidnext;
    uint32_t flag_bits;  /* of all entries that ever were here */
    uint32_t unclaimed;  /* from this uid on RECENT is a guess: the store has not been asked; 0: none */
    uint32_t listed_uid; /* while a whole folder is listed: so far */
    bool read_only;
    bool tell;        /* some entry has TELL */
    bool stale;       /* something happened: ask the store */
    const char *over; /* the words of BYE: the mailbox itself is gone, or its UIDs hold no more */
};

void imap_view_free(struct imap_view *v); /* NULL is fine */
/* A row as it is now: added, or its flags noted when they are newer. ERR_FULL: memory. */
[[nodiscard]] enum err imap_view_put(struct imap_view *v, const struct store_row *row);
void imap_view_gone(struct imap_view *v, uint32_t uid);
/* Of the uids from first to last only those in rows (ascending) are there; the others are gone. */
void imap_view_only(struct imap_view *v, uint32_t first, uint32_t last, const struct store_row *rows, size_t n);
/* Entry with that uid, gone or not; STR_NONE. */
size_t imap_view_find(const struct imap_view *v, uint32_t uid);
/* First entry with at least that uid; n when there is none. */
size_t imap_view_from(const struct imap_view *v, uint32_t uid);
size_t imap_view_recent(const struct imap_view *v); /* how many are RECENT */
/* Drops the gone ones, calling each with the number it had just then. */
void imap_view_sweep(struct imap_view *v, void (*each)(void *ctx, size_t seq, uint32_t uid), void *ctx);
