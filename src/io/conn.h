/* Bytes in and out of one stream socket, plain or TLS: own stream over OpenSSL (research/netlibs.md section 1). Reads
 * go to a buffer that the thread shares; only what the owner did not take is kept. Writes go out at once; only an
 * unsent rest is kept. An idle connection holds neither buffer. Deadlines are for whole exchanges: bytes alone never
 * move them.
 *
 * Callbacks run on the loop's thread, never from inside a conn_* call made by the owner, except that input may be
 * called again from conn_resume()'s later turn. conn_abort() may be called from anywhere, also inside callbacks. */
#pragma once
#include "base/buf.h"
#include "base/err.h"
#include "io/loop.h"

struct conn;
struct tls;

struct conn_ops {
    /* Bytes have arrived (all that is unread so far; borrowed). Returns how many were taken, 0..data.n; the rest is
     * shown again with what follows. Called again at once as long as it takes some and more is left, unless paused. */
    size_t (*input)(void *ctx, struct str data);
    /* Unsent output fell to 0 after there was some. May be NULL. */
    void (*drained)(void *ctx);
    /* TLS handshake finished. May be NULL. */
    void (*secured)(void *ctx);
    /* The deadline passed. Write a farewell and conn_finish(), or set a new deadline. NULL: closed as "timeout". */
    void (*timeout)(void *ctx);
    /* Last call, exactly once: peer closed, error, finish done or abort. why is static text. The conn is freed
     * afterwards. */
    void (*closed)(void *ctx, const char *why);
};

struct conn_opts {
    size_t in_max;       /* most bytes shown at once; input() takes none of so many: closed as "input too long" */
    size_t out_max;      /* most unsent bytes kept; more: closed as "reader too slow". Above half no input is called */
    int64_t deadline_ms; /* from now; 0: none */
    bool hears_out; /* what a peer has said before it stopped listening is still read; what was unsent is dropped */
};

/* Takes fd (non-blocking, TCP_NODELAY set here). On ERR_IO fd is closed and no callback is made. */
[[nodiscard]] enum err conn_new(struct loop *l, int fd, const struct conn_ops *ops, void *ctx,
                                const struct conn_opts *o, struct conn **out);
/* Starts the server side of TLS. Unread plaintext must be dropped by the owner before: if any is left the connection is
 * aborted ("plaintext after STARTTLS"). What was written before is flushed in the clear first. */
void conn_start_tls(struct conn *c, struct tls *t);
/* The client side, for mail that leaves: host is named to the server and, with a verifying tls, must be in its
 * certificate. The rest as above. */
void conn_start_tls_client(struct conn *c, struct tls *t, const char *host);
/* The same to a server that DANE speaks for; t is of TLS_DANE_PEER. */
struct tls_dane;
void conn_start_tls_dane(struct conn *c, struct tls *t, const struct tls_dane *d);
bool conn_is_deaf(const struct conn *c); /* with hears_out: the peer takes no more */
bool conn_is_tls(const struct conn *c);
/* What was wrong with the peer's certificate; also after a handshake that failed, and in closed(). An enum tls_fault.
 */
unsigned conn_tls_fault(const struct conn *c);
const char *conn_tls_version(const struct conn *c); /* "TLSv1.3" or NULL */
const char *conn_tls_cipher(const struct conn *c);

void conn_write(struct conn *c, struct str s); /* copies what the socket does not take at once */
/* For building replies in place: append to it, then conn_flush(). It is flushed by itself after input() returns. */
struct buf *conn_out(struct conn *c);
void conn_flush(struct conn *c);
size_t conn_unsent(struct conn *c); /* more than 0 is a promise that drained() will come */
void conn_pause(struct conn *c);    /* stop reading and calling input (waiting for the store, or back-pressure) */
void conn_resume(struct conn *c);   /* input is called again on a later turn if unread bytes are there */
void conn_deadline(struct conn *c, int64_t ms); /* from now; 0: none */
void conn_finish(struct conn *c);               /* flush, close_notify, shut down, then closed(); input stops at once */
void conn_abort(struct conn *c, const char *why); /* closed() on a later turn; nothing more is sent */
struct loop *conn_loop(const struct conn *c);
size_t conn_memory(const struct conn *c); /* user bytes held, for budgets */
