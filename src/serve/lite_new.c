/* A new address. People look for mail by reloading, and what they reload is the answer to this form: it carries a value
 * of one use, and the same form again gets the same page (once.h), from memory, as long as that is kept and the address
 * lives. A value that is older than that makes nothing any more. A form without one, of a script, makes an address each
 * time. */
#include "base/rand.h"
#include "serve/lite_page.h"

enum { VALUE_N = 24, LOOK_AGAIN_MS = 50 }; /* when it was written, then chance: who guesses it has the address */

struct making {
    struct http_req *r;
    struct timer timer; /* another request is at it */
    struct mailbox_req *asked;
    struct once_hold once;
    struct str value;    /* empty: none */
    uint8_t key[HASH_N]; /* of the whole form: with another name it is another address */
    struct str page;     /* as it was said before */
};

void lite_put_value(struct buf *b, int64_t now_ms)
{
    uint8_t value[VALUE_N];
    char hex[2 * VALUE_N];
    rand_bytes(value, sizeof value);
    put_be64(value, (uint64_t)now_ms);
    lite_hidden(b, "once", str_of(hex, text_hex(hex, str_of(value, sizeof value))));
}

static void drop(struct http_req *r)
{
    struct making *m = r->state;
    timer_clear(&m->timer);
    mailbox_cancel(m->asked);
    once_drop(&m->once);
}

static void on_made(void *ctx, enum err e, const struct refusal *why, const struct mailbox_made *made)
{
    struct making *m = ctx;
    struct http_req *r = m->r;
    AUTO_BUF struct buf kept = { .max = ONCE_ANSWER_MAX, .secret = true };
    api_done(r);
    if (e != OK) {
        once_drop(&m->once);
        lite_failed(r, e, why);
        return;
    }
    buf_printf(&kept, "%.*s\n", STR_FMT(made->token)); /* the page is for who has it as long as it opens something */
    lite_put_made(&kept, made);
    once_keep(&m->once, buf_str(&kept), loop_now_ms(api_of(r)->o.loop));
    lite_made(r, str_from(buf_str(&kept), made->token.n + 1), false);
}

static void make(struct making *m)
{
    struct http_req *r = m->r;
    struct api *a = api_of(r);
    struct mailbox_spec spec = { 0 };
    int64_t retry_ms = 0;
    if (limit_take(a->o.limit, LIMIT_CREATE, &r->peer, 1, loop_now_ms(a->o.loop), &retry_ms) != OK) {
        once_drop(&m->once);
        lite_sorry(r, 429, "Your network has made many mailboxes. Wait a while.");
        return;
    }
    http_form(r, S("local"), &spec.local);
    spec.local = str_trim(spec.local);
    m->asked = mailbox_create(a->o.boxes, &spec, on_made, m);
    if (!m->asked) {
        once_drop(&m->once);
        lite_failed(r, ERR_IO, NULL);
        return;
    }
    r->state = m;
    r->dropped = drop;
}

static bool is_old(const struct making *m)
{
    uint8_t value[VALUE_N];
    return text_unhex(m->value, value, sizeof value) != OK ||
           (int64_t)get_be64(value) + ONCE_MS <= api_now_ms(api_of(m->r));
}

static void on_still(void *ctx, enum err e, struct opened *o, int64_t retry_ms)
{
    struct http_req *r = ctx;
    const struct making *m = r->user;
    (void)retry_ms;
    api_done(r);
    opened_release(o);
    if (e == OK)
        lite_made(r, m->page, true);
    else if (e == ERR_DENIED)
        lite_sorry(r, 410, "The address that this form made has ended.");
    else
        lite_failed(r, e, NULL);
}

/* What was said before, if that box is still there. */
static void again(struct making *m, struct str kept)
{
    struct http_req *r = m->r;
    struct str page, token = str_line(kept, &page);
    m->page = arena_dup(&r->arena, page);
    r->user = m;
    if (m->page.p)
        api_wait_auth(r, auth_token(api_of(r)->o.auth, token, &r->peer, on_still, r));
    else
        lite_failed(r, ERR_IO, NULL);
}

static void look(struct making *m)
{
    static const struct box_id none; /* the value in it is chance: it is nobody else's */
    struct http_req *r = m->r;
    struct api *a = api_of(r);
    AUTO_BUF struct buf kept = { .max = ONCE_ANSWER_MAX, .secret = true };
    switch (once_begin(api_once(a->o.shared), &none, str_of(m->key, HASH_N), loop_now_ms(a->o.loop), &m->once, &kept)) {
    case ONCE_NEW:
        if (!is_old(m)) {
            make(m);
            return;
        }
        once_drop(&m->once);
        lite_sorry(r, 410, "This form was sent before, or is too old. Nothing was made.");
        return;
    case ONCE_UNDER_WAY:
        timer_set(&m->timer, LOOK_AGAIN_MS);
        r->state = m;
        r->dropped = drop;
        return;
    case ONCE_DONE:
        again(m, buf_str(&kept));
        return;
    case ONCE_FULL:
        lite_sorry(r, 503, "The server cannot do this right now. Try again.");
        return;
    }
}

static void on_time(struct timer *t)
{
    struct making *m = CONTAINER_OF(t, struct making, timer);
    api_done(m->r);
    look(m);
}

void lite_new(struct http_req *r)
{
    struct api *a = api_of(r);
    struct making *m = arena_new(&r->arena, struct making);
    if (!http_origin_ok(r)) {
        lite_sorry(r, 403, "Pages of other sites may not do this.");
        return;
    }
    if (a->o.pow_bits) {
        lite_sorry(r, 428, "This server asks for a proof of work before it makes a mailbox, which needs JavaScript.");
        return;
    }
    if (!m) {
        lite_failed(r, ERR_IO, NULL);
        return;
    }
    *m = (struct making){ .r = r };
    timer_init(&m->timer, a->o.loop, on_time);
    CRYPTO_HASH(m->key, S(""), S("lite new"), r->body);
    if (http_form(r, S("once"), &m->value) && m->value.n > 0)
        look(m);
    else
        make(m);
}
