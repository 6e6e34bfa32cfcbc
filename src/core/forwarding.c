#include "core/forwarding.h"
#include "base/rand.h"
#include "base/text.h"
#include "core/arc_seal.h"
#include "core/send_known.h"
#include "wire/addr.h"
#include "wire/date.h"
#include "wire/domain.h"
#include <stdlib.h>

enum { ADDED_MAX = 64 * 1024, TEXT_MAX = 16 * 1024, KEY_MAX = 600 };

struct going { /* a mail on its way into the queue, for its log line */
    struct log *log;
};

static void on_put(void *ctx, enum err e, const struct outq_id *)
{
    struct going *g = ctx;
    if (e != OK)
        log_warn(g->log, "forward.lost", LOG_ERR(e));
    free(g);
}

static enum err put(const struct forwarding *f, struct outq_mail *mail)
{
    struct going *g = malloc(sizeof *g);
    if (!g) {
        buf_fini(&mail->data);
        return ERR_BUSY;
    }
    g->log = f->log;
    if (outq_put(f->outq, mail, on_put, g))
        return OK;
    free(g);
    return ERR_BUSY;
}

static struct str domain_of(struct str address) { return str_from(address, str_rchr(address, '@') + 1); }

static enum send_refusal take_share(const struct forwarding *f, const struct box_id *box, const struct peer *peer)
{
    int64_t retry_ms;
    struct send_share one = { .box = box, .peer = peer, .rcpts = 1 };
    return send_shared_take(f->shared, &one, store_now_ms(f->store), loop_now_ms(f->loop), &retry_ms);
}

/* ---- what goes on ---- */

static bool went_before(struct str raw, struct str address)
{
    struct header_iter it = header_walk(raw);
    struct header_field h;
    while (header_next(&it, &h))
        if (str_eq_nocase(h.name, S("Delivered-To")) && str_eq_nocase(str_trim(h.raw), address))
            return true;
    return false;
}

/* As stored, without Return-Path, which is the last server's to write (RFC 5321 section 4.4), and marked. */
static void put_marked(struct buf *out, const struct deliver_stored *m, unsigned *flags)
{
    struct header_iter it = header_walk(m->raw);
    struct header_field h;
    size_t at = 0;
    bool returned = false;
    buf_puts(out, "Delivered-To: ");
    buf_put(out, m->address);
    buf_puts(out, "\r\n");
    while (!returned && header_next(&it, &h)) {
        returned = str_eq_nocase(h.name, S("Return-Path"));
        if (!returned)
            buf_put(out, h.line);
        at = h.end;
    }
    struct str rest = str_from(m->raw, at);
    buf_put(out, rest);
    size_t ends = str_find(rest, S("\r\n\r\n")), head_n = ends == STR_NONE ? rest.n : ends;
    struct str head = str_sub(rest, 0, head_n), body = str_from(rest, head_n);
    *flags =
        OUTQ_RELAYED | (utf8_ascii(head) < head.n ? OUTQ_SMTPUTF8 : 0u) | (utf8_ascii(body) < body.n ? OUTQ_8BIT : 0u);
}

/* What was found of it here goes along, where something was. */
static enum err put_sealed(const struct forwarding *f, struct str domain, struct str msg, struct buf *out)
{
    struct sign_keys *keys = send_shared_opts(f->shared)->keys;
    struct sign_pair pair;
    if (!keys || !sign_keys_get(keys, domain, &pair))
        return OK;
    struct arc_sealer s = { .server = f->hostname,
                            .domain = domain,
                            .selector = str_c(pair.selector[SIGN_RSA]),
                            .key = pair.key[SIGN_RSA],
                            .now_s = store_now_ms(f->store) / 1000 };
    enum err e = arc_seal(&s, msg, out);
    sign_pair_fini(&pair);
    return e;
}

