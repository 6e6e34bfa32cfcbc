/* Sending over REST, and what became of what was sent. Who may send to whom is core/send's to say. */
#include "base/text.h"
#include "core/send.h"
#include "serve/writing.h"
#include <stdlib.h>

/* ---- what a box may do: "sending" of GET /mailbox ---- */

void api_put_sending(struct json_out *o, const struct api *a, const struct opened *box)
{
    static const char *const names[] = {
        [SEND_NOBODY] = "off",
        [SEND_REPLY_ONLY] = "reply_only",
        [SEND_VERIFIED] = "verified",
        [SEND_OPEN] = "open",
    };
    struct send_allowance x = { .policy = SEND_NOBODY };
    if (a->o.send != NULL)
        send_allowance(a->o.send, box, &x);
    json_kv_object(o, "sending");
    json_kv_str(o, "policy", str_c(names[x.policy]));
    json_kv_bool(o, "verified", x.verified);
    json_kv_bool(o, "stopped", x.stopped);
    if (x.mails_left == UINT32_MAX)
        json_kv_null(o, "mails_left");
    else
        json_kv_u64(o, "mails_left", x.mails_left);
    json_kv_u64(o, "max_recipients", x.max_rcpts);
    json_kv_u64(o, "max_bytes", x.max_bytes);
    json_put_end(o);
}

bool writing_may_send(const struct http_req *r)
{
    struct send_allowance x = { .policy = SEND_NOBODY };
    if (api_of(r)->o.send != NULL)
        send_allowance(api_of(r)->o.send, api_box(r), &x);
    return x.policy != SEND_NOBODY && !x.stopped;
}

/* ---- what is written leaves ---- */

/* Whoever asked may leave: what was handed over goes its way, and its answer is there for who asks with the same key.
 */
struct sending {
    struct list link; /* of the api's */
    struct api *api;
    struct http_req *r; /* NULL: it left */
    struct box_id box;
    struct send_req *asked;
    struct once_hold once;
    bool goes_on, replies;
    struct msg_id old, answered;
    const struct outq_rcpt *rcpts;
    size_t rcpts_n;
    writing_sorry *sorry;
    writing_sent *sent;
};

/* The answer does not wait for it: the draft that was sent goes, what was answered is marked. */
static void done_quietly(void *ctx, enum err e, const struct store_row *now) { (void)ctx, (void)e, (void)now; }

static void tidy(const struct sending *s)
{
    static const struct mail_change answered = { .set = FLAG_ANSWERED };
    const struct api_opts *o = &s->api->o;
    if (s->goes_on)
        (void)mail_delete(o->store, o->hub, o->loop, &s->box, &s->old, done_quietly, NULL);
    if (s->replies)
        (void)mail_change(o->store, o->hub, o->loop, &s->box, &s->answered, &answered, done_quietly, NULL);
}

static void sending_free(struct sending *s)
{
    list_del(&s->link);
    once_drop(&s->once);
    free(s);
}

void api_send_end(struct api *a)
{
    LIST_FOR(&a->sends, it)
    {
        struct sending *s = CONTAINER_OF(it, struct sending, link);
        send_cancel(s->asked);
        sending_free(s);
    }
}

static void put_accepted(struct json_out *o, const struct send_result *x)
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

static void remember(struct sending *s, const struct send_result *x)
{
    AUTO_BUF struct buf answer = { .max = ONCE_ANSWER_MAX };
    struct json_out o = json_out(&answer);
    put_accepted(&o, x);
    once_keep(&s->once, buf_str(&answer), loop_now_ms(s->api->o.loop));
}

static int status_of(enum send_refusal why)
{
    switch (why) {
    case SEND_OK:
        return 202;
    case SEND_OFF:
    case SEND_NOT_YOUR_ADDRESS:
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
    case SEND_BAD_HEADER:
    case SEND_LONG_LINE:
    case SEND_CONTROLS:
    case SEND_LOOP:
        return 422;
    case SEND_GONE:
        return 404;
    case SEND_FULL:
    case SEND_LATER:
        break;
    }
    return 503;
}

static void refused(struct http_req *r, const struct sending *s, const struct send_result *x)
{
    struct refusal why = send_refusal_of(x->refusal);
    int status = status_of(x->refusal);
    bool one = (x->refusal == SEND_UNKNOWN_TO_BOX || x->refusal == SEND_BAD_RCPT) && x->rcpt < s->rcpts_n;
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
    if (r != NULL)
        api_done(r);
    if (x->refusal == SEND_OK) {
        tidy(s);
        remember(s, x);
    }
    if (r != NULL && x->refusal == SEND_OK)
        s->sent(r, x);
    else if (r != NULL)
        refused(r, s, x);
    sending_free(s);
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
                           .box = api_box(r)->box.id,
                           .once = w->once,
                           .goes_on = w->goes_on,
                           .old = w->old,
                           .replies = d->replies,
                           .answered = d->in_reply_to,
                           .sorry = w->sorry };
    w->once = (struct once_hold){ 0 };
    list_add_tail(&s->api->sends, &s->link);
    if (take_rcpts(s, d))
        return s;
    sending_free(s);
    return NULL;
}

