/* A request's life: its head copied, its body read, run, over; what then becomes of the connection. */
#include "serve/http_conn.h"
#include <stdlib.h>
#include <string.h>

enum { SKIP_MAX = 256 * 1024 };

struct http_req *http_req_new(struct http_conn *c, const struct http_head *head, struct str bytes)
{
    struct http_req *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    *r = (struct http_req){ .head = *head, .http = c->http, .conn = c, .policy = HTTP_PRIVATE, .peer = c->peer };
    r->arena = (struct arena){ .max = HTTP_ARENA_MAX, .secret = true };
    r->extra = (struct buf){ .max = 4096 };
    r->tls = conn_is_tls(c->conn);
    r->keep = head->keep_alive;
    struct str copy = arena_dup(&r->arena, bytes);
    struct http_field *fields = arena_array(&r->arena, head->n ? head->n : 1, sizeof *fields);
    if (!copy.p || !fields) {
        arena_reset(&r->arena);
        free(r);
        return NULL;
    }
    if (head->n)
        memcpy(fields, head->fields, head->n * sizeof *fields);
    r->head.fields = fields;
    http_head_move(&r->head, bytes.p, copy.p);
    c->req = r;
    return r;
}

static bool has_body(const struct http_req *r) { return r->head.chunked || (r->head.has_length && r->head.length > 0); }

/* What is left of the body when the answer came before it was read. */
static void skip_body(struct http_conn *c, struct http_req *r)
{
    if (!has_body(r) || r->stage == HTTP_STAGE_RUN)
        return;
    if (r->head.chunked || r->head.length > SKIP_MAX || r->head.expect_continue)
        r->keep = false;
    else
        c->skip = r->head.length - r->body_buf.n;
}

static void between(struct http_conn *c)
{
    conn_deadline(c->conn, HTTP_IDLE_MS);
    c->reading = false;
    if (c->paused) {
        c->paused = false;
        conn_resume(c->conn);
    }
}

void http_close_soon(struct http_conn *c)
{
    c->closing = true;
    conn_deadline(c->conn, HTTP_ANSWER_MS); /* for the unsent rest */
    conn_finish(c->conn);
}

void http_req_over(struct http_req *r)
{
    struct http_conn *c = r->conn;
    skip_body(c, r);
    bool keep = r->keep && c->http && !c->http->draining;
    c->req = NULL;
    if (c->http)
        c->http->held -= r->held;
    if (r->release)
        r->release(r);
    buf_fini(&r->body_buf);
    buf_fini(&r->extra);
    arena_reset(&r->arena);
    free(r);
    if (c->dead || c->closing)
        return;
    if (c->raw)
        return;
    if (keep)
        between(c);
    else
        http_close_soon(c);
}

static void run(struct http_req *r)
{
    r->stage = HTTP_STAGE_RUN;
    conn_deadline(r->conn->conn, HTTP_ANSWER_MS);
    r->body = buf_str(&r->body_buf);
    r->route->run(r);
}

void http_hold(struct http_req *r, int64_t ms) { conn_deadline(r->conn->conn, ms); }

void http_go(struct http_req *r)
{
    if (!has_body(r)) {
        run(r);
        return;
    }
    if (r->route->body_max == 0 || (r->head.has_length && r->head.length > r->route->body_max)) {
        http_problem(r, 413, "body_too_large", "The request's body is larger than this address takes.");
        return;
    }
    size_t most = r->head.chunked ? r->route->body_max : (size_t)r->head.length;
    if (most > HTTP_SMALL && r->http->held + most > HTTP_HELD_MAX) {
        http_problem_retry(r, 503, "busy", "Too many large requests at once. Try again in a moment.", 2000);
        return;
    }
    r->held = most > HTTP_SMALL ? most : 0;
    r->http->held += r->held;
    r->stage = HTTP_STAGE_BODY;
    r->body_buf = (struct buf){ .max = r->route->body_max, .secret = true };
    if (r->head.expect_continue)
        conn_write(r->conn->conn, S("HTTP/1.1 100 Continue\r\n\r\n"));
    if (r->conn->paused) {
        r->conn->paused = false;
        conn_resume(r->conn->conn);
    }
}

void http_keep_body(struct http_req *r, struct buf *out)
{
    *out = r->body_buf;
    r->body_buf = (struct buf){ 0 };
    r->body = (struct str){ 0 };
}

/* Body bytes as they come; returns how many were taken. */
size_t http_take_body(struct http_req *r, struct str data)
{
    size_t used = 0;
    enum err e;
    if (r->head.chunked) {
        e = http_chunked_read(&r->chunks, data, &r->body_buf, &used);
    } else {
        used = (size_t)MIN((uint64_t)data.n, r->head.length - r->body_buf.n);
        buf_put(&r->body_buf, str_sub(data, 0, used));
        e = r->body_buf.failed ? ERR_FULL : r->body_buf.n == r->head.length ? OK : ERR_MORE;
    }
    if (e == OK) {
        run(r);
    } else if (e != ERR_MORE) {
        r->keep = false;
        if (e == ERR_FULL)
            http_problem(r, 413, "body_too_large", "The request's body is larger than this address takes.");
        else
            http_problem(r, 400, "bad_request", "The request's body is not framed as HTTP asks.");
    }
    return used;
}
