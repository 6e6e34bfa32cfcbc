/* What happens in a mailbox, told as it happens: WebSocket, server-sent events, and a held request. All three listen at
 * the event hub on their own loop; none keeps mail. A reader that does not keep up loses events and is told so
 * ("resync"). */
#pragma once
#include "serve/api.h"

enum {
    LIVE_BOXES_MAX = 50,          /* mailboxes on one socket */
    LIVE_UNSENT_MAX = 256 * 1024, /* beyond that a reader lags */
    LIVE_AUTH_MS = 15 * 1000,     /* for the first token */
    LIVE_PING_MS = 30 * 1000,     /* below the 60 s after which proxies hang up */
    LIVE_DENIED_MAX = 5,          /* wrong tokens on one socket */
    LIVE_WAIT_DEFAULT_S = 30,
    LIVE_WAIT_MAX_S = 120
};
void live_socket(struct http_req *r); /* live_ws.c: GET /live */
void live_events(struct http_req *r); /* live_sse.c: GET /mailbox/events */
void live_wait(struct http_req *r);   /* live_wait.c: GET /mailbox/wait */

/* One event of an opened box as a JSON object; nothing of what live_told() says no to. */
void live_put_event(struct json_out *o, const struct opened *b, const struct event *e);
bool live_told(const struct event *e);
void live_put_ready(struct json_out *o, const struct opened *b);
void live_put_simple(struct json_out *o, const char *type, const struct box_id *box); /* {"type":…,"mailbox":…} */
/* False: answered 429. */
[[nodiscard]] bool live_hold(struct http_req *r);
void live_release(struct api *a, const struct peer *peer);

/* Server-sent events in another shape (compat): put() appends one event's data as one line, or nothing. */
struct live_sse_shape {
    void (*put)(struct http_req *r, struct buf *out, const struct event *e);
    bool resume; /* Last-Event-ID, ready and resync are ours alone */
};
void live_sse(struct http_req *r, const struct live_sse_shape *shape);
/* test.echo_websocket: GET /echo, sends back what comes (protocol suites). */
void live_echo(struct http_req *r);
/* The handshake's 101 and the hand-over, or an answer that says why not. */
bool live_ws_check(struct http_req *r); /* false: answered */
struct conn *live_ws_upgrade(struct http_req *r, const struct http_raw_ops *ops, void *ctx);
