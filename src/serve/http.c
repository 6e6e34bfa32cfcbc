/* A connection is in one of these: between requests, in a request (head copied into its arena, so the socket's buffer
 * can go), passing over a refused body, handed over to a WebSocket, or closing. While a request is worked on, what
 * follows it stays in the socket: that is all of pipelining. */
#include "serve/http.h"
#include "io/tls.h"
#include "serve/http_conn.h"
#include <stdlib.h>
#include <string.h>

enum { IN_MAX = 64 * 1024 };

struct loop *http_loop(const struct http *h) { return h->o.loop; }
size_t http_open(const struct http *h) { return h->open; }

enum err http_new(const struct http_opts *o, struct http **out)
{
    struct http *h = calloc(1, sizeof *h);
    if (!h)
        return ERR_IO;
    h->o = *o;
    list_init(&h->conns);
    if (http_routes_make(h) != OK) {
        free(h);
        return ERR_IO;
    }
    *out = h;
    return OK;
}

static void drop_req(struct http_conn *c)
{
    struct http_req *r = c->req;
    if (!r)
        return;
    if (r->dropped)
        r->dropped(r);
    http_req_over(r);
}

/* The sockets are closed by the loop later, when nothing here is left: so all that hangs on a connection goes now. */
static void let_go(struct http_conn *c)
{
    c->dead = true;
    c->http = NULL;
    c->unsent = 0;
    if (c->raw)
        c->raw->closed(c->raw_ctx);
    c->raw = NULL;
    drop_req(c);
    if (c->gone)
        c->gone(c->gone_ctx, &c->peer);
    c->gone = NULL;
    list_del(&c->node);
    conn_abort(c->conn, "server stopped");
}

void http_free(struct http *h)
{
    if (!h)
        return;
    LIST_FOR(&h->conns, it)
    let_go(CONTAINER_OF(it, struct http_conn, node));
    free(h->routes);
    free(h);
}

/* ---- a request ---- */
static void not_routed(struct http_req *r, struct str allow)
{
    if (allow.n == 0) {
        http_problem(r, 404, "not_found", "There is nothing at this address.");
        return;
    }
    http_header(r, "Allow", allow);
    if (r->head.method != HTTP_M_OPTIONS) {
        http_problem(r, 405, "method_not_allowed", "This address does not take that method.");
        return;
    }
    struct str cors = http_field(&r->head, S("origin"));
    if (cors.n && http_origin_ok(r)) {
        http_header(r, "Access-Control-Allow-Methods", allow);
        http_header(r, "Access-Control-Allow-Headers",
                    S("Authorization, Content-Type, Idempotency-Key, Last-Event-ID"));
        http_header(r, "Access-Control-Max-Age", S("600"));
    }
    http_finish((http_begin(r, 204, NULL), r));
}

static void start(struct http_req *r)
{
    AUTO_BUF struct buf allow = { .max = 128 };
    if (r->http->o.counts)
        atomic_fetch_add_explicit(&r->http->o.counts->requests, 1, memory_order_relaxed);
    if (!http_route_find(r->http, r, &allow))
        not_routed(r, buf_str(&allow));
    else if (r->http->o.gate)
        r->http->o.gate(r);
    else
        http_go(r);
}

/* An answer to what is no request: said, then closed. */
static void refuse(struct http_conn *c, int status, const char *why)
{
    struct http_head head = { .method = HTTP_M_GET, .path = S("/") };
    struct http_req *r = http_req_new(c, &head, S(" "));
    if (!r) {
        conn_abort(c->conn, "no memory");
        return;
    }
    r->keep = false;
    http_problem(r, status, "bad_request", why);
}

static size_t take_head(struct http_conn *c, struct str data)
{
    struct http_field fields[LIMIT_HTTP_FIELDS];
    struct http_head head;
    size_t used = 0;
    int status = 400;
    const char *why = NULL;
    enum err e = http_head_parse(data, fields, &head, &used, &status, &why);
    if (e == ERR_MORE) {
        if (!c->reading)
            conn_deadline(c->conn, HTTP_HEAD_MS);
        c->reading = true;
        return 0;
    }
    if (e != OK) {
        refuse(c, status, why);
        return data.n;
    }
    if (!c->reading && (head.chunked || head.length > 0))
        conn_deadline(c->conn, HTTP_HEAD_MS);
    struct http_req *r = http_req_new(c, &head, str_sub(data, 0, used));
    if (r)
        start(r);
    else
        conn_abort(c->conn, "no memory");
    return used;
}

