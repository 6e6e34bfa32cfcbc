/* Mailboxes over REST: make one, look at it, change its end, burn it. */
#include "base/text.h"
#include "serve/api_forward.h"
#include <string.h>

enum { TEXT_MAX = 1024 };

/* ---- GET /domains ---- */
static void put_limits(struct json_out *o, const struct api *a)
{
    json_kv_object(o, "limits");
    json_kv_i64(o, "default_ttl", a->o.default_ttl_ms / 1000);
    json_kv_i64(o, "min_ttl", a->o.min_ttl_ms / 1000);
    json_kv_i64(o, "max_ttl", a->o.max_ttl_ms / 1000);
    json_kv_u64(o, "max_messages", a->o.max_messages);
    json_kv_u64(o, "max_bytes", a->o.max_bytes);
    json_kv_u64(o, "message_max_bytes", a->o.message_max_bytes);
    json_put_end(o);
}

void api_domains(struct http_req *r)
{
    const struct api *a = api_of(r);
    struct json_out o = api_json(r, 200);
    json_kv_array(&o, "domains");
    for (size_t i = 0; i < a->o.domains.n; i++) {
        json_put_object(&o);
        json_kv_str(&o, "domain", a->o.domains.names[i]);
        json_kv_bool(&o, "default", i == 0);
        json_put_end(&o);
    }
    json_put_end(&o);
    put_limits(&o, a);
    if (a->o.pow_bits) {
        json_kv_object(&o, "pow");
        json_kv_u64(&o, "bits", a->o.pow_bits);
        json_put_end(&o);
    } else {
        json_kv_null(&o, "pow");
    }
    if (a->o.services_json.n)
        json_kv_raw(&o, "services", a->o.services_json);
    json_kv_array(&o, "features");
    json_put_str(&o, S("test_mail"));
    if (a->o.way_out)
        json_put_str(&o, S("way_out"));
    if (a->o.forwarding && a->o.way_out)
        json_put_str(&o, S("forward"));
    json_put_end(&o);
    json_put_end(&o);
    http_finish(r);
}

/* ---- a mailbox as JSON ---- */
static void put_folders(struct json_out *o, const struct folder *f, size_t n)
{
    json_kv_array(o, "folders");
    for (size_t i = 0; i < n; i++) {
        json_put_object(o);
        json_kv_str(o, "name", f[i].name);
        json_kv_u64(o, "total", f[i].at.total);
        json_kv_u64(o, "unseen", f[i].at.unseen);
        json_put_end(o);
    }
    json_put_end(o);
}

static void put_box_members(struct json_out *o, struct str address, const struct store_box *b)
{
    json_kv_hex(o, "id", box_id_str(&b->id));
    json_kv_str(o, "address", address);
    json_kv_time(o, "created_at", b->created_ms);
    json_kv_time(o, "expires_at", store_box_end_ms(b));
    json_kv_i64(o, "idle_ttl", b->idle_ttl_ms / 1000);
    json_kv_u64(o, "ends_after", b->ends_after);
    json_kv_u64(o, "received", b->received);
    json_kv_bool(o, "guessable", b->flags & BOX_GUESSABLE);
    json_kv_object(o, "quota");
    json_kv_u64(o, "messages", b->messages);
    json_kv_u64(o, "max_messages", b->max_messages);
    json_kv_u64(o, "bytes", b->bytes);
    json_kv_u64(o, "max_bytes", b->max_bytes);
    json_put_end(o);
}

void api_put_box(struct json_out *o, const struct api *a, const struct opened *box, const struct folder *folders,
                 size_t folders_n)
{
    put_box_members(o, box->address, &box->box);
    put_folders(o, folders, folders_n);
    api_put_sending(o, a, box);
    api_put_forward(o, a, box);
    json_kv_time(o, "now", api_now_ms(a));
}

/* ---- POST /mailboxes ---- */
static void on_made(void *ctx, enum err e, const struct refusal *why, const struct mailbox_made *made)
{
    struct http_req *r = ctx;
    api_done(r);
    if (e != OK) {
        api_error(r, e == ERR_FULL && !why ? ERR_IO : e, why);
        return;
    }
    http_header(r, "Location", S("/api/v1/mailbox"));
    struct json_out o = api_json(r, 201);
    put_box_members(&o, made->address, &made->box);
    json_kv_str(&o, "token", made->token);
    json_kv_str(&o, "recovery", made->recovery);
    json_kv_time(&o, "now", api_now_ms(api_of(r)));
    json_put_end(&o);
    http_finish(r);
}

