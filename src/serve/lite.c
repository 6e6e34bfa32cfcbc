/* Every form posts the token back; whatever is shown is escaped text. Handlers are the interface's own calls with HTML
 * as their answer; lite_page.c writes the pages. */
#include "serve/lite.h"
#include "core/seal.h"
#include "serve/lite_page.h"
#include "serve/lite_write.h"
#include <string.h>

enum { LITE_LIST = 50, LITE_BODY = 4096 };

/* ---- whose box ---- */
static void release_box(struct http_req *r) { opened_release(r->opened); }

static void admit(struct http_req *r, struct opened *o)
{
    struct api *a = api_of(r);
    void (*next)(struct http_req *) = *(void (**)(struct http_req *))r->user;
    r->opened = o;
    r->release = release_box;
    if (!opened_alive(o, api_now_ms(a))) {
        lite_sorry(r, 401, "This mailbox has ended, or the token is not right.");
        return;
    }
    mailbox_visit(a->o.boxes, o);
    next(r);
}

static void on_auth(void *ctx, enum err e, struct opened *o, int64_t retry_ms)
{
    struct http_req *r = ctx;
    (void)retry_ms;
    api_done(r);
    if (e == OK)
        admit(r, o);
    else if (e == ERR_DENIED)
        lite_sorry(r, 401, "This mailbox has ended, or the secret is not right.");
    else
        lite_sorry(r, e == ERR_BUSY ? 429 : 503, "This cannot be done right now. Try again in a little while.");
}

void lite_enter(struct http_req *r, void (*next)(struct http_req *))
{
    struct api *a = api_of(r);
    struct str token = { 0 };
    void (**keep)(struct http_req *) = arena_alloc(&r->arena, sizeof *keep);
    if (!keep || !http_form(r, S("token"), &token)) {
        lite_sorry(r, 401, "Open your mailbox first.");
        return;
    }
    *keep = next;
    r->user = keep;
    struct opened *o = auth_cached(a->o.auth, str_trim(token));
    if (o)
        admit(r, o);
    else
        api_wait_auth(r, auth_token(a->o.auth, str_trim(token), &r->peer, on_auth, r));
}

bool lite_msg_of(struct http_req *r, struct msg_id *id)
{
    struct str text = { 0 };
    if (http_form(r, S("id"), &text) && text_unhex(text, id->b, sizeof id->b) == OK)
        return true;
    lite_sorry(r, 404, "This message is not there any more.");
    return false;
}

void lite_failed(struct http_req *r, enum err e, const struct refusal *why)
{
    int status = e == ERR_BAD ? 422 : e == ERR_GONE ? 404 : e == ERR_BUSY ? 409 : 503;
    lite_sorry(r, status,
               why             ? why->text
               : e == ERR_GONE ? "This is not there any more."
                               : "The server cannot do this right now. Try again.");
}

/* ---- the inbox, or Junk ---- */
static bool wants_junk(struct http_req *r)
{
    struct str folder = { 0 };
    return http_form(r, S("folder"), &folder) && str_eq(folder, S("Junk"));
}
static void on_list(void *ctx, enum err e, const struct mail_row *rows, size_t n, bool more)
{
    struct http_req *r = ctx;
    api_done(r);
    if (e != OK)
        lite_failed(r, e, NULL);
    else
        lite_inbox(r, wants_junk(r), rows, n, more);
}
static void show_inbox(struct http_req *r)
{
    struct api *a = api_of(r);
    const struct mail_query q = { .folder = wants_junk(r) ? FOLDER_JUNK : FOLDER_INBOX, .limit = LITE_LIST };
    api_wait_mail(r, mail_list(a->o.store, a->o.loop, api_box(r), &q, on_list, r));
}
static void post_inbox(struct http_req *r) { lite_enter(r, show_inbox); }

