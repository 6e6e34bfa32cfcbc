/* Inside a connection: what conn.c (the owner's calls, events, the end) and conn_flow.c (bytes in and out) share. */
#pragma once
#include "io/conn.h"
#include <assert.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <openssl/types.h>

enum { CORK_N = 16 * 1024 }; /* replies gathered while a callback runs: about one TLS record */
enum { TODO_INPUT = 1, TODO_DRAINED = 2 };
enum tls_state { TLS_NONE, TLS_WAITING /* clear text goes out first */, TLS_SHAKING, TLS_ON };

struct conn {
    struct event ev;
    struct loop *loop;
    const struct conn_ops *ops;
    void *ctx;
    SSL *ssl;
    struct buf *in; /* unread rest; NULL when there is none */
    struct buf out; /* unsent */
    struct deadline deadline;
    struct job job;
    const char *why; /* given to closed() */
    uint32_t in_max;
    uint32_t clear_n;  /* TLS_WAITING: how much of out was written before */
    uint8_t interest;  /* EV_READ, EV_WRITE: what ev waits for */
    uint8_t todo;      /* for the job */
    uint8_t tls;       /* enum tls_state */
    uint8_t lingered;  /* reads while lingering */
    uint8_t fault;     /* enum tls_fault, once the handshake is over */
    bool busy : 1;     /* in a callback, or about to settle */
    bool paused : 1;   /* by the owner */
    bool poked : 1;    /* bytes came meanwhile */
    bool held : 1;     /* unread bytes wait that no event will announce */
    bool blocked : 1;  /* the socket took less than was sent: wait for its event */
    bool had_rest : 1; /* drained() is owed */
    bool job_queued : 1;
    bool finishing : 1;                              /* no more input; out goes first */
    bool lingering : 1;                              /* our side has ended */
    bool ending : 1;                                 /* the job will call closed() */
    bool hears_out : 1, deaf : 1;                    /* the peer takes no more, and that is no reason to end */
    bool read_wants_write : 1, write_wants_read : 1; /* TLS may want the other direction */
};
static_assert(sizeof(struct conn) <= 304, "ten thousand idle ones should cost no more than 3 MB");

static inline int conn_fd(const struct conn *c) { return event_get_fd(&c->ev); }
bool conn_may_input(const struct conn *c);
void conn_end(struct conn *c, const char *why); /* closed() comes from the job */
void conn_queue_job(struct conn *c, uint8_t todo);
void conn_send(struct conn *c);                      /* as much of out as the socket takes; no callback */
size_t conn_send_some(struct conn *c, struct str s); /* past out, which is empty */
void conn_receive(struct conn *c);                   /* calls input() */
void conn_shake(struct conn *c);                     /* calls secured() */
void conn_drop_in(struct conn *c);
void conn_finish_as(struct conn *c, const char *why); /* no more input; out goes first, in a minute at most */
