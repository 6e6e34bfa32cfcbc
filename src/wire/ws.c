/* The length is peeked at first, so that wslay always has a whole frame to chew and its context can go right after. */
#include "wire/ws.h"
#include "base/crypto.h"
#include "base/text.h"
#include <string.h>
#include <wslay/wslay.h>

enum { MASK_BIT = 0x80, LEN_16 = 126, LEN_64 = 127, CONTROL_MAX = 125 };

/* Octets of the frame's head and payload, as far as they can be told. */
static enum err peek(struct str in, size_t *head, uint64_t *payload)
{
    if (in.n < 2)
        return ERR_MORE;
    const uint8_t *p = (const uint8_t *)in.p;
    uint64_t n = p[1] & 0x7f;
    size_t ext = n == LEN_16 ? 2 : n == LEN_64 ? 8 : 0;
    if (!(p[1] & MASK_BIT))
        return ERR_BAD; /* RFC 6455 section 5.1: a client must mask */
    if (in.n < 2 + ext)
        return ERR_MORE;
    if (ext) {
        n = 0;
        for (size_t i = 0; i < ext; i++)
            n = n << 8 | p[2 + i];
    }
    *head = 2 + ext + 4;
    *payload = n;
    return OK;
}

struct source {
    struct str in;
    size_t at;
};
static ssize_t give(uint8_t *to, size_t n, int flags, void *ctx)
{
    (void)flags;
    struct source *s = ctx;
    n = MIN(n, s->in.n - s->at);
    if (n == 0)
        return -1;
    memcpy(to, s->in.p + s->at, n);
    s->at += n;
    return (ssize_t)n;
}
static ssize_t give_nothing(const uint8_t *data, size_t n, int flags, void *ctx)
{
    (void)data, (void)n, (void)flags, (void)ctx;
    return -1;
}

static enum err read_whole(wslay_frame_context_ptr ctx, uint64_t want, struct ws_frame *f, struct buf *payload)
{
    uint64_t got = 0;
    do {
        struct wslay_frame_iocb cb = { 0 };
        ssize_t n = wslay_frame_recv(ctx, &cb);
        if (n < 0 || cb.rsv != 0)
            return ERR_BAD;
        f->op = (enum ws_opcode)cb.opcode;
        f->fin = cb.fin;
        buf_put(payload, str_of(cb.data, cb.data_length));
        got += cb.data_length;
        if (n == 0 && got < want)
            return ERR_BAD;
    } while (got < want);
    return payload->failed ? ERR_FULL : OK;
}

static bool known(enum ws_opcode op) { return op <= WS_BINARY || (op >= WS_CLOSE && op <= WS_PONG); }

enum err ws_parse(struct str in, struct ws_frame *out, struct buf *payload, size_t *used)
{
    size_t head, whole;
    uint64_t n;
    enum err e = peek(in, &head, &n);
    if (e != OK)
        return e;
    if (n > LIMIT_WS_FRAME)
        return ERR_FULL;
    if (!add_size(head, (size_t)n, &whole) || in.n < whole)
        return ERR_MORE;
    struct source src = { .in = str_sub(in, 0, whole) };
    const struct wslay_frame_callbacks cb = { .send_callback = give_nothing, .recv_callback = give };
    wslay_frame_context_ptr ctx;
    if (wslay_frame_context_init(&ctx, &cb, &src) != 0)
        return ERR_FULL;
    struct ws_frame f = { 0 };
    size_t before = payload->n;
    e = read_whole(ctx, n, &f, payload);
    wslay_frame_context_free(ctx);
    if (e == OK && (!known(f.op) || (f.op >= WS_CLOSE && (!f.fin || n > CONTROL_MAX))))
        e = ERR_BAD;
    if (e != OK) {
        payload->n = MIN(payload->n, before);
        return e;
    }
    *out = f;
    *used = whole;
    return OK;
}

void ws_in_init(struct ws_in *w) { *w = (struct ws_in){ .part = { .max = LIMIT_WS_MESSAGE, .secret = true } }; }
void ws_in_fini(struct ws_in *w) { buf_fini(&w->part); }

/* RFC 6455 section 7.4: codes a peer may send. */
static bool close_code_ok(int code)
{
    return (code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006) ||
           (code >= 3000 && code <= 4999);
}
static enum err take_close(struct str p, struct ws_msg *out, int *code)
{
    *out = (struct ws_msg){ .op = WS_CLOSE, .code = 1005 };
    if (p.n == 0)
        return OK;
    *code = WS_PROTOCOL;
    if (p.n == 1)
        return ERR_BAD;
    out->code = (uint8_t)p.p[0] << 8 | (uint8_t)p.p[1];
    out->payload = str_from(p, 2);
    if (!close_code_ok(out->code))
        return ERR_BAD;
    *code = WS_NOT_UTF8;
    return utf8_valid(out->payload) ? OK : ERR_BAD;
}

