/* The parts of a tree stand in the order in which BODYSTRUCTURE names them, so one pass writes it: each part opens, a
 * leaf closes at once, and before the next part all that it is not within are closed. */
#include "wire/imap_structure.h"
#include "wire/imap_envelope.h"
#include "wire/imap_write.h"

enum { TYPE, ID, DESCRIPTION, ENCODING, MD5, DISPOSITION, LANGUAGE, LOCATION, FIELDS };
static const struct str fields[FIELDS] = { STR("Content-Type"),        STR("Content-ID"),
                                           STR("Content-Description"), STR("Content-Transfer-Encoding"),
                                           STR("Content-MD5"),         STR("Content-Disposition"),
                                           STR("Content-Language"),    STR("Content-Location") };

struct writer {
    struct buf *out;
    const struct mime_tree *tree;
    struct str msg;
    enum imap_structure what;
    struct arena *scratch;
    enum err err;
};

/* Of each field the first, as the tree has it. */
static void collect(struct str head, struct str raw[FIELDS])
{
    struct header_iter it = header_walk(head);
    struct header_field f;
    while (header_next(&it, &f))
        for (size_t i = 0; i < FIELDS; i++)
            if (raw[i].p == NULL && str_eq_nocase(f.name, fields[i]))
                raw[i] = f.raw;
}

/* The word that was read in lower case, as it was written, if it stands right there (behind blanks and the slash). */
static struct str as_written(struct str raw, struct str lower, size_t *after)
{
    size_t at = *after;
    while (at < raw.n && str_chr(S(" \t\r\n/"), raw.p[at]) != STR_NONE)
        at++;
    if (lower.n == 0 || !str_starts_nocase(str_from(raw, at), lower))
        return lower;
    *after = at + lower.n;
    return str_sub(raw, at, lower.n);
}

static void put_params(struct writer *w, struct str raw, bool text)
{
    struct params p = { 0 };
    if (raw.p != NULL && params_sent(w->scratch, raw, &p) != OK)
        w->err = ERR_FULL;
    bool add_charset = text && params_get(&p, S("charset")).p == NULL;
    if (p.n == 0 && !add_charset) {
        buf_put(w->out, S("NIL"));
        return;
    }
    for (uint32_t i = 0; i < p.n; i++) {
        buf_putc(w->out, i == 0 ? '(' : ' ');
        imap_put_string(w->out, p.v[i].name);
        buf_putc(w->out, ' ');
        imap_put_string(w->out, p.v[i].value);
    }
    if (add_charset) /* RFC 2046 section 4.1.2 */
        buf_put(w->out, p.n > 0 ? S(" \"charset\" \"us-ascii\"") : S("(\"charset\" \"us-ascii\""));
    buf_putc(w->out, ')');
    arena_reset(w->scratch);
}

static void put_disposition(struct writer *w, const struct mime_part *p, struct str raw)
{
    size_t after = 0;
    if (p->cd.value.n == 0) {
        buf_put(w->out, S("NIL"));
        return;
    }
    buf_putc(w->out, '(');
    imap_put_string(w->out, as_written(raw, p->cd.value, &after));
    buf_putc(w->out, ' ');
    put_params(w, raw, false);
    buf_putc(w->out, ')');
}

