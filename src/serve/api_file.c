/* Bodies as bytes: the raw message, attachments (streamed, decrypted piece by piece), HTML for the page to clean, and
 * the one-use address under which the cleaned HTML is shown. */
#include "base/text.h"
#include "serve/api.h"
#include <stdio.h>
#include <string.h>

/* ---- streams ---- */
struct stream {
    struct http_req *r;
    struct mail_stream *s;
    bool raw, begun;
};

static void drop_stream(struct http_req *r) { mail_stream_close(((struct stream *)r->state)->s); }

/* What a browser may be told it is; all else is bytes (research/security.md 30). */
static const struct str inert[] = {
    STR("image/png"),     STR("image/jpeg"),      STR("image/gif"),       STR("image/webp"),
    STR("image/avif"),    STR("image/bmp"),       STR("text/plain"),      STR("text/csv"),
    STR("text/calendar"), STR("application/pdf"), STR("application/zip"), STR("application/json"),
    STR("audio/mpeg"),    STR("audio/ogg"),       STR("audio/wav"),       STR("video/mp4"),
    STR("video/webm"),    STR("video/quicktime"), STR("message/rfc822"),
};
static const char *safe_type(const struct mail_stream_info *info)
{
    for (size_t i = 0; i < COUNT(inert) && !info->dangerous; i++)
        if (str_eq_nocase(info->content_type, inert[i]))
            return inert[i].p;
    return "application/octet-stream";
}

static bool attr_char(unsigned char c) /* RFC 8187 section 3.2.1 */
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c && strchr("!#$&+-.^_`|~", c));
}

/* RFC 6266: a plain name for the old, the true one in UTF-8 for the others. */
static void put_disposition(struct http_req *r, struct str name)
{
    AUTO_BUF struct buf b = { .max = 3072 };
    name = utf8_cut(name, 255);
    if (name.n == 0 || !utf8_valid(name))
        name = S("attachment");
    buf_puts(&b, "attachment; filename=\"");
    for (size_t i = 0; i < name.n; i++)
        buf_putc(&b, attr_char((unsigned char)name.p[i]) || name.p[i] == ' ' ? name.p[i] : '_');
    buf_puts(&b, "\"; filename*=UTF-8''");
    for (size_t i = 0; i < name.n; i++)
        if (attr_char((unsigned char)name.p[i]))
            buf_putc(&b, name.p[i]);
        else
            buf_printf(&b, "%%%02X", (unsigned char)name.p[i]);
    http_header(r, "Content-Disposition", buf_str(&b));
}

static void on_opened(void *ctx, const struct mail_stream_info *info)
{
    struct stream *s = ctx;
    put_disposition(s->r, s->raw ? S("message.eml") : info->filename);
    struct mail_stream *mail = s->s;
    s->begun = true;
    if (http_stream_begin(s->r, 200, s->raw ? "message/rfc822" : safe_type(info), info->size))
        mail_stream_next(mail);
    else
        mail_stream_close(mail); /* HEAD: r and s are gone */
}

static void on_piece(void *ctx, struct str bytes, bool last)
{
    struct stream *s = ctx;
    http_stream_put(s->r, bytes);
    if (last) {
        mail_stream_close(s->s);
        api_done(s->r);
        http_stream_end(s->r);
    } else if (http_stream_ready(s->r)) {
        mail_stream_next(s->s);
    }
}
static void on_more(struct http_req *r) { mail_stream_next(((struct stream *)r->state)->s); }

static void on_failed(void *ctx, enum err e)
{
    struct stream *s = ctx;
    struct http_req *r = s->r;
    bool begun = s->begun;
    mail_stream_close(s->s);
    api_done(r);
    if (begun)
        http_stream_fail(r);
    else
        api_error(r, e, NULL);
}

static const struct mail_stream_ops stream_ops = { .opened = on_opened, .piece = on_piece, .failed = on_failed };

void api_stream(struct http_req *r, const struct msg_id *id, int attachment)
{
    struct api *a = api_of(r);
    struct stream *s = arena_new(&r->arena, struct stream);
    if (s) {
        *s = (struct stream){ .r = r, .raw = attachment < 0 };
        s->s = mail_stream_open(a->o.store, a->o.loop, api_box(r), id, attachment, &stream_ops, s);
    }
    if (!s || !s->s) {
        api_error(r, ERR_IO, NULL);
        return;
    }
    r->state = s;
    r->dropped = drop_stream;
    r->more = on_more;
    http_hold(r, 15 * 60 * 1000); /* 25 MiB over a slow line */
}

void api_raw(struct http_req *r)
{
    struct msg_id id;
    if (api_msg_id(r, r->params[0], &id))
        api_stream(r, &id, -1);
}
void api_attachment(struct http_req *r)
{
    struct msg_id id;
    uint32_t n;
    if (!api_msg_id(r, r->params[0], &id))
        return;
    if (!str_to_u32(r->params[1], &n) || n >= LIMIT_MIME_PARTS)
        api_error(r, ERR_GONE, NULL);
    else
        api_stream(r, &id, (int)n);
}

/* ---- HTML: raw to the page, cleaned back as a ticket, shown once ---- */
static void on_html(void *ctx, enum err e, const struct mail *m)
{
    struct http_req *r = ctx;
    api_done(r);
    if (e != OK || !m->has_html)
        api_error(r, e != OK ? e : ERR_GONE, NULL);
    else
        http_reply(r, 200, "text/plain; charset=utf-8", m->html);
}
void api_html(struct http_req *r)
{
    struct api *a = api_of(r);
    struct msg_id id;
    if (api_msg_id(r, r->params[0], &id))
        api_wait_mail(r, mail_get(a->o.store, a->o.loop, api_box(r), &id, true, on_html, r));
}

