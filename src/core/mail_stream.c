/* A stream walks octets [at, end) of the message: the header from memory, then the body chunk by chunk, each read only
 * when the taker asks, through the transfer decoding when it is an attachment. */
#include "core/body.h"
#include "core/mail.h"
#include "core/understand.h"
#include "wire/cte.h"
#include "wire/json.h"
#include <stdlib.h>

enum { AHEAD_BODY = 64 * 1024 }; /* a body up to here comes along with its header */

struct mail_stream {
    struct body body;
    const struct mail_stream_ops *ops;
    void *ctx;
    int attachment;
    uint64_t at, end;
    struct cte_decoder decoder;
    struct buf decoded;
    struct job later;
    bool later_queued, closed, done;
    enum err err;
    struct buf json;
};

static void stream_free(struct mail_stream *s)
{
    body_close(&s->body);
    buf_fini(&s->decoded);
    buf_fini(&s->json);
    free(s);
}

void mail_stream_close(struct mail_stream *s)
{
    if (s == NULL)
        return;
    s->closed = true;
    if (!s->later_queued)
        stream_free(s);
}

/* Gives octets on; an attachment's first go through its decoder. True when something was given or all is done. */
static bool give(struct mail_stream *s, struct str raw)
{
    bool last = s->at >= s->end;
    if (s->attachment < 0) {
        s->done = last;
        s->ops->piece(s->ctx, raw, last);
        return true;
    }
    buf_clear(&s->decoded);
    cte_decode(&s->decoder, raw, &s->decoded, last);
    if (s->decoded.n == 0 && !last)
        return false;
    s->done = last;
    s->ops->piece(s->ctx, buf_str(&s->decoded), last);
    return true;
}

static void on_chunk(struct body *b, enum err e, struct str plain);

static void read_on(struct mail_stream *s)
{
    enum err e = body_open_at_hand(&s->body);
    if (e != ERR_MORE) {
        on_chunk(&s->body, e, buf_str(&s->body.plain));
        return;
    }
    e = body_chunk(&s->body, body_chunk_of(&s->body, s->at), on_chunk);
    if (e == OK)
        return;
    s->done = true;
    s->ops->failed(s->ctx, e);
}

static void on_chunk(struct body *b, enum err e, struct str plain)
{
    struct mail_stream *s = CONTAINER_OF(b, struct mail_stream, body);
    uint64_t begin = body_chunk_at(b, b->reading);
    if (e != OK || begin > s->at || s->at - begin >= plain.n) {
        s->done = true;
        s->ops->failed(s->ctx, e == OK ? ERR_BAD : e);
        return;
    }
    struct str piece = str_sub(plain, s->at - begin, MIN((uint64_t)plain.n - (s->at - begin), s->end - s->at));
    s->at += piece.n;
    if (!give(s, piece))
        read_on(s);
}

static void on_later(struct job *j)
{
    struct mail_stream *s = CONTAINER_OF(j, struct mail_stream, later);
    s->later_queued = false;
    if (s->closed) {
        stream_free(s);
    } else if (s->err != OK) {
        s->done = true;
        s->ops->failed(s->ctx, s->err);
    } else if (s->at >= s->end) {
        (void)give(s, S(""));
    } else if (s->at < s->body.u.header.n) {
        struct str head = str_sub(s->body.u.header, s->at, s->end - s->at);
        s->at += head.n;
        if (!give(s, head))
            mail_stream_next(s);
    } else {
        read_on(s);
    }
}

static void go_on_later(struct mail_stream *s)
{
    s->later_queued = true;
    s->later.run = on_later;
    loop_later(s->body.loop, &s->later);
}

void mail_stream_next(struct mail_stream *s)
{
    if (!s->done && !s->later_queued)
        go_on_later(s);
}

/* What the summary says of attachment n. */
static void info_fill(struct mail_stream *s, struct json_in *j, struct mail_stream_info *info)
{
    const struct json *list = NULL;
    struct str danger = { 0 };
    int64_t size = -1;
    info->size = UINT64_MAX;
    buf_putc(&s->json, '{');
    buf_put(&s->json, s->body.summary);
    buf_putc(&s->json, '}');
    if (json_parse(j, buf_str(&s->json), SUMMARY_MAX * 5) != OK)
        return;
    json_get_array(j, j->root, "attachments", 1000, &list);
    const struct json *a = (size_t)s->attachment < json_len(list) ? json_at(list, (size_t)s->attachment) : NULL;
    json_get_str(j, a, "filename", SUMMARY_MAX, &info->filename);
    json_get_str(j, a, "content_type", SUMMARY_MAX, &info->content_type);
    json_get_str(j, a, "sha256", SUMMARY_MAX, &info->sha256);
    json_get_str(j, a, "dangerous", SUMMARY_MAX, &danger);
    json_get_int(j, a, "size", 0, INT64_MAX, &size);
    info->dangerous = danger.n > 0;
    if (size >= 0)
        info->size = (uint64_t)size;
}

static void on_opened(struct body *b, enum err e)
{
    struct mail_stream *s = CONTAINER_OF(b, struct mail_stream, body);
    AUTO_JSON struct json_in j = { 0 };
    struct mail_stream_info info = { .size = b->u.size };
    if (e == OK && s->attachment >= 0 && (uint32_t)s->attachment >= b->pick.files_n)
        e = ERR_GONE;
    if (e != OK) {
        s->err = e;
        go_on_later(s);
        return;
    }
    s->end = b->u.size;
    if (s->attachment >= 0) {
        const struct mime_part *p = &b->u.tree.v[b->pick.files[s->attachment].part];
        s->at = p->body;
        s->end = p->end;
        cte_init(&s->decoder, p->cte);
        info.charset = p->charset;
        info.method = params_get(&p->ct, S("method"));
        info_fill(s, &j, &info);
    }
    s->ops->opened(s->ctx, &info);
}

struct mail_stream *mail_stream_open(struct store *st, struct loop *l, struct opened *o, const struct msg_id *id,
                                     int attachment, const struct mail_stream_ops *ops, void *ctx)
{
    struct mail_stream *s = calloc(1, sizeof *s);
    if (s == NULL)
        return NULL;
    s->ops = ops;
    s->ctx = ctx;
    s->attachment = attachment;
    s->decoded = (struct buf){ .max = 2 * SEAL_CHUNK_BYTES, .secret = true };
    s->json = (struct buf){ .max = SUMMARY_MAX * 5, .secret = true };
    s->err = body_open(&s->body, st, l, o, id, AHEAD_BODY, on_opened);
    s->body.raw = attachment < 0;
    if (s->err != OK)
        go_on_later(s);
    return s;
}
