/* The tree knows where every header and body lies; what is left is which of them a section names. */
#include "wire/imap_section.h"

/* The message that HEADER and TEXT of that part are about, or MIME_NONE: the whole one, or the one within. */
static uint32_t message_of(const struct mime_tree *t, uint32_t part, bool whole)
{
    if (whole)
        return part;
    return t->v[part].flags & MIME_MESSAGE ? mime_child(t, part) : MIME_NONE;
}

/* A message that is encoded cannot be read as one, so the text that its structure tells of is empty. */
static bool is_text_of_unread(const struct mime_tree *t, uint32_t part, struct str number)
{
    const struct mime_part *p = &t->v[part];
    size_t cut = str_rchr(number, '.');
    return cut != STR_NONE && mime_is_leaf(p) && mime_is(p, S("message"), S("rfc822")) &&
           mime_section(t, str_sub(number, 0, cut)) == part;
}

enum err imap_section_find(const struct mime_tree *t, const struct imap_section *s, struct imap_octets *out)
{
    bool whole = s->part.n == 0;
    uint32_t part = mime_section(t, s->part), m;
    if (part == MIME_NONE || is_text_of_unread(t, part, s->part))
        return ERR_GONE;
    struct imap_octets o = { .part = part };
    switch (s->kind) {
    case IMAP_SECTION_ALL:
        o.begin = whole ? t->v[part].head : t->v[part].body;
        o.end = t->v[part].end;
        break;
    case IMAP_SECTION_MIME:
        o.begin = t->v[part].head;
        o.end = t->v[part].body;
        break;
    case IMAP_SECTION_HEADER:
    case IMAP_SECTION_FIELDS:
    case IMAP_SECTION_FIELDS_NOT:
    case IMAP_SECTION_TEXT:
        m = message_of(t, part, whole);
        if (m == MIME_NONE)
            return ERR_GONE;
        o.begin = s->kind == IMAP_SECTION_TEXT ? t->v[m].body : t->v[m].head;
        o.end = s->kind == IMAP_SECTION_TEXT ? t->v[m].end : t->v[m].body;
        o.made = s->kind == IMAP_SECTION_FIELDS || s->kind == IMAP_SECTION_FIELDS_NOT;
        break;
    }
    *out = o;
    return OK;
}

static bool is_named(struct str name, const struct imap_section *s)
{
    for (size_t i = 0; i < s->field_n; i++)
        if (str_eq_nocase(name, s->fields[i]))
            return true;
    return false;
}

void imap_section_fields(struct buf *out, struct str head, const struct imap_section *s)
{
    struct header_iter it = header_walk(head);
    struct header_field f;
    while (header_next(&it, &f)) {
        if (is_named(f.name, s) != (s->kind == IMAP_SECTION_FIELDS))
            continue;
        buf_put(out, f.line);
        if (!str_ends(f.line, S("\n")))
            buf_put(out, S("\r\n"));
    }
    buf_put(out, S("\r\n"));
}
