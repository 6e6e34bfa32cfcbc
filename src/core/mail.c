/* A list opens only summaries, and keeps them in the opened box's cache, so that the next list costs an index walk. */
#include "core/mail.h"
#include "base/secret.h"
#include "base/text.h"
#include "core/body.h"
#include "core/seal.h"
#include "core/understand.h"
#include "wire/html.h"
#include <stdlib.h>
#include <string.h>

enum { LIST_ARENA = 16 * 1024 * 1024, PAGE = 200, BODY_MAX = 4 * 1024 * 1024, READ_ARENA = 8 * 1024 * 1024 };

struct mail_req {
    struct store *st;
    struct loop *loop;
    struct opened *o;
    bool cancelled;
    void *ctx;
    struct arena arena;
    /* list */
    mail_list_fn *on_list;
    struct mail_query q;
    struct mail_row *rows;
    size_t n;
    uint32_t before, after;
    bool with_env;
    /* get */
    mail_get_fn *on_get;
    struct body body;
    bool want_bodies;
    struct str text, html;
    bool text_cut, html_cut;
    const uint32_t *parts; /* being read: of text, then of html */
    uint32_t part_i, part_n;
    bool in_html;
    struct buf raw, out; /* one part's octets; the bodies so far */
    struct job later;
    enum err err;
};

static struct mail_req *req_new(struct store *st, struct loop *l, struct opened *o, void *ctx)
{
    struct mail_req *r = calloc(1, sizeof *r);
    if (r == NULL)
        return NULL;
    r->st = st;
    r->loop = l;
    r->o = opened_hold(o);
    r->ctx = ctx;
    arena_init(&r->arena, LIST_ARENA);
    r->arena.secret = true;
    return r;
}

static void req_free(struct mail_req *r)
{
    if (r->on_get != NULL)
        body_close(&r->body);
    buf_fini(&r->raw);
    buf_fini(&r->out);
    arena_reset(&r->arena);
    opened_release(r->o);
    free(r);
}

void mail_cancel(struct mail_req *r)
{
    if (r != NULL)
        r->cancelled = true;
}

/* ---- list ---- */

static void list_answer(struct mail_req *r, enum err e, bool more)
{
    if (!r->cancelled)
        r->on_list(r->ctx, e, r->rows, e == OK ? r->n : 0, more);
    req_free(r);
}

/* The summary of a row: from the cache, or opened and kept. Empty: not to be had without the ciphertext. ERR_BAD:
 * damaged. */
static enum err summary_of(struct mail_req *r, const struct store_row *row, struct str *out)
{
    AUTO_BUF struct buf plain = { .max = SUMMARY_MAX * 4, .secret = true };
    uint8_t k[KEY_N];
    struct str kept = opened_summary(r->o, &row->id);
    if (kept.n == 0 && row->env.n > 0) {
        enum err e = opened_message_key(r->o, row->env, &row->id, k);
        if (e == OK)
            e = open_env(&plain, row->env, k, &r->o->box.id, &row->id);
        secret_wipe(k, sizeof k);
        if (e != OK)
            return e;
        kept = buf_str(&plain);
        opened_keep_summary(r->o, &row->id, kept);
    }
    *out = arena_dup(&r->arena, kept);
    return kept.n > 0 && out->p == NULL ? ERR_FULL : OK;
}

static enum err list_page(struct mail_req *r);

/* Takes a page's rows; false when a summary was not in the cache and has to be fetched first. */
static bool take_rows(struct mail_req *r, struct store_list *l, enum err *e)
{
    for (size_t i = 0; i < l->n && r->n < r->q.limit; i++) {
        struct mail_row *m = &r->rows[r->n];
        *e = summary_of(r, &l->rows[i], &m->env);
        if (*e == ERR_BAD) { /* one damaged record hides itself, not the others */
            *e = OK;
            m->env = S("\"from\":{\"name\":\"\",\"address\":\"\"},\"subject\":\"\",\"intro\":\"\",\"code\":null,"
                       "\"damaged\":true");
        }
        if (*e != OK)
            return true;
        if (m->env.n == 0 && !r->with_env)
            return false;
        m->row = l->rows[i];
        m->row.env = m->row.hdr = (struct str){ 0 };
        r->before = r->after = l->rows[i].uid;
        if (mail_matches(m->env, &r->q))
            r->n++;
    }
    return true;
}

