/* HTTP/1.1 as far as one question needs it. The answer is read by the same parsers as everybody's. */
#include "trust/rspamd.h"
#include "base/buf.h"
#include "base/secret.h"
#include "wire/http.h"
#include <stdlib.h>

enum { HEAD_MAX = 2048, PIECE_N = 64 * 1024, BODY_MAX = LIMIT_RSPAMD_ANSWER - LIMIT_HTTP_HEAD };

struct rspamd_check {
    struct exchange *x;
    struct buf head;
    struct str left; /* of the mail */
    bool head_sent;
    struct rspamd_reply reply;
    void (*done)(void *ctx, enum err e, const struct rspamd_reply *r);
    void *ctx;
};

/* ---- the question ---- */
/* A field's value is what cannot end it. */
static void put_field(struct buf *out, const char *name, struct str value)
{
    for (size_t i = 0; i < value.n; i++)
        if (value.p[i] < ' ' || value.p[i] > '~')
            return;
    if (value.n > 0)
        buf_printf(out, "%s: %.*s\r\n", name, STR_FMT(str_sub(value, 0, HEAD_MAX / 4)));
}

static void put_head(struct buf *out, const struct rspamd_client *client, size_t length)
{
    buf_printf(out, "POST /checkv2 HTTP/1.1\r\nHost: rspamd\r\nConnection: close\r\nContent-Length: %zu\r\n", length);
    if (client) {
        buf_puts(out, "IP: ");
        ip_put(out, client->ip);
        buf_puts(out, "\r\n");
        put_field(out, "Helo", client->helo);
        put_field(out, "From", client->from);
    }
    buf_puts(out, "\r\n");
}

static bool send_next(void *ctx, struct str *piece)
{
    struct rspamd_check *c = ctx;
    if (!c->head_sent) {
        *piece = buf_str(&c->head);
        c->head_sent = true;
        return true;
    }
    *piece = str_sub(c->left, 0, PIECE_N);
    c->left = str_from(c->left, piece->n);
    return piece->n > 0;
}

/* ---- the answer ---- */
static enum err read_body(const struct http_answer *h, struct str body, bool ended, struct buf *out)
{
    size_t used;
    struct http_chunked chunked = { 0 };
    if (h->chunked)
        return http_chunked_read(&chunked, body, out, &used);
    if (h->has_length ? body.n < h->length : !ended)
        return ERR_MORE;
    buf_put(out, h->has_length ? str_sub(body, 0, (size_t)h->length) : body);
    return out->failed ? ERR_BAD : OK;
}

static enum err read_answer(void *ctx, struct str answer, bool ended)
{
    struct rspamd_check *c = ctx;
    struct http_answer h;
    size_t used;
    AUTO_BUF struct buf body = { .max = BODY_MAX, .secret = true };
    enum err e = http_answer_parse(answer, &h, &used);
    if (e == OK && h.status != 200)
        return ERR_BAD;
    if (e == OK)
        e = read_body(&h, str_from(answer, used), ended, &body);
    return e == OK ? rspamd_reply_parse(buf_str(&body), &c->reply) : e == ERR_MORE ? e : ERR_BAD;
}

static void check_free(struct rspamd_check *c)
{
    buf_fini(&c->head);
    secret_wipe(c, sizeof *c);
    free(c);
}

static void on_done(void *ctx, enum err e)
{
    struct rspamd_check *c = ctx;
    c->done(c->ctx, e, &c->reply);
    check_free(c);
}

static const struct exchange_ops ops = { .send = send_next, .read = read_answer, .done = on_done };

enum err rspamd_check(const struct rspamd_opts *o, struct str msg,
                      void (*done)(void *ctx, enum err e, const struct rspamd_reply *r), void *ctx,
                      struct rspamd_check **out)
{
    struct rspamd_check *c = calloc(1, sizeof *c);
    const struct exchange_opts xo = {
        .loop = o->loop, .to = o->to, .deadline_ms = o->deadline_ms, .answer_max = LIMIT_RSPAMD_ANSWER
    };
    if (!c)
        return ERR_IO;
    c->head = (struct buf){ .max = HEAD_MAX, .secret = true };
    put_head(&c->head, o->client, msg.n);
    c->left = msg;
    c->done = done;
    c->ctx = ctx;
    if (c->head.failed || exchange_start(&xo, &ops, c, &c->x) != OK) {
        check_free(c);
        return ERR_IO;
    }
    *out = c;
    return OK;
}

void rspamd_cancel(struct rspamd_check *c)
{
    exchange_cancel(c->x);
    check_free(c);
}