static void give_ticket(struct http_req *r, struct str html, bool images)
{
    struct api *a = api_of(r);
    char ticket[API_TICKET_N + 1];
    if (html.n > API_TICKET_MAX) {
        http_problem(r, 413, "body_too_large", "The HTML is larger than 4 MiB.");
        return;
    }
    if (api_ticket_put(a->o.shared, html, images, loop_now_ms(a->o.loop), ticket) != OK) {
        http_problem_retry(r, 503, "busy", "Too many messages are being opened at once. Try again.", 2000);
        return;
    }
    timer_set(&a->sweep, API_TICKET_MS);
    AUTO_BUF struct buf url = { .max = 64 };
    buf_printf(&url, "/view/%s", ticket);
    struct json_out o = api_json(r, 200);
    json_kv_str(&o, "url", buf_str(&url));
    json_kv_u64(&o, "expires_in", API_TICKET_MS / 1000);
    json_put_end(&o);
    http_finish(r);
}
/* The message is there: now what to show in its frame. */
static void on_there(void *ctx, enum err e, const struct mail *m)
{
    static const char *const keys[] = { "html", "images" };
    struct http_req *r = ctx;
    AUTO_JSON struct json_in j = { 0 };
    struct str html = { 0 };
    bool images = false;
    (void)m;
    api_done(r);
    if (e != OK) {
        api_error(r, e, NULL);
        return;
    }
    if (!api_body(r, &j))
        return;
    json_only(&j, j.root, keys, COUNT(keys));
    json_need_str(&j, j.root, "html", API_HTML_BODY, &html);
    json_get_bool(&j, j.root, "images", &images);
    if (api_body_ok(r, &j))
        give_ticket(r, html, images);
}

void api_html_ticket(struct http_req *r)
{
    struct api *a = api_of(r);
    struct msg_id id;
    if (api_msg_id(r, r->params[0], &id))
        api_wait_mail(r, mail_get(a->o.store, a->o.loop, api_box(r), &id, false, on_there, r));
}

#define VIEW(img)                                                                                                      \
    "Cache-Control: no-store\r\n"                                                                                      \
    "Content-Security-Policy: sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; "               \
    "style-src 'unsafe-inline'; img-src data:" img "\r\n"                                                              \
    "X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n"                                              \
    "Cross-Origin-Resource-Policy: same-origin\r\n"                                                                    \
    "Permissions-Policy: camera=(), geolocation=(), microphone=(), payment=(), usb=()\r\n"

void api_view(struct http_req *r)
{
    struct api *a = api_of(r);
    AUTO_BUF struct buf html = { 0 };
    bool images = false;
    if (r->head.method == HTTP_M_HEAD ||
        !api_ticket_take(a->o.shared, r->params[0], loop_now_ms(a->o.loop), &html, &images)) {
        http_problem(r, 404, "ticket_used",
                     "This address shows a message once, within ten seconds. Open the message again.");
        return;
    }
    r->policy = images ? VIEW(" https: http:") : VIEW("");
    http_reply(r, 200, "text/html; charset=utf-8", buf_str(&html));
}

/* ---- a test mail to oneself ---- */
static void on_delivered(void *ctx, enum err e, const char *why)
{
    struct http_req *r = ctx;
    (void)why;
    api_done(r);
    if (e != OK)
        api_error(r, e == ERR_BAD ? ERR_IO : e, NULL);
    else
        http_reply(r, 204, NULL, (struct str){ 0 });
}
static void drop_deliver(struct http_req *r) { deliver_cancel(r->state); }

static void write_test_mail(struct buf *b, struct str to, struct str domain, int64_t now_ms)
{
    AUTO_BUF struct buf date = { .max = 40 };
    text_rfc3339(&date, now_ms);
    buf_printf(b, "From: mayfly <postmaster@%.*s>\r\nTo: <%.*s>\r\n", STR_FMT(domain), STR_FMT(to));
    buf_puts(b, "Subject: Your address works\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n");
    buf_puts(b, "Auto-Submitted: auto-generated\r\n\r\nThis is a test mail, made by the server itself at ");
    buf_put(b, buf_str(&date));
    buf_puts(b, ".\r\nYour verification code is 482913.\r\n");
}

void api_test_mail(struct http_req *r)
{
    struct api *a = api_of(r);
    int64_t retry_ms = 0;
    struct deliver_rcpt *to = arena_new(&r->arena, struct deliver_rcpt);
    if (!a->o.deliver || !to) {
        api_error(r, a->o.deliver ? ERR_IO : ERR_GONE, NULL);
        return;
    }
    if (limit_take(a->o.limit, LIMIT_CREATE, &r->peer, 1, loop_now_ms(a->o.loop), &retry_ms) != OK) {
        http_problem_retry(r, 429, "too_many_requests", "This network asks too often. Wait a little.",
                           MAX(retry_ms, (int64_t)1000));
        return;
    }
    *to = (struct deliver_rcpt){ .box = api_box(r)->box.id, .address = api_box(r)->address };
    struct deliver_mail m = { .own = true, .helo = S("localhost"), .protocol = "HTTP", .rcpts = to, .rcpts_n = 1 };
    m.data = (struct buf){ .max = 4096, .secret = true };
    write_test_mail(&m.data, to->address, a->o.domains.names[0], api_now_ms(a));
    struct deliver_req *q = deliver_mail(a->o.deliver, &m, on_delivered, r);
    if (!q) {
        api_error(r, ERR_IO, NULL);
        return;
    }
    r->state = q;
    r->dropped = drop_deliver;
}
