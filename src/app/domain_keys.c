#include "app/domain_keys.h"
#include "base/log.h"
#include "io/file.h"
#include <errno.h>
#include <unistd.h>

enum { PATH_N = 4096 };

/* Domains are A-labels (config_value.c): no slash, no dot in front. */
static const char *path_of(struct str dir, struct arena *scratch, struct str domain)
{
    return arena_printf(scratch, "%.*s/dkim/%.*s", STR_FMT(dir), STR_FMT(domain)).p;
}

enum err domain_keys_read(struct app *a, struct str domain, struct sign_domain *out)
{
    AUTO_ARENA struct arena scratch = { .max = PATH_N };
    AUTO_BUF struct buf text = { .max = SIGN_FILE_MAX, .secret = true };
    const char *path = path_of(a->config.server_data_dir, &scratch, domain);
    enum err e = path ? file_load(path, SIGN_FILE_MAX, &text) : ERR_FULL;
    return e == OK ? sign_file_read(buf_str(&text), out) : e;
}

static enum err use(struct app *a, struct str domain, const struct sign_pair *p)
{
    struct sign_pair mine = *p;
    for (int k = 0; k < SIGN_KINDS; k++)
        sign_key_hold(mine.key[k]);
    return sign_keys_set(a->keys, domain, &mine);
}

enum err domain_keys_save(struct app *a, struct str domain, const struct sign_domain *d)
{
    AUTO_ARENA struct arena scratch = { .max = 2 * PATH_N };
    AUTO_BUF struct buf text = { .max = SIGN_FILE_MAX, .secret = true };
    const char *folder = arena_printf(&scratch, "%.*s/dkim", STR_FMT(a->config.server_data_dir)).p;
    const char *path = path_of(a->config.server_data_dir, &scratch, domain);
    sign_file_put(d, &text);
    enum err e = folder && path && !text.failed ? file_make_dir(folder) : ERR_FULL;
    if (e == OK)
        e = file_save(path, buf_str(&text));
    return e == OK ? use(a, domain, &d->current) : e;
}

enum err domain_keys_load(struct app *a)
{
    for (size_t i = 0; i < a->config.server_domains.n; i++) {
        struct str domain = a->config.server_domains.v[i];
        struct sign_domain d;
        enum err e = domain_keys_read(a, domain, &d);
        if (e == ERR_GONE)
            continue; /* mail leaves unsigned; mayfly domain check says so */
        if (e == OK) {
            e = use(a, domain, &d.current);
            sign_domain_fini(&d);
        }
        if (e != OK) {
            log_error(a->log, "dkim.keys", LOG_STR("domain", domain), LOG_ERR(e));
            return e;
        }
    }
    return OK;
}

static enum err copy(struct app *a, struct str to_dir, struct str domain)
{
    AUTO_ARENA struct arena scratch = { .max = 2 * PATH_N };
    AUTO_BUF struct buf text = { .max = SIGN_FILE_MAX, .secret = true };
    const char *from = path_of(a->config.server_data_dir, &scratch, domain), *to = path_of(to_dir, &scratch, domain);
    enum err e = from && to ? file_load(from, SIGN_FILE_MAX, &text) : ERR_FULL;
    if (e == ERR_GONE) /* it has none, or none any more */
        return unlink(to) == 0 || errno == ENOENT ? OK : ERR_IO;
    return e == OK ? file_save(to, buf_str(&text)) : e;
}

enum err domain_keys_backup(struct app *a, struct str to_dir)
{
    AUTO_ARENA struct arena scratch = { .max = PATH_N };
    const char *folder = arena_printf(&scratch, "%.*s/dkim", STR_FMT(to_dir)).p;
    enum err e = folder ? file_make_dir(folder) : ERR_FULL;
    for (size_t i = 0; i < a->config.server_domains.n && e == OK; i++)
        e = copy(a, to_dir, a->config.server_domains.v[i]);
    return e;
}
