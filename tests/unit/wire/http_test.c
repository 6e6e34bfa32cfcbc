#include "base/text.h"
#include "test.h"
#include "wire/http.h"
#include <string.h>

static struct http_field fields[LIMIT_HTTP_FIELDS];

static enum err parse(struct str in, struct http_head *h, int *status)
{
    size_t used = 0;
    const char *why = NULL;
    enum err e = http_head_parse(in, fields, h, &used, status, &why);
    CHECK(e != ERR_BAD || why);
    CHECK(e != OK || used <= in.n);
    return e;
}

TEST(reads_a_plain_request)
{
    struct http_head h;
    int status = 0;
    struct str in = S(
        "GET /api/v1/domains?x=1&y=%20 HTTP/1.1\r\nHost: a.example:80\r\nAccept:text/html , application/json;q=0.5\r\n"
        "Empty:\r\n\r\nrest");
    size_t used;
    const char *why;
    CHECK_OK(http_head_parse(in, fields, &h, &used, &status, &why));
    CHECK_STR("rest", str_from(in, used), "rest");
    CHECK_EQ(h.method, HTTP_M_GET);
    CHECK_STR("path", h.path, "/api/v1/domains");
    CHECK_STR("query", h.query, "x=1&y=%20");
    CHECK_STR("host", h.host, "a.example:80");
    CHECK_EQ(h.n, 3);
    CHECK(h.keep_alive && !h.chunked && !h.has_length && !h.websocket && !h.http10);
    CHECK(http_list_has(http_field(&h, S("ACCEPT")), S("application/json")));
    CHECK(!http_list_has(http_field(&h, S("accept")), S("text")));
    CHECK(http_field(&h, S("empty")).n == 0);
}

TEST(reads_what_frames_the_message)
{
    struct http_head h;
    int status = 0;
    CHECK_OK(parse(
        S("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 12\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"), &h,
        &status));
    CHECK(h.has_length && h.length == 12 && h.expect_continue && !h.keep_alive);
    CHECK_OK(parse(S("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: Chunked\r\n\r\n"), &h, &status));
    CHECK(h.chunked);
    CHECK_OK(parse(S("GET / HTTP/1.0\r\n\r\n"), &h, &status));
    CHECK(h.http10 && !h.keep_alive);
    CHECK_OK(parse(S("GET /live HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n\r\n"),
                   &h, &status));
    CHECK(h.websocket);
    CHECK_OK(parse(S("\r\nGET http://h.example/p?q HTTP/1.1\r\nHost: x\r\n\r\n"), &h, &status));
    CHECK_STR("absolute form", h.path, "/p");
    CHECK_STR("its query", h.query, "q");
    CHECK_OK(parse(S("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n"), &h, &status));
}

