/* The command line: one table of subcommands, whose second text is both what help shows and what arguments must match.
 * What serves is in app.c; what talks to a running server is in ctl.c. */
#include "app/app.h"
#include "app/config_check.h"
#include "app/ctl.h"
#include "app/learn.h"
#include "app/verify.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#ifndef MAYFLY_VERSION
#define MAYFLY_VERSION "0.1.0"
#endif

enum { PRINT_MAX = 4 << 20, EXTRA_MAX = 200, EXIT_USAGE = 2, READY_WAIT_S = 30, LINE_MAX_N = 1000 };

struct args {
    const char *command;
    const char *file;
    const char *extra[EXTRA_MAX];
    size_t extra_n;
    char **rest; /* what is not -c or -o, the subcommand left out */
    int rest_n;
};

static void print(FILE *to, const struct buf *b)
{
    if (b->n)
        fwrite(b->p, 1, b->n, to);
}

/* Without -c: see config_file_choose(). */
static const char *other_file(void)
{
    char self[1024];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self);
    const char *file = config_file_choose(NULL, getenv("MAYFLY_CONFIG"), str_of(self, n > 0 ? (size_t)n : 0));
    bool installed = file && strcmp(file, CONFIG_FILE_INSTALLED) == 0;
    return installed && access(file, F_OK) != 0 ? NULL : file;
}

static struct config_sources sources_of(const struct args *a)
{
    return (struct config_sources){ a->file ? a->file : other_file(), (const char *const *)environ, a->extra,
                                    a->extra_n };
}

/* Loads the configuration and prints complaints and notes; false when it cannot be used. to_serve: nor the files that
 * it names. */
static bool load_and(const struct args *a, struct config *c, bool to_serve)
{
    AUTO_BUF struct buf errors = { .max = PRINT_MAX }, notes = { .max = PRINT_MAX };
    struct config_sources from = sources_of(a);
    enum err e = config_load(&from, c, &errors, &notes);
    if (e == OK && to_serve) {
        config_check_files(c, &errors, &notes);
        config_check_prior(c, &errors, &notes);
    }
    print(stderr, &notes);
    print(stderr, &errors);
    return e == OK && errors.n == 0;
}

static bool load(const struct args *a, struct config *c) { return load_and(a, c, false); }

static int run_serve(const struct args *a)
{
    struct config c;
    if (!load_and(a, &c, true)) {
        config_fini(&c);
        return 1;
    }
    struct config_sources from = sources_of(a);
    return app_serve(&c, &from);
}

/* ---- what a running server is asked ---- */
static bool socket_path(const struct args *a, struct buf *path)
{
    struct config c;
    bool good = load(a, &c);
    if (good)
        buf_printf(path, "%.*s/run/ctl.sock", STR_FMT(c.server_data_dir));
    buf_putc(path, 0);
    config_fini(&c);
    return good;
}

static int run_ask(const struct args *a)
{
    AUTO_BUF struct buf path = { .max = PRINT_MAX }, line = { .max = LINE_MAX_N };
    buf_puts(&line, a->command);
    for (int i = 0; i < a->rest_n; i++)
        buf_printf(&line, " %s", a->rest[i]);
    buf_putc(&line, 0);
    if (line.failed)
        fprintf(stderr, "mayfly %s: too long: a command and its arguments have at most %d octets\n", a->command,
                LINE_MAX_N - 1);
    if (line.failed || !socket_path(a, &path))
        return EXIT_USAGE;
    return ctl_ask(path.p, line.p, false);
}

static int run_readyz(const struct args *a)
{
    AUTO_BUF struct buf path = { .max = PRINT_MAX };
    bool wait = a->rest_n == 1;
    if (!socket_path(a, &path))
        return EXIT_USAGE;
    for (int tries = wait ? READY_WAIT_S * 50 : 0; tries > 0; tries--) {
        if (ctl_ask(path.p, "ready", true) == 0)
            return 0;
        nanosleep(&(struct timespec){ .tv_nsec = 20 * 1000 * 1000 }, NULL);
    }
    return ctl_ask(path.p, "ready", false);
}

