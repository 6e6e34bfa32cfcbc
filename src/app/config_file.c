/* A schema for libconfuse is made from the table of settings: every key is text or a list of texts, so that types are
 * ours. Comments are blanked before it sees them: libconfuse 3.3 counts the line of each of them more than once. */
#include "app/config_file.h"
#include "app/settings.h"
#include <confuse.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SETTINGS_MAX = 128, NAME_MAX_N = 64, SOURCE_MAX_N = 4096, FILE_MAX = 1 << 20, VALUES_MAX = 1000 };

struct reading {
    struct buf *errors;
    const char *file;
    int line[SETTINGS_MAX]; /* by row; 0: not in the file */
    struct str values[VALUES_MAX];
    cfg_opt_t sections[SETTINGS_MAX], keys[SETTINGS_MAX * 2];
    char names[SETTINGS_MAX][NAME_MAX_N]; /* of sections, each with its NUL */
};
/* libconfuse's callbacks carry no context of ours. Set only while one file is read, on one thread. */
static _Thread_local struct reading *reading;

__attribute__((format(printf, 2, 0))) static void on_error(cfg_t *cfg, const char *fmt, va_list ap)
{
    buf_printf(reading->errors, "%s:%d: ", reading->file, cfg && cfg->line ? cfg->line : 1);
    buf_vprintf(reading->errors, fmt, ap);
    buf_putc(reading->errors, '\n');
}

static size_t row_of(const char *section, const char *key)
{
    size_t i = 0, n = strlen(section);
    while (i < settings_n && !(strncmp(settings[i].name, section, n) == 0 && settings[i].name[n] == '.' &&
                               strcmp(settings[i].name + n + 1, key) == 0))
        i++;
    return i;
}

static int on_value(cfg_t *cfg, cfg_opt_t *opt)
{
    size_t row = row_of(cfg->name, opt->name);
    if (row < settings_n)
        reading->line[row] = cfg->line;
    return 0;
}

static bool section_seen(const struct reading *r, size_t n, struct str section)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(str_c(r->names[i]), section))
            return true;
    return false;
}

/* The keys of one section from row first on; returns how many entries of keys[] are in use then. */
static size_t schema_keys(struct reading *r, struct str section, size_t first, size_t key_n)
{
    for (size_t i = first; i < settings_n; i++) {
        struct str key;
        if (!str_eq(str_cut(str_c(settings[i].name), '.', &key), section))
            continue;
        cfg_flag_t flags = CFGF_NODEFAULT | (setting_is_list(&settings[i]) ? CFGF_LIST : 0);
        r->keys[key_n] = (cfg_opt_t)CFG_STR(key.p, NULL, flags);
        r->keys[key_n++].validcb = on_value;
    }
    r->keys[key_n++] = (cfg_opt_t)CFG_END();
    return key_n;
}

static void schema_build(struct reading *r)
{
    size_t section_n = 0, key_n = 0;
    for (size_t i = 0; i < settings_n; i++) {
        struct str key, section = str_cut(str_c(settings[i].name), '.', &key);
        if (section_seen(r, section_n, section))
            continue;
        memcpy(r->names[section_n], section.p, section.n);
        cfg_opt_t *keys = &r->keys[key_n];
        key_n = schema_keys(r, section, i, key_n);
        r->sections[section_n] = (cfg_opt_t)CFG_SEC(r->names[section_n], keys, CFGF_NONE);
        section_n++;
    }
    r->sections[section_n] = (cfg_opt_t)CFG_END();
}

/* Where a comment that begins at i ends, or i when none does. */
static size_t comment_end(struct str s, size_t i)
{
    struct str rest = str_from(s, i);
    bool block = str_starts(rest, S("/*"));
    if (!block && !str_starts(rest, S("//")) && !str_starts(rest, S("#")))
        return i;
    size_t n = block ? str_find(rest, S("*/")) : str_chr(rest, '\n');
    return n == STR_NONE ? s.n : i + n + (block ? 2 : 0);
}

/* Comments outside quotes become blanks, line ends stay. Counts braces too: libconfuse forgives an open section. */
static int blank_comments(char *p, size_t n)
{
    int depth = 0;
    char quote = 0;
    for (size_t i = 0; i < n; i++) {
        if (quote) {
            if (p[i] == '\\')
                i++;
            else if (p[i] == quote)
                quote = 0;
            continue;
        }
        if (p[i] == '"' || p[i] == '\'')
            quote = p[i];
        depth += (p[i] == '{') - (p[i] == '}');
        for (size_t end = comment_end(str_of(p, n), i); i < end; i++)
            if (p[i] != '\n')
                p[i] = ' ';
    }
    return quote ? 1 : depth;
}

/* The text with a NUL behind it, or false. */
static bool load(const char *file, struct buf *text)
{
    AUTO_FD int fd = open(file, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : 1;
    while (n > 0) {
        char *room = buf_reserve(text, 4096);
        n = room ? read(fd, room, 4096) : -1;
        text->n += n > 0 ? (size_t)n : 0;
    }
    buf_putc(text, 0);
    return n == 0 && !text->failed;
}

static void give(struct reading *r, cfg_t *cfg, void (*take)(void *, size_t, const struct str *, size_t, const char *),
                 void *ctx)
{
    for (size_t row = 0; row < settings_n; row++) {
        if (!r->line[row])
            continue;
        char path[NAME_MAX_N] = { 0 };
        strncpy(path, settings[row].name, sizeof path - 1);
        *strchr(path, '.') = '|';
        size_t n = MIN(cfg_size(cfg, path), (size_t)VALUES_MAX);
        for (unsigned i = 0; i < n; i++)
            r->values[i] = str_c(cfg_getnstr(cfg, path, i));
        AUTO_BUF struct buf source = { .max = SOURCE_MAX_N };
        buf_printf(&source, "%s:%d", r->file, r->line[row]);
        buf_putc(&source, 0);
        take(ctx, row, r->values, n, source.failed ? "file" : source.p);
    }
}

void config_file_read(const char *file, struct buf *errors,
                      void (*take)(void *ctx, size_t row, const struct str *values, size_t n, const char *source),
                      void *ctx)
{
    AUTO_BUF struct buf text = { .max = FILE_MAX };
    AUTO_FREE struct reading *r = calloc(1, sizeof *r);
    if (!r || settings_n > SETTINGS_MAX || !load(file, &text)) {
        buf_printf(errors, "%s: cannot be read\n", file);
        return;
    }
    if (blank_comments(text.p, text.n - 1) != 0) {
        buf_printf(errors, "%s: a brace or a quote is not closed\n", file);
        return;
    }
    *r = (struct reading){ .errors = errors, .file = file };
    schema_build(r);
    cfg_t *cfg = cfg_init(r->sections, CFGF_NONE);
    reading = r;
    cfg_set_error_function(cfg, on_error);
    if (cfg_parse_buf(cfg, text.p) == CFG_SUCCESS)
        give(r, cfg, take, ctx);
    cfg_free(cfg);
    reading = NULL;
}
