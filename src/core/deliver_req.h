/* What the parts of deliver share: a recipient being looked up or a mail under way. */
#pragma once
#include "core/deliver.h"
#include "core/known.h"
#include "core/sealed.h"
#include "core/understand.h"

struct deliver {
    struct deliver_opts o;
    struct known_boxes known;
    struct event_listener events; /* ends, for the attempts that are kept */
    struct msg_id ids[32];        /* the first ids_left of them were not given out yet */
    size_t ids_left;
};

struct deliver_req {
    struct deliver *d;
    bool cancelled;
    void *ctx;
    union {
        deliver_rcpt_fn *rcpt;
        deliver_done *mail;
    } done;
    struct job later;
    enum err later_err;
    uint64_t check_size;
    /* mail */
    struct arena arena;
    struct deliver_mail mail; /* while the sender is being judged: its own copy, data included */
    struct judge_mail judge_mail;
    struct peer peer;       /* where judge_mail.client_known */
    struct str from_domain; /* for who is told of the attempt, as tls */
    const char *tls;
    struct str sender;    /* the domain that has proven that it sent it; empty: none; in the arena, as what follows */
    struct str auth;      /* what was found of its sender; the symbols' texts, too */
    struct str submitted; /* the domain of the box here that wrote it; empty: nobody here did */
    bool judged, own;
    bool null_sender;                 /* a report, say: that goes no further */
    const struct deliver_rcpt *rcpts; /* the caller's, or the copy while the sender was judged */
    size_t rcpts_n;
    bool junk; /* by what was found, not by what a reader has said */
    struct symbols symbols;
    uint32_t folder;
    struct buf raw; /* trace header and data */
    struct buf json;
    const struct report *report; /* in the arena; NULL: it is none */
    struct sealed *copies;       /* one a recipient */
    size_t n, waiting;
    struct work work;
    enum err err;
    const char *why;
    int64_t now_ms;
};
struct deliver_req *deliver_req_new(struct deliver *d, void *ctx);
void deliver_req_free(struct deliver_req *r);

/* deliver_note.c: a box has ended. */
void deliver_forget(struct event_listener *l, const struct event *e);
void deliver_tell_stored(struct deliver_req *r, const struct store_append_item *it);         /* opts.stored */
void deliver_tell_reported(const struct deliver_req *r, const struct store_append_item *it); /* opts.reported */

/* deliver_standing.c. Has its sender's domain lately sent too much junk? Is it junk, and every box that it is for full
 * of that lately? It is stored: it counts. */
bool deliver_sender_banned(const struct deliver_req *r);
bool deliver_flooded(const struct deliver_req *r);
void deliver_count(const struct deliver_req *r);

/* deliver_prepare.c: touches nothing but the request, so that it also runs on a work thread. The trace header (found:
 * Authentication-Results or nothing; RFC 5321 section 4.4, without the client's address); each copy's hash that tells a
 * retry; parse, understand, pack, seal: err and why.
 */
void deliver_trace(struct deliver_req *r, const struct deliver_mail *m, struct str found, struct buf *out);
void deliver_dedupe(struct deliver_req *r, const struct deliver_mail *m);
void deliver_prepare(struct deliver_req *r);
