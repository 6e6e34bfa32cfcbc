/* Attributes are rows: a word, what it asks for, and whether it leaves \Seen alone. BODY and BINARY alone have more
 * behind them, RFC822's three are sections by another name. */
#include "wire/imap_fetch.h"
#include "wire/imap_write.h"

static const struct row {
    struct str name;
    enum imap_item item;
    enum imap_section_kind kind;
    bool peek;
} rows[] = {
    { STR("FLAGS"), IMAP_ITEM_FLAGS, IMAP_SECTION_ALL, true },
    { STR("UID"), IMAP_ITEM_UID, IMAP_SECTION_ALL, true },
    { STR("MODSEQ"), IMAP_ITEM_MODSEQ, IMAP_SECTION_ALL, true },
    { STR("INTERNALDATE"), IMAP_ITEM_INTERNALDATE, IMAP_SECTION_ALL, true },
    { STR("RFC822.SIZE"), IMAP_ITEM_SIZE, IMAP_SECTION_ALL, true },
    { STR("ENVELOPE"), IMAP_ITEM_ENVELOPE, IMAP_SECTION_ALL, true },
    { STR("BODYSTRUCTURE"), IMAP_ITEM_BODYSTRUCTURE, IMAP_SECTION_ALL, true },
    { STR("EMAILID"), IMAP_ITEM_EMAILID, IMAP_SECTION_ALL, true },
    { STR("THREADID"), IMAP_ITEM_THREADID, IMAP_SECTION_ALL, true },
    { STR("SAVEDATE"), IMAP_ITEM_SAVEDATE, IMAP_SECTION_ALL, true },
    { STR("PREVIEW"), IMAP_ITEM_PREVIEW, IMAP_SECTION_ALL, true },
    { STR("RFC822"), IMAP_ITEM_RFC822, IMAP_SECTION_ALL, false },
    { STR("RFC822.HEADER"), IMAP_ITEM_RFC822_HEADER, IMAP_SECTION_HEADER, true },
    { STR("RFC822.TEXT"), IMAP_ITEM_RFC822_TEXT, IMAP_SECTION_TEXT, false },
    { STR("BODY.PEEK"), IMAP_ITEM_SECTION, IMAP_SECTION_ALL, true },
    { STR("BODY"), IMAP_ITEM_SECTION, IMAP_SECTION_ALL, false }, /* IMAP_ITEM_BODY where no bracket follows */
    { STR("BINARY.PEEK"), IMAP_ITEM_BINARY, IMAP_SECTION_ALL, true },
    { STR("BINARY.SIZE"), IMAP_ITEM_BINARY_SIZE, IMAP_SECTION_ALL, true },
    { STR("BINARY"), IMAP_ITEM_BINARY, IMAP_SECTION_ALL, false },
};

static const struct {
    struct str name;
    size_t n;
    enum imap_item items[5];
} macros[] = {
    { STR("ALL"), 4, { IMAP_ITEM_FLAGS, IMAP_ITEM_INTERNALDATE, IMAP_ITEM_SIZE, IMAP_ITEM_ENVELOPE } },
    { STR("FAST"), 3, { IMAP_ITEM_FLAGS, IMAP_ITEM_INTERNALDATE, IMAP_ITEM_SIZE } },
    { STR("FULL"), 5, { IMAP_ITEM_FLAGS, IMAP_ITEM_INTERNALDATE, IMAP_ITEM_SIZE, IMAP_ITEM_ENVELOPE, IMAP_ITEM_BODY } },
};

static bool fail(struct imap_token *t)
{
    t->failed = true;
    return false;
}

/* ---- sections ---- */

/* "1.2.3": nz-numbers with dots. *dot: one more stands behind them, so a word must follow. */
static bool take_part(struct imap_token *t, struct str *part, bool *dot)
{
    struct str from = t->rest;
    uint32_t k;
    *part = S("");
    *dot = false;
    while (imap_token_peek(t) >= '0' && imap_token_peek(t) <= '9') {
        if (!imap_token_nz_number(t, &k))
            return false;
        *part = str_sub(from, 0, from.n - t->rest.n);
        *dot = imap_token_peek(t) == '.';
        if (*dot && !imap_token_char(t, '.'))
            return false;
        if (!*dot)
            break;
    }
    return part->n <= LIMIT_IMAP_PART ? true : fail(t);
}

static bool add_field(struct imap_token *t, struct imap_section *s, size_t *cap)
{
    if (s->field_n == *cap) {
        *cap = MIN(MAX(2 * *cap, (size_t)8), (size_t)LIMIT_IMAP_FIELDS);
        struct str *v = s->field_n < *cap ? arena_array(t->arena, *cap, sizeof *v) : NULL;
        if (v == NULL) {
            t->full = true;
            return fail(t);
        }
        for (size_t i = 0; i < s->field_n; i++)
            v[i] = s->fields[i];
        s->fields = v;
    }
    return imap_token_astring(t, &s->fields[s->field_n]) ? s->field_n++, true : false;
}

