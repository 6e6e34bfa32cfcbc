/* The configuration: read once at start, again at SIGHUP, read-only in between. One table of settings (settings.c) says
 * name, type, default and help; the file, the environment and -o all go through it, and so do mayfly.conf and its man
 * page. Later sources win: default, file, environment, -o. Nobody but app/ sees this struct: a module is handed its own
 * options. */
#pragma once
#include "app/settings.h"
#include "base/buf.h"
#include "base/err.h"

struct config_sources {
    const char *file;         /* NULL: none */
    const char *const *env;   /* environ, or NULL */
    const char *const *extra; /* "section.key=value" of -o */
    size_t extra_n;
};
/* The file to read: the one -c names, else MAYFLY_CONFIG's (empty: none), else, for an installed program (its own path
 * is below /usr), CONFIG_FILE_INSTALLED if that is there: a checkout's build is not to follow the machine's settings.
 * Arguments may be NULL. */
#define CONFIG_FILE_INSTALLED "/etc/mayfly/mayfly.conf"
const char *config_file_choose(const char *named, const char *from_env, struct str program);
/* Every complaint is one line in errors, naming file:line, the variable or the option; ERR_BAD when there was any.
 * notes takes what is odd but no error. *out is to be given to config_fini() in either case. */
[[nodiscard]] enum err config_load(const struct config_sources *from, struct config *out, struct buf *errors,
                                   struct buf *notes);
void config_fini(struct config *c);
/* Names of rows without SETTING_RELOAD whose values differ, one a line: what a SIGHUP cannot change. */
void config_frozen(const struct config *old, const struct config *new, struct buf *out);

void config_print_effective(const struct config *c, struct buf *out); /* value and source of each setting */
void config_print_file(struct buf *out);                              /* mayfly.conf, every default as a comment */
void config_print_man(struct buf *out);                               /* mayfly.conf(5) */