/* ---- the connection ---- */
static void uncount(struct http_conn *c)
{
    if (c->http)
        c->http->held -= c->unsent;
    c->unsent = 0;
}
/* A reader that takes megabytes slowly holds them here: all of them together have a ceiling. */
void http_count_unsent(struct http_conn *c)
{
    size_t n = conn_unsent(c->conn);
    uncount(c);
    if (n <= HTTP_SMALL)
        return;
    c->unsent = n;
    c->http->held += n;
    if (c->http->held > HTTP_HELD_MAX)
        conn_abort(c->conn, "too much unsent");
}

static size_t on_input(void *ctx, struct str data)
{
    struct http_conn *c = ctx;
    if (c->closing || c->dead)
        return data.n;
    if (c->raw)
        return c->raw->input(c->raw_ctx, data);
    if (c->skip) {
        size_t n = (size_t)MIN((uint64_t)data.n, c->skip);
        c->skip -= n;
        return n;
    }
    if (c->req && c->req->stage == HTTP_STAGE_BODY)
        return http_take_body(c->req, data);
    if (c->req) {
        c->paused = true;
        conn_pause(c->conn);
        return 0;
    }
    return take_head(c, data);
}

static void on_drained(void *ctx)
{
    struct http_conn *c = ctx;
    uncount(c);
    if (c->raw) {
        if (c->raw->drained)
            c->raw->drained(c->raw_ctx);
    } else if (c->req && c->req->streaming && c->req->more) {
        c->req->more(c->req);
    }
}

static void on_timeout(void *ctx)
{
    struct http_conn *c = ctx;
    if (c->raw) {
        c->raw->timeout(c->raw_ctx);
    } else if (c->req && c->req->stage == HTTP_STAGE_BODY) {
        c->req->keep = false;
        http_problem(c->req, 408, "timeout", "The request did not arrive in time.");
    } else if (c->req || c->closing) {
        conn_abort(c->conn, "timeout");
    } else if (c->reading) {
        refuse(c, 408, "the request did not arrive in time");
    } else {
        http_close_soon(c);
    }
}

static void on_closed(void *ctx, const char *why)
{
    (void)why;
    struct http_conn *c = ctx;
    c->dead = true;
    if (c->raw)
        c->raw->closed(c->raw_ctx);
    drop_req(c);
    uncount(c);
    if (c->http) {
        list_del(&c->node);
        c->http->open--;
        if (c->http->o.counts)
            atomic_fetch_sub_explicit(&c->http->o.counts->open, 1, memory_order_relaxed);
    }
    if (c->gone)
        c->gone(c->gone_ctx, &c->peer);
    free(c);
}

static const struct conn_ops ops = {
    .input = on_input, .drained = on_drained, .timeout = on_timeout, .closed = on_closed
};

enum err http_accept(struct http *h, int fd, const struct peer *peer, struct tls *tls,
                     void (*gone)(void *ctx, const struct peer *peer), void *gone_ctx)
{
    struct http_conn *c = calloc(1, sizeof *c);
    const struct conn_opts o = { .in_max = IN_MAX, .out_max = HTTP_OUT_MAX, .deadline_ms = HTTP_HEAD_MS };
    if (c)
        *c = (struct http_conn){ .http = h, .peer = *peer, .gone = gone, .gone_ctx = gone_ctx };
    if (!c || conn_new(h->o.loop, fd, &ops, c, &o, &c->conn) != OK) {
        if (!c)
            util_close_fd(&fd);
        free(c);
        if (gone)
            gone(gone_ctx, peer);
        return ERR_IO;
    }
    list_add_tail(&h->conns, &c->node);
    h->open++;
    if (h->o.counts) {
        atomic_fetch_add_explicit(&h->o.counts->connections, 1, memory_order_relaxed);
        atomic_fetch_add_explicit(&h->o.counts->open, 1, memory_order_relaxed);
    }
    conn_out(c->conn)->secret = true;
    if (tls)
        conn_start_tls(c->conn, tls);
    return OK;
}

void http_drain(struct http *h)
{
    h->draining = true;
    LIST_FOR(&h->conns, it)
    {
        struct http_conn *c = CONTAINER_OF(it, struct http_conn, node);
        if (c->raw)
            c->raw->drain(c->raw_ctx);
        else if (c->req && c->req->drain)
            c->req->drain(c->req);
        else if (!c->req && !c->closing)
            http_close_soon(c);
    }
}

struct conn *http_take(struct http_req *r, const struct http_raw_ops *raw, void *ctx)
{
    struct http_conn *c = r->conn;
    if (c->http->o.counts)
        atomic_fetch_add_explicit(&c->http->o.counts->answers[1], 1, memory_order_relaxed);
    c->raw = raw;
    c->raw_ctx = ctx;
    conn_deadline(c->conn, 0);
    if (c->paused) {
        c->paused = false;
        conn_resume(c->conn);
    }
    http_req_over(r);
    return c->conn;
}