static bool take_fields(struct imap_token *t, struct imap_section *s)
{
    size_t cap = 0;
    if (!imap_token_sp(t) || !imap_token_open(t))
        return false;
    do {
        if (!add_field(t, s, &cap))
            return false;
    } while (imap_token_more(t));
    return !t->failed;
}

static const struct {
    struct str name;
    enum imap_section_kind kind;
} words[] = { { STR("HEADER.FIELDS.NOT"), IMAP_SECTION_FIELDS_NOT },
              { STR("HEADER.FIELDS"), IMAP_SECTION_FIELDS },
              { STR("HEADER"), IMAP_SECTION_HEADER },
              { STR("TEXT"), IMAP_SECTION_TEXT },
              { STR("MIME"), IMAP_SECTION_MIME } };

static bool take_word(struct imap_token *t, struct imap_section *s)
{
    size_t i = 0;
    while (i < COUNT(words) && !imap_token_try(t, words[i].name))
        i++;
    if (i == COUNT(words))
        return fail(t);
    s->kind = words[i].kind;
    if (s->kind == IMAP_SECTION_MIME && s->part.n == 0) /* RFC 9051 section 6.4.5.1: only a part has it */
        return fail(t);
    return s->kind != IMAP_SECTION_FIELDS && s->kind != IMAP_SECTION_FIELDS_NOT ? true : take_fields(t, s);
}

bool imap_section_read(struct imap_token *t, struct imap_section *out)
{
    struct imap_section s = { 0 };
    bool dot;
    if (!take_part(t, &s.part, &dot))
        return false;
    bool ends = t->rest.n == 0 || imap_token_peek(t) == ']';
    if (s.part.n > 0 && !dot && !ends) /* "1TEXT" */
        return fail(t);
    if ((dot || !ends) && !take_word(t, &s))
        return false;
    *out = s;
    return true;
}

/* ---- attributes ---- */

/* "<0.2048>"; BODY without a length is a response's, not a command's. */
static bool take_partial(struct imap_token *t, struct imap_attr *a)
{
    if (imap_token_peek(t) != '<')
        return true;
    a->partial = true;
    return imap_token_char(t, '<') && imap_token_number64(t, &a->from) && imap_token_char(t, '.') &&
                   imap_token_number64(t, &a->count) && a->count > 0 && imap_token_char(t, '>')
               ? true
               : fail(t);
}

static bool take_bracket(struct imap_token *t, struct imap_attr *a)
{
    if (!imap_token_char(t, '[') || !imap_section_read(t, &a->section) || !imap_token_char(t, ']'))
        return false;
    bool binary = a->item != IMAP_ITEM_SECTION; /* RFC 3516 section 4.2: a part number alone; SIZE has no partial */
    if (binary && a->section.kind != IMAP_SECTION_ALL)
        return fail(t);
    return a->item == IMAP_ITEM_BINARY_SIZE ? true : take_partial(t, a);
}

static bool take_lazy(struct imap_token *t, struct imap_attr *a) /* RFC 8970 section 4.1 */
{
    struct imap_token ahead = *t;
    if (!imap_token_sp(&ahead) || !imap_token_open(&ahead) || !imap_token_try(&ahead, S("LAZY")) ||
        !imap_token_close(&ahead))
        return true;
    a->lazy = true;
    *t = ahead;
    return true;
}

static bool take_attr(struct imap_token *t, struct imap_attr *out)
{
    size_t i = 0;
    while (i < COUNT(rows) && !imap_token_try(t, rows[i].name))
        i++;
    if (i == COUNT(rows))
        return fail(t);
    struct imap_attr a = { .item = rows[i].item, .peek = rows[i].peek, .section = { .kind = rows[i].kind } };
    if (a.item == IMAP_ITEM_SECTION && !a.peek && imap_token_peek(t) != '[') {
        a.item = IMAP_ITEM_BODY;
        a.peek = true;
    }
    bool good = a.item == IMAP_ITEM_PREVIEW                               ? take_lazy(t, &a)
                : a.item >= IMAP_ITEM_SECTION && a.item < IMAP_ITEM_COUNT ? take_bracket(t, &a)
                                                                          : true;
    if (good)
        *out = a;
    return good;
}

static bool same_section(const struct imap_section *a, const struct imap_section *b)
{
    if (!str_eq(a->part, b->part) || a->kind != b->kind || a->field_n != b->field_n)
        return false;
    for (size_t i = 0; i < a->field_n; i++)
        if (!str_eq_nocase(a->fields[i], b->fields[i]))
            return false;
    return true;
}

/* An answer that is given once answers both; that one of them sets \Seen counts for both. */
static bool add_attr(struct imap_token *t, struct imap_fetch *f, const struct imap_attr *a)
{
    for (size_t i = 0; i < f->n; i++) {
        struct imap_attr *b = &f->v[i];
        if (b->item == a->item && b->partial == a->partial && b->from == a->from && b->count == a->count &&
            same_section(&b->section, &a->section)) {
            b->peek &= a->peek;
            return true;
        }
    }
    if (f->n == LIMIT_IMAP_ATTRS) {
        t->full = true;
        return fail(t);
    }
    f->v[f->n++] = *a;
    return true;
}

