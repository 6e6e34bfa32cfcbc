/* Plain HTML that reads well as text: no table of layout, no image, one small style sheet of its own. */
#include "serve/lite_page.h"
#include "serve/lite_trust.h"
#include "serve/lite_write.h"

/* Referrer-Policy: with no-referrer a browser sends "Origin: null" with its own forms, and they would be refused;
 * same-origin tells other sites as little. */
static const char headers[] =
    "Cache-Control: no-store\r\n"
    "Content-Security-Policy: default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "Referrer-Policy: same-origin\r\n"
    "Cross-Origin-Opener-Policy: same-origin\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\n"
    "Permissions-Policy: camera=(), geolocation=(), microphone=(), payment=(), usb=()\r\n";

/* The tokens of web/src/styles.css, the few that this page needs. */
static const char style[] =
    ":root{color-scheme:light "
    "dark;--p:#fbfaf6;--c:#fff;--i:#16201c;--h:#5f6b64;--l:#e3e0d6;--w:#0b6e5b;--o:#fff;--e:#b3261e}"
    "@media(prefers-color-scheme:dark){:root{--p:#0f1312;--c:#171d1b;--i:#eaf1ed;--h:#92a09a;--l:#26302c;"
    "--w:#5bd6b8;--o:#07241d;--e:#ff8a80}}"
    "body{font:1rem/1.5 system-ui,sans-serif;max-width:42rem;margin:2rem auto;padding:0 1rem;background:var(--p);"
    "color:var(--i);overflow-wrap:anywhere}"
    "h1{font-size:1.375rem;line-height:1.25;letter-spacing:-.02em}h2{font-size:1.0625rem;margin-top:2rem}"
    "code{user-select:all}.address,.code{font:500 1.375rem/1.25 ui-monospace,monospace;letter-spacing:-.02em}"
    ".address{font-size:clamp(1rem,5vw,1.375rem)}a{color:var(--w)}"
    "pre{white-space:pre-wrap;background:var(--c);border:1px solid var(--l);border-radius:14px;padding:1rem}"
    "ol,ul{list-style:none;padding:0}li{margin-block:.75rem;padding:1rem;background:var(--c);"
    "border:1px solid var(--l);border-radius:14px}"
    "form{display:inline-block;max-width:100%;margin:.25rem .5rem .25rem "
    "0}label{display:block;margin-block:.5rem;color:var(--h)}"
    "input{font:inherit;box-sizing:border-box;width:30rem;max-width:100%;min-height:2.75rem;padding:0 .75rem;"
    "border:1px solid var(--h);border-radius:10px;background:var(--c);color:var(--i)}"
    "textarea{font:inherit;box-sizing:border-box;width:100%;min-height:16rem;padding:.75rem;border:1px solid var(--h);"
    "border-radius:10px;background:var(--c);color:var(--i)}.wide,.wide input{width:100%}.bad{color:var(--e)}"
    "input[type=submit]{width:auto;padding:0 1rem;font-weight:500;cursor:pointer}"
    "body>form:first-of-type>input[type=submit]{background:var(--w);border-color:var(--w);color:var(--o)}"
    ":focus-visible{outline:2px solid var(--w);outline-offset:2px}";

void lite_style(struct http_req *r) { http_reply(r, 200, "text/css; charset=utf-8", str_c(style)); }

