/* What was decided is told when the connection is gone, so that the end is the same whoever brought it about. */
#include "io/exchange.h"
#include "base/buf.h"
#include "io/conn.h"
#include <stdlib.h>

enum { PIECES_A_TURN = 16, UNSENT_MAX = 256 * 1024, SHOWN_MAX = 16 * 1024 };

struct exchange {
    const struct exchange_ops *ops;
    void *ctx;
    struct loop *loop;
    struct conn *conn; /* NULL: there is none any more, or never was */
    struct job job;
    struct buf answer;
    enum err err; /* ERR_MORE: nothing is decided */
    bool all_sent, cancelled, queued;
};

static void end(struct exchange *x)
{
    if (!x->cancelled)
        x->ops->done(x->ctx, x->err == ERR_MORE ? ERR_IO : x->err);
    buf_fini(&x->answer);
    free(x);
}

static void later(struct exchange *x)
{
    if (!x->queued)
        loop_later(x->loop, &x->job);
    x->queued = true;
}

static void decide(struct exchange *x, enum err e)
{
    x->err = e;
    conn_abort(x->conn, "decided");
}

static void ask(struct exchange *x)
{
    struct str piece;
    for (int i = 0; i < PIECES_A_TURN && !x->all_sent && conn_unsent(x->conn) == 0; i++) {
        x->all_sent = !x->ops->send(x->ctx, &piece);
        if (!x->all_sent)
            conn_write(x->conn, piece);
    }
    if (!x->all_sent && conn_unsent(x->conn) == 0)
        later(x);
}

static void on_turn(struct job *j)
{
    struct exchange *x = CONTAINER_OF(j, struct exchange, job);
    x->queued = false;
    if (!x->conn)
        end(x);
    else if (!x->cancelled && x->err == ERR_MORE)
        ask(x);
}

static void on_drained(void *ctx)
{
    struct exchange *x = ctx;
    if (!x->cancelled && x->err == ERR_MORE && !x->queued)
        ask(x);
}

static void hear(struct exchange *x, bool ended)
{
    enum err e = x->ops->read(x->ctx, buf_str(&x->answer), ended);
    if (e != ERR_MORE)
        decide(x, e);
}

static size_t on_input(void *ctx, struct str data)
{
    struct exchange *x = ctx;
    if (x->cancelled || x->err != ERR_MORE)
        return data.n;
    buf_put(&x->answer, data);
    if (x->answer.failed)
        decide(x, ERR_BAD);
    else
        hear(x, false);
    return data.n;
}

static void on_timeout(void *ctx)
{
    struct exchange *x = ctx;
    decide(x, x->err == ERR_MORE ? ERR_BUSY : x->err);
}

static void on_closed(void *ctx, const char *)
{
    struct exchange *x = ctx;
    if (!x->cancelled && x->err == ERR_MORE)
        hear(x, true);
    x->conn = NULL;
    if (!x->queued)
        end(x);
}

static const struct conn_ops ops = {
    .input = on_input, .drained = on_drained, .timeout = on_timeout, .closed = on_closed
};

enum err exchange_start(const struct exchange_opts *o, const struct exchange_ops *xo, void *ctx, struct exchange **out)
{
    struct exchange *x = calloc(1, sizeof *x);
    if (!x)
        return ERR_IO;
    *x = (struct exchange){ .ops = xo, .ctx = ctx, .loop = o->loop, .job.run = on_turn, .err = ERR_MORE };
    x->answer = (struct buf){ .max = o->answer_max, .secret = true };
    const struct conn_opts co = {
        .in_max = SHOWN_MAX, .out_max = UNSENT_MAX, .deadline_ms = MAX(o->deadline_ms, 1), .hears_out = true
    };
    int fd;
    if (dial(o->to, &fd) == OK && conn_new(o->loop, fd, &ops, x, &co, &x->conn) != OK)
        x->conn = NULL;
    later(x);
    *out = x;
    return OK;
}

void exchange_cancel(struct exchange *x)
{
    x->cancelled = true;
    if (x->conn)
        conn_abort(x->conn, "cancelled");
}
