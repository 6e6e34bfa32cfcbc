/* How a mail leaves: put right and signed (inline, or on a work thread when it is large), its share taken, the copy in
 * Sent, the queue. Once the share is taken it goes on to its end, whoever cancels. */
#include "base/rand.h"
#include "base/secret.h"
#include "base/text.h"
#include "core/mail_append.h"
#include "core/mail_change.h"
#include "core/send_req.h"
#include "core/sign.h"

enum {
    LARGE = 256 * 1024,  /* put right and signed off the loop beyond this */
    ADDED_MAX = 8 * 1024 /* what a header grows by: trace, date, id; and the signatures likewise */
};

static struct send_share share(const struct send_req *r)
{
    return (struct send_share){ .box = &r->o->box.id,
                                .peer = r->has_peer ? &r->peer : NULL,
                                .rcpts = (uint32_t)r->mail.rcpts_n };
}

/* Nothing of it leaves, so it was not sent: neither counted nor kept. */
static void fail_taken(struct send_req *r, enum send_refusal why)
{
    const struct send_opts *o = &r->s->o;
    struct send_share all = share(r);
    send_shared_give(o->shared, &all, loop_now_ms(o->loop));
    if (r->r.has_copy) /* nobody waits for this one's answer */
        mail_change_cancel(mail_delete(o->store, o->hub, o->loop, &r->o->box.id, &r->r.copy, NULL, NULL));
    r->r.has_copy = false;
    send_req_answer(r, why);
}

/* ---- the queue ---- */

static struct mail_at at_of(const struct send_req *r)
{
    return (struct mail_at){ r->s->o.store, r->s->o.hub, r->s->o.loop, r->o };
}

static void on_queued(void *ctx, enum err e, const struct outq_id *id)
{
    struct send_req *r = ctx;
    if (e != OK) {
        fail_taken(r, e == ERR_BAD ? SEND_LOOP : send_refusal_of_err(r, e));
        return;
    }
    r->r.id = *id;
    send_req_answer(r, SEND_OK);
}

/* The operator may have stopped the box meanwhile; what waits of it is dropped after that is known here. */
static void put(struct send_req *r)
{
    const struct send_opts *o = &r->s->o;
    if (send_shared_flags(o->shared, &r->o->box) & BOX_NO_SEND) {
        fail_taken(r, SEND_STOPPED);
        return;
    }
    r->mail.data = r->leaving;
    r->leaving = (struct buf){ 0 };
    if (!outq_put(o->outq, &r->mail, on_queued, r))
        fail_taken(r, SEND_LATER);
}

/* ---- the copy in Sent ---- */

static void on_copied(void *ctx, enum err e, const char *, const struct mail_appended *a)
{
    struct send_req *r = ctx;
    if (e != OK || a->n != 1) { /* a full box is no reason not to send: its holder may have to answer to make room */
        if (e != ERR_FULL) {
            fail_taken(r, send_refusal_of_err(r, e));
            return;
        }
    } else {
        r->r.has_copy = true;
        r->r.copy = r->mail.sent = a->ids[0];
    }
    put(r);
}

static void keep(struct send_req *r)
{
    struct mail_at at = at_of(r);
    struct mail_append *a = mail_append_new(&at, r->s->o.work, FOLDER_SENT);
    if (!a) {
        fail_taken(r, SEND_LATER);
        return;
    }
    enum err e = mail_append_add(a, &r->copy, FLAG_SEEN, 0);
    r->copy = (struct intake){ 0 };
    if (e == OK) {
        mail_append_commit(a, on_copied, r);
        return;
    }
    mail_append_cancel(a);
    fail_taken(r, SEND_LATER);
}

/* ---- put right and signed: touches the request alone, any thread ---- */

static struct str domain_of(struct str key) { return str_from(key, str_rchr(key, '@') + 1); }

/* Signatures go on top; in place, since a second copy would double what large mails cost. */
static enum err add_signatures(struct send_req *r, int64_t now_ms)
{
    AUTO_BUF struct buf sigs = { .max = ADDED_MAX };
    struct send_counts *n = send_shared_counts(r->s->o.shared);
    struct sign_keys *keys = send_shared_opts(r->s->o.shared)->keys;
    enum err e = keys ? sign_message(keys, domain_of(r->own), buf_str(&r->leaving), now_ms / 1000, &sigs) : OK;
    (*(sigs.n > 0 ? &n->signed_n : &n->unsigned_n))++;
    if (e != OK || sigs.n == 0)
        return e;
    if (!buf_reserve(&r->leaving, sigs.n))
        return ERR_FULL;
    memmove(r->leaving.p + sigs.n, r->leaving.p, r->leaving.n);
    memcpy(r->leaving.p, sigs.p, sigs.n);
    r->leaving.n += sigs.n;
    return OK;
}

