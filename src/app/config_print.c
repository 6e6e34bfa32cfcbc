/* What is printed from the table of settings: the effective configuration, mayfly.conf, mayfly.conf(5). */
#include "app/config.h"
#include <string.h>

enum { TEXT_COLUMNS = 100 };

static const char *const type_words[] = {
    [SET_STR] = "text",
    [SET_PATH] = "path",
    [SET_NAME] = "host name",
    [SET_HOST] = "host name or address",
    [SET_NAMES] = "list of host names",
    [SET_ORIGINS] = "list of origins",
    [SET_LISTEN] = "list of address:port",
    [SET_ENDPOINTS] = "list of address:port",
    [SET_NEIGHBOUR] = "path or address:port",
    [SET_IPV4] = "IPv4 address",
    [SET_IPV6] = "IPv6 address",
    [SET_MAILBOX] = "mail address",
    [SET_NETS] = "list of networks",
    [SET_BYTES] = "size",
    [SET_MS] = "duration",
    [SET_INT] = "number",
    [SET_BOOL] = "true or false",
    [SET_ENUM] = "one of",
    [SET_LATER] = "",
};

static bool shown(const struct setting *s) { return s->type != SET_LATER && !(s->flags & SETTING_TEST); }

static struct str section_of(const struct setting *s)
{
    struct str key;
    return str_cut(str_c(s->name), '.', &key);
}

static const char *key_of(const struct setting *s) { return strchr(s->name, '.') + 1; }

/* Has a row above this one the same section? */
static bool section_begun(size_t row)
{
    for (size_t i = 0; i < row; i++)
        if (shown(&settings[i]) && str_eq(section_of(&settings[i]), section_of(&settings[row])))
            return true;
    return false;
}

void config_print_effective(const struct config *c, struct buf *out)
{
    for (size_t row = 0; row < settings_n; row++)
        if (settings[row].type != SET_LATER)
            buf_printf(out, "%s = %.*s  # %s\n", settings[row].name, STR_FMT(c->text[row]), c->source[row]);
}

static void wrapped(struct buf *out, const char *before, const char *text)
{
    size_t column = 0;
    for (struct str rest = str_c(text); rest.n > 0;) {
        struct str word = str_word(rest, &rest);
        if (column == 0 || column + 1 + word.n > TEXT_COLUMNS) {
            buf_printf(out, "%s%s", column ? "\n" : "", before);
            column = 0;
        }
        buf_puts(out, column ? " " : "");
        buf_put(out, word);
        column += word.n + (column > 0);
    }
    buf_putc(out, '\n');
}

/* A value as the file wants it: "text", or {"one", "two"}. */
static void quoted(struct buf *out, const struct setting *s)
{
    if (!setting_is_list(s)) {
        buf_printf(out, "\"%s\"", s->def);
        return;
    }
    buf_putc(out, '{');
    size_t n = 0;
    for (struct str rest = str_c(s->def); rest.n > 0; n++) {
        struct str item = str_trim(str_cut(rest, ',', &rest));
        buf_printf(out, "%s\"%.*s\"", n ? ", " : "", STR_FMT(item));
    }
    buf_putc(out, '}');
}

/* The one line that is no default: an installed server's data is where the unit lets it write. */
static bool installed_differs(const struct setting *s) { return strcmp(s->name, "server.data_dir") == 0; }

static void file_section(struct buf *out, size_t first)
{
    struct str section = section_of(&settings[first]);
    buf_printf(out, "\n%.*s {\n", STR_FMT(section));
    for (size_t row = first; row < settings_n; row++) {
        const struct setting *s = &settings[row];
        if (!shown(s) || !str_eq(section_of(s), section))
            continue;
        wrapped(out, "    # ", s->help);
        if (installed_differs(s)) {
            buf_printf(out, "    %s = \"/var/lib/mayfly\"  # default: \"%s\"\n", key_of(s), s->def);
            continue;
        }
        buf_printf(out, "    # %s = ", key_of(s));
        quoted(out, s);
        buf_puts(out, "\n");
    }
    buf_puts(out, "}\n");
}

void config_print_file(struct buf *out)
{
    buf_puts(
        out,
        "# mayfly.conf: every setting with its default, and the folder of an installed server's data. Printed by: "
        "mayfly\n"
        "# config --file. An installed mayfly reads it as /etc/mayfly/mayfly.conf without being told.\n"
        "# Later wins: default, this file, the environment (MAYFLY_SECTION_KEY, or MAYFLY_SECTION_KEY_FILE naming a\n"
        "# file that holds the value), -o section.key=value. mayfly check-config -c FILE says what is in force and "
        "why.\n");
    for (size_t row = 0; row < settings_n; row++)
        if (shown(&settings[row]) && !section_begun(row))
            file_section(out, row);
}

static void man_text(struct buf *out, const char *text)
{
    if (*text == '.' || *text == '\'')
        buf_puts(out, "\\&");
    for (; *text; text++)
        if (*text == '\\' || *text == '-')
            buf_printf(out, "\\%c", *text);
        else
            buf_putc(out, *text);
    buf_putc(out, '\n');
}

void config_print_man(struct buf *out)
{
    buf_puts(out,
             ".TH MAYFLY.CONF 5 \"\" mayfly \"File formats\"\n.SH NAME\nmayfly.conf \\- configuration of mayfly(1)\n"
             ".SH DESCRIPTION\nSections in braces, one setting a line, lists in braces: \\fBlisten = {\"0.0.0.0:25\", "
             "\"[::]:25\"}\\fR.\nEach setting is also taken from the environment (\\fBMAYFLY_SECTION_KEY\\fR, or "
             "\\fBMAYFLY_SECTION_KEY_FILE\\fR naming a file that holds the value)\nand from the command line "
             "(\\fB\\-o section.key=value\\fR); later ones win.\nThere, lists have commas and no braces: "
             "\\fB\\-o server.domains=a.example,b.example\\fR.\nWhich file is read: see \\fBFILES\\fR in "
             "mayfly(1).\n.SH SETTINGS\n");
    for (size_t row = 0; row < settings_n; row++) {
        const struct setting *s = &settings[row];
        if (!shown(s))
            continue;
        buf_printf(out, ".TP\n.B %s\n", s->name);
        man_text(out, s->help);
        buf_printf(out, "(%s%s%s; default: ", type_words[s->type], s->choice ? " " : "", s->choice ? s->choice : "");
        buf_printf(out, "%s%s)\n", *s->def ? s->def : "empty",
                   s->flags & SETTING_RELOAD ? "; taken over at SIGHUP" : "");
    }
    buf_puts(out, ".SH SEE ALSO\n.BR mayfly (1)\n");
}
