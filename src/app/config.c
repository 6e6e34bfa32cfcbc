/* Reads the configuration: the file by libconfuse (met here only), then the environment, then -o. All values arrive as
 * text and go through config_value_set(). */
#include "app/config.h"
#include "app/config_check.h"
#include "app/config_file.h"
#include "app/config_value.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { CONFIG_TEXT_MAX = 4 << 20, SECRET_FILE_MAX = 64 * 1024, NAME_MAX_N = 64 };

struct reading {
    struct config *c;
    struct buf *errors, *notes;
};

static void take(void *ctx, size_t row, const struct str *values, size_t n, const char *source)
{
    struct reading *r = ctx;
    const char *bad = config_value_set(r->c, row, values, n);
    if (bad) {
        buf_printf(r->errors, "%s: %s: %s\n", source, settings[row].name, bad);
        return;
    }
    AUTO_BUF struct buf text = { .max = CONFIG_TEXT_MAX };
    for (size_t i = 0; i < n; i++) {
        buf_puts(&text, i ? ", " : "");
        buf_put(&text, values[i]);
    }
    r->c->text[row] = arena_dup(&r->c->arena, buf_str(&text));
    r->c->source[row] = arena_dup(&r->c->arena, str_c(source)).p;
}

/* ---- the environment ---- */
/* MAYFLY_SMTP_MAX_BYTES for smtp.max_bytes */
static void env_name(const char *setting, char out[NAME_MAX_N])
{
    size_t n = 0;
    for (const char *prefix = "MAYFLY_"; *prefix; prefix++)
        out[n++] = *prefix;
    for (; *setting && n < NAME_MAX_N - 1; setting++)
        out[n++] = *setting == '.' ? '_' : (char)(*setting >= 'a' && *setting <= 'z' ? *setting - 'a' + 'A' : *setting);
    out[n] = 0;
}

/* The content of the file that MAYFLY_…_FILE names, one line end taken off: for secrets handed over by mounts. */
static void take_secret_file(struct reading *r, size_t row, struct str path, const char *source)
{
    AUTO_BUF struct buf text = { .max = SECRET_FILE_MAX };
    struct str zero_ended = arena_dup(&r->c->arena, path);
    AUTO_FD int fd = zero_ended.p ? open(zero_ended.p, O_RDONLY | O_CLOEXEC) : -1;
    char *room = buf_reserve(&text, SECRET_FILE_MAX);
    ssize_t n = fd < 0 || !room ? -1 : read(fd, room, SECRET_FILE_MAX);
    if (n < 0) {
        buf_printf(r->errors, "%s: %.*s: %s\n", source, STR_FMT(path), strerrordesc_np(errno));
        return;
    }
    struct str value = str_trim(str_of(room, (size_t)n));
    take(r, row, &value, 1, source);
}

/* Read by main.c, and by the tests and benchmarks, which start us with what they were given. */
static bool is_no_setting(struct str name)
{
    static const struct str names[] = { STR("MAYFLY_CONFIG"), STR("MAYFLY_TESTDATA"), STR("MAYFLY_BENCH"),
                                        STR("MAYFLY_MACHINE") };
    for (size_t i = 0; i < COUNT(names); i++)
        if (str_eq(name, names[i]))
            return true;
    return false;
}

static void env_one(struct reading *r, struct str name, struct str value)
{
    for (size_t row = 0; row < settings_n; row++) {
        char mine[NAME_MAX_N];
        env_name(settings[row].name, mine);
        if (str_eq(name, str_c(mine))) {
            take(r, row, &value, 1, mine);
            return;
        }
        strcat(mine, "_FILE"); /* names are far below NAME_MAX_N: settings_test.c */
        if (str_eq(name, str_c(mine))) {
            take_secret_file(r, row, value, mine);
            return;
        }
    }
    if (!is_no_setting(name))
        buf_printf(r->notes, "%.*s: no such setting\n", STR_FMT(str_sub(name, 0, 100)));
}

static void read_env(struct reading *r, const char *const *env)
{
    for (; env && *env; env++) {
        struct str value, name = str_cut(str_c(*env), '=', &value);
        if (str_starts(name, S("MAYFLY_")))
            env_one(r, name, value);
    }
}

/* ---- -o ---- */
static void read_extra(struct reading *r, const char *text)
{
    struct str value, name = str_trim(str_cut(str_c(text), '=', &value));
    value = str_trim(value);
    size_t row = setting_find(name);
    if (row == settings_n || !strchr(text, '=')) {
        buf_printf(r->errors, "-o %s: %s\n", text, strchr(text, '=') ? "no such setting" : "must be section.key=value");
        return;
    }
    take(r, row, &value, 1, "-o");
}

static void read_defaults(struct reading *r)
{
    for (size_t row = 0; row < settings_n; row++) {
        struct str def = str_c(settings[row].def);
        if (settings[row].type != SET_LATER)
            take(r, row, &def, 1, "default");
    }
}

const char *config_file_choose(const char *named, const char *from_env, struct str program)
{
    if (named)
        return named;
    if (from_env)
        return *from_env ? from_env : NULL;
    return str_starts(program, S("/usr/")) ? CONFIG_FILE_INSTALLED : NULL;
}

enum err config_load(const struct config_sources *from, struct config *out, struct buf *errors, struct buf *notes)
{
    *out = (struct config){ 0 };
    arena_init(&out->arena, CONFIG_TEXT_MAX);
    out->source = arena_array(&out->arena, settings_n, sizeof *out->source);
    out->text = arena_array(&out->arena, settings_n, sizeof *out->text);
    if (!out->source || !out->text)
        return ERR_IO;
    struct reading r = { .c = out, .errors = errors, .notes = notes };
    read_defaults(&r);
    if (from->file)
        config_file_read(from->file, errors, take, &r);
    read_env(&r, from->env);
    for (size_t i = 0; i < from->extra_n; i++)
        read_extra(&r, from->extra[i]);
    if (errors->n == 0)
        config_check_together(out, errors);
    if (errors->n == 0)
        config_note_together(out, notes);
    return errors->n || errors->failed ? ERR_BAD : OK;
}

void config_fini(struct config *c)
{
    arena_reset(&c->arena);
    *c = (struct config){ 0 };
}

void config_frozen(const struct config *old, const struct config *new, struct buf *out)
{
    for (size_t row = 0; row < settings_n; row++)
        if (!(settings[row].flags & SETTING_RELOAD) && !str_eq(old->text[row], new->text[row]))
            buf_printf(out, "%s\n", settings[row].name);
}
