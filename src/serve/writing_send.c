/* What is written leaves: as a mail in the queue, with its copy in Sent. Who may send to whom is core/send's to say. */
#include "core/mail_find.h"
#include "serve/writing.h"
#include "wire/header.h"
#include <stdlib.h>
#include <string.h>

void writing_put_accepted(struct json_out *o, const struct send_result *x)
{
    json_put_object(o);
    json_kv_hex(o, "id", msg_id_str(&x->id.msg));
    if (x->has_copy)
        json_kv_hex(o, "message", msg_id_str(&x->copy));
    else
        json_kv_null(o, "message");
    json_kv_str(o, "message_id", x->message_id);
    json_kv_str(o, "state", outq_state_name(OUTQ_QUEUED));
    if (x->undo_until_ms > 0)
        json_kv_time(o, "undo_until", x->undo_until_ms);
    else
        json_kv_null(o, "undo_until");
    json_put_end(o);
}

int writing_status(enum send_refusal why)
{
    switch (why) {
    case SEND_OK:
        return 202;
    case SEND_OFF:
    case SEND_NOT_YOUR_ADDRESS:
    case SEND_NO_WAY_OUT:
    case SEND_UNKNOWN_TO_BOX:
    case SEND_STOPPED:
        return 403;
    case SEND_NOT_VERIFIED:
        return 428;
    case SEND_CAP_BOX:
    case SEND_CAP_ALL:
        return 429;
    case SEND_TOO_LARGE:
        return 413;
    case SEND_NO_RCPTS:
    case SEND_TOO_MANY_RCPTS:
    case SEND_BAD_RCPT:
    case SEND_TWO_FROM:
    case SEND_NO_FROM:
    case SEND_BAD_FROM:
    case SEND_BAD_HEADER:
    case SEND_LONG_HEADER:
    case SEND_TWICE:
    case SEND_NOT_UTF8:
    case SEND_BARE_ENDS:
    case SEND_LONG_LINE:
    case SEND_CONTROLS:
    case SEND_LOOP:
        return 422;
    case SEND_GONE:
        return 404;
    case SEND_NO_ROOM:
        return 507;
    case SEND_FULL:
    case SEND_LATER:
        break;
    }
    return 503;
}

/* Whoever asked may leave: what was handed over goes its way, and its answer is there for who asks with the same key.
 * Once that was said, what it answers is marked. */
struct sending {
    struct list link; /* of the api's */
    struct api *api;
    struct http_req *r; /* NULL: it left */
    struct opened *box; /* a reference */
    struct send_req *asked;
    struct mail_find *looked;
    struct mail_change_req *marks;
    struct once_hold once, draft; /* the client's key; the draft's own: it is sent once */
    bool goes_on, replies;
    struct msg_id old, answered, item;
    struct buf answers; /* the Message-ID, where replies is not set; or nothing */
    const struct outq_rcpt *rcpts;
    size_t rcpts_n;
    writing_sorry *sorry;
    writing_sent *sent;
};

static void sending_free(struct sending *s)
{
    list_del(&s->link);
    once_drop(&s->once);
    once_drop(&s->draft);
    opened_release(s->box);
    buf_fini(&s->answers);
    free(s);
}

/* The answer does not wait for it: the draft that was sent goes. */
static void done_quietly(void *ctx, enum err e, const struct store_row *now) { (void)ctx, (void)e, (void)now; }

static void drop_draft(const struct sending *s)
{
    const struct api_opts *o = &s->api->o;
    if (s->goes_on)
        (void)mail_delete(o->store, o->hub, o->loop, &s->box->box.id, &s->old, done_quietly, NULL);
}

/* ---- what it answers is marked, unless it is taken back ---- */

static void marked(struct sending *s, bool set)
{
    static const struct mail_change unanswered = { .clear = FLAG_ANSWERED };
    const struct api_opts *o = &s->api->o;
    const struct box_id *box = &s->box->box.id;
    if (!answers_marked(api_answers(o->shared), box, &s->item, set))
        (void)mail_change(o->store, o->hub, o->loop, box, &s->answered, &unanswered, done_quietly, NULL);
    sending_free(s);
}

