/* Messages over REST. A list is written from the opened summaries as they are: no tree, no copy but into the answer. */
#include "base/text.h"
#include "core/lesson.h"
#include "core/unsubscribe.h"
#include "serve/api.h"
#include <string.h>

enum { LIST_DEFAULT = 50, LIST_MAX = 200, QUERY_MAX = 256 };

/* The members every message has; the summary's own follow. A page of a list has fifty of these: they are put together
 * on the stack and copied once. */
struct line {
    char p[320]; /* the longest is 262 */
    size_t n;
};
static void add(struct line *l, struct str s)
{
    memcpy(l->p + l->n, s.p, s.n);
    l->n += s.n;
}
static void add_u64(struct line *l, uint64_t v)
{
    char digits[20], *p = digits + sizeof digits;
    do
        *--p = (char)('0' + v % 10);
    while (v /= 10);
    add(l, str_of(p, (size_t)(digits + sizeof digits - p)));
}
static void add_time(struct line *l, int64_t ms)
{
    struct buf b = { .p = l->p + l->n, .cap = 32, .max = 32 };
    text_rfc3339(&b, ms);
    l->n += b.n;
}
static void add_flag(struct line *l, bool on) { add(l, on ? S("true") : S("false")); }

void api_put_row(struct json_out *o, const struct opened *box, const struct store_row *row, struct str env)
{
    char name[24];
    struct line l = { .n = 0 };
    json_put_object(o);
    json_kv_hex(o, "id", msg_id_str(&row->id));
    json_kv_str(o, "folder", api_folder_name(box, row->folder, name));
    add(&l, S(",\"uid\":"));
    add_u64(&l, row->uid);
    add(&l, S(",\"received_at\":\""));
    add_time(&l, row->received_ms);
    add(&l, S("\",\"size\":"));
    add_u64(&l, row->size);
    add(&l, S(",\"seen\":"));
    add_flag(&l, row->flags & FLAG_SEEN);
    add(&l, S(",\"flagged\":"));
    add_flag(&l, row->flags & FLAG_FLAGGED);
    add(&l, S(",\"answered\":"));
    add_flag(&l, row->flags & FLAG_ANSWERED);
    add(&l, S(",\"junk\":"));
    add_flag(&l, row->folder == FOLDER_JUNK);
    if (env.n)
        add(&l, S(","));
    buf_put(o->b, str_of(l.p, l.n));
    buf_put(o->b, env);
}

bool api_env(struct json_in *j, struct str env)
{
    AUTO_BUF struct buf b = { .max = 1 << 20, .secret = true };
    buf_putc(&b, '{');
    buf_put(&b, env);
    buf_putc(&b, '}');
    return json_parse(j, buf_str(&b), 1 << 20) == OK;
}

/* ---- the list ---- */
/* A cursor is the folder's uid below which the next page begins. */
static void on_list(void *ctx, enum err e, const struct mail_row *rows, size_t n, bool more)
{
    struct http_req *r = ctx;
    api_done(r);
    if (e != OK) {
        api_error(r, e, NULL);
        return;
    }
    size_t expect = 2048;
    for (size_t i = 0; i < n; i++)
        expect += rows[i].env.n + 320;
    http_expect(r, expect);
    struct json_out o = api_json(r, 200);
    json_kv_array(&o, "messages");
    for (size_t i = 0; i < n; i++) {
        api_put_row(&o, api_box(r), &rows[i].row, rows[i].env);
        json_put_end(&o);
    }
    json_put_end(&o);
    if (more && n > 0) {
        AUTO_BUF struct buf c = { .max = 24 };
        buf_printf(&c, "u%u", (unsigned)rows[n - 1].row.uid);
        json_kv_str(&o, "next_cursor", buf_str(&c));
    } else {
        json_kv_null(&o, "next_cursor");
    }
    json_put_end(&o);
    http_finish(r);
}

/* NULL, or what is wrong. */
static const char *read_query(struct http_req *r, struct mail_query *q)
{
    struct str v;
    if (!http_query_ok(r))
        return "A % in the query must be followed by two hex digits.";
    if (http_query(r, S("folder"), &v) && !api_folder_no(api_box(r), v, &q->folder))
        return "There is no such folder.";
    if (http_query(r, S("limit"), &v) && (!str_to_u32(v, &q->limit) || q->limit < 1 || q->limit > LIST_MAX))
        return "limit must be a number from 1 to 200.";
    if (http_query(r, S("cursor"), &v) && (!str_starts(v, S("u")) || !str_to_u32(str_from(v, 1), &q->before_uid)))
        return "This cursor is not one of ours.";
    if (http_query(r, S("q"), &q->q) && q->q.n > QUERY_MAX)
        return "q is longer than 256 octets.";
    return NULL;
}

void api_message_list(struct http_req *r)
{
    struct api *a = api_of(r);
    struct mail_query q = { .folder = FOLDER_INBOX, .limit = LIST_DEFAULT };
    const char *wrong = read_query(r, &q);
    if (wrong)
        http_problem(r, 422, "bad_query", wrong);
    else
        api_wait_mail(r, mail_list(a->o.store, a->o.loop, api_box(r), &q, on_list, r));
}

