/* A mail goes through: what can be said at once (policy, whose address, shares), who has written to the box (where that
 * is asked for), and then out (send_out.c). A request owns all it needs. */
#include "core/send.h"
#include "base/text.h"
#include "core/send_grant.h"
#include "core/send_req.h"
#include "wire/addr.h"
#include <stdlib.h>

enum err send_new(const struct send_opts *o, struct send **out)
{
    struct send *s = calloc(1, sizeof *s);
    if (!s)
        return ERR_IO;
    s->o = *o;
    *out = s;
    return OK;
}

void send_free(struct send *s) { free(s); }

static void req_free(struct send_req *r)
{
    intake_end(&r->data);
    intake_end(&r->copy);
    buf_fini(&r->leaving);
    arena_reset(&r->arena);
    opened_release(r->o);
    send_known_drop(r->known);
    send_shared_counts(r->s->o.shared)->under_way--;
    free(r);
}

/* ---- the answer ---- */

void send_req_answer(struct send_req *r, enum send_refusal why)
{
    struct send_counts *n = send_shared_counts(r->s->o.shared);
    bool capped = why == SEND_CAP_BOX || why == SEND_CAP_ALL;
    if (!r->only_check)
        (*(why == SEND_OK ? &n->queued : capped ? &n->capped : &n->refused))++;
    r->r.refusal = why;
    if (!r->cancelled)
        r->done(r->ctx, &r->r);
    req_free(r);
}

static void answer_later(struct job *j)
{
    struct send_req *r = CONTAINER_OF(j, struct send_req, later);
    send_req_answer(r, r->r.refusal);
}

static void refuse_later(struct send_req *r, enum send_refusal why)
{
    r->r.refusal = why;
    r->later.run = answer_later;
    loop_later(r->s->o.loop, &r->later);
}

void send_cancel(struct send_req *r)
{
    if (r)
        r->cancelled = true;
}

enum send_refusal send_refusal_of_err(const struct send_req *r, enum err e)
{
    if (e == ERR_FULL)
        return store_full(r->s->o.store) ? SEND_NO_ROOM : SEND_FULL;
    return e == OK ? SEND_OK : e == ERR_GONE ? SEND_GONE : SEND_LATER;
}

/* ---- who may be written to ---- */

static void allowed(struct send_req *r)
{
    if (r->only_check)
        send_req_answer(r, SEND_OK);
    else
        send_req_out(r);
}

static void on_known(void *ctx, enum err e, size_t missing)
{
    struct send_req *r = ctx;
    if (e != OK) {
        send_req_answer(r, send_refusal_of_err(r, e));
    } else if (missing < r->mail.rcpts_n) {
        r->r.rcpt = missing;
        send_req_answer(r, SEND_UNKNOWN_TO_BOX);
    } else {
        allowed(r);
    }
}

static void allowed_later(struct job *j) { allowed(CONTAINER_OF(j, struct send_req, later)); }

static void ask_policy(struct send_req *r)
{
    const struct send_opts *o = &r->s->o;
    if (send_shared_policy(o->shared, r->own) != SEND_REPLY_ONLY) {
        r->later.run = allowed_later;
        loop_later(o->loop, &r->later);
        return;
    }
    if (!r->known)
        r->known = send_known_new(o->store, o->loop, r->o, send_shared_opts(o->shared)->unchecked);
    if (!r->known || send_known_ask(r->known, r->keys, r->mail.rcpts_n, on_known, r) != OK)
        refuse_later(r, SEND_LATER);
}

/* What can be said without asking anybody. */
static enum send_refusal at_once(struct send_req *r)
{
    struct send_shared *shared = r->s->o.shared;
    uint32_t flags = send_shared_flags(shared, &r->o->box);
    int64_t now_ms = store_now_ms(r->s->o.store);
    AUTO_BUF struct buf own = { .max = SEND_KEY_MAX };
    if (!opened_alive(r->o, now_ms))
        return SEND_GONE;
    r->own = addr_key(&own, r->o->address) == OK ? arena_dup(&r->arena, buf_str(&own)) : (struct str){ 0 };
    if (!r->own.p)
        return SEND_LATER;
    enum send_policy policy = send_shared_policy(shared, r->own);
    if (policy == SEND_NOBODY)
        return SEND_OFF;
    if (flags & BOX_NO_SEND)
        return SEND_STOPPED;
    if (policy == SEND_VERIFIED && !(flags & BOX_MAY_SEND))
        return SEND_NOT_VERIFIED;
    return send_shared_room(shared, &r->o->box.id, now_ms, &r->r.retry_ms);
}

