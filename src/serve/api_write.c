/* What a holder writes, over REST: how an answer begins, and drafts, which are kept in Drafts like any mail. */
#include "core/mail_append.h"
#include "core/reply.h"
#include "core/send_known.h"
#include "core/understand.h"
#include "serve/writing.h"

/* ---- GET /mailbox/messages/{id}/compose ---- */

static void put_people(struct json_out *o, const char *key, const struct draft_people *p)
{
    json_kv_array(o, key);
    for (size_t i = 0; i < p->n; i++) {
        json_put_object(o);
        json_kv_str(o, "name", p->v[i].name);
        json_kv_str(o, "address", p->v[i].address);
        json_put_end(o);
    }
    json_put_end(o);
}

/* Those of the message as a draft names them; not what is only shown within its HTML. */
static void put_files(struct json_out *o, const struct mail *m, bool all)
{
    AUTO_JSON struct json_in j = { 0 };
    const struct json *list = NULL;
    json_kv_array(o, "attachments");
    if (api_env(&j, m->head.env))
        json_get_array(&j, j.root, "attachments", LIMIT_MIME_PARTS, &list);
    for (size_t i = 0; i < json_len(list); i++) {
        const struct json *f = json_at(list, i);
        struct str name = { 0 }, type = { 0 };
        bool within = false;
        int64_t size = 0;
        json_get_bool(&j, f, "inline", &within);
        if (within && !all)
            continue;
        json_get_str(&j, f, "filename", SUMMARY_MAX, &name);
        json_get_str(&j, f, "content_type", SUMMARY_MAX, &type);
        json_get_int(&j, f, "size", 0, INT64_MAX, &size);
        json_put_object(o);
        json_kv_hex(o, "message", msg_id_str(&m->head.row.id));
        json_kv_u64(o, "n", i);
        json_kv_str(o, "filename", name);
        json_kv_str(o, "content_type", type);
        json_kv_i64(o, "size", size);
        json_put_end(o);
    }
    json_put_end(o);
}

/* How an answer begins, while the rules of sending are asked whether it would be taken: one recipient after the other,
 * until one would not. */
struct beginning {
    enum reply_as as;
    struct buf said; /* the answer as far as it is known */
    struct json_out o;
    struct str *to;
    size_t to_n, at;
    struct send_known *known;
    struct send_req *asked;
};

static void beginning_end(struct beginning *b)
{
    send_cancel(b->asked);
    send_known_drop(b->known);
    buf_fini(&b->said);
    b->asked = NULL;
    b->known = NULL;
}

/* Of a draft, but for one that shows files of its own: a draft does not say which file stands where. Empty else. */
static struct str html_of(enum reply_as as, const struct mail *m)
{
    bool whole = as == REPLY_EDIT && m->has_html && !m->html_cut;
    return whole && str_find_nocase(m->html, S("cid:")) == STR_NONE ? m->html : S("");
}

static void put_compose(struct beginning *b, const struct mail *m, const struct reply *x)
{
    struct json_out *o = &b->o;
    bool files = b->as == REPLY_FORWARD || b->as == REPLY_EDIT, answers = b->as == REPLY_SENDER || b->as == REPLY_ALL;
    json_put_object(o);
    put_people(o, "to", &x->to);
    put_people(o, "cc", &x->cc);
    put_people(o, "bcc", &x->bcc);
    json_kv_str(o, "subject", x->subject);
    json_kv_str(o, "text", x->text);
    struct str html = html_of(b->as, m);
    json_kv_str(o, "html", html);
    json_kv_bool(o, "html_left_out",
                 b->as == REPLY_EDIT && m->has_html && html.n == 0 && (m->html.n > 0 || m->html_cut));
    if (files) {
        put_files(o, m, b->as == REPLY_EDIT);
    } else {
        json_kv_array(o, "attachments");
        json_put_end(o);
    }
    if (answers)
        json_kv_hex(o, "in_reply_to", msg_id_str(&m->head.row.id));
    else
        json_kv_null(o, "in_reply_to");
    if (b->as == REPLY_EDIT)
        json_kv_hex(o, "draft", msg_id_str(&m->head.row.id));
    else
        json_kv_null(o, "draft");
}

/* no: NULL where nothing stands against it, as far as can be known. b is gone with r. */
static void answer_compose(struct http_req *r, struct beginning *b, const struct refusal *no)
{
    if (no) {
        json_kv_object(&b->o, "refused");
        json_kv_str(&b->o, "address", b->at < b->to_n ? b->to[b->at] : S(""));
        json_kv_str(&b->o, "code", str_c(no->code));
        json_kv_str(&b->o, "detail", str_c(no->text));
        json_put_end(&b->o);
    } else {
        json_kv_null(&b->o, "refused");
    }
    json_put_end(&b->o);
    AUTO_BUF struct buf said = b->said;
    b->said = (struct buf){ 0 };
    beginning_end(b);
    api_done(r);
    if (said.failed)
        api_error(r, ERR_IO, NULL);
    else
        http_reply(r, 200, "application/json", buf_str(&said));
}

static void ask_next(struct http_req *r, struct beginning *b);