/* ---- one message: marked as seen, then shown ---- */
static void on_message(void *ctx, enum err e, const struct mail *m)
{
    struct http_req *r = ctx;
    api_done(r);
    if (e != OK) {
        lite_failed(r, e, NULL);
        return;
    }
    lite_message(r, m);
}
static void on_seen(void *ctx, enum err e, const struct store_row *now)
{
    struct http_req *r = ctx;
    struct api *a = api_of(r);
    api_done(r);
    if (e != OK)
        lite_failed(r, e, NULL);
    else
        api_wait_mail(r, mail_get(a->o.store, a->o.loop, api_box(r), &now->id, true, on_message, r));
}
static void show_message(struct http_req *r)
{
    static const struct mail_change seen = { .set = FLAG_SEEN };
    struct msg_id id;
    if (lite_msg_of(r, &id))
        api_wait_change(r, api_change(r, &id, &seen, on_seen));
}
static void post_message(struct http_req *r) { lite_enter(r, show_message); }

static void on_deleted(void *ctx, enum err e, const struct store_row *now)
{
    struct http_req *r = ctx;
    (void)now;
    api_done(r);
    if (e != OK && e != ERR_GONE)
        lite_failed(r, e, NULL);
    else
        show_inbox(r);
}
static void delete_message(struct http_req *r)
{
    struct msg_id id;
    if (lite_msg_of(r, &id))
        api_wait_change(r, api_delete(r, &id, on_deleted));
}
static void post_delete(struct http_req *r) { lite_enter(r, delete_message); }

/* Moved, then the inbox: there it is, or is not any more. */
static void on_corrected(void *ctx, enum err e, const struct store_row *now)
{
    struct http_req *r = ctx;
    (void)now;
    api_done(r);
    if (e == OK)
        show_inbox(r);
    else
        lite_failed(r, e, NULL);
}
static void correct(struct http_req *r)
{
    struct str spam = { 0 };
    struct msg_id id;
    if (!lite_msg_of(r, &id))
        return;
    bool junk = http_form(r, S("spam"), &spam) && str_eq(spam, S("yes"));
    if (!junk && !str_eq(spam, S("no"))) {
        lite_sorry(r, 422, "Say whether it is junk: yes or no.");
        return;
    }
    const struct mail_change c = { .folder = junk ? FOLDER_JUNK : FOLDER_INBOX };
    api_wait_change(r, api_change(r, &id, &c, on_corrected));
}
static void post_junk(struct http_req *r) { lite_enter(r, correct); }

/* ---- the box itself ---- */
static void on_changed(void *ctx, enum err e, const struct refusal *why, const struct store_box *box)
{
    struct http_req *r = ctx;
    api_done(r);
    if (e != OK) {
        lite_failed(r, e, why);
        return;
    }
    api_box(r)->box.end_ms = box->end_ms;
    show_inbox(r);
}
static void extend(struct http_req *r)
{
    struct api *a = api_of(r);
    const struct mailbox_change c = { .set = CHANGE_END, .end_ms = api_box(r)->box.end_ms + 10 * 60 * 1000 };
    api_wait_mailbox(r, mailbox_change(a->o.boxes, api_box(r), &c, on_changed, r));
}
static void post_extend(struct http_req *r) { lite_enter(r, extend); }

static void on_ended(void *ctx, enum err e, int64_t ended_ms, uint64_t messages)
{
    struct http_req *r = ctx;
    (void)ended_ms;
    api_done(r);
    if (e != OK)
        lite_failed(r, e, NULL);
    else
        lite_ended(r, messages);
}
static void end_box(struct http_req *r)
{
    struct str sure = { 0 };
    if (http_form(r, S("sure"), &sure) && str_eq(sure, S("yes")))
        api_wait_mailbox(r, mailbox_end(api_of(r)->o.boxes, api_box(r), on_ended, r));
    else
        lite_sure(r);
}
static void post_end(struct http_req *r) { lite_enter(r, end_box); }