/* ---- what was asked for ---- */

/* RFC 5321 section 2.4: what stands before the '@' may be blind to case, and only who has the address knows. */
static bool is_same(const struct send_req *r, size_t i, struct str address, struct str key)
{
    struct str one = r->mail.rcpts[i].address;
    return str_eq(r->keys[i], key) &&
           (send_shared_is_ours(r->s->o.shared, key) ||
            str_eq(str_sub(one, 0, str_rchr(one, '@')), str_sub(address, 0, str_rchr(address, '@'))));
}

static bool has(const struct send_req *r, struct str address, struct str key)
{
    for (size_t i = 0; i < r->mail.rcpts_n; i++)
        if (is_same(r, i, address, key))
            return true;
    return false;
}

/* A domain alone has an ASCII form. */
static unsigned needs_utf8(struct str address)
{
    struct str local = str_sub(address, 0, str_rchr(address, '@'));
    return utf8_ascii(local) < local.n ? OUTQ_SMTPUTF8 : 0u;
}

/* Each address once. */
static enum send_refusal take_rcpts(struct send_req *r, const struct outq_rcpt *v, size_t n)
{
    struct outq_rcpt *to = arena_array(&r->arena, n + 1, sizeof *to);
    r->keys = arena_array(&r->arena, n + 1, sizeof *r->keys);
    if (!to || !r->keys)
        return SEND_LATER;
    r->mail.rcpts = to;
    for (size_t i = 0; i < n; i++) {
        AUTO_BUF struct buf b = { .max = SEND_KEY_MAX };
        r->r.rcpt = i;
        if (addr_other_key(&b, v[i].address) != OK)
            return SEND_BAD_RCPT;
        if (has(r, v[i].address, buf_str(&b)))
            continue;
        struct str key = arena_dup(&r->arena, buf_str(&b)), address = arena_dup(&r->arena, v[i].address);
        struct str orcpt = arena_dup(&r->arena, v[i].orcpt);
        if (!key.p || !address.p || (v[i].orcpt.n > 0 && !orcpt.p))
            return SEND_LATER;
        to[r->mail.rcpts_n] = (struct outq_rcpt){ address, orcpt, v[i].notify };
        r->keys[r->mail.rcpts_n++] = key;
        r->mail.flags |= needs_utf8(address);
    }
    return SEND_OK;
}

/* What cannot leave is refused while its writer is there. Boxes of this server: nobody finds out by sending which there
 * are. */
static enum send_refusal may_ask(struct send_req *r)
{
    const struct send_opts *o = &r->s->o;
    const struct send_share who = { .box = &r->o->box.id, .peer = r->has_peer ? &r->peer : NULL };
    enum send_refusal e = SEND_OK;
    for (size_t i = 0; i < r->mail.rcpts_n && e == SEND_OK; i++) {
        r->r.rcpt = i;
        e = send_shared_may_ask(o->shared, &who, r->keys[i], store_now_ms(o->store), loop_now_ms(o->loop),
                                &r->r.retry_ms);
    }
    return e;
}

static struct send_req *req_new(struct send *s, struct opened *from, send_done *done, void *ctx)
{
    struct send_req *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    r->s = s;
    r->o = opened_hold(from);
    r->done = done;
    r->ctx = ctx;
    arena_init(&r->arena, SEND_ARENA);
    r->arena.secret = true;
    send_shared_counts(s->o.shared)->under_way++;
    return r;
}

