/* Messages in mail.tm's shape, made from the summary that every message has. */
#include "serve/compat_mailtm_message.h"
#include "base/text.h"
#include <string.h>

enum { PAGE = 30, FIELD_MAX = 1 << 20, EVENT_MAX = 256 * 1024 };

/* ---- shapes ---- */
static void put_person(struct json_out *o, struct json_in *j, const struct json *p)
{
    struct str address = { 0 }, name = { 0 };
    if (p) {
        json_get_str(j, p, "address", FIELD_MAX, &address);
        json_get_str(j, p, "name", FIELD_MAX, &name);
    }
    json_put_object(o);
    json_kv_str(o, "address", address);
    json_kv_str(o, "name", name);
    json_put_end(o);
}
static void put_people(struct json_out *o, struct json_in *j, const char *key)
{
    const struct json *list = NULL;
    json_get_array(j, j->root, key, 10000, &list);
    json_kv_array(o, key);
    for (size_t i = 0; i < json_len(list); i++)
        put_person(o, j, json_at(list, i));
    json_put_end(o);
}
static void put_text(struct json_out *o, struct json_in *j, const char *from, const char *key)
{
    struct str s = { 0 };
    json_get_str(j, j->root, from, FIELD_MAX, &s);
    json_kv_str(o, key, s);
}
static const struct json *attachments_of(struct json_in *j)
{
    const struct json *list = NULL;
    json_get_array(j, j->root, "attachments", 10000, &list);
    return list;
}

/* The members of a list's item; leaves the object open. */
static void put_summary(struct json_out *o, struct json_in *j, const struct box_id *box, const struct store_row *row)
{
    char id[MSG_ID_N * 2], account[BOX_ID_N * 2 + 16] = "/accounts/";
    AUTO_BUF struct buf url = { .max = 128 };
    struct str hex = str_of(id, text_hex(id, msg_id_str(&row->id)));
    const struct json *from = NULL;
    json_put_object(o);
    mailtm_typed(o, "Message", "messages", hex);
    json_kv_str(o, "accountId", str_of(account, 10 + text_hex(account + 10, box_id_str(box))));
    put_text(o, j, "message_id", "msgid");
    json_get_object(j, j->root, "from", &from);
    json_put_key(o, "from");
    put_person(o, j, from);
    put_people(o, j, "to");
    put_text(o, j, "subject", "subject");
    put_text(o, j, "intro", "intro");
    json_kv_bool(o, "seen", row->flags & FLAG_SEEN);
    json_kv_bool(o, "isDeleted", false);
    json_kv_bool(o, "hasAttachments", json_len(attachments_of(j)) > 0);
    json_kv_u64(o, "size", row->size);
    buf_printf(&url, "/messages/%.*s/download", STR_FMT(hex));
    json_kv_str(o, "downloadUrl", buf_str(&url));
    json_kv_time(o, "createdAt", row->received_ms);
    json_kv_time(o, "updatedAt", row->received_ms);
}

static void put_attachments(struct json_out *o, struct json_in *j, const struct msg_id *msg)
{
    const struct json *list = attachments_of(j);
    char hex[MSG_ID_N * 2];
    struct str id = str_of(hex, text_hex(hex, msg_id_str(msg)));
    json_kv_array(o, "attachments");
    for (size_t i = 0; i < json_len(list); i++) {
        const struct json *a = json_at(list, i);
        struct str name = { 0 }, type = { 0 };
        bool inlined = false;
        int64_t size = 0;
        json_get_str(j, a, "filename", FIELD_MAX, &name);
        json_get_str(j, a, "content_type", FIELD_MAX, &type);
        json_get_bool(j, a, "inline", &inlined);
        json_get_int(j, a, "size", 0, INT64_MAX, &size);
        AUTO_BUF struct buf own = { .max = 32 }, url = { .max = 128 };
        buf_printf(&own, "ATTACH%06zu", i + 1);
        buf_printf(&url, "/messages/%.*s/attachment/%.*s", STR_FMT(id), STR_FMT(buf_str(&own)));
        json_put_object(o);
        json_kv_str(o, "id", buf_str(&own));
        json_kv_str(o, "filename", name);
        json_kv_str(o, "contentType", type);
        json_kv_str(o, "disposition", inlined ? S("inline") : S("attachment"));
        json_kv_str(o, "transferEncoding", S("base64"));
        json_kv_bool(o, "related", inlined);
        json_kv_i64(o, "size", size);
        json_kv_str(o, "downloadUrl", buf_str(&url));
        json_put_end(o);
    }
    json_put_end(o);
}