/* A data frame joins the open message or begins one. OK when the message is whole, ERR_MORE when not yet. */
static enum err take_data(struct ws_in *w, const struct ws_frame *f, struct str p, struct ws_msg *out, int *code)
{
    *code = WS_PROTOCOL;
    if ((f->op == WS_CONTINUATION) != w->open)
        return ERR_BAD;
    if (!w->open) {
        buf_clear(&w->part);
        w->op = f->op;
    }
    buf_put(&w->part, p);
    *code = WS_TOO_BIG;
    if (w->part.failed)
        return ERR_BAD;
    w->open = !f->fin;
    if (w->open)
        return ERR_MORE;
    *code = WS_NOT_UTF8;
    if (w->op == WS_TEXT && !utf8_valid(buf_str(&w->part)))
        return ERR_BAD;
    *out = (struct ws_msg){ .op = w->op, .payload = buf_str(&w->part) };
    return OK;
}

enum err ws_read(struct ws_in *w, struct str in, struct buf *scratch, struct ws_msg *out, size_t *used, int *code)
{
    *used = 0;
    for (;;) {
        struct ws_frame f;
        size_t n;
        buf_clear(scratch);
        enum err e = ws_parse(str_from(in, *used), &f, scratch, &n);
        if (e == ERR_MORE)
            return e;
        if (e != OK) {
            *code = e == ERR_FULL ? WS_TOO_BIG : WS_PROTOCOL;
            return ERR_BAD;
        }
        *used += n;
        if (f.op == WS_CLOSE)
            return take_close(buf_str(scratch), out, code);
        if (f.op >= WS_CLOSE) {
            *out = (struct ws_msg){ .op = f.op, .payload = buf_str(scratch) };
            return OK;
        }
        e = take_data(w, &f, buf_str(scratch), out, code);
        if (e != ERR_MORE)
            return e;
    }
}

static size_t put_head(uint8_t h[WS_HEAD_MAX], enum ws_opcode op, size_t n)
{
    h[0] = (uint8_t)(0x80u | op);
    if (n < LEN_16) {
        h[1] = (uint8_t)n;
        return 2;
    }
    if (n <= UINT16_MAX) {
        h[1] = LEN_16;
        h[2] = (uint8_t)(n >> 8);
        h[3] = (uint8_t)n;
        return 4;
    }
    h[1] = LEN_64;
    put_be64(h + 2, n);
    return 10;
}

void ws_put(struct buf *out, enum ws_opcode op, struct str payload)
{
    uint8_t h[WS_HEAD_MAX];
    buf_put(out, str_of(h, put_head(h, op, payload.n)));
    buf_put(out, payload);
}

size_t ws_begin(struct buf *out)
{
    size_t mark = out->n;
    if (buf_reserve(out, WS_HEAD_MAX))
        out->n += WS_HEAD_MAX;
    return mark;
}
void ws_end(struct buf *out, size_t mark, enum ws_opcode op)
{
    if (out->failed)
        return;
    uint8_t h[WS_HEAD_MAX];
    size_t n = out->n - mark - WS_HEAD_MAX, k = put_head(h, op, n);
    memmove(out->p + mark + k, out->p + mark + WS_HEAD_MAX, n);
    memcpy(out->p + mark, h, k);
    out->n = mark + k + n;
}

void ws_put_close(struct buf *out, int code, struct str reason)
{
    char p[CONTROL_MAX];
    size_t n = MIN(reason.n, sizeof p - 2);
    p[0] = (char)(code >> 8);
    p[1] = (char)code;
    if (n)
        memcpy(p + 2, reason.p, n);
    ws_put(out, WS_CLOSE, str_of(p, n + 2));
}

enum err ws_accept_key(struct str key, struct buf *out)
{
    AUTO_BUF struct buf raw = { .max = 16 };
    if (key.n != 24 || text_unbase64(&raw, key) != OK || raw.n != 16)
        return ERR_BAD;
    uint8_t digest[20];
    AUTO_BUF struct buf in = { .max = 64 };
    buf_put(&in, key);
    buf_puts(&in, "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"); /* RFC 6455 section 1.3 */
    crypto_sha1(digest, buf_str(&in));
    text_base64(out, str_of(digest, sizeof digest));
    return out->failed ? ERR_FULL : OK;
}
