/* What http.c, http_route.c and http_reply.c share; nobody else includes this. */
#pragma once
#include "base/list.h"
#include "serve/http.h"

struct http_routed {
    const struct http_route *route;
    const struct http_table *table;
    size_t literal; /* octets before the first '{' */
};
struct http {
    struct http_opts o;
    struct http_routed *routes;
    size_t routes_n;
    struct list conns;
    size_t open;
    size_t held; /* octets of large bodies and large unsent answers */
    bool draining;
    int64_t date_s;
    char date[40];
};
enum { HTTP_STAGE_GATE, HTTP_STAGE_BODY, HTTP_STAGE_RUN };
struct http_conn {
    struct list node;
    struct http *http;
    struct conn *conn;
    struct http_req *req;
    const struct http_raw_ops *raw;
    void *raw_ctx;
    void (*gone)(void *ctx, const struct peer *peer);
    void *gone_ctx;
    size_t unsent; /* counted in http->held, until it went out */
    uint64_t skip; /* octets of a refused body to pass over */
    struct peer peer;
    bool reading, paused, closing, dead; /* reading: a head has begun, its deadline runs */
};

/* Finds the route and fills r->route, ctx, params; else false, and *allow has the methods of that path (none: 404). */
bool http_route_find(const struct http *h, struct http_req *r, struct buf *allow);
[[nodiscard]] enum err http_routes_make(struct http *h);
void http_cors(struct http_req *r, struct buf *out); /* header lines for an allowed Origin */
/* The head and its bytes are copied; NULL: no memory. */
struct http_req *http_req_new(struct http_conn *c, const struct http_head *head, struct str bytes);
size_t http_take_body(struct http_req *r, struct str data); /* how many octets were taken */
void http_close_soon(struct http_conn *c);                  /* once what is unsent went out */
void http_req_over(struct http_req *r);                     /* frees r; the connection goes on or ends */
const char *http_date(struct http *h);
/* After a large answer was written: counts what the socket did not take, or ends the connection. */
void http_count_unsent(struct http_conn *c);
