/* A field's parameters as they were sent: the same pieces, put together but not decoded. */
#include "base/buf.h"
#include "wire/param_piece.h"

/* As put_octets(), but to the letter: a backslash quotes whatever follows it (RFC 5322 section 3.2.1). */
static void put_unquoted(struct buf *out, const struct param_piece *p)
{
    for (size_t i = 0; i < p->text.n; i++) {
        i += p->quoted && p->text.p[i] == '\\' && i + 1 < p->text.n;
        if (p->text.p[i] != '\r' && p->text.p[i] != '\n')
            buf_putc(out, p->text.p[i]);
    }
}

/* A piece that was not percent-encoded, among some that are. */
static void put_escaped(struct buf *out, const struct param_piece *p)
{
    AUTO_BUF struct buf plain = { .max = p->text.n };
    put_unquoted(&plain, p);
    for (size_t i = 0; i < plain.n; i++) {
        unsigned char c = (unsigned char)plain.p[i];
        if (c < ' ' || c >= 0x7f || c == '%')
            buf_printf(out, "%%%02X", c);
        else
            buf_putc(out, (char)c);
    }
}

static void put_sent(struct buf *out, const struct param_piece *p, bool among_extended)
{
    if (p->extended)
        buf_put(out, p->text);
    else if (among_extended)
        put_escaped(out, p);
    else
        put_unquoted(out, p);
}

/* The pieces of that one's name put together, with a star behind the name if some are percent-encoded. */
static bool sent_make(struct param_pieces *r, struct arena *a, struct param_piece *p, struct param *out)
{
    AUTO_BUF struct buf name = { .max = p->name.n + 8 }, value = { .max = 3 * r->octets };
    struct param_piece *v[LIMIT_PARAM_PIECES];
    size_t n = 0;
    bool extended = p->extended;
    if (p->number == PARAM_WHOLE) {
        v[n++] = p;
    } else {
        for (struct param_piece *q; n < LIMIT_PARAM_PIECES; extended |= q->extended) {
            q = param_piece_find(r, p->name, (int)n, true);
            q = q != NULL ? q : param_piece_find(r, p->name, (int)n, false);
            if (q == NULL || q->used)
                break;
            q->used = true;
            v[n++] = q;
        }
    }
    buf_put(&name, p->name);
    if (n == 0) { /* the first is missing, or one behind a gap: nothing to be joined with */
        buf_printf(&name, "*%d", p->number);
        v[n++] = p;
    }
    for (size_t i = 0; i < n; i++)
        put_sent(&value, v[i], extended);
    if (extended)
        buf_putc(&name, '*');
    *out = (struct param){ .name = arena_dup(a, buf_str(&name)), .value = arena_dup(a, buf_str(&value)) };
    out->raw = out->value;
    p->used = true;
    return out->name.p != NULL && out->value.p != NULL;
}

/* First what is whole and plain, then what RFC 2231 has a star for, each in the order of the field. */
static bool sent_add(struct param_pieces *r, struct arena *a, bool starred, struct params *made)
{
    for (size_t i = 0; i < r->n && made->n < LIMIT_PARAMS; i++) {
        struct param_piece *p = &r->v[i];
        bool has_star = p->number != PARAM_WHOLE || p->extended;
        if (p->used || has_star != starred)
            continue;
        if (!sent_make(r, a, p, &made->v[made->n]))
            return false;
        made->n++;
    }
    return true;
}

enum err params_sent(struct arena *a, struct str raw, struct params *out)
{
    struct param_pieces r;
    if (param_pieces_read(a, raw, &r) != OK)
        return ERR_FULL;
    struct params made = { .value = r.value };
    made.v = arena_array(a, MAX(MIN(r.n, (size_t)LIMIT_PARAMS), (size_t)1), sizeof *made.v);
    if (made.v == NULL || !sent_add(&r, a, false, &made) || !sent_add(&r, a, true, &made))
        return ERR_FULL;
    made.dup = r.dup;
    made.broken = r.broken;
    *out = made;
    return OK;
}
