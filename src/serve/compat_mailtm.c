/* Accounts, tokens and domains in mail.tm's words. Collections have their hydra frame, as there, unless a client asks
 * for application/json: then a bare array. Whatever goes wrong on these routes, the gate's refusals too, is said in
 * mail.tm's words. */
#include "serve/compat_mailtm.h"
#include "base/text.h"
#include "serve/compat_mailtm_message.h"
#include <string.h>

enum { TEXT_MAX = 1024, BODY_MAX = 16 * 1024 };

/* ---- answers ---- */
void mailtm_error(struct http_req *r, int status, const char *text)
{
    struct json_out o = json_out(mailtm_begin(r, status));
    json_put_object(&o);
    if (mailtm_ld(r)) {
        json_kv_str(&o, "@context", S("/contexts/Error"));
        json_kv_str(&o, "@type", S("hydra:Error"));
        json_kv_str(&o, "hydra:title", S("An error occurred"));
        json_kv_str(&o, "hydra:description", str_c(text));
    }
    json_kv_u64(&o, "code", (uint64_t)status);
    json_kv_str(&o, "message", str_c(text));
    json_kv_str(&o, "detail", str_c(text));
    json_put_end(&o);
    http_finish(r);
}
void compat_mailtm_problem(struct http_req *r, int status, const char *code, const char *detail)
{
    (void)code;
    mailtm_error(r, status, detail);
}
void mailtm_failed(struct http_req *r, enum err e, const struct refusal *why)
{
    if (e == ERR_IO || e == ERR_MORE || e == OK)
        mailtm_error(r, 503, "The server cannot do this right now.");
    else if (e == ERR_GONE)
        mailtm_error(r, 404, "Resource not found.");
    else
        mailtm_error(r, 422, why ? why->text : "This value is not valid.");
}

bool mailtm_ld(const struct http_req *r)
{
    struct str accept = http_field(&r->head, S("accept"));
    return http_list_has(accept, S("application/ld+json")) || !http_list_has(accept, S("application/json"));
}
void mailtm_list_begin(const struct http_req *r, struct json_out *o, const char *kind)
{
    if (mailtm_ld(r)) {
        json_put_object(o);
        json_kv_str(o, "@context", S("/contexts/Collection"));
        json_kv_str(o, "@type", S("hydra:Collection"));
        json_kv_str(o, "@id", str_c(kind));
        json_kv_array(o, "hydra:member");
    } else {
        json_put_array(o);
    }
}
void mailtm_list_end(const struct http_req *r, struct json_out *o, uint64_t total)
{
    json_put_end(o);
    if (!mailtm_ld(r))
        return;
    json_kv_u64(o, "hydra:totalItems", total);
    json_put_end(o);
}
struct buf *mailtm_begin(struct http_req *r, int status)
{
    http_header(r, "Vary", S("Accept"));
    return http_begin(r, status, mailtm_ld(r) ? "application/ld+json" : "application/json");
}

void mailtm_typed(struct json_out *o, const char *type, const char *folder, struct str id)
{
    AUTO_BUF struct buf b = { .max = 256 };
    buf_printf(&b, "/%s/", folder);
    buf_put(&b, id);
    json_kv_str(o, "@id", buf_str(&b));
    json_kv_str(o, "@type", str_c(type));
    json_kv_str(o, "id", id);
}

/* ---- domains ---- */
enum { DOMAIN_ID_N = 24 };
static struct str domain_id(struct str domain, char out[DOMAIN_ID_N])
{
    uint8_t h[32];
    crypto_sha256(h, domain);
    return str_of(out, text_hex(out, str_of(h, DOMAIN_ID_N / 2)));
}
static void put_domain(struct json_out *o, struct str domain)
{
    char id[DOMAIN_ID_N];
    json_put_object(o);
    mailtm_typed(o, "Domain", "domains", domain_id(domain, id));
    json_kv_str(o, "domain", domain);
    json_kv_bool(o, "isActive", true);
    json_kv_bool(o, "isPrivate", false);
    json_kv_str(o, "createdAt", S("2026-01-01T00:00:00+00:00"));
    json_kv_str(o, "updatedAt", S("2026-01-01T00:00:00+00:00"));
    json_put_end(o);
}
static void domains(struct http_req *r)
{
    const struct domain_list *d = &api_of(r)->o.domains;
    struct json_out o = json_out(mailtm_begin(r, 200));
    mailtm_list_begin(r, &o, "/domains");
    for (size_t i = 0; i < d->n && mailtm_page(r) == 1; i++)
        put_domain(&o, d->names[i]);
    mailtm_list_end(r, &o, d->n);
    http_finish(r);
}
static void domain_get(struct http_req *r)
{
    const struct domain_list *d = &api_of(r)->o.domains;
    char id[DOMAIN_ID_N];
    for (size_t i = 0; i < d->n; i++)
        if (str_eq(domain_id(d->names[i], id), r->params[0])) {
            struct json_out o = json_out(mailtm_begin(r, 200));
            put_domain(&o, d->names[i]);
            http_finish(r);
            return;
        }
    mailtm_failed(r, ERR_GONE, NULL);
}