void writing_send(struct http_req *r, struct writing *w, writing_sent *sent)
{
    struct sending *s = api_of(r)->o.send != NULL ? sending_of(r, w) : NULL;
    struct refusal why = send_refusal_of(api_of(r)->o.send == NULL ? SEND_OFF : SEND_TOO_MANY_RCPTS);
    writing_sorry *sorry = w->sorry;
    if (s == NULL) {
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

/* ---- POST /mailbox/send ---- */

static void accepted(struct http_req *r, const struct send_result *x)
{
    struct json_out o = json_out(http_begin(r, 202, "application/json"));
    put_accepted(&o, x);
    http_finish(r);
}

static void on_written(struct http_req *r, struct writing *w) { writing_send(r, w, accepted); }

static void begin(struct http_req *r, struct once_hold *once)
{
    static const char *const keys[] = { "undo", "draft" };
    struct writing *w = writing_new(r, http_problem_retry);
    if (w == NULL) {
        once_drop(once);
        return;
    }
    w->once = *once;
    writing_read(w, keys, COUNT(keys), on_written);
}

/* ---- the same again: its first answer may have been lost on the way ---- */

enum { LOOK_AGAIN_MS = 50 };

struct again {
    struct timer timer;
    struct http_req *r;
    struct str key;
};

static void stop_waiting(struct http_req *r) { timer_clear(&((struct again *)r->state)->timer); }

/* It may be another loop that does it, so there is nothing to be called by. */
static void look(struct again *x)
{
    struct http_req *r = x->r;
    AUTO_BUF struct buf answer = { .max = ONCE_ANSWER_MAX };
    struct once_hold hold = { 0 };
    int64_t now_ms = loop_now_ms(api_of(r)->o.loop);
    switch (once_begin(api_once(api_of(r)->o.shared), &api_box(r)->box.id, x->key, now_ms, &hold, &answer)) {
    case ONCE_NEW:
        begin(r, &hold);
        break;
    case ONCE_UNDER_WAY:
        timer_set(&x->timer, LOOK_AGAIN_MS);
        r->state = x;
        r->dropped = stop_waiting;
        break;
    case ONCE_DONE:
        http_reply(r, 202, "application/json", buf_str(&answer));
        break;
    case ONCE_FULL:
        http_problem_retry(r, 503, "busy", "Too much mail is on its way. Try again in a moment.", 2000);
        break;
    }
}

static void on_time(struct timer *t)
{
    struct again *x = CONTAINER_OF(t, struct again, timer);
    api_done(x->r);
    look(x);
}

void api_send(struct http_req *r)
{
    struct str key = http_field(&r->head, S("idempotency-key"));
    bool given = false;
    for (size_t i = 0; i < r->head.n; i++)
        given |= str_eq_nocase(r->head.fields[i].name, S("idempotency-key"));
    struct once_hold none = { 0 };
    if (!given) {
        begin(r, &none);
        return;
    }
    struct again *x = arena_new(&r->arena, struct again);
    if (x == NULL || key.n == 0 || key.n > ONCE_KEY_MAX) {
        http_problem(r, x == NULL ? 503 : 422, "bad_key", "Idempotency-Key has 1 to 128 octets.");
        return;
    }
    *x = (struct again){ .r = r, .key = key };
    timer_init(&x->timer, api_of(r)->o.loop, on_time);
    look(x);
}

/* ---- POST /mailbox/send/proof: policy "verified" ---- */

static void on_verified(void *ctx, const struct send_result *x)
{
    struct http_req *r = ctx;
    api_done(r);
    if (x->refusal != SEND_OK)
        http_problem(r, status_of(x->refusal), send_refusal_of(x->refusal).code, send_refusal_of(x->refusal).text);
    else
        http_reply(r, 204, NULL, (struct str){ 0 });
}

static void drop_proof(struct http_req *r) { send_cancel(r->state); }

void api_send_proof(struct http_req *r)
{
    static const char *const keys[] = { "challenge", "nonce" };
    const struct api *a = api_of(r);
    AUTO_JSON struct json_in j = { 0 };
    struct str challenge = { 0 }, nonce = { 0 };
    if (a->o.send == NULL) {
        http_problem(r, 403, send_refusal_of(SEND_OFF).code, send_refusal_of(SEND_OFF).text);
        return;
    }
    if (!api_body(r, &j))
        return;
    json_only(&j, j.root, keys, COUNT(keys));
    json_need_str(&j, j.root, "challenge", 128, &challenge);
    json_need_str(&j, j.root, "nonce", 64, &nonce);
    if (!api_body_ok(r, &j))
        return;
    if (api_pow_check(a->o.shared, challenge, nonce, api_pow_bits(a, true), loop_now_ms(a->o.loop)) != OK) {
        http_problem(r, 428, "pow_required", "This is no proof: GET /api/v1/pow?for=sending for a new challenge.");
        return;
    }
    struct send_req *q = send_verify(a->o.send, api_box(r), on_verified, r);
    if (q == NULL) {
        api_error(r, ERR_IO, NULL);
        return;
    }
    r->state = q;
    r->dropped = drop_proof;
}