/* address is local@domain in one. */
static void split_address(struct json_in *j, struct mailbox_spec *spec)
{
    struct str address = { 0 };
    if (!json_get_str(j, j->root, "address", TEXT_MAX, &address))
        return;
    size_t at = str_rchr(address, '@');
    if (spec->local.n || spec->domain.n || at == STR_NONE || at == 0 || at + 1 == address.n) {
        json_complain(j, "\"address\" must be local@domain, without \"local\" and \"domain\" beside it");
        return;
    }
    spec->local = str_sub(address, 0, at);
    spec->domain = str_from(address, at + 1);
}

static void read_password(struct json_in *j, struct str *password)
{
    if (json_get_str(j, j->root, "password", TEXT_MAX, password) && password->n == 0)
        json_complain(j, "\"password\" must not be empty");
}

static void read_pow(struct json_in *j, struct str *challenge, struct str *nonce)
{
    const struct json *pow = NULL;
    *challenge = *nonce = (struct str){ 0 };
    if (!json_get_object(j, j->root, "pow", &pow))
        return;
    json_get_str(j, pow, "challenge", 128, challenge);
    json_get_str(j, pow, "nonce", 64, nonce);
}

static const char *const create_keys[] = { "local",    "domain",     "address",  "ttl",
                                           "idle_ttl", "ends_after", "password", "pow" };

void api_read_spec(struct json_in *j, struct mailbox_spec *spec)
{
    int64_t ends_after = 0;
    struct str challenge, nonce; /* of the right kind, whether asked for or not */
    json_only(j, j->root, create_keys, COUNT(create_keys));
    json_get_str(j, j->root, "local", TEXT_MAX, &spec->local);
    json_get_str(j, j->root, "domain", TEXT_MAX, &spec->domain);
    split_address(j, spec);
    read_password(j, &spec->password);
    api_get_duration(j, "ttl", &spec->ttl_ms);
    api_get_duration(j, "idle_ttl", &spec->idle_ttl_ms);
    json_get_int(j, j->root, "ends_after", 0, 1000000, &ends_after);
    spec->ends_after = (uint32_t)ends_after;
    read_pow(j, &challenge, &nonce);
}

/* False: answered. */
static bool pow_done(struct http_req *r, struct json_in *j)
{
    struct api *a = api_of(r);
    struct str challenge, nonce;
    if (a->o.pow_bits == 0)
        return true;
    read_pow(j, &challenge, &nonce); /* api_read_spec() has judged it */
    if (api_pow_check(a->o.shared, challenge, nonce, a->o.pow_bits, loop_now_ms(a->o.loop)) == OK)
        return true;
    http_problem(
        r, 428, "pow_required",
        "Making a mailbox needs a proof of work: GET /api/v1/pow, find a nonce so that SHA-256(challenge:nonce) "
        "begins with that many zero bits, and send both as \"pow\".");
    return false;
}

bool api_create_allowed(struct http_req *r)
{
    struct api *a = api_of(r);
    int64_t retry_ms = 0;
    if (limit_take(a->o.limit, LIMIT_CREATE, &r->peer, 1, loop_now_ms(a->o.loop), &retry_ms) == OK)
        return true;
    http_problem_retry(r, 429, "too_many_mailboxes", "This network has made many mailboxes. Wait a while.",
                       MAX(retry_ms, (int64_t)1000));
    return false;
}

void api_mailbox_create(struct http_req *r)
{
    struct api *a = api_of(r);
    AUTO_JSON struct json_in j = { 0 };
    struct mailbox_spec spec = { 0 };
    if (!api_body(r, &j))
        return;
    api_read_spec(&j, &spec);
    if (!api_body_ok(r, &j) || !pow_done(r, &j))
        return;
    if (!api_create_allowed(r))
        return;
    spec.local = api_keep(r, spec.local);
    spec.domain = api_keep(r, spec.domain);
    spec.password = api_keep(r, spec.password);
    api_wait_mailbox(r, mailbox_create(a->o.boxes, &spec, on_made, r));
}

/* ---- GET /mailbox: the counters now, then the folders ---- */
static void on_folders(void *ctx, enum err e, const struct folder *all, size_t n, uint64_t modseq)
{
    struct http_req *r = ctx;
    (void)modseq;
    api_done(r);
    if (e != OK) {
        api_error(r, e, NULL);
        return;
    }
    struct json_out o = api_json(r, 200);
    api_put_box(&o, api_of(r), api_box(r), all, n); /* refreshed by on_fresh() */
    json_put_end(&o);
    http_finish(r);
}

