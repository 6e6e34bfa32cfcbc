/* The embedded backend: opening, closing, and which thread a request goes to. Bytes on disk: docs/storage.md. */
#include "base/secret.h"
#include "io/file.h"
#include "store/embed_commit.h"
#include "store/embed_disk.h"
#include "store/embed_folder.h"
#include "store/embed_handover.h"
#include "store/embed_maintain.h"
#include "store/embed_read.h"
#include "store/embed_reclaim.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FLUSH_THREADS = 5 };

static bool lease_kept(void *ctx, const struct box_id *box, uint32_t slot)
{
    struct index_txn *t = ctx;
    struct key k = key_box(box, REC_BOX);
    struct str raw;
    struct box_rec rec;
    enum err e = index_get(t, TAB_DATA, key_str(&k), &raw);
    if (e != OK)
        return e != ERR_GONE; /* an index that can't be read must cost no key */
    return rec_box_parse(raw, &rec) != OK || rec.slot == slot;
}

static enum err load(struct store *st)
{
    struct index_txn t;
    enum err e = index_begin_read(st->index, &t);
    if (e != OK)
        return e;
    e = segs_load(st->segs, &t);
    if (e == OK)
        e = leases_check(st->leases, lease_kept, &t);
    index_end(&t);
    return e;
}

static enum err claimed(void *ctx, struct str what, struct str checksum)
{
    const struct store *st = ctx;
    return segs_claimed(st->segs, what, checksum);
}

static enum err part(const struct store *st, const char *name, enum err e)
{
    if (e != OK && st->opts.why)
        buf_printf(st->opts.why, "%s %s", name,
                   e == ERR_BAD    ? "is damaged, or of another version"
                   : e == ERR_FULL ? "cannot be opened: no space left on the disk"
                                   : "cannot be opened: the disk, its rights or memory failed");
    return e;
}

static enum err open_parts(struct store *st)
{
    AUTO_FREE char *index = NULL, *seg = NULL;
    if (asprintf(&index, "%s/index", st->dir) < 0 || asprintf(&seg, "%s/seg", st->dir) < 0)
        return ERR_IO;
    const struct guard_opts guard = { .dir = st->dir, .clock = st->opts.clock, .log = st->opts.log };
    const struct segs_opts segs = { .dir = seg, .log = st->opts.log, .roll_bytes = st->opts.segment_bytes };
    const struct index_opts opts = {
        .dir = index, .log = st->opts.log, .syncs = &st->counts.syncs, .claimed = claimed, .ctx = st
    };
    enum err e = part(st, "its file clock", guard_open(&guard, &st->guard));
    if (e == OK)
        e = part(st, "seg/", segs_open(&segs, &st->segs));
    if (e != OK)
        return e;
    e = index_open(&opts, &st->index);
    if (e == ERR_FULL && disk_drop_ballast(st->dir)) /* ending and deleting must go on, on a full disk too */
        e = index_open(&opts, &st->index);
    if (e == OK)
        e = file_sync_dir(index); /* LMDB syncs its file, not the file's name */
    if (part(st, "index/", e) == OK)
        e = part(st, "lease.a or lease.b", leases_open(st->dir, st->opts.lease_slots, st->opts.log, &st->leases));
    return e == OK ? part(st, "what index/ says", load(st)) : e;
}

static enum err start_threads(struct store *st)
{
    enum err e = flush_new(FLUSH_THREADS, &st->flush);
    if (e == OK)
        e = reclaim_new(&st->reclaim);
    if (e == OK)
        e = handover_new(&st->handover);
    if (e == OK)
        e = disk_new(st, &st->disk);
    if (e == OK)
        e = commit_start(st, &st->commit);
    return e == OK ? maintain_start(st, &st->maintain) : e;
}

enum err store_open(const struct store_opts *opts, struct store **out)
{
    struct store *st = calloc(1, sizeof *st);
    if (!st)
        return ERR_IO;
    st->opts = *opts;
    st->lock_fd = -1;
    pthread_mutex_init(&st->ending_mx, NULL);
    map_init(&st->ending, 0);
    st->dir = strdup(opts->dir);
    enum err e = st->dir ? folder_open(st) : ERR_IO;
    if (e == OK)
        e = open_parts(st);
    if (e == OK)
        e = start_threads(st);
    if (e != OK) {
        if (opts->why && opts->why->n == 0)
            buf_puts(opts->why, e == ERR_FULL ? "no space left on the disk" : "its folder cannot be written or read");
        store_close(st);
        return e;
    }
    st->opts.why = NULL; /* borrowed for the call */
    *out = st;
    return OK;
}

/* The committer first: it may hand ends on to the maintenance thread, which kicks it no more once it has stopped. */
void store_close(struct store *st)
{
    if (!st)
        return;
    commit_stop(st->commit);
    maintain_stop(st->maintain);
    commit_free(st->commit);
    flush_free(st->flush);
    reclaim_free(st->reclaim);
    handover_free(st->handover);
    disk_free(st->disk);
    leases_close(st->leases);
    segs_close(st->segs);
    index_close(st->index);
    guard_close(st->guard);
    map_fini(&st->ending);
    pthread_mutex_destroy(&st->ending_mx);
    util_close_fd(&st->lock_fd);
    secret_wipe(st->index_key, sizeof st->index_key);
    free(st->dir);
    free(st);
}

void store_submit(struct store *st, struct loop *home, struct store_req *r)
{
    r->home = home;
    if (r->op->writes) {
        commit_add(st->commit, r);
        return;
    }
    read_run(st, r);
    r->job.run = store_req_answer;
    loop_later(home, &r->job);
}

int64_t store_now_ms(const struct store *st) { return guard_now_ms(st->guard); }
bool store_clock_frozen(const struct store *st) { return guard_frozen(st->guard); }
void store_clock_accept(struct store *st) { guard_accept(st->guard); }

void store_hash(const struct store *st, struct str label, struct str data, uint8_t out[HASH_N])
{
    CRYPTO_HASH(out, str_of(st->index_key, KEY_N), label, data);
}

void store_addr_hash(const struct store *st, struct str address, uint8_t out[HASH_N])
{
    store_hash(st, S("address"), address, out);
}

bool store_full(const struct store *st) { return atomic_load(&st->full); }

void store_stats(const struct store *st, struct store_stats *out)
{
    const struct store_counts *c = &st->counts;
    struct segs_sum sum;
    struct index_txn t;
    segs_sum(st->segs, &sum);
    *out = (struct store_stats){ .messages = sum.live_n,
                                 .bytes = sum.live_bytes,
                                 .disk_bytes = sum.disk_bytes,
                                 .segments = sum.n,
                                 .created = c->created,
                                 .ended = c->ended,
                                 .appended = c->appended,
                                 .duplicates = c->duplicates,
                                 .deleted = c->deleted,
                                 .commits = c->commits,
                                 .syncs = c->syncs,
                                 .errors = c->errors,
                                 .oldest_due_ms = st->oldest_due_ms,
                                 .queue = c->queue,
                                 .frozen = guard_frozen(st->guard),
                                 .full = st->full,
                                 .faulted = st->faulted };
    if (index_begin_read(st->index, &t) != OK)
        return;
    out->boxes = index_count(&t, TAB_END);
    index_end(&t);
}
