#include "store/embed_batch_log.h"

/* What was written becomes durable. */
static enum err flush(struct batch *b, uint32_t lease_epoch, int journal_fd)
{
    struct store *st = b->st;
    struct flush_file files[FLUSH_MAX];
    size_t at = 0, n = segs_touched(st->segs, &at, files);
    int fds[2];
    if (journal_fd >= 0)
        files[n++] = (struct flush_file){ .fd = journal_fd };
    if (b->taken_n > 0) {
        leases_fds(st->leases, fds);
        files[n++] = (struct flush_file){ .fd = fds[0] };
        files[n++] = (struct flush_file){ .fd = fds[1] };
    }
    enum err e = OK;
    for (; n > 0 && e == OK; n = segs_touched(st->segs, &at, files)) {
        atomic_fetch_add(&st->counts.syncs, n);
        e = flush_all(st->flush, files, n);
    }
    if (e != OK) {
        segs_flush_failed(st->segs);
        if (b->taken_n > 0)
            leases_failed(st->leases);
    } else if (b->taken_n > 0 && leases_fds(st->leases, fds) != lease_epoch) {
        e = ERR_IO;
    }
    return e;
}

/* Segments and journal are flushed side by side; then the record claims what it needs of the segments. Two things can't
 * be claimed, and are flushed first: a lease, which may end and be overwritten before the next record is written; and a
 * message that comes and goes in one batch, which is punched out of its segment right after it. */
static bool flushed_first(const struct batch *b)
{
    bool first = b->taken_n > 0;
    for (size_t i = 0; i < b->punches_n; i++)
        first |= seg_is_fresh(b->st->segs, b->punches[i].seg, b->punches[i].off);
    return first;
}

enum err batch_log(struct batch *b, uint32_t lease_epoch)
{
    struct store *st = b->st;
    bool first = flushed_first(b);
    int fd;
    segs_save(st->segs, &b->t);
    enum err e = first ? flush(b, lease_epoch, -1) : OK;
    if (e != OK)
        return e;
    if (!first)
        segs_claim(st->segs, &b->t);
    e = index_log(&b->t, &fd);
    if (e != OK || fd < 0)
        return e;
    if (!first)
        return flush(b, lease_epoch, fd);
    atomic_fetch_add(&st->counts.syncs, 1);
    return flush_all(st->flush, &(struct flush_file){ .fd = fd }, 1);
}
