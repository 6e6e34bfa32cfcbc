/* What is asked of the server as a whole; boxes, bans and domains have files of their own. */
#include "app/operate.h"
#include "app/domain_keys.h"
#include "base/text.h"
#include "io/file.h"
#include "store/store.h"

enum { OPERATE_TEXT_MAX = 64 * 1024 };

const char *operate_why(enum err e)
{
    return e == ERR_FULL ? "no space left on the disk"
           : e == ERR_IO ? "the disk or memory failed; the log may say more"
                         : err_name(e);
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
        e = domain_keys_backup(a, dir);
    if (e == OK)
        ctl_ok(r, said);
    else
        ctl_error(r, operate_why(e));
}

const struct ctl_command operate_commands[] = {
    { STR("box"), operate_box }, { STR("stats"), run_stats },       { STR("drain"), run_drain },
    { STR("ready"), run_ready }, { STR("clock"), run_clock },       { STR("backup"), run_backup },
    { STR("ban"), operate_ban }, { STR("domain"), operate_domain }, { STR("queue"), operate_queue },
};
const size_t operate_commands_n = COUNT(operate_commands);
