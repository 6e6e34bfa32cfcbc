/* Nothing that is not ASCII goes into a field as it is, but for local parts of addresses (RFC 6532); no line end comes
 * from a draft, as its words were made one line (draft_line). */
#include "core/compose_field.h"
#include "base/text.h"
#include "wire/encword.h"

enum { WIDTH = 76, PIECE = 60 };

static void begin(struct buf *out, const char *name)
{
    buf_puts(out, name);
    buf_puts(out, ": ");
}

/* How much stands on the line that out ends with. */
static size_t column(const struct buf *out)
{
    size_t at = str_rchr(buf_str(out), '\n');
    return out->n - (at == STR_NONE ? 0 : at + 1);
}

/* ASCII words, broken at blanks where a line would be too long. A blank is the fold's own: n of them stay n. */
static void put_words(struct buf *out, struct str s)
{
    size_t at = column(out);
    while (s.n > 0) {
        size_t n = 1;
        while (n < s.n && !(s.p[n] == ' ' && s.p[n - 1] != ' '))
            n++;
        if (s.p[0] == ' ' && at + n > WIDTH && str_trim(str_sub(s, 0, n)).n > 0) {
            buf_puts(out, "\r\n");
            at = 0;
        }
        buf_put(out, str_sub(s, 0, n));
        at += n;
        s = str_from(s, n);
    }
}

void field_text(struct buf *out, const char *name, struct str text)
{
    begin(out, name);
    if (!encword_needed(text))
        put_words(out, text);
    else
        encword_encode(out, text, column(out));
    buf_puts(out, "\r\n");
}

/* ---- people ---- */

static bool is_atoms(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool letter = char_lower(c) >= 'a' && char_lower(c) <= 'z';
        if (!letter && !(c >= '0' && c <= '9') && str_chr(S(" !#$%&'*+-/=?^_`{|}~"), c) == STR_NONE)
            return false;
    }
    return true;
}

static void put_quoted(struct buf *out, struct str s)
{
    buf_putc(out, '"');
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '"' || s.p[i] == '\\')
            buf_putc(out, '\\');
        buf_putc(out, s.p[i]);
    }
    buf_putc(out, '"');
}

static void put_person(struct buf *out, const struct draft_person *p, size_t at)
{
    if (p->name.n == 0) {
        buf_put(out, p->address);
        return;
    }
    if (encword_needed(p->name))
        encword_encode(out, p->name, at);
    else if (is_atoms(p->name))
        buf_put(out, p->name);
    else
        put_quoted(out, p->name);
    buf_puts(out, column(out) + p->address.n + 3 > WIDTH ? "\r\n <" : " <");
    buf_put(out, p->address);
    buf_putc(out, '>');
}

void field_people(struct buf *out, const char *name, struct draft_people people)
{
    if (people.n == 0)
        return;
    begin(out, name);
    for (size_t i = 0; i < people.n; i++) {
        const struct draft_person *p = &people.v[i];
        size_t at = column(out), name_n = !encword_needed(p->name) ? p->name.n + 2 : p->name.n / 3 * 4 + 16;
        size_t n = name_n + p->address.n + 4;
        if (i > 0)
            buf_puts(out, at + n > WIDTH ? ",\r\n " : ", ");
        put_person(out, p, column(out));
    }
    buf_puts(out, "\r\n");
}

void field_ids(struct buf *out, const char *name, struct str ids)
{
    if (ids.n == 0)
        return;
    begin(out, name);
    put_words(out, ids);
    buf_puts(out, "\r\n");
}

/* ---- a file's name ---- */

static bool is_attribute_char(char c) /* RFC 2231 section 7 */
{
    return c > ' ' && c < 0x7f && str_chr(S("*'%()<>@,;:\\\"/[]?="), c) == STR_NONE;
}

/* RFC 2231 section 3 and 4: percent-encoded, in pieces that a line holds. */
static void put_extended(struct buf *out, struct str name)
{
    AUTO_BUF struct buf octets = { .max = 3 * DRAFT_NAME_MAX + 8 };
    buf_puts(&octets, "utf-8''");
    for (size_t i = 0; i < name.n; i++)
        if (is_attribute_char(name.p[i]))
            buf_putc(&octets, name.p[i]);
        else
            buf_printf(&octets, "%%%02X", (unsigned char)name.p[i]);
    struct str rest = buf_str(&octets);
    if (rest.n <= PIECE) {
        buf_puts(out, ";\r\n filename*=");
        buf_put(out, rest);
        return;
    }
    for (unsigned i = 0; rest.n > 0; i++) {
        size_t n = MIN(rest.n, (size_t)PIECE);
        while (n < rest.n && (rest.p[n - 1] == '%' || (n > 1 && rest.p[n - 2] == '%')))
            n--; /* a code stays whole */
        buf_printf(out, ";\r\n filename*%u*=", i);
        buf_put(out, str_sub(rest, 0, n));
        rest = str_from(rest, n);
    }
}

void field_file(struct buf *out, struct str filename)
{
    buf_puts(out, "Content-Disposition: attachment");
    if (filename.n > 0 && !encword_needed(filename) && filename.n <= PIECE) {
        buf_puts(out, ";\r\n filename=");
        put_quoted(out, filename);
    } else if (filename.n > 0) {
        put_extended(out, utf8_cut(filename, DRAFT_NAME_MAX));
    }
    buf_puts(out, "\r\n");
}
