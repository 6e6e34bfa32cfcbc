/* The operator sees that a box lives, how full it is and when it ends, and may end it; its mail and its credentials
 * stay out of reach, here as everywhere. Requests to the store come back on the main loop. */
#include "app/operate.h"
#include "base/text.h"
#include "core/mailbox.h"
#include "core/outq.h"
#include "core/send_grant.h"
#include "store/store.h"
#include <stdlib.h>

enum { OPERATE_TEXT_MAX = 64 * 1024 };
static const int64_t OPERATOR_TTL_MS = (int64_t)10 * 365 * 24 * 3600 * 1000;

/* ---- about one box ---- */
struct box_ask {
    struct app *app;
    struct ctl_req *req;
    void (*run)(struct box_ask *ask, const struct store_box *b);
    struct box_id box;
};

static void on_box_ended(struct store_req *req)
{
    struct box_ask *ask = req->ctx;
    if (req->err == OK)
        ctl_ok(ask->req, S("ended\n"));
    else
        ctl_error(ask->req, operate_why(req->err));
    free(ask);
}

static void end_box(struct box_ask *ask, const struct store_box *b)
{
    struct store_end *e = STORE_NEW(end, ask, on_box_ended);
    struct box_id *mine = e ? arena_new(&e->req.arena, struct box_id) : NULL;
    if (!mine) {
        if (e)
            store_req_drop(&e->req);
        ctl_error(ask->req, "out of memory");
        free(ask);
        return;
    }
    *mine = b->id;
    e->ids = mine;
    e->n = 1;
    store_submit(ask->app->store, ask->app->loop, &e->req);
}

static void show_box(struct box_ask *ask, const struct store_box *b)
{
    AUTO_BUF struct buf out = { .max = OPERATE_TEXT_MAX };
    buf_puts(&out, "created ");
    text_rfc3339(&out, b->created_ms);
    buf_puts(&out, "\nends    ");
    text_rfc3339(&out, store_box_end_ms(b));
    buf_printf(&out, "\nmail    %u of %u\nbytes   %llu of %llu\n", b->messages, b->max_messages,
               (unsigned long long)b->bytes, (unsigned long long)b->max_bytes);
    if (b->flags & (BOX_NO_SEND | BOX_MAY_SEND))
        buf_puts(&out, b->flags & BOX_NO_SEND ? "sending was stopped\n" : "verified for sending\n");
    ctl_ok(ask->req, buf_str(&out));
    free(ask);
}

static void on_box_found(struct store_req *req)
{
    struct box_ask *ask = req->ctx;
    struct store_find *f = CONTAINER_OF(req, struct store_find, req);
    if (req->err != OK) {
        ctl_error(ask->req, req->err == ERR_GONE ? "no such address lives" : operate_why(req->err));
        free(ask);
    } else {
        ask->run(ask, &f->box);
    }
}

/* ---- sending ---- */
static void on_dropped(void *ctx, enum err e, size_t n, size_t leaving)
{
    struct box_ask *ask = ctx;
    AUTO_BUF struct buf out = { .max = OPERATE_TEXT_MAX };
    if (e == OK)
        buf_printf(&out, "sends no more; %zu mails that waited are gone", n);
    else
        buf_printf(&out, "sends no more; what waits could not be dropped: %s", operate_why(e));
    if (leaving > 0)
        buf_printf(&out, "; %zu were leaving just then, and may arrive", leaving);
    buf_putc(&out, '\n');
    ctl_ok(ask->req, buf_str(&out));
    free(ask);
}

/* Whoever logs in from now on is refused before the queue is emptied, so nothing slips in between. */
static void on_stopped(void *ctx, enum err e)
{
    struct box_ask *ask = ctx;
    if (e != OK || !outq_drop_box(ask->app->operator_outq, &ask->box, on_dropped, ask)) {
        ctl_error(ask->req, e == OK ? "out of memory" : operate_why(e));
        free(ask);
    }
}

