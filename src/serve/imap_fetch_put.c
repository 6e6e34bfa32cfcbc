/* A row for each attribute: how its value is written. Sections that lie in the message as they are leave their octets
 * to be streamed; what has to be made or decoded first is made from the message in memory. */
#include "base/text.h"
#include "serve/imap_fetch.h"
#include "wire/imap_envelope.h"
#include "wire/imap_section.h"
#include "wire/imap_structure.h"
#include "wire/imap_write.h"
#include <string.h>

enum { SCRATCH_MAX = 64 * 1024 * 1024, PREVIEW_MAX = 200 /* RFC 8970 section 3.1 */, MADE_SMALL = 64 * 1024 };

void fetch_put_octets(struct imap_session *s, const struct fetching *f, struct str octets)
{
    imap_count(&s->rules->stats->bytes, octets.n);
    if (f->binary)
        buf_put(s->out, octets);
    while (!f->binary && octets.n > 0) { /* RFC 9051 section 9: no NUL in a literal */
        size_t nul = str_chr(octets, '\0');
        size_t n = MIN(nul, octets.n);
        buf_put(s->out, str_sub(octets, 0, n));
        if (n < octets.n)
            buf_putc(s->out, (char)0x80);
        octets = str_from(octets, n + 1);
    }
}

static const struct imap_msg *message(struct imap_session *s, const struct fetching *f)
{
    return &s->view->v[f->t.v[f->at]];
}

/* ---- sections ---- */

bool fetch_needs_whole(const struct imap_session *s, const struct imap_attr *a)
{
    const struct imap_source *src = s->cmd->msg.source;
    struct imap_octets o;
    switch (a->item) {
    case IMAP_ITEM_BODY:
    case IMAP_ITEM_BODYSTRUCTURE:
        return src->tree->n > 1;
    case IMAP_ITEM_BINARY:
    case IMAP_ITEM_BINARY_SIZE:
        return true;
    case IMAP_ITEM_SECTION:
        return imap_section_find(src->tree, &a->section, &o) == OK && o.made && o.end > src->header.n;
    case IMAP_ITEM_FLAGS:
    case IMAP_ITEM_UID:
    case IMAP_ITEM_MODSEQ:
    case IMAP_ITEM_INTERNALDATE:
    case IMAP_ITEM_SIZE:
    case IMAP_ITEM_ENVELOPE:
    case IMAP_ITEM_EMAILID:
    case IMAP_ITEM_THREADID:
    case IMAP_ITEM_SAVEDATE:
    case IMAP_ITEM_PREVIEW:
    case IMAP_ITEM_RFC822:
    case IMAP_ITEM_RFC822_HEADER:
    case IMAP_ITEM_RFC822_TEXT:
    case IMAP_ITEM_COUNT:
        break;
    }
    return false;
}

/* Memory for n octets to be made, counted as the message's own are; beside many, mail that comes in goes first. */
static bool make_room(struct imap_session *s, struct fetching *f, struct intake *out, size_t n)
{
    struct intake_budget *b = s->rules->budget;
    bool room = (n <= MADE_SMALL || intake_budget_spares(b)) && intake_begin(out, b, n, n) == OK;
    f->busy |= !room;
    return room;
}

/* What lies in f->made is what a->section is: as much of it as was asked for is sent from there. */
static void send_made(struct fetching *f, const struct imap_attr *a, uint64_t *count)
{
    uint64_t from;
    imap_attr_cut(a, f->made.data.n, &from, count);
    f->from = from;
    f->to = from + *count;
    f->from_made = true;
}

static void put_fields(struct imap_session *s, struct fetching *f, const struct imap_attr *a,
                       const struct imap_octets *o)
{
    uint64_t count;
    if (!make_room(s, f, &f->made, 2 * (size_t)(o->end - o->begin) + 2)) {
        buf_puts(s->out, "NIL");
        return;
    }
    imap_section_fields(&f->made.data, str_sub(imap_message_known(s), o->begin, o->end - o->begin), &a->section);
    send_made(f, a, &count);
    imap_put_literal(s->out, count);
}

static void put_section(struct imap_session *s, struct fetching *f, const struct imap_attr *a)
{
    struct imap_octets o;
    uint64_t from, count;
    if (imap_section_find(s->cmd->msg.source->tree, &a->section, &o) != OK) {
        imap_put_literal(s->out, 0); /* no such part: an empty one, as Dovecot has it */
    } else if (o.made) {
        put_fields(s, f, a, &o);
    } else {
        imap_attr_cut(a, o.end - o.begin, &from, &count);
        imap_put_literal(s->out, count);
        f->from = o.begin + from;
        f->to = f->from + count;
    }
}

/* ---- decoded: RFC 3516 ---- */

/* The part's octets with their transfer encoding undone. False: no such part, an encoding nobody knows, no memory. */
static bool decode(struct imap_session *s, struct fetching *f, const struct imap_attr *a, struct intake *out)
{
    struct imap_octets o;
    const struct mime_tree *t = s->cmd->msg.source->tree;
    if (imap_section_find(t, &a->section, &o) != OK)
        return false;
    const struct mime_part *p = &t->v[o.part];
    struct str raw = str_sub(imap_message_known(s), o.begin, o.end - o.begin);
    bool leaf = !str_empty(a->section.part) && mime_is_leaf(p);
    if (leaf && p->cte == CTE_UNKNOWN) {
        f->unknown_cte = true;
        return false;
    }
    if (!make_room(s, f, out, raw.n + 1))
        return false;
    if (leaf)
        (void)cte_decode_all(p->cte, raw, &out->data); /* what is broken in it is left out, as everywhere */
    else
        buf_put(&out->data, raw);
    return !out->data.failed;
}