static int run_check_config(const struct args *a)
{
    AUTO_BUF struct buf out = { .max = PRINT_MAX };
    struct config c;
    bool good = load_and(a, &c, true);
    if (good)
        config_print_effective(&c, &out);
    print(stdout, &out);
    config_fini(&c);
    return good ? 0 : 1;
}

static int run_config(const struct args *a)
{
    AUTO_BUF struct buf out = { .max = PRINT_MAX };
    if (strcmp(a->rest[0], "--file") == 0)
        config_print_file(&out);
    else
        config_print_man(&out);
    print(stdout, &out);
    return 0;
}

static int run_verify(const struct args *a)
{
    struct config c;
    int code = load(a, &c) ? verify_run(&c, a->rest, a->rest_n) : 1;
    config_fini(&c);
    return code;
}

static int run_learn(const struct args *a)
{
    struct config c;
    int code = load(a, &c) ? learn_run(&c, a->rest, a->rest_n) : 1;
    config_fini(&c);
    return code;
}

static int run_classify(const struct args *a)
{
    struct config c;
    int code = load(a, &c) ? classify_run(&c, a->rest, a->rest_n) : 1;
    config_fini(&c);
    return code;
}

static int run_version(const struct args *)
{
    puts("mayfly " MAYFLY_VERSION);
    return 0;
}

static int run_help(const struct args *);

static const struct command {
    const char *name;
    int (*run)(const struct args *);
    const char
        *takes;       /* words; CAPITALS: any one argument; [word]: or none; ...: any; " | " between ways to write it */
    const char *help; /* NULL: of tests, not shown */
} commands[] = {
    { "serve", run_serve, "", "serves until SIGTERM; SIGHUP reads certificate and configuration again" },
    { "check-config", run_check_config, "", "says what is in force and where it comes from" },
    { "config", run_config, "--file | --man", "prints a commented mayfly.conf, or its man page" },
    { "readyz", run_readyz, "[--wait]", "is the server ready? With --wait: up to 30 seconds" },
    { "stats", run_ask, "", "counts of the running server" },
    { "box", run_ask, "show ADDRESS", "when it was made, when it ends, how full it is" },
    { "box", run_ask, "end ADDRESS", "ends it at once" },
    { "box", run_ask, "stop-sending ADDRESS",
      "it sends no more, and what waits is dropped; allow-sending takes it back" },
    { "box", run_ask, "allow-sending ADDRESS", "it counts as verified for sending" },
    { "box", run_ask, "operator", "makes the box of postmaster@ and abuse@" },
    { "ban", run_ask, "list", "how many networks are banned, why and for how long; names none" },
    { "ban", run_ask, "add NETWORK [DURATION]", "serves it nothing for an hour, or so long" },
    { "ban", run_ask, "lift WHICH", "ends bans: a network's, that of an id from the list, or all" },
    { "queue", run_ask, "list [DOMAIN]", "mail that waits to leave, by the time it is tried next; names no address" },
    { "queue", run_ask, "show ID", "one mail, by where it is to go" },
    { "queue", run_ask, "retry WHICH | drop WHICH", "tries or ends it: an id, all to a domain, or all" },
    { "domain", run_ask, "list", "which domains' mail is signed" },
    { "domain", run_ask, "add DOMAIN", "makes its signing keys and says what to publish in the DNS" },
    { "domain", run_ask, "show DOMAIN", "what to publish" },
    { "domain", run_ask, "check DOMAIN", "compares that with what the DNS says" },
    { "domain", run_ask, "rotate DOMAIN [--force]", "makes the next keys; once these are published: signs with them" },
    { "clock", run_ask, "[accept]", "the store's clock; takes over a wall clock that jumped" },
    { "clock", run_ask, "advance DURATION | jump DURATION | jump-back DURATION", NULL },
    { "backup", run_ask, "", "copies what may be kept (never mail or keys of boxes) and says where" },
    { "verify", run_verify, "KIND ...",
      "judges a message or an SPF question: spf, dkim, arc or message; see mayfly(1)" },
    { "learn", run_learn, "...", "teaches mayfly from mail whose kind is known: mbox, Maildir, index; see mayfly(1)" },
    { "classify", run_classify, "...",
      "prints what the learner makes of each mail: path, label, score; see mayfly(1)" },
    { "drain", run_ask, "", "finishes what is open, then ends the server" },
    { "version", run_version, "", "" },
    { "help", run_help, "", "" },
};

