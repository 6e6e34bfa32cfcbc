/* Where an IMAP command ends (RFC 9051 section 2.2, RFC 7888), whatever it says: a line that ends in CRLF, unless the
 * line ends in the announcement of a literal; then octets follow, and more line. It knows no verbs, so the literal of
 * an unknown command is passed over like any other, and what is in it is never read as a command. */
#pragma once
#include "base/err.h"
#include "base/str.h"

enum {
    LIMIT_IMAP_LINE = 64 * 1024,     /* octets of a command outside its literals, CRLFs counted */
    LIMIT_IMAP_COMMAND = 256 * 1024, /* octets of a command with the literals that are kept in memory */
    LIMIT_IMAP_LITERAL_LOGIN = 4096, /* a literal before login */
    LIMIT_IMAP_LITERAL_MINUS = 4096, /* a non-synchronizing literal under LITERAL-, RFC 7888 section 5 */
    LIMIT_IMAP_LITERAL_DIGITS = 20,  /* of a length; more is beyond 64 bits, or zeros for nothing */
};

struct imap_frame_limits {
    size_t line_max;      /* LIMIT_IMAP_LINE, or less before login */
    size_t command_max;   /* LIMIT_IMAP_COMMAND */
    uint64_t literal_max; /* of any literal: LIMIT_IMAP_LITERAL_LOGIN, or the largest message for who may APPEND */
    uint64_t nonsync_max; /* of a {n+}: as literal_max under LITERAL+, LIMIT_IMAP_LITERAL_MINUS under LITERAL- */
};

/* Where one is in a command; zeroed it is ready for the next, and so it is after IMAP_FRAME_COMMAND. It remembers how
 * far it has looked, so a command that comes octet by octet costs no more than one that comes whole. */
struct imap_frame {
    size_t at;     /* octets of the buffer that belong to the command and are done with */
    size_t seen;   /* octets of the buffer in which no line end was found */
    size_t line_n; /* octets outside literals, of those that have left the buffer too */
};

enum imap_frame_kind {
    IMAP_FRAME_COMMAND, /* in[0, n) is whole, with its last CRLF */
    IMAP_FRAME_LITERAL, /* in[0, n) ends in "{…}" CRLF; the literal's first octet is, or will be, in[n] */
};
struct imap_frame_event {
    enum imap_frame_kind kind;
    size_t n;
    /* of a literal: */
    uint64_t size;   /* octets; UINT64_MAX for what does not fit 64 bits */
    bool sync;       /* {n}: nothing comes before "+ " is sent */
    bool binary;     /* ~{n} */
    bool over;       /* larger than the limits allow: to be refused; when not sync only BYE is left */
    bool unbuffered; /* it would take the command over command_max: stream it away or refuse it */
    bool early; /* sync, and octets are there nonetheless: if it is refused, only BYE is left, for they would be read
                   as a command */
};

/* Looks at the octets gathered so far; in begins where the command does, and may hold more than the command. OK: see
 * *out. ERR_MORE: nothing new. ERR_FULL: over line_max or command_max. ERR_BAD: a bare CR or LF, or NUL. After these
 * two nobody can tell where the next command begins: answer BYE.
 *
 * After IMAP_FRAME_LITERAL call one of these before the next imap_frame_next():
 *   imap_frame_keep()  the literal will be gathered in the buffer like the rest (send "+ " first when it is sync);
 *   imap_frame_away()  you take the octets: drop in[0, n) from the buffer, then the size octets that follow, as they
 *                      come. The buffer then begins with the rest of the command, and so does the next event;
 *   or refuse a sync literal with a tagged reply: the command is over, zero the frame, drop in[0, n). */
[[nodiscard]] enum err imap_frame_next(struct imap_frame *f, struct str in, const struct imap_frame_limits *l,
                                       struct imap_frame_event *out);
void imap_frame_keep(struct imap_frame *f, const struct imap_frame_event *e);
void imap_frame_away(struct imap_frame *f);
