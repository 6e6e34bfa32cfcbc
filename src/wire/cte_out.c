/* Base64 is written by whole lines, quoted-printable octet by octet. */
#include "wire/cte_out.h"
#include "base/base64.h"
#include "base/text.h"

enum { LINE = 76, LINE_OCTETS = LINE / 4 * 3, PLAIN_LINE = 900 };

void cte_put_base64(struct buf *out, struct str octets)
{
    for (; octets.n >= LINE_OCTETS && !out->failed; octets = str_from(octets, LINE_OCTETS)) {
        char *to = buf_reserve(out, LINE + 2);
        if (to == NULL)
            return;
        base64_chars(to, octets, LINE / 4);
        memcpy(to + LINE, "\r\n", 2);
        out->n += LINE + 2;
    }
    if (octets.n > 0) {
        text_base64(out, octets);
        buf_puts(out, "\r\n");
    }
}

/* May stand for itself where it is in text; a blank before a line's end may not (RFC 2045 section 6.7, rule 3). */
static bool is_literal(struct str text, size_t i, size_t column)
{
    char c = text.p[i];
    if (c == ' ' || c == '\t')
        return !str_starts(str_from(text, i + 1), S("\r\n")) && i + 1 < text.n;
    if (c == 'F' && column == 0)
        return !str_starts(str_from(text, i), S("From "));
    return c > ' ' && c <= '~' && c != '=';
}

void cte_put_qp(struct buf *out, struct str text)
{
    size_t column = 0;
    for (size_t i = 0; i < text.n && !out->failed; i++) {
        if (str_starts(str_from(text, i), S("\r\n"))) {
            buf_puts(out, "\r\n");
            column = 0;
            i++;
            continue;
        }
        bool literal = is_literal(text, i, column);
        if (column + (literal ? 1 : 3) > LINE - 1) { /* one is the soft break's own */
            buf_puts(out, "=\r\n");
            column = 0;
            literal = is_literal(text, i, column);
        }
        if (literal)
            buf_putc(out, text.p[i]);
        else
            buf_printf(out, "=%02X", (unsigned char)text.p[i]);
        column += literal ? 1 : 3;
    }
}

enum cte cte_for_text(struct str text)
{
    size_t line = 0, longest = 0, odd = 0;
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        odd += c > '~' || c == '=' || (c < ' ' && c != '\r' && c != '\n' && c != '\t');
        line = c == '\n' ? 0 : line + 1;
        longest = MAX(longest, line);
    }
    if (utf8_ascii(text) == text.n && memchr(text.p != NULL ? text.p : "", '\0', text.n) == NULL &&
        longest <= PLAIN_LINE)
        return CTE_7BIT;
    return odd * 6 < text.n ? CTE_QP : CTE_BASE64;
}
