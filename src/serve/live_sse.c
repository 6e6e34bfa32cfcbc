/* Server-sent events (HTML standard, section 9.2) of one mailbox; an event's id is the mailbox's modseq, and on one
 * stream ids only grow. It listens first and then reads what came after Last-Event-ID; what is published meanwhile is
 * not sent but read from the store again, and what was read is not sent again when its event comes. */
#include "base/secret.h"
#include "core/seal.h"
#include "serve/live.h"
#include <string.h>

enum { EVENT_MAX = 256 * 1024, CHANGES_MAX = 1000 };

struct sse {
    struct event_listener events;
    struct timer ping;
    struct http_req *r;
    const struct live_sse_shape *shape;
    struct store_req *changes; /* under way */
    uint64_t since;
    bool again, lagging, fresh; /* fresh: nobody has been here before, only the modseq is wanted */
};

static void stop(struct sse *s)
{
    struct api *a = api_of(s->r);
    event_unlisten(a->o.hub, &s->events);
    timer_clear(&s->ping);
    if (s->changes)
        store_cancel(s->changes);
    s->changes = NULL;
    live_release(a, &s->r->peer);
    s->r->drain = NULL;
    s->r->more = NULL;
    api_done(s->r);
}
static void dropped(struct http_req *r) { stop(r->state); }
static void end(struct sse *s)
{
    struct http_req *r = s->r;
    stop(s);
    http_stream_end(r);
}
static void drain(struct http_req *r) { end(r->state); }

static void send_line(struct sse *s, uint64_t id, struct str json)
{
    AUTO_BUF struct buf b = { .max = EVENT_MAX, .secret = true };
    if (json.n == 0)
        return;
    if (id)
        buf_printf(&b, "id: %llu\n", (unsigned long long)id);
    buf_puts(&b, "data: ");
    buf_put(&b, json);
    buf_puts(&b, "\n\n");
    if (!b.failed)
        http_stream_put(s->r, buf_str(&b));
}

static void send_simple(struct sse *s, const char *type)
{
    AUTO_BUF struct buf b = { .max = 256 };
    struct json_out o = json_out(&b);
    live_put_simple(&o, type, &api_box(s->r)->box.id);
    send_line(s, s->since, buf_str(&b));
}
static void send_ready(struct sse *s)
{
    AUTO_BUF struct buf b = { .max = 256 };
    struct json_out o = json_out(&b);
    live_put_ready(&o, api_box(s->r));
    send_line(s, s->since, buf_str(&b));
}

/* ---- catching up ---- */
static void send_row(struct sse *s, const struct store_row *row)
{
    struct opened *box = api_box(s->r);
    AUTO_BUF struct buf env = { .max = EVENT_MAX, .secret = true }, line = { .max = EVENT_MAX, .secret = true };
    uint8_t k[KEY_N];
    enum err e = opened_message_key(box, row->env, &row->id, k);
    if (e == OK)
        e = open_env(&env, row->env, k, &box->box.id, &row->id);
    secret_wipe(k, sizeof k);
    if (e != OK)
        return;
    struct json_out o = json_out(&line);
    json_put_object(&o);
    json_kv_str(&o, "type", S("message.new"));
    json_kv_hex(&o, "mailbox", box_id_str(&box->box.id));
    json_put_key(&o, "message");
    api_put_row(&o, box, row, buf_str(&env));
    json_put_end(&o);
    json_put_end(&o);
    send_line(s, row->modseq, buf_str(&line));
}
static void send_gone(struct sse *s, const struct store_gone *g)
{
    AUTO_BUF struct buf b = { .max = 256 };
    struct json_out o = json_out(&b);
    json_put_object(&o);
    json_kv_str(&o, "type", S("message.deleted"));
    json_kv_hex(&o, "mailbox", box_id_str(&api_box(s->r)->box.id));
    json_kv_hex(&o, "id", msg_id_str(&g->id));
    json_put_end(&o);
    send_line(s, g->modseq, buf_str(&b));
}

/* A moved message is gone where it was, then new where it is. */
static void send_changes(struct sse *s, const struct store_changes *c)
{
    size_t row = 0, gone = 0;
    while (row < c->n || gone < c->gone_n)
        if (gone == c->gone_n || (row < c->n && c->rows[row].modseq < c->gone[gone].modseq))
            send_row(s, &c->rows[row++]);
        else
            send_gone(s, &c->gone[gone++]);
}

static void ask_changes(struct sse *s);

