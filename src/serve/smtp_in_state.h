/* What an SMTP session remembers, and the ways to answer that its commands share. */
#pragma once
#include "serve/smtp_in_stats.h"
#include "serve/smtp_in_tx.h"
#include "wire/sasl.h"

enum smtp_in_mode {
    SMTP_IN_COMMAND, /* reads command lines */
    SMTP_IN_SKIP,    /* reads past the rest of a line that was too long */
    SMTP_IN_DATA,    /* reads a message up to its dot */
    SMTP_IN_CHUNK,   /* reads the octets of a BDAT */
    SMTP_IN_SASL,    /* reads a response of AUTH */
    SMTP_IN_REFUSED, /* the same, where the secret was wrong: whatever comes, the login has failed */
    SMTP_IN_WAIT,    /* an answer is owed: smtp_in_checked() or smtp_in_stored(), or one of smtp_in_submit.h */
    SMTP_IN_TLS,     /* 220 is written, now the handshake: smtp_in_secured() */
    SMTP_IN_CLOSED   /* the last reply is written */
};

struct smtp_in_session;
/* What a session asks of its owner. None of them may answer before it returns. */
struct smtp_in_ops {
    /* RCPT: is there such a box? Answered once by smtp_in_checked(). size is 0 when unknown. */
    void (*check)(struct smtp_in_session *s, struct str mailbox, uint64_t size);
    /* A message is whole. Takes tx; protocol is static text (RFC 3848). Answered once by smtp_in_stored(). */
    void (*store)(struct smtp_in_session *s, struct smtp_in_tx *tx, const char *protocol);
    /* Has this peer's network asked for too many recipients that are not there? */
    bool (*throttled)(struct smtp_in_session *s);
    /* XCLIENT: the connection is now from addr. False: no such address, or its network has its share. */
    bool (*moved)(struct smtp_in_session *s, struct str addr);
    /* A box that is there gets nothing of this transaction, and reply is why. */
    void (*kept_out)(struct smtp_in_session *s, const struct box_id *box, const char *reply, enum arrival_cause cause);
    /* A block list has the client: the pending recipient is refused whoever has it. reply is static text; whose box it
     * is may be told, but not before the connection has gone. */
    void (*shut_out)(struct smtp_in_session *s, const char *reply);
    /* Is the pending recipient to be told to come back? For how long, or 0. */
    int64_t (*greylisted)(struct smtp_in_session *s);
};
struct smtp_in_submit_ops; /* smtp_in_submit.h */
struct smtp_in_rules {     /* shared and borrowed; all of it outlives the sessions */
    struct str hostname;
    struct str postmaster; /* the whole address that <postmaster> means */
    size_t max_bytes;
    size_t max_rcpts;
    bool tls, xclient;
    struct intake_budget *budget;
    struct smtp_in_stats *stats; /* may be NULL */
    const struct smtp_in_ops *ops;
    const struct smtp_in_submit_ops *submit; /* a submission: who has logged in sends. NULL: mail for our boxes */
};

enum {
    LIMIT_SMTP_ERRORS = 10,
    LIMIT_SMTP_JUNK = 20, /* NOOP, RSET, VRFY … since the last message */
    LIMIT_SMTP_ERRORS_STRESSED = 1,
    LIMIT_SMTP_JUNK_STRESSED = 1,
    LIMIT_SMTP_UNKNOWN = 10,       /* recipients that are not there, a connection */
    LIMIT_SMTP_UNKNOWN_FAST = 5,   /* so many are answered without delay */
    LIMIT_SMTP_SKIP = 1024 * 1024, /* of a line that was too long; then we hang up */
};

struct smtp_in_session {
    const struct smtp_in_rules *rules;
    struct buf *out;       /* replies are appended here; set before each call */
    struct smtp_in_tx *tx; /* NULL between messages */
    char *helo;            /* the heap's; NULL before HELO */
    struct sasl *sasl;     /* of an AUTH under way; the heap's, or NULL */
    uint64_t data_n;       /* octets of this DATA or BDAT taken from the peer */
    uint64_t chunk_left;
    uint32_t skipped;
    enum smtp_in_mode mode : 8;
    uint8_t errors, junk, unknown;
    uint16_t phase; /* goes up with each DATA and BDAT */
    bool esmtp : 1, tls : 1;
    bool logged_in : 1; /* a submission's client, as what follows */
    bool may_login : 1; /* the owner says so: a secret may be said on this connection */
    bool loopback : 1;  /* XCLIENT is for tests on this machine */
    bool stressed : 1;  /* the owner says so: be strict */
    bool draining : 1;  /* the owner says so: 421 to the next command */
    bool more : 1;      /* bytes stand behind the command that is being run */
    bool linger : 1; /* CLOSED: the peer may still be sending; read past it for a moment, so that it sees the reply */
    bool chunk_last : 1, chunk_refused : 1;
    bool relay : 1;  /* the owner says so: mail for other domains is taken, too */
    bool listed : 1; /* the owner says so, and then smtp_in_checked(): a block list has the client */
    bool abused : 1; /* it has done what costs its network its standing; the owner takes it back */
};

void smtp_in_reply(struct smtp_in_session *s, const char *text);
/* A reply that counts as an error; the last straw is answered 421. */
void smtp_in_fail(struct smtp_in_session *s, const char *text);
/* A reply to a command that moves nothing forward; so many of them are answered 421. */
void smtp_in_junk(struct smtp_in_session *s, const char *text);
/* Only counts. False: that was one too many and has been answered. */
bool smtp_in_junk_count(struct smtp_in_session *s);
/* The last reply. */
void smtp_in_close(struct smtp_in_session *s, const char *text);
/* The same in the middle of what the peer sends. */
void smtp_in_cut(struct smtp_in_session *s, const char *text);
/* The holders of the boxes in tx are told, once: reply is the end of it. */
void smtp_in_kept_out(struct smtp_in_session *s, const char *reply);
void smtp_in_end_tx(struct smtp_in_session *s);
void smtp_in_end_sasl(struct smtp_in_session *s); /* wiped; fine when there is none */
static inline bool smtp_in_reads_message(const struct smtp_in_session *s)
{
    return s->mode == SMTP_IN_DATA || s->mode == SMTP_IN_CHUNK;
}
static inline void smtp_in_note(struct smtp_in_session *s, enum smtp_in_count c)
{
    smtp_in_count_add(s->rules->stats, c, 1);
    s->abused = s->abused || c == SMTP_IN_ABUSE || c == SMTP_IN_BARE_EOL;
}
