/* What holders ask of their waiting mail: the request goes to the out loop, is answered there, and comes back. */
#include "base/secret.h"
#include "core/outq_queue.h"
#include "wire/json.h"
#include <string.h>

static struct outq_req *ask(struct outq *q, const struct box_id *box, void (*there)(struct job *j), void *ctx)
{
    struct outq_req *r = outq_req_new(q, ctx);
    if (!r)
        return NULL;
    r->box = *box;
    r->job.run = there;
    return r;
}

/* Back on the asker's loop by r->job, which then runs `here`. */
static void go_back(struct outq_req *r, enum err e, void (*here)(struct job *j))
{
    r->job.run = here;
    outq_req_back(r, e);
}

/* ---- recall ---- */

static void recall_here(struct job *j)
{
    struct outq_req *r = CONTAINER_OF(j, struct outq_req, job);
    if (!r->cancelled)
        r->done.put(r->ctx, r->err, r->err == OK ? &r->id : NULL);
    outq_req_free(r);
}

/* Its box's alone, and those that have finished among them. One that is dropped was taken back, by whoever asked first.
 */
static struct outq_item *find(const struct outq_run *run, const struct outq_req *r)
{
    const struct outq_sender_box *b = map_get(&run->boxes, box_id_str(&r->box));
    for (const struct list *node = b ? b->items.next : NULL; b && node != &b->items; node = node->next) {
        struct outq_item *it = CONTAINER_OF(node, struct outq_item, in_box);
        if (memcmp(&it->id, &r->id, sizeof it->id) == 0)
            return it->dropped ? NULL : it;
    }
    return NULL;
}

static void recall_there(struct job *j)
{
    struct outq_req *r = CONTAINER_OF(j, struct outq_req, job);
    struct outq_run *run = r->q->s->out;
    struct outq_item *it = find(run, r);
    if (!it || !outq_item_recallable(it)) {
        go_back(r, it ? ERR_DENIED : ERR_GONE, recall_here);
        return;
    }
    r->job.run = recall_here;
    it->recall = r;
    outq_drop_item(run, it);
}

struct outq_req *outq_recall(struct outq *q, const struct box_id *box, const struct outq_id *id, outq_put_fn *done,
                             void *ctx)
{
    struct outq_req *r = ask(q, box, recall_there, ctx);
    if (!r)
        return NULL;
    r->done.put = done;
    r->id = *id;
    post(q->s->out_loop, &r->job);
    return r;
}

/* ---- all of a box ---- */

static void drop_here(struct job *j)
{
    struct outq_req *r = CONTAINER_OF(j, struct outq_req, job);
    if (!r->cancelled)
        r->done.drop(r->ctx, r->err, r->n, r->leaving);
    outq_req_free(r);
}

static void drop_there(struct job *j)
{
    struct outq_req *r = CONTAINER_OF(j, struct outq_req, job);
    struct outq_run *run = r->q->s->out;
    struct outq_sender_box *b = map_get(&run->boxes, box_id_str(&r->box));
    const struct list *end = b ? &b->items : NULL;
    for (struct list *node = b ? end->next : NULL, *next; node != end; node = next) {
        struct outq_item *it = CONTAINER_OF(node, struct outq_item, in_box);
        next = node->next;
        if (it->finished || it->dropped || !outq_item_open(it))
            continue;
        bool leaving = outq_item_leaving(it);
        if (!outq_stop_item(run, it, S("")))
            continue;
        if (leaving)
            r->leaving++;
        else
            r->n++;
    }
    go_back(r, OK, drop_here);
}

struct outq_req *outq_drop_box(struct outq *q, const struct box_id *box, outq_drop_fn *done, void *ctx)
{
    struct outq_req *r = ask(q, box, drop_there, ctx);
    if (!r)
        return NULL;
    r->done.drop = done;
    post(q->s->out_loop, &r->job);
    return r;
}

/* ---- list ---- */

static void list_here(struct job *j)
{
    struct outq_req *r = CONTAINER_OF(j, struct outq_req, job);
    if (!r->cancelled)
        r->done.list(r->ctx, r->err, r->infos, r->err == OK ? r->n : 0);
    outq_req_free(r);
}

static bool copy_info(struct arena *a, const struct outq_item *it, struct outq_info *out)
{
    struct outq_info_rcpt *rcpts = arena_array(a, it->rcpts_n, sizeof *rcpts);
    if (!rcpts)
        return false;
    outq_item_info(it, rcpts, out);
    for (size_t i = 0; i < it->rcpts_n; i++) {
        rcpts[i].address = arena_dup(a, rcpts[i].address);
        rcpts[i].enhanced = arena_dup(a, rcpts[i].enhanced);
        rcpts[i].text = arena_dup(a, rcpts[i].text);
        if (!rcpts[i].address.p)
            return false;
    }
    return true;
}

