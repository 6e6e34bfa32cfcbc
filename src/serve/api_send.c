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

/* ---- POST /mailbox/send ---- */

static void accepted(struct http_req *r, const struct send_result *x)
{
    struct json_out o = json_out(http_begin(r, 202, "application/json"));
    writing_put_accepted(&o, x);
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
        http_problem(r, writing_status(x->refusal), send_refusal_of(x->refusal).code, send_refusal_of(x->refusal).text);
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
