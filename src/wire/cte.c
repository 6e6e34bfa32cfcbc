/* Each encoding is one function over a piece of input; what can't be decided yet stays in the decoder, bounded by
 * hold[]. Nothing is looked at twice, so decoding is linear however the input is cut. */
#include "wire/cte.h"
#include "base/base64.h"
#include <string.h>

enum { BASE64_PIECE = 64 }; /* quanta decoded in one go: more than any line of mail has */

enum cte cte_of(struct str name)
{
    static const struct {
        struct str name;
        enum cte kind;
    } rows[] = {
        { STR(""), CTE_7BIT },         { STR("7bit"), CTE_7BIT },     { STR("8bit"), CTE_8BIT },
        { STR("binary"), CTE_BINARY }, { STR("base64"), CTE_BASE64 }, { STR("quoted-printable"), CTE_QP },
        { STR("x-uuencode"), CTE_UU }, { STR("uuencode"), CTE_UU },   { STR("x-uue"), CTE_UU },
        { STR("uue"), CTE_UU },        { STR("7-bit"), CTE_7BIT },    { STR("8-bit"), CTE_8BIT },
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        if (str_eq_nocase(name, rows[i].name))
            return rows[i].kind;
    return CTE_UNKNOWN;
}

bool cte_is_plain(enum cte kind) { return kind != CTE_BASE64 && kind != CTE_QP && kind != CTE_UU; }

void cte_init(struct cte_decoder *d, enum cte kind) { *d = (struct cte_decoder){ .kind = kind }; }

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

/* Ends a quantum: the bits of a lone character are no octet, those of two or three give one or two. */
static void base64_flush(struct cte_decoder *d, struct buf *out)
{
    d->broken |= d->acc_n == 1;
    if (d->acc_n == 2)
        buf_putc(out, (char)(d->acc >> 4));
    if (d->acc_n == 3) {
        buf_putc(out, (char)(d->acc >> 10));
        buf_putc(out, (char)(d->acc >> 2));
    }
    d->acc = d->acc_n = 0;
}

/* Whole quanta without anything between them, which is nearly all of it; how much of in was taken. */
static size_t base64_whole(struct str in, struct buf *out)
{
    size_t most = MIN(MIN(in.n / 4, (out->max - MIN(out->n, out->max)) / 3), (size_t)BASE64_PIECE);
    char *to = most > 0 ? buf_reserve(out, 3 * most) : NULL;
    size_t taken = to != NULL ? base64_quanta((uint8_t *)to, str_sub(in, 0, 4 * most)) : 0;
    out->n += taken / 4 * 3;
    return taken;
}

/* One character; RFC 2045 section 6.8: those outside the alphabet are ignored. '=' ends the data; what senders glue
 * behind it (one encoded line after another, each padded) is decoded on, because mail programs do, and noted. */
static void base64_char(struct cte_decoder *d, char c, struct buf *out)
{
    int v = base64_value(c);
    if (c == '=') {
        d->broken |= d->acc_n == 0 && !d->done;
        base64_flush(d, out);
        d->done = true;
        return;
    }
    if (v < 0) {
        d->broken |= !is_blank(c);
        return;
    }
    d->broken |= d->done;
    d->acc = d->acc << 6 | (uint32_t)v;
    if (++d->acc_n == 4) {
        char three[3] = { (char)(d->acc >> 16), (char)(d->acc >> 8), (char)d->acc };
        buf_put(out, (struct str){ three, 3 });
        d->acc = d->acc_n = 0;
    }
}

static void base64_decode(struct cte_decoder *d, struct str in, struct buf *out, bool final)
{
    for (size_t i = 0; i < in.n;) {
        size_t taken = d->acc_n == 0 && !d->done ? base64_whole(str_from(in, i), out) : 0;
        i += taken;
        bool blank = false; /* a line end, mostly, and the next quantum behind it */
        for (; i < in.n && is_blank(in.p[i]); i++)
            blank = true;
        for (bool first = !blank; i < in.n && (first || d->acc_n != 0); first = false)
            base64_char(d, in.p[i++], out); /* through junk, until a quantum begins */
    }
    if (final) {
        d->broken |= d->acc_n != 0; /* unpadded */
        base64_flush(d, out);
    }
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = char_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void hold_flush(struct cte_decoder *d, struct buf *out)
{
    buf_put(out, (struct str){ d->hold, d->hold_n });
    d->hold_n = 0;
}

/* What is held began with '=': decides as soon as c makes it an octet, a soft line end, or neither. */
static void qp_escape(struct cte_decoder *d, char c, struct buf *out)
{
    char last = d->hold[d->hold_n - 1];
    if (c == '\n') { /* "=" blanks CRLF: soft, RFC 2045 section 6.7 rules 3 and 5 */
        d->hold_n = 0;
        return;
    }
    if (d->hold_n == 2 && hex_value(last) >= 0 && hex_value(c) >= 0) {
        buf_putc(out, (char)(hex_value(last) << 4 | hex_value(c)));
        d->hold_n = 0;
        return;
    }
    bool blanks = d->hold_n == 1 || is_blank(last);
    bool may_go_on = (d->hold_n == 1 && hex_value(c) >= 0) || (blanks && is_blank(c) && last != '\r');
    if (may_go_on && d->hold_n < CTE_HOLD) {
        d->hold[d->hold_n++] = c;
        return;
    }
    d->broken = true; /* neither: kept as written */
    hold_flush(d, out);
    if (c == '=' || is_blank(c))
        d->hold[d->hold_n++] = c;
    else
        buf_putc(out, c);
}

/* Blanks before a line end are dropped (RFC 2045 section 6.7 rule 3), so they are held until it is known what follows.
 */
static void qp_char(struct cte_decoder *d, char c, struct buf *out)
{
    if (d->hold_n > 0 && d->hold[0] == '=') {
        qp_escape(d, c, out);
        return;
    }
    if (c == '\n') {
        bool cr = d->hold_n > 0 && d->hold[d->hold_n - 1] == '\r';
        d->hold_n = 0;
        buf_put(out, cr ? S("\r\n") : S("\n"));
        return;
    }
    bool after_cr = d->hold_n > 0 && d->hold[d->hold_n - 1] == '\r';
    if (after_cr || d->hold_n == CTE_HOLD || !(c == ' ' || c == '\t' || c == '\r'))
        hold_flush(d, out);
    if (c == '=' || c == ' ' || c == '\t' || c == '\r')
        d->hold[d->hold_n++] = c;
    else
        buf_putc(out, c);
}

static void qp_decode(struct cte_decoder *d, struct str in, struct buf *out, bool final)
{
    for (size_t i = 0; i < in.n;) {
        size_t plain = i; /* most of it is copied as it is */
        if (d->hold_n == 0)
            while (plain < in.n && !is_blank(in.p[plain]) && in.p[plain] != '=')
                plain++;
        if (plain > i) {
            buf_put(out, str_sub(in, i, plain - i));
            i = plain;
        } else {
            qp_char(d, in.p[i++], out);
        }
    }
    if (!final || d->hold_n == 0)
        return;
    bool soft = d->hold[0] == '=' && (d->hold_n == 1 || is_blank(d->hold[1]));
    if (!soft && d->hold[0] == '=') {
        d->broken = true;
        hold_flush(d, out);
    }
    d->hold_n = 0; /* blanks at the very end stand before a line end that the boundary took */
}

/* One line without its line end. Three octets from four characters, each 6 bits plus 32; '`' is 0 as well. */
static void uu_line(struct cte_decoder *d, struct str line, struct buf *out)
{
    while (line.n > 0 && line.p[line.n - 1] == '\r')
        line.n--;
    if (!d->begun) {
        d->begun = str_starts(line, S("begin "));
        return;
    }
    if (d->done || line.n == 0)
        return;
    if (str_eq(str_trim(line), S("end"))) {
        d->done = true;
        return;
    }
    size_t want = ((unsigned char)line.p[0] - 32u) & 63u;
    d->broken |= (unsigned char)line.p[0] < 32 || (unsigned char)line.p[0] > 96;
    char octets[64];
    size_t n = 0;
    for (size_t i = 1; n < want; i += 4) {
        uint32_t acc = 0;
        for (size_t k = 0; k < 4; k++) /* blanks at the end of a line get lost on the way */
            acc = acc << 6 | (i + k < line.n ? ((unsigned char)line.p[i + k] - 32u) & 63u : 0u);
        for (int shift = 16; shift >= 0 && n < want; shift -= 8)
            octets[n++] = (char)(acc >> shift);
    }
    buf_put(out, (struct str){ octets, n });
}

static void uu_decode(struct cte_decoder *d, struct str in, struct buf *out, bool final)
{
    for (size_t i = 0; i < in.n; i++) {
        if (in.p[i] != '\n') {
            if (d->hold_n < CTE_HOLD)
                d->hold[d->hold_n++] = in.p[i];
            else
                d->skip = true;
            continue;
        }
        d->broken |= d->skip && d->begun && !d->done;
        uu_line(d, (struct str){ d->hold, d->hold_n }, out);
        d->hold_n = 0;
        d->skip = false;
    }
    if (final) {
        if (d->hold_n > 0)
            uu_line(d, (struct str){ d->hold, d->hold_n }, out);
        d->hold_n = 0;
        d->broken |= !d->done;
    }
}

void cte_decode(struct cte_decoder *d, struct str in, struct buf *out, bool final)
{
    switch (d->kind) {
    case CTE_BASE64:
        base64_decode(d, in, out, final);
        break;
    case CTE_QP:
        qp_decode(d, in, out, final);
        break;
    case CTE_UU:
        uu_decode(d, in, out, final);
        break;
    case CTE_7BIT:
    case CTE_8BIT:
    case CTE_BINARY:
    case CTE_UNKNOWN:
        buf_put(out, in);
        break;
    }
}

bool cte_decode_all(enum cte kind, struct str body, struct buf *out)
{
    struct cte_decoder d;
    size_t most = kind == CTE_BASE64 ? body.n / 4 * 3 + 3 : body.n; /* in one piece: growing copies, and wipes */
    (void)buf_reserve(out, MIN(most, out->max - MIN(out->n, out->max)));
    cte_init(&d, kind);
    cte_decode(&d, body, out, true);
    return !d.broken;
}
