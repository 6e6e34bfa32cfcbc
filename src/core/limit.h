/* Rates and concurrency per network, without ever keeping an address (P5): a peer is a keyed hash of its /24 or /48,
 * the key is random, in memory only and new each day. One table for the process, sharded under short locks, bounded
 * (oldest entries go first); scores decay. Any thread. */
#pragma once
#include "base/err.h"
#include "base/str.h"
#include <sys/socket.h>

struct limit;
struct peer {
    uint8_t key[16]; /* keyed hash of the network prefix */
    bool loopback;   /* 127/8, ::1 or a unix socket */
    bool trusted;    /* on the operator's list: never banned (serve/access) */
};
/* A row each in limit.c: unit, burst and reason. Rates are token buckets; counts are concurrent holds. */
enum limit_kind {
    LIMIT_MX_CONNS,       /* concurrent SMTP connections */
    LIMIT_PRELOGIN_CONNS, /* concurrent connections of mail programs before their login */
    LIMIT_MAIL_CONNS,     /* the same after it */
    LIMIT_LIVE_CONNS,     /* concurrent live connections: WebSocket, SSE, wait */
    LIMIT_HTTP_CONNS,     /* concurrent HTTP connections */
    LIMIT_CREATE,         /* boxes made, per hour */
    LIMIT_LOGIN_FAIL,     /* wrong passwords and words, per 10 minutes */
    LIMIT_LOGIN_BOX,      /* the same of one network for one box: each further one waits longer; see serve/login.h */
    LIMIT_PASSWORDS,      /* concurrent Argon2id computations: nobody has the queue to himself */
    LIMIT_UNKNOWN_RCPT,   /* recipients not there, per 10 minutes */
    LIMIT_REQUESTS,       /* API requests, per minute */
    LIMIT_SEND,           /* recipients that boxes write to, per hour */
    LIMIT_KINDS
};
struct limit_opts {
    uint32_t value[LIMIT_KINDS]; /* 0: that kind is not limited */
    /* Told of each refusal, on the refused one's thread: core/standing. May be NULL. */
    void (*refused)(void *ctx, enum limit_kind k, const struct peer *p);
    void *ctx;
};

[[nodiscard]] enum err limit_new(const struct limit_opts *opts, struct limit **out);
void limit_free(struct limit *l);
struct peer limit_peer(struct limit *l, const struct sockaddr *sa);
/* Concurrent kinds: OK holds one (give it back with limit_release), ERR_BUSY when the network has its share. */
[[nodiscard]] enum err limit_hold(struct limit *l, enum limit_kind k, const struct peer *p);
void limit_release(struct limit *l, enum limit_kind k, const struct peer *p);
/* Rate kinds: takes n; ERR_BUSY when the bucket is empty, *retry_ms then says when it will do. now_ms is monotonic. */
[[nodiscard]] enum err limit_take(struct limit *l, enum limit_kind k, const struct peer *p, uint32_t n, int64_t now_ms,
                                  int64_t *retry_ms);
/* How many are taken now; and n of them given back, because they were fine after all. */
[[nodiscard]] uint32_t limit_taken(struct limit *l, enum limit_kind k, const struct peer *p, int64_t now_ms);
void limit_give(struct limit *l, enum limit_kind k, const struct peer *p, uint32_t n, int64_t now_ms);
/* The same network, counted for one thing alone: a box's address. */
struct peer limit_peer_for(struct limit *l, const struct peer *p, struct str what);
/* Is the bucket empty (without taking)? */
bool limit_over(struct limit *l, enum limit_kind k, const struct peer *p, int64_t now_ms, int64_t *retry_ms);
