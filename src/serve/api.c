/* The gate asks in this order: is this network too busy, is the body of a kind we read, whose box is it. A token in the
 * loop's cache is answered within the call; another goes to the store first. */
#include "serve/api.h"
#include "base/text.h"
#include "serve/live.h"
#include <stdio.h>
#include <stdlib.h>

#define MSGS "/api/v1/mailbox/messages"
const struct http_route api_routes[] = {
    { HTTP_M_GET, STR(MSGS), api_message_list, API_BOX, 0 },
    { HTTP_M_GET, STR(MSGS "/{id}"), api_message_get, API_BOX, 0 },
    { HTTP_M_PATCH, STR(MSGS "/{id}"), api_message_patch, API_BOX | API_JSON, API_BODY },
    { HTTP_M_DELETE, STR(MSGS "/{id}"), api_message_delete, API_BOX, 0 },
    { HTTP_M_GET, STR(MSGS "/{id}/raw"), api_raw, API_BOX, 0 },
    { HTTP_M_GET, STR(MSGS "/{id}/html"), api_html, API_BOX, 0 },
    { HTTP_M_POST, STR(MSGS "/{id}/html"), api_html_ticket, API_BOX | API_JSON, API_HTML_BODY },
    { HTTP_M_GET, STR(MSGS "/{id}/attachments/{n}"), api_attachment, API_BOX, 0 },
    { HTTP_M_POST, STR(MSGS "/{id}/verdict"), api_message_verdict, API_BOX | API_JSON, API_BODY },
    { HTTP_M_GET, STR(MSGS "/{id}/compose"), api_compose, API_BOX, 0 },
    { HTTP_M_POST, STR("/api/v1/mailbox/drafts"), api_draft_new, API_BOX | API_JSON | API_LONG, API_MAIL_BODY },
    { HTTP_M_PUT, STR("/api/v1/mailbox/drafts/{id}"), api_draft_put, API_BOX | API_JSON | API_LONG, API_MAIL_BODY },
    { HTTP_M_POST, STR("/api/v1/mailbox/send"), api_send, API_BOX | API_JSON | API_LONG, API_MAIL_BODY },
    { HTTP_M_POST, STR("/api/v1/mailbox/send/proof"), api_send_proof, API_BOX | API_JSON, API_BODY },
    { HTTP_M_GET, STR("/api/v1/mailbox/outbox"), api_outbox, API_BOX, 0 },
    { HTTP_M_DELETE, STR("/api/v1/mailbox/outbox/{id}"), api_recall, API_BOX, 0 },
    { HTTP_M_GET, STR("/api/v1/mailbox"), api_mailbox_get, API_BOX, 0 },
    { HTTP_M_PATCH, STR("/api/v1/mailbox"), api_mailbox_patch, API_BOX | API_JSON, API_BODY },
    { HTTP_M_DELETE, STR("/api/v1/mailbox"), api_mailbox_delete, API_BOX, 0 },
    { HTTP_M_GET, STR("/api/v1/mailbox/trace"), api_trace, API_BOX, 0 },
    { HTTP_M_GET, STR("/api/v1/mailbox/credentials"), api_creds_list, API_BOX, 0 },
    { HTTP_M_POST, STR("/api/v1/mailbox/credentials"), api_creds_add, API_BOX | API_JSON, API_BODY },
    { HTTP_M_DELETE, STR("/api/v1/mailbox/credentials/{id}"), api_creds_revoke, API_BOX, 0 },
    { HTTP_M_POST, STR("/api/v1/mailbox/test"), api_test_mail, API_BOX | API_JSON, API_BODY },
    { HTTP_M_GET, STR("/api/v1/mailbox/wait"), live_wait, API_BOX, 0 },
    { HTTP_M_GET, STR("/api/v1/mailbox/events"), live_events, API_BOX, 0 },
    { HTTP_M_GET, STR("/api/v1/live"), live_socket, 0, 0 },
    { HTTP_M_GET, STR("/api/v1/domains"), api_domains, 0, 0 },
    { HTTP_M_GET, STR("/api/v1/pow"), api_pow, 0, 0 },
    { HTTP_M_POST, STR("/api/v1/mailboxes"), api_mailbox_create, API_JSON, API_BODY },
    { HTTP_M_POST, STR("/api/v1/session"), api_session, API_JSON, API_BODY },
    { HTTP_M_GET, STR("/view/{ticket}"), api_view, 0, 0 },
};
const size_t api_routes_n = COUNT(api_routes);

static void on_sweep(struct timer *t)
{
    struct api *a = CONTAINER_OF(t, struct api, sweep);
    if (api_ticket_sweep(a->o.shared, loop_now_ms(a->o.loop)) > 0)
        timer_set(&a->sweep, API_TICKET_MS);
}

enum err api_new(const struct api_opts *o, struct api **out)
{
    struct api *a = calloc(1, sizeof *a);
    if (!a)
        return ERR_IO;
    a->o = *o;
    list_init(&a->live);
    list_init(&a->sends);
    timer_init(&a->sweep, o->loop, on_sweep);
    *out = a;
    return OK;
}
void api_free(struct api *a)
{
    if (a) {
        timer_clear(&a->sweep);
        api_send_end(a);
    }
    free(a);
}