static bool take_macro(struct imap_token *t, struct imap_fetch *f)
{
    for (size_t i = 0; i < COUNT(macros); i++) {
        if (!imap_token_try(t, macros[i].name))
            continue;
        for (size_t k = 0; k < macros[i].n; k++)
            f->v[f->n++] = (struct imap_attr){ .item = macros[i].items[k], .peek = true };
        return true;
    }
    return false;
}

static bool take_attrs(struct imap_token *t, struct imap_fetch *f)
{
    struct imap_attr a;
    bool list = imap_token_peek(t) == '(';
    if (!list && take_macro(t, f))
        return true;
    if (!list)
        return take_attr(t, &a) && add_attr(t, f, &a);
    if (!imap_token_open(t))
        return false;
    do {
        if (!take_attr(t, &a) || !add_attr(t, f, &a))
            return false;
    } while (imap_token_more(t));
    return !t->failed;
}

/* RFC 4466 section 2.4: each once, in any order. */
static bool take_modifiers(struct imap_token *t, struct imap_fetch *f)
{
    if (!imap_token_sp(t) || !imap_token_open(t))
        return false;
    do {
        bool again = false;
        if (imap_token_try(t, S("CHANGEDSINCE"))) {
            again = f->changed_since;
            f->changed_since = true;
            if (!imap_token_sp(t) || !imap_token_number64(t, &f->modseq))
                return false;
        } else if (imap_token_try(t, S("VANISHED"))) {
            again = f->vanished;
            f->vanished = true;
        } else {
            return fail(t);
        }
        if (again)
            return fail(t);
    } while (imap_token_more(t));
    return t->failed || (f->vanished && !f->changed_since) ? fail(t) : true;
}

static bool room_for_attrs(struct imap_token *t, struct imap_fetch *f)
{
    *f = (struct imap_fetch){ .v = arena_array(t->arena, LIMIT_IMAP_ATTRS, sizeof *f->v) };
    t->full |= f->v == NULL;
    return f->v != NULL || fail(t);
}

bool imap_fetch_attrs_read(struct imap_token *t, struct imap_fetch *out)
{
    return imap_token_peek(t) == '(' && room_for_attrs(t, out) && take_attrs(t, out);
}

bool imap_fetch_read(struct imap_token *t, struct imap_fetch *out)
{
    struct imap_fetch f;
    if (!room_for_attrs(t, &f))
        return false;
    if (!take_attrs(t, &f) || (imap_token_peek(t) == ' ' && t->rest.n > 1 && !take_modifiers(t, &f)) ||
        !imap_token_end(t))
        return false;
    for (size_t i = 0; i < f.n; i++) {
        f.items |= 1u << f.v[i].item;
        f.sets_seen |= !f.v[i].peek;
    }
    *out = f;
    return true;
}

/* ---- names ---- */

static void put_upper(struct buf *out, struct str name)
{
    AUTO_BUF struct buf upper = { .max = name.n };
    for (size_t i = 0; i < name.n; i++)
        buf_putc(&upper, name.p[i] >= 'a' && name.p[i] <= 'z' ? (char)(name.p[i] - 'a' + 'A') : name.p[i]);
    out->failed |= upper.failed;
    imap_put_astring(out, buf_str(&upper));
}

static void put_section(struct buf *out, const struct imap_section *s)
{
    buf_put(out, s->part);
    if (s->part.n > 0 && s->kind != IMAP_SECTION_ALL)
        buf_putc(out, '.');
    for (size_t i = 0; i < COUNT(words); i++)
        if (words[i].kind == s->kind)
            buf_put(out, words[i].name);
    for (size_t i = 0; i < s->field_n; i++) {
        buf_put(out, i == 0 ? S(" (") : S(" "));
        put_upper(out, s->fields[i]);
    }
    buf_put(out, s->field_n > 0 ? S(")") : S(""));
}

static struct str name_of(const struct imap_attr *a)
{
    switch (a->item) {
    case IMAP_ITEM_BODY:
    case IMAP_ITEM_SECTION:
        return S("BODY");
    case IMAP_ITEM_BINARY:
        return S("BINARY");
    default:
        break;
    }
    size_t i = 0;
    while (rows[i].item != a->item)
        i++;
    return rows[i].name;
}

void imap_attr_put(struct buf *out, const struct imap_attr *a)
{
    buf_put(out, name_of(a));
    if (a->item < IMAP_ITEM_SECTION)
        return;
    buf_putc(out, '[');
    put_section(out, &a->section);
    buf_putc(out, ']');
    if (!a->partial)
        return;
    buf_putc(out, '<');
    buf_put_u64(out, a->from);
    buf_putc(out, '>');
}

void imap_attr_cut(const struct imap_attr *a, uint64_t n, uint64_t *from, uint64_t *count)
{
    *from = a->partial ? MIN(a->from, n) : 0;
    *count = a->partial ? MIN(a->count, n - *from) : n;
}
