/* What each commit changes in the index, as a list of puts and deletions: one record a commit, in two files by turns.
 * A record that is flushed is the commit; LMDB follows without a flush of its own, and is brought to disk now and then
 * (embed_checkpoint.h). What an index that lost its newest changes lacks is played again from here. Format:
 * docs/storage.md. For one thread at a time, the committer. */
#pragma once
#include "base/buf.h"
#include "base/err.h"

enum { JOURNAL_HEAD_N = 24, JOURNAL_OP_N = 10 };
struct journal;
/* One change; `val` counts when `put`. Borrowed from the record. Of table JOURNAL_CLAIM it is a claim instead: what
 * `key` names is on the disk with the checksum `val`. */
enum { JOURNAL_CLAIM = 255 };
struct journal_op {
    uint8_t table;
    bool put;
    struct str key, val;
};
/* The record that `in` begins with; ERR_BAD when it is none, or damaged. Its octets are JOURNAL_HEAD_N + *payload. */
[[nodiscard]] enum err journal_record_parse(struct str in, uint64_t *seq, struct str *payload);
/* Takes the next change off `left`; ERR_GONE: there is none; ERR_BAD: what is there is none. */
[[nodiscard]] enum err journal_op_next(struct str *left, struct journal_op *out);

/* Makes or opens the files in `dir`. */
[[nodiscard]] enum err journal_open(const char *dir, struct journal **out);
void journal_close(struct journal *j);

void journal_begin(struct journal *j); /* forgets what was noted and not written */
void journal_put(struct journal *j, unsigned table, struct str key, struct str val);
void journal_del(struct journal *j, unsigned table, struct str key);
void journal_claim(struct journal *j, struct str what, struct str checksum);
/* Writes what was noted as record number `seq`, behind the last one kept; *fd is what the caller flushes. ERR_FULL: no
 * room on the disk, or in the file. */
[[nodiscard]] enum err journal_write(struct journal *j, uint64_t seq, int *fd);
void journal_keep(struct journal *j); /* what was written is part of it; without this the next record replaces it */

/* The next record goes to the beginning of the other file, if all in there is as old as `durable` or older. */
void journal_turn(struct journal *j, uint64_t durable);
uint64_t journal_size(const struct journal *j);  /* octets in the file that is being written */
uint64_t journal_noted(const struct journal *j); /* octets of the record in the making */

/* Gives each change of the records *seq + 1, *seq + 2 … up to `last` to apply(), in order; each record's end is told by
 * a NULL. Leaves the number of the last one in *seq. Ends at the first that is not there or damaged: it was never
 * flushed. With holds(), so does the newest one of all when a claim in it is not true: what it tells of was not
 * flushed, though it was. The next record goes behind the end. ERR_IO: a file can't be read; or what apply() or
 * holds() said. */
struct journal_player {
    enum err (*apply)(void *ctx, const struct journal_op *op);
    enum err (*holds)(void *ctx, const struct journal_op *claim); /* or NULL; ERR_GONE: it does not */
    void *ctx;
    bool dropped; /* out: number *seq + 1 is a sound record that must not be played: its number is to be used up */
};
[[nodiscard]] enum err journal_replay(struct journal *j, uint64_t *seq, uint64_t last, struct journal_player *p);