static int run_help(const struct args *)
{
    puts("usage: mayfly COMMAND [-c FILE] [-o section.key=value]...\n");
    for (size_t i = 0; i < COUNT(commands); i++)
        if (commands[i].help)
            printf("  %-12s %-14s %s\n", commands[i].name, commands[i].takes, commands[i].help);
    puts("\nWithout -c, a mayfly installed below /usr reads " CONFIG_FILE_INSTALLED " if it is there; MAYFLY_CONFIG "
         "names\nanother file (empty: none). Lists behind -o have commas and no braces: -o "
         "server.domains=a.example,b.example.\n"
         "What asks a running server needs the same server.data_dir as that server."
         "\nEvery setting: mayfly config --file");
    return 0;
}

/* What every program is expected to know. */
static const char *alias(const char *name)
{
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
        return "help";
    return strcmp(name, "--version") == 0 ? "version" : name;
}

/* ---- arguments ---- */
static bool word_fits(struct str want, struct str given)
{
    return (want.p[0] >= 'A' && want.p[0] <= 'Z') || str_eq(want, given);
}

/* One way of those that a row names. */
static bool way_fits(struct str way, const struct args *a)
{
    int i = 0;
    while (way.n > 0) {
        struct str want = str_word(way, &way);
        if (str_eq(want, S("...")))
            return true;
        bool optional = want.p[0] == '[';
        if (optional)
            want = str_sub(want, 1, want.n - 2);
        if (i < a->rest_n && word_fits(want, str_c(a->rest[i])))
            i++;
        else if (!optional)
            return false;
    }
    return i == a->rest_n;
}

static bool takes_these(const struct command *c, const struct args *a)
{
    struct str rest = str_c(c->takes);
    do
        if (way_fits(str_trim(str_cut(rest, '|', &rest)), a))
            return true;
    while (rest.n > 0);
    return false;
}

static bool asks_for_help(const struct args *a)
{
    for (int i = 0; i < a->rest_n; i++)
        if (strcmp(alias(a->rest[i]), "help") == 0 && a->rest[i][0] == '-')
            return true;
    return false;
}

static int wrong_usage(const char *name)
{
    for (size_t i = 0; i < COUNT(commands); i++)
        if (strcmp(name, commands[i].name) == 0 && commands[i].help)
            fprintf(stderr, "usage: mayfly %s%s%s [-c FILE] [-o section.key=value]...\n", name,
                    *commands[i].takes ? " " : "", commands[i].takes);
    return EXIT_USAGE;
}

/* -c FILE and -o KEY=VALUE anywhere behind the subcommand; false on a flag without its value. */
static bool args_parse(int argc, char **argv, struct args *a)
{
    a->rest = argv;
    for (int i = 0; i < argc; i++) {
        bool c = strcmp(argv[i], "-c") == 0, o = strcmp(argv[i], "-o") == 0;
        if (!c && !o) {
            a->rest[a->rest_n++] = argv[i];
            continue;
        }
        if (++i == argc || (o && a->extra_n == EXTRA_MAX))
            return false;
        if (c)
            a->file = argv[i];
        else
            a->extra[a->extra_n++] = argv[i];
    }
    return true;
}

static bool is_command(const char *name)
{
    for (size_t i = 0; i < COUNT(commands); i++)
        if (strcmp(name, commands[i].name) == 0)
            return true;
    return false;
}

int main(int argc, char **argv)
{
    struct args a = { .command = argc > 1 ? alias(argv[1]) : "" };
    if (!is_command(a.command)) {
        fprintf(stderr, "mayfly: %s; see mayfly help\n", argc > 1 ? "no such command" : "no command");
        return EXIT_USAGE;
    }
    if (!args_parse(argc - 2, argv + 2, &a))
        return wrong_usage(a.command);
    if (asks_for_help(&a))
        return run_help(&a);
    for (size_t i = 0; i < COUNT(commands); i++)
        if (strcmp(a.command, commands[i].name) == 0 && takes_these(&commands[i], &a))
            return commands[i].run(&a);
    return wrong_usage(a.command);
}