static enum err go_on(const struct forwarding *f, const struct deliver_stored *m, struct str to)
{
    AUTO_BUF struct buf msg = { .max = m->raw.n + ADDED_MAX, .secret = true }, ascii = { .max = LIMIT_DOMAIN + 1 };
    struct outq_rcpt rcpt = { .address = to };
    struct outq_mail mail = { .box = m->box, .has_box = true, .mail_from = m->address, .rcpts = &rcpt, .rcpts_n = 1 };
    put_marked(&msg, m, &mail.flags);
    enum err e = msg.failed ? ERR_BUSY : domain_to_ascii(&ascii, domain_of(m->address));
    mail.data = (struct buf){ .max = msg.n + ADDED_MAX, .secret = true };
    if (e == OK)
        e = put_sealed(f, buf_str(&ascii), buf_str(&msg), &mail.data);
    buf_put(&mail.data, buf_str(&msg));
    if (e == OK && !mail.data.failed)
        return put(f, &mail);
    buf_fini(&mail.data);
    return e == OK ? ERR_BUSY : e;
}

void forwarding_stored(void *ctx, const struct deliver_stored *m)
{
    const struct forwarding *f = ctx;
    AUTO_ARENA struct arena a = { .max = TEXT_MAX, .secret = true };
    struct forward to;
    enum err e = forwards_get(f->table, &m->box, m->lease, &a, &to);
    if (e == OK && (to.state != FORWARD_ON || went_before(m->raw, m->address)))
        return;
    if (e == OK && take_share(f, &m->box, NULL) != SEND_OK)
        e = ERR_FULL;
    if (e == OK)
        e = go_on(f, m, to.to);
    if (e != OK)
        log_info(f->log, "forward.kept", LOG_ERR(e));
}

/* ---- may it? ---- */

static bool is_ours(const struct forwarding *f, struct str domain)
{
    for (size_t i = 0; i < f->domains.n; i++)
        if (str_eq_nocase(domain, f->domains.names[i]))
            return true;
    return false;
}

/* To this server by another name, or to itself as every machine calls itself: it would come back, or go nowhere. */
static bool is_here(const struct forwarding *f, struct str domain)
{
    static const struct str self = STR("localhost");
    size_t dot = str_rchr(domain, '.');
    struct str last = dot == STR_NONE ? domain : str_from(domain, dot + 1);
    uint64_t n;
    return is_ours(f, domain) || str_eq_nocase(domain, f->hostname) || str_eq_nocase(last, self) ||
           str_to_u64(last, &n) /* an address without its brackets */;
}

static void put_question(const struct forwarding *f, struct str address, struct str to, const char *token,
                         struct buf *out)
{
    int64_t now_ms = store_now_ms(f->store);
    uint8_t id[16];
    char hex[2 * sizeof id];
    rand_bytes(id, sizeof id);
    text_hex(hex, str_of(id, sizeof id));
    buf_puts(out, "From: postmaster@");
    buf_put(out, domain_of(address));
    buf_puts(out, "\r\nTo: ");
    buf_put(out, to);
    buf_puts(out, "\r\nSubject: Shall mail be forwarded to you?\r\nDate: ");
    date_put(out, now_ms, 0);
    buf_printf(out, "\r\nMessage-ID: <%.*s@%.*s>\r\n", (int)sizeof hex, hex, STR_FMT(f->hostname));
    buf_puts(out,
             "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
             "Whoever holds the address\r\n\r\n  ");
    buf_put(out, address);
    buf_puts(out,
             "\r\n\r\nwants mail to it to be forwarded to you. If that is you, open this page within a day and say "
             "yes:\r\n\r\n  https://");
    buf_put(out, f->hostname);
    if (f->https_port != 443 && f->https_port != 0)
        buf_printf(out, ":%u", f->https_port);
    buf_printf(out,
               "/forward?t=%s\r\n\r\nIf not, do nothing: nothing will be sent.\r\n"
               "Later the same page ends it.\r\n",
               token);
}