static void on_fresh(void *ctx, enum err e, const struct refusal *why, const struct store_box *box)
{
    struct http_req *r = ctx;
    api_done(r);
    if (e != OK) {
        api_error(r, e, why);
        return;
    }
    struct opened *o = api_box(r);
    o->box = *box;
    o->box.sealed = (struct str){ 0 };
    api_wait_folder(r, api_folders(r, on_folders));
}

void api_mailbox_get(struct http_req *r)
{
    api_wait_mailbox(r, mailbox_fresh(api_of(r)->o.boxes, api_box(r), on_fresh, r));
}

/* ---- PATCH /mailbox ---- */
static void on_password(void *ctx, enum err e, const struct refusal *why, uint64_t id, struct str secret)
{
    struct http_req *r = ctx;
    (void)id, (void)secret;
    api_done(r);
    if (e != OK)
        api_error(r, e, why);
    else
        api_mailbox_get(r);
}

static void set_password(struct http_req *r)
{
    const struct str *password = r->user;
    api_wait_mailbox(r, mailbox_cred_add(api_of(r)->o.boxes, api_box(r), CRED_PASSWORD, *password, on_password, r));
}

static void on_changed(void *ctx, enum err e, const struct refusal *why, const struct store_box *box)
{
    struct http_req *r = ctx;
    (void)box;
    api_done(r);
    if (e != OK)
        api_error(r, e, why);
    else if (r->user)
        set_password(r);
    else
        api_mailbox_get(r);
}

static const char *const patch_keys[] = { "ttl", "expires_at", "idle_ttl", "ends_after", "password", "forward" };

void api_read_change(struct json_in *j, int64_t now_ms, struct mailbox_change *c, struct str *password)
{
    int64_t ttl = 0, n = 0;
    struct str at = { 0 };
    json_only(j, j->root, patch_keys, COUNT(patch_keys));
    if (api_get_duration(j, "ttl", &ttl)) {
        c->set |= CHANGE_END;
        c->end_ms = now_ms + ttl;
    }
    if (json_get_str(j, j->root, "expires_at", 64, &at)) {
        if ((c->set & CHANGE_END) || text_rfc3339_parse(at, &c->end_ms) != OK)
            json_complain(j, "\"expires_at\" must be an RFC 3339 time, without \"ttl\" beside it");
        c->set |= CHANGE_END;
    }
    if (api_get_duration(j, "idle_ttl", &c->idle_ttl_ms))
        c->set |= CHANGE_IDLE;
    if (json_get_int(j, j->root, "ends_after", 0, 1000000, &n)) {
        c->set |= CHANGE_COUNT;
        c->ends_after = (uint32_t)n;
    }
    struct str forward = { 0 }; /* api_forward() reads it again */
    json_get_str(j, j->root, "forward", TEXT_MAX, &forward);
    read_password(j, password);
}

void api_mailbox_patch(struct http_req *r)
{
    struct api *a = api_of(r);
    AUTO_JSON struct json_in j = { 0 };
    struct mailbox_change c = { 0 };
    struct str password = { 0 };
    if (!api_body(r, &j))
        return;
    api_read_change(&j, api_now_ms(a), &c, &password);
    if (!api_body_ok(r, &j) || !api_forward(r, &j))
        return;
    struct str *kept = arena_new(&r->arena, struct str);
    if (password.n && kept) { /* set after the change of the end has passed */
        *kept = api_keep(r, password);
        r->user = kept;
    }
    if (c.set)
        api_wait_mailbox(r, mailbox_change(a->o.boxes, api_box(r), &c, on_changed, r));
    else if (r->user)
        set_password(r);
    else
        api_mailbox_get(r);
}

/* ---- DELETE /mailbox ---- */
static void on_ended(void *ctx, enum err e, int64_t ended_ms, uint64_t messages)
{
    struct http_req *r = ctx;
    const size_t *unsent = r->user;
    api_done(r);
    if (e != OK) {
        api_error(r, e, NULL);
        return;
    }
    struct json_out o = api_json(r, 200);
    json_kv_time(&o, "ended_at", ended_ms);
    json_kv_u64(&o, "messages", messages);
    json_kv_u64(&o, "unsent", unsent != NULL ? *unsent : 0);
    json_put_end(&o);
    http_finish(r);
}

/* What waits to leave goes with the box: whoever burns it is told how much that was. */
static void on_unsent(struct http_req *r, size_t n)
{
    size_t *unsent = arena_new(&r->arena, size_t);
    if (unsent != NULL)
        *unsent = n;
    r->user = unsent;
    api_wait_mailbox(r, mailbox_end(api_of(r)->o.boxes, api_box(r), on_ended, r));
}

void api_mailbox_delete(struct http_req *r) { outbox_count(r, on_unsent); }