/* ---- accounts ---- */
static void put_account(struct json_out *o, const struct store_box *b, struct str address)
{
    char id[BOX_ID_N * 2];
    json_put_object(o);
    mailtm_typed(o, "Account", "accounts", str_of(id, text_hex(id, box_id_str(&b->id))));
    json_kv_str(o, "address", address);
    json_kv_u64(o, "quota", b->max_bytes);
    json_kv_u64(o, "used", b->bytes);
    json_kv_bool(o, "isDisabled", false);
    json_kv_bool(o, "isDeleted", false);
    json_kv_time(o, "createdAt", b->created_ms);
    json_kv_time(o, "updatedAt", b->changed_ms ? b->changed_ms : b->created_ms);
    json_put_end(o);
}

static void on_made(void *ctx, enum err e, const struct refusal *why, const struct mailbox_made *made)
{
    struct http_req *r = ctx;
    api_done(r);
    if (e != OK) {
        mailtm_failed(r, e, why);
        return;
    }
    struct json_out o = json_out(mailtm_begin(r, 201));
    put_account(&o, &made->box, made->address);
    http_finish(r);
}

/* Both members, kept in the arena; false: answered. */
static bool read_login(struct http_req *r, struct str *address, struct str *password)
{
    AUTO_JSON struct json_in j = { 0 };
    if (!api_body(r, &j))
        return false;
    json_need_str(&j, j.root, "address", TEXT_MAX, address);
    json_need_str(&j, j.root, "password", TEXT_MAX, password);
    if (j.bad) {
        mailtm_error(r, 422, j.why);
        return false;
    }
    *address = api_keep(r, *address);
    *password = api_keep(r, *password);
    return true;
}

static void account_create(struct http_req *r)
{
    struct api *a = api_of(r);
    struct str address, password, domain;
    struct mailbox_spec spec = { 0 };
    if (!read_login(r, &address, &password))
        return;
    if (a->o.pow_bits) {
        mailtm_error(r, 428, "This server asks for a proof of work, which this interface has no words for.");
        return;
    }
    if (!api_create_allowed(r))
        return;
    spec.local = str_cut(address, '@', &domain);
    spec.domain = domain;
    spec.password = password;
    if (spec.local.n == 0 || domain.n == 0) {
        mailtm_error(r, 422, "address: This value is not a valid email address.");
        return;
    }
    api_wait_mailbox(r, mailbox_create(a->o.boxes, &spec, on_made, r));
}

static void on_fresh(void *ctx, enum err e, const struct refusal *why, const struct store_box *box)
{
    struct http_req *r = ctx;
    api_done(r);
    if (e != OK) {
        mailtm_failed(r, e, why);
        return;
    }
    struct json_out o = json_out(mailtm_begin(r, 200));
    put_account(&o, box, api_box(r)->address);
    http_finish(r);
}
static void me(struct http_req *r) { api_wait_mailbox(r, mailbox_fresh(api_of(r)->o.boxes, api_box(r), on_fresh, r)); }

static bool is_mine(const struct http_req *r, struct str id)
{
    char own[BOX_ID_N * 2];
    return str_eq_nocase(id, str_of(own, text_hex(own, box_id_str(&api_box(r)->box.id))));
}
static void account_get(struct http_req *r)
{
    if (is_mine(r, r->params[0]))
        me(r);
    else
        mailtm_failed(r, ERR_GONE, NULL);
}

