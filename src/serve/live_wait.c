/* A held request: the oldest message after a uid that matches, as soon as there is one. It listens first and looks
 * then, so nothing falls in between; what arrives while it looks makes it look again. */
#include "serve/live.h"

struct wait {
    struct event_listener events;
    struct timer timer;
    struct http_req *r;
    struct mail_req *look;
    struct mail_query q;
    bool again;
};

/* The hold is over, not the request. */
static void stop(struct wait *w)
{
    struct api *a = api_of(w->r);
    event_unlisten(a->o.hub, &w->events);
    timer_clear(&w->timer);
    mail_cancel(w->look);
    w->look = NULL;
    live_release(a, &w->r->peer);
    w->r->drain = NULL;
    api_done(w->r);
}
static void dropped(struct http_req *r) { stop(r->state); }

static void nothing(struct wait *w)
{
    struct http_req *r = w->r;
    stop(w);
    http_reply(r, 204, NULL, (struct str){ 0 });
}
static void drain(struct http_req *r) { nothing(r->state); }
static void on_timer(struct timer *t) { nothing(CONTAINER_OF(t, struct wait, timer)); }

static void look(struct wait *w);

static void on_look(void *ctx, enum err e, const struct mail_row *rows, size_t n, bool more)
{
    struct wait *w = ctx;
    struct http_req *r = w->r;
    (void)more;
    w->look = NULL;
    if (e != OK) {
        stop(w);
        api_error(r, e, NULL);
    } else if (n > 0) {
        struct msg_id id = rows[0].row.id;
        stop(w);
        api_message_answer(r, &id);
    } else if (w->again) {
        look(w);
    }
}

static void look(struct wait *w)
{
    struct api *a = api_of(w->r);
    struct http_req *r = w->r;
    w->again = false;
    w->look = mail_list(a->o.store, a->o.loop, api_box(r), &w->q, on_look, w);
    if (!w->look) {
        stop(w);
        api_error(r, ERR_IO, NULL);
    }
}

static void on_event(struct event_listener *l, const struct event *e)
{
    struct wait *w = CONTAINER_OF(l, struct wait, events);
    struct http_req *r = w->r;
    if (e->kind == EVENT_BOX_ENDED || (e->kind == EVENT_CREDS_CHANGED && e->cred != api_box(r)->cred)) {
        stop(w);
        http_problem(r, 401, "unauthorized", "This mailbox has ended, or its keys have changed.");
        return;
    }
    if (e->kind != EVENT_MESSAGE_NEW || e->folder != w->q.folder || e->uid <= w->q.after_uid)
        return;
    if (w->look) {
        w->again = true;
    } else if (e->json.n == 0) {
        look(w);
    } else if (mail_matches(e->json, &w->q)) {
        struct msg_id id = e->msg;
        stop(w);
        api_message_answer(r, &id);
    }
}

/* NULL, or what is wrong. */
static const char *read_query(struct http_req *r, struct mail_query *q, uint32_t *seconds)
{
    struct str v;
    if (!http_query_ok(r))
        return "A % in the query must be followed by two hex digits.";
    if (http_query(r, S("since"), &v) && !str_to_u32(v, &q->after_uid))
        return "since must be a uid.";
    if (http_query(r, S("timeout"), &v) && (!str_to_u32(v, seconds) || *seconds > LIVE_WAIT_MAX_S))
        return "timeout must be seconds, at most 120.";
    if (http_query(r, S("folder"), &v) && !api_folder_no(api_box(r), v, &q->folder))
        return "There is no such folder.";
    if (http_query(r, S("has"), &v)) {
        if (!str_eq(v, S("code")))
            return "has must be \"code\".";
        q->has_code = true;
    }
    http_query(r, S("from"), &q->from);
    http_query(r, S("subject"), &q->subject);
    return NULL;
}

void live_wait(struct http_req *r)
{
    struct api *a = api_of(r);
    uint32_t seconds = LIVE_WAIT_DEFAULT_S;
    struct wait *w = arena_new(&r->arena, struct wait);
    if (!w) {
        api_error(r, ERR_IO, NULL);
        return;
    }
    *w = (struct wait){ .r = r, .q = { .folder = FOLDER_INBOX, .limit = 1, .ascending = true } };
    const char *wrong = read_query(r, &w->q, &seconds);
    if (wrong) {
        http_problem(r, 422, "bad_query", wrong);
        return;
    }
    if (!live_hold(r))
        return;
    w->events = (struct event_listener){ .box = api_box(r)->box.id, .on = on_event };
    r->state = w;
    r->dropped = dropped;
    r->drain = drain;
    event_listen(a->o.hub, a->o.loop, &w->events);
    timer_init(&w->timer, a->o.loop, on_timer);
    timer_set(&w->timer, (int64_t)seconds * 1000);
    http_hold(r, ((int64_t)seconds + 30) * 1000);
    look(w);
}