int64_t api_now_ms(const struct api *a) { return store_now_ms(a->o.store); }

/* ---- the gate ---- */
static void unauthorized(struct http_req *r)
{
    http_problem(
        r, 401, "unauthorized",
        "This needs the token of a mailbox as Authorization: Bearer. The one given, if any, opens nothing: it is "
        "wrong, was revoked, or its mailbox has ended.");
}

static void release_box(struct http_req *r) { opened_release(r->opened); }

/* The holder's: now its body is read. */
static void let_on(struct http_req *r)
{
    enum { LONG_MS = 15 * 60 * 1000 }; /* 25 MiB over a slow line */
    if (r->route->flags & API_LONG)
        http_hold(r, LONG_MS);
    http_go(r);
}

/* Once after a box with made folders was opened: handlers then find their names without asking. */
static void on_names(void *ctx, enum err e, const struct folder *all, size_t n, uint64_t modseq)
{
    struct http_req *r = ctx;
    (void)all, (void)n, (void)modseq;
    api_done(r);
    if (e == OK)
        let_on(r);
    else
        api_error(r, e, NULL);
}

static void admit(struct http_req *r, struct opened *o)
{
    struct api *a = api_of(r);
    r->opened = o;
    r->release = release_box;
    if (!opened_alive(o, api_now_ms(a))) {
        unauthorized(r);
        return;
    }
    mailbox_visit(a->o.boxes, o);
    if (folder_names_known(o))
        let_on(r);
    else
        api_wait_folder(r, api_folders(r, on_names));
}

static void on_auth(void *ctx, enum err e, struct opened *o, int64_t retry_ms)
{
    struct http_req *r = ctx;
    api_done(r);
    if (e == OK)
        admit(r, o);
    else if (e == ERR_DENIED)
        unauthorized(r);
    else if (e == ERR_BUSY)
        http_problem_retry(r, 429, "too_many_tries", "Too many wrong secrets came from this network.",
                           MAX(retry_ms, (int64_t)1000));
    else
        api_error(r, e, NULL);
}

static bool body_type_ok(const struct http_req *r)
{
    bool has = r->head.chunked || (r->head.has_length && r->head.length);
    if (!has || !(r->route->flags & (API_JSON | API_FORM)))
        return true;
    if (r->route->flags & API_FORM)
        return http_type_is(r, S("application/x-www-form-urlencoded"));
    return http_type_is(r, S("application/json")) || http_type_is(r, S("application/merge-patch+json")) ||
           http_type_is(r, S("application/ld+json"));
}

void api_gate(struct http_req *r)
{
    struct api *a = api_of(r);
    int64_t retry_ms = 0;
    if (!(r->route->flags & API_FREE) &&
        limit_take(a->o.limit, LIMIT_REQUESTS, &r->peer, 1, loop_now_ms(a->o.loop), &retry_ms) != OK) {
        http_problem_retry(r, 429, "too_many_requests", "This network asks too often. Wait a little.",
                           MAX(retry_ms, (int64_t)1000));
        return;
    }
    if (!body_type_ok(r)) {
        http_problem(r, 415, "unsupported_type",
                     r->route->flags & API_FORM ? "The body must be a form." : "The body must be application/json.");
        return;
    }
    if (!(r->route->flags & API_BOX)) {
        http_go(r);
        return;
    }
    struct str token = http_bearer(r);
    struct opened *o = token.n ? auth_cached(a->o.auth, token) : NULL;
    if (o)
        admit(r, o);
    else if (token.n == 0)
        unauthorized(r);
    else
        api_wait_auth(r, auth_token(a->o.auth, token, &r->peer, on_auth, r));
}

/* ---- for handlers ---- */
static void drop_auth(struct http_req *r) { auth_cancel(r->state); }
static void drop_mailbox(struct http_req *r) { mailbox_cancel(r->state); }
static void drop_mail(struct http_req *r) { mail_cancel(r->state); }
static void drop_change(struct http_req *r) { mail_change_cancel(r->state); }
static void drop_folder(struct http_req *r) { folder_cancel(r->state); }