static void put_whole(struct http_req *r, struct json_out *o, struct json_in *j, const struct mail *m)
{
    put_summary(o, j, &api_box(r)->box.id, &m->head.row);
    put_people(o, j, "cc");
    json_kv_array(o, "bcc");
    json_put_end(o);
    json_kv_bool(o, "flagged", m->head.row.flags & FLAG_FLAGGED);
    json_kv_array(o, "verifications");
    json_put_end(o);
    json_kv_bool(o, "retention", true);
    json_kv_time(o, "retentionDate", store_box_end_ms(&api_box(r)->box));
    json_kv_str(o, "text", m->text);
    json_kv_array(o, "html");
    if (m->html.n)
        json_put_str(o, m->html);
    json_put_end(o);
    put_attachments(o, j, &m->head.row.id);
    json_put_end(o);
}

/* ---- the list: pages of thirty, found by walking ---- */
struct walk {
    uint32_t left;  /* pages to pass over */
    uint32_t total; /* of the folder, when the frame tells it */
    struct mail_query q;
};
uint32_t mailtm_page(struct http_req *r)
{
    struct str v;
    uint32_t page = 1;
    if (http_query(r, S("page"), &v) && (!str_to_u32(v, &page) || page < 1 || page > 1000))
        page = 1000;
    return page;
}

static void put_rows(struct http_req *r, struct json_out *o, const struct mail_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        AUTO_JSON struct json_in j = { 0 };
        if (!api_env(&j, rows[i].env))
            continue;
        put_summary(o, &j, &api_box(r)->box.id, &rows[i].row);
        json_put_end(o);
    }
}

static void list(struct http_req *r);
static void on_list(void *ctx, enum err e, const struct mail_row *rows, size_t n, bool more)
{
    struct http_req *r = ctx;
    struct walk *w = r->user;
    api_done(r);
    if (e != OK) {
        mailtm_failed(r, e, NULL);
        return;
    }
    if (w->left && more && n) {
        w->left--;
        w->q.before_uid = rows[n - 1].row.uid;
        list(r);
        return;
    }
    struct json_out o = json_out(mailtm_begin(r, 200));
    mailtm_list_begin(r, &o, "/messages");
    put_rows(r, &o, rows, w->left ? 0 : n);
    mailtm_list_end(r, &o, w->total);
    http_finish(r);
}

static void list(struct http_req *r)
{
    struct walk *w = r->user;
    api_wait_mail(r, mail_list(api_of(r)->o.store, api_of(r)->o.loop, api_box(r), &w->q, on_list, r));
}

static void on_folders(void *ctx, enum err e, const struct folder *all, size_t n, uint64_t modseq)
{
    struct http_req *r = ctx;
    struct walk *w = r->user;
    (void)modseq;
    api_done(r);
    if (e != OK) {
        mailtm_failed(r, e, NULL);
        return;
    }
    for (size_t i = 0; i < n; i++)
        if (all[i].at.no == w->q.folder)
            w->total = all[i].at.total;
    list(r);
}

void mailtm_messages(struct http_req *r)
{
    struct walk *w = arena_new(&r->arena, struct walk);
    if (!w) {
        mailtm_failed(r, ERR_IO, NULL);
        return;
    }
    *w = (struct walk){ .left = mailtm_page(r) - 1, .q = { .folder = FOLDER_INBOX, .limit = PAGE } };
    r->user = w;
    if (mailtm_ld(r))
        api_wait_folder(r, api_folders(r, on_folders));
    else
        list(r);
}

