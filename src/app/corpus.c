#include "app/corpus.h"
#include "io/file.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { PATHS_MAX = 1 << 30, ITEMS_MAX = 1 << 30, INDEX_MAX = 256 << 20, MBOX_PIECE = 1 << 16, DEPTH_MAX = 16 };

void corpus_init(struct corpus *c)
{
    arena_init(&c->arena, PATHS_MAX);
    c->items = (struct buf){ .max = ITEMS_MAX };
}

void corpus_fini(struct corpus *c)
{
    arena_reset(&c->arena);
    buf_fini(&c->items);
}

struct str corpus_label_name(enum corpus_label label)
{
    switch (label) {
    case CORPUS_HAM:
        return S("ham");
    case CORPUS_SPAM:
        return S("spam");
    case CORPUS_UNKNOWN:
        return S("-");
    }
    return S("-");
}

static enum err fault(struct corpus *c, struct str at, const char *why, enum err e)
{
    c->at = arena_dup(&c->arena, at);
    c->why = why;
    return e;
}

/* An empty file has no message. */
static enum err add(struct corpus *c, struct corpus_item it)
{
    if (it.n == 0)
        return OK;
    it.path = arena_dup(&c->arena, it.path);
    buf_put(&c->items, str_of(&it, sizeof it));
    return it.path.p == NULL || c->items.failed ? fault(c, it.path, "too much to learn from at once", ERR_FULL) : OK;
}

/* ---- mbox, RFC 4155: a line that begins with "From " behind an empty one, or the first ---- */
struct mbox {
    struct corpus *c;
    struct str path;
    enum corpus_label label;
    uint64_t begin; /* of the message that is open */
    bool open;
};

static enum err mbox_end(struct mbox *m, uint64_t at)
{
    if (!m->open || at <= m->begin)
        return OK;
    return add(m->c, (struct corpus_item){ m->path, m->begin, at - m->begin, true, m->label });
}

static enum err add_mbox(struct mbox *m, struct str all)
{
    enum err e = OK;
    bool empty = true;
    for (struct str rest = all; rest.n > 0 && e == OK;) {
        uint64_t at = (uint64_t)(rest.p - all.p);
        struct str line = str_line(rest, &rest);
        if (empty && str_starts(line, S("From "))) {
            e = mbox_end(m, at);
            m->begin = rest.n > 0 ? (uint64_t)(rest.p - all.p) : all.n;
            m->open = true;
        }
        empty = line.n == 0;
    }
    return e == OK ? mbox_end(m, all.n) : e;
}

static bool is_mbox(const char *path)
{
    char begin[5];
    AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
    return fd >= 0 && file_read_at(fd, begin, sizeof begin, 0) == OK && memcmp(begin, "From ", 5) == 0;
}

static enum err add_file(struct corpus *c, const char *path, uint64_t size, enum corpus_label label)
{
    if (!is_mbox(path))
        return add(c, (struct corpus_item){ str_c(path), 0, size, false, label });
    AUTO_BUF struct buf all = { .max = SIZE_MAX / 4 };
    struct mbox m = { .c = c, .path = str_c(path), .label = label };
    enum err e = file_load(path, all.max, &all);
    if (e != OK)
        return fault(c, str_c(path), e == ERR_FULL ? "too large" : strerrordesc_np(errno), e);
    return add_mbox(&m, buf_str(&all));
}

/* ---- folders ---- */
struct folder {
    const struct folder *above; /* it was met in */
    dev_t dev;
    ino_t ino;
    unsigned depth;
};

static enum err add_any(struct corpus *c, const char *path, enum corpus_label label, const struct folder *above);

static enum err add_folder(struct corpus *c, const char *path, enum corpus_label label, const struct folder *here)
{
    struct dirent **names;
    if (here->depth > DEPTH_MAX)
        return fault(c, str_c(path), "too deep: a folder in a folder, sixteen times", ERR_IO);
    int n = scandir(path, &names, NULL, alphasort);
    if (n < 0)
        return fault(c, str_c(path), strerrordesc_np(errno), ERR_IO);
    enum err e = OK;
    for (int i = 0; i < n; i++) {
        struct str below = arena_printf(&c->arena, "%s/%s", path, names[i]->d_name);
        bool skip = names[i]->d_name[0] == '.' || strcmp(names[i]->d_name, "tmp") == 0;
        if (e == OK && !skip)
            e = below.p == NULL ? fault(c, str_c(path), "too much to learn from at once", ERR_FULL)
                                : add_any(c, below.p, label, here);
        free(names[i]);
    }
    free(names);
    return e;
}

