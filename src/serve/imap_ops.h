/* What an IMAP session asks of its owner: who may come in, what the box holds, changes to it. The daemon answers from
 * core (imap_core.c), the unit tests and the fuzzer from a box in memory. One question at a time; each is answered once
 * by imap_answer(), on a later turn, unless forget() comes first. What a question points to is borrowed until then
 * (but for the uids of open(): for the call). */
#pragma once
#include "core/folder.h"
#include "core/intake.h"
#include "core/keyword.h"
#include "wire/imap_search.h"

struct imap_session;

/* One message opened: its header data. Holds until another is opened or forget() is called. */
struct imap_source {
    struct str header; /* raw, from the first octet */
    const struct mime_tree *tree;
    uint64_t size;
    int64_t saved_ms;
};
struct imap_quota {
    uint64_t bytes, max_bytes, messages, max_messages;
};
struct imap_uids {
    const uint32_t *v;
    size_t n;
};
struct imap_answer {
    enum err err;
    const struct folder *folders;
    const struct keyword *keywords;
    const struct store_row *rows;
    const struct store_gone *gone; /* of a move: one a row */
    const uint8_t *how;            /* of flag(): enum store_flagged of each row */
    size_t folders_n, keywords_n, rows_n, gone_n;
    uint64_t modseq;       /* of the box */
    uint32_t uidvalidity;  /* of the folder that something went to */
    uint32_t recent_from;  /* from this uid on messages are the asker's to call \Recent; 0: none */
    uint32_t no;           /* of the folder that was made */
    const char *why;       /* static words beside an error, or NULL */
    struct imap_uids uids; /* of what was appended, in order */
    struct imap_quota quota;
    bool more, too_old, found;
    const struct imap_source *source;
    struct str piece; /* octets of the open message, at least one; the first is octet piece_at */
    uint64_t piece_at;
};

/* One message that is searched: all of it is there. */
struct imap_look {
    const struct imap_search *q;
    struct imap_search_message m;
    int64_t now_ms;
    struct intake *whole; /* what m is in */
};
struct imap_flagging {
    uint32_t folder;
    struct imap_uids uids;
    uint32_t set, clear;
    bool conditional;
    uint64_t unchanged_since;
};
struct imap_place {
    uint32_t folder, uid;
};
struct imap_new_mail {
    struct intake octets;
    uint32_t flags;
    int64_t date_ms; /* INTERNALDATE; 0: now */
};

/* Those that answer are marked with what they fill in beside err. */
struct imap_ops {
    bool (*may_login)(struct imap_session *s); /* a secret may be said on this connection */
    void (*login)(struct imap_session *s, struct str user, struct str secret);
    bool (*login_spent)(struct imap_session *s); /* that was one wrong secret too many */
    void (*logout)(struct imap_session *s);      /* UNAUTHENTICATE: the box is let go of */

    void (*folders)(struct imap_session *s);        /* folders, modseq */
    void (*folders_vacant)(struct imap_session *s); /* and names subscribed that no folder has (no is 0) */
    void (*create)(struct imap_session *s, struct str name, enum folder_use use); /* no; with what is missing above */
    void (*remove)(struct imap_session *s, struct str name);
    void (*rename)(struct imap_session *s, struct str from, struct str to); /* with all below it */
    void (*subscribe)(struct imap_session *s, struct str name, bool on);
    /* recent_from: these are \Recent to the asker alone. patient: nobody waits, so it may take some milliseconds. */
    void (*claim)(struct imap_session *s, uint32_t folder, bool patient);
    void (*keywords)(struct imap_session *s); /* keywords */
    void (*keyword_put)(struct imap_session *s, const struct str *names, size_t n);

    void (*list)(struct imap_session *s, uint32_t folder, uint32_t after_uid); /* rows, more, modseq */
    void (*changes)(struct imap_session *s, uint32_t folder, uint64_t since);  /* rows, gone, modseq … */
    void (*flag)(struct imap_session *s, const struct imap_flagging *f);       /* rows, how, modseq */
    /* Those \Deleted alone. found: there were some. */
    void (*erase)(struct imap_session *s, uint32_t folder, const struct imap_uids *u);
    void (*move)(struct imap_session *s, uint32_t folder, const struct imap_uids *u, uint32_t to); /* rows, gone */
    void (*copy)(struct imap_session *s, uint32_t folder, const struct imap_uids *u, uint32_t to); /* rows, gone */
    /* Takes the octets. uids. instead_of: what goes in the same step, or uid 0. */
    void (*append)(struct imap_session *s, uint32_t folder, struct imap_new_mail *v, size_t n,
                   struct imap_place instead_of);

    /* source: of the first; the others are likely to be opened next, in that order. */
    void (*open)(struct imap_session *s, uint32_t folder, const struct imap_uids *ahead);
    /* The same at once, where the owner has read ahead so far; NULL: ask. */
    const struct imap_source *(*ready)(struct imap_session *s, uint32_t uid);
    void (*read)(struct imap_session *s, uint64_t at); /* piece */
    /* The same at once, where the owner has read ahead so far; false: ask. */
    bool (*at_hand)(struct imap_session *s, uint64_t at, struct imap_answer *a);
    /* Takes the octets. found. False: they are few, so nothing is taken and the asker looks by itself. */
    bool (*look)(struct imap_session *s, const struct imap_look *what);
    struct str (*preview)(struct imap_session *s); /* of the open one: UTF-8, one line */
    void (*shut)(struct imap_session *s);          /* nothing is open any more */
    void (*forget)(struct imap_session *s);        /* no answer comes any more, nothing is open any more */

    void (*quota)(struct imap_session *s);           /* quota */
    uint32_t (*uidvalidity)(struct imap_session *s); /* the box's own, that of INBOX */
    int64_t (*now_ms)(struct imap_session *s);
    bool (*alive)(struct imap_session *s);        /* the box has not ended and the login still stands */
    bool (*room)(struct imap_session *s);         /* the peer takes what it is sent; if not, imap_go_on() comes later */
    bool (*may_compress)(struct imap_session *s); /* there is memory for it */
    void (*compress)(struct imap_session *s);     /* from the next octet on, both ways; out is another one now */
};
