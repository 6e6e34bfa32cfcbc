/* The WebSocket: tokens come in, events go out. A token in the Authorization header (programs) opens the first mailbox
 * before the upgrade; tokens in frames open more, one at a time, in order. */
#include "serve/live.h"
#include "wire/ws.h"
#include <stdlib.h>

struct socket_box {
    struct event_listener events;
    struct opened *o;
    struct socket *s;
    struct socket_box *next;
};
struct socket {
    struct list node;
    struct api *api;
    struct conn *conn;
    struct peer peer;
    struct socket_box *boxes;
    struct auth_req *auth; /* under way: frames wait */
    struct ws_in in;
    uint8_t boxes_n, denied;
    bool paused, lagging, pinged, closing;
};

/* ---- out ---- */
static void shut(struct socket *s, int code, const char *why)
{
    if (s->closing)
        return;
    s->closing = true;
    ws_put_close(conn_out(s->conn), code, str_c(why));
    conn_deadline(s->conn, 5000);
    conn_finish(s->conn);
}

static bool lags(struct socket *s)
{
    s->lagging = s->lagging || conn_unsent(s->conn) > LIVE_UNSENT_MAX;
    return s->lagging;
}

static void say_simple(struct socket *s, const char *type, const struct box_id *box)
{
    struct buf *b = conn_out(s->conn);
    size_t mark = ws_begin(b);
    struct json_out o = json_out(b);
    live_put_simple(&o, type, box);
    ws_end(b, mark, WS_TEXT);
    conn_flush(s->conn);
}
static void say_ready(struct socket *s, const struct opened *box)
{
    struct buf *b = conn_out(s->conn);
    size_t mark = ws_begin(b);
    struct json_out o = json_out(b);
    live_put_ready(&o, box);
    ws_end(b, mark, WS_TEXT);
    conn_flush(s->conn);
}
static void say_denied(struct socket *s)
{
    ws_put(conn_out(s->conn), WS_TEXT,
           S("{\"type\":\"denied\",\"mailbox\":\"\",\"detail\":\"This token opens nothing: it is wrong, was revoked, "
             "or its "
             "mailbox has ended.\"}"));
    conn_flush(s->conn);
    if (++s->denied >= LIVE_DENIED_MAX)
        shut(s, WS_POLICY, "too many wrong tokens");
}

/* ---- boxes ---- */
static void leave(struct socket_box *b)
{
    struct socket *s = b->s;
    event_unlisten(s->api->o.hub, &b->events);
    opened_release(b->o);
    for (struct socket_box **p = &s->boxes; *p; p = &(*p)->next)
        if (*p == b) {
            *p = b->next;
            s->boxes_n--;
            break;
        }
    free(b);
}

static void on_event(struct event_listener *l, const struct event *e)
{
    struct socket_box *b = CONTAINER_OF(l, struct socket_box, events);
    struct socket *s = b->s;
    if (s->closing)
        return;
    if (e->kind == EVENT_CREDS_CHANGED) {
        if (e->cred != b->o->cred) /* come back and show the token again */
            shut(s, WS_RESTART, "credentials changed");
        return;
    }
    if (!live_told(e) || (lags(s) && e->kind != EVENT_BOX_ENDED))
        return;
    struct buf *out = conn_out(s->conn);
    size_t mark = ws_begin(out);
    struct json_out o = json_out(out);
    live_put_event(&o, b->o, e);
    ws_end(out, mark, WS_TEXT);
    conn_flush(s->conn);
    if (e->kind == EVENT_BOX_ENDED)
        leave(b);
}

static void names_learnt(void *ctx, enum err e, const struct folder *all, size_t n, uint64_t modseq)
{
    (void)ctx, (void)e, (void)all, (void)n, (void)modseq; /* they are kept with the opened box */
}

static void learn_names(struct socket *s, struct opened *o)
{
    const struct api_opts *a = &s->api->o;
    const struct mail_at at = { .store = a->store, .hub = a->hub, .loop = a->loop, .opened = o };
    if (!folder_names_known(o))
        (void)folder_list(&at, names_learnt, NULL);
}

