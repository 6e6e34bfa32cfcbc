/* The files keep their blocks from round to round, and new room is filled with zeros, so that flushing a record changes
 * nothing but data: no size, no extent. What lies behind the newest record is of an earlier round, with lower numbers.
 */
#include "store/embed_journal.h"
#include "base/crypto.h"
#include "base/util.h"
#include "io/file.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILES = 2, STEP = 1 << 20, FILE_MAX = 256 << 20, KEPT_MAX = 1 << 20, PATH_N = 4096 };

struct file {
    int fd;
    uint64_t room; /* octets that have blocks */
    uint64_t last; /* number of the newest record in it; 0: none */
};
struct journal {
    struct file files[FILES];
    unsigned at;    /* the file that is being written */
    uint64_t off;   /* where in it the next record goes */
    struct buf rec; /* the record in the making: room for the head, then changes */
    uint64_t seq;   /* of the record that was written and not kept yet */
};

/* ---- a record ---- */

enum err journal_record_parse(struct str in, uint64_t *seq, struct str *payload)
{
    uint8_t head[JOURNAL_HEAD_N];
    if (in.n < JOURNAL_HEAD_N || memcmp(in.p, "MFJ1", 4) != 0)
        return ERR_BAD;
    memcpy(head, in.p, JOURNAL_HEAD_N);
    uint64_t n = get_be64(head + 16);
    if (n == 0 || n > in.n - JOURNAL_HEAD_N)
        return ERR_BAD;
    memset(head + 4, 0, 4);
    struct str body = { in.p + JOURNAL_HEAD_N, n };
    if (crypto_crc32c(crypto_crc32c(0, str_of(head, sizeof head)), body) != get_be32((const uint8_t *)in.p + 4))
        return ERR_BAD;
    *seq = get_be64(head + 8);
    *payload = body;
    return OK;
}

enum err journal_op_next(struct str *left, struct journal_op *out)
{
    const uint8_t *p = (const uint8_t *)left->p;
    if (left->n == 0)
        return ERR_GONE;
    if (left->n < JOURNAL_OP_N || p[1] > 1)
        return ERR_BAD;
    uint64_t key_n = get_be32(p + 2), val_n = get_be32(p + 6);
    if (key_n + val_n > left->n - JOURNAL_OP_N || (p[1] == 0 && val_n > 0))
        return ERR_BAD;
    *out = (struct journal_op){ .table = p[0],
                                .put = p[1] == 1,
                                .key = { left->p + JOURNAL_OP_N, key_n },
                                .val = { left->p + JOURNAL_OP_N + key_n, val_n } };
    *left = str_from(*left, JOURNAL_OP_N + key_n + val_n);
    return OK;
}

static void note(struct journal *j, unsigned table, bool put, struct str key, struct str val)
{
    uint8_t head[JOURNAL_OP_N] = { (uint8_t)table, put };
    put_be32(head + 2, (uint32_t)key.n);
    put_be32(head + 6, (uint32_t)val.n);
    buf_put(&j->rec, str_of(head, sizeof head));
    buf_put(&j->rec, key);
    buf_put(&j->rec, val);
}

void journal_put(struct journal *j, unsigned table, struct str key, struct str val) { note(j, table, true, key, val); }
void journal_del(struct journal *j, unsigned table, struct str key)
{
    note(j, table, false, key, (struct str){ NULL, 0 });
}

void journal_claim(struct journal *j, struct str what, struct str checksum)
{
    note(j, JOURNAL_CLAIM, true, what, checksum);
}

void journal_begin(struct journal *j)
{
    static const uint8_t head[JOURNAL_HEAD_N];
    buf_clear(&j->rec);
    if (j->rec.cap > KEPT_MAX)
        buf_shrink(&j->rec);
    buf_put(&j->rec, str_of(head, sizeof head));
}

/* ---- the files ---- */

static enum err make_room(struct file *f, uint64_t end)
{
    static const char zeros[64 << 10];
    enum err e = OK;
    for (uint64_t want = (end + STEP - 1) / STEP * STEP; f->room < want && e == OK;) {
        struct str some = { zeros, MIN(sizeof zeros, want - f->room) };
        e = file_write_at(f->fd, some, f->room);
        if (e == OK)
            f->room += some.n;
    }
    return e;
}

enum err journal_write(struct journal *j, uint64_t seq, int *fd)
{
    struct file *f = &j->files[j->at];
    if (j->rec.failed)
        return ERR_IO;
    if (j->off + j->rec.n > FILE_MAX)
        return ERR_FULL;
    uint8_t *head = (uint8_t *)j->rec.p;
    memcpy(head, "MFJ1", 4);
    put_be64(head + 8, seq);
    put_be64(head + 16, j->rec.n - JOURNAL_HEAD_N);
    put_be32(head + 4, crypto_crc32c(0, buf_str(&j->rec)));
    enum err e = make_room(f, j->off + j->rec.n);
    if (e == OK)
        e = file_write_at(f->fd, buf_str(&j->rec), j->off);
    j->seq = seq;
    *fd = f->fd;
    return e;
}

void journal_keep(struct journal *j)
{
    j->files[j->at].last = j->seq;
    j->off += j->rec.n;
    journal_begin(j);
}

