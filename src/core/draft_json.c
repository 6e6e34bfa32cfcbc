/* A draft as the REST interface takes it. What is wrong is told in words that a form can show. */
#include "base/text.h"
#include "core/draft.h"

/* The last three, and an attachment's size, are what the beginning of a mail says of itself: it is handed in as it is,
 * and they are passed over. */
static const char *const KEYS[] = {
    "to", "cc", "bcc", "subject", "text", "html", "attachments", "in_reply_to", "draft", "refused", "html_left_out",
};

static void only(struct json_in *j, const struct json *obj, const char *const *others, size_t n)
{
    const char *all[COUNT(KEYS) + 8];
    size_t k = 0;
    for (; k < COUNT(KEYS); k++)
        all[k] = KEYS[k];
    for (size_t i = 0; i < n && k < COUNT(all); i++)
        all[k++] = others[i];
    json_only(j, obj, all, k);
}

/* ---- people ---- */

static void no_address(struct json_in *j, const char *key, struct str wrong)
{
    AUTO_BUF struct buf shown = { .max = 128 };
    text_json(&shown, utf8_cut(wrong, 60));
    if (wrong.n == 0)
        json_complain(j, "\"%s\" has too many addresses", key);
    else
        json_complain(j, "\"%s\": %.*s is not an address that mail can be sent to", key, STR_FMT(buf_str(&shown)));
}

/* {"name": …, "address": …} */
static void read_person(struct json_in *j, const char *key, const struct json *v, struct arena *a,
                        struct draft_people *p)
{
    static const char *const keys[] = { "name", "address" };
    struct str name = { 0 }, address = { 0 }, wrong;
    json_only(j, v, keys, COUNT(keys));
    json_get_str(j, v, "name", DRAFT_TEXT_MAX, &name);
    if (json_need_str(j, v, "address", DRAFT_NAME_MAX * 2, &address) &&
        !draft_person_add(p, a, name, str_trim(address), &wrong))
        no_address(j, key, wrong);
}

static void read_people(struct json_in *j, const struct json *obj, const char *key, struct arena *a,
                        struct draft_people *p)
{
    const struct json *list = NULL;
    struct str text, wrong;
    if (!json_get_array(j, obj, key, DRAFT_PEOPLE_MAX, &list))
        return;
    for (size_t i = 0; i < json_len(list) && !j->bad; i++) {
        const struct json *v = json_at(list, i);
        if (json_is_obj(v))
            read_person(j, key, v, a, p);
        else if (!json_as_str(v, &text))
            json_complain(j, "\"%s\" must be a list of addresses", key);
        else if (!draft_people_add(p, a, text, &wrong))
            no_address(j, key, wrong);
    }
}

/* ---- attachments ---- */

static bool is_token(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= ' ' || s.p[i] > '~' || str_chr(S("()<>@,;:\\\"/[]?="), s.p[i]) != STR_NONE)
            return false;
    return s.n > 0;
}

/* type/subtype; parameters that a browser may have put behind it are not kept. */
static struct str read_type(struct json_in *j, const struct json *obj)
{
    struct str type = { 0 }, sub, ignored;
    if (!json_get_str(j, obj, "content_type", DRAFT_NAME_MAX, &type) || type.n == 0)
        return S("");
    type = str_trim(str_cut(type, ';', &ignored));
    if (!is_token(str_cut(type, '/', &sub)) || !is_token(sub))
        json_complain(j, "\"content_type\" must be like \"text/plain\"");
    return type;
}

static void read_content(struct json_in *j, struct str text, struct arena *a, struct str *out)
{
    size_t max = text.n / 4 * 3;
    char *room = arena_room(a, max + 1);
    struct buf b = { .p = room, .cap = max, .max = max };
    if (room == NULL)
        json_complain(j, "the attachments are too large");
    else if (text_unbase64(&b, text) != OK || b.p != room)
        json_complain(j, "\"content\" must be base64 as RFC 4648 section 4 has it, without line ends");
    else
        *out = buf_str(&b);
}

/* {"filename", "content_type", "content"}, or {"message", "n"}, whose file may get another name. */
static void read_file(struct json_in *j, const struct json *v, struct arena *a, struct draft_file *f)
{
    static const char *const keys[] = { "filename", "content_type", "content", "message", "n", "size" };
    struct str name = { 0 }, content = { 0 }, id = { 0 };
    int64_t n = 0;
    json_only(j, v, keys, COUNT(keys));
    json_get_str(j, v, "filename", DRAFT_TEXT_MAX, &name);
    f->filename = draft_line(a, utf8_cut(name, DRAFT_NAME_MAX));
    f->content_type = arena_dup(a, read_type(j, v));
    f->stored = json_get_str(j, v, "message", 2 * MSG_ID_N, &id);
    json_get_int(j, v, "n", 0, UINT32_MAX, &n);
    f->n = (uint32_t)n;
    bool given = json_get_str(j, v, "content", DRAFT_ARENA, &content);
    if (given == f->stored)
        json_complain(j, "an attachment has either \"content\" or a \"message\" that it is attached to");
    else if (given)
        read_content(j, content, a, &f->content);
    else if (text_unhex(id, f->message.b, sizeof f->message.b) != OK)
        json_complain(j, "\"message\" must be the id of a message");
}

static void read_files(struct json_in *j, const struct json *obj, struct arena *a, struct draft *out)
{
    const struct json *list = NULL;
    if (!json_get_array(j, obj, "attachments", DRAFT_FILES_MAX, &list) || json_len(list) == 0)
        return;
    out->files = arena_array(a, json_len(list), sizeof *out->files);
    for (size_t i = 0; out->files != NULL && i < json_len(list) && !j->bad; i++)
        if (!json_is_obj(json_at(list, i)))
            json_complain(j, "\"attachments\" must be a list of objects");
        else
            read_file(j, json_at(list, i), a, &out->files[out->files_n++]);
}

void draft_read(struct json_in *j, const struct json *obj, const char *const *others, size_t n, struct arena *a,
                struct draft *out)
{
    struct str subject = { 0 }, text = { 0 }, html = { 0 }, id = { 0 };
    only(j, obj, others, n);
    read_people(j, obj, "to", a, &out->to);
    read_people(j, obj, "cc", a, &out->cc);
    read_people(j, obj, "bcc", a, &out->bcc);
    json_get_str(j, obj, "subject", DRAFT_SUBJECT_MAX, &subject);
    json_get_str(j, obj, "text", DRAFT_TEXT_MAX, &text);
    json_get_str(j, obj, "html", DRAFT_TEXT_MAX, &html);
    out->subject = draft_line(a, subject);
    out->text = arena_dup(a, text);
    out->html = arena_dup(a, html);
    read_files(j, obj, a, out);
    out->replies = json_get_str(j, obj, "in_reply_to", 2 * MSG_ID_N, &id);
    if (out->replies && text_unhex(id, out->in_reply_to.b, sizeof out->in_reply_to.b) != OK)
        json_complain(j, "\"in_reply_to\" must be the id of a message");
}