static void on_changes(struct store_req *q)
{
    struct sse *s = q->ctx;
    const struct store_changes *c = (const struct store_changes *)(void *)q;
    s->changes = NULL;
    if (q->err != OK) {
        end(s);
        return;
    }
    bool unknown = s->since > c->modseq; /* an id that was never given out here */
    bool missed = c->too_old || c->n >= CHANGES_MAX || unknown;
    s->since = c->modseq;
    if (s->fresh)
        send_ready(s);
    else if (missed)
        send_simple(s, "resync");
    else
        send_changes(s, c);
    s->fresh = false;
    if (s->again)
        ask_changes(s);
}

static void ask_changes(struct sse *s)
{
    struct api *a = api_of(s->r);
    struct store_changes *c = STORE_NEW(changes, s, on_changes);
    s->again = false;
    if (!c) {
        end(s);
        return;
    }
    c->box = api_box(s->r)->box.id;
    c->since = s->fresh ? api_box(s->r)->box.modseq : s->since;
    c->want_env = !s->fresh;
    c->limit = s->fresh ? 1 : CHANGES_MAX;
    s->changes = &c->req;
    store_submit(a->o.store, a->o.loop, &c->req);
}

/* ---- live ---- */
static void on_event(struct event_listener *l, const struct event *e)
{
    struct sse *s = CONTAINER_OF(l, struct sse, events);
    if (e->kind == EVENT_CREDS_CHANGED) {
        if (e->cred != api_box(s->r)->cred)
            end(s); /* come back and show the token again */
        return;
    }
    bool mail = e->modseq > 0;
    if (mail && s->changes)
        s->again = true;
    if (mail && (s->changes || e->modseq <= s->since))
        return;
    s->lagging = s->lagging || http_unsent(s->r) > LIVE_UNSENT_MAX;
    if (!s->lagging) {
        AUTO_BUF struct buf b = { .max = EVENT_MAX, .secret = true };
        s->shape->put(s->r, &b, e);
        s->since = MAX(s->since, e->modseq);
        send_line(s, s->shape->resume ? e->modseq : 0, buf_str(&b));
    }
    if (e->kind == EVENT_BOX_ENDED)
        end(s);
}

static void on_more(struct http_req *r)
{
    struct sse *s = r->state;
    if (!s->lagging)
        return;
    s->lagging = false;
    if (s->shape->resume)
        send_simple(s, "resync");
}

static void on_ping(struct timer *t)
{
    struct sse *s = CONTAINER_OF(t, struct sse, ping);
    mailbox_visit(api_of(s->r)->o.boxes, api_box(s->r));
    if (!s->lagging)
        http_stream_put(s->r, S(":\n\n"));
    timer_set(&s->ping, LIVE_PING_MS);
}

void live_sse(struct http_req *r, const struct live_sse_shape *shape)
{
    struct api *a = api_of(r);
    uint64_t last = 0;
    struct str id = http_field(&r->head, S("last-event-id"));
    struct sse *s = arena_new(&r->arena, struct sse);
    if (!s) {
        api_error(r, ERR_IO, NULL);
        return;
    }
    if (!live_hold(r))
        return;
    bool resumes = shape->resume && id.n > 0;
    if (resumes && !str_to_u64(id, &last))
        last = UINT64_MAX; /* never given out either */
    *s = (struct sse){ .r = r, .shape = shape, .fresh = !resumes, .since = last };
    http_header(r, "X-Accel-Buffering", S("no"));
    r->keep = r->keep && !r->head.http10;
    struct peer peer = r->peer;
    if (!http_stream_begin(r, 200, "text/event-stream", UINT64_MAX)) {
        live_release(a, &peer); /* HEAD: r is gone */
        return;
    }
    http_hold(r, 0);
    r->state = s;
    r->dropped = dropped;
    r->drain = drain;
    r->more = on_more;
    s->events = (struct event_listener){ .box = api_box(r)->box.id, .on = on_event };
    event_listen(a->o.hub, a->o.loop, &s->events);
    timer_init(&s->ping, a->o.loop, on_ping);
    timer_set(&s->ping, LIVE_PING_MS);
    if (shape->resume)
        ask_changes(s);
    else
        http_stream_put(r, S(":\n\n"));
}

static void put_native(struct http_req *r, struct buf *out, const struct event *e)
{
    struct json_out o = json_out(out);
    live_put_event(&o, api_box(r), e);
}
void live_events(struct http_req *r)
{
    static const struct live_sse_shape native = { .put = put_native, .resume = true };
    live_sse(r, &native);
}