static bool is_tag_char(char c)
{
    char l = char_lower(c);
    return (l >= 'a' && l <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '*';
}

/* RFC 3282: tags with commas between them; what is no tag ends the list. */
static void put_language(struct writer *w, struct str raw)
{
    bool any = false;
    for (struct str rest = raw, tag; rest.n > 0;) {
        struct str one = str_trim(str_cut(rest, ',', &rest));
        size_t n = 0;
        while (n < one.n && is_tag_char(one.p[n]))
            n++;
        tag = str_sub(one, 0, n);
        if (n == 0)
            break;
        buf_putc(w->out, any ? ' ' : '(');
        imap_put_string(w->out, tag);
        any = true;
    }
    buf_put(w->out, any ? S(")") : S("NIL"));
}

/* body-ext-1part and body-ext-mpart from the disposition on. */
static void put_extension(struct writer *w, const struct mime_part *p, const struct str raw[FIELDS])
{
    buf_putc(w->out, ' ');
    put_disposition(w, p, raw[DISPOSITION]);
    buf_putc(w->out, ' ');
    put_language(w, raw[LANGUAGE]);
    buf_putc(w->out, ' ');
    imap_put_unfolded(w->out, raw[LOCATION]);
}

/* A part that only we could not go into: too deep, its header too large. It has children for others, so to say its type
 * would be to promise them. */
static bool is_cut(const struct mime_part *p)
{
    return MIME_HAS(p, MIME_DEFECT_TOO_DEEP) || (p->flags & MIME_OPAQUE && MIME_HAS(p, MIME_DEFECT_HEADER_FULL));
}

static bool is_message(const struct mime_part *p) { return mime_is(p, S("message"), S("rfc822")); }

static void put_type(struct writer *w, const struct mime_part *p, struct str raw)
{
    size_t after = 0;
    bool own = !(p->flags & MIME_OPAQUE) || is_message(p); /* else it is read as another type than it says */
    bool global = p->flags & MIME_MESSAGE && !is_message(p);
    bool text = str_eq(p->type, S("text"));
    if (is_cut(p)) {
        buf_put(w->out, S("\"application\" \"octet-stream\" NIL"));
        return;
    }
    imap_put_string(w->out, own ? as_written(raw, p->type, &after) : p->type);
    buf_putc(w->out, ' ');
    imap_put_string(w->out, global ? S("rfc822") : own ? as_written(raw, p->subtype, &after) : p->subtype);
    buf_putc(w->out, ' ');
    put_params(w, own ? raw : (struct str){ NULL, 0 }, text);
}

/* RFC 2045 section 6.1: one token. "8 bit" is none, and so nothing is said. */
static void put_encoding(struct writer *w, const struct mime_part *p, struct str raw)
{
    size_t after = 0;
    struct str word = as_written(raw, p->encoding, &after), behind = str_trim(str_from(raw, after));
    bool junk = p->cte == CTE_UNKNOWN && behind.n > 0 && behind.p[0] != '(';
    imap_put_string(w->out, word.n > 0 && !junk ? word : S("7bit"));
}

static void put_basic(struct writer *w, const struct mime_part *p, const struct str raw[FIELDS])
{
    put_type(w, p, raw[TYPE]);
    buf_putc(w->out, ' ');
    imap_put_unfolded(w->out, raw[ID]);
    buf_putc(w->out, ' ');
    imap_put_unfolded(w->out, raw[DESCRIPTION]);
    buf_putc(w->out, ' ');
    put_encoding(w, p, raw[ENCODING]);
    buf_putc(w->out, ' ');
    buf_put_u64(w->out, p->end - p->body);
}

static void put_lines(struct writer *w, const struct mime_part *p)
{
    buf_putc(w->out, ' ');
    buf_put_u64(w->out, p->lines);
}

/* A message that is encoded, against RFC 2045 section 6.4: there is no reading it as one, yet its type has a form. */
static void put_unread_message(struct writer *w)
{
    static const struct str text = STR("(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 0 0");
    buf_put(w->out, S(" (NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL) "));
    buf_put(w->out, text);
    buf_put(w->out, w->what == IMAP_STRUCTURE_FULL ? S(" NIL NIL NIL NIL)") : S(")"));
}

static void close_part(struct writer *w, const struct mime_part *p, const struct str raw[FIELDS])
{
    size_t after = 0;
    bool full = w->what == IMAP_STRUCTURE_FULL;
    if (p->flags & MIME_MULTIPART) {
        as_written(raw[TYPE], p->type, &after);
        buf_putc(w->out, ' ');
        imap_put_string(w->out, as_written(raw[TYPE], p->subtype, &after));
        if (full) {
            buf_putc(w->out, ' ');
            put_params(w, raw[TYPE], false);
        }
    } else if (full) {
        buf_putc(w->out, ' ');
        imap_put_unfolded(w->out, raw[MD5]);
    }
    if (full)
        put_extension(w, p, raw);
    buf_putc(w->out, ')');
}

static void open_part(struct writer *w, uint32_t part)
{
    const struct mime_part *p = &w->tree->v[part];
    struct str raw[FIELDS] = { 0 };
    buf_putc(w->out, '(');
    if (p->flags & MIME_MULTIPART)
        return;
    collect(mime_head(p, w->msg), raw);
    put_basic(w, p, raw);
    if (p->flags & MIME_MESSAGE) {
        buf_putc(w->out, ' ');
        if (imap_envelope_put(w->out, mime_head(&w->tree->v[mime_child(w->tree, part)], w->msg), w->scratch) != OK)
            w->err = ERR_FULL;
        buf_putc(w->out, ' ');
        return;
    }
    bool encoded_message = is_message(p) && !is_cut(p);
    if (encoded_message)
        put_unread_message(w);
    if (encoded_message || (str_eq(p->type, S("text")) && !is_cut(p)))
        put_lines(w, p);
    close_part(w, p, raw);
}

/* Closes "part" and what it is in, as far as the next part is not in that. */
static void close_to(struct writer *w, uint32_t part, uint32_t parent_of_next)
{
    while (part != parent_of_next && part != MIME_NONE) {
        const struct mime_part *p = &w->tree->v[part];
        if (p->flags & (MIME_MULTIPART | MIME_MESSAGE)) {
            struct str raw[FIELDS] = { 0 };
            if (p->flags & MIME_MESSAGE)
                put_lines(w, p);
            collect(mime_head(p, w->msg), raw);
            close_part(w, p, raw);
        }
        part = p->parent;
    }
}

enum err imap_structure_put(struct buf *out, const struct mime_tree *t, struct str msg, enum imap_structure what,
                            struct arena *scratch)
{
    struct writer w = { .out = out, .tree = t, .msg = msg, .what = what, .scratch = scratch };
    for (uint32_t i = 0; i < t->n && w.err == OK && !out->failed; i++) {
        open_part(&w, i);
        close_to(&w, i, i + 1 < t->n ? t->v[i + 1].parent : MIME_NONE);
    }
    return w.err != OK ? w.err : out->failed ? ERR_FULL : OK;
}