static void on_list(struct store_req *q)
{
    struct mail_req *r = q->ctx;
    struct store_list *l = (struct store_list *)(void *)q;
    enum err e = r->cancelled ? ERR_GONE : q->err;
    bool whole = e != OK || take_rows(r, l, &e);
    if (e == OK && (!whole || (l->more && r->n < r->q.limit))) {
        r->with_env = r->with_env || !whole;
        e = list_page(r);
        if (e == OK)
            return;
    }
    list_answer(r, e,
                e == OK && (l->more || (l->n > 0 && l->rows[l->n - 1].uid != (r->q.ascending ? r->after : r->before))));
}

static enum err list_page(struct mail_req *r)
{
    struct store_list *l = STORE_NEW(list, r, on_list);
    if (l == NULL)
        return ERR_IO;
    l->box = r->o->box.id;
    l->folder = r->q.folder;
    l->ascending = r->q.ascending;
    l->want_env = r->with_env;
    l->limit = mail_filters(&r->q) ? PAGE : r->q.limit - (uint32_t)r->n;
    l->before_uid = r->q.ascending ? r->q.before_uid : r->before;
    l->after_uid = r->q.ascending ? r->after : r->q.after_uid;
    store_submit(r->st, r->loop, &l->req);
    return OK;
}

static void list_failed(struct job *j)
{
    struct mail_req *r = CONTAINER_OF(j, struct mail_req, later);
    list_answer(r, r->err, false);
}

struct mail_req *mail_list(struct store *st, struct loop *l, struct opened *o, const struct mail_query *q,
                           mail_list_fn *done, void *ctx)
{
    struct mail_req *r = req_new(st, l, o, ctx);
    if (r == NULL)
        return NULL;
    r->on_list = done;
    r->q = *q;
    r->q.limit = MIN(MAX(q->limit, 1u), (uint32_t)PAGE);
    r->q.q = arena_dup(&r->arena, q->q);
    r->q.from = arena_dup(&r->arena, q->from);
    r->q.subject = arena_dup(&r->arena, q->subject);
    r->before = q->before_uid;
    r->after = q->after_uid;
    r->with_env = o->cache == NULL;
    r->rows = arena_array(&r->arena, r->q.limit + 1u, sizeof *r->rows);
    r->err = r->rows == NULL ? ERR_FULL : list_page(r);
    if (r->err != OK) {
        r->later.run = list_failed;
        loop_later(l, &r->later);
    }
    return r;
}

/* ---- one message ---- */

static bool is_html(const struct mime_part *p) { return mime_is(p, S("text"), S("html")); }

/* Texts alone make no page. */
static bool shows_html(const struct mail_req *r)
{
    for (uint32_t i = 0; i < r->body.pick.html_n; i++)
        if (is_html(&r->body.u.tree.v[r->body.pick.html[i]]))
            return true;
    return false;
}

static void get_answer(struct mail_req *r, enum err e)
{
    struct mail m = { .head = { .row = r->body.row, .env = r->body.summary }, .header = r->body.u.header };
    m.tree = &r->body.u.tree;
    m.text = r->text;
    m.html = r->html;
    m.text_cut = r->text_cut;
    m.html_cut = r->html_cut;
    m.has_html = e == OK && shows_html(r);
    if (!r->cancelled)
        r->on_get(r->ctx, e, e == OK ? &m : NULL);
    req_free(r);
}

static void next_part(struct mail_req *r);

static void put_as_html(struct str text, struct buf *out)
{
    buf_puts(out, "<div style=\"white-space:pre-wrap\">");
    text_html(out, text);
    buf_puts(out, "</div>\n");
}

static void put_as_text(struct str html, struct buf *out)
{
    AUTO_ARENA struct arena a = { .max = READ_ARENA, .secret = true };
    struct html_out h;
    if (html_text(html, &a, &h) == OK)
        buf_put(out, h.text);
    else
        out->failed = true;
}

/* A part of the other kind within a view (RFC 8621 section 4.1.4) is shown there, too, in the view's own kind. */
static void put_part(struct mail_req *r, const struct mime_part *p)
{
    AUTO_BUF struct buf other = { .max = BODY_MAX, .secret = true };
    if (!r->in_html && r->out.n > 0 && r->out.p[r->out.n - 1] != '\n')
        buf_putc(&r->out, '\n');
    if (is_html(p) == r->in_html) {
        (void)mime_text(p, buf_str(&r->raw), &r->out);
        return;
    }
    (void)mime_text(p, buf_str(&r->raw), &other);
    if (r->in_html)
        put_as_html(buf_str(&other), &r->out);
    else
        put_as_text(buf_str(&other), &r->out);
    r->out.failed = r->out.failed || other.failed;
}