TEST(refuses_what_two_readers_could_see_differently)
{
    static const struct {
        const char *what;
        struct str in;
        int status;
    } cases[] = {
        { "CL and TE", STR("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"),
          400 },
        { "TE and CL", STR("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n"),
          400 },
        { "two CL", STR("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n"), 400 },
        { "CL list", STR("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1, 1\r\n\r\n"), 400 },
        { "CL sign", STR("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +1\r\n\r\n"), 400 },
        { "CL hex", STR("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0x1\r\n\r\n"), 400 },
        { "CL huge", STR("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 18446744073709551616\r\n\r\n"), 400 },
        { "odd TE", STR("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"), 501 },
        { "two TE",
          STR("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"), 400 },
        { "TE identity", STR("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: identity\r\n\r\n"), 400 },
        { "TE in 1.0", STR("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), 400 },
        { "bare LF", STR("GET / HTTP/1.1\nHost: x\r\n\r\n"), 400 },
        { "bare LF in a field", STR("GET / HTTP/1.1\r\nHost: x\nA: b\r\n\r\n"), 400 },
        { "bare LF at the end", STR("GET / HTTP/1.1\r\nHost: x\r\n\n"), 400 },
        { "bare CR", STR("GET / HTTP/1.1\r\nHost: x\rA: b\r\n\r\n"), 400 },
        { "NUL", STR("GET / HTTP/1.1\r\nHost: x\r\nA: b\0c\r\n\r\n"), 400 },
        { "fold", STR("GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n"), 400 },
        { "first line folded", STR("GET / HTTP/1.1\r\n Host: x\r\n\r\n"), 400 },
        { "blank before colon", STR("GET / HTTP/1.1\r\nHost : x\r\n\r\n"), 400 },
        { "no name", STR("GET / HTTP/1.1\r\nHost: x\r\n: y\r\n\r\n"), 400 },
        { "no colon", STR("GET / HTTP/1.1\r\nHost: x\r\nnonsense\r\n\r\n"), 400 },
        { "no host", STR("GET / HTTP/1.1\r\n\r\n"), 400 },
        { "two hosts", STR("GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n"), 400 },
        { "odd host", STR("GET / HTTP/1.1\r\nHost: x/y\r\n\r\n"), 400 },
        { "two tokens", STR("GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer a\r\nauthorization: Bearer b\r\n\r\n"),
          400 },
        { "two spaces", STR("GET  / HTTP/1.1\r\nHost: x\r\n\r\n"), 400 },
        { "space in target", STR("GET /a b HTTP/1.1\r\nHost: x\r\n\r\n"), 400 },
        { "tab in line", STR("GET\t/ HTTP/1.1\r\nHost: x\r\n\r\n"), 400 },
        { "8 bit target", STR("GET /\xc3\xa4 HTTP/1.1\r\nHost: x\r\n\r\n"), 400 },
        { "no version", STR("GET /\r\nHost: x\r\n\r\n"), 400 },
        { "HTTP/2", STR("GET / HTTP/2.0\r\nHost: x\r\n\r\n"), 505 },
        { "HTTP/1.2", STR("GET / HTTP/1.2\r\nHost: x\r\n\r\n"), 505 },
        { "preface", STR("PRI * HTTP/2.0\r\n\r\n"), 501 },
        { "fragment", STR("GET /a#b HTTP/1.1\r\nHost: x\r\n\r\n"), 400 },
        { "connect", STR("CONNECT a.example:25 HTTP/1.1\r\nHost: x\r\n\r\n"), 400 },
        { "relative", STR("GET a HTTP/1.1\r\nHost: x\r\n\r\n"), 400 },
        { "expectation", STR("GET / HTTP/1.1\r\nHost: x\r\nExpect: magic\r\n\r\n"), 417 },
        { "smtp", STR("EHLO there\r\n\r\n"), 400 },
        { "tls", STR("\x16\x03\x01\x02\x00\x01\x00\n"), 400 },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct http_head h = { .length = 77 };
        int status = 0;
        enum err e = parse(cases[i].in, &h, &status);
        if (e != ERR_BAD || status != cases[i].status)
            print_error("%s: %s %d\n", cases[i].what, err_name(e), status);
        CHECK(e == ERR_BAD);
        CHECK_EQ(status, cases[i].status);
        CHECK_EQ(h.length, 77); /* out is written on OK alone */
    }
}

TEST(every_prefix_wants_more)
{
    struct str in = S("PATCH /a/b HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n");
    for (size_t n = 0; n < in.n; n++) {
        struct http_head h;
        int status = 0;
        CHECK_EQ(parse(str_sub(in, 0, n), &h, &status), ERR_MORE);
    }
}

TEST(limits_are_answered_before_the_end_is_there)
{
    AUTO_BUF struct buf b = { .max = 1 << 20 };
    struct http_head h;
    int status = 0;
    buf_puts(&b, "GET /");
    for (int i = 0; i < 5000; i++)
        buf_putc(&b, 'a');
    CHECK_EQ(parse(buf_str(&b), &h, &status), ERR_BAD);
    CHECK_EQ(status, 414);
    buf_clear(&b);
    buf_puts(&b, "GET / HTTP/1.1\r\nHost: x\r\n");
    for (int i = 0; i < 100; i++)
        buf_puts(&b, "A: b\r\n");
    CHECK_EQ(parse(buf_str(&b), &h, &status), ERR_BAD);
    CHECK_EQ(status, 431);
    buf_clear(&b);
    buf_puts(&b, "GET / HTTP/1.1\r\nA: ");
    while (b.n < LIMIT_HTTP_HEAD)
        buf_puts(&b, "xxxxxxxxxxxxxxxx");
    CHECK_EQ(parse(buf_str(&b), &h, &status), ERR_BAD);
    CHECK_EQ(status, 431);
}

TEST(a_head_moves_with_its_copy)
{
    static const char text[] = "GET /path?q=1 HTTP/1.1\r\nHost: h\r\nX: value\r\n\r\n";
    char copy[sizeof text];
    struct http_head h;
    int status;
    CHECK_OK(parse(str_c(text), &h, &status));
    memcpy(copy, text, sizeof text);
    http_head_move(&h, text, copy);
    CHECK(h.path.p == copy + 4 && h.host.p > copy && h.host.p < copy + sizeof copy);
    CHECK_STR("value", http_field(&h, S("x")), "value");
}

static enum err chunked(struct str in, size_t step, size_t max, struct buf *out, struct str *rest)
{
    struct http_chunked c = { 0 };
    AUTO_BUF struct buf held = { .max = 1 << 16 };
    buf_clear(out);
    out->max = max;
    enum err e = ERR_MORE;
    for (size_t at = 0; at < in.n && e == ERR_MORE; at += step) {
        buf_put(&held, str_sub(in, at, step));
        size_t used;
        e = http_chunked_read(&c, buf_str(&held), out, &used);
        buf_drop(&held, used);
        if (e == OK)
            *rest = str_from(in, MIN(at + step, in.n) - held.n);
    }
    return e;
}

TEST(chunked_bodies)
{
    AUTO_BUF struct buf out = { .max = 100 };
    struct str in = S("5\r\nhello\r\n6;ext=\"a b\"\r\n world\r\n0\r\nTrailer: x\r\n\r\nGET"), rest = { 0 };
    for (size_t step = 1; step < in.n; step++) {
        CHECK_OK(chunked(in, step, 100, &out, &rest));
        CHECK_STR("body", buf_str(&out), "hello world");
        CHECK(str_starts(S("GET"), rest));
    }
    static const struct str wrong[] = {
        STR("5\nhello\r\n0\r\n\r\n"),
        STR("5\r\nhelloX\r\n0\r\n\r\n"),
        STR("-5\r\nhello\r\n0\r\n\r\n"),
        STR("0x5\r\nhello\r\n0\r\n\r\n"),
        STR(" 5\r\nhello\r\n0\r\n\r\n"),
        STR("\r\n\r\n"),
        STR("123456789\r\n"),
        STR("5;\r\rx\r\nhello\r\n"),
        STR("g\r\n"),
    };
    for (size_t i = 0; i < COUNT(wrong); i++)
        CHECK_EQ(chunked(wrong[i], 1000, 100, &out, &rest), ERR_BAD);
    CHECK_EQ(chunked(S("5\r\nhello\r\n0\r\n\r\n"), 1000, 4, &out, &rest), ERR_FULL);
}

TEST(lists)
{
    CHECK(http_list_has(S("gzip, deflate;q=0.5, br"), S("deflate")));
    CHECK(!http_list_has(S("gzip;q=0, br"), S("gzip")));
    CHECK(!http_list_has(S("gzip;q=0.000"), S("gzip")));
    CHECK(http_list_has(S("gzip;q=0.001"), S("gzip")));
    CHECK(!http_list_has(S(""), S("gzip")));
    CHECK(!http_list_has(S("xgzip, gzipx"), S("gzip")));
}

TEST(answer_heads)
{
    static const struct {
        struct str in;
        enum err want;
        struct http_answer a;
    } cases[] = {
        { STR("HTTP/1.1 200 OK\r\nContent-Length: 12\r\nX: y\r\n\r\nbody"), OK, { 200, false, true, 12 } },
        { STR("HTTP/1.0 404\r\n\r\n"), OK, { 404, false, false, 0 } },
        { STR("HTTP/1.1 200 \r\ntransfer-encoding:  Chunked \r\n\r\n"), OK, { 200, true, false, 0 } },
        { STR("HTTP/1.1 200 OK\r\nContent-Length: 12\r\n"), ERR_MORE, { 0 } },
        { STR("HTTP/1.1 2000 OK\r\n\r\n"), ERR_BAD, { 0 } },
        { STR("HTTP/1.1 099 OK\r\n\r\n"), ERR_BAD, { 0 } },
        { STR("HTTP/2 200 OK\r\n\r\n"), ERR_BAD, { 0 } },
        { STR("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n"), ERR_BAD, { 0 } },
        { STR("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"), ERR_BAD, { 0 } },
        { STR("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n"), ERR_BAD, { 0 } },
        { STR("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"), ERR_BAD, { 0 } },
        { STR("HTTP/1.1 200 OK\nContent-Length: 1\n\n"), ERR_BAD, { 0 } },
        { STR("HTTP/1.1 200 OK\r\n folded: 1\r\n\r\n"), ERR_BAD, { 0 } },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct http_answer a = { 0 };
        size_t used = 0;
        enum err e = http_answer_parse(cases[i].in, &a, &used);
        CHECK_EQ(e, cases[i].want);
        CHECK(a.status == cases[i].a.status && a.chunked == cases[i].a.chunked &&
              a.has_length == cases[i].a.has_length && a.length == cases[i].a.length);
        CHECK(e != OK || str_ends(str_sub(cases[i].in, 0, used), S("\r\n\r\n")));
    }
}
