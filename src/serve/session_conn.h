/* A connection under a session. Sessions (SMTP, POP3, IMAP) know no sockets; what their owners have in common is here:
 * the hold in the listener, TLS at once or later, the list in order of the last sign of life, the time to log in,
 * draining, the end. A protocol's own struct begins with, or has in it, a struct session_conn. All of a loop's, on that
 * loop. */
#pragma once
#include "base/list.h"
#include "io/conn.h"
#include "io/tls.h"
#include "serve/listen.h"

enum {
    SESSION_HANDSHAKE_MS = 30 * 1000,
    SESSION_LOGIN_MS = 3 * 60 * 1000 /* for all that a stranger says before he is in */
};

struct session_conn;
struct session_conns;
struct session_conn_ops {
    /* The struct around one, zeroed but for what is the protocol's own; NULL: no memory. */
    struct session_conn *(*make)(struct session_conns *all, const struct peer *peer, const struct sockaddr *from);
    void (*greet)(struct session_conn *c); /* the first words; on ports where TLS comes first after secured() */
    size_t (*input)(struct session_conn *c, struct str data); /* as conn_ops has it, and so the next three */
    void (*drained)(struct session_conn *c);                  /* may be NULL */
    void (*secured)(struct session_conn *c);                  /* TLS stands */
    void (*timeout)(struct session_conn *c);
    void (*stop)(struct session_conn *c); /* the server goes down: say so now, or after what is under way */
    /* Last call but for free(): cancel what was asked for, give back what is held. conn is not to be used any more. */
    void (*leave)(struct session_conn *c);
    void (*free)(struct session_conn *c); /* the struct around c, which is the heap's */
};
struct session_conns { /* those of one protocol on one loop */
    struct loop *loop;
    const struct session_conn_ops *ops;
    struct conn_opts conn; /* of each */
    struct log *log;
    const char *closed; /* the event logged when one is over: "smtp.closed" */
    struct tls *tls;    /* NULL: there is none */
    struct list open;   /* longest silent first */
    size_t open_n;
    bool draining;
};
struct session_conn {
    struct list in;
    struct session_conns *of; /* NULL once it has left */
    struct conn *conn;
    struct listen *listener;
    struct peer peer;
    int64_t seen_ms;                      /* last sign of life */
    int64_t since_ms;                     /* a stranger since then, unless passed */
    void (*free)(struct session_conn *c); /* as in ops, which may be gone by then */
    bool passed : 1, handshaking : 1, greeted : 1;
};

void session_conns_init(struct session_conns *all);  /* what stands before open is set */
void session_conns_drain(struct session_conns *all); /* each open one is told to stop */
void session_conns_end(struct session_conns *all);   /* the loop stopped: all go without a word; free() comes later */

/* As listen_opts.accept: takes fd and the hold. tls_first: a handshake before the first word (RFC 8314 section 3). */
void session_conn_accept(struct session_conns *all, struct listen *l, int fd, const struct peer *peer,
                         const struct sockaddr *from, bool tls_first);
void session_conn_seen(struct session_conn *c);
/* Not more than is left of a stranger's time to log in; at least one. */
int64_t session_conn_stranger_ms(const struct session_conn *c, int64_t ms);
void session_conn_stranger(struct session_conn *c);  /* is one again, and his time begins */
void session_conn_start_tls(struct session_conn *c); /* again while it runs: no matter */
/* The peer has logged in: its place among its network's strangers (LIMIT_PRELOGIN_CONNS) is free again. False: those
 * of its network who are in are too many (LIMIT_MAIL_CONNS), and it remains a stranger. */
[[nodiscard]] bool session_conn_pass(struct session_conn *c);
