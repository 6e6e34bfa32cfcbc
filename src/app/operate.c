/* The operator sees that a box lives, how full it is and when it ends, and may end it; its mail and its credentials
 * stay out of reach, here as everywhere. Requests to the store come back on the main loop. */
#include "app/operate.h"
#include "base/text.h"
#include "core/mailbox.h"
#include "io/file.h"
#include "store/store.h"
#include <stdlib.h>

enum { OPERATE_TEXT_MAX = 64 * 1024 };
static const int64_t OPERATOR_TTL_MS = (int64_t)10 * 365 * 24 * 3600 * 1000;

/* ---- box show ADDRESS, box end ADDRESS ---- */
struct box_ask {
    struct app *app;
    struct ctl_req *req;
    bool end;
};

static void on_box_ended(struct store_req *req)
{
    struct box_ask *ask = req->ctx;
    if (req->err == OK)
        ctl_ok(ask->req, S("ended\n"));
    else
        ctl_error(ask->req, err_name(req->err));
    free(ask);
}

static void end_box(struct box_ask *ask, const struct box_id *id)
{
    struct store_end *e = STORE_NEW(end, ask, on_box_ended);
    struct box_id *mine = e ? arena_new(&e->req.arena, struct box_id) : NULL;
    if (!mine) {
        if (e)
            store_req_drop(&e->req);
        ctl_error(ask->req, "out of memory");
        free(ask);
        return;
    }
    *mine = *id;
    e->ids = mine;
    e->n = 1;
    store_submit(ask->app->store, ask->app->loop, &e->req);
}

static void show_box(struct box_ask *ask, const struct store_box *b)
{
    AUTO_BUF struct buf out = { .max = OPERATE_TEXT_MAX };
    buf_puts(&out, "created ");
    text_rfc3339(&out, b->created_ms);
    buf_puts(&out, "\nends    ");
    text_rfc3339(&out, store_box_end_ms(b));
    buf_printf(&out, "\nmail    %u of %u\nbytes   %llu of %llu\n", b->messages, b->max_messages,
               (unsigned long long)b->bytes, (unsigned long long)b->max_bytes);
    ctl_ok(ask->req, buf_str(&out));
    free(ask);
}

static void on_box_found(struct store_req *req)
{
    struct box_ask *ask = req->ctx;
    struct store_find *f = CONTAINER_OF(req, struct store_find, req);
    if (req->err != OK) {
        ctl_error(ask->req, req->err == ERR_GONE ? "no such address lives" : err_name(req->err));
        free(ask);
    } else if (ask->end) {
        end_box(ask, &f->box.id);
    } else {
        show_box(ask, &f->box);
    }
}

/* ---- box operator ---- */
static void on_operator(void *ctx, enum err e, const struct refusal *why, const struct mailbox_made *made)
{
    struct box_ask *ask = ctx;
    AUTO_BUF struct buf out = { .max = OPERATE_TEXT_MAX, .secret = true };
    if (e != OK) {
        ctl_error(ask->req, e == ERR_BUSY ? "it exists; end it first to lose what is in it and begin anew"
                            : why         ? why->text
                                          : err_name(e));
        free(ask);
        return;
    }
    buf_puts(&out, "address  ");
    buf_put(&out, made->address);
    buf_puts(&out, "\ntoken    ");
    buf_put(&out, made->token);
    buf_puts(&out, "\nrecovery ");
    buf_put(&out, made->recovery);
    buf_puts(&out, "\nShown this once: without the words nobody can open it.\n");
    ctl_ok(ask->req, buf_str(&out));
    free(ask);
}

/* Where mail to postmaster@ and abuse@ goes: made once, by hand, because its secret must be seen by a person. */
static void make_operator(struct app *a, struct ctl_req *r)
{
    struct box_ask *ask = calloc(1, sizeof *ask);
    struct mailbox_spec spec = { .for_operator = true, .ttl_ms = OPERATOR_TTL_MS };
    if (ask)
        *ask = (struct box_ask){ .app = a, .req = r };
    if (!ask || !mailbox_create(a->operator_boxes, &spec, on_operator, ask)) {
        free(ask);
        ctl_error(r, "out of memory");
    }
}

static void run_box(void *ctx, struct ctl_req *r, struct str args)
{
    struct app *a = ctx;
    struct str address, verb = str_word(args, &address);
    AUTO_ARENA struct arena scratch = { .max = OPERATE_TEXT_MAX };
    struct str key;
    bool end = str_eq(verb, S("end"));
    if (str_eq(verb, S("operator"))) {
        make_operator(a, r);
        return;
    }
    if ((!end && !str_eq(verb, S("show"))) || name_address_key(str_trim(address), &scratch, &key) != OK) {
        ctl_error(r, "usage: mayfly box show|end ADDRESS, mayfly box operator");
        return;
    }
    struct box_ask *ask = calloc(1, sizeof *ask);
    struct store_find *f = ask ? STORE_NEW(find, ask, on_box_found) : NULL;
    if (!f) {
        free(ask);
        ctl_error(r, "out of memory");
        return;
    }
    *ask = (struct box_ask){ .app = a, .req = r, .end = end };
    store_addr_hash(a->store, key, f->addr_hash);
    store_submit(a->store, a->loop, &f->req);
}

