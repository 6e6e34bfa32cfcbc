/* What a sender is told of his mail: that it failed, that it is late, or, where he asked for it, that it went. Never
 * for the null sender, and never to anybody but who handed it in: into his box, or, for a network that may relay, to
 * the reverse path it gave (RFC 3464, RFC 5321 section 4.5.5). */
#include "base/rand.h"
#include "base/text.h"
#include "core/dsn.h"
#include "core/outq_queue.h"
#include "wire/header.h"
#include <stdlib.h>
#include <string.h>

enum {
    ORIGINAL_MAX = 1 << 20, /* RET=FULL of more than this returns the header alone */
    DSN_MAX = ORIGINAL_MAX + OUTQ_RECORD_MAX,
    ID_BYTES = 16
};

struct notice {
    struct outq_run *run;
    struct outq_item *item;
    enum dsn_kind kind;
    uint32_t *index; /* recipients that it is about */
    size_t n;
    struct outq_body *body;
    struct buf original;
    struct box_id box;
    struct deliver_rcpt to;
};

/* ---- who is to be told ---- */

static bool wants(const struct item_rcpt *r, unsigned what, bool unasked)
{
    return r->notify ? (r->notify & what) != 0 : unasked;
}

static bool is_about(const struct outq_item *it, const struct item_rcpt *r, enum dsn_kind k)
{
    switch (k) {
    case DSN_FAILED:
        return r->state == RCPT_FAILED && !r->told && wants(r, SMTP_NOTIFY_FAILURE, true);
    case DSN_DELAYED:
        return it->notice && r->state == RCPT_WAITS && wants(r, SMTP_NOTIFY_DELAY, true);
    case DSN_SUCCESS:
        return r->state == RCPT_SENT && !r->told && !r->passed_on && wants(r, SMTP_NOTIFY_SUCCESS, false);
    }
    return false;
}

static size_t count(const struct outq_item *it, enum dsn_kind k)
{
    size_t n = 0;
    for (size_t i = 0; i < it->rcpts_n; i++)
        n += is_about(it, &it->rcpts[i], k);
    return n;
}

static void nobody_to_tell(struct outq_item *it)
{
    it->notice = false;
    for (size_t i = 0; i < it->rcpts_n; i++)
        it->rcpts[i].told |= it->rcpts[i].state != RCPT_WAITS;
}

/* ---- the end ---- */

static void notice_free(struct notice *n)
{
    outq_body_close(n->body);
    buf_fini(&n->original);
    free(n->index);
    free(n);
}

static void count_told(struct notice *n)
{
    struct outq_shared *s = n->run->s;
    switch (n->kind) {
    case DSN_FAILED:
        s->dsn_failed++;
        break;
    case DSN_DELAYED:
        s->dsn_delayed++;
        break;
    case DSN_SUCCESS:
        s->dsn_success++;
        break;
    }
}

/* A box that is full, or gone, gets none, as it gets no other mail. */
static void told(struct notice *n, enum err e)
{
    struct outq_run *r = n->run;
    struct outq_item *it = n->item;
    bool final = e == OK || e == ERR_GONE || e == ERR_FULL || e == ERR_BAD || e == ERR_DENIED;
    if (final && n->kind == DSN_DELAYED)
        it->notice = false;
    for (size_t i = 0; i < n->n && final && n->kind != DSN_DELAYED; i++)
        it->rcpts[n->index[i]].told = true;
    if (e == OK)
        count_told(n);
    else
        log_warn(r->s->o.log, "outq.dsn", LOG_ERR(e));
    it->changed = true;
    notice_free(n);
    r->busy--;
    outq_settled(r, it, final ? OK : e);
}

static void on_delivered(void *ctx, enum err e, const char *) { told(ctx, e); }

static void on_put(void *ctx, enum err e, const struct outq_id *)
{
    told(ctx, e == ERR_FULL ? ERR_BUSY : e); /* the queue's room, not a box's */
}

/* ---- the text ---- */

/* RFC 3463: X.4.1, no answer from the host, though it was other mail that found so; X.4.5, congestion. */
static void why_untried(const struct outq_dest *d, struct dsn_rcpt *to)
{
    bool dead = d->failures > 0;
    to->status = dead ? S("4.4.1") : S("4.4.5");
    to->text = dead ? S("Not tried yet: other mail for the same domain has reached no server of it.")
                    : S("Not tried yet: other mail goes first.");
}

static void fill_rcpt(const struct outq_run *r, const struct outq_item *it, const struct item_rcpt *from,
                      struct dsn_rcpt *to)
{
    struct str name = outq_dest_name(it->parts[from->part].dest);
    *to = (struct dsn_rcpt){ .address = from->address, .orcpt = from->orcpt };
    for (size_t i = 0; i < r->o.domains.n; i++)
        to->here |= str_eq(name, r->o.domains.names[i]);
    to->tried = it->parts[from->part].tries > 0;
    if (!from->last) {
        why_untried(it->parts[from->part].dest, to);
        return;
    }
    to->status = str_c(from->last->enhanced);
    to->coded = from->last->coded;
    to->code = from->last->code;
    to->text = from->last->text;
    to->mx = from->last->mx;
}

