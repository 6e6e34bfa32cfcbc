/* The shape is the least that carries what there is: text; text and HTML as alternatives; either with files behind it
 * in a multipart/mixed. Text is UTF-8 in whichever encoding is shortest, files are base64. */
#include "core/compose.h"
#include "base/text.h"
#include "core/compose_field.h"
#include "wire/cte_out.h"
#include "wire/date.h"
#include "wire/html.h"
#include "wire/http_lines.h"

enum { PARAM_MAX = 64 }; /* octets, so that a line stays one */

struct letter {
    const struct draft *d;
    const char *chance;
    struct arena *a;
    struct buf *out;
};

/* ---- text ---- */

/* CRLF line ends, one at the end, no NUL. NULL: the arena is full, or there is no text. */
static struct str with_line_ends(struct arena *a, struct str s)
{
    char *p = s.n > 0 ? arena_room(a, 2 * s.n + 2) : NULL;
    size_t n = 0;
    for (size_t i = 0; p != NULL && i < s.n; i++) {
        bool end = s.p[i] == '\n' || s.p[i] == '\r';
        if (s.p[i] == '\r' && i + 1 < s.n && s.p[i + 1] == '\n')
            i++;
        if (end) {
            p[n++] = '\r';
            p[n++] = '\n';
        } else if (s.p[i] != '\0') {
            p[n++] = s.p[i];
        }
    }
    if (n > 0 && p[n - 1] != '\n') {
        p[n++] = '\r';
        p[n++] = '\n';
    }
    return p != NULL ? str_of(p, n) : (struct str){ 0 };
}

static void put_text(struct letter *l, const char *subtype, struct str text)
{
    static const char *const names[] = { [CTE_7BIT] = "7bit", [CTE_QP] = "quoted-printable", [CTE_BASE64] = "base64" };
    struct str lines = with_line_ends(l->a, text);
    enum cte way = cte_for_text(lines);
    if (text.n > 0 && lines.p == NULL)
        l->out->failed = true;
    buf_printf(l->out, "Content-Type: text/%s; charset=utf-8\r\nContent-Transfer-Encoding: %s\r\n\r\n", subtype,
               names[way]);
    if (way == CTE_BASE64)
        cte_put_base64(l->out, lines);
    else if (way == CTE_QP)
        cte_put_qp(l->out, lines);
    else
        buf_put(l->out, lines);
}

/* ---- multiparts ---- */

/* With the line end before it, which is its own (RFC 2046 section 5.1.1); the first one's is the header's empty line.
 * "=_" stands in no base64 and no quoted-printable text (RFC 2045 section 6.7), and chance keeps it out of the rest. */
static void put_boundary(struct letter *l, char kind, const char *end)
{
    buf_printf(l->out, "\r\n--=_%.*s%c%s\r\n", 24, l->chance, kind, end);
}

static void begin_multipart(struct letter *l, const char *subtype, char kind)
{
    buf_printf(l->out, "Content-Type: multipart/%s;\r\n boundary=\"=_%.*s%c\"\r\n", subtype, 24, l->chance, kind);
}

static void put_body(struct letter *l)
{
    const struct draft *d = l->d;
    struct html_out of_html = { 0 };
    struct str text = d->text;
    if (d->html.n == 0) {
        put_text(l, "plain", text);
        return;
    }
    if (text.n == 0 && html_text(d->html, l->a, &of_html) == OK)
        text = of_html.text;
    begin_multipart(l, "alternative", 'a');
    put_boundary(l, 'a', "");
    put_text(l, "plain", text);
    put_boundary(l, 'a', "");
    put_text(l, "html", d->html);
    put_boundary(l, 'a', "--");
}

/* ---- files ---- */

/* RFC 2046 sections 5.1 and 5.2.1 let no such part be base64: as octets with a name it arrives as it was. */
static bool is_composite(struct str type)
{
    return str_starts_nocase(type, S("multipart/")) || str_starts_nocase(type, S("message/"));
}

static void put_param(struct buf *out, const char *name, struct str value)
{
    if (value.n <= PARAM_MAX && http_is_token(value))
        buf_printf(out, "; %s=%.*s", name, STR_FMT(value));
}

/* Without a charset it would be ASCII; method says what a calendar is for (RFC 6047 section 2.4). */
static void put_text_params(struct buf *out, const struct draft_file *f)
{
    bool utf8 = utf8_valid(f->content) && str_chr(f->content, '\0') == STR_NONE;
    put_param(out, "charset", f->charset.n > 0 || !utf8 ? f->charset : S("utf-8"));
    put_param(out, "method", f->method);
}

static void put_file(struct letter *l, const struct draft_file *f)
{
    struct str type =
        f->content_type.n == 0 || is_composite(f->content_type) ? S("application/octet-stream") : f->content_type;
    buf_puts(l->out, "Content-Type: ");
    buf_put(l->out, type);
    if (str_starts_nocase(type, S("text/")))
        put_text_params(l->out, f);
    buf_puts(l->out, "\r\nContent-Transfer-Encoding: base64\r\n");
    field_file(l->out, f->filename);
    buf_puts(l->out, "\r\n");
    cte_put_base64(l->out, f->content);
}

/* ---- the whole ---- */

static void put_fields(struct letter *l, int64_t now_ms)
{
    const struct draft *d = l->d;
    struct str domain = str_from(d->from.address, str_rchr(d->from.address, '@') + 1); /* there is one, or it is 0 */
    struct draft_person from = d->from;
    field_people(l->out, "From", (struct draft_people){ &from, 1 });
    field_people(l->out, "To", d->to);
    field_people(l->out, "Cc", d->cc);
    field_people(l->out, "Bcc", d->bcc);
    field_text(l->out, "Subject", d->subject);
    buf_puts(l->out, "Date: ");
    date_put(l->out, now_ms, 0);
    buf_printf(l->out, "\r\nMessage-ID: <%.*s@%.*s>\r\n", COMPOSE_CHANCE_N, l->chance, STR_FMT(domain));
    field_ids(l->out, "In-Reply-To", d->answered);
    field_ids(l->out, "References", d->references);
    buf_puts(l->out, "MIME-Version: 1.0\r\n");
}

enum err compose(const struct draft *d, int64_t now_ms, const char chance[COMPOSE_CHANCE_N], struct arena *a,
                 struct buf *out)
{
    struct letter l = { .d = d, .chance = chance, .a = a, .out = out };
    put_fields(&l, now_ms);
    if (d->files_n == 0) {
        put_body(&l);
        return out->failed ? ERR_FULL : OK;
    }
    begin_multipart(&l, "mixed", 'm');
    put_boundary(&l, 'm', "");
    put_body(&l);
    for (size_t i = 0; i < d->files_n; i++) {
        put_boundary(&l, 'm', "");
        put_file(&l, &d->files[i]);
    }
    put_boundary(&l, 'm', "--");
    return out->failed ? ERR_FULL : OK;
}