static void on_allowed(void *ctx, enum err e)
{
    struct box_ask *ask = ctx;
    if (e == OK)
        ctl_ok(ask->req, S("may send\n"));
    else
        ctl_error(ask->req, operate_why(e));
    free(ask);
}

static void grant(struct box_ask *ask, const struct store_box *b, uint32_t set, uint32_t clear, send_grant_fn *done)
{
    struct send_grant g = { .box = b->id, .set = set, .clear = clear };
    ask->box = b->id;
    if (!send_grant(ask->app->store, ask->app->loop, ask->app->send, &g, done, ask)) {
        ctl_error(ask->req, "out of memory");
        free(ask);
    }
}

static void stop_sending(struct box_ask *ask, const struct store_box *b)
{
    grant(ask, b, BOX_NO_SEND, BOX_MAY_SEND, on_stopped);
}

static void allow_sending(struct box_ask *ask, const struct store_box *b)
{
    grant(ask, b, BOX_MAY_SEND, BOX_NO_SEND, on_allowed);
}

/* ---- box operator ---- */
static void on_operator(void *ctx, enum err e, const struct refusal *why, const struct mailbox_made *made)
{
    struct box_ask *ask = ctx;
    AUTO_BUF struct buf out = { .max = OPERATE_TEXT_MAX, .secret = true };
    if (e != OK) {
        ctl_error(ask->req, e == ERR_BUSY ? "it exists; end it first to lose what is in it and begin anew"
                            : why         ? why->text
                                          : operate_why(e));
        free(ask);
        return;
    }
    buf_puts(&out, "address  ");
    buf_put(&out, made->address);
    buf_puts(&out, "\ntoken    ");
    buf_put(&out, made->token);
    buf_puts(&out, "\nrecovery ");
    buf_put(&out, made->recovery);
    buf_puts(&out, "\nShown this once: without the words nobody can open it.\n");
    ctl_ok(ask->req, buf_str(&out));
    free(ask);
}

/* Where mail to postmaster@ and abuse@ goes: made once, by hand, because its secret must be seen by a person. */
static void make_operator(struct app *a, struct ctl_req *r)
{
    struct box_ask *ask = calloc(1, sizeof *ask);
    struct mailbox_spec spec = { .for_operator = true, .ttl_ms = OPERATOR_TTL_MS };
    if (ask)
        *ask = (struct box_ask){ .app = a, .req = r };
    if (!ask || !mailbox_create(a->operator_boxes, &spec, on_operator, ask)) {
        free(ask);
        ctl_error(r, "out of memory");
    }
}

static const struct {
    struct str verb;
    void (*run)(struct box_ask *ask, const struct store_box *b);
} verbs[] = { { STR("show"), show_box },
              { STR("end"), end_box },
              { STR("stop-sending"), stop_sending },
              { STR("allow-sending"), allow_sending } };

void operate_box(void *ctx, struct ctl_req *r, struct str args)
{
    struct app *a = ctx;
    struct str address, verb = str_word(args, &address);
    AUTO_ARENA struct arena scratch = { .max = OPERATE_TEXT_MAX };
    struct str key;
    size_t i = 0;
    if (str_eq(verb, S("operator"))) {
        make_operator(a, r);
        return;
    }
    while (i < COUNT(verbs) && !str_eq(verb, verbs[i].verb))
        i++;
    if (i == COUNT(verbs) || name_address_key(str_trim(address), &scratch, &key) != OK) {
        ctl_error(r, "usage: mayfly box show|end|stop-sending|allow-sending ADDRESS, mayfly box operator");
        return;
    }
    struct box_ask *ask = calloc(1, sizeof *ask);
    struct store_find *f = ask ? STORE_NEW(find, ask, on_box_found) : NULL;
    if (!f) {
        free(ask);
        ctl_error(r, "out of memory");
        return;
    }
    *ask = (struct box_ask){ .app = a, .req = r, .run = verbs[i].run };
    store_addr_hash(a->store, key, f->addr_hash);
    store_submit(a->store, a->loop, &f->req);
}