/* ---- one message ---- */
static void on_message(void *ctx, enum err e, const struct mail *m)
{
    struct http_req *r = ctx;
    AUTO_JSON struct json_in j = { 0 };
    api_done(r);
    if (e != OK || !api_env(&j, m->head.env)) {
        mailtm_failed(r, e != OK ? e : ERR_IO, NULL);
        return;
    }
    struct json_out o = json_out(mailtm_begin(r, 200));
    put_whole(r, &o, &j, m);
    http_finish(r);
}
static void answer_message(struct http_req *r, const struct msg_id *id)
{
    api_wait_mail(r, mail_get(api_of(r)->o.store, api_of(r)->o.loop, api_box(r), id, true, on_message, r));
}
void mailtm_message(struct http_req *r)
{
    struct msg_id id;
    if (api_msg_id(r, r->params[0], &id))
        answer_message(r, &id);
}

/* ---- PATCH {seen} ---- */
static void on_seen(void *ctx, enum err e, const struct store_row *now)
{
    struct http_req *r = ctx;
    api_done(r);
    if (e != OK)
        mailtm_failed(r, e, NULL);
    else
        answer_message(r, &now->id);
}
void mailtm_seen(struct http_req *r)
{
    AUTO_JSON struct json_in j = { 0 };
    struct msg_id id;
    bool seen = true;
    if (!api_msg_id(r, r->params[0], &id) || !api_body(r, &j))
        return;
    json_get_bool(&j, j.root, "seen", &seen);
    if (j.bad) {
        mailtm_error(r, 422, j.why);
        return;
    }
    const struct mail_change c = { .set = seen ? FLAG_SEEN : 0, .clear = seen ? 0 : FLAG_SEEN };
    api_wait_change(r, api_change(r, &id, &c, on_seen));
}

void mailtm_attachment(struct http_req *r)
{
    struct msg_id id;
    uint32_t n;
    struct str digits = str_from(r->params[1], 6);
    if (!api_msg_id(r, r->params[0], &id))
        return;
    if (!str_starts(r->params[1], S("ATTACH")) || !str_to_u32(digits, &n) || n < 1 || n > LIMIT_MIME_PARTS)
        mailtm_failed(r, ERR_GONE, NULL);
    else
        api_stream(r, &id, (int)n - 1);
}

/* ---- /sources: the raw message as one JSON string, streamed ---- */
struct source {
    struct http_req *r;
    struct mail_stream *s;
    char tail[4]; /* of a character that two pieces share */
    size_t tail_n;
    bool begun;
};
static void drop_source(struct http_req *r) { mail_stream_close(((struct source *)r->state)->s); }
static void more_source(struct http_req *r) { mail_stream_next(((struct source *)r->state)->s); }

static void source_opened(void *ctx, const struct mail_stream_info *info)
{
    struct source *s = ctx;
    struct mail_stream *mail = s->s;
    AUTO_BUF struct buf b = { .max = 512 };
    struct json_out o = json_out(&b);
    (void)info;
    s->begun = true;
    if (!http_stream_begin(s->r, 200, "application/json", UINT64_MAX)) {
        mail_stream_close(mail);
        return;
    }
    json_put_object(&o);
    mailtm_typed(&o, "Source", "sources", s->r->params[0]);
    buf_puts(&b, ",\"downloadUrl\":\"/messages/");
    buf_put(&b, s->r->params[0]); /* hex, checked */
    buf_puts(&b, "/download\",\"data\":\"");
    http_stream_put(s->r, buf_str(&b));
    mail_stream_next(mail);
}

