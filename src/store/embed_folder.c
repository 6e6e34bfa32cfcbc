/* VERSION: "mayfly store 3", then " test-clock" in a folder that may be opened with a test clock only. It is written
 * last when a folder is made, so a half-made one is made again. */
#include "store/embed_folder.h"
#include "base/rand.h"
#include "base/secret.h"
#include "io/file.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FORMAT = 3, VERSION_MAX = 256, PATH_N = 4096 };

static enum err path_of(const char *dir, const char *name, char out[PATH_N])
{
    int n = snprintf(out, PATH_N, "%s/%s", dir, name);
    return n > 0 && n < PATH_N ? OK : ERR_BAD;
}

static enum err lock(struct store *st)
{
    char path[PATH_N];
    enum err e = path_of(st->dir, "lock", path);
    if (e != OK)
        return e;
    st->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (st->lock_fd < 0)
        return ERR_IO;
    if (flock(st->lock_fd, LOCK_EX | LOCK_NB) == 0)
        return OK;
    return errno == EWOULDBLOCK ? ERR_BUSY : ERR_IO;
}

static enum err version_save(struct store *st)
{
    char path[PATH_N], text[VERSION_MAX];
    enum err e = path_of(st->dir, "VERSION", path);
    int n = snprintf(text, sizeof text, "mayfly store %d%s\n", FORMAT, st->opts.test_clock ? " test-clock" : "");
    return e == OK ? file_save(path, str_of(text, (size_t)n)) : e;
}

/* From an older format to this one. Older versions of records are read as they are; before 3 there was no journal, and
 * LMDB's file is whole without one. The number keeps a program away that does not know the newer ones. */
static enum err upgrade(struct store *st, uint64_t from)
{
    if (from == FORMAT)
        return OK;
    return from >= 1 ? version_save(st) : ERR_BAD;
}

static enum err version_check(struct store *st, struct str text)
{
    struct str rest, line = str_line(text, &rest), prefix = S("mayfly store ");
    uint64_t format;
    if (!str_starts(line, prefix))
        return ERR_BAD;
    struct str words = str_from(line, prefix.n), number = str_word(words, &words);
    if (!str_to_u64(number, &format) || format > FORMAT)
        return ERR_BAD;
    if (str_eq(words, S("test-clock")) != st->opts.test_clock)
        return ERR_DENIED;
    return upgrade(st, format);
}

static enum err key_load(struct store *st, bool fresh)
{
    char path[PATH_N];
    AUTO_BUF struct buf raw = { .max = KEY_N, .secret = true };
    enum err e = path_of(st->dir, "index.key", path);
    if (e == OK && fresh) {
        rand_bytes(st->index_key, KEY_N);
        return file_save(path, str_of(st->index_key, KEY_N));
    }
    if (e == OK)
        e = file_load(path, KEY_N, &raw);
    if (e == OK && raw.n != KEY_N)
        e = ERR_BAD;
    if (e == OK)
        memcpy(st->index_key, raw.p, KEY_N);
    return e == ERR_GONE || e == ERR_FULL ? ERR_BAD : e;
}

static enum err make(struct store *st)
{
    enum err e = key_load(st, true);
    return e == OK ? version_save(st) : e;
}

static bool is_there(const struct store *st, const char *name)
{
    char path[PATH_N];
    return path_of(st->dir, name, path) == OK && access(path, F_OK) == 0;
}

/* Something else's folder is not written into. */
static bool foreign(const struct store *st) { return is_there(st, "index/data.mdb"); }

/* Leases are made behind the index: without it they are no new store's, and nobody may take them for boxes that never
 * were. */
static bool index_lost(const struct store *st)
{
    return (is_there(st, "lease.a") || is_there(st, "lease.b")) && !is_there(st, "index/data.mdb") &&
           !is_there(st, "index/checkpoint");
}

static enum err whole(const struct store *st)
{
    if (!index_lost(st))
        return OK;
    log_error(st->opts.log, "store.damaged", LOG_C("why", "index/ is gone while the leases are there: is it mounted?"));
    return ERR_BAD;
}

static enum err subfolders(struct store *st)
{
    static const char *const names[] = { "index", "seg" };
    char path[PATH_N];
    enum err e = OK;
    for (size_t i = 0; i < COUNT(names) && e == OK; i++) {
        e = path_of(st->dir, names[i], path);
        if (e == OK)
            e = file_make_dir(path);
    }
    return e;
}

enum err folder_open(struct store *st)
{
    char version[PATH_N];
    AUTO_BUF struct buf text = { .max = VERSION_MAX };
    enum err e = path_of(st->dir, "VERSION", version);
    if (e == OK && file_on_cow(st->dir) && !st->opts.allow_cow)
        return ERR_DENIED;
    if (e == OK)
        e = lock(st);
    if (e != OK)
        return e;
    e = file_load(version, VERSION_MAX, &text);
    if (e == ERR_FULL)
        return ERR_BAD;
    if (e == ERR_GONE)
        e = foreign(st) ? ERR_BAD : make(st);
    else if (e == OK && (e = version_check(st, buf_str(&text))) == OK && (e = whole(st)) == OK)
        e = key_load(st, false);
    return e == OK ? subfolders(st) : e;
}

enum err store_backup(struct store *st, const char *to_dir)
{
    static const char *const names[] = { "VERSION", "index.key" };
    enum err e = OK;
    for (size_t i = 0; i < COUNT(names) && e == OK; i++) {
        char from[PATH_N], to[PATH_N];
        AUTO_BUF struct buf raw = { .max = VERSION_MAX, .secret = true };
        e = path_of(st->dir, names[i], from);
        if (e == OK)
            e = path_of(to_dir, names[i], to);
        if (e == OK)
            e = file_load(from, VERSION_MAX, &raw);
        if (e == OK)
            e = file_save(to, buf_str(&raw));
    }
    return e;
}
