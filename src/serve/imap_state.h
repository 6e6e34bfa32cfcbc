/* What an IMAP session remembers, and what its handlers share. A session between commands is this struct and, with a
 * mailbox selected, its view; all that a command needs is in a struct imap_cmd that ends with it. */
#pragma once
#include "base/arena.h"
#include "serve/imap_ops.h"
#include "serve/imap_stats.h"
#include "serve/imap_view.h"
#include "wire/imap_frame.h"
#include "wire/imap_notify.h"
#include "wire/imap_set.h"
#include "wire/imap_token.h"
#include "wire/sasl.h"

enum imap_mode {
    IMAP_COMMAND,  /* reads commands */
    IMAP_OCTETS,   /* reads the octets of a message that is appended */
    IMAP_GOES_ON,  /* reads the rest of a command whose literal was taken away */
    IMAP_RESPONSE, /* reads a line of AUTHENTICATE */
    IMAP_IDLE,     /* reads DONE */
    IMAP_BUSY,     /* a command is under way; input is held back */
    IMAP_TLS,      /* OK is written, now the handshake: imap_secured() */
    IMAP_CLOSED    /* the last reply is written */
};
enum {
    IMAP_ON_CONDSTORE = 1,
    IMAP_ON_QRESYNC = 2,
    IMAP_ON_UTF8 = 4,
    IMAP_ON_REV2 = 8,
};
enum {
    LIMIT_IMAP_ERRORS = 20,            /* BAD commands in a row */
    LIMIT_IMAP_ERRORS_LOGIN = 5,       /* the same before login */
    LIMIT_IMAP_CMD = 96 * 1024 * 1024, /* memory of one command without the messages it appends */
    LIMIT_IMAP_KEPT = 64 * 1024,       /* uids that "$" remembers as ranges */
};

typedef void imap_next(struct imap_session *s, const struct imap_answer *a);
typedef void imap_step(struct imap_session *s);

struct imap_rules { /* shared and borrowed; all of it outlives the sessions */
    struct str hostname;
    uint64_t max_bytes; /* of a message */
    struct intake_budget *budget;
    struct imap_stats *stats;
    bool tls;
    const struct imap_ops *ops;
};

enum { IN_NEW = 1, IN_AUTHED = 2, IN_SELECTED = 4 };
enum {
    CMD_ARGS = 1,  /* something must follow the name */
    CMD_NONE = 2,  /* nothing may */
    CMD_UID = 4,   /* may stand behind UID */
    CMD_KEEPS = 8, /* by sequence number it must not be answered with EXPUNGE (RFC 9051 section 7.5.1) */
};
/* It tells these of the selected mailbox, though NOTIFY has them told no more: it is what brings them about. */
#define CMD_TELLS(events) ((unsigned)(events) << 8)
struct imap_command {
    struct str name;
    unsigned states, flags;
    void (*run)(struct imap_session *s);
};

struct imap_names { /* keywords of the box, as far as known */
    size_t n;
    struct {
        uint32_t flag;
        char name[LIMIT_IMAP_KEYWORD + 1];
    } v[];
};
struct imap_saved { /* "$", RFC 5182 */
    size_t n;
    struct imap_range v[];
};

/* The one message that a command has open at a time. */
struct imap_message {
    const struct imap_source *source; /* NULL: none */
    struct intake whole;              /* all its octets, once loaded */
    const uint32_t *next;             /* indices in the view that come after this one; NULL: all that follow */
    size_t next_n;
    bool loaded;
    bool previewed; /* preview() will be asked for of those that are opened */
    bool octets;    /* and what is behind their headers will be read */
    enum err err;   /* how opening or loading went */
    imap_step *then;
};

struct imap_cmd {
    struct arena arena;
    const struct imap_command *row;
    struct str tag;
    struct imap_token in; /* the arguments */
    struct buf done;      /* the tagged reply, without the tag */
    imap_step *step;      /* where it goes on after sync, or once there is room */
    imap_step *silent;    /* no client's command: instead of a tagged reply */
    struct imap_uids own; /* of messages that it brought into the selected mailbox */
    struct imap_message msg;
    void *state;                                       /* the handler's own, in the arena */
    void (*fini)(struct imap_session *s, void *state); /* of what in state is not the arena's; may be NULL */
    bool uid;
    bool doomed;   /* the login failed, and only the client's last line is waited for */
    bool expunged; /* its OK says up to which mod-sequence, for who uses them */
};

struct imap_session {
    const struct imap_rules *rules;
    struct buf *out;          /* replies are appended here; set before each call */
    struct imap_cmd *cmd;     /* NULL between commands */
    struct imap_view *view;   /* NULL: no mailbox is selected */
    imap_next *next;          /* whom the answer that is owed goes to */
    struct imap_names *names; /* NULL: there are none, or it has not asked yet */
    struct imap_saved *saved;
    struct imap_notifying *notify; /* NULL: NOTIFY was not used yet */
    char *idle_tag;                /* while IDLE */
    struct imap_frame frame;
    enum imap_mode mode : 8;
    uint8_t on; /* a set of IMAP_ON_ */
    uint8_t errors;
    bool tls : 1, loopback : 1, authed : 1;
    bool compressed : 1, compresses : 1; /* compresses: from behind the reply on */
    bool draining : 1;                   /* the owner says so: BYE after this command */
    bool parked : 1;                     /* waits for room */
    bool more : 1;                       /* octets stand behind the command that is being run */
    bool cut : 1;                        /* what the peer still sends is no command any more: read past it */
    bool inside : 1;                     /* of a literal that is being written: no word may come between */
    bool owes_modseq : 1;                /* HIGHESTMODSEQ, since CONDSTORE has come on under a selected mailbox */
};

