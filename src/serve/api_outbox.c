/* What waits to leave and what became of it, over REST; and taking back what has not left. */
#include "base/text.h"
#include "core/send.h"
#include "serve/api.h"

static void drop_outq(struct http_req *r) { outq_cancel(r->state); }

static void wait_outq(struct http_req *r, struct outq_req *q)
{
    if (q == NULL) {
        api_error(r, ERR_IO, NULL);
        return;
    }
    r->state = q;
    r->dropped = drop_outq;
}

static void on_all(void *ctx, enum err e, const struct outq_info *all, size_t n)
{
    struct http_req *r = ctx;
    api_done(r);
    if (e != OK) {
        api_error(r, e, NULL);
        return;
    }
    struct json_out o = api_json(r, 200);
    json_kv_array(&o, "outbox");
    for (size_t i = 0; i < n; i++) {
        AUTO_BUF struct buf one = { .max = 4 << 20 };
        outq_info_put(&one, &all[i]);
        json_put_raw(&o, buf_str(&one));
    }
    json_put_end(&o);
    json_put_end(&o);
    http_finish(r);
}

void api_outbox(struct http_req *r)
{
    if (api_of(r)->o.outq == NULL)
        on_all(r, OK, NULL, 0);
    else
        wait_outq(r, outq_list(api_of(r)->o.outq, &api_box(r)->box.id, on_all, r));
}

/* ---- how many wait ---- */

struct count {
    outbox_counted *done;
};

static void on_counted(void *ctx, enum err e, const struct outq_info *all, size_t n)
{
    struct http_req *r = ctx;
    const struct count *x = r->user;
    size_t waiting = 0;
    api_done(r);
    for (size_t i = 0; e == OK && i < n; i++)
        waiting += all[i].next_ms != 0 && !all[i].leaving;
    x->done(r, waiting);
}

void outbox_count(struct http_req *r, outbox_counted *done)
{
    struct count *x = arena_new(&r->arena, struct count);
    struct outq *q = api_of(r)->o.outq;
    struct outq_req *asked = NULL;
    if (x != NULL)
        *x = (struct count){ done };
    r->user = x;
    if (x != NULL && q != NULL)
        asked = outq_list(q, &api_box(r)->box.id, on_counted, r);
    if (asked == NULL)
        done(r, 0);
    else
        wait_outq(r, asked);
}

/* ---- taking back: found, recalled, its mark goes (answers.h), and its copy in Sent is a draft again ---- */

struct recall {
    struct outq_id id;
    struct msg_id sent;
    bool found;
    outbox_recalled *done;
};

static void end(struct http_req *r, enum err e, const struct msg_id *draft)
{
    ((const struct recall *)r->user)->done(r, e, draft);
}

static void on_moved(void *ctx, enum err e, const struct store_row *now)
{
    struct http_req *r = ctx;
    api_done(r);
    end(r, OK, e == OK ? &now->id : NULL);
}

/* The answer does not wait for it. */
static void done_quietly(void *ctx, enum err e, const struct store_row *now) { (void)ctx, (void)e, (void)now; }

static void unmark(struct http_req *r, const struct outq_id *item)
{
    static const struct mail_change unanswered = { .clear = FLAG_ANSWERED };
    const struct api_opts *o = &api_of(r)->o;
    const struct box_id *box = &api_box(r)->box.id;
    struct msg_id of;
    if (answers_back(api_answers(o->shared), box, &item->msg, &of))
        (void)mail_change(o->store, o->hub, o->loop, box, &of, &unanswered, done_quietly, NULL);
}

static void on_recalled(void *ctx, enum err e, const struct outq_id *id)
{
    static const struct mail_change back = { .set = FLAG_DRAFT | FLAG_SEEN, .folder = FOLDER_DRAFTS };
    static const struct msg_id none;
    struct http_req *r = ctx;
    const struct recall *x = r->user;
    (void)id;
    api_done(r);
    if (e == OK)
        unmark(r, &x->id);
    if (e != OK || str_eq(msg_id_str(&x->sent), msg_id_str(&none)))
        end(r, e, NULL);
    else
        api_wait_change(r, api_change(r, &x->sent, &back, on_moved));
}

static void on_found(void *ctx, enum err e, const struct outq_info *all, size_t n)
{
    struct http_req *r = ctx;
    struct recall *x = r->user;
    api_done(r);
    for (size_t i = 0; e == OK && i < n && !x->found; i++)
        if (str_eq(msg_id_str(&all[i].id.msg), msg_id_str(&x->id.msg))) {
            x->found = true;
            x->sent = all[i].sent;
        }
    if (e != OK || !x->found)
        end(r, e != OK ? e : ERR_GONE, NULL);
    else
        wait_outq(r, outq_recall(api_of(r)->o.outq, &api_box(r)->box.id, &x->id, on_recalled, r));
}

void outbox_recall(struct http_req *r, const struct msg_id *id, outbox_recalled *done)
{
    struct recall *x = arena_new(&r->arena, struct recall);
    if (x == NULL || api_of(r)->o.outq == NULL) {
        done(r, x == NULL ? ERR_IO : ERR_GONE, NULL);
        return;
    }
    *x = (struct recall){ .id = { .msg = *id }, .done = done };
    r->user = x;
    wait_outq(r, outq_list(api_of(r)->o.outq, &api_box(r)->box.id, on_found, r));
}

/* ---- DELETE /mailbox/outbox/{id} ---- */

static void on_taken_back(struct http_req *r, enum err e, const struct msg_id *draft)
{
    if (e == ERR_DENIED)
        http_problem(r, 409, "too_late", "Some of it has left already, or is leaving just now.");
    else if (e != OK)
        api_error(r, e, NULL);
    if (e != OK)
        return;
    struct json_out o = api_json(r, 200);
    json_kv_str(&o, "id", r->params[0]);
    if (draft != NULL)
        json_kv_hex(&o, "draft", msg_id_str(draft));
    else
        json_kv_null(&o, "draft");
    json_put_end(&o);
    http_finish(r);
}

void api_recall(struct http_req *r)
{
    struct msg_id id;
    if (api_msg_id(r, r->params[0], &id))
        outbox_recall(r, &id, on_taken_back);
}
