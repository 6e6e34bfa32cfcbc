/* Ways in: a session out of a password or the recovery words, and the list of a mailbox's keys. */
#include "serve/api.h"

enum { TEXT_MAX = 1024 };

/* ---- POST /session ---- */
static void on_folders(void *ctx, enum err e, const struct folder *all, size_t n, uint64_t modseq)
{
    struct http_req *r = ctx;
    (void)modseq;
    const struct str *token = r->user;
    api_done(r);
    if (e != OK) {
        api_error(r, e, NULL);
        return;
    }
    struct json_out o = api_json(r, 200);
    json_kv_str(&o, "token", *token);
    json_kv_object(&o, "mailbox");
    api_put_box(&o, api_of(r), api_box(r), all, n);
    json_put_end(&o);
    json_put_end(&o);
    http_finish(r);
}

static void on_token(void *ctx, enum err e, const struct refusal *why, uint64_t id, struct str secret)
{
    struct http_req *r = ctx;
    struct str *token = arena_new(&r->arena, struct str);
    (void)id;
    api_done(r);
    if (e != OK || !token) {
        api_error(r, e != OK ? e : ERR_IO, why);
        return;
    }
    *token = api_keep(r, secret);
    r->user = token;
    api_wait_folder(r, api_folders(r, on_folders));
}

static void release_box(struct http_req *r) { opened_release(r->opened); }

static void on_opened(void *ctx, enum err e, struct opened *o, int64_t retry_ms)
{
    struct http_req *r = ctx;
    api_done(r);
    if (e == ERR_DENIED) {
        http_problem(r, 401, "wrong_secret", "There is no mailbox with this address and secret.");
        return;
    }
    if (e == ERR_BUSY) {
        http_problem_retry(r, 429, "too_many_tries", "Too many tries came at once or were wrong. Wait a little.",
                           MAX(retry_ms, (int64_t)1000));
        return;
    }
    if (e != OK) {
        api_error(r, e, NULL);
        return;
    }
    r->opened = o;
    r->release = release_box;
    api_wait_mailbox(r, mailbox_cred_add(api_of(r)->o.boxes, o, CRED_TOKEN, (struct str){ 0 }, on_token, r));
}

static const char *const session_keys[] = { "address", "password", "recovery" };

void api_session(struct http_req *r)
{
    struct api *a = api_of(r);
    AUTO_JSON struct json_in j = { 0 };
    struct str address = { 0 }, password = { 0 }, recovery = { 0 };
    if (!api_body(r, &j))
        return;
    json_only(&j, j.root, session_keys, COUNT(session_keys));
    json_get_str(&j, j.root, "address", TEXT_MAX, &address);
    json_get_str(&j, j.root, "password", TEXT_MAX, &password);
    json_get_str(&j, j.root, "recovery", TEXT_MAX, &recovery);
    if ((password.n > 0) == (recovery.n > 0))
        json_complain(&j, "give either \"password\" or \"recovery\"");
    else if (password.n && address.n == 0)
        json_complain(&j, "\"address\" must go with \"password\"");
    if (!api_body_ok(r, &j))
        return;
    address = api_keep(r, address);
    if (password.n)
        api_wait_auth(r, auth_password(a->o.auth, address, api_keep(r, password), &r->peer, on_opened, r));
    else
        api_wait_auth(r, auth_recovery(a->o.auth, address, api_keep(r, recovery), &r->peer, on_opened, r));
}

/* ---- /mailbox/credentials ---- */
static const char *kind_name(enum cred_kind k)
{
    switch (k) {
    case CRED_TOKEN:
        return "token";
    case CRED_PASSWORD:
        return "password";
    case CRED_RECOVERY:
        return "recovery";
    }
    return "unknown";
}

static void on_list(void *ctx, enum err e, const struct store_cred *creds, size_t n)
{
    struct http_req *r = ctx;
    api_done(r);
    if (e != OK) {
        api_error(r, e, NULL);
        return;
    }
    struct json_out o = api_json(r, 200);
    json_kv_array(&o, "credentials");
    for (size_t i = 0; i < n; i++) {
        char id[24];
        struct buf b = { .p = id, .cap = sizeof id, .max = sizeof id };
        buf_put_u64(&b, creds[i].id);
        json_put_object(&o);
        json_kv_str(&o, "id", buf_str(&b));
        json_kv_str(&o, "kind", str_c(kind_name(creds[i].kind)));
        json_kv_time(&o, "created_at", creds[i].created_ms);
        json_kv_bool(&o, "current", creds[i].id == api_box(r)->cred);
        json_put_end(&o);
    }
    json_put_end(&o);
    json_put_end(&o);
    http_finish(r);
}
void api_creds_list(struct http_req *r)
{
    api_wait_mailbox(r, mailbox_creds(api_of(r)->o.boxes, api_box(r), on_list, r));
}

static void on_added(void *ctx, enum err e, const struct refusal *why, uint64_t id, struct str secret)
{
    struct http_req *r = ctx;
    const enum cred_kind *kind = r->user;
    AUTO_BUF struct buf b = { .max = 24 };
    api_done(r);
    if (e != OK) {
        api_error(r, e, why);
        return;
    }
    buf_put_u64(&b, id);
    struct json_out o = api_json(r, 201);
    json_kv_str(&o, "id", buf_str(&b));
    json_kv_str(&o, "kind", str_c(kind_name(*kind)));
    if (secret.n)
        json_kv_str(&o, "secret", secret);
    json_put_end(&o);
    http_finish(r);
}

static const char *const add_keys[] = { "kind", "password" };

void api_creds_add(struct http_req *r)
{
    AUTO_JSON struct json_in j = { 0 };
    struct str kind = { 0 }, password = { 0 };
    enum cred_kind *k = arena_new(&r->arena, enum cred_kind);
    if (!api_body(r, &j))
        return;
    json_only(&j, j.root, add_keys, COUNT(add_keys));
    json_need_str(&j, j.root, "kind", 16, &kind);
    json_get_str(&j, j.root, "password", TEXT_MAX, &password);
    for (*k = CRED_TOKEN; *k <= CRED_RECOVERY && !str_eq(kind, str_c(kind_name(*k)));)
        (*k)++;
    if (*k > CRED_RECOVERY)
        json_complain(&j, "\"kind\" must be \"token\", \"password\" or \"recovery\"");
    else if ((*k == CRED_PASSWORD) != (password.n > 0))
        json_complain(&j, "\"password\" goes with kind \"password\", and only there");
    if (!api_body_ok(r, &j))
        return;
    r->user = k;
    api_wait_mailbox(r, mailbox_cred_add(api_of(r)->o.boxes, api_box(r), *k, api_keep(r, password), on_added, r));
}

static void on_revoked(void *ctx, enum err e, const struct refusal *why, uint64_t id, struct str secret)
{
    struct http_req *r = ctx;
    (void)id, (void)secret;
    api_done(r);
    if (e != OK)
        api_error(r, e, why);
    else
        http_reply(r, 204, NULL, (struct str){ 0 });
}
void api_creds_revoke(struct http_req *r)
{
    uint64_t id;
    if (!str_to_u64(r->params[0], &id)) {
        api_error(r, ERR_GONE, NULL);
        return;
    }
    api_wait_mailbox(r, mailbox_cred_revoke(api_of(r)->o.boxes, api_box(r), id, on_revoked, r));
}