static void on_checked(void *ctx, const struct send_result *x)
{
    struct http_req *r = ctx;
    struct beginning *b = r->user;
    struct refusal no = send_refusal_of(x->refusal);
    b->asked = NULL;
    if (x->refusal == SEND_OK) {
        b->at++;
        ask_next(r, b);
        return;
    }
    answer_compose(r, b, x->refusal == SEND_LATER ? NULL : &no);
}

static void drop_compose(struct http_req *r) { beginning_end(r->user); }

static void ask_next(struct http_req *r, struct beginning *b)
{
    struct send *send = api_of(r)->o.send;
    if (b->at < b->to_n && send)
        b->asked = send_check(send, api_box(r), &b->known, b->to[b->at], on_checked, r);
    if (b->asked)
        return;
    struct refusal off = send_refusal_of(SEND_OFF);
    answer_compose(r, b, send ? NULL : &off);
}

/* False: memory. */
static bool keep_recipients(struct http_req *r, struct beginning *b, const struct reply *x)
{
    const struct draft_people *all[] = { &x->to, &x->cc };
    b->to = arena_array(&r->arena, x->to.n + x->cc.n + 1, sizeof *b->to);
    for (size_t k = 0; b->to && k < COUNT(all); k++)
        for (size_t i = 0; i < all[k]->n; i++)
            if (!(b->to[b->to_n++] = api_keep(r, all[k]->v[i].address)).p)
                return false;
    return b->to != NULL;
}

static void on_mail(void *ctx, enum err e, const struct mail *m)
{
    struct http_req *r = ctx;
    struct beginning *b = r->user;
    AUTO_ARENA struct arena a = { .max = 16 * 1024 * 1024, .secret = true };
    struct reply x;
    api_done(r);
    if (e == OK && b->as == REPLY_EDIT && m->head.row.folder != FOLDER_DRAFTS) {
        http_problem(r, 422, "not_a_draft", "This message is not a draft.");
        return;
    }
    if (e == OK)
        e = reply_make(b->as, m->header, m->text, api_box(r)->address, &a, &x);
    if (e == OK && !keep_recipients(r, b, &x))
        e = ERR_IO;
    if (e != OK) {
        api_error(r, e, NULL);
        return;
    }
    b->said = (struct buf){ .max = 64 * 1024 * 1024, .secret = true };
    b->o = json_out(&b->said);
    put_compose(b, m, &x);
    r->state = b;
    r->dropped = drop_compose;
    ask_next(r, b);
}

void api_compose(struct http_req *r)
{
    struct api *a = api_of(r);
    struct msg_id id;
    struct str word = S("reply");
    struct beginning *b = arena_new(&r->arena, struct beginning);
    if (!api_msg_id(r, r->params[0], &id))
        return;
    http_query(r, S("as"), &word);
    if (b == NULL || !reply_as_of(word, &b->as)) {
        http_problem(r, 422, "bad_query", "as must be reply, reply_all, forward or edit.");
        return;
    }
    r->user = b;
    api_wait_mail(r, mail_get(a->o.store, a->o.loop, api_box(r), &id, true, on_mail, r));
}

/* ---- drafts ---- */

static void drop_append(struct http_req *r) { mail_append_cancel(r->state); }

static void on_stored(void *ctx, enum err e, const char *why, const struct mail_appended *done)
{
    struct http_req *r = ctx;
    const struct refusal said = { "bad_value", why };
    bool made = r->route->method == HTTP_M_POST;
    api_done(r);
    if (e == ERR_GONE && !made) { /* saved by somebody else since it was looked for */
        http_problem(r, 404, WRITING_WANTS_DRAFT.code, WRITING_WANTS_DRAFT.text);
        return;
    }
    if (e != OK) {
        api_error(r, e, e == ERR_BAD && why ? &said : NULL);
        return;
    }
    struct json_out o = api_json(r, made ? 201 : 200);
    json_kv_hex(&o, "id", msg_id_str(&done->ids[0]));
    json_kv_u64(&o, "uid", done->uids[0]);
    json_kv_str(&o, "folder", S("Drafts"));
    json_put_end(&o);
    http_finish(r);
}

static void on_written(struct http_req *r, struct writing *w)
{
    const struct api_opts *o = &api_of(r)->o;
    const struct mail_at at = { .store = o->store, .hub = o->hub, .loop = o->loop, .opened = api_box(r) };
    struct mail_append *x = mail_append_new(&at, o->work, FOLDER_DRAFTS);
    enum err e = x == NULL ? ERR_IO : mail_append_add(x, &w->message, FLAG_DRAFT | FLAG_SEEN, 0);
    w->message = (struct intake){ 0 };
    if (e == OK && w->goes_on)
        mail_append_instead_of(x, w->old_folder, w->old_uid);
    writing_free(w);
    if (e != OK) {
        mail_append_cancel(x);
        api_error(r, e, NULL);
        return;
    }
    r->state = x;
    r->dropped = drop_append;
    mail_append_commit(x, on_stored, r);
}

void api_draft_new(struct http_req *r)
{
    struct writing *w = writing_new(r, http_problem_retry);
    if (w != NULL)
        writing_read(w, NULL, 0, on_written);
}

void api_draft_put(struct http_req *r)
{
    struct msg_id id;
    struct writing *w = api_msg_id(r, r->params[0], &id) ? writing_new(r, http_problem_retry) : NULL;
    if (w == NULL)
        return;
    w->goes_on = true;
    w->old = id;
    writing_read(w, NULL, 0, on_written);
}
