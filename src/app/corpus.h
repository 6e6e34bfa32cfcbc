/* Messages in files, for the operator's commands: mbox, Maildir, folders of one message a file, single messages, and
 * index files that name a label for each. */
#pragma once
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

enum corpus_label { CORPUS_UNKNOWN, CORPUS_HAM, CORPUS_SPAM };
enum { CORPUS_MESSAGE_MAX = 64 << 20 };

struct corpus_item {
    struct str path; /* a NUL behind it */
    uint64_t at, n;  /* within it */
    bool part;       /* of an mbox */
    enum corpus_label label;
};
struct corpus {
    struct arena arena;
    struct buf items; /* struct corpus_item */
    struct str at;    /* of an error: the file or folder it is about, and a word why; borrowed of this arena */
    const char *why;
    void (*passed)(const char *path, const char *why); /* is told what a folder has that is passed over; may be NULL */
};

void corpus_init(struct corpus *c);
void corpus_fini(struct corpus *c);
static inline size_t corpus_n(const struct corpus *c) { return c->items.n / sizeof(struct corpus_item); }
static inline const struct corpus_item *corpus_at(const struct corpus *c, size_t i)
{
    return (const struct corpus_item *)(const void *)c->items.p + i;
}
/* Both below say in at and why what they met. A file or folder, all of one label. ERR_GONE: not there. A Maildir's new
 * and cur; of any other folder its files. Passed over: what in a folder cannot be reached, and a link that leads back.
 */
[[nodiscard]] enum err corpus_add(struct corpus *c, const char *path, enum corpus_label label);
/* A message a line, "path label" or "label path" with blanks or tabs between, more columns ignored; # begins a comment.
 * Labels are ham and spam, paths are relative to the index. ERR_BAD: a line is none of that. */
[[nodiscard]] enum err corpus_add_index(struct corpus *c, const char *path);
/* So that what comes in folders of one kind is not taught kind by kind. The same order each time. */
void corpus_shuffle(struct corpus *c);
/* Its octets as they are, appended. */
[[nodiscard]] enum err corpus_read(const struct corpus_item *it, struct buf *out);
struct str corpus_label_name(enum corpus_label label); /* "ham", "spam", "-" */