/* Takes the reference. */
static void enter(struct socket *s, struct opened *o)
{
    for (struct socket_box *b = s->boxes; b; b = b->next)
        if (str_eq(box_id_str(&b->o->box.id), box_id_str(&o->box.id))) {
            say_ready(s, o);
            opened_release(o);
            return;
        }
    struct socket_box *b = s->boxes_n < LIVE_BOXES_MAX ? calloc(1, sizeof *b) : NULL;
    if (!b) {
        opened_release(o);
        shut(s, WS_POLICY, "too many mailboxes on one socket");
        return;
    }
    *b = (struct socket_box){ .events = { .box = o->box.id, .on = on_event }, .o = o, .s = s, .next = s->boxes };
    s->boxes = b;
    s->boxes_n++;
    event_listen(s->api->o.hub, s->api->o.loop, &b->events);
    learn_names(s, o);
    mailbox_visit(s->api->o.boxes, o);
    conn_deadline(s->conn, LIVE_PING_MS);
    say_ready(s, o);
}

/* ---- in ---- */
static void on_auth(void *ctx, enum err e, struct opened *o, int64_t retry_ms)
{
    struct socket *s = ctx;
    (void)retry_ms;
    s->auth = NULL;
    bool alive = e == OK && opened_alive(o, api_now_ms(s->api));
    if (s->closing || !alive) {
        if (e == OK)
            opened_release(o);
        if (!s->closing && e != ERR_IO)
            say_denied(s);
        else if (!s->closing)
            shut(s, WS_RESTART, "the server cannot look this up now");
    } else {
        enter(s, o);
    }
    if (s->paused) {
        s->paused = false;
        conn_resume(s->conn);
    }
}

static void take_text(struct socket *s, struct str text)
{
    AUTO_JSON struct json_in j = { 0 };
    struct str token = { 0 };
    if (json_parse(&j, text, LIMIT_WS_MESSAGE) != OK || !json_need_str(&j, j.root, "auth", 512, &token)) {
        shut(s, WS_POLICY, "expected {\"auth\": token}");
        return;
    }
    struct opened *o = auth_cached(s->api->o.auth, token);
    if (o && opened_alive(o, api_now_ms(s->api))) {
        enter(s, o);
        return;
    }
    opened_release(o);
    s->auth = auth_token(s->api->o.auth, token, &s->peer, on_auth, s);
    if (!s->auth)
        shut(s, WS_RESTART, "out of memory");
}

static void take_message(struct socket *s, const struct ws_msg *m)
{
    switch (m->op) {
    case WS_TEXT:
        take_text(s, m->payload);
        return;
    case WS_PING:
        if (!lags(s))
            ws_put(conn_out(s->conn), WS_PONG, m->payload);
        return;
    case WS_CLOSE:
        shut(s, m->code == 1005 ? WS_NORMAL : m->code, "");
        return;
    case WS_BINARY:
        shut(s, 1003, "text only");
        return;
    case WS_CONTINUATION:
    case WS_PONG:
        return;
    }
}

static size_t on_input(void *ctx, struct str data)
{
    struct socket *s = ctx;
    AUTO_BUF struct buf scratch = { .max = LIMIT_WS_FRAME, .secret = true };
    size_t taken = 0, used;
    s->pinged = false;
    while (!s->closing && taken < data.n) {
        if (s->auth) {
            s->paused = true;
            conn_pause(s->conn);
            return taken;
        }
        struct ws_msg m;
        int code = WS_PROTOCOL;
        enum err e = ws_read(&s->in, str_from(data, taken), &scratch, &m, &used, &code);
        if (e == ERR_BAD) {
            shut(s, code, "");
            return data.n;
        }
        taken += used;
        if (e == ERR_MORE)
            return taken;
        take_message(s, &m);
        if (!s->in.open)
            buf_fini(&s->in.part); /* an idle socket holds no buffer */
    }
    return s->closing ? data.n : taken;
}

static void on_drained(void *ctx)
{
    struct socket *s = ctx;
    if (!s->lagging || s->closing)
        return;
    s->lagging = false;
    for (struct socket_box *b = s->boxes; b; b = b->next)
        say_simple(s, "resync", &b->o->box.id);
}

static void on_timeout(void *ctx)
{
    struct socket *s = ctx;
    if (s->closing || s->pinged) {
        conn_abort(s->conn, "peer is gone");
        return;
    }
    if (!s->boxes) {
        shut(s, WS_POLICY, "no token came");
        return;
    }
    for (struct socket_box *b = s->boxes; b; b = b->next)
        mailbox_visit(s->api->o.boxes, b->o);
    s->pinged = true;
    ws_put(conn_out(s->conn), WS_PING, (struct str){ 0 });
    conn_flush(s->conn);
    conn_deadline(s->conn, LIVE_PING_MS);
}