static void on_marked(void *ctx, enum err e, const struct store_flag *f) { marked(ctx, e == OK && f->changed > 0); }

static void mark(struct sending *s)
{
    const struct api_opts *o = &s->api->o;
    const struct mail_at at = { .store = o->store, .hub = o->hub, .loop = o->loop, .opened = s->box };
    const struct store_pick one = { .ids = &s->answered, .n = 1 };
    const struct mail_flags f = { .set = FLAG_ANSWERED };
    if (!answers_mark(api_answers(o->shared), &s->box->box.id, &s->item, &s->answered))
        sending_free(s);
    else if (!(s->marks = mail_flag(&at, &one, &f, on_marked, s)))
        marked(s, false);
}

static void on_found(void *ctx, enum err e, const struct msg_id *id)
{
    struct sending *s = ctx;
    s->looked = NULL;
    if (e != OK) {
        sending_free(s);
        return;
    }
    s->answered = *id;
    mark(s);
}

static void mark_answered(struct sending *s)
{
    const struct api_opts *o = &s->api->o;
    if (s->replies) {
        mark(s);
        return;
    }
    if (s->answers.n > 0)
        s->looked = mail_find(o->store, o->loop, s->box, buf_str(&s->answers), on_found, s);
    if (!s->looked)
        sending_free(s);
}

void api_send_end(struct api *a)
{
    LIST_FOR(&a->sends, it)
    {
        struct sending *s = CONTAINER_OF(it, struct sending, link);
        send_cancel(s->asked);
        mail_find_cancel(s->looked);
        mail_change_cancel(s->marks);
        sending_free(s);
    }
}

static void remember(struct sending *s, const struct send_result *x)
{
    AUTO_BUF struct buf answer = { .max = ONCE_ANSWER_MAX };
    struct json_out o = json_out(&answer);
    writing_put_accepted(&o, x);
    once_keep(&s->once, buf_str(&answer), loop_now_ms(s->api->o.loop));
    once_keep(&s->draft, S(""), loop_now_ms(s->api->o.loop));
}

static void refused(struct http_req *r, const struct sending *s, const struct send_result *x)
{
    struct refusal why = send_refusal_of(x->refusal);
    int status = writing_status(x->refusal);
    bool of_one = x->refusal == SEND_NO_WAY_OUT || x->refusal == SEND_UNKNOWN_TO_BOX || x->refusal == SEND_BAD_RCPT;
    bool one = of_one && x->rcpt < s->rcpts_n;
    AUTO_BUF struct buf text = { .max = 1024 };
    if (one) {
        buf_put(&text, s->rcpts[x->rcpt].address);
        buf_puts(&text, ": ");
    }
    buf_puts(&text, why.text);
    buf_putc(&text, '\0');
    const char *said = text.failed ? why.text : text.p;
    bool later = status == 429 || status == 503;
    s->sorry(r, status, why.code, said, later ? MAX(x->retry_ms, (int64_t)1000) : 0);
}

static void on_sent(void *ctx, const struct send_result *x)
{
    struct sending *s = ctx;
    struct http_req *r = s->r;
    s->asked = NULL;
    s->r = NULL;
    if (r != NULL)
        api_done(r);
    if (x->refusal != SEND_OK) {
        if (r != NULL)
            refused(r, s, x);
        sending_free(s);
        return;
    }
    s->item = x->id.msg;
    if (s->replies || s->answers.n > 0)
        answers_sent(api_answers(s->api->o.shared), &s->box->box.id, &s->item, loop_now_ms(s->api->o.loop));
    drop_draft(s);
    remember(s, x);
    if (r != NULL)
        s->sent(r, x);
    mark_answered(s);
}

static void left(struct http_req *r) { ((struct sending *)r->state)->r = NULL; }

/* Copies in the request's arena: they outlive the draft. */
static size_t add_rcpts(struct http_req *r, const struct draft_people *p, struct outq_rcpt *v, size_t n)
{
    for (size_t i = 0; i < p->n; i++)
        v[n++] = (struct outq_rcpt){ .address = api_keep(r, p->v[i].address) };
    return n;
}