static void on_ended(void *ctx, enum err e, int64_t ended_ms, uint64_t messages)
{
    struct http_req *r = ctx;
    (void)ended_ms, (void)messages;
    api_done(r);
    if (e != OK)
        mailtm_failed(r, e, NULL);
    else
        http_reply(r, 204, NULL, (struct str){ 0 });
}
static void account_delete(struct http_req *r)
{
    if (is_mine(r, r->params[0]))
        api_wait_mailbox(r, mailbox_end(api_of(r)->o.boxes, api_box(r), on_ended, r));
    else
        mailtm_failed(r, ERR_GONE, NULL);
}

/* ---- tokens ---- */
static void release_box(struct http_req *r) { opened_release(r->opened); }

static void on_token(void *ctx, enum err e, const struct refusal *why, uint64_t cred, struct str secret)
{
    struct http_req *r = ctx;
    (void)cred;
    api_done(r);
    if (e != OK) {
        mailtm_failed(r, e, why);
        return;
    }
    struct json_out o = json_out(http_begin(r, 200, "application/json"));
    json_put_object(&o);
    json_kv_hex(&o, "id", box_id_str(&api_box(r)->box.id));
    json_kv_str(&o, "token", secret);
    json_put_end(&o);
    http_finish(r);
}
static void on_opened(void *ctx, enum err e, struct opened *box, int64_t retry_ms)
{
    struct http_req *r = ctx;
    api_done(r);
    if (e == ERR_BUSY) {
        http_problem_retry(r, 429, "too_many_tries", "Too many tries came at once or were wrong.",
                           MAX(retry_ms, (int64_t)1000));
    } else if (e == ERR_DENIED) {
        mailtm_error(r, 401, "Invalid credentials.");
    } else if (e != OK) {
        mailtm_failed(r, e, NULL);
    } else {
        r->opened = box;
        r->release = release_box;
        api_wait_mailbox(r, mailbox_cred_add(api_of(r)->o.boxes, box, CRED_TOKEN, (struct str){ 0 }, on_token, r));
    }
}
static void token_create(struct http_req *r)
{
    struct str address, password;
    if (read_login(r, &address, &password))
        api_wait_auth(r, auth_password(api_of(r)->o.auth, address, password, &r->peer, on_opened, r));
}

static void mercure(struct http_req *r)
{
    struct str topic = { 0 };
    if (!http_query(r, S("topic"), &topic) || !str_starts(topic, S("/accounts/")) || !is_mine(r, str_from(topic, 10)))
        mailtm_error(r, 403, "The topic must be /accounts/ and the id of the token's own account.");
    else
        live_sse(r, &mailtm_sse);
}

#define BASE "/compat/mailtm"
const struct http_route compat_mailtm_routes[] = {
    { HTTP_M_GET, STR(BASE "/domains"), domains, 0, 0 },
    { HTTP_M_GET, STR(BASE "/domains/{id}"), domain_get, 0, 0 },
    { HTTP_M_POST, STR(BASE "/accounts"), account_create, API_JSON, BODY_MAX },
    { HTTP_M_GET, STR(BASE "/accounts/{id}"), account_get, API_BOX, 0 },
    { HTTP_M_DELETE, STR(BASE "/accounts/{id}"), account_delete, API_BOX, 0 },
    { HTTP_M_GET, STR(BASE "/me"), me, API_BOX, 0 },
    { HTTP_M_POST, STR(BASE "/token"), token_create, API_JSON, BODY_MAX },
    { HTTP_M_GET, STR(BASE "/messages"), mailtm_messages, API_BOX, 0 },
    { HTTP_M_GET, STR(BASE "/messages/{id}"), mailtm_message, API_BOX, 0 },
    { HTTP_M_PATCH, STR(BASE "/messages/{id}"), mailtm_seen, API_BOX | API_JSON, BODY_MAX },
    { HTTP_M_DELETE, STR(BASE "/messages/{id}"), api_message_delete, API_BOX, 0 },
    { HTTP_M_GET, STR(BASE "/messages/{id}/download"), api_raw, API_BOX, 0 },
    { HTTP_M_GET, STR(BASE "/messages/{id}/attachment/{n}"), mailtm_attachment, API_BOX, 0 },
    { HTTP_M_GET, STR(BASE "/sources/{id}"), mailtm_source, API_BOX, 0 },
    { HTTP_M_GET, STR(BASE "/.well-known/mercure"), mercure, API_BOX, 0 },
};
const size_t compat_mailtm_routes_n = COUNT(compat_mailtm_routes);
