#include "app/reload.h"
#include "app/start.h"
#include "base/log.h"
#include "io/tls.h"

enum { RELOAD_TEXT_MAX = 1 << 20 };

static void say(struct app *a, const char *event, struct str lines)
{
    while (lines.n > 0)
        log_warn(a->log, event, LOG_STR("what", str_line(lines, &lines)));
}

/* Where a complaint is from: file and line, then the setting. The rest may quote its value, which the log is not to
 * have: networks of access.deny are addresses of people. */
static struct str place(struct str complaint)
{
    size_t first = str_find(complaint, S(": "));
    struct str rest = str_from(complaint, first == STR_NONE ? complaint.n : first + 2);
    struct str name = str_sub(rest, 0, MIN(str_chr(rest, ':'), rest.n));
    return str_sub(complaint, 0, setting_find(name) < settings_n ? first + 2 + name.n : MIN(first, complaint.n));
}

static void refuse(struct app *a, struct str lines)
{
    while (lines.n > 0)
        log_warn(a->log, "reload.refused", LOG_STR("where", place(str_line(lines, &lines))),
                 LOG_C("what", "cannot be used; mayfly check-config says why"));
}

static void take_over(struct app *a, const struct config *new)
{
    AUTO_BUF struct buf frozen = { .max = RELOAD_TEXT_MAX };
    config_frozen(&a->config, new, &frozen);
    say(a, "reload.needs_restart", buf_str(&frozen));
    a->config.server_drain_ms = new->server_drain_ms;
    if (start_access(a, new) != OK)
        log_warn(a->log, "reload.refused",
                 LOG_C("what", "access.allow, access.deny: a network has bits behind its prefix"));
}

/* The pair that this configuration names, or our own: one that could not be used is not tried again. */
static enum err take_pair(struct app *a, const struct config *new)
{
    if (!str_empty(new->tls_cert))
        return tls_reload(a->tls, new->tls_cert.p, new->tls_key.p);
    enum err e = start_own_pair(a);
    return e == OK ? tls_reload(a->tls, a->own_cert, a->own_key) : e;
}

void reload(struct app *a)
{
    AUTO_BUF struct buf errors = { .max = RELOAD_TEXT_MAX }, notes = { .max = RELOAD_TEXT_MAX };
    struct config new;
    enum err e = config_load(&a->sources, &new, &errors, &notes);
    if (e == OK)
        take_over(a, &new);
    else
        refuse(a, buf_str(&errors));
    enum err t = e == OK ? take_pair(a, &new) : e;
    config_fini(&new);
    if (t == OK)
        log_info(a->log, "reload.done");
    else if (e == OK)
        log_error(a->log, "reload.tls", LOG_C("reason", "the new pair cannot be used; the old one stays"), LOG_ERR(t));
}
