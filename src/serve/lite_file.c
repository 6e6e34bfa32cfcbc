/* Attachments in /lite, and whole messages as files. What can do harm is handed out at the second click: the first one
 * leads to a page that says why. The words are the page's (web/src/i18n/en.ts) and core/danger.c's. */
#include "serve/lite_page.h"

static bool has_malware(struct json_in *j)
{
    const struct json *verdict = NULL;
    json_get_object(j, j->root, "verdict", &verdict);
    return str_starts(lite_member(j, verdict, "scan"), S("malware"));
}

/* Empty: none that is known. */
static struct str danger(struct json_in *j, const struct json *file)
{
    return has_malware(j) ? S("Malware was found in this mail") : lite_member(j, file, "dangerous");
}

static void file_form(struct buf *b, struct str token, const struct msg_id *id, size_t n)
{
    lite_id_form(b, "file", token, id);
    buf_printf(b, "<input type=\"hidden\" name=\"n\" value=\"%zu\">", n);
}

void lite_put_files(struct buf *b, struct str token, struct json_in *j, const struct msg_id *id)
{
    const struct json *list = NULL;
    json_get_array(j, j->root, "attachments", 1000, &list);
    for (size_t i = 0; i < json_len(list); i++) {
        struct str why = danger(j, json_at(list, i));
        buf_puts(b, "<p>Attachment: ");
        text_html(b, lite_member(j, json_at(list, i), "filename"));
        buf_puts(b, why.n ? " <b class=\"bad\">" : "");
        text_html(b, why);
        buf_puts(b, why.n ? ".</b> " : " ");
        file_form(b, token, id, i);
        lite_button(b, "Download");
        buf_puts(b, "</p>\n");
    }
    int64_t more = 0;
    const struct json *left = NULL;
    if (json_get_object(j, j->root, "left_out", &left) && left &&
        json_get_int(j, left, "attachments", 0, INT64_MAX, &more) && more > 0)
        buf_printf(b, "<p>%lld more attachments are only in the whole message.</p>\n", (long long)more);
}

static void ask(struct http_req *r, const struct msg_id *id, size_t n, struct str name, struct str why, bool malware)
{
    struct buf *b = lite_begin(r, 200, "Save this file?");
    lite_line(b, "Attachment", name);
    buf_puts(b, "<p><b class=\"bad\">");
    text_html(b, why);
    buf_puts(b, malware ? ".</b> Opening it can harm your device.</p>\n"
                        : ".</b> Files like this can run programs, or hide some from whoever looks for them.</p>\n");
    lite_id_form(b, "message", lite_token_of(r), id);
    lite_button(b, "Back to the message");
    file_form(b, lite_token_of(r), id, n);
    lite_hidden(b, "sure", S("yes"));
    lite_button(b, "Save anyway");
    lite_end(r, b);
}

/* False: the form names none that can be. */
static bool index_of(struct http_req *r, uint32_t *index)
{
    struct str n = { 0 };
    return http_form(r, S("n"), &n) && str_to_u32(n, index) && *index < LIMIT_MIME_PARTS;
}

static void on_mail(void *ctx, enum err e, const struct mail *m)
{
    AUTO_JSON struct json_in j = { 0 };
    struct http_req *r = ctx;
    const struct json *list = NULL;
    struct str why = { 0 };
    uint32_t n = 0;
    api_done(r);
    if (e != OK || !index_of(r, &n)) {
        lite_failed(r, e, NULL);
        return;
    }
    if (api_env(&j, m->head.env) && json_get_array(&j, j.root, "attachments", 1000, &list) && n < json_len(list))
        why = danger(&j, json_at(list, n));
    if (why.n)
        ask(r, &m->head.row.id, n, lite_member(&j, json_at(list, n), "filename"), why, has_malware(&j));
    else
        api_stream(r, &m->head.row.id, (int)n);
}

static void send_file(struct http_req *r)
{
    struct api *a = api_of(r);
    struct msg_id id;
    struct str text = { 0 };
    uint32_t n = 0;
    if (!lite_msg_of(r, &id))
        return;
    if (!http_form(r, S("n"), &text))
        api_stream(r, &id, -1);
    else if (!index_of(r, &n))
        lite_sorry(r, 404, "There is no such attachment.");
    else if (http_form(r, S("sure"), &text) && str_eq(text, S("yes")))
        api_stream(r, &id, (int)n);
    else
        api_wait_mail(r, mail_get(a->o.store, a->o.loop, api_box(r), &id, false, on_mail, r));
}
void lite_file(struct http_req *r) { lite_enter(r, send_file); }
