/* test.echo_websocket: what comes goes back, for protocol suites that judge frames. */
#include "serve/live.h"
#include "wire/ws.h"
#include <stdlib.h>

struct echo {
    struct conn *conn;
    struct ws_in in;
    bool closing;
};

static void shut(struct echo *s, int code)
{
    if (s->closing)
        return;
    s->closing = true;
    if (code == 1005)
        ws_put(conn_out(s->conn), WS_CLOSE, (struct str){ 0 });
    else
        ws_put_close(conn_out(s->conn), code, (struct str){ 0 });
    conn_deadline(s->conn, 5000);
    conn_finish(s->conn);
}

static size_t on_input(void *ctx, struct str data)
{
    struct echo *s = ctx;
    AUTO_BUF struct buf scratch = { .max = LIMIT_WS_FRAME };
    size_t taken = 0, used;
    while (!s->closing && taken < data.n) {
        struct ws_msg m;
        int code = WS_PROTOCOL;
        enum err e = ws_read(&s->in, str_from(data, taken), &scratch, &m, &used, &code);
        if (e == ERR_BAD)
            shut(s, code);
        if (e != OK)
            return e == ERR_BAD ? data.n : taken + used;
        taken += used;
        if (m.op == WS_CLOSE)
            shut(s, m.code);
        else if (m.op != WS_PONG)
            ws_put(conn_out(s->conn), m.op == WS_PING ? WS_PONG : m.op, m.payload);
    }
    return s->closing ? data.n : taken;
}
static void on_timeout(void *ctx) { conn_abort(((struct echo *)ctx)->conn, "timeout"); }
static void on_drain(void *ctx) { shut(ctx, WS_RESTART); }
static void on_closed(void *ctx)
{
    struct echo *s = ctx;
    ws_in_fini(&s->in);
    free(s);
}
static const struct http_raw_ops ops = {
    .input = on_input, .timeout = on_timeout, .drain = on_drain, .closed = on_closed
};

void live_echo(struct http_req *r)
{
    struct echo *s = live_ws_check(r) ? calloc(1, sizeof *s) : NULL;
    if (!s)
        return;
    ws_in_init(&s->in);
    s->conn = live_ws_upgrade(r, &ops, s);
    conn_deadline(s->conn, 60 * 1000);
    conn_flush(s->conn);
}
