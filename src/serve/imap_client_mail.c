/* The message that a session has open: its header record, and its body chunk by chunk, each decrypted when it is asked
 * for. Only while one is open is there memory for it. */
#include "core/body.h"
#include "serve/imap_client.h"
#include "wire/json.h"
#include <stdlib.h>

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

static void on_opened(struct body *b, enum err e)
{
    struct imap_open *o = CONTAINER_OF(b, struct imap_open, body);
    struct imap_client *c = o->of;
    if (e != OK) {
        imap_client_shut(c);
        imap_client_tell(c, &(struct imap_answer){ .err = e });
        return;
    }
    o->source = (struct imap_source){
        .header = b->u.header, .tree = &b->u.tree, .size = b->u.size, .saved_ms = b->row.saved_ms
    };
    imap_client_tell(c, &(struct imap_answer){ .source = &o->source });
}

void imap_client_open(struct imap_session *s, const struct msg_id *id)
{
    struct imap_client *c = imap_client_of(s);
    const struct imap_server *p = c->of;
    imap_client_shut(c);
    struct imap_open *o = calloc(1, sizeof *o);
    c->open = o;
    if (o == NULL) {
        imap_client_no_memory(c);
        return;
    }
    o->of = c;
    if (body_open(&o->body, p->o.store, p->conns.loop, c->o, id, on_opened) != OK)
        imap_client_no_memory(c);
    o->body.raw = !s->cmd->msg.previewed; /* whoever wants a header or octets needs no summary */
}

static void on_chunk(struct body *b, enum err e, struct str plain)
{
    struct imap_open *o = CONTAINER_OF(b, struct imap_open, body);
    imap_client_tell(o->of,
                     &(struct imap_answer){ .err = e, .piece = plain, .piece_at = body_chunk_at(b, b->reading) });
}

void imap_client_read(struct imap_session *s, uint64_t at)
{
    struct imap_client *c = imap_client_of(s);
    struct body *b = &c->open->body;
    if (at < b->u.header.n || at >= b->u.size || body_chunk(b, body_chunk_of(b, at), on_chunk) != OK)
        imap_client_no_memory(c);
}