static enum send_refusal take_message(struct send_req *r, const struct send_mail *m)
{
    AUTO_ARENA struct arena scratch = { .max = SEND_ARENA, .secret = true };
    if (m->mail_from.n > 0 && !send_is_own(r->o, m->mail_from))
        return SEND_NOT_YOUR_ADDRESS;
    if (r->data.data.n > send_shared_opts(r->s->o.shared)->max_bytes)
        return SEND_TOO_LARGE;
    char hex[2 * MSG_ID_N];
    outq_id_new(&r->mail.id.msg, store_now_ms(r->s->o.store));
    r->id = arena_dup(&r->arena, str_of(hex, text_hex(hex, msg_id_str(&r->mail.id.msg))));
    enum send_refusal e = send_head_check(buf_str(&r->data.data), r->own, &scratch, &r->head);
    if (e != SEND_OK)
        return e;
    r->mail.flags |= needs_utf8(m->mail_from);
    r->mail.flags |= r->head.eight_bit ? OUTQ_8BIT : 0u;
    r->mail.mail_from = arena_dup(&r->arena, m->mail_from.n > 0 ? m->mail_from : r->o->address);
    r->mail.envid = m->envid.n > 0 ? arena_dup(&r->arena, m->envid) : r->id;
    return r->mail.mail_from.p && r->mail.envid.p ? SEND_OK : SEND_LATER;
}

/* Time for a first try while the box is still there. */
enum { LAST_MS = 5000 };

/* When what is to be undone for so long leaves: before the box's end, with which it would go. 0: at once. */
static int64_t leaves_at(const struct send *s, const struct send_mail *m)
{
    int64_t now_ms = store_now_ms(s->o.store);
    int64_t at_ms = MIN(now_ms + m->undo_ms, store_box_end_ms(&m->from->box) - LAST_MS);
    return at_ms > now_ms ? at_ms : 0;
}

struct send_req *send_mail(struct send *s, struct send_mail *m, send_done *done, void *ctx)
{
    static const struct peer nobody;
    struct send_req *r = req_new(s, m->from, done, ctx);
    if (!r) {
        intake_end(&m->data);
        return NULL;
    }
    r->data = m->data;
    m->data = (struct intake){ 0 };
    r->peer = m->peer;
    r->has_peer = memcmp(&m->peer, &nobody, sizeof nobody) != 0;
    r->keep_copy = m->keep_copy;
    r->protocol = m->protocol;
    r->known = send_known_hold(m->known);
    /* What SMTPUTF8 is asked for and not needed for would only come back from servers that lack it. */
    r->mail = (struct outq_mail){ .box = m->from->box.id, .has_box = true, .ret = m->ret };
    r->mail.flags = m->flags & ~(unsigned)OUTQ_SMTPUTF8;
    r->mail.not_before_ms = r->r.undo_until_ms = leaves_at(s, m);
    enum send_refusal e = at_once(r);
    if (e == SEND_OK && m->rcpts_n == 0)
        e = SEND_NO_RCPTS;
    if (e == SEND_OK && m->rcpts_n > send_shared_opts(s->o.shared)->max_rcpts)
        e = SEND_TOO_MANY_RCPTS;
    if (e == SEND_OK)
        e = take_rcpts(r, m->rcpts, m->rcpts_n);
    if (e == SEND_OK)
        e = may_ask(r);
    if (e == SEND_OK)
        e = take_message(r, m);
    if (e == SEND_OK)
        ask_policy(r);
    else
        refuse_later(r, e);
    return r;
}

struct send_req *send_check(struct send *s, struct opened *from, struct send_known **known, struct str rcpt,
                            send_done *done, void *ctx)
{
    struct send_req *r = req_new(s, from, done, ctx);
    if (!r)
        return NULL;
    r->only_check = true;
    r->known = send_known_hold(*known);
    enum send_refusal e = at_once(r);
    if (e == SEND_OK)
        e = take_rcpts(r, &(struct outq_rcpt){ .address = rcpt }, 1);
    if (e == SEND_OK)
        e = may_ask(r);
    if (e == SEND_OK)
        ask_policy(r);
    else
        refuse_later(r, e);
    if (!*known)
        *known = send_known_hold(r->known);
    return r;
}

static void on_granted(void *ctx, enum err e) { send_req_answer(ctx, send_refusal_of_err(ctx, e)); }

