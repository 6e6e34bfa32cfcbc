/* VERSION: "mayfly store 3", then " test-clock" in a folder that may be opened with a test clock only; then a line that
 * says which index.key is the folder's. It is written last when a folder is made, so a half-made one is made again. */
#include "store/embed_folder.h"
#include "base/rand.h"
#include "base/secret.h"
#include "base/text.h"
#include "io/file.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FORMAT = 3, VERSION_MAX = 256, PATH_N = 4096, MARK_N = 8 };

/* For the operator. The first reason is the one that counts. */
__attribute__((format(printf, 3, 4))) static enum err refuse(const struct store *st, enum err e, const char *why, ...)
{
    struct buf *out = st->opts.why;
    va_list ap;
    va_start(ap, why);
    if (out && out->n == 0)
        buf_vprintf(out, why, ap);
    va_end(ap);
    return e;
}

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
    if (st->lock_fd >= 0 && flock(st->lock_fd, LOCK_EX | LOCK_NB) == 0)
        return OK;
    if (st->lock_fd >= 0 && errno == EWOULDBLOCK)
        return refuse(st, ERR_BUSY, "another mayfly serves this data folder");
    return refuse(st, ERR_IO, "its file lock cannot be taken: %s", strerrordesc_np(errno));
}

/* What index.key is known by, before anybody is told that a box is not there because its address hashes to another. */
static struct str key_mark(const struct store *st, char hex[2 * MARK_N])
{
    uint8_t hash[HASH_N];
    CRYPTO_HASH(hash, str_of(st->index_key, KEY_N), S("VERSION"));
    return str_of(hex, text_hex(hex, str_of(hash, MARK_N)));
}

static enum err version_save(struct store *st)
{
    char path[PATH_N], text[VERSION_MAX], hex[2 * MARK_N];
    enum err e = path_of(st->dir, "VERSION", path);
    int n = snprintf(text, sizeof text, "mayfly store %d%s\nindex.key %.*s\n", FORMAT,
                     st->opts.test_clock ? " test-clock" : "", STR_FMT(key_mark(st, hex)));
    return e == OK ? file_save(path, str_of(text, (size_t)n)) : e;
}

/* From an older format to this one. Older versions of records are read as they are; before 3 there was no journal, and
 * LMDB's file is whole without one. The number keeps a program away that does not know the newer ones. Folders from
 * before the key's mark get one. */
static enum err key_check(struct store *st, uint64_t format, struct str second_line)
{
    char hex[2 * MARK_N];
    struct str prefix = S("index.key ");
    bool has_mark = str_starts(second_line, prefix);
    if (has_mark && !str_eq(str_from(second_line, prefix.n), key_mark(st, hex)))
        return refuse(st, ERR_BAD, "its file index.key is damaged, or that of another store");
    enum err e = has_mark && format == FORMAT ? OK : version_save(st);
    return e == ERR_FULL && format == FORMAT ? OK : e; /* the mark can wait */
}

static enum err version_check(struct store *st, struct str text, uint64_t *out)
{
    struct str rest, line = str_line(text, &rest), prefix = S("mayfly store ");
    uint64_t format;
    struct str words = str_starts(line, prefix) ? str_from(line, prefix.n) : S(""), number = str_word(words, &words);
    if (!str_to_u64(number, &format) || format == 0)
        return refuse(st, ERR_BAD, "its file VERSION is not that of a mayfly store");
    if (format > FORMAT)
        return refuse(st, ERR_BAD, "a newer mayfly made it: its format is %llu, and this one reads up to %d",
                      (unsigned long long)format, FORMAT);
    if (str_eq(words, S("test-clock")) != st->opts.test_clock)
        return refuse(st, ERR_DENIED, "it was made with test.clock=%s", st->opts.test_clock ? "false" : "true");
    *out = format;
    return OK;
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
    if (e == ERR_BAD || e == ERR_GONE || e == ERR_FULL)
        return refuse(st, ERR_BAD, e == ERR_GONE ? "its file index.key is gone" : "its file index.key is damaged");
    return e == OK ? OK : refuse(st, e, "its file index.key cannot be read");
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
    return refuse(st, ERR_BAD, "index/ is gone while the leases are there: is it mounted?");
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

static struct str second_line(struct str text)
{
    (void)str_line(text, &text);
    return str_line(text, &text);
}

enum err folder_open(struct store *st)
{
    char version[PATH_N];
    uint64_t format = 0;
    AUTO_BUF struct buf text = { .max = VERSION_MAX };
    enum err e = path_of(st->dir, "VERSION", version);
    if (e == OK && file_on_cow(st->dir) && !st->opts.allow_cow)
        return refuse(st, ERR_DENIED, "it lies on a copy-on-write file system (see store.allow_cow)");
    if (e == OK)
        e = lock(st);
    if (e != OK)
        return e;
    e = file_load(version, VERSION_MAX, &text);
    if (e == ERR_GONE && foreign(st))
        return refuse(st, ERR_BAD, "its file VERSION is gone while index/ is there: another program's folder?");
    if (e == ERR_GONE)
        e = make(st);
    else if (e == ERR_IO)
        return refuse(st, e, "its file VERSION cannot be read");
    else if ((e = version_check(st, buf_str(&text), &format)) == OK && (e = whole(st)) == OK &&
             (e = key_load(st, false)) == OK)
        e = key_check(st, format, second_line(buf_str(&text)));
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