/* Octets at the end that begin a character and do not finish it. */
static size_t unfinished(struct str s)
{
    for (size_t k = 1; k <= 3 && k <= s.n; k++) {
        unsigned char c = (unsigned char)s.p[s.n - k];
        if (c >= 0xc0)
            return k < (c >= 0xf0 ? 4u : c >= 0xe0 ? 3u : 2u) ? k : 0;
        if (c < 0x80)
            return 0;
    }
    return 0;
}
static void source_piece(void *ctx, struct str bytes, bool last)
{
    struct source *s = ctx;
    AUTO_BUF struct buf raw = { .max = 4 << 20, .secret = true }, json = { .max = 26 << 20, .secret = true };
    buf_put(&raw, str_of(s->tail, s->tail_n));
    buf_put(&raw, bytes);
    s->tail_n = last ? 0 : unfinished(buf_str(&raw));
    if (s->tail_n)
        memcpy(s->tail, raw.p + raw.n - s->tail_n, s->tail_n);
    raw.n -= s->tail_n;
    text_json(&json, buf_str(&raw));
    http_stream_put(s->r, str_sub(buf_str(&json), 1, json.n - 2)); /* without its quotes */
    if (last) {
        http_stream_put(s->r, S("\"}"));
        mail_stream_close(s->s);
        api_done(s->r);
        http_stream_end(s->r);
    } else if (http_stream_ready(s->r)) {
        mail_stream_next(s->s);
    }
}
static void source_failed(void *ctx, enum err e)
{
    struct source *s = ctx;
    struct http_req *r = s->r;
    bool begun = s->begun;
    mail_stream_close(s->s);
    api_done(r);
    if (begun)
        http_stream_fail(r);
    else
        mailtm_failed(r, e, NULL);
}
void mailtm_source(struct http_req *r)
{
    static const struct mail_stream_ops ops = { .opened = source_opened,
                                                .piece = source_piece,
                                                .failed = source_failed };
    struct api *a = api_of(r);
    struct msg_id id;
    if (!api_msg_id(r, r->params[0], &id))
        return;
    struct source *s = arena_new(&r->arena, struct source);
    if (s) {
        *s = (struct source){ .r = r };
        s->s = mail_stream_open(a->o.store, a->o.loop, api_box(r), &id, -1, &ops, s);
    }
    if (!s || !s->s) {
        mailtm_failed(r, ERR_IO, NULL);
        return;
    }
    r->state = s;
    r->dropped = drop_source;
    r->more = more_source;
    http_hold(r, 15 * 60 * 1000);
}

/* ---- Mercure: one JSON a line ---- */
static void put_event(struct http_req *r, struct buf *out, const struct event *e)
{
    AUTO_JSON struct json_in j = { 0 };
    struct json_out o = json_out(out);
    const struct store_row row = { .id = e->msg, .flags = e->flags, .received_ms = e->received_ms, .size = e->size };
    char hex[MSG_ID_N * 2];
    (void)r;
    if (e->kind == EVENT_MESSAGE_NEW && api_env(&j, e->json)) {
        put_summary(&o, &j, &e->box, &row);
        json_put_end(&o);
    } else if (e->kind == EVENT_MESSAGE_CHANGED || e->kind == EVENT_MESSAGE_GONE) {
        json_put_object(&o);
        mailtm_typed(&o, "Message", "messages", str_of(hex, text_hex(hex, msg_id_str(&e->msg))));
        json_kv_bool(&o, "seen", e->kind == EVENT_MESSAGE_CHANGED && (e->flags & FLAG_SEEN));
        json_kv_bool(&o, "isDeleted", e->kind == EVENT_MESSAGE_GONE);
        json_put_end(&o);
    } else if (e->kind == EVENT_BOX_ENDED) {
        json_put_object(&o);
        mailtm_typed(&o, "Account", "accounts", str_of(hex, text_hex(hex, box_id_str(&e->box))));
        json_kv_bool(&o, "isDeleted", true);
        json_put_end(&o);
    }
}
const struct live_sse_shape mailtm_sse = { .put = put_event };