struct send_req *send_verify(struct send *s, struct opened *from, send_done *done, void *ctx)
{
    struct send_req *r = req_new(s, from, done, ctx);
    if (!r)
        return NULL;
    r->only_check = true;
    struct send_grant may = { .box = from->box.id, .set = BOX_MAY_SEND };
    if (!send_grant(s->o.store, s->o.loop, s->o.shared, &may, on_granted, r))
        refuse_later(r, SEND_LATER);
    return r;
}

/* ---- what a box may do ---- */

bool send_is_own(const struct opened *from, struct str address)
{
    AUTO_BUF struct buf own = { .max = SEND_KEY_MAX }, other = { .max = SEND_KEY_MAX };
    return addr_key(&own, from->address) == OK && addr_key(&other, address) == OK &&
           str_eq(buf_str(&own), buf_str(&other));
}

void send_allowance(const struct send *s, const struct opened *from, struct send_allowance *out)
{
    struct send_shared *shared = s->o.shared;
    uint32_t flags = send_shared_flags(shared, &from->box);
    *out = (struct send_allowance){ .policy = send_shared_policy(shared, from->address),
                                    .verified = flags & BOX_MAY_SEND,
                                    .stopped = flags & BOX_NO_SEND,
                                    .max_rcpts = send_shared_opts(shared)->max_rcpts,
                                    .max_bytes = send_shared_opts(shared)->max_bytes };
    send_shared_left(shared, &from->box.id, store_now_ms(s->o.store), &out->mails_left, &out->rcpts_left);
}

struct refusal send_refusal_of(enum send_refusal r)
{
    static const struct refusal all[] = {
        [SEND_OK] = { NULL, NULL },
        [SEND_OFF] = { "send_off", "Nobody sends mail from here." },
        [SEND_NOT_VERIFIED] = { "send_not_verified", "This address must be verified before it sends." },
        [SEND_NOT_YOUR_ADDRESS] = { "send_not_your_address", "The sender must be this address itself." },
        [SEND_TWO_FROM] = { "send_two_from", "From must be one address, this one." },
        [SEND_NO_FROM] = { "send_no_from", "From is missing." },
        [SEND_BAD_FROM] = { "send_bad_from", "The address in From cannot be read." },
        [SEND_NO_WAY_OUT] = { "send_no_way_out", "Mail cannot leave this server: it has no way out to others." },
        [SEND_UNKNOWN_TO_BOX] = { "send_unknown_to_box", "This address may write only to those who wrote to it." },
        [SEND_CAP_BOX] = { "send_cap_box", "This address has sent its share for today." },
        [SEND_CAP_ALL] = { "send_cap_all", "No more is sent from here for now; try again later." },
        [SEND_STOPPED] = { "send_stopped", "Sending from this address was stopped." },
        [SEND_NO_RCPTS] = { "send_no_rcpts", "There is nobody to send it to." },
        [SEND_TOO_MANY_RCPTS] = { "send_too_many_rcpts", "Too many recipients." },
        [SEND_BAD_RCPT] = { "send_bad_rcpt", "A recipient is not an address that mail can be sent to." },
        [SEND_TOO_LARGE] = { "send_too_large", "The message is too big." },
        [SEND_BAD_HEADER] = { "send_bad_header", "The message's header has a line that is no field, or has no end." },
        [SEND_LONG_HEADER] = { "send_long_header", "The message's header is too long, or has too many fields." },
        [SEND_TWICE] = { "send_twice", "A field of the header is there twice that may be there once." },
        [SEND_NOT_UTF8] = { "send_not_utf8", "The message's header has octets that are no UTF-8." },
        [SEND_BARE_ENDS] = { "send_bare_ends", "A line of the message ends in a bare CR or LF." },
        [SEND_LONG_LINE] = { "send_long_line", "A line of the message has more than 998 octets." },
        [SEND_CONTROLS] = { "send_controls", "The message has NUL octets, or its header has control characters." },
        [SEND_LOOP] = { "send_loop", "The message goes round in a loop." },
        [SEND_GONE] = { "send_gone", "The address has ended, or its secrets were changed." },
        [SEND_FULL] = { "send_full", "Too much mail waits to leave; nothing was sent, try again later." },
        [SEND_NO_ROOM] = { "full", "There is no room for this now." },
        [SEND_LATER] = { "send_later", "Nothing was sent; try again later." },
    };
    return all[r];
}
