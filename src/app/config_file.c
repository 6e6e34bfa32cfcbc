/* A schema for libconfuse is made from the table of settings: every key is text or a list of texts, so that types are
 * ours. A pass of our own goes first: it blanks comments (libconfuse 3.3 counts the line of each of them more than
 * once) and finds what libconfuse forgives: an open brace, a setting given twice. */
#include "app/config_file.h"
#include "app/settings.h"
#include <confuse.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SETTINGS_MAX = 128, NAME_MAX_N = 64, SOURCE_MAX_N = 4096, FILE_MAX = 1 << 20, VALUES_MAX = 1000, DEPTH_MAX = 8 };

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

static bool section_seen(const struct reading *r, size_t n, struct str section)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(str_c(r->names[i]), section))
            return true;
    return false;
}

__attribute__((format(printf, 2, 0))) static void on_error(cfg_t *cfg, const char *fmt, va_list ap)
{
    buf_printf(reading->errors, "%s:%d: ", reading->file, cfg && cfg->line ? cfg->line : 1);
    buf_vprintf(reading->errors, fmt, ap);
    if (cfg && section_seen(reading, SETTINGS_MAX, str_c(cfg->name)))
        buf_printf(reading->errors, " in %s", cfg->name);
    buf_putc(reading->errors, '\n');
}

/* The keys of one section from row first on; returns how many entries of keys[] are in use then. */
static size_t schema_keys(struct reading *r, struct str section, size_t first, size_t key_n)
{
    for (size_t i = first; i < settings_n; i++) {
        struct str key;
        if (!str_eq(str_cut(str_c(settings[i].name), '.', &key), section))
            continue;
        cfg_flag_t flags = CFGF_NODEFAULT | (setting_is_list(&settings[i]) ? CFGF_LIST : 0);
        r->keys[key_n++] = (cfg_opt_t)CFG_STR(key.p, NULL, flags);
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

/* ---- our own pass over the text ---- */
struct scan {
    char *p;
    size_t n;
    int line, depth, quote_line, open_line[DEPTH_MAX];
    char quote;
    bool in_word;
    struct str word, section; /* the last word, and the one before the brace that is open */
};

static void complain(struct reading *r, int line, const char *what)
{
    buf_printf(r->errors, "%s:%d: %s\n", r->file, line, what);
}

static void on_brace(struct scan *s, struct reading *r)
{
    if (s->depth == 0)
        s->section = s->word;
    if (s->depth == DEPTH_MAX)
        complain(r, s->line, "braces nest too deep");
    else
        s->open_line[s->depth++] = s->line;
}

/* Where a setting stands is kept here: libconfuse calls nobody for an empty list, and takes a second one silently. */
static void on_equals(const struct scan *s, struct reading *r)
{
    AUTO_BUF struct buf name = { .max = NAME_MAX_N };
    buf_put(&name, s->section);
    buf_putc(&name, '.');
    buf_put(&name, s->word);
    size_t row = name.failed ? settings_n : setting_find(buf_str(&name));
    if (row == settings_n)
        return; /* libconfuse says so */
    if (r->line[row])
        buf_printf(r->errors, "%s:%d: %s: set in line %d already\n", r->file, s->line, settings[row].name,
                   r->line[row]);
    r->line[row] = s->line;
}

static void on_text(struct scan *s, size_t i, struct reading *r)
{
    char c = s->p[i];
    bool part = !strchr(" \t\r\n={}+,\"'", c);
    if (part && !s->in_word)
        s->word = str_of(s->p + i, 0);
    s->word.n += part;
    s->in_word = part;
    if (c == '{')
        on_brace(s, r);
    else if (c == '}' && s->depth == 0)
        complain(r, s->line, "a brace too many");
    else if (c == '}')
        s->depth--;
    else if (c == '=' && s->depth == 1)
        on_equals(s, r);
    else if (c == '"' || c == '\'')
        s->quote = c, s->quote_line = s->line;
}

/* Comments outside quotes become blanks, line ends stay. Braces are counted: libconfuse forgives an open section. */
static void scan(char *p, size_t n, struct reading *r)
{
    struct scan s = { .p = p, .n = n, .line = 1 };
    for (size_t i = 0; i < n; i++) {
        if (p[i] == '\n')
            s.line++;
        if (s.quote) {
            if (p[i] == '\\' && i + 1 < n && p[i + 1] != '\n')
                i++;
            else if (p[i] == s.quote)
                s.quote = 0;
            continue;
        }
        for (size_t j = i, end = comment_end(str_of(p, n), i); j < end; j++)
            if (p[j] != '\n')
                p[j] = ' ';
        on_text(&s, i, r);
    }
    if (s.quote)
        complain(r, s.quote_line, "this quote is not closed");
    else if (s.depth > 0)
        complain(r, s.open_line[s.depth - 1], "this brace is not closed");
}

/* The text with a NUL behind it; or why not, in words. */
static const char *load(const char *file, struct buf *text)
{
    AUTO_FD int fd = open(file, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : 1;
    while (n > 0) {
        char *room = buf_reserve(text, 4096);
        if (!room)
            return "larger than a configuration may be (1 MiB)";
        n = read(fd, room, 4096);
        text->n += n > 0 ? (size_t)n : 0;
    }
    if (n < 0)
        return strerrordesc_np(errno);
    buf_putc(text, 0);
    return text->failed ? "larger than a configuration may be (1 MiB)" : NULL;
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
    const char *why = r && settings_n <= SETTINGS_MAX ? load(file, &text) : "out of memory";
    if (why) {
        buf_printf(errors, "%s: %s\n", file, why);
        return;
    }
    *r = (struct reading){ .errors = errors, .file = file };
    size_t before = errors->n;
    scan(text.p, text.n - 1, r);
    if (errors->n > before)
        return;
    schema_build(r);
    cfg_t *cfg = cfg_init(r->sections, CFGF_NONE);
    reading = r;
    cfg_set_error_function(cfg, on_error);
    if (cfg_parse_buf(cfg, text.p) == CFG_SUCCESS)
        give(r, cfg, take, ctx);
    cfg_free(cfg);
    reading = NULL;
}
