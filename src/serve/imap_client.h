/* An IMAP connection from the inside: what imap_server.c (the socket, the clock) and imap_client.c (the box) share. */
#pragma once
#include "core/mail_change.h"
#include "core/mail_copy.h"
#include "serve/imap_opts.h"
#include "serve/imap_session.h"
#include "serve/session_conn.h"

enum {
    IMAP_HIGH_WATER = 128 * 1024, /* unsent octets above which nothing more is made */
    IMAP_HIGH_WATER_LOGIN = 16 * 1024
};

struct imap_server {
    struct imap_server_opts o;
    struct imap_rules rules;
    struct session_conns conns; /* in struct imap_client */
};
/* The question that is under way; at most one of these is not NULL. */
struct imap_asked {
    struct store_req *store;
    struct mail_change_req *change;
    struct folder_req *folder;
    struct keyword_req *keyword;
    struct mail_copy *copy;
    struct mail_append *append;
    struct mailbox_req *box;
    struct imap_looking *looking; /* imap_client_look.c */
};
struct imap_open; /* the message that is open; imap_client_mail.c, as what follows */
struct imap_ahead;
struct imap_zip { /* a compressed connection */
    struct deflate *z;
    struct imap_client *of;
    struct buf in, out; /* octets in the clear: not taken yet, not compressed yet */
    struct job again;   /* shows the session what it did not take while it was busy */
    bool queued;
};
struct imap_client {
    struct session_conn c;
    struct imap_session s;
    struct imap_server *of;
    struct login login;
    struct opened *o; /* with what follows: from login on */
    struct event_listener events;
    struct imap_asked asked;
    struct imap_open *open;
    struct imap_ahead *ahead;
    struct imap_zip *zip; /* NULL: not compressed */
    uint32_t wanted;      /* uid of the message that is being opened */
    int64_t due_ms;       /* when its time is up; the conn's deadline may come before, at the box's end */
    uint64_t octets;      /* of messages that are appended, since the last look */
    bool zipped : 1;      /* zip is in use */
    bool starved : 1;     /* the session waits until the peer has taken what it was sent */
    bool partial : 1;     /* part of a command is there, and its time runs */
    bool no_memory : 1;   /* a question could not be asked; the session is told so by later */
    bool later_queued : 1, left : 1;
    bool counted : 1; /* what is read ahead, against the memory of messages */
    struct job later;
};

struct imap_session *imap_client_session(struct imap_client *c); /* ready to be called */
/* imap_client_zip.c */
bool imap_client_zip_new(struct imap_client *c); /* false: no memory */
void imap_client_zip_free(struct imap_client *c);
void imap_client_zip_again(struct imap_client *c);                /* the session reads again */
size_t imap_client_unzip(struct imap_client *c, struct str data); /* as conn_ops.input */
size_t imap_client_take(struct imap_client *c, struct str data);  /* octets in the clear, likewise */

bool imap_client_alive(const struct imap_client *c); /* false: its box has ended */
/* Gives the session its answer and sees to what comes next. */
void imap_client_tell(struct imap_client *c, const struct imap_answer *a);
void imap_client_flush(struct imap_client *c); /* all that was said so far */
/* Something was said outside of an answer. */
void imap_client_proceed(struct imap_client *c);
/* Gives back all that was held or asked for on behalf of the box. A change that was begun is carried out. */
void imap_client_close(struct imap_client *c);
/* The box has ended, or the secret that opened it. */
void imap_client_ended(struct imap_client *c, const char *text);
extern const char imap_ended_text[];
extern const struct imap_ops imap_client_ops;

static inline struct imap_client *imap_client_of(struct imap_session *s)
{
    return CONTAINER_OF(s, struct imap_client, s);
}
static inline struct mail_at imap_client_at(const struct imap_client *c)
{
    return (struct mail_at){ .store = c->of->o.store, .hub = c->of->o.hub, .loop = c->of->conns.loop, .opened = c->o };
}
/* A question could not be asked: it is answered by ERR_IO on a later turn. */
void imap_client_no_memory(struct imap_client *c);

/* imap_client_mail.c: reading */
void imap_client_open(struct imap_session *s, uint32_t folder, const struct imap_uids *ahead);
const struct imap_source *imap_client_ready(struct imap_session *s, uint32_t uid);
void imap_client_read(struct imap_session *s, uint64_t at);
bool imap_client_at_hand(struct imap_session *s, uint64_t at, struct imap_answer *a);
struct str imap_client_preview(struct imap_session *s);
void imap_client_shut_mail(struct imap_session *s);
void imap_client_shut(struct imap_client *c);   /* the open message, if there is one */
void imap_client_unread(struct imap_client *c); /* and what was read ahead */
/* imap_client_box.c: folders, keywords, rows, changes */
void imap_client_folders(struct imap_session *s);
void imap_client_folders_vacant(struct imap_session *s);
void imap_client_create(struct imap_session *s, struct str name, enum folder_use use);
void imap_client_remove(struct imap_session *s, struct str name);
void imap_client_rename(struct imap_session *s, struct str from, struct str to);
void imap_client_subscribe(struct imap_session *s, struct str name, bool on);
void imap_client_claim(struct imap_session *s, uint32_t folder, bool patient);
void imap_client_keywords(struct imap_session *s);
void imap_client_keyword_put(struct imap_session *s, const struct str *names, size_t n);
void imap_client_list(struct imap_session *s, uint32_t folder, uint32_t after_uid);
void imap_client_changes(struct imap_session *s, uint32_t folder, uint64_t since);
void imap_client_quota(struct imap_session *s);
/* imap_client_look.c */
bool imap_client_look(struct imap_session *s, const struct imap_look *what);
void imap_client_unlook(struct imap_looking *l); /* NULL is fine */
/* imap_client_change.c */
void imap_client_flag(struct imap_session *s, const struct imap_flagging *f);
void imap_client_erase(struct imap_session *s, uint32_t folder, const struct imap_uids *u);
void imap_client_move(struct imap_session *s, uint32_t folder, const struct imap_uids *u, uint32_t to);
void imap_client_copy(struct imap_session *s, uint32_t folder, const struct imap_uids *u, uint32_t to);
void imap_client_append(struct imap_session *s, uint32_t folder, struct imap_new_mail *v, size_t n,
                        struct imap_place instead_of);
/* imap_client_teach.c: from and now are a move's or a copy's, one a message */
void imap_client_teach_moved(struct imap_client *c, const struct store_gone *from, const struct store_row *now,
                             size_t n);
void imap_client_teach_flagged(struct imap_client *c, const struct store_flag *r);