static enum err ask(const struct forwarding *f, const struct opened *o, struct str to, const char *token)
{
    AUTO_BUF struct buf msg = { .max = TEXT_MAX, .secret = true };
    struct sign_keys *keys = send_shared_opts(f->shared)->keys;
    struct outq_rcpt rcpt = { .address = to, .notify = SMTP_NOTIFY_NEVER };
    struct outq_mail mail = { .box = o->box.id, .has_box = true, .rcpts = &rcpt, .rcpts_n = 1 };
    put_question(f, o->address, to, token, &msg);
    mail.data = (struct buf){ .max = 2 * TEXT_MAX, .secret = true };
    enum err e = msg.failed ? ERR_FULL : OK;
    if (e == OK && keys)
        e = sign_message(keys, domain_of(o->address), buf_str(&msg), store_now_ms(f->store) / 1000, &mail.data);
    buf_put(&mail.data, buf_str(&msg));
    if (utf8_ascii(to) < to.n || utf8_ascii(o->address) < o->address.n)
        mail.flags |= OUTQ_SMTPUTF8;
    if (e == OK && !mail.data.failed)
        return put(f, &mail);
    buf_fini(&mail.data);
    return e == OK ? ERR_FULL : e;
}

/* A question is a mail to a stranger: who may not send one may not ask one. That the stranger has not written to the
 * box is no reason here (SEND_REPLY_ONLY), as he is meant to be its holder; hence the few questions of a day. */
static enum send_refusal may_ask(const struct forwarding *f, const struct opened *o)
{
    if (send_shared_opts(f->shared)->no_way_out)
        return SEND_NO_WAY_OUT;
    enum send_policy policy = send_shared_policy(f->shared, o->address);
    uint32_t flags = send_shared_flags(f->shared, &o->box);
    if (policy == SEND_NOBODY)
        return SEND_OFF;
    if (flags & BOX_NO_SEND)
        return SEND_STOPPED;
    return policy == SEND_VERIFIED && !(flags & BOX_MAY_SEND) ? SEND_NOT_VERIFIED : SEND_OK;
}

static bool is_asked(const struct forwarding *f, const struct opened *o, struct str to)
{
    AUTO_ARENA struct arena a = { .max = TEXT_MAX, .secret = true };
    struct forward x;
    if (forwards_get(f->table, &o->box.id, o->lease, &a, &x) != OK || x.state == FORWARD_NONE || !str_eq(x.to, to))
        return false;
    return x.state == FORWARD_ON || store_now_ms(f->store) - x.asked_ms < FORWARD_LINK_MS;
}

static enum err take_shares(const struct forwarding *f, const struct opened *o, const struct peer *peer, struct str key,
                            struct refusal *why)
{
    enum err e = forward_asks_take(f->asks, &o->box.id, key, store_now_ms(f->store));
    if (e == ERR_DENIED)
        *why =
            (struct refusal){ "forward_asked", "That address was asked within a day; it is not asked again so soon." };
    else if (e != OK)
        *why = (struct refusal){ "forward_asks", "This address has asked enough others for today." };
    if (e != OK)
        return ERR_BUSY;
    enum send_refusal r = take_share(f, &o->box.id, peer);
    if (r == SEND_OK)
        return OK;
    forward_asks_give(f->asks, &o->box.id, key);
    *why = send_refusal_of(r);
    return ERR_BUSY;
}

enum err forwarding_ask(const struct forwarding *f, const struct opened *o, const struct peer *peer, struct str to,
                        struct refusal *why)
{
    AUTO_BUF struct buf key = { .max = KEY_MAX };
    char token[FORWARD_TOKEN_N + 1];
    if (to.n > FORWARD_ADDRESS_MAX || addr_other_key(&key, to) != OK || is_here(f, domain_of(buf_str(&key)))) {
        *why = (struct refusal){ "forward_address", "Mail can only be forwarded to an address on another server." };
        return ERR_BAD;
    }
    enum send_refusal r = may_ask(f, o);
    if (r != SEND_OK) {
        *why = send_refusal_of(r);
        return ERR_DENIED;
    }
    if (!o->lease) /* it has just ended */
        return ERR_GONE;
    if (is_asked(f, o, to))
        return OK;
    enum err e = take_shares(f, o, peer, buf_str(&key), why);
    if (e != OK)
        return e;
    e = forwards_ask(f->table, &o->box.id, o->lease, o->address, to, store_now_ms(f->store), token);
    if (e == OK)
        e = ask(f, o, to, token);
    if (e != OK)
        forward_asks_give(f->asks, &o->box.id, buf_str(&key));
    return e;
}