/* ---- opening one by its words ---- */
static void on_token(void *ctx, enum err e, const struct refusal *why, uint64_t id, struct str secret)
{
    struct http_req *r = ctx;
    (void)id;
    api_done(r);
    if (e != OK) {
        lite_failed(r, e, why);
        return;
    }
    lite_opened(r, secret);
}
static void session(struct http_req *r)
{
    api_wait_mailbox(r, mailbox_cred_add(api_of(r)->o.boxes, api_box(r), CRED_TOKEN, (struct str){ 0 }, on_token, r));
}
static size_t words_in(struct str s)
{
    struct str rest = s;
    size_t n = 0;
    while (str_word(rest, &rest).n)
        n++;
    return n;
}
static void post_open(struct http_req *r)
{
    struct api *a = api_of(r);
    struct str address = { 0 }, secret = { 0 };
    http_form(r, S("address"), &address);
    http_form(r, S("secret"), &secret);
    address = str_trim(address);
    secret = str_trim(secret);
    void (**keep)(struct http_req *) = arena_alloc(&r->arena, sizeof *keep);
    if (!keep || secret.n == 0) {
        lite_sorry(r, 422, "Type the recovery words, the token or the password.");
        return;
    }
    *keep = session;
    r->user = keep;
    if (str_starts(secret, S("mf1_")))
        api_wait_auth(r, auth_token(a->o.auth, secret, &r->peer, on_auth, r));
    else if (words_in(secret) == RECOVERY_WORDS)
        api_wait_auth(r, auth_recovery(a->o.auth, address, secret, &r->peer, on_auth, r));
    else
        api_wait_auth(r, auth_password(a->o.auth, address, secret, &r->peer, on_auth, r));
}

/* Only forms lead to these: who reloads, or comes back by a bookmark, begins anew. */
static bool is_form(struct str path)
{
    for (size_t i = 0; i < lite_routes_n; i++)
        if (lite_routes[i].method == HTTP_M_POST && str_eq(lite_routes[i].path, path))
            return true;
    return false;
}
static void lost(struct http_req *r)
{
    if (!is_form(r->head.path)) {
        lite_sorry(r, 404, "There is no such page.");
        return;
    }
    http_header(r, "Location", S("/lite"));
    lite_sorry(r, 303, "This page is reached by its form alone.");
}

void lite_problem(struct http_req *r, int status, const char *code, const char *detail)
{
    (void)code;
    lite_sorry(r, status, detail);
}

const struct http_route lite_routes[] = {
    { HTTP_M_GET, STR("/lite"), lite_front, API_FREE, 0 },
    { HTTP_M_GET, STR("/lite/style.css"), lite_style, API_FREE, 0 },
    { HTTP_M_POST, STR("/lite/new"), lite_new, API_FORM, LITE_BODY },
    { HTTP_M_POST, STR("/lite/open"), post_open, API_FORM, LITE_BODY },
    { HTTP_M_POST, STR("/lite/inbox"), post_inbox, API_FORM, LITE_BODY },
    { HTTP_M_POST, STR("/lite/message"), post_message, API_FORM, LITE_BODY },
    { HTTP_M_POST, STR("/lite/file"), lite_file, API_FORM, LITE_BODY },
    { HTTP_M_POST, STR("/lite/delete"), post_delete, API_FORM, LITE_BODY },
    { HTTP_M_POST, STR("/lite/junk"), post_junk, API_FORM, LITE_BODY },
    { HTTP_M_POST, STR("/lite/extend"), post_extend, API_FORM, LITE_BODY },
    { HTTP_M_POST, STR("/lite/end"), post_end, API_FORM, LITE_BODY },
    { HTTP_M_POST, STR("/lite/write"), lite_write, API_FORM, LITE_BODY },
    { HTTP_M_POST, STR("/lite/send"), lite_send, API_FORM, LITE_MAIL_BODY },
    { HTTP_M_POST, STR("/lite/sent"), lite_sent, API_FORM, LITE_BODY },
    { HTTP_M_POST, STR("/lite/back"), lite_back, API_FORM, LITE_BODY },
    { HTTP_M_GET, STR("/lite/{*}"), lost, API_FREE, 0 },
    { HTTP_M_POST, STR("/lite/{*}"), lost, API_FORM, LITE_BODY },
};
const size_t lite_routes_n = COUNT(lite_routes);