/* False: memory. */
static bool take_rcpts(struct sending *s, const struct draft *d)
{
    struct http_req *r = s->r;
    struct outq_rcpt *v = arena_array(&r->arena, d->to.n + d->cc.n + d->bcc.n + 1, sizeof *v);
    if (v == NULL)
        return false;
    s->rcpts_n = add_rcpts(r, &d->to, v, 0);
    s->rcpts_n = add_rcpts(r, &d->cc, v, s->rcpts_n);
    s->rcpts_n = add_rcpts(r, &d->bcc, v, s->rcpts_n);
    s->rcpts = v;
    for (size_t i = 0; i < s->rcpts_n; i++)
        if (v[i].address.p == NULL)
            return false;
    return true;
}

static struct sending *sending_of(struct http_req *r, struct writing *w)
{
    const struct draft *d = &w->draft;
    struct sending *s = calloc(1, sizeof *s);
    if (s == NULL)
        return NULL;
    *s = (struct sending){ .api = api_of(r),
                           .r = r,
                           .box = opened_hold(api_box(r)),
                           .once = w->once,
                           .goes_on = w->goes_on,
                           .old = w->old,
                           .replies = d->replies,
                           .answered = d->in_reply_to,
                           .sorry = w->sorry };
    w->once = (struct once_hold){ 0 };
    list_add_tail(&s->api->sends, &s->link);
    s->answers = (struct buf){ .max = 256 };
    struct str rest;
    if (!d->replies)
        buf_put(&s->answers, header_msgid(d->answered, &rest));
    if (take_rcpts(s, d))
        return s;
    sending_free(s);
    return NULL;
}

/* Its own key, since it is there until it has been deleted, a moment after the mail is on its way. */
static enum once_is draft_once(struct http_req *r, const struct writing *w, struct once_hold *hold)
{
    AUTO_BUF struct buf unused = { .max = ONCE_ANSWER_MAX };
    char key[1 + sizeof w->old.b] = { 1 }; /* which no header field can begin with */
    memcpy(key + 1, w->old.b, sizeof w->old.b);
    return once_begin(api_once(api_of(r)->o.shared), &api_box(r)->box.id, str_of(key, sizeof key),
                      loop_now_ms(api_of(r)->o.loop), hold, &unused);
}

/* False: answered, w is gone. */
static bool is_first_of_draft(struct http_req *r, struct writing *w, struct once_hold *hold)
{
    enum once_is is = w->goes_on ? draft_once(r, w, hold) : ONCE_NEW;
    writing_sorry *sorry = w->sorry;
    if (is == ONCE_NEW)
        return true;
    writing_free(w);
    if (is == ONCE_FULL)
        sorry(r, 503, "busy", "Too much mail is on its way. Try again in a moment.", 2000);
    else
        sorry(r, 404, WRITING_WANTS_DRAFT.code, WRITING_WANTS_DRAFT.text, 0);
    return false;
}

void writing_send(struct http_req *r, struct writing *w, writing_sent *sent)
{
    struct once_hold draft = { 0 };
    if (!is_first_of_draft(r, w, &draft))
        return;
    struct sending *s = api_of(r)->o.send != NULL ? sending_of(r, w) : NULL;
    struct refusal why = send_refusal_of(api_of(r)->o.send == NULL ? SEND_OFF : SEND_TOO_MANY_RCPTS);
    writing_sorry *sorry = w->sorry;
    if (s == NULL) {
        once_drop(&draft);
        writing_free(w);
        sorry(r, api_of(r)->o.send == NULL ? 403 : 422, why.code, why.text, 0);
        return;
    }
    struct send_mail m = { .from = api_box(r),
                           .rcpts = s->rcpts,
                           .rcpts_n = s->rcpts_n,
                           .undo_ms = w->undo_ms,
                           .keep_copy = true,
                           .peer = r->peer,
                           .data = w->message };
    s->sent = sent;
    s->draft = draft;
    w->message = (struct intake){ 0 };
    writing_free(w);
    s->asked = send_mail(api_of(r)->o.send, &m, on_sent, s);
    if (s->asked == NULL) {
        sending_free(s);
        sorry(r, 503, "unavailable", "The server cannot do this right now. Try again in a while.", 2000);
        return;
    }
    r->state = s;
    r->dropped = left;
}
