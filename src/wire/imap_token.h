/* The words of a command (RFC 9051 section 9, RFC 3501): atoms, strings, literals, numbers, parentheses, dates, flags.
 * A reader goes over the octets that imap_frame has gathered; every function takes one thing off their front and is
 * false when something else stands there, *out then untouched. The first failure stays (t->failed), so a grammar is a
 * chain of && and asked once. What comes out are views into the command, or copies in the arena where a quoted string
 * had backslashes. */
#pragma once
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

enum {
    LIMIT_IMAP_TAG = 128,     /* octets; real ones stay below twenty */
    LIMIT_IMAP_DEPTH = 32,    /* nested parentheses */
    LIMIT_IMAP_KEYWORD = 64,  /* octets of one keyword */
    LIMIT_IMAP_KEYWORDS = 64, /* in one command */
};

struct imap_token {
    struct str rest; /* what is still to be read, without the command's last CRLF */
    struct arena *arena;
    bool utf8;      /* UTF-8 may stand in quoted strings: rev2 and UTF8=ACCEPT; a lenient server always says so */
    bool failed;    /* something did not fit the grammar */
    bool full;      /* failed because a limit or the arena was met */
    unsigned depth; /* parentheses open */
};
/* command: as imap_frame found it, with its last CRLF (without one it may not end in a literal). */
void imap_token_init(struct imap_token *t, struct arena *arena, struct str command, bool utf8);

/* The tag, and a blank behind it or the end. */
[[nodiscard]] bool imap_token_tag(struct imap_token *t, struct str *out);
[[nodiscard]] bool imap_token_char(struct imap_token *t, char c); /* exactly that octet */
[[nodiscard]] bool imap_token_sp(struct imap_token *t);           /* one blank; more of them are let pass */
[[nodiscard]] bool imap_token_end(struct imap_token *t);          /* nothing is left (trailing blanks are let pass) */
[[nodiscard]] bool imap_token_open(struct imap_token *t);         /* '(' */
[[nodiscard]] bool imap_token_close(struct imap_token *t);        /* ')' */
/* Between items of a list: true and the blank is taken when another item follows; false at ')', which is taken, or when
 * neither stands there, t->failed then set. For what comes after imap_token_open(): do … while (imap_token_more()). */
[[nodiscard]] bool imap_token_more(struct imap_token *t);
/* The next octet without taking it; NUL at the end or after a failure. */
char imap_token_peek(const struct imap_token *t);
/* If that word (any case) stands here with a blank, a bracket, a parenthesis or the end behind it, takes it. Failing at
 * this is no failure of the reader. */
bool imap_token_try(struct imap_token *t, struct str word);

[[nodiscard]] bool imap_token_atom(struct imap_token *t, struct str *out);
[[nodiscard]] bool imap_token_string(struct imap_token *t, struct str *out);  /* quoted or literal */
[[nodiscard]] bool imap_token_astring(struct imap_token *t, struct str *out); /* or an atom, ']' allowed in it */
[[nodiscard]] bool imap_token_nstring(struct imap_token *t, struct str *out); /* NIL is { NULL, 0 } */
/* list-mailbox of LIST and LSUB: an atom may have % and * in it. */
[[nodiscard]] bool imap_token_list_mailbox(struct imap_token *t, struct str *out);
[[nodiscard]] bool imap_token_number(struct imap_token *t, uint32_t *out);
[[nodiscard]] bool imap_token_nz_number(struct imap_token *t, uint32_t *out);
[[nodiscard]] bool imap_token_number64(struct imap_token *t, uint64_t *out); /* to 2^63 - 1; mod-sequences too */

/* The announcement that ends a piece of a command whose literal the session takes: "{n}", "{n+}", "~{n}" and the CRLF
 * that imap_token_init() took off. */
struct imap_literal {
    uint64_t size;
    bool sync, binary;
};
[[nodiscard]] bool imap_token_announce(struct imap_token *t, struct imap_literal *out);

/* System flags as bits, the same as the store's; the rest are keywords. */
enum {
    IMAP_SEEN = 1,
    IMAP_FLAGGED = 2,
    IMAP_ANSWERED = 4,
    IMAP_DRAFT = 8,
    IMAP_DELETED = 16,
    IMAP_RECENT = 32, /* known, but no client may set it */
};
struct imap_flags {
    unsigned system;
    struct str *keywords; /* as written; without doubles (any case) */
    size_t keyword_n;
};
/* "(\Seen $Junk)"; STORE allows the same without parentheses. \Recent, \* and unknown system flags fail. */
[[nodiscard]] bool imap_token_flag_list(struct imap_token *t, struct imap_flags *out);
[[nodiscard]] bool imap_token_store_flags(struct imap_token *t, struct imap_flags *out);
bool imap_keyword_valid(struct str s);                 /* an atom of at most LIMIT_IMAP_KEYWORD octets, no backslash */
unsigned imap_flag_bit(struct str name);               /* of "\Seen" in any case; 0 when it is none */
void imap_flags_put(struct buf *out, unsigned system); /* "\Seen \Deleted", without parentheses */

/* "17-Jul-1996 02:44:25 -0700", in quotes; the day may begin with a blank. */
[[nodiscard]] bool imap_token_date_time(struct imap_token *t, int64_t *ms, int *zone_min);
/* A day of SEARCH, "1-Feb-1994" with or without quotes: days since 1970. */
[[nodiscard]] bool imap_token_date(struct imap_token *t, int32_t *day);
void imap_date_time_put(struct buf *out, int64_t ms, int zone_min); /* with quotes */