/* ---- asking ---- */
/* imap_ask(s, on_rows)->rows(s, …): the answer goes to on_rows. */
static inline const struct imap_ops *imap_ask(struct imap_session *s, imap_next *next)
{
    s->next = next;
    return s->rules->ops;
}
/* True: go on writing. False: step is called when there is room again. */
bool imap_room(struct imap_session *s, imap_step *step);

/* Does anything but blanks follow? */
static inline bool imap_more(const struct imap_token *t) { return !t->failed && str_trim(t->rest).n > 0; }

/* ---- answering ---- */
void imap_untagged(struct imap_session *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* "OK text" or the like. Ends the command: what else there is to tell comes first. */
void imap_reply(struct imap_session *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void imap_finish(struct imap_session *s);           /* the same; the words are in cmd->done already */
void imap_bad(struct imap_session *s);              /* arguments not of the command's form */
void imap_fail(struct imap_session *s, enum err e); /* words for a store's error */
void imap_bye(struct imap_session *s, const char *text);
void imap_cmd_end(struct imap_session *s); /* without a word */
void imap_between(struct imap_session *s); /* a command is over: is the session, or is there something to tell? */
static inline bool imap_utf8(const struct imap_session *s) { return s->on & (IMAP_ON_UTF8 | IMAP_ON_REV2); }
static inline bool imap_rev2(const struct imap_session *s) { return s->on & IMAP_ON_REV2; }

/* ---- a message (imap_message.c) ---- */
/* Opens entry i of the view, header and structure; then is called with cmd->msg.err set. */
void imap_message_open(struct imap_session *s, size_t i, imap_step *then);
/* The same of any message of the box, by its uid. */
void imap_message_open_at(struct imap_session *s, uint32_t folder, uint32_t uid, imap_step *then);
/* The same as the first at once, where it can be. */
[[nodiscard]] bool imap_message_ready(struct imap_session *s, size_t i);
/* Reads all of the open one into memory; then as above. ERR_BUSY: there is no room for it now. */
void imap_message_load(struct imap_session *s, imap_step *then);
void imap_message_close(struct imap_session *s);
/* What of its octets is in memory: the header, or all. */
struct str imap_message_known(const struct imap_session *s);

/* ---- the selected mailbox (imap_sync.c) ---- */
/* Brings the view up to the store, then calls step. */
void imap_sync(struct imap_session *s, imap_step *step);
/* Says what the client does not know yet; numbers move only with expunges. */
void imap_tell(struct imap_session *s, bool expunges);
void imap_unselect(struct imap_session *s);
/* Is there new mail that another session may have been told of first? Then the store is asked, and answers. */
bool imap_claims(const struct imap_session *s);
void imap_claimed(struct imap_view *v, const struct imap_answer *a);
/* A command uses mod-sequences, and so does the session from now on; who has a mailbox selected then is told where it
 * stands (RFC 7162 section 3.1), behind what else is told before the tagged reply. */
void imap_condstore(struct imap_session *s);
void imap_tell_modseq(struct imap_session *s);
void imap_put_flags(struct imap_session *s, struct buf *out, uint32_t flags, bool recent); /* without parentheses */
void imap_put_msg(struct imap_session *s, size_t i); /* "* 3 FETCH (FLAGS (…))" and what belongs to it */
void imap_put_flag_lists(struct imap_session *s);    /* FLAGS and PERMANENTFLAGS */
/* "* VANISHED (EARLIER) …" of an answer of changes(): what of known (n 0: all) is gone. */
void imap_put_vanished(struct imap_session *s, const struct imap_answer *a, const struct imap_set *known);

/* ---- keywords (imap_keyword.c) ---- */
[[nodiscard]] bool imap_learn_names(struct imap_session *s, const struct imap_answer *a);
uint32_t imap_name_flag(const struct imap_session *s, struct str keyword); /* 0: not known */
uint32_t imap_known_bits(const struct imap_session *s);
/* Gives those a bit that have none yet, then goes on; when that cannot be, the command has been answered. */
void imap_keywords_make(struct imap_session *s, const struct str *names, size_t n, imap_step *then);

/* ---- which messages ---- */
struct imap_targets {
    struct imap_set set; /* as it was asked for */
    uint32_t *v;         /* indices in the view, ascending; gone ones are left out */
    size_t n;
    bool missing; /* some were gone */
};
/* The set that stands next in the command. False: it has been answered. */
[[nodiscard]] bool imap_targets_read(struct imap_session *s, struct imap_targets *out);
[[nodiscard]] bool imap_targets_uids(struct imap_session *s, const struct imap_targets *t, struct imap_uids *out);

[[nodiscard]] bool imap_cmd_new(struct imap_session *s, struct str text); /* false: memory */
/* Room for a handler's state in the command; NULL: it has been answered. */
void *imap_state(struct imap_session *s, size_t n);
