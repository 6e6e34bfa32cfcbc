/* Segments: append-only files that hold what messages end at about the same time, so that disk comes back by unlink.
 * Which bytes count is said by the index alone: what lies behind a segment's committed size is cut. The committer
 * appends, counts and drops; any thread reads; the maintenance thread punches and removes. */
#pragma once
#include "store/embed_flush.h"
#include "store/embed_index.h"
#include "store/record.h"
#include <sys/uio.h>

enum {
    SEG_CLASSES = 8, /* remaining life up to 1, 2, 4, … 64 minutes, and longer */
    SEG_FLUSH_MAX = 12
};

struct segs;
struct seg;
struct segs_opts {
    const char *dir;
    struct log *log;
    uint64_t roll_bytes; /* 0: 256 MiB */
};
struct seg_place {
    uint64_t seg, off;
};
struct seg_info {
    uint64_t id;
    struct seg_rec rec;
    uint64_t walked_live; /* live bytes when it was last walked for dead runs; the maintenance thread's */
};
struct segs_sum {
    uint64_t n, live_n, live_bytes, disk_bytes;
};

[[nodiscard]] enum err segs_open(const struct segs_opts *opts, struct segs **out);
void segs_close(struct segs *s);

/* ---- the committer ---- */
/* Takes the state of all segments from the index: at open (all are sealed then), and after a batch that failed. Tails
 * behind the committed sizes are cut, files without a row removed. */
[[nodiscard]] enum err segs_load(struct segs *s, struct index_txn *t);
unsigned seg_class(int64_t remaining_ms);
/* Room for n octets in the open segment of a class, which is rolled when it is full or old. */
[[nodiscard]] enum err seg_place(struct segs *s, unsigned cls, uint64_t n, int64_t now_ms, struct seg_place *out);
/* Bytes for the place taken last in that segment; borrowed until segs_write(). False: memory. */
bool seg_add(struct segs *s, uint64_t seg, struct str bytes);
void seg_count(struct segs *s, uint64_t seg, int64_t messages, int64_t bytes); /* what lives in it grew or shrank */
[[nodiscard]] enum err segs_write(struct segs *s);                             /* one pwritev a touched segment */
/* Tells the index's journal what was written, and how it can be known again. */
void segs_claim(struct segs *s, struct index_txn *t);
enum err segs_claimed(struct segs *s, struct str what, struct str checksum); /* ERR_GONE: it is not there */
bool seg_is_fresh(struct segs *s, uint64_t seg, uint64_t off);               /* written by this batch */
/* The next few to be flushed; *at starts at 0. 0: that was all. */
size_t segs_touched(struct segs *s, size_t *at, struct flush_file out[SEG_FLUSH_MAX]);
void segs_flush_failed(struct segs *s);        /* the touched ones are sealed and opened anew */
void segs_age(struct segs *s, int64_t now_ms); /* seals what is old, or holds nothing any more */
void segs_save(struct segs *s,
               struct index_txn *t); /* rows of what changed; without its last message a segment loses its row */
void segs_committed(struct segs *s);

/* ---- any thread ---- */
[[nodiscard]] enum err seg_read(struct segs *s, uint64_t seg, uint64_t off, void *to, size_t n); /* ERR_GONE: dropped */
void segs_sum(struct segs *s, struct segs_sum *out);

/* ---- the maintenance thread ---- */
/* Frees a little of a segment that was dropped: its name first, then its blocks in steps (closing 100 MB at once stalls
 * the journal 60-90 ms). False: nothing to do. */
bool segs_remove_step(struct segs *s);
[[nodiscard]] enum err seg_punch(struct segs *s, uint64_t seg, uint64_t off, uint64_t n);
struct seg_run {
    uint64_t off, n;
};
/* Dead runs: one head over each, made durable, and only then what is behind it punched out. */
[[nodiscard]] enum err seg_bury(struct segs *s, uint64_t seg, const struct seg_run *runs, size_t n);
/* A sealed segment at or after `from` whose live bytes fell below half of what they were when it was last walked, or
 * that was made before `settled_ms` and is nearly dead (SEG_REST) and was not tried to be carried on yet. */
enum { SEG_REST = 8 };
bool segs_half_dead(struct segs *s, uint64_t from, int64_t settled_ms, struct seg_info *out);
bool seg_is_rest(const struct seg_rec *rec, int64_t settled_ms);
void seg_walked(struct segs *s, uint64_t seg, uint64_t live_bytes, bool carried);
