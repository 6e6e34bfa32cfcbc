/* A POP3 session (RFC 1939, with 2449, 2595, 3206, 5034, 6856) without I/O: bytes in, replies out. The owner has the
 * socket, the clock and the store, so the daemon, the unit test and the fuzzer all drive this same code. */
#pragma once
#include "base/buf.h"
#include "serve/pop3_stats.h"
#include "store/store.h"
#include "wire/line.h"
#include "wire/sasl.h"

enum pop3_state {
    POP3_AUTH,      /* reads commands, before login */
    POP3_SASL,      /* reads a response to a challenge */
    POP3_SASL_OVER, /* reads the response that follows a failure, whatever it is */
    POP3_READY,     /* reads commands, after login */
    POP3_WAIT,      /* an answer is owed: pop3_opened(), pop3_refused(), pop3_piece(), pop3_lost(), pop3_committed() */
    POP3_LISTING,   /* has more to say: pop3_list_on(), once the peer has taken what is there */
    POP3_SENDING,   /* pop3_piece() goes on */
    POP3_TLS,       /* +OK is written, now the handshake: pop3_secured() */
    POP3_CLOSED     /* the last reply is written */
};
enum {
    LIMIT_POP3_LINE = 255,    /* octets of a command with CRLF, RFC 2449 section 4; AUTH may have more (RFC 5034) */
    LIMIT_POP3_ERRORS = 20,   /* commands that were no use: in a row, before login in all */
    POP3_LIST_ROWS = 1000,    /* so many at once */
    POP3_COPY_MAX = 32 * 1024 /* longer runs of a message go out without being copied */
};

struct pop3_msg { /* the mailbox as it was at login; its number is its place, from 1 */
    struct msg_id id;
    uint64_t size;
    bool deleted; /* marked; RFC 1939 section 6 */
};

struct pop3;
/* What a session asks of its owner. None of them may answer before it returns. */
struct pop3_ops {
    /* Answered by pop3_opened() or pop3_refused(). */
    void (*login)(struct pop3 *s, struct str user, struct str secret);
    /* The message's octets: pop3_piece() as often as it answers true, or pop3_lost(). */
    void (*fetch)(struct pop3 *s, const struct msg_id *id);
    void (*write)(struct pop3 *s, struct str bytes); /* behind what is in out */
    /* QUIT: delete what is marked. Answered by pop3_committed(). */
    void (*commit)(struct pop3 *s);
    uint32_t (*days)(const struct pop3 *s); /* of life that are left to the box, rounded down */
};
struct pop3_rules {           /* shared and borrowed; all of it outlives the sessions */
    bool tls;                 /* there is a certificate for STLS */
    struct pop3_stats *stats; /* may be NULL */
    const struct pop3_ops *ops;
};

struct pop3 {
    const struct pop3_rules *rules;
    struct buf *out;       /* replies are appended here; set before each call */
    struct pop3_msg *msgs; /* the heap's, the session's */
    size_t msg_n;
    char *user;       /* the heap's; NULL before USER */
    struct sasl sasl; /* while AUTH is under way */
    struct line_out text;
    size_t list_at; /* LISTING: the next row */
    void (*list_row)(struct pop3 *s, size_t i);
    uint64_t fetch_size;
    enum pop3_state state : 8;
    uint8_t errors;
    bool tls : 1;
    bool may_login : 1; /* the owner says so: under TLS, or on this machine when configured */
    bool logged_in : 1;
    bool by_sasl : 1; /* the login under way came by AUTH */
    bool more : 1;    /* bytes stand behind the command that is being run */
    bool begun : 1;   /* the first octets of a message were sent */
};

/* A zeroed session with rules, out and may_login set is ready; this writes the greeting. */
void pop3_greet(struct pop3 *s);
void pop3_fini(struct pop3 *s);
/* Takes what it can use now and returns how much: whole lines. Total. It takes nothing in the states that wait, and is
 * shown the rest again later. */
size_t pop3_input(struct pop3 *s, struct str in);
void pop3_secured(struct pop3 *s); /* TLS stands, and may_login is set anew: RFC 2595 section 4 */
/* The login's answer: the box is open and locked. msgs: the heap's, now the session's; NULL when there are none. */
void pop3_opened(struct pop3 *s, struct pop3_msg *msgs, size_t n);
/* ERR_DENIED: wrong; ERR_FULL: another session has the box; anything else: try again later. */
void pop3_refused(struct pop3 *s, enum err e);
void pop3_list_on(struct pop3 *s);
/* The message's next octets. False: that was enough, or all. */
bool pop3_piece(struct pop3 *s, struct str bytes, bool last);
/* There will be no (more) octets of it. False: some went out, so that nothing true can be said any more: cut. */
[[nodiscard]] bool pop3_lost(struct pop3 *s, enum err e);
void pop3_committed(struct pop3 *s, enum err e); /* on error some messages stay, RFC 1939 section 6 */
/* The owner ends it: drain, timeout, the box's end. Only in states that read, or in WAIT, whose answer then does not
 * come any more; text is the reply. */
void pop3_stop(struct pop3 *s, const char *text);
bool pop3_reads(const struct pop3 *s);