/* ---- pieces ---- */
struct buf *lite_begin(struct http_req *r, int status, const char *title)
{
    r->policy = headers;
    struct buf *b = http_begin(r, status, "text/html; charset=utf-8");
    buf_puts(b, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>");
    buf_puts(b, title);
    buf_puts(b, "</title><meta name=\"viewport\" content=\"width=device-width\">"
                "<link rel=\"stylesheet\" href=\"/lite/style.css\"></head><body>\n<h1>");
    buf_puts(b, title);
    buf_puts(b, "</h1>\n");
    return b;
}
void lite_end(struct http_req *r, struct buf *b)
{
    buf_puts(b, "</body></html>\n");
    http_finish(r);
}
void lite_hidden(struct buf *b, const char *name, struct str value)
{
    buf_printf(b, "<input type=\"hidden\" name=\"%s\" value=\"", name);
    text_html(b, value);
    buf_puts(b, "\">");
}
void lite_form(struct buf *b, const char *action, struct str token)
{
    buf_printf(b, "<form method=\"post\" action=\"/lite/%s\">", action);
    lite_hidden(b, "token", token);
}
void lite_button(struct buf *b, const char *label)
{
    buf_printf(b, "<input type=\"submit\" value=\"%s\"></form>\n", label);
}
void lite_simple(struct buf *b, const char *action, struct str token, const char *label)
{
    lite_form(b, action, token);
    lite_button(b, label);
}
void lite_id_form(struct buf *b, const char *action, struct str token, const struct msg_id *id)
{
    char hex[MSG_ID_N * 2];
    lite_form(b, action, token);
    lite_hidden(b, "id", str_of(hex, text_hex(hex, msg_id_str(id))));
}
void lite_line(struct buf *b, const char *label, struct str text)
{
    buf_printf(b, "<p>%s: ", label);
    text_html(b, text);
    buf_puts(b, "</p>\n");
}
/* On a small screen it breaks before its @. */
static void put_address(struct buf *b, struct str address)
{
    struct str domain, local = str_cut(address, '@', &domain);
    buf_puts(b, "<p class=\"address\">");
    text_html(b, local);
    buf_puts(b, "<wbr>@");
    text_html(b, domain);
    buf_puts(b, "</p>\n");
}
static void when(struct buf *b, const char *label, int64_t ms)
{
    AUTO_BUF struct buf t = { .max = 40 };
    text_rfc3339(&t, ms / 1000 * 1000);
    struct str hm, day = str_cut(buf_str(&t), 'T', &hm);
    buf_printf(b, "<p>%s: %.*s, %.*s UTC</p>\n", label, STR_FMT(day), STR_FMT(str_sub(hm, 0, 5)));
}
struct str lite_token_of(struct http_req *r)
{
    struct str t = { 0 };
    http_form(r, S("token"), &t);
    return str_trim(t);
}

struct str lite_member(struct json_in *j, const struct json *of, const char *key)
{
    struct str s = { 0 };
    if (of)
        json_get_str(j, of, key, 1 << 16, &s);
    return s;
}

static void put_who(struct buf *b, struct json_in *j)
{
    const struct json *from = NULL;
    json_get_object(j, j->root, "from", &from);
    if (!from)
        return;
    struct str name = lite_member(j, from, "name"), address = lite_member(j, from, "address");
    text_html(b, name);
    buf_puts(b, name.n ? " &lt;" : "");
    text_html(b, address);
    buf_puts(b, name.n ? "&gt;" : "");
}

/* ---- pages ---- */
void lite_front(struct http_req *r)
{
    struct buf *b = lite_begin(r, 200, "mayfly, plain");
    buf_puts(b, "<p>An e-mail address for the next hour. No account, and nothing left when it ends.</p>\n"
                "<form method=\"post\" action=\"/lite/new\">");
    lite_put_value(b, api_now_ms(api_of(r)));
    buf_puts(b, "<label>A name of your own, or nothing for a random one: "
                "<input name=\"local\" autocomplete=\"off\"></label>");
    lite_button(b, "New address");
    buf_puts(b, "<h2>Open one you have</h2>\n<form method=\"post\" action=\"/lite/open\">"
                "<label>Recovery words, token or password: <input name=\"secret\" autocomplete=\"off\"></label>"
                "<label>Address, with a password: <input name=\"address\" autocomplete=\"off\"></label>");
    lite_button(b, "Open");
    lite_end(r, b);
}

void lite_sorry(struct http_req *r, int status, const char *text)
{
    struct buf *b = lite_begin(r, status, "That did not work");
    buf_puts(b, "<p>");
    text_html(b, str_c(text));
    buf_puts(b, "</p>\n");
    if (r->opened != NULL && status != 401)
        lite_simple(b, "inbox", lite_token_of(r), "Back to the inbox");
    else
        buf_puts(b, "<p><a href=\"/lite\">Start again</a></p>\n");
    lite_end(r, b);
}

static void put_secret(struct buf *b, const char *label, struct str text)
{
    buf_printf(b, "<p>%s:</p>\n<p><code>", label);
    text_html(b, text);
    buf_puts(b, "</code></p>\n");
}

void lite_put_made(struct buf *b, const struct mailbox_made *made)
{
    put_address(b, made->address);
    when(b, "It ends at", store_box_end_ms(&made->box));
    buf_puts(b, "<p><b>Note these now</b>: they are shown on this page alone.</p>\n");
    put_secret(b, "Recovery words, which open the mailbox anywhere", made->recovery);
    put_secret(b, "Token, for programs", made->token);
    lite_simple(b, "inbox", made->token, "Check for mail");
}

void lite_made(struct http_req *r, struct str made, bool again)
{
    struct buf *b = lite_begin(r, again ? 200 : 201, "Your address");
    buf_put(b, made);
    if (again)
        buf_puts(b, "<p>This form was sent before; no second address was made of it.</p>\n"
                    "<p><a href=\"/lite\">Make another one</a></p>\n");
    lite_end(r, b);
}

void lite_opened(struct http_req *r, struct str token)
{
    struct buf *b = lite_begin(r, 200, "Opened");
    lite_line(b, "Address", api_box(r)->address);
    when(b, "It ends at", store_box_end_ms(&api_box(r)->box));
    lite_simple(b, "inbox", token, "Go to the inbox");
    lite_end(r, b);
}

static void put_item(struct buf *b, struct str token, const struct mail_row *m)
{
    AUTO_JSON struct json_in j = { 0 };
    buf_puts(b, m->row.flags & FLAG_SEEN ? "<li>" : "<li>New: ");
    if (api_env(&j, m->env)) {
        struct str subject = lite_member(&j, j.root, "subject"), code = lite_member(&j, j.root, "code");
        buf_puts(b, "<b>");
        text_html(b, subject.n ? subject : S("(no subject)"));
        buf_puts(b, "</b><br>");
        put_who(b, &j);
        if (code.n) {
            buf_puts(b, "<br>Code: <span class=\"code\">");
            text_html(b, code);
            buf_puts(b, "</span>");
        }
    }
    buf_puts(b, "<br>");
    lite_id_form(b, "message", token, &m->row.id);
    lite_button(b, "Read");
    buf_puts(b, "</li>\n");
}

static void folder_form(struct buf *b, struct str token, struct str folder, const char *label)
{
    lite_form(b, "inbox", token);
    lite_hidden(b, "folder", folder);
    lite_button(b, label);
}

static void put_empty(struct buf *b, struct http_req *r, bool junk)
{
    if (junk) {
        buf_puts(b, "<p>No junk. What looks like spam is kept here, apart from your mail.</p>\n");
        return;
    }
    buf_puts(b, "<p>Nothing yet. Mail shows here when you check again.</p>\n");
    lite_put_attempts(b, r);
}

void lite_inbox(struct http_req *r, bool junk, const struct mail_row *rows, size_t n, bool more)
{
    struct str token = lite_token_of(r);
    struct buf *b = lite_begin(r, 200, junk ? "Junk" : "Inbox");
    put_address(b, api_box(r)->address);
    when(b, "It ends at", store_box_end_ms(&api_box(r)->box));
    if (junk)
        lite_simple(b, "inbox", token, "Back to the inbox");
    else
        lite_simple(b, "inbox", token, "Check for mail");
    if (!junk)
        folder_form(b, token, S("Junk"), "Junk");
    if (!junk)
        lite_put_write(b, r);
    lite_simple(b, "extend", token, "10 minutes more");
    lite_simple(b, "end", token, "End it now");
    if (n == 0)
        put_empty(b, r, junk);
    buf_puts(b, n ? "<ol>\n" : "");
    for (size_t i = 0; i < n; i++)
        put_item(b, token, &rows[i]);
    buf_puts(b, n ? "</ol>\n" : "");
    if (more)
        buf_puts(b, "<p>Older messages are not shown here.</p>\n");
    lite_end(r, b);
}

static void put_links(struct buf *b, struct json_in *j)
{
    const struct json *list = NULL;
    json_get_array(j, j->root, "links", 1000, &list);
    for (size_t i = 0; i < json_len(list); i++) {
        struct str url = lite_member(j, json_at(list, i), "url");
        if (!str_starts_nocase(url, S("https://")) && !str_starts_nocase(url, S("http://")))
            continue;
        buf_puts(b, "<p>Link: <a rel=\"noreferrer noopener nofollow\" href=\"");
        text_html(b, url);
        buf_puts(b, "\">");
        text_html(b, url);
        buf_puts(b, "</a></p>\n");
    }
}

void lite_message(struct http_req *r, const struct mail *m)
{
    AUTO_JSON struct json_in j = { 0 };
    struct str token = lite_token_of(r);
    bool known = api_env(&j, m->head.env);
    struct buf *b = lite_begin(r, 200, "Message");
    lite_simple(b, "inbox", token, "Back to the inbox");
    if (known) {
        buf_puts(b, "<p>From: ");
        put_who(b, &j);
        buf_puts(b, "</p>\n");
        lite_put_trust(b, &j);
        lite_put_report(b, &j);
        lite_line(b, "Subject", lite_member(&j, j.root, "subject"));
        struct str code = lite_member(&j, j.root, "code");
        if (code.n) {
            buf_puts(b, "<p>Code: <span class=\"code\">");
            text_html(b, code);
            buf_puts(b, "</span></p>\n");
        }
    }
    when(b, "Received", m->head.row.received_ms);
    buf_puts(b, "<pre>");
    text_html(b, m->text);
    buf_puts(b, "</pre>\n");
    if (known) {
        put_links(b, &j);
        lite_put_files(b, token, &j, &m->head.row.id);
    }
    lite_id_form(b, "file", token, &m->head.row.id);
    lite_button(b, "Download the whole message");
    lite_put_answers(b, r, &m->head.row.id);
    bool junk = m->head.row.folder == FOLDER_JUNK;
    lite_id_form(b, "junk", token, &m->head.row.id);
    lite_hidden(b, "spam", junk ? S("no") : S("yes"));
    lite_button(b, junk ? "Not junk" : "It is junk");
    lite_id_form(b, "delete", token, &m->head.row.id);
    lite_button(b, "Delete it");
    lite_end(r, b);
}

void lite_sure(struct http_req *r)
{
    struct buf *b = lite_begin(r, 200, "End this mailbox?");
    buf_puts(
        b,
        "<p>Its address stops working and its mail can never be read again, not even with the recovery words.</p>\n");
    lite_form(b, "end", lite_token_of(r));
    lite_hidden(b, "sure", S("yes"));
    lite_button(b, "End it for ever");
    lite_simple(b, "inbox", lite_token_of(r), "Keep it");
    lite_end(r, b);
}

void lite_ended(struct http_req *r, uint64_t messages)
{
    struct buf *b = lite_begin(r, 200, "It is gone");
    buf_printf(b,
               "<p>The mailbox has ended, and %llu message%s with it. Nobody can read it any more.</p>\n"
               "<p><a href=\"/lite\">Start again</a></p>\n",
               (unsigned long long)messages, messages == 1 ? "" : "s");
    lite_end(r, b);
}