static void on_drain(void *ctx) { shut(ctx, WS_RESTART, "the server restarts"); }

static void on_closed(void *ctx)
{
    struct socket *s = ctx;
    auth_cancel(s->auth);
    while (s->boxes)
        leave(s->boxes);
    list_del(&s->node);
    live_release(s->api, &s->peer);
    ws_in_fini(&s->in);
    free(s);
}

static const struct http_raw_ops ops = {
    .input = on_input, .drained = on_drained, .timeout = on_timeout, .drain = on_drain, .closed = on_closed
};

/* ---- the handshake, RFC 6455 section 4.2 ---- */
bool live_ws_check(struct http_req *r)
{
    bool version = str_eq(http_field(&r->head, S("sec-websocket-version")), S("13"));
    if (!r->head.websocket || !version || r->head.http10) {
        http_header(r, "Upgrade", S("websocket"));
        http_header(r, "Sec-WebSocket-Version", S("13"));
        http_problem(r, 426, "websocket_only", "This address speaks WebSocket, version 13.");
        return false;
    }
    if (!http_origin_ok(r)) {
        http_problem(r, 403, "origin", "Pages of this origin may not connect here.");
        return false;
    }
    AUTO_BUF struct buf accept = { .max = 64 };
    if (ws_accept_key(http_field(&r->head, S("sec-websocket-key")), &accept) != OK) {
        http_problem(r, 400, "bad_request", "Sec-WebSocket-Key is not 16 octets in base64.");
        return false;
    }
    http_header(r, "Upgrade", S("websocket"));
    http_header(r, "Connection", S("Upgrade"));
    http_header(r, "Sec-WebSocket-Accept", buf_str(&accept));
    return true;
}
struct conn *live_ws_upgrade(struct http_req *r, const struct http_raw_ops *raw, void *ctx)
{
    http_begin(r, 101, NULL);
    return http_take(r, raw, ctx);
}

static void upgrade(struct http_req *r, struct opened *o)
{
    struct api *a = api_of(r);
    struct peer peer = r->peer;
    struct socket *s = live_ws_check(r) ? calloc(1, sizeof *s) : NULL;
    if (!s) {
        opened_release(o);
        live_release(a, &peer);
        return;
    }
    *s = (struct socket){ .api = a, .peer = r->peer };
    ws_in_init(&s->in);
    list_add_tail(&a->live, &s->node);
    s->conn = live_ws_upgrade(r, &ops, s);
    conn_deadline(s->conn, LIVE_AUTH_MS);
    conn_flush(s->conn);
    if (o)
        enter(s, o);
}

static void on_first(void *ctx, enum err e, struct opened *o, int64_t retry_ms)
{
    struct http_req *r = ctx;
    (void)retry_ms;
    api_done(r);
    if (e == OK && opened_alive(o, api_now_ms(api_of(r)))) {
        upgrade(r, o);
        return;
    }
    if (e == OK)
        opened_release(o);
    live_release(api_of(r), &r->peer);
    if (e == ERR_IO)
        api_error(r, e, NULL);
    else
        http_problem(r, 401, "unauthorized",
                     "This token opens nothing: it is wrong, was revoked, or its mailbox has ended.");
}

static void drop_first(struct http_req *r)
{
    auth_cancel(r->state);
    live_release(api_of(r), &r->peer);
}

void live_socket(struct http_req *r)
{
    struct api *a = api_of(r);
    struct str token = http_bearer(r);
    if (!live_hold(r))
        return;
    struct opened *o = token.n ? auth_cached(a->o.auth, token) : NULL;
    if (token.n && !o) {
        struct auth_req *q = auth_token(a->o.auth, token, &r->peer, on_first, r);
        if (q) {
            r->state = q;
            r->dropped = drop_first;
            return;
        }
    }
    if (o && !opened_alive(o, api_now_ms(a))) {
        opened_release(o);
        live_release(a, &r->peer);
        http_problem(r, 401, "unauthorized", "This mailbox has ended.");
        return;
    }
    upgrade(r, o);
}