static void put_binary(struct imap_session *s, struct fetching *f, const struct imap_attr *a)
{
    uint64_t count;
    if (!decode(s, f, a, &f->made)) {
        buf_puts(s->out, "NIL");
        return;
    }
    send_made(f, a, &count);
    f->binary = true;
    if (str_chr(str_sub(buf_str(&f->made.data), f->from, count), '\0') == STR_NONE)
        imap_put_literal(s->out, count);
    else
        imap_put_literal8(s->out, count);
}

static void put_binary_size(struct imap_session *s, struct fetching *f, const struct imap_attr *a)
{
    struct intake plain = { 0 };
    buf_put_u64(s->out, decode(s, f, a, &plain) ? plain.data.n : 0);
    intake_end(&plain);
}

/* ---- the rest ---- */

static void put_flags(struct imap_session *s, struct fetching *f, const struct imap_attr *)
{
    struct imap_msg *m = &s->view->v[f->t.v[f->at]];
    buf_putc(s->out, '(');
    imap_put_flags(s, s->out, m->flags, m->marks & IMAP_MSG_RECENT && !imap_rev2(s));
    buf_putc(s->out, ')');
    m->marks &= ~(uint32_t)IMAP_MSG_TELL;
}

static void put_uid(struct imap_session *s, struct fetching *f, const struct imap_attr *)
{
    buf_put_u64(s->out, message(s, f)->uid);
}

static void put_modseq(struct imap_session *s, struct fetching *f, const struct imap_attr *)
{
    buf_printf(s->out, "(%llu)", (unsigned long long)message(s, f)->modseq);
}

static void put_internaldate(struct imap_session *s, struct fetching *f, const struct imap_attr *)
{
    imap_date_time_put(s->out, message(s, f)->received_ms, 0);
}

static void put_size(struct imap_session *s, struct fetching *f, const struct imap_attr *)
{
    buf_put_u64(s->out, message(s, f)->size);
}

static void put_envelope(struct imap_session *s, struct fetching *, const struct imap_attr *)
{
    AUTO_ARENA struct arena scratch = { .max = SCRATCH_MAX, .secret = true };
    if (imap_envelope_put(s->out, s->cmd->msg.source->header, &scratch) != OK)
        s->out->failed = true; /* half a value cannot be taken back: the connection ends */
}

static void structure(struct imap_session *s, enum imap_structure what)
{
    AUTO_ARENA struct arena scratch = { .max = SCRATCH_MAX, .secret = true };
    if (imap_structure_put(s->out, s->cmd->msg.source->tree, imap_message_known(s), what, &scratch) != OK)
        s->out->failed = true;
}

static void put_body(struct imap_session *s, struct fetching *, const struct imap_attr *)
{
    structure(s, IMAP_STRUCTURE_BODY);
}

static void put_bodystructure(struct imap_session *s, struct fetching *, const struct imap_attr *)
{
    structure(s, IMAP_STRUCTURE_FULL);
}

static void put_emailid(struct imap_session *s, struct fetching *f, const struct imap_attr *)
{
    char hex[2 * MSG_ID_N];
    text_hex(hex, msg_id_str(&message(s, f)->origin));
    buf_puts(s->out, "(M");
    buf_put(s->out, str_of(hex, sizeof hex));
    buf_putc(s->out, ')');
}

static void put_threadid(struct imap_session *s, struct fetching *, const struct imap_attr *)
{
    buf_puts(s->out, "NIL"); /* RFC 8474 section 5.2: nobody says which thread it is in */
}

static void put_savedate(struct imap_session *s, struct fetching *, const struct imap_attr *)
{
    imap_date_time_put(s->out, s->cmd->msg.source->saved_ms, 0);
}

static void put_preview(struct imap_session *s, struct fetching *, const struct imap_attr *)
{
    struct str text = utf8_cut(s->rules->ops->preview(s), PREVIEW_MAX);
    if (imap_utf8(s))
        imap_put_utf8(s->out, text);
    else
        imap_put_string(s->out, text);
}

static void (*const writers[IMAP_ITEM_COUNT])(struct imap_session *, struct fetching *, const struct imap_attr *) = {
    [IMAP_ITEM_FLAGS] = put_flags,         [IMAP_ITEM_UID] = put_uid,
    [IMAP_ITEM_MODSEQ] = put_modseq,       [IMAP_ITEM_INTERNALDATE] = put_internaldate,
    [IMAP_ITEM_SIZE] = put_size,           [IMAP_ITEM_ENVELOPE] = put_envelope,
    [IMAP_ITEM_BODY] = put_body,           [IMAP_ITEM_BODYSTRUCTURE] = put_bodystructure,
    [IMAP_ITEM_EMAILID] = put_emailid,     [IMAP_ITEM_THREADID] = put_threadid,
    [IMAP_ITEM_SAVEDATE] = put_savedate,   [IMAP_ITEM_PREVIEW] = put_preview,
    [IMAP_ITEM_RFC822] = put_section,      [IMAP_ITEM_RFC822_HEADER] = put_section,
    [IMAP_ITEM_RFC822_TEXT] = put_section, [IMAP_ITEM_SECTION] = put_section,
    [IMAP_ITEM_BINARY] = put_binary,       [IMAP_ITEM_BINARY_SIZE] = put_binary_size,
};

void fetch_put(struct imap_session *s, struct fetching *f, const struct imap_attr *a)
{
    imap_attr_put(s->out, a);
    buf_putc(s->out, ' ');
    writers[a->item](s, f, a);
}
