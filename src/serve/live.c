/* Events as JSON, and the one hold that each live connection has on its network's share. */
#include "serve/live.h"

static void begin(struct json_out *o, const char *type, const struct box_id *box)
{
    json_put_object(o);
    json_kv_str(o, "type", str_c(type));
    json_kv_hex(o, "mailbox", box_id_str(box));
}

void live_put_simple(struct json_out *o, const char *type, const struct box_id *box)
{
    begin(o, type, box);
    json_put_end(o);
}

void live_put_ready(struct json_out *o, const struct opened *b)
{
    begin(o, "ready", &b->box.id);
    json_kv_time(o, "expires_at", store_box_end_ms(&b->box));
    json_put_end(o);
}

static void put_new(struct json_out *o, const struct opened *b, const struct event *e)
{
    const struct store_row row = { .id = e->msg,
                                   .folder = e->folder,
                                   .uid = e->uid,
                                   .modseq = e->modseq,
                                   .flags = e->flags,
                                   .received_ms = e->received_ms,
                                   .size = e->size };
    if (e->json.n == 0) { /* stored, but nobody here knows what is in it: look at the list */
        live_put_simple(o, "resync", &e->box);
        return;
    }
    begin(o, "message.new", &e->box);
    json_put_key(o, "message");
    api_put_row(o, b, &row, e->json);
    json_put_end(o);
    json_put_end(o);
}

static void put_changed(struct json_out *o, const struct opened *b, const struct event *e)
{
    char name[24];
    begin(o, "message.changed", &e->box);
    json_kv_hex(o, "id", msg_id_str(&e->msg));
    json_kv_u64(o, "uid", e->uid);
    json_kv_str(o, "folder", api_folder_name(b, e->folder, name));
    json_kv_bool(o, "seen", e->flags & FLAG_SEEN);
    json_kv_bool(o, "flagged", e->flags & FLAG_FLAGGED);
    json_kv_bool(o, "answered", e->flags & FLAG_ANSWERED);
    json_kv_bool(o, "junk", e->folder == FOLDER_JUNK);
    json_put_end(o);
}

static void put_box(struct json_out *o, const struct event *e)
{
    const struct store_box b = { .end_ms = e->end_ms,
                                 .idle_ttl_ms = e->idle_ttl_ms,
                                 .last_visit_ms = e->last_visit_ms };
    begin(o, "mailbox.changed", &e->box);
    json_kv_time(o, "expires_at", store_box_end_ms(&b));
    json_kv_i64(o, "idle_ttl", e->idle_ttl_ms / 1000);
    json_put_end(o);
}

static void put_attempt(struct json_out *o, const struct event *e)
{
    begin(o, "trace", &e->box);
    json_kv_raw(o, "attempt", e->json);
    json_put_end(o);
}

static void put_sending(struct json_out *o, const struct event *e)
{
    begin(o, "message.sending", &e->box);
    json_kv_raw(o, "sending", e->json);
    json_put_end(o);
}

bool live_told(const struct event *e) { return e->kind != EVENT_CREDS_CHANGED && e->kind != EVENT_FOLDER_CHANGED; }

void live_put_event(struct json_out *o, const struct opened *b, const struct event *e)
{
    switch (e->kind) {
    case EVENT_MESSAGE_NEW:
        put_new(o, b, e);
        return;
    case EVENT_MESSAGE_CHANGED:
        put_changed(o, b, e);
        return;
    case EVENT_MESSAGE_GONE:
        begin(o, "message.deleted", &e->box);
        json_kv_hex(o, "id", msg_id_str(&e->msg));
        json_put_end(o);
        return;
    case EVENT_SENDING:
        put_sending(o, e);
        return;
    case EVENT_ARRIVAL:
        put_attempt(o, e);
        return;
    case EVENT_BOX_CHANGED:
        put_box(o, e);
        return;
    case EVENT_BOX_ENDED:
        live_put_simple(o, "mailbox.ended", &e->box);
        return;
    case EVENT_FOLDER_CHANGED:
    case EVENT_CREDS_CHANGED:
        return;
    }
}

bool live_hold(struct http_req *r)
{
    if (limit_hold(api_of(r)->o.limit, LIMIT_LIVE_CONNS, &r->peer) == OK)
        return true;
    http_problem_retry(r, 429, "too_many_live", "This network has too many live connections open.", 10000);
    return false;
}
void live_release(struct api *a, const struct peer *peer) { limit_release(a->o.limit, LIMIT_LIVE_CONNS, peer); }