/* RFC 3461 section 6.2: of one that was delivered the header alone; of the others what RET said. */
static struct str original_of(const struct notice *n, bool *full)
{
    struct str all = buf_str(&n->original);
    struct header_bounds h;
    *full = n->item->ret == OUTQ_RET_FULL && n->kind == DSN_FAILED && all.n == n->item->size;
    if (*full)
        return all;
    return header_bounds(all, &h) == OK ? str_sub(all, 0, h.body) : S("");
}

static enum err make(struct notice *n, struct buf *out)
{
    struct outq_run *r = n->run;
    const struct outq_item *it = n->item;
    char id[2 * ID_BYTES];
    uint8_t random[ID_BYTES];
    AUTO_FREE struct dsn_rcpt *rcpts = calloc(n->n, sizeof *rcpts);
    if (!rcpts)
        return ERR_BUSY;
    rand_bytes(random, sizeof random);
    for (size_t i = 0; i < n->n; i++)
        fill_rcpt(r, it, &it->rcpts[n->index[i]], &rcpts[i]);
    struct dsn d = { .kind = n->kind,
                     .hostname = r->o.hostname,
                     .to = it->mail_from,
                     .envid = it->envid,
                     .id = str_of(id, text_hex(id, str_of(random, sizeof random))),
                     .now_ms = store_now_ms(r->store),
                     .arrival_ms = it->created_ms,
                     .retry_until_ms = it->end_ms,
                     .rcpts = rcpts,
                     .rcpts_n = n->n };
    d.original = original_of(n, &d.full);
    return dsn_put(out, &d);
}

static enum err send_to_box(struct notice *n, struct buf *text)
{
    n->to = (struct deliver_rcpt){ .box = n->item->box, .address = n->item->mail_from };
    struct deliver_mail m = {
        .own = true, .helo = n->run->o.hostname, .protocol = "ESMTP", .rcpts = &n->to, .rcpts_n = 1, .data = *text
    };
    *text = (struct buf){ 0 };
    return deliver_mail(n->run->o.deliver, &m, on_delivered, n) ? OK : ERR_BUSY;
}

static enum err send_by_queue(struct notice *n, struct buf *text)
{
    const struct outq_rcpt to = { .address = n->item->mail_from, .notify = SMTP_NOTIFY_NEVER };
    bool eight = utf8_ascii(buf_str(text)) < text->n;
    struct outq_mail m = { .rcpts = &to, .rcpts_n = 1, .data = *text };
    m.flags = (eight ? OUTQ_8BIT : 0u) | (utf8_ascii(n->item->mail_from) < n->item->mail_from.n ? OUTQ_SMTPUTF8 : 0u) |
              (n->item->flags & OUTQ_REQUIRETLS);
    *text = (struct buf){ 0 };
    return outq_put(n->run->q, &m, on_put, n) ? OK : ERR_BUSY;
}

static void send_it(struct notice *n)
{
    AUTO_BUF struct buf text = { .max = DSN_MAX, .secret = true };
    enum err e = make(n, &text);
    if (e == OK)
        e = n->item->has_box ? send_to_box(n, &text) : send_by_queue(n, &text);
    if (e != OK)
        told(n, ERR_BUSY);
}

/* ---- the mail that it is about ---- */

static void body_over(struct notice *n)
{
    outq_body_close(n->body);
    n->body = NULL;
    send_it(n);
}

static void on_piece(void *ctx, struct str bytes, bool last)
{
    struct notice *n = ctx;
    bool all = n->item->ret == OUTQ_RET_FULL && n->item->size <= ORIGINAL_MAX;
    buf_put(&n->original, str_sub(bytes, 0, n->original.max - n->original.n));
    if (last || !all) /* the first piece has the header */
        body_over(n);
    else
        outq_body_next(n->body);
}

static void on_failed(void *ctx, enum err)
{
    struct notice *n = ctx;
    buf_clear(&n->original); /* the report is what counts */
    body_over(n);
}

static enum err begin(struct outq_run *r, struct outq_item *it, enum dsn_kind k, size_t about)
{
    static const struct outq_body_ops ops = { .piece = on_piece, .failed = on_failed };
    struct notice *n = calloc(1, sizeof *n);
    if (n)
        *n = (struct notice){ .run = r, .item = it, .kind = k, .original = { .max = ORIGINAL_MAX, .secret = true } };
    uint32_t *index = n ? calloc(about, sizeof *index) : NULL;
    struct outq_body *body = index ? outq_body_of(r, it, &ops, n) : NULL;
    if (!body) {
        free(index);
        free(n);
        return ERR_BUSY;
    }
    n->index = index;
    n->body = body;
    for (uint32_t i = 0; i < it->rcpts_n; i++)
        if (is_about(it, &it->rcpts[i], k))
            n->index[n->n++] = i;
    r->busy++;
    outq_body_next(n->body);
    return ERR_MORE;
}

enum err outq_notice(struct outq_run *r, struct outq_item *it)
{
    if (it->mail_from.n == 0) {
        nobody_to_tell(it);
        return OK;
    }
    for (enum dsn_kind k = DSN_FAILED; k <= DSN_SUCCESS; k++) {
        size_t about = count(it, k);
        if (about > 0)
            return begin(r, it, k, about);
    }
    nobody_to_tell(it);
    return OK;
}
