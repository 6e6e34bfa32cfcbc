/* HTTP/1.1 connections, routing, answers. One `struct http` a loop and set of tables. A request goes: head read and
 * routed, the gate (rates, token), body read, the route's run(); each request is answered exactly once and is gone with
 * its answer. Nothing is logged of a request but counts. Idle connections hold no buffer. */
#pragma once
#include "base/arena.h"
#include "base/log.h"
#include "core/limit.h"
#include "io/conn.h"
#include "wire/http.h"
#include <stdatomic.h>

enum {
    HTTP_PARAMS_MAX = 3,
    HTTP_HEAD_MS = 15 * 1000,        /* for a whole request head and body */
    HTTP_IDLE_MS = 75 * 1000,        /* between requests; above the 60 s that proxies keep */
    HTTP_ANSWER_MS = 60 * 1000,      /* for the answer, unless http_hold() says otherwise */
    HTTP_HIGH_WATER = 256 * 1024,    /* unsent bytes above which a stream is asked for no more */
    HTTP_OUT_MAX = 12 * 1024 * 1024, /* the largest answer built whole: a message's text, escaped */
    HTTP_ARENA_MAX = 64 * 1024,
    HTTP_SMALL = 64 * 1024,           /* bodies and unsent answers up to here are not counted */
    HTTP_HELD_MAX = 192 * 1024 * 1024 /* what all larger ones of a loop may hold together */
};

struct http;
struct http_conn;
struct http_req;

struct http_route {
    enum http_verb method; /* GET answers HEAD, too */
    struct str path;       /* "/a/{id}/b": {…} is one segment, not empty; a last {*} takes the rest */
    void (*run)(struct http_req *r);
    unsigned flags;  /* the gate's */
    size_t body_max; /* 0: a body is refused with 413 */
};
struct http_table {
    const struct http_route *routes; /* borrowed */
    size_t n;
    void *ctx; /* r->ctx of its routes */
    /* How its routes say what went wrong, in one answer; NULL: application/problem+json. */
    void (*problem)(struct http_req *r, int status, const char *code, const char *detail);
};
/* Shared by all loops, for metrics. */
struct http_counts {
    _Atomic uint64_t connections, requests, answers[6]; /* by status / 100 */
    _Atomic uint64_t open;
};
struct http_opts {
    struct loop *loop;
    struct log *log;
    const struct http_table *tables; /* borrowed, as all here */
    size_t tables_n;
    /* Sees each routed request before its body is read; answers it, or lets it on with http_go(), now or later. */
    void (*gate)(struct http_req *r);
    void *gate_ctx;
    const struct str *cors_origins; /* of other sites that may call; "*": any */
    size_t cors_origins_n;
    struct http_counts *counts; /* may be NULL */
};

struct http_req {
    struct http_head head;
    struct str params[HTTP_PARAMS_MAX];
    struct str body;
    const struct http_route *route;
    void *ctx;
    void (*problem)(struct http_req *r, int status, const char *code, const char *detail); /* the table's */
    struct peer peer;
    bool tls;
    struct arena arena; /* secret; dies with the request */
    /* The owner's, while it works on an answer. dropped: the client left, or time is up; cancel what is pending, answer
     * no more. drain: the server is about to stop; end a long answer soon. more: a stream's unsent bytes went out. */
    void *state;
    void *user; /* the handler's own, in the arena */
    void (*dropped)(struct http_req *r);
    void (*drain)(struct http_req *r);
    void (*more)(struct http_req *r);
    void *opened;                        /* the gate's */
    void (*release)(struct http_req *r); /* the gate's: last call, when the request goes away */
    const char *policy; /* header lines of every answer: HTTP_PRIVATE, unless the route chooses another */
    /* http.c's own from here */
    struct http *http;
    struct http_conn *conn;
    struct buf extra, body_buf;
    struct http_chunked chunks;
    size_t mark, body_at, length_at, held;
    int status;
    unsigned stage;
    bool keep, streaming, chunked_out, going;
};