static enum err list_all(struct outq_req *r, const struct outq_sender_box *b)
{
    size_t n = 0;
    LIST_FOR(&b->items, node) { n++; }
    r->infos = arena_array(&r->arena, n, sizeof *r->infos);
    if (!r->infos)
        return ERR_BUSY;
    for (const struct list *node = b->items.prev; node != &b->items; node = node->prev) {
        const struct outq_item *it = CONTAINER_OF(node, struct outq_item, in_box);
        if (it->dropped)
            continue;
        if (!copy_info(&r->arena, it, &r->infos[r->n++]))
            return ERR_BUSY;
    }
    return OK;
}

static void list_there(struct job *j)
{
    struct outq_req *r = CONTAINER_OF(j, struct outq_req, job);
    const struct outq_sender_box *b = map_get(&r->q->s->out->boxes, box_id_str(&r->box));
    go_back(r, b ? list_all(r, b) : OK, list_here);
}

struct outq_req *outq_list(struct outq *q, const struct box_id *box, outq_list_fn *done, void *ctx)
{
    struct outq_req *r = ask(q, box, list_there, ctx);
    if (!r)
        return NULL;
    r->done.list = done;
    post(q->s->out_loop, &r->job);
    return r;
}

/* ---- as JSON ---- */

struct str outq_state_name(enum outq_state s)
{
    switch (s) {
    case OUTQ_QUEUED:
        return S("queued");
    case OUTQ_DELAYED:
        return S("delayed");
    case OUTQ_SENT:
        return S("sent");
    case OUTQ_FAILED:
        return S("failed");
    }
    return S("queued");
}

static void put_rcpt(struct json_out *o, const struct outq_info_rcpt *r)
{
    json_put_object(o);
    json_kv_str(o, "address", r->address);
    json_kv_str(o, "state", outq_state_name(r->state));
    if (r->code)
        json_kv_u64(o, "code", r->code);
    else
        json_kv_null(o, "code");
    if (r->enhanced.n)
        json_kv_str(o, "status", r->enhanced);
    else
        json_kv_null(o, "status");
    if (r->text.n)
        json_kv_str(o, "reason", r->text);
    else
        json_kv_null(o, "reason");
    json_put_end(o);
}

static void put_time(struct json_out *o, const char *key, int64_t ms)
{
    if (ms)
        json_kv_time(o, key, ms);
    else
        json_kv_null(o, key);
}

void outq_info_put(struct buf *json, const struct outq_info *i)
{
    static const struct msg_id none;
    struct json_out o = json_out(json);
    json_put_object(&o);
    json_kv_hex(&o, "id", msg_id_str(&i->id.msg));
    if (memcmp(&i->sent, &none, sizeof none) != 0)
        json_kv_hex(&o, "message", msg_id_str(&i->sent));
    else
        json_kv_null(&o, "message");
    json_kv_str(&o, "state", outq_state_name(i->state));
    json_kv_bool(&o, "recallable", i->recallable);
    json_kv_time(&o, "created_at", i->created_ms);
    put_time(&o, "not_before", i->not_before_ms);
    put_time(&o, "next_try_at", i->next_ms);
    json_kv_time(&o, "expires_at", i->end_ms);
    json_kv_array(&o, "recipients");
    for (size_t k = 0; k < i->rcpts_n; k++)
        put_rcpt(&o, &i->rcpts[k]);
    json_put_end(&o);
    json_put_end(&o);
}

void outq_tell_state(struct outq_run *r, const struct outq_item *it)
{
    AUTO_BUF struct buf json = { .max = OUTQ_RECORD_MAX, .secret = true };
    AUTO_ARENA struct arena a = { .max = 1 << 20 };
    struct outq_info info;
    if (!it->has_box || event_listeners(r->s->o.hub) == 0)
        return;
    struct outq_info_rcpt *rcpts = arena_array(&a, it->rcpts_n, sizeof *rcpts);
    if (!rcpts)
        return;
    outq_item_info(it, rcpts, &info);
    outq_info_put(&json, &info);
    struct event *e = json.failed ? NULL : event_new(r->s->o.hub, EVENT_SENDING, &it->box, buf_str(&json));
    if (!e)
        return;
    e->msg = it->sent;
    event_publish(e);
}