static void part_done(struct mail_req *r)
{
    put_part(r, &r->body.u.tree.v[r->parts[r->part_i]]);
    buf_clear(&r->raw);
    r->part_i++;
    next_part(r);
}

static void on_chunk(struct body *b, enum err e, struct str plain);

static void read_chunk(struct mail_req *r, uint32_t i)
{
    enum err e = body_chunk(&r->body, i, on_chunk);
    if (e != OK)
        get_answer(r, e);
}

/* Appends what of [part.body, part.end) lies in this piece of the message. */
static void on_chunk(struct body *b, enum err e, struct str plain)
{
    struct mail_req *r = CONTAINER_OF(b, struct mail_req, body);
    if (e != OK || r->cancelled) {
        get_answer(r, e);
        return;
    }
    const struct mime_part *p = &b->u.tree.v[r->parts[r->part_i]];
    uint64_t at = body_chunk_at(b, b->reading), from = MAX(at, (uint64_t)p->body),
             to = MIN(at + plain.n, (uint64_t)p->end);
    if (to > from)
        buf_put(&r->raw, str_sub(plain, from - at, to - from));
    if (to < p->end && !r->raw.failed)
        read_chunk(r, b->reading + 1);
    else
        part_done(r);
}

/* An alternative with an empty text says the same as one without. */
static void text_from_html(struct mail_req *r)
{
    buf_clear(&r->out);
    put_as_text(r->html, &r->out);
    r->text = arena_dup(&r->arena, buf_str(&r->out));
    r->text_cut = r->out.failed;
}

static void bodies_done(struct mail_req *r)
{
    struct str all = arena_dup(&r->arena, buf_str(&r->out));
    if (r->in_html) {
        r->html = all;
        r->html_cut = r->out.failed;
        if (r->text.n == 0 && all.n > 0)
            text_from_html(r);
        get_answer(r, OK);
        return;
    }
    r->text = all;
    r->text_cut = r->out.failed;
    buf_clear(&r->out);
    r->in_html = true;
    r->parts = r->body.pick.html;
    r->part_n = shows_html(r) ? r->body.pick.html_n : 0;
    r->part_i = 0;
    next_part(r);
}

static void next_part(struct mail_req *r)
{
    const struct mime_part *v = r->body.u.tree.v;
    while (r->part_i < r->part_n && v[r->parts[r->part_i]].end <= v[r->parts[r->part_i]].body)
        r->part_i++;
    if (r->part_i >= r->part_n) {
        bodies_done(r);
        return;
    }
    const struct mime_part *p = &v[r->parts[r->part_i]];
    if (p->body < r->body.u.header.n) { /* damaged: a body never begins in the header */
        get_answer(r, ERR_BAD);
        return;
    }
    read_chunk(r, body_chunk_of(&r->body, p->body));
}

static void on_opened(struct body *b, enum err e)
{
    struct mail_req *r = CONTAINER_OF(b, struct mail_req, body);
    if (e != OK || !r->want_bodies || r->cancelled) {
        get_answer(r, e);
        return;
    }
    r->parts = b->pick.text;
    r->part_n = b->pick.text_n;
    next_part(r);
}

static void get_failed(struct job *j)
{
    struct mail_req *r = CONTAINER_OF(j, struct mail_req, later);
    get_answer(r, r->err);
}

struct mail_req *mail_get(struct store *st, struct loop *l, struct opened *o, const struct msg_id *id, bool want_bodies,
                          mail_get_fn *done, void *ctx)
{
    struct mail_req *r = req_new(st, l, o, ctx);
    if (r == NULL)
        return NULL;
    r->on_get = done;
    r->want_bodies = want_bodies;
    r->raw = (struct buf){ .max = 2 * BODY_MAX, .secret = true };
    r->out = (struct buf){ .max = BODY_MAX, .secret = true };
    r->err = body_open(&r->body, st, l, o, id, 0, on_opened);
    if (r->err != OK) {
        r->later.run = get_failed;
        loop_later(l, &r->later);
    }
    return r;
}