/* ---- stats ---- */
static void run_stats(void *ctx, struct ctl_req *r, struct str)
{
    struct app *a = ctx;
    struct store_stats s;
    store_stats(a->store, &s);
    const struct {
        const char *name;
        uint64_t n;
    } rows[] = {
        { "boxes", s.boxes },
        { "messages", s.messages },
        { "bytes", s.bytes },
        { "disk_bytes", s.disk_bytes },
        { "segments", s.segments },
        { "created", s.created },
        { "ended", s.ended },
        { "appended", s.appended },
        { "duplicates", s.duplicates },
        { "deleted", s.deleted },
        { "commits", s.commits },
        { "syncs", s.syncs },
        { "errors", s.errors },
        { "queue", s.queue },
        { "clock_frozen", s.frozen },
        { "full", s.full },
        { "faulted", s.faulted },
        { "smtp_connections", a->gates[DOOR_SMTP].open },
        { "http_connections", a->gates[DOOR_HTTP].open },
        { "https_connections", a->gates[DOOR_HTTPS].open },
        { "listeners", event_listeners(a->hub) },
    };
    AUTO_BUF struct buf out = { .max = OPERATE_TEXT_MAX };
    for (size_t i = 0; i < COUNT(rows); i++)
        buf_printf(&out, "%s %llu\n", rows[i].name, (unsigned long long)rows[i].n);
    ctl_ok(r, buf_str(&out));
}

/* ---- drain, ready ---- */
static void run_drain(void *ctx, struct ctl_req *r, struct str)
{
    struct app *a = ctx;
    ctl_ok(r, S("draining\n"));
    a->drain(a);
}

/* NULL when it takes mail and serves: the same as /readyz (serve/metrics.c). */
static const char *not_ready(const struct app *a)
{
    struct store_stats s;
    store_stats(a->store, &s);
    if (!a->ready)
        return a->draining ? "draining" : "starting";
    return s.faulted ? "store faulted" : s.full ? "disk full" : NULL;
}

static void run_ready(void *ctx, struct ctl_req *r, struct str)
{
    const char *why = not_ready(ctx);
    if (why)
        ctl_error(r, why);
    else
        ctl_ok(r, S("ready\n"));
}

/* ---- clock [accept | advance DURATION] ---- */
static void show_clock(struct app *a, struct ctl_req *r)
{
    AUTO_BUF struct buf out = { .max = OPERATE_TEXT_MAX };
    buf_puts(&out, "wall  ");
    text_rfc3339(&out, clock_wall_ms(&a->clock));
    buf_puts(&out, "\nstore ");
    text_rfc3339(&out, store_now_ms(a->store));
    buf_puts(&out, store_clock_frozen(a->store) ? "\nfrozen: the wall clock jumped; mayfly clock accept takes it over\n"
                                                : "\n");
    ctl_ok(r, buf_str(&out));
}

static void run_clock(void *ctx, struct ctl_req *r, struct str args)
{
    struct app *a = ctx;
    struct str amount, verb = str_word(args, &amount);
    int64_t ms;
    if (str_empty(verb)) {
        show_clock(a, r);
    } else if (str_eq(verb, S("accept"))) {
        store_clock_accept(a->store);
        show_clock(a, r);
    } else if (str_eq(verb, S("advance")) && a->config.test_clock && str_to_duration_ms(str_trim(amount), &ms)) {
        a->clock.wall_offset_ms += ms; /* both move: time passes, no jump */
        a->clock.boot_offset_ms += ms;
        show_clock(a, r);
    } else if (str_eq(verb, S("jump")) && a->config.test_clock && str_to_duration_ms(str_trim(amount), &ms)) {
        a->clock.wall_offset_ms += ms;
        show_clock(a, r);
    } else if (str_eq(verb, S("jump-back")) && a->config.test_clock && str_to_duration_ms(str_trim(amount), &ms)) {
        a->clock.wall_offset_ms -= ms;
        show_clock(a, r);
    } else {
        ctl_error(r, "usage: mayfly clock [accept]");
    }
}

/* ---- backup ---- */
/* Under the sandbox only the data folder can be written in: the copy is made there, and the operator's client takes it
 * on. */
static void run_backup(void *ctx, struct ctl_req *r, struct str)
{
    struct app *a = ctx;
    AUTO_ARENA struct arena scratch = { .max = OPERATE_TEXT_MAX };
    struct str dir = arena_printf(&scratch, "%.*s/backup", STR_FMT(a->config.server_data_dir));
    struct str said = arena_printf(&scratch, "%.*s\n", STR_FMT(dir));
    enum err e = file_make_dir(dir.p);
    if (e == OK)
        e = store_backup(a->store, dir.p);
    if (e == OK)
        ctl_ok(r, said);
    else
        ctl_error(r, err_name(e));
}

const struct ctl_command operate_commands[] = {
    { STR("box"), run_box },     { STR("stats"), run_stats }, { STR("drain"), run_drain },
    { STR("ready"), run_ready }, { STR("clock"), run_clock }, { STR("backup"), run_backup },
    { STR("ban"), operate_ban },
};
const size_t operate_commands_n = COUNT(operate_commands);