[[nodiscard]] enum err http_new(const struct http_opts *o, struct http **out);
void http_free(struct http *h); /* aborts what is left */
/* Takes fd. gone() is called once when the connection is over, also when ERR_IO is answered. tls: NULL for plain. */
[[nodiscard]] enum err http_accept(struct http *h, int fd, const struct peer *peer, struct tls *tls,
                                   void (*gone)(void *ctx, const struct peer *peer), void *gone_ctx);
/* No more keep-alive; idle connections end now, WebSockets with 1012, others after their answer. */
void http_drain(struct http *h);
size_t http_open(const struct http *h); /* connections left */
struct loop *http_loop(const struct http *h);

void http_go(struct http_req *r); /* the gate lets it on: the body is read, then run() */
/* An answer may take this long from now (0: no limit), for requests that wait. */
void http_hold(struct http_req *r, int64_t ms);

/* ---- answering: r is gone after http_finish, http_reply, http_problem, http_stream_end, http_stream_fail, http_take
 * ---- */
void http_header(struct http_req *r, const char *name,
                 struct str value); /* before begin; CR, LF and NUL end the value */
void http_header_printf(struct http_req *r, const char *name, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* The body is then appended to the buf returned (borrowed until http_finish). type NULL: no body. */
void http_expect(struct http_req *r, size_t n); /* makes room once for an answer of about n octets */
struct buf *http_begin(struct http_req *r, int status, const char *type);
void http_finish(struct http_req *r);
void http_cancel_begin(struct http_req *r); /* takes back what http_begin() wrote, to answer otherwise */
void http_reply(struct http_req *r, int status, const char *type, struct str body);
/* application/problem+json (RFC 9457): detail says to a person what happened; code to a program. */
void http_problem(struct http_req *r, int status, const char *code, const char *detail);
void http_problem_retry(struct http_req *r, int status, const char *code, const char *detail, int64_t retry_ms);

/* Long bodies. size UINT64_MAX: unknown, sent in chunks. Put while http_stream_ready(); then wait for more(). HEAD is
 * answered whole by http_stream_begin: it returns false and r is gone. */
[[nodiscard]] bool http_stream_begin(struct http_req *r, int status, const char *type, uint64_t size);
void http_stream_put(struct http_req *r, struct str bytes);
bool http_stream_ready(const struct http_req *r); /* unsent below HTTP_HIGH_WATER */
size_t http_unsent(const struct http_req *r);
void http_stream_end(struct http_req *r);
void http_stream_fail(struct http_req *r); /* the client sees the body cut */

/* After a 101: bytes belong to ops. The conn is borrowed until closed(). */
struct http_raw_ops {
    size_t (*input)(void *ctx, struct str data);
    void (*drained)(void *ctx);
    void (*timeout)(void *ctx);
    void (*drain)(void *ctx);
    void (*closed)(void *ctx);
};
struct conn *http_take(struct http_req *r, const struct http_raw_ops *ops, void *ctx);

/* ---- reading a request ---- */
struct str http_bearer(const struct http_req *r); /* the token, or empty */
/* Hands the body to the caller, who finishes it; r->body is then empty. */
void http_keep_body(struct http_req *r, struct buf *out);
/* Is each % of the query followed by two hex digits? Members that are not so count as absent below. */
bool http_query_ok(const struct http_req *r);
/* The first query member so named, decoded into the arena; false when absent. */
bool http_query(struct http_req *r, struct str name, struct str *out);
/* Of an application/x-www-form-urlencoded body. */
bool http_form(struct http_req *r, struct str name, struct str *out);
bool http_form_long(struct http_req *r, struct arena *a, struct str name, struct str *out); /* decoded into a */
bool http_type_is(const struct http_req *r, struct str type); /* Content-Type without parameters */
/* No Origin, our own host, or one of cors_origins. */
bool http_origin_ok(const struct http_req *r);

extern const char HTTP_PRIVATE[]; /* no-store and the headers that forbid everything */
const char *http_status_text(int status);
