/* From a part's raw body to text: transfer encoding, charset, then line by line format=flowed. */
#include "base/text.h"
#include "wire/charset.h"
#include "wire/mime.h"
#include <string.h>

uint64_t mime_cte_defect(enum cte kind)
{
    switch (kind) {
    case CTE_BASE64:
        return UINT64_C(1) << MIME_DEFECT_BAD_BASE64;
    case CTE_QP:
        return UINT64_C(1) << MIME_DEFECT_BAD_QP;
    case CTE_UU:
        return UINT64_C(1) << MIME_DEFECT_BAD_UU;
    case CTE_7BIT:
    case CTE_8BIT:
    case CTE_BINARY:
    case CTE_UNKNOWN:
        return 0;
    }
    return 0;
}

uint64_t mime_decode(const struct mime_part *p, struct str body, struct buf *out)
{
    return cte_decode_all(p->cte, body, out) ? 0 : mime_cte_defect(p->cte);
}

struct flow {
    struct buf *out;
    bool flowed, delsp;
    bool open;    /* the last line goes on in the next */
    size_t quote; /* its depth */
};

/* What does not fit is cut between characters. */
static void put_text(struct buf *out, struct str s)
{
    if (s.n <= out->max - out->n) {
        buf_put(out, s);
        return;
    }
    buf_put(out, utf8_cut(s, out->max - out->n));
    out->failed = true;
}

/* Without NULs, which have no place in text. A view where nothing is to be done. */
static struct str to_utf8(struct str charset, struct str octets, struct buf *text)
{
    bool nul = str_chr(octets, '\0') != STR_NONE;
    if (!nul && charset_is_utf8(charset, octets))
        return octets;
    charset_to_utf8(text, charset, octets);
    for (size_t i = 0; i < text->n; i++)
        text->p[i] = text->p[i] == '\0' ? '?' : text->p[i];
    return buf_str(text);
}

/* RFC 3676 section 4.1 to 4.4: quote marks, then one stuffed space; a space at the end joins the next line of the same
 * quote depth, but never behind the signature separator. */
static void flow_line(struct flow *f, struct str line)
{
    size_t quote = 0;
    while (quote < line.n && line.p[quote] == '>')
        quote++;
    line = str_from(line, quote);
    if (line.n > 0 && line.p[0] == ' ')
        line = str_from(line, 1);
    bool signature = str_eq(line, S("-- "));
    bool joins = f->open && quote == f->quote && !signature;
    if (f->open && !joins)
        put_text(f->out, S("\n"));
    for (size_t i = 0; !joins && i < quote; i++)
        put_text(f->out, S(">"));
    if (!joins && quote > 0)
        put_text(f->out, S(" "));
    f->open = line.n > 0 && line.p[line.n - 1] == ' ' && !signature;
    f->quote = quote;
    put_text(f->out, f->open && f->delsp ? str_sub(line, 0, line.n - 1) : line);
    if (!f->open)
        put_text(f->out, S("\n"));
}

static void put_line(struct flow *f, struct str line, bool ended)
{
    if (f->flowed) {
        flow_line(f, line);
        return;
    }
    put_text(f->out, line);
    if (ended)
        put_text(f->out, S("\n"));
}

/* CR LF, LF and, as old Macs had it, CR alone end a line. */
static void put_lines(struct flow *f, struct str text)
{
    while (text.n > 0 && !f->out->failed) {
        size_t lf = str_chr(text, '\n');
        bool ended = lf != STR_NONE;
        struct str line = str_sub(text, 0, lf);
        text = str_from(text, ended ? lf + 1 : text.n);
        if (ended && line.n > 0 && line.p[line.n - 1] == '\r')
            line.n--;
        for (size_t cr; !f->out->failed && (cr = str_chr(line, '\r')) != STR_NONE; line = str_from(line, cr + 1))
            put_line(f, str_sub(line, 0, cr), true);
        if (ended || line.n > 0)
            put_line(f, line, ended);
    }
    if (f->open)
        put_text(f->out, S("\n"));
}

/* HTML without a charset in its field may name one in its head; only looked for near the front (HTML, "encoding
 * sniffing"). */
static struct str html_charset(struct str html)
{
    struct str head = str_sub(html, 0, 1024);
    size_t at = str_find_nocase(head, S("charset="));
    if (at == STR_NONE)
        return S("");
    struct str rest = str_from(head, at + 8);
    if (rest.n > 0 && (rest.p[0] == '"' || rest.p[0] == '\''))
        rest = str_from(rest, 1);
    size_t n = 0;
    while (n < rest.n && n < 40 && str_chr(S("\"'>/; \t\r\n"), rest.p[n]) == STR_NONE)
        n++;
    struct str name = str_sub(rest, 0, n);
    return charset_known(name) && !str_starts_nocase(name, S("utf-16")) ? name : S("");
}

/* The octets of the part, no more of them than can matter: an octet of text takes at most three in quoted-printable,
 * and four in UTF-32. What is cut is not judged as broken. They are a view of the body where nothing is to be undone.
 */
static struct str decode_some(const struct mime_part *p, struct str body, size_t room, struct buf *octets,
                              uint64_t *defects)
{
    enum { WORST = 16, SLACK = 4096 };
    size_t most = room < (SIZE_MAX - SLACK) / WORST ? WORST * room + SLACK : SIZE_MAX;
    *defects = 0;
    if (cte_is_plain(p->cte))
        return str_sub(body, 0, most);
    if (body.n <= most) {
        *defects = mime_decode(p, body, octets);
        return buf_str(octets);
    }
    struct cte_decoder d;
    cte_init(&d, p->cte);
    cte_decode(&d, str_sub(body, 0, most), octets, false);
    *defects = d.broken ? mime_cte_defect(p->cte) : 0;
    return buf_str(octets);
}

uint64_t mime_text(const struct mime_part *p, struct str body, struct buf *out)
{
    AUTO_BUF struct buf decoded = { .max = 2 * body.n + 64, .secret = out->secret };
    AUTO_BUF struct buf room = { .max = 8 * body.n + 64, .secret = out->secret };
    uint64_t defects;
    struct str octets = decode_some(p, body, out->max - out->n, &decoded, &defects);
    bool html = mime_is(p, S("text"), S("html"));
    struct str charset = p->charset.n == 0 && html ? html_charset(octets) : p->charset;
    struct str text = to_utf8(charset, octets, &room);
    (void)buf_reserve(out, MIN(text.n, out->max - out->n)); /* in one piece: growing copies, and wipes */
    if (charset.n > 0 && !charset_known(charset))
        defects |= UINT64_C(1) << MIME_DEFECT_UNKNOWN_CHARSET;
    bool plain = mime_is(p, S("text"), S("plain"));
    struct flow f = { .out = out,
                      .flowed = plain && str_eq_nocase(params_get(&p->ct, S("format")), S("flowed")),
                      .delsp = str_eq_nocase(params_get(&p->ct, S("delsp")), S("yes")) };
    put_lines(&f, text);
    out->failed |= decoded.failed || room.failed;
    return defects;
}
