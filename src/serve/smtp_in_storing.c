/* The octets stay counted in the message memory until the answer, because deliver holds them until then. */
#include "serve/smtp_in_storing.h"
#include "serve/smtp_in_data.h"
#include <stdlib.h>

struct smtp_in_storing {
    struct list in;
    struct smtp_in_all_storing *all;
    struct smtp_in_tx *tx;
    struct deliver *deliver;
    struct deliver_req *req;
    const char *tls;         /* static text */
    smtp_in_stored_fn *done; /* NULL: nobody waits */
    void *ctx;
    uint64_t octets;
};

static void end(struct smtp_in_storing *w)
{
    list_del(&w->in);
    if (w->all->count)
        (*w->all->count)--;
    smtp_in_tx_free(w->tx);
    free(w);
}

static void kept_out(struct smtp_in_storing *w, enum err e, const char *why)
{
    struct smtp_in_refusal no = smtp_in_refusal_of(e, why);
    struct str reply = arena_printf(&w->tx->arena, "%s %s", no.code, no.words);
    struct arrival a = { .result = arrival_refused(reply), .tls = w->tls, .reply = reply };
    a.domain = arrival_domain(w->tx->from);
    for (size_t i = 0; i < w->tx->rcpts_n; i++)
        deliver_note(w->deliver, &w->tx->rcpts[i].box, a);
}

static void on_stored(void *ctx, enum err e, const char *why)
{
    struct smtp_in_storing *w = ctx;
    if (e != OK)
        kept_out(w, e, why);
    smtp_in_stored_fn *done = w->done;
    void *whose = w->ctx;
    uint64_t octets = w->octets;
    end(w);
    if (done)
        done(whose, e, why, octets);
}

struct smtp_in_storing *smtp_in_storing_new(struct smtp_in_all_storing *all, struct deliver *d, struct smtp_in_tx *tx,
                                            const struct smtp_in_way *way, smtp_in_stored_fn *done, void *ctx)
{
    struct smtp_in_storing *w = calloc(1, sizeof *w);
    if (!w) {
        smtp_in_tx_free(tx);
        return NULL;
    }
    *w = (struct smtp_in_storing){
        .all = all, .tx = tx, .deliver = d, .tls = way->tls_version, .done = done, .ctx = ctx, .octets = tx->in.data.n
    };
    list_add_tail(&all->list, &w->in);
    if (all->count)
        (*all->count)++;
    struct deliver_mail mail = { .mail_from = tx->from,
                                 .helo = tx->helo,
                                 .protocol = way->protocol,
                                 .tls_version = way->tls_version,
                                 .tls_cipher = way->tls_cipher,
                                 .client = way->client,
                                 .client_known = way->client_known,
                                 .peer = way->peer,
                                 .rcpts = tx->rcpts,
                                 .rcpts_n = tx->rcpts_n,
                                 .data = tx->in.data };
    tx->in.data = (struct buf){ 0 };
    w->req = deliver_mail(d, &mail, on_stored, w);
    if (w->req)
        return w;
    buf_fini(&mail.data);
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
        end(w);
    }
}
