/* Answers are written straight into the connection's output: the head first, with room for a Content-Length that is
 * filled in once the body stands behind it. */
#include "base/text.h"
#include "serve/http_conn.h"
#include <string.h>
#include <time.h>

enum { LENGTH_DIGITS = 10 };

#define COMMON                                                                                                         \
    "X-Content-Type-Options: nosniff\r\n"                                                                              \
    "Referrer-Policy: no-referrer\r\n"                                                                                 \
    "Cross-Origin-Opener-Policy: same-origin\r\n"                                                                      \
    "Cross-Origin-Resource-Policy: same-origin\r\n"                                                                    \
    "Permissions-Policy: camera=(), geolocation=(), microphone=(), payment=(), usb=()\r\n"
const char HTTP_PRIVATE[] =
    "Cache-Control: no-store\r\nContent-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n" COMMON;

const char *http_date(struct http *h)
{
    int64_t s = loop_now_ms(h->o.loop) / 1000;
    if (s != h->date_s || !h->date[0]) {
        time_t now = time(NULL);
        struct tm tm;
        gmtime_r(&now, &tm);
        strftime(h->date, sizeof h->date, "%a, %d %b %Y %H:%M:%S GMT", &tm);
        h->date_s = s;
    }
    return h->date;
}

static const struct {
    int status;
    const char *text;
} texts[] = {
    { 101, "Switching Protocols" },
    { 200, "OK" },
    { 201, "Created" },
    { 204, "No Content" },
    { 303, "See Other" },
    { 304, "Not Modified" },
    { 400, "Bad Request" },
    { 401, "Unauthorized" },
    { 403, "Forbidden" },
    { 404, "Not Found" },
    { 405, "Method Not Allowed" },
    { 406, "Not Acceptable" },
    { 408, "Request Timeout" },
    { 409, "Conflict" },
    { 410, "Gone" },
    { 413, "Content Too Large" },
    { 414, "URI Too Long" },
    { 415, "Unsupported Media Type" },
    { 417, "Expectation Failed" },
    { 422, "Unprocessable Content" },
    { 426, "Upgrade Required" },
    { 428, "Precondition Required" },
    { 429, "Too Many Requests" },
    { 431, "Request Header Fields Too Large" },
    { 500, "Internal Server Error" },
    { 501, "Not Implemented" },
    { 503, "Service Unavailable" },
    { 505, "HTTP Version Not Supported" },
    { 507, "Insufficient Storage" },
};
const char *http_status_text(int status)
{
    for (size_t i = 0; i < COUNT(texts); i++)
        if (texts[i].status == status)
            return texts[i].text;
    return "Unknown";
}

static bool head_only(const struct http_req *r) { return r->head.method == HTTP_M_HEAD; }
static struct buf *out_of(const struct http_req *r) { return conn_out(r->conn->conn); }

void http_header(struct http_req *r, const char *name, struct str value)
{
    size_t n = 0;
    while (n < value.n && value.p[n] != '\r' && value.p[n] != '\n' && value.p[n] != 0)
        n++;
    buf_puts(&r->extra, name);
    buf_puts(&r->extra, ": ");
    buf_put(&r->extra, str_sub(value, 0, n));
    buf_puts(&r->extra, "\r\n");
}
void http_header_printf(struct http_req *r, const char *name, const char *fmt, ...)
{
    AUTO_BUF struct buf b = { .max = 2048 };
    va_list ap;
    va_start(ap, fmt);
    buf_vprintf(&b, fmt, ap);
    va_end(ap);
    http_header(r, name, buf_str(&b));
}

static void put_head(struct http_req *r, struct buf *b, int status, const char *type)
{
    r->mark = b->n;
    r->status = status;
    if (r->http->draining)
        r->keep = false;
    buf_put(b, S("HTTP/1.1 "));
    buf_put_u64(b, (uint64_t)status);
    buf_putc(b, ' ');
    buf_puts(b, http_status_text(status));
    buf_put(b, S("\r\nDate: "));
    buf_puts(b, http_date(r->http));
    buf_puts(b, "\r\n");
    buf_puts(b, r->policy);
    if (r->tls)
        buf_puts(b, "Strict-Transport-Security: max-age=31536000\r\n");
    if (type) {
        buf_puts(b, "Content-Type: ");
        buf_puts(b, type);
        buf_puts(b, "\r\n");
    }
    http_cors(r, b);
    buf_put(b, buf_str(&r->extra));
    if (status != 101 && !r->keep)
        buf_puts(b, "Connection: close\r\n");
    else if (status != 101 && r->head.http10)
        buf_puts(b, "Connection: keep-alive\r\n");
}

static void count(const struct http_req *r)
{
    if (r->http->o.counts)
        atomic_fetch_add_explicit(&r->http->o.counts->answers[r->status / 100], 1, memory_order_relaxed);
}