static enum err build_leaving(struct send_req *r, const struct send_fix *f, struct str body)
{
    r->leaving = (struct buf){ .max = r->data.data.n + 2 * ADDED_MAX, .secret = true };
    send_fix_leaving(&r->leaving, buf_str(&r->data.data), &r->head, f);
    if (utf8_ascii(buf_str(&r->leaving)) < r->leaving.n) /* RFC 6532: asked of the header as it leaves */
        r->mail.flags |= OUTQ_SMTPUTF8;
    buf_put(&r->leaving, body);
    if (!str_ends(buf_str(&r->leaving), S("\r\n")))
        buf_puts(&r->leaving, "\r\n");
    return r->leaving.failed ? ERR_FULL : add_signatures(r, f->now_ms);
}

static enum err build_copy(struct send_req *r, const struct send_fix *f, struct str body)
{
    AUTO_BUF struct buf head = { .max = LIMIT_HEADER_BYTES + ADDED_MAX, .secret = true };
    send_fix_copy(&head, buf_str(&r->data.data), &r->head, f);
    if (head.failed || intake_begin(&r->copy, r->s->o.budget, head.n + body.n, head.n + body.n) != OK)
        return ERR_FULL;
    enum err e = intake_put(&r->copy, buf_str(&head));
    return e == OK ? intake_put(&r->copy, body) : e;
}

/* Nothing in an id tells the box, the hour or the machine. */
static struct str new_message_id(struct send_req *r)
{
    uint8_t raw[16];
    char hex[2 * sizeof raw];
    struct str domain = domain_of(r->own);
    rand_bytes(raw, sizeof raw);
    text_hex(hex, str_of(raw, sizeof raw));
    return arena_printf(&r->arena, "<%.*s@%.*s>", (int)sizeof hex, hex, STR_FMT(domain));
}

static enum send_refusal build(struct send_req *r)
{
    struct str body = str_from(buf_str(&r->data.data), r->head.at.body), id = r->head.message_id;
    r->r.message_id = id.n > 0 ? arena_dup(&r->arena, id) : new_message_id(r);
    struct send_fix f = { .own = r->own,
                          .hostname = r->s->o.hostname,
                          .message_id = r->r.message_id,
                          .id = r->id,
                          .protocol = r->protocol,
                          .now_ms = store_now_ms(r->s->o.store) };
    enum err e = r->r.message_id.p ? build_leaving(r, &f, body) : ERR_FULL;
    if (e == OK && r->keep_copy)
        e = build_copy(r, &f, body);
    intake_end(&r->data);
    return e == OK ? SEND_OK : SEND_LATER;
}

static void built(struct send_req *r)
{
    struct send_share all = share(r);
    if (r->r.refusal == SEND_OK && !opened_alive(r->o, store_now_ms(r->s->o.store)))
        r->r.refusal = SEND_GONE;
    if (r->r.refusal == SEND_OK)
        r->r.refusal = send_shared_take(r->s->o.shared, &all, store_now_ms(r->s->o.store), loop_now_ms(r->s->o.loop),
                                        &r->r.retry_ms);
    if (r->r.refusal != SEND_OK)
        send_req_answer(r, r->r.refusal);
    else if (r->keep_copy)
        keep(r);
    else
        put(r);
}

static void build_work(struct work *w)
{
    struct send_req *r = CONTAINER_OF(w, struct send_req, work);
    r->r.refusal = build(r);
    secret_wipe_stack();
}

static void build_done(struct work *w) { built(CONTAINER_OF(w, struct send_req, work)); }

void send_req_out(struct send_req *r)
{
    r->work = (struct work){ .work = build_work, .done = build_done };
    if (r->data.data.n <= LARGE) {
        r->r.refusal = build(r);
        built(r);
    } else if (work_submit(r->s->o.work, r->s->o.loop, &r->work) != OK) {
        send_req_answer(r, SEND_LATER);
    }
}