static bool leads_back(const struct folder *above, const struct stat *s)
{
    while (above != NULL && (above->dev != s->st_dev || above->ino != s->st_ino))
        above = above->above;
    return above != NULL;
}

static enum err pass_over(const struct corpus *c, const char *path, const char *why)
{
    if (c->passed)
        c->passed(path, why);
    return OK;
}

static enum err add_any(struct corpus *c, const char *path, enum corpus_label label, const struct folder *above)
{
    struct stat s;
    if (stat(path, &s) != 0)
        return above != NULL ? pass_over(c, path, strerrordesc_np(errno))
                             : fault(c, str_c(path), strerrordesc_np(errno), ERR_GONE);
    if (S_ISDIR(s.st_mode)) {
        struct folder here = { above, s.st_dev, s.st_ino, above != NULL ? above->depth + 1 : 0 };
        return leads_back(above, &s) ? pass_over(c, path, "leads back to a folder that it is in")
                                     : add_folder(c, path, label, &here);
    }
    if (!S_ISREG(s.st_mode)) /* a pipe would be waited for, for ever */
        return OK;
    return add_file(c, path, (uint64_t)s.st_size, label);
}

enum err corpus_add(struct corpus *c, const char *path, enum corpus_label label)
{
    return add_any(c, path, label, NULL);
}

/* ---- index files ---- */
static bool label_of(struct str word, enum corpus_label *out)
{
    *out = str_eq(word, S("ham")) ? CORPUS_HAM : CORPUS_SPAM;
    return *out == CORPUS_HAM || str_eq(word, S("spam"));
}

static enum err add_line(struct corpus *c, struct str folder, struct str line)
{
    enum corpus_label label;
    struct str second, first = str_word(line, &second);
    second = str_word(second, &line);
    struct str path = label_of(first, &label) ? second : first;
    if ((path.p == first.p && !label_of(second, &label)) || path.n == 0)
        return fault(c, first, "the line that begins so is not a path and ham or spam", ERR_BAD);
    if (path.p[0] != '/' && folder.n > 0)
        path = arena_printf(&c->arena, "%.*s/%.*s", STR_FMT(folder), STR_FMT(path));
    struct str whole = arena_dup(&c->arena, path);
    struct stat s;
    if (whole.p == NULL)
        return fault(c, first, "too much to learn from at once", ERR_FULL);
    if (stat(whole.p, &s) != 0)
        return fault(c, whole, strerrordesc_np(errno), ERR_GONE);
    return add(c, (struct corpus_item){ whole, 0, (uint64_t)s.st_size, false, label });
}

enum err corpus_add_index(struct corpus *c, const char *path)
{
    AUTO_BUF struct buf all = { .max = INDEX_MAX };
    size_t slash = str_rchr(str_c(path), '/');
    struct str folder = slash == STR_NONE ? S("") : str_sub(str_c(path), 0, slash);
    enum err e = file_load(path, INDEX_MAX, &all);
    if (e != OK)
        return fault(c, str_c(path), e == ERR_FULL ? "too large" : strerrordesc_np(errno), e);
    for (struct str rest = buf_str(&all); rest.n > 0 && e == OK;) {
        struct str line = str_trim(str_line(rest, &rest));
        if (line.n > 0 && line.p[0] != '#')
            e = add_line(c, folder, line);
    }
    return e;
}

/* ---- use ---- */
void corpus_shuffle(struct corpus *c)
{
    struct corpus_item *v = (struct corpus_item *)(void *)c->items.p;
    uint64_t state = 1;
    for (size_t i = corpus_n(c); i > 1; i--) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        size_t k = (size_t)(state >> 33) % i;
        struct corpus_item kept = v[k];
        v[k] = v[i - 1];
        v[i - 1] = kept;
    }
}

enum err corpus_read(const struct corpus_item *it, struct buf *out)
{
    AUTO_FD int fd = open(it->path.p, O_RDONLY | O_CLOEXEC);
    char *room = it->n > CORPUS_MESSAGE_MAX ? NULL : buf_reserve(out, it->n);
    if (fd < 0 || (room == NULL && it->n > 0))
        return fd < 0 ? ERR_GONE : ERR_FULL;
    enum err e = it->n > 0 ? file_read_at(fd, room, it->n, it->at) : OK;
    if (e == OK)
        out->n += it->n;
    return e;
}
