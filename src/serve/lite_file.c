/* Attachments in /lite, and whole messages as files. */
#include "serve/lite_page.h"

void lite_put_files(struct buf *b, struct str token, struct json_in *j, const struct msg_id *id)
{
    const struct json *list = NULL;
    json_get_array(j, j->root, "attachments", 1000, &list);
    for (size_t i = 0; i < json_len(list); i++) {
        struct str name = lite_member(j, json_at(list, i), "filename");
        buf_puts(b, "<p>Attachment: ");
        text_html(b, name);
        buf_putc(b, ' ');
        lite_id_form(b, "file", token, id);
        buf_printf(b, "<input type=\"hidden\" name=\"n\" value=\"%zu\">", i);
        lite_button(b, "Download");
        buf_puts(b, "</p>\n");
    }
    int64_t more = 0;
    const struct json *left = NULL;
    if (json_get_object(j, j->root, "left_out", &left) && left &&
        json_get_int(j, left, "attachments", 0, INT64_MAX, &more) && more > 0)
        buf_printf(b, "<p>%lld more attachments are only in the whole message.</p>\n", (long long)more);
}

static void send_file(struct http_req *r)
{
    struct msg_id id;
    struct str n = { 0 };
    uint32_t index = 0;
    if (!lite_msg_of(r, &id))
        return;
    bool raw = !http_form(r, S("n"), &n);
    if (!raw && (!str_to_u32(n, &index) || index >= LIMIT_MIME_PARTS))
        lite_sorry(r, 404, "There is no such attachment.");
    else
        api_stream(r, &id, raw ? -1 : (int)index);
}
void lite_file(struct http_req *r) { lite_enter(r, send_file); }
