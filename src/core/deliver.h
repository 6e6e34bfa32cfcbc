/* One inbound message, start to stored: who may receive it, who sent it, parse, understand, seal, append, tell. One
 * deliver a loop; mails over 256 KiB are parsed and sealed on a work thread. */
#pragma once
#include "core/arrival.h"
#include "core/event.h"
#include "core/judge.h"
#include "core/mailbox.h"
#include "core/standing.h"
#include "io/work.h"
#include "trust/teacher.h"
#include "wire/report.h"

struct deliver;
struct deliver_stored { /* borrowed for the call */
    struct box_id box;
    struct str address;   /* the recipient that it came for, as given */
    struct str raw;       /* as stored: with our trace fields */
    const uint8_t *lease; /* the box's */
};
struct deliver_opts {
    struct loop *loop;
    struct store *store;
    struct event_hub *hub;
    struct work_pool *work;
    struct log *log;
    struct domain_list domains;
    struct str hostname;       /* for the trace header */
    struct standing *standing; /* is told what networks send; NULL: nobody is */
    struct judge_opts judge;   /* loop, work and server are deliver's own */
    struct arrivals *arrivals; /* NULL: attempts are not kept */
    struct teacher *teacher;   /* NULL: nobody remembers what readers said */
    /* Told of each mail that came into an INBOX from a sender that can be answered, once it is durable. NULL: nobody.
     */
    void (*stored)(void *ctx, const struct deliver_stored *m);
    void *stored_ctx;
    /* Told of each report on mail (wire/report.h) that came from the null sender into a box, once it is durable. NULL:
     * nobody. */
    void (*reported)(void *ctx, const struct box_id *box, const struct report *report);
    void *reported_ctx;
    bool content;                         /* what a mail says counts too, not only who sent it */
    _Atomic uint64_t *accepted, *refused; /* metrics; may be NULL */
};
[[nodiscard]] enum err deliver_new(const struct deliver_opts *o, struct deliver **out);
void deliver_free(struct deliver *d);

struct deliver_rcpt {
    struct box_id box;
    struct str address; /* as given, UTF-8 local@domain; owned by the caller's arena */
};
/* RCPT: is there a living box with room for size octets (0: unknown)? OK; ERR_DENIED: not one of our domains (relay);
 * ERR_BAD: not an address; ERR_GONE: unknown or ended; ERR_FULL: its quota; ERR_BUSY, ERR_IO: try later. */
struct deliver_req;
typedef void deliver_rcpt_fn(void *ctx, enum err e, const struct box_id *box); /* box: also of one that takes no more */
struct deliver_req *deliver_check(struct deliver *d, struct str mailbox, uint64_t size, deliver_rcpt_fn *done,
                                  void *ctx);

struct deliver_mail {
    struct str mail_from; /* empty: null sender */
    struct str helo;
    const char *protocol;    /* ESMTP, ESMTPS, UTF8SMTPS …, RFC 3848 / 6531 */
    const char *tls_version; /* or NULL */
    const char *tls_cipher;
    struct ip client; /* in memory only (P5) */
    bool client_known;
    struct peer peer;                 /* its network, where client_known */
    bool own;                         /* this server itself wrote it: nothing that came from elsewhere may say so */
    bool submitted;                   /* by the box whose address mail_from and From are: that is proven */
    const struct deliver_rcpt *rcpts; /* borrowed until done */
    size_t rcpts_n;
    struct buf data; /* CRLF lines, dot-stuffing undone; taken */
};
/* done: e is OK when the mail is durable and listed in at least one box. ERR_FULL (552/452), ERR_GONE (550), ERR_BAD
 * (554, why says it: too many header fields, two From …), ERR_DENIED (554: the author's domain asks for it),
 * ERR_BUSY/ERR_IO (451). why: static text or NULL. */
typedef void deliver_done(void *ctx, enum err e, const char *why);
struct deliver_req *deliver_mail(struct deliver *d, struct deliver_mail *mail, deliver_done *done, void *ctx);
void deliver_cancel(struct deliver_req *r); /* the mail may still be stored */
/* Keeps and tells an attempt on a box that deliver_check() has lately named; what was stored is noted by itself. The
 * text is borrowed for the call. */
void deliver_note(struct deliver *d, const struct box_id *box, struct arrival a);
