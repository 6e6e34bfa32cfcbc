/* The message that a session has open: its header record, and its body chunk by chunk, each decrypted when it is asked
 * for. Only while one is open is there memory for it. */
#include "core/body.h"
#include "serve/imap_client.h"
#include "wire/json.h"
#include <stdlib.h>
#include <string.h>

enum { AHEAD_BYTES = 256 * 1024, AHEAD_BODY = 64 * 1024 }; /* of records that are read ahead; of one body */

struct imap_ahead {
    struct arena arena;     /* the request's, with all that is in it */
    struct store_row *rows; /* by uid, sealed */
    size_t n, at;
};
struct imap_open {
    struct body body;
    struct imap_client *of;
    struct imap_source source;
    struct json_in summary; /* the preview is a view into it */
    struct buf text;
};

void imap_client_shut(struct imap_client *c)
{
    struct imap_open *o = c->open;
    c->open = NULL;
    if (o == NULL)
        return;
    body_close(&o->body);
    json_in_fini(&o->summary);
    buf_fini(&o->text);
    free(o);
}

void imap_client_shut_mail(struct imap_session *s) { imap_client_shut(imap_client_of(s)); }

struct str imap_client_preview(struct imap_session *s)
{
    struct imap_open *o = imap_client_of(s)->open;
    struct str intro = { 0 };
    if (o->summary.root == NULL) {
        o->text = (struct buf){ .max = o->body.summary.n + 2, .secret = true };
        buf_putc(&o->text, '{');
        buf_put(&o->text, o->body.summary);
        buf_putc(&o->text, '}');
        if (json_parse(&o->summary, buf_str(&o->text), o->text.n) != OK)
            return intro;
    }
    json_get_str(&o->summary, o->summary.root, "intro", o->text.n, &intro);
    return intro;
}

/* ---- header records, read ahead ---- */

void imap_client_unread(struct imap_client *c)
{
    imap_client_shut(c);
    if (c->ahead != NULL)
        arena_reset(&c->ahead->arena);
    free(c->ahead);
    c->ahead = NULL;
    if (c->counted)
        intake_budget_give(c->of->o.budget, AHEAD_BYTES);
    c->counted = false;
}

static bool keep(struct imap_client *c, struct store_list *q)
{
    struct imap_ahead *a = c->ahead = calloc(1, sizeof *a);
    if (a == NULL)
        return false;
    *a = (struct imap_ahead){ .arena = q->req.arena, .rows = q->rows, .n = q->n };
    q->req.arena = (struct arena){ 0 };
    return true;
}

/* Opens the next row that was kept, if it is that one. */
static enum err open_kept(struct imap_client *c, uint32_t uid)
{
    struct imap_ahead *a = c->ahead;
    while (a != NULL && a->at < a->n && a->rows[a->at].uid < uid)
        a->at++;
    if (a == NULL || a->at == a->n || a->rows[a->at].uid != uid)
        return ERR_GONE;
    imap_client_shut(c);
    struct imap_open *o = c->open = calloc(1, sizeof *o);
    if (o == NULL)
        return ERR_FULL;
    o->of = c;
    enum err e = body_open_row(&o->body, c->of->o.store, c->of->conns.loop, c->o, &a->rows[a->at++],
                               !c->s.cmd->msg.previewed); /* whoever wants a header or octets needs no summary */
    const struct unpacked *u = &o->body.u;
    o->source = (struct imap_source){
        .header = u->header, .tree = &u->tree, .size = u->size, .saved_ms = o->body.row.saved_ms
    };
    return e;
}

const struct imap_source *imap_client_ready(struct imap_session *s, uint32_t uid)
{
    struct imap_client *c = imap_client_of(s);
    return open_kept(c, uid) == OK ? &c->open->source : NULL;
}

static void on_rows(struct store_req *r)
{
    struct imap_client *c = r->ctx;
    struct store_list *q = (struct store_list *)(void *)r;
    struct imap_answer a = { .err = r->err };
    c->asked.store = NULL;
    if (a.err == OK && (q->n == 0 || q->rows[0].uid != c->wanted))
        a.err = ERR_GONE;
    if (a.err == OK && !keep(c, q))
        a.err = ERR_FULL;
    if (a.err == OK)
        a.err = open_kept(c, c->wanted);
    if (a.err == OK)
        a.source = &c->open->source;
    imap_client_tell(c, &a);
}

void imap_client_open(struct imap_session *s, uint32_t folder, const struct imap_uids *ahead)
{
    struct imap_client *c = imap_client_of(s);
    imap_client_unread(c);
    struct store_list *q = STORE_NEW(list, c, on_rows);
    uint32_t *uids = q ? arena_array(&q->req.arena, ahead->n, sizeof *uids) : NULL;
    if (uids == NULL) {
        if (q != NULL)
            store_req_drop(&q->req);
        imap_client_no_memory(c);
        return;
    }
    memcpy(uids, ahead->v, ahead->n * sizeof *uids);
    c->wanted = uids[0];
    q->box = c->o->box.id;
    q->folder = folder;
    q->ascending = q->want_env = q->want_hdr = true;
    q->uids = uids;
    q->uids_n = ahead->n;
    q->max_bytes = AHEAD_BYTES;
    c->counted = c->s.cmd->msg.octets && intake_budget_spares(c->of->o.budget) &&
                 intake_budget_take(c->of->o.budget, AHEAD_BYTES);
    q->body_max = c->counted ? AHEAD_BODY : 0; /* else they are read when their turn comes */
    c->asked.store = &q->req;
    store_submit(c->of->o.store, c->of->conns.loop, &q->req);
}

/* ---- octets ---- */

static void on_chunk(struct body *b, enum err e, struct str plain)
{
    struct imap_open *o = CONTAINER_OF(b, struct imap_open, body);
    imap_client_tell(o->of,
                     &(struct imap_answer){ .err = e, .piece = plain, .piece_at = body_chunk_at(b, b->reading) });
}

bool imap_client_at_hand(struct imap_session *s, uint64_t at, struct imap_answer *a)
{
    struct body *b = &imap_client_of(s)->open->body;
    enum err e = at < b->u.header.n ? ERR_MORE : body_open_at_hand(b);
    if (e != ERR_MORE)
        *a = (struct imap_answer){ .err = e, .piece = buf_str(&b->plain), .piece_at = body_chunk_at(b, 0) };
    return e != ERR_MORE;
}

void imap_client_read(struct imap_session *s, uint64_t at)
{
    struct imap_client *c = imap_client_of(s);
    struct body *b = &c->open->body;
    if (at < b->u.header.n || at >= b->u.size || body_chunk(b, body_chunk_of(b, at), on_chunk) != OK)
        imap_client_no_memory(c);
}