void journal_turn(struct journal *j, uint64_t durable)
{
    unsigned other = !j->at;
    if (j->off == 0 || j->files[other].last > durable)
        return;
    j->at = other;
    j->off = 0;
}

uint64_t journal_size(const struct journal *j) { return j->off; }
uint64_t journal_noted(const struct journal *j) { return j->rec.n; }

static enum err file_open(const char *dir, const char *name, struct file *f)
{
    char path[PATH_N];
    struct stat st;
    int n = snprintf(path, sizeof path, "%s/%s", dir, name);
    if (n <= 0 || n >= PATH_N)
        return ERR_BAD;
    f->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (f->fd < 0 || fstat(f->fd, &st))
        return ERR_IO;
    f->room = (uint64_t)st.st_size / STEP * STEP;
    return OK;
}

enum err journal_open(const char *dir, struct journal **out)
{
    struct journal *j = calloc(1, sizeof *j);
    if (!j)
        return ERR_IO;
    j->files[0].fd = j->files[1].fd = -1;
    buf_init(&j->rec, FILE_MAX);
    enum err e = file_open(dir, "journal.a", &j->files[0]);
    if (e == OK)
        e = file_open(dir, "journal.b", &j->files[1]);
    if (e != OK) {
        journal_close(j);
        return e;
    }
    journal_begin(j);
    *out = j;
    return OK;
}

void journal_close(struct journal *j)
{
    if (!j)
        return;
    for (unsigned i = 0; i < FILES; i++)
        util_close_fd(&j->files[i].fd);
    buf_fini(&j->rec);
    free(j);
}

/* ---- playing again ---- */

static enum err load(const struct file *f, struct buf *out)
{
    struct stat st;
    if (fstat(f->fd, &st))
        return ERR_IO;
    size_t n = MIN((uint64_t)st.st_size, (uint64_t)FILE_MAX);
    char *p = buf_reserve(out, n);
    if (n > 0 && !p)
        return ERR_IO;
    enum err e = n > 0 ? file_read_at(f->fd, p, n, 0) : OK;
    out->n = e == OK ? n : 0;
    return e;
}

static enum err play(const struct journal_player *p, struct str payload)
{
    struct journal_op op;
    enum err e;
    while ((e = journal_op_next(&payload, &op)) == OK) {
        e = op.table == JOURNAL_CLAIM ? OK : p->apply(p->ctx, &op);
        if (e != OK)
            return e;
    }
    return e == ERR_GONE ? p->apply(p->ctx, NULL) : ERR_IO;
}

static enum err all_holds(const struct journal_player *p, struct str payload)
{
    struct journal_op op;
    enum err e = OK;
    while (e == OK && journal_op_next(&payload, &op) == OK)
        if (op.table == JOURNAL_CLAIM)
            e = p->holds(p->ctx, &op);
    return e;
}

struct replay {
    struct journal_player *player;
    struct str raw[FILES];
    uint64_t first[FILES]; /* number of the first record of each; 0: none */
    uint64_t *seq, last;
};

static bool is_newest(const struct replay *r, struct str left, uint64_t seq)
{
    struct str payload;
    uint64_t next;
    bool follows = journal_record_parse(left, &next, &payload) == OK && next == seq + 1;
    return !follows && r->first[0] != seq + 1 && r->first[1] != seq + 1;
}

/* One file from its beginning: what is known already is passed over. */
static enum err play_file(struct journal *j, unsigned at, const struct replay *r)
{
    struct str left = r->raw[at], payload;
    uint64_t seq, before = 0;
    while (journal_record_parse(left, &seq, &payload) == OK && seq > before && seq <= MIN(*r->seq + 1, r->last)) {
        struct str rest = str_from(left, JOURNAL_HEAD_N + payload.n);
        if (seq > *r->seq) {
            bool asked = r->player->holds && is_newest(r, rest, seq);
            enum err e = asked ? all_holds(r->player, payload) : OK;
            r->player->dropped = e == ERR_GONE;
            if (e == ERR_GONE)
                return OK;
            if (e == OK)
                e = play(r->player, payload);
            if (e != OK)
                return e;
            *r->seq = seq;
        }
        before = seq;
        left = rest;
        j->files[at].last = seq;
        j->at = at;
        j->off = r->raw[at].n - left.n;
    }
    return OK;
}

enum err journal_replay(struct journal *j, uint64_t *seq, uint64_t last, struct journal_player *p)
{
    AUTO_BUF struct buf a = { .max = FILE_MAX }, b = { .max = FILE_MAX };
    enum err e = load(&j->files[0], &a);
    if (e == OK)
        e = load(&j->files[1], &b);
    if (e != OK)
        return e;
    struct replay r = { .player = p, .raw = { buf_str(&a), buf_str(&b) }, .seq = seq, .last = last };
    for (unsigned i = 0; i < FILES; i++) {
        struct str payload;
        if (journal_record_parse(r.raw[i], &r.first[i], &payload) != OK)
            r.first[i] = 0;
        j->files[i].last = 0;
    }
    j->at = 0;
    j->off = 0;
    unsigned older = r.first[1] < r.first[0];
    e = play_file(j, older, &r);
    return e == OK && !p->dropped ? play_file(j, !older, &r) : e;
}