/* ---- one message ---- */
static void put_unsubscribe(struct json_out *o, struct str header)
{
    AUTO_ARENA struct arena a = { .max = 512 * 1024 };
    struct unsubscribe u;
    if (!unsubscribe_find(header, &a, &u)) {
        json_kv_null(o, "unsubscribe");
        return;
    }
    json_kv_object(o, "unsubscribe");
    if (u.url.n > 0)
        json_kv_str(o, "url", u.url);
    else
        json_kv_null(o, "url");
    if (u.address.n > 0) {
        json_kv_object(o, "mail");
        json_kv_str(o, "address", u.address);
        json_kv_str(o, "subject", u.subject);
        json_kv_str(o, "text", u.text);
        json_put_end(o);
    } else {
        json_kv_null(o, "mail");
    }
    json_put_end(o);
}

static void on_message(void *ctx, enum err e, const struct mail *m)
{
    struct http_req *r = ctx;
    api_done(r);
    if (e != OK) {
        api_error(r, e, NULL);
        return;
    }
    http_expect(r, m->text.n + m->head.env.n + 1024);
    struct json_out o = json_out(http_begin(r, 200, "application/json"));
    api_put_row(&o, api_box(r), &m->head.row, m->head.env);
    json_kv_str(&o, "text", m->text);
    json_kv_bool(&o, "text_cut", m->text_cut);
    put_unsubscribe(&o, m->header);
    json_put_end(&o);
    http_finish(r);
}
void api_message_answer(struct http_req *r, const struct msg_id *id)
{
    struct api *a = api_of(r);
    api_wait_mail(r, mail_get(a->o.store, a->o.loop, api_box(r), id, true, on_message, r));
}
void api_message_get(struct http_req *r)
{
    struct msg_id id;
    if (api_msg_id(r, r->params[0], &id))
        api_message_answer(r, &id);
}

/* ---- PATCH, verdict: mark, move, then say how it stands ---- */
static void on_changed(void *ctx, enum err e, const struct store_row *now)
{
    struct http_req *r = ctx;
    api_done(r);
    if (e == ERR_DENIED) {
        http_problem(r, 422, "bad_value", "There is no such folder.");
        return;
    }
    if (e != OK) {
        api_error(r, e, NULL);
        return;
    }
    struct json_out o = json_out(http_begin(r, 200, "application/json"));
    api_put_row(&o, api_box(r), now, (struct str){ 0 });
    json_put_end(&o);
    http_finish(r);
}

static void read_flag(struct json_in *j, const char *key, uint32_t bit, struct mail_change *c)
{
    bool on;
    if (json_get_bool(j, j->root, key, &on))
        *(on ? &c->set : &c->clear) |= bit;
}

static void teach(struct http_req *r, const struct msg_id *id, bool spam)
{
    const struct api_opts *o = &api_of(r)->o;
    struct mail_at at = { .store = o->store, .hub = o->hub, .loop = o->loop, .opened = api_box(r) };
    lesson_give(&at, o->teacher, o->said, &r->peer, id, (struct lesson_word){ .spam = spam });
}

static const char *const patch_keys[] = { "seen", "flagged", "folder" };

void api_message_patch(struct http_req *r)
{
    AUTO_JSON struct json_in j = { 0 };
    struct mail_change c = { 0 };
    struct msg_id id;
    struct str folder = { 0 };
    if (!api_msg_id(r, r->params[0], &id) || !api_body(r, &j))
        return;
    json_only(&j, j.root, patch_keys, COUNT(patch_keys));
    read_flag(&j, "seen", FLAG_SEEN, &c);
    read_flag(&j, "flagged", FLAG_FLAGGED, &c);
    if (json_get_str(&j, j.root, "folder", FOLDER_NAME_MAX, &folder) && !api_folder_no(api_box(r), folder, &c.folder))
        json_complain(&j, "\"folder\" must be one of INBOX, Junk, Sent, Drafts, Trash, or one of your own");
    if (!api_body_ok(r, &j))
        return;
    if (c.folder == FOLDER_JUNK)
        teach(r, &id, true);
    api_wait_change(r, api_change(r, &id, &c, on_changed));
}

void api_message_verdict(struct http_req *r)
{
    static const char *const keys[] = { "spam" };
    AUTO_JSON struct json_in j = { 0 };
    struct mail_change c = { 0 };
    struct msg_id id;
    bool spam;
    if (!api_msg_id(r, r->params[0], &id) || !api_body(r, &j))
        return;
    json_only(&j, j.root, keys, COUNT(keys));
    if (!json_get_bool(&j, j.root, "spam", &spam))
        json_complain(&j, "\"spam\" must be true or false");
    else
        c.folder = spam ? FOLDER_JUNK : FOLDER_INBOX;
    if (!api_body_ok(r, &j))
        return;
    teach(r, &id, spam);
    api_wait_change(r, api_change(r, &id, &c, on_changed));
}

/* ---- DELETE ---- */
static void on_deleted(void *ctx, enum err e, const struct store_row *now)
{
    struct http_req *r = ctx;
    (void)now;
    api_done(r);
    if (e != OK)
        api_error(r, e, NULL);
    else
        http_reply(r, 204, NULL, (struct str){ 0 });
}
void api_message_delete(struct http_req *r)
{
    struct msg_id id;
    if (api_msg_id(r, r->params[0], &id))
        api_wait_change(r, api_delete(r, &id, on_deleted));
}
