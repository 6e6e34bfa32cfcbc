/* Heads of HTTP/1.1 (RFC 9112), strict: libhttp-parser reads the grammar behind a pass of our own that refuses
 * what two readers could see differently (research/security.md 24): CL with TE, two CL, odd TE, bare CR or LF, NUL,
 * folded or nameless fields, blanks before a colon, two Hosts. Also bodies in chunks. No state: call again with more
 * bytes. */
#pragma once
#include "base/buf.h"
#include "base/err.h"

enum {
    LIMIT_HTTP_HEAD = 16 * 1024, /* request line and fields */
    LIMIT_HTTP_FIELDS = 100,
    LIMIT_HTTP_TARGET = 4 * 1024,
    LIMIT_HTTP_CHUNK_LINE = 256, /* a chunk's size with its extensions, or one trailer line */
    LIMIT_HTTP_TRAILERS = 20
};
enum http_verb {
    HTTP_M_GET,
    HTTP_M_HEAD,
    HTTP_M_POST,
    HTTP_M_PUT,
    HTTP_M_PATCH,
    HTTP_M_DELETE,
    HTTP_M_OPTIONS,
    HTTP_M_OTHER
};

struct http_field {
    struct str name, value;
};
struct http_head {
    enum http_verb method;
    struct str method_text;
    struct str path;  /* raw, begins with '/', or "*" */
    struct str query; /* raw, without '?' */
    struct str host;
    bool http10, keep_alive, chunked, has_length, expect_continue, websocket;
    uint64_t length;           /* Content-Length when has_length */
    struct http_field *fields; /* the caller's array */
    size_t n;
};

/* ERR_MORE; ERR_BAD with *status (400, 414, 417, 431, 501, 505) and *why; on OK *used is the head's length. Views
 * borrow from in; fields has room for LIMIT_HTTP_FIELDS. Nothing but *status and *why is written on failure. */
[[nodiscard]] enum err http_head_parse(struct str in, struct http_field *fields, struct http_head *out, size_t *used,
                                       int *status, const char **why);
/* The first field so named (any case), or an empty view. */
struct str http_field(const struct http_head *h, struct str name);
/* Makes a head's views point into a copy: every one of them moves from `from` to `to`. */
void http_head_move(struct http_head *h, const char *from, const char *to);
const char *http_verb_name(enum http_verb m);
/* Is `token` an element of a comma-separated field value (any case, parameters and q=0 aside)? */
bool http_list_has(struct str value, struct str token);

struct http_answer {
    unsigned status; /* 100 to 599 */
    bool chunked, has_length;
    uint64_t length; /* of the body, when has_length; neither: until the connection ends */
};
/* The head of an answer, as strict as a request's in what frames its body. ERR_MORE, ERR_BAD. */
[[nodiscard]] enum err http_answer_parse(struct str in, struct http_answer *out, size_t *used);

/* A chunked body (RFC 9112 section 7.1), in pieces. Zeroed is ready. */
struct http_chunked {
    uint64_t left; /* of the current chunk */
    unsigned trailers;
    enum { HTTP_CHUNK_SIZE, HTTP_CHUNK_DATA, HTTP_CHUNK_CRLF, HTTP_CHUNK_TRAILER, HTTP_CHUNK_DONE } state;
};
/* Appends data to out; *used bytes of in were read. OK: the body is whole; ERR_MORE; ERR_BAD; ERR_FULL: out's ceiling.
 */
[[nodiscard]] enum err http_chunked_read(struct http_chunked *c, struct str in, struct buf *out, size_t *used);
