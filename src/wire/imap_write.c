/* One look over the octets decides the form. Most of what is written is a header value, so that look is a plain one. */
#include "wire/imap_write.h"
#include "base/text.h"

enum form { QUOTED, QUOTED_UTF8, LITERAL };
enum { LONGEST_QUOTED = 4096 }; /* clients read a line into something; a literal says its length first */

static enum form form_of(struct str s)
{
    unsigned char high = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '\r' || s.p[i] == '\n' || s.p[i] == '\0')
            return LITERAL;
        high |= (unsigned char)s.p[i];
    }
    return s.n > LONGEST_QUOTED ? LITERAL : high & 0x80 ? QUOTED_UTF8 : QUOTED;
}

static void put_quoted(struct buf *out, struct str s)
{
    buf_putc(out, '"');
    while (s.n > 0) {
        size_t n = 0;
        while (n < s.n && s.p[n] != '"' && s.p[n] != '\\')
            n++;
        buf_put(out, str_sub(s, 0, n));
        if (n < s.n) {
            buf_putc(out, '\\');
            buf_putc(out, s.p[n]);
        }
        s = str_from(s, n + 1);
    }
    buf_putc(out, '"');
}

void imap_put_literal(struct buf *out, uint64_t n)
{
    buf_putc(out, '{');
    buf_put_u64(out, n);
    buf_put(out, S("}\r\n"));
}

void imap_put_literal8(struct buf *out, uint64_t n)
{
    buf_putc(out, '~');
    imap_put_literal(out, n);
}

static void put_as_literal(struct buf *out, struct str s)
{
    imap_put_literal(out, s.n);
    while (s.n > 0) {
        size_t n = MIN(str_chr(s, '\0'), s.n);
        buf_put(out, str_sub(s, 0, n));
        if (n < s.n)
            buf_putc(out, (char)0x80);
        s = str_from(s, n + 1);
    }
}

void imap_put_string(struct buf *out, struct str s)
{
    if (form_of(s) == QUOTED)
        put_quoted(out, s);
    else
        put_as_literal(out, s);
}

void imap_put_nstring(struct buf *out, struct str s)
{
    if (s.p == NULL)
        buf_put(out, S("NIL"));
    else
        imap_put_string(out, s);
}

static bool is_atom(struct str s) /* of ASTRING-CHARs, to which ']' belongs */
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c <= ' ' || c >= 0x7f || str_chr(S("(){%*\"\\"), s.p[i]) != STR_NONE)
            return false;
    }
    return s.n > 0 && s.n <= LONGEST_QUOTED && !str_eq_nocase(s, S("NIL"));
}

void imap_put_astring(struct buf *out, struct str s)
{
    if (is_atom(s))
        buf_put(out, s);
    else
        imap_put_string(out, s);
}

void imap_put_utf8(struct buf *out, struct str s)
{
    if (form_of(s) != LITERAL && utf8_valid(s))
        put_quoted(out, s);
    else
        put_as_literal(out, s);
}

static bool is_blank(char c) { return c == ' ' || c == '\t'; }
static bool is_end(char c) { return c == '\r' || c == '\n'; }

void imap_put_unfolded(struct buf *out, struct str raw)
{
    while (raw.n > 0 && is_blank(raw.p[0]))
        raw = str_from(raw, 1);
    if (raw.p == NULL || (str_chr(raw, '\n') == STR_NONE && str_chr(raw, '\r') == STR_NONE)) {
        imap_put_nstring(out, raw);
        return;
    }
    AUTO_BUF struct buf line = { .max = raw.n, .secret = out->secret };
    for (size_t i = 0; i < raw.n; i++) {
        bool joins = i + 1 == raw.n || is_blank(raw.p[i + 1]) || is_end(raw.p[i + 1]);
        if (!is_end(raw.p[i]))
            buf_putc(&line, raw.p[i]);
        else if (!joins) /* a bare CR between words */
            buf_putc(&line, ' ');
    }
    out->failed |= line.failed;
    imap_put_string(out, buf_str(&line));
}
