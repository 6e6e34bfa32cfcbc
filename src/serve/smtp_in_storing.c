/* The octets stay counted in the message memory until the answer, because deliver or the queue hold them until then. Of
 * a mail that is for boxes here and for others elsewhere the boxes come first: when the queue then refuses, its sender
 * comes again, and the store knows a mail that it has. */
#include "serve/smtp_in_storing.h"
#include "base/secret.h"
#include "base/text.h"
#include "core/received.h"
#include "serve/smtp_in_data.h"
#include <stdlib.h>

enum { TRACE_MAX = 4096 };

struct smtp_in_storing {
    struct list in;
    struct smtp_in_all_storing *all;
    struct smtp_in_tx *tx;
    struct smtp_in_way way;
    struct deliver_req *req;
    struct outq_req *put;
    struct buf relayed;      /* for the queue, once the boxes have it */
    smtp_in_stored_fn *done; /* NULL: nobody waits */
    void *ctx;
    uint64_t octets;
};

static void end(struct smtp_in_storing *w)
{
    list_del(&w->in);
    if (w->all->count)
        (*w->all->count)--;
    buf_fini(&w->relayed);
    smtp_in_tx_free(w->tx);
    free(w);
}

static void kept_out(struct smtp_in_storing *w, enum err e, const char *why)
{
    struct smtp_in_refusal no = smtp_in_refusal_of(e, why);
    struct str reply = arena_printf(&w->tx->arena, "%s %s", no.code, no.words);
    struct arrival a = { .result = arrival_refused(reply), .tls = w->way.tls_version, .reply = reply };
    a.domain = arrival_domain(w->tx->from);
    for (size_t i = 0; i < w->tx->rcpts_n; i++)
        deliver_note(w->all->deliver, &w->tx->rcpts[i].box, a);
}

static void answer(struct smtp_in_storing *w, enum err e, const char *why)
{
    smtp_in_stored_fn *done = w->done;
    void *whose = w->ctx;
    uint64_t octets = w->octets;
    end(w);
    if (done)
        done(whose, e, why, octets);
}

/* ---- the queue ---- */

static void on_put(void *ctx, enum err e, const struct outq_id *)
{
    struct smtp_in_storing *w = ctx;
    if (e == ERR_BAD) /* an address that the session took is one */
        answer(w, e, smtp_in_loop);
    else if (e == ERR_FULL)
        answer(w, e, store_full(w->all->store) ? smtp_in_disk_full : smtp_in_queue_full);
    else
        answer(w, e == OK ? OK : ERR_BUSY, NULL);
}

static enum err put_trace(struct smtp_in_storing *w)
{
    AUTO_BUF struct buf trace = { .max = TRACE_MAX };
    const struct received r = { .helo = w->tx->helo,
                                .hostname = w->all->hostname,
                                .protocol = w->way.protocol,
                                .tls_version = w->way.tls_version,
                                .tls_cipher = w->way.tls_cipher,
                                .now_ms = store_now_ms(w->all->store) };
    received_put(&trace, &r);
    received_part(&trace, buf_str(&w->relayed));
    return trace.failed ? ERR_BUSY : received_prepend(&w->relayed, buf_str(&trace));
}

static unsigned flags_of(const struct smtp_in_storing *w)
{
    bool eight = utf8_ascii(buf_str(&w->relayed)) < w->relayed.n;
    return OUTQ_RELAYED | (eight ? OUTQ_8BIT : 0u) | (w->tx->utf8 ? OUTQ_SMTPUTF8 : 0u) |
           (w->tx->body == SMTP_BODY_BINARY ? OUTQ_BINARY : 0u);
}

static enum err queue(struct smtp_in_storing *w)
{
    enum err e = put_trace(w);
    struct outq_mail m = { .mail_from = w->tx->from,
                           .rcpts = w->tx->to,
                           .rcpts_n = w->tx->to_n,
                           .envid = w->tx->envid,
                           .ret = w->tx->ret,
                           .flags = flags_of(w) };
    if (e != OK)
        return e;
    m.data = w->relayed;
    w->relayed = (struct buf){ 0 };
    w->put = outq_put(w->all->outq, &m, on_put, w);
    return w->put ? OK : ERR_BUSY;
}

/* ---- boxes here ---- */

static void on_stored(void *ctx, enum err e, const char *why)
{
    struct smtp_in_storing *w = ctx;
    w->req = NULL;
    if (e == ERR_FULL && !why && store_full(w->all->store))
        why = smtp_in_disk_full;
    if (e != OK)
        kept_out(w, e, why);
    if (e == OK && w->tx->to_n > 0 && (e = queue(w)) == OK)
        return;
    answer(w, e, why);
}

static enum err deliver(struct smtp_in_storing *w, struct buf *data)
{
    struct deliver_mail mail = { .mail_from = w->tx->from,
                                 .helo = w->tx->helo,
                                 .protocol = w->way.protocol,
                                 .tls_version = w->way.tls_version,
                                 .tls_cipher = w->way.tls_cipher,
                                 .client = w->way.client,
                                 .client_known = w->way.client_known,
                                 .peer = w->way.peer,
                                 .rcpts = w->tx->rcpts,
                                 .rcpts_n = w->tx->rcpts_n,
                                 .data = *data };
    *data = (struct buf){ 0 };
    w->req = deliver_mail(w->all->deliver, &mail, on_stored, w);
    if (w->req)
        return OK;
    buf_fini(&mail.data);
    return ERR_BUSY;
}

static enum err begin(struct smtp_in_storing *w)
{
    struct buf data = w->tx->in.data;
    w->tx->in.data = (struct buf){ 0 };
    if (w->tx->rcpts_n == 0) {
        w->relayed = data;
        return queue(w);
    }
    if (w->tx->to_n > 0) {
        w->relayed = (struct buf){ .max = data.n, .secret = true };
        buf_put(&w->relayed, buf_str(&data));
        if (w->relayed.failed) {
            buf_fini(&data);
            return ERR_BUSY;
        }
    }
    return deliver(w, &data);
}

struct smtp_in_storing *smtp_in_storing_new(struct smtp_in_all_storing *all, struct smtp_in_tx *tx,
                                            const struct smtp_in_way *way, smtp_in_stored_fn *done, void *ctx)
{
    struct smtp_in_storing *w = calloc(1, sizeof *w);
    if (!w) {
        smtp_in_tx_free(tx);
        return NULL;
    }
    *w = (struct smtp_in_storing){
        .all = all, .tx = tx, .way = *way, .done = done, .ctx = ctx, .octets = tx->in.data.n
    };
    list_add_tail(&all->list, &w->in);
    if (all->count)
        (*all->count)++;
    enum err e = begin(w);
    secret_wipe(&w->way.client, sizeof w->way.client);
    if (e == OK)
        return w;
    end(w);
    return NULL;
}

void smtp_in_storing_leave(struct smtp_in_storing *w)
{
    if (w)
        w->done = NULL;
}

void smtp_in_storing_cancel_all(struct smtp_in_all_storing *all)
{
    LIST_FOR(&all->list, it)
    {
        struct smtp_in_storing *w = CONTAINER_OF(it, struct smtp_in_storing, in);
        deliver_cancel(w->req);
        outq_cancel(w->put);
        end(w);
    }
}