static void wait_for(struct http_req *r, void *q, void (*dropped)(struct http_req *))
{
    if (!q) {
        api_error(r, ERR_IO, NULL);
        return;
    }
    r->state = q;
    r->dropped = dropped;
}
void api_wait_auth(struct http_req *r, struct auth_req *q) { wait_for(r, q, drop_auth); }
void api_wait_mailbox(struct http_req *r, struct mailbox_req *q) { wait_for(r, q, drop_mailbox); }
void api_wait_mail(struct http_req *r, struct mail_req *q) { wait_for(r, q, drop_mail); }
void api_wait_change(struct http_req *r, struct mail_change_req *q) { wait_for(r, q, drop_change); }
void api_wait_folder(struct http_req *r, struct folder_req *q) { wait_for(r, q, drop_folder); }
struct folder_req *api_folders(struct http_req *r, folder_list_fn *done)
{
    const struct api_opts *o = &api_of(r)->o;
    const struct mail_at at = { .store = o->store, .hub = o->hub, .loop = o->loop, .opened = api_box(r) };
    return folder_list(&at, done, r);
}
struct mail_change_req *api_change(struct http_req *r, const struct msg_id *id, const struct mail_change *c,
                                   mail_changed_fn *done)
{
    const struct api_opts *o = &api_of(r)->o;
    return mail_change(o->store, o->hub, o->loop, &api_box(r)->box.id, id, c, done, r);
}
struct mail_change_req *api_delete(struct http_req *r, const struct msg_id *id, mail_changed_fn *done)
{
    const struct api_opts *o = &api_of(r)->o;
    return mail_delete(o->store, o->hub, o->loop, &api_box(r)->box.id, id, done, r);
}
void api_done(struct http_req *r)
{
    r->state = NULL;
    r->dropped = NULL;
}

void api_error(struct http_req *r, enum err e, const struct refusal *why)
{
    const char *code = why ? why->code : NULL, *text = why ? why->text : NULL;
    switch (e) {
    case OK:
    case ERR_MORE:
        break;
    case ERR_BAD:
        http_problem(r, why ? 422 : 500, why ? code : "damaged", why ? text : "This record cannot be read any more.");
        return;
    case ERR_FULL:
        http_problem(r, 507, why ? code : "full", why ? text : "There is no room for this now.");
        return;
    case ERR_DENIED:
        http_problem(r, 403, why ? code : "forbidden",
                     why ? text : "This needs a token or the recovery words; a password alone does not do.");
        return;
    case ERR_BUSY:
        if (why && str_eq(str_c(code), S("too_soon")))
            http_problem_retry(r, 429, code, text, STORE_CHANGE_GAP_MS);
        else
            http_problem(r, why ? 409 : 503, why ? code : "busy", why ? text : "The server is busy. Try again.");
        return;
    case ERR_GONE:
        http_problem(r, 404, why ? code : "not_found", why ? text : "There is no such thing in this mailbox.");
        return;
    case ERR_IO:
        break;
    }
    http_problem_retry(r, 503, "unavailable", "The server cannot do this right now. Try again in a while.", 2000);
}

struct json_out api_json(struct http_req *r, int status)
{
    struct json_out o = json_out(http_begin(r, status, "application/json"));
    json_put_object(&o);
    return o;
}

bool api_body(struct http_req *r, struct json_in *j)
{
    struct str text = str_trim(r->body).n ? r->body : S("{}");
    enum err e = json_parse(j, text, r->route->body_max);
    if (e == OK && !json_is_obj(j->root))
        json_complain(j, "the body must be a JSON object");
    if (e == OK && !j->bad)
        return true;
    http_problem(r, 400, "bad_json", j->why);
    return false;
}
bool api_body_ok(struct http_req *r, const struct json_in *j)
{
    if (!j->bad)
        return true;
    http_problem(r, 422, "bad_value", j->why);
    return false;
}
struct str api_keep(struct http_req *r, struct str s) { return s.n ? arena_dup(&r->arena, s) : (struct str){ 0 }; }

bool api_get_duration(struct json_in *j, const char *key, int64_t *ms)
{
    void *it = NULL;
    struct str k, text;
    const struct json *v;
    int64_t n;
    while (json_member(j->root, &it, &k, &v)) {
        if (!str_eq(k, str_c(key)))
            continue;
        if (json_is_nil(v))
            return false; /* as if left out */
        if (json_as_int(v, &n) && n >= 0 && n <= INT32_MAX)
            *ms = n * 1000;
        else if (!json_as_str(v, &text) || !str_to_duration_ms(text, ms))
            json_complain(j, "\"%s\" must be seconds, or text like \"10m\", \"24h\", \"7d\"", key);
        return !j->bad;
    }
    return false;
}

bool api_msg_id(struct http_req *r, struct str text, struct msg_id *id)
{
    if (text_unhex(text, id->b, sizeof id->b) == OK)
        return true;
    api_error(r, ERR_GONE, NULL);
    return false;
}

struct str api_folder_name(const struct opened *o, uint32_t folder, char out[24])
{
    struct str name = folder_name(o, folder);
    if (name.n > 0)
        return name;
    int n = snprintf(out, 24, "folder-%u", (unsigned)folder);
    return str_of(out, (size_t)n);
}

static uint32_t fixed_any_case(struct str name)
{
    for (uint32_t no = FOLDER_INBOX; no <= FOLDER_FIXED; no++)
        if (str_eq_nocase(name, str_c(folder_fixed_name(no))))
            return no;
    return 0;
}

bool api_folder_no(const struct opened *o, struct str name, uint32_t *folder)
{
    uint32_t no = name.n == 0 ? FOLDER_INBOX : folder_no(o, name);
    if (no == 0)
        no = fixed_any_case(name);
    if (no == 0 && str_starts_nocase(name, S("folder-")) && !str_to_u32(str_from(name, 7), &no))
        return false;
    *folder = no;
    return no > 0;
}
