/* SEARCH (RFC 9051 section 6.4.4; RFC 4731, 5032, 5182, 7162, 8474, 8514): the program as a tree in prefix order, and
 * its answer for one message. The answer may be that more of the message is needed; what is cheap is asked first, so a
 * body is opened only when nothing else can decide. */
#pragma once
#include "wire/imap_set.h"
#include "wire/mime.h"

enum {
    LIMIT_IMAP_KEYS = 500,         /* of one SEARCH, NOT, OR and parentheses counted */
    LIMIT_IMAP_SEARCH_TEXT = 4096, /* octets of one string */
    LIMIT_IMAP_TEXT_KEYS = 64, /* HEADER, BODY, TEXT and their kin, each of which costs a look through the message */
};

enum imap_key {
    IMAP_KEY_ALL,
    IMAP_KEY_AND,
    IMAP_KEY_OR,
    IMAP_KEY_NOT,
    IMAP_KEY_SEQ,     /* set */
    IMAP_KEY_UID,     /* set */
    IMAP_KEY_SAVED,   /* "$" or "UID $" */
    IMAP_KEY_FLAG,    /* system flag, number */
    IMAP_KEY_KEYWORD, /* text; number: its flag, filled in by who knows the names */
    IMAP_KEY_LARGER,
    IMAP_KEY_SMALLER, /* number */
    IMAP_KEY_MODSEQ,  /* number: at least */
    IMAP_KEY_BEFORE,
    IMAP_KEY_ON,
    IMAP_KEY_SINCE, /* day, of INTERNALDATE */
    IMAP_KEY_SAVEDBEFORE,
    IMAP_KEY_SAVEDON,
    IMAP_KEY_SAVEDSINCE, /* day, of SAVEDATE */
    IMAP_KEY_YOUNGER,
    IMAP_KEY_OLDER, /* number of seconds */
    IMAP_KEY_EMAILID,
    IMAP_KEY_THREADID, /* text */
    IMAP_KEY_SENTBEFORE,
    IMAP_KEY_SENTON,
    IMAP_KEY_SENTSINCE, /* day, of the Date field; from here on the header is needed */
    IMAP_KEY_HEADER,    /* field; text, empty: has the field */
    IMAP_KEY_BODY,      /* text; from here on the whole message */
    IMAP_KEY_TEXT,
};
struct imap_search_key {
    enum imap_key kind;
    uint32_t end; /* index behind its subtree; its first child is the next key */
    uint64_t number;
    int32_t day;
    struct str field; /* a field's name */
    struct str text;  /* folded for comparison, see wire/fold.h */
    struct imap_set set;
};

enum { IMAP_RETURN_MIN = 1, IMAP_RETURN_MAX = 2, IMAP_RETURN_ALL = 4, IMAP_RETURN_COUNT = 8, IMAP_RETURN_SAVE = 16 };
struct imap_search {
    struct imap_search_key *v; /* v[0] is the AND of all */
    uint32_t n;
    bool esearch;     /* RETURN was given; an empty list means ALL */
    unsigned returns; /* a set of the bits above; also where the keys behind it could not be read */
    bool modseq;      /* MODSEQ is used: the answer carries one, and CONDSTORE is on from now */
    bool uses_saved;  /* "$" is in it */
    bool has_charset; /* one was given */
    bool bad_charset; /* failed for this: answer NO [BADCHARSET] */
    bool fuzzy;       /* failed for FUZZY, which is not offered */
};
/* "RETURN" is taken already: what follows it, and the blank behind that. SORT has it too (RFC 5267). */
[[nodiscard]] bool imap_return_read(struct imap_token *t, unsigned *out);

/* With all that it has views of. False: the arena is full. */
[[nodiscard]] bool imap_search_copy(struct arena *a, const struct imap_search *from, struct imap_search *to);

struct imap_search_context {
    uint32_t seq_star, uid_star; /* what '*' stands for */
};
/* All behind SEARCH and its blank: RETURN, CHARSET, keys. On failure *out has the returns, both of charset and fuzzy
 * set, and nothing else. */
[[nodiscard]] bool imap_search_read(struct imap_token *t, const struct imap_search_context *c, struct imap_search *out);
/* The same for SORT and THREAD: a charset that must be there, then keys (what stands before is read by imap_sort). */
[[nodiscard]] bool imap_search_read_keys(struct imap_token *t, const struct imap_search_context *c,
                                         struct imap_search *out);

enum imap_search_answer { IMAP_SEARCH_NO, IMAP_SEARCH_YES, IMAP_SEARCH_NEEDS_HEADER, IMAP_SEARCH_NEEDS_BODY };
struct imap_search_message {
    uint32_t seq, uid;
    unsigned flags; /* IMAP_SEEN … and those of keywords */
    uint64_t modseq, size;
    int64_t internal_ms;
    int64_t saved_ms; /* negative: not known, then INTERNALDATE stands for it (RFC 8514 section 4.3) */
    bool saved;       /* is in "$" */
    struct str emailid, threadid;
    struct str head;              /* raw header; p NULL: not opened yet */
    const struct mime_tree *tree; /* NULL: not opened yet; then msg is the whole message */
    struct str msg;
};
/* Days are UTC; of the Date field the sender's own (RFC 9051: "disregarding time and timezone"). A message without a
 * date that can be read has none, and no SENT key is true of it. Memory is taken for one decoded part at a time. */
enum imap_search_answer imap_search_match(const struct imap_search *s, const struct imap_search_message *m,
                                          int64_t now_ms);
