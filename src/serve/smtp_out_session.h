/* One SMTP session in which we are the client (RFC 5321), without I/O: what the server said goes in, what we say comes
 * out, and whoever owns the socket looks at the mode after each call. It carries one job after the other; of each it
 * settles every recipient, however the server behaves. */
#pragma once
#include "base/arena.h"
#include "core/outq_run.h"
#include "wire/line.h"
#include "wire/smtp_reply.h"

enum {
    SMTP_OUT_BATCH = 100,     /* recipients of one transaction: each server takes as many, RFC 5321 section 4.5.3.1.8 */
    SMTP_OUT_WORDS_MAX = 400, /* of a server's reply that are kept for the sender */
};

enum smtp_out_mode {
    SMTP_OUT_TALK,  /* we wait for a reply */
    SMTP_OUT_SHAKE, /* the owner begins TLS, then says smtp_out_secured() */
    SMTP_OUT_READY, /* a job may be begun */
    SMTP_OUT_BODY,  /* the owner gives the mail by smtp_out_body(), from its first octet on */
    SMTP_OUT_CLOSED /* the owner sends what is in out and closes; end says why */
};
enum smtp_out_tls { SMTP_OUT_TLS_NEVER, SMTP_OUT_TLS_MAY, SMTP_OUT_TLS_MUST };

/* Why a session gave up before or between jobs, or what one recipient was answered. */
struct smtp_out_said {
    uint16_t code; /* 0: not the server's words */
    char enhanced[SMTP_ENHANCED_N];
    char words[SMTP_OUT_WORDS_MAX + 1];
    bool final; /* no use to try again */
};

/* What a sender hears where our own account at the smart host is why: that is no business of his. */
#define SMTP_OUT_NOT_LET_IN "the outgoing server refused us; its operator knows"

struct smtp_out_session {
    /* Set by the owner; borrowed. */
    struct str hostname;
    enum smtp_out_tls tls;
    struct str user, password; /* empty: no login */
    struct str mx;             /* the server's name, for results */
    struct buf *out;

    enum smtp_out_mode mode;
    struct smtp_out_said end;
    bool secured, authenticated; /* TLS is on; and the server has proven who it is */
    const char *login_refused;   /* why we cannot log in, for the operator; static. NULL: we can, or need not */
    uint16_t login_code;         /* the server's words to that; 0: none */
    bool no_starttls;            /* it offered no STARTTLS where we would have used it, or refused it */
    bool greeted;                /* it talked SMTP to us: greeting and EHLO went well */

    unsigned step; /* enum step, the session's own, as all that follows */
    struct smtp_reply reply;
    struct smtp_offers offers;
    const struct outq_job *job;
    struct outq_result *results; /* one a recipient */
    uint8_t *fates;              /* likewise: enum rcpt_state */
    struct arena arena;          /* what results point to */
    size_t first, last;          /* the batch: job->rcpts[first .. last) */
    size_t at;                   /* its next recipient to be said */
    size_t said, heard;          /* commands of the batch's envelope, and replies to them */
    size_t accepted;             /* recipients of the batch */
    size_t chunks;               /* BDAT commands whose replies are not in */
    bool bdat, said_data;
    bool open;      /* the server may have a transaction that RSET has to end */
    bool sent_last; /* all of the mail, and its end */
    bool answered;  /* some recipient has its result, and not because the session ended */
    struct line_out dots;
    struct line_data check;
};

/* After the owner's fields are set; everything else is zero. */
void smtp_out_init(struct smtp_out_session *s);
void smtp_out_fini(struct smtp_out_session *s);
/* Takes at most one reply; gives how much was taken, 0 when nothing is whole yet and in was put aside only in full.
 * Total. In the modes SHAKE and CLOSED nothing is taken. */
size_t smtp_out_input(struct smtp_out_session *s, struct str in);
void smtp_out_secured(struct smtp_out_session *s, bool authenticated);
/* Can this session carry it? OK; ERR_DENIED: it wants REQUIRETLS, and this server does not (RFC 8689 section 4.2.1). */
[[nodiscard]] enum err smtp_out_suits(const struct smtp_out_session *s, const struct outq_job *job);
/* In READY. The job is borrowed until smtp_out_settled() and smtp_out_forget(). before: what another server said of
 * each recipient, of whom then only those that it postponed are told to this one; NULL: none was asked. ERR_IO: memory.
 */
[[nodiscard]] enum err smtp_out_begin(struct smtp_out_session *s, const struct outq_job *job,
                                      const struct outq_result *before);
/* The server itself said "later": another one may be asked, since the mail is not with this one. */
static inline bool smtp_out_is_postponed(const struct outq_result *r)
{
    return r->fate == OUTQ_FATE_LATER && r->code / 100 == 4;
}
/* The next octets of the mail, in BODY; last with the end, and possibly empty. The owner asks the mode again. */
void smtp_out_body(struct smtp_out_session *s, struct str bytes, bool last);
bool smtp_out_wants_body(const struct smtp_out_session *s); /* in BODY: now, or after the next reply */
/* The connection is gone, or its time is up, or the mail cannot be read: closes, and settles what is not settled. */
void smtp_out_lost(struct smtp_out_session *s, const char *enhanced, const char *words);
/* A job was begun, and each of its recipients has its result (in s->results, until smtp_out_forget()). */
bool smtp_out_settled(const struct smtp_out_session *s);
/* No recipient has got it, or was answered by the server: another server may be tried with all of it. */
bool smtp_out_untouched(const struct smtp_out_session *s);
void smtp_out_forget(struct smtp_out_session *s);
void smtp_out_quit(struct smtp_out_session *s); /* in READY */
/* How long the server may take for what it has to do now, RFC 5321 section 4.5.3.2. */
int64_t smtp_out_patience_ms(const struct smtp_out_session *s);