void http_expect(struct http_req *r, size_t n)
{
    struct buf *b = out_of(r);
    if (!b->failed && n <= b->max - MIN(b->n, b->max) && !buf_reserve(b, n))
        b->failed = false; /* only a hint */
}

struct buf *http_begin(struct http_req *r, int status, const char *type)
{
    struct buf *b = out_of(r);
    put_head(r, b, status, type);
    r->length_at = 0;
    if (status >= 200 && status != 204 && status != 304) {
        buf_puts(b, "Content-Length: ");
        r->length_at = b->n;
        buf_puts(b, "          \r\n"); /* LENGTH_DIGITS blanks */
    }
    buf_puts(b, "\r\n");
    r->body_at = b->n;
    return b;
}

void http_cancel_begin(struct http_req *r)
{
    struct buf *b = out_of(r);
    b->n = MIN(b->n, r->mark);
    b->failed = false;
    buf_clear(&r->extra);
}

void http_finish(struct http_req *r)
{
    struct buf *b = out_of(r);
    if (b->failed) {
        http_cancel_begin(r);
        r->keep = false;
        http_problem(r, 500, "answer_too_large", "The answer is larger than this server builds at once.");
        return;
    }
    if (r->length_at) {
        char *last = b->p + r->length_at + LENGTH_DIGITS; /* right to left over the blanks */
        size_t n = b->n - r->body_at;
        do
            *--last = (char)('0' + n % 10);
        while (n /= 10);
    }
    if (head_only(r) || !r->length_at)
        b->n = r->body_at;
    count(r);
    struct http_conn *c = r->conn;
    bool large = b->n - r->mark > HTTP_SMALL;
    conn_flush(c->conn);
    if (large && c->http)
        http_count_unsent(c);
    http_req_over(r);
}

void http_reply(struct http_req *r, int status, const char *type, struct str body)
{
    buf_put(http_begin(r, status, type), body);
    http_finish(r);
}

void http_problem_retry(struct http_req *r, int status, const char *code, const char *detail, int64_t retry_ms)
{
    if (retry_ms > 0)
        http_header_printf(r, "Retry-After", "%lld", (long long)((retry_ms + 999) / 1000));
    if (status == 401)
        http_header(r, "WWW-Authenticate", S("Bearer realm=\"mayfly\""));
    if (r->problem) {
        r->problem(r, status, code, detail);
        return;
    }
    struct buf *b = http_begin(r, status, "application/problem+json");
    buf_printf(b, "{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%d,\"code\":", http_status_text(status),
               status);
    text_json(b, str_c(code));
    buf_puts(b, ",\"detail\":");
    text_json(b, str_c(detail));
    buf_putc(b, '}');
    http_finish(r);
}
void http_problem(struct http_req *r, int status, const char *code, const char *detail)
{
    http_problem_retry(r, status, code, detail, 0);
}

bool http_stream_begin(struct http_req *r, int status, const char *type, uint64_t size)
{
    struct buf *b = out_of(r);
    r->chunked_out = size == UINT64_MAX && !r->head.http10;
    if (size == UINT64_MAX && r->head.http10)
        r->keep = false; /* ends with the connection */
    put_head(r, b, status, type);
    if (r->chunked_out)
        buf_puts(b, "Transfer-Encoding: chunked\r\n");
    else if (size != UINT64_MAX)
        buf_printf(b, "Content-Length: %llu\r\n", (unsigned long long)size);
    buf_puts(b, "\r\n");
    count(r);
    conn_flush(r->conn->conn);
    r->streaming = true;
    if (!head_only(r))
        return true;
    r->dropped = NULL;
    http_req_over(r);
    return false;
}

void http_stream_put(struct http_req *r, struct str bytes)
{
    if (bytes.n == 0)
        return;
    struct buf *b = out_of(r);
    if (r->chunked_out)
        buf_printf(b, "%zx\r\n", bytes.n);
    buf_put(b, bytes);
    if (r->chunked_out)
        buf_puts(b, "\r\n");
    if (b->failed)
        conn_abort(r->conn->conn, "reader too slow");
    else
        conn_flush(r->conn->conn);
}

size_t http_unsent(const struct http_req *r) { return conn_unsent(r->conn->conn); }
bool http_stream_ready(const struct http_req *r) { return http_unsent(r) < HTTP_HIGH_WATER; }

void http_stream_end(struct http_req *r)
{
    if (r->chunked_out)
        conn_write(r->conn->conn, S("0\r\n\r\n"));
    http_req_over(r);
}

void http_stream_fail(struct http_req *r)
{
    conn_abort(r->conn->conn, "answer cut");
    r->dropped = NULL;
    r->keep = false;
    r->conn->closing = true;
    http_req_over(r);
}
