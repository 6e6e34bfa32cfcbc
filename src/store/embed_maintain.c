/* Ends by time. The sweep takes from TAB_END what is due and has no row written first: a box whose end has come is
 * refused by every call, so nothing can bring it back; only then is its lease overwritten. One race is to be kept out:
 * a batch that began before a box's end may move that end on and commit after the sweep looked. So a sweep goes no
 * further than the due time of the batch under way; one that begins later reads a later clock and finds the box over.
 */
#include "store/embed_maintain.h"
#include "store/embed_box.h"
#include "store/embed_commit.h"
#include "store/embed_compact.h"
#include "store/embed_disk.h"
#include "store/embed_handover.h"
#include "store/embed_orphan.h"
#include "store/embed_punch.h"
#include "store/embed_reclaim.h"
#include <stdlib.h>
#include <string.h>

enum { TICK_MS = 250, SWEEP_MAX = 100000, SECOND_MS = 1000, MINUTE_MS = 60000 };

struct maintain {
    struct store *st;
    pthread_t thread;
    int64_t swept_ms;        /* ends up to here are done */
    struct lease_ref *again; /* ends that were asked for and failed on the files */
    size_t again_n;
    struct lease_ref *refs; /* a sweep whose files failed: again next time */
    size_t refs_n;
    int64_t refs_to_ms;
    int64_t second_ms, minute_ms;
    struct compact *compact;
    struct puncher *puncher;
    struct orphan orphan;
};

/* ---- ends ---- */

static void tell_ended(struct store *st, const struct lease_ref *refs, size_t n)
{
    struct box_id *ids = st->opts.ended ? calloc(MAX(n, (size_t)1), sizeof *ids) : NULL;
    size_t k = 0;
    for (size_t i = 0; i < n; i++) {
        if (!refs[i].was_live)
            continue;
        if (ids)
            ids[k] = refs[i].box;
        k++;
    }
    atomic_fetch_add(&st->counts.ended, k);
    if (ids && k > 0)
        st->opts.ended(st->opts.ctx, ids, k);
    free(ids);
}

/* Which slots the boxes of a request have, and how many messages. Unknown ones are left out. */
static enum err refs_of(struct store *st, struct store_end *q, struct lease_ref *refs, size_t *n)
{
    struct index_txn t;
    enum err e = index_begin_read(st->index, &t);
    if (e != OK)
        return e;
    *n = 0;
    q->messages = 0;
    for (size_t i = 0; i < q->n; i++) {
        struct key k = key_box(&q->ids[i], REC_BOX);
        struct box_rec rec;
        struct str raw;
        if (index_get(&t, TAB_DATA, key_str(&k), &raw) != OK || rec_box_parse(raw, &rec) != OK)
            continue;
        refs[(*n)++] = (struct lease_ref){ .box = q->ids[i], .slot = rec.slot };
        q->messages += rec.box.messages;
    }
    index_end(&t);
    return OK;
}

/* Twice: after a failed flush the files are opened anew and written again. */
static enum err shred(struct store *st, struct lease_ref *refs, size_t n)
{
    atomic_fetch_add(&st->counts.syncs, 2);
    enum err e = lease_shred(st->leases, refs, n);
    if (e == OK)
        return OK;
    atomic_fetch_add(&st->counts.errors, 1);
    log_error(st->opts.log, "store.shred", LOG_U64("boxes", n));
    return lease_shred(st->leases, refs, n);
}

/* The lease is gone: tell it, and let the rows follow. */
static void ended(struct store *st, const struct lease_ref *refs, size_t n)
{
    tell_ended(st, refs, n);
    reclaim_add(st->reclaim, refs, n);
    commit_kick(st->commit);
}

/* It was answered with an error, but an end that was asked for is not dropped: refused at once, its key as soon as it
 * can be. */
static void again_add(struct maintain *m, const struct lease_ref *refs, size_t n)
{
    struct lease_ref *all = realloc(m->again, (m->again_n + n) * sizeof *all);
    if (!all)
        return;
    m->again = all;
    memcpy(all + m->again_n, refs, n * sizeof *all);
    m->again_n += n;
}

static void again_run(struct maintain *m)
{
    if (m->again_n == 0 || shred(m->st, m->again, m->again_n) != OK)
        return;
    ended(m->st, m->again, m->again_n);
    for (size_t i = 0; i < m->again_n; i++)
        box_ending_del(m->st, &m->again[i].box, 1);
    free(m->again);
    m->again = NULL;
    m->again_n = 0;
}

static void end_one(struct maintain *m, struct store_end *q)
{
    struct store *st = m->st;
    size_t n = 0;
    struct lease_ref *refs = calloc(MAX(q->n, (size_t)1), sizeof *refs);
    q->req.err = refs ? refs_of(st, q, refs, &n) : ERR_IO;
    if (q->req.err == OK)
        q->req.err = shred(st, refs, n);
    q->ended = 0;
    for (size_t i = 0; i < n; i++)
        q->ended += refs[i].was_live;
    if (q->req.err == OK) {
        ended(st, refs, n);
        box_ending_del(st, q->ids, q->n);
    } else if (n > 0) {
        again_add(m, refs, n);
    }
    free(refs);
    q->req.job.run = store_req_answer;
    post(q->req.home, &q->req.job);
}

static void ends_run(struct maintain *m)
{
    for (struct job *j = handover_ends(m->st->handover), *next; j; j = next) {
        next = j->next;
        end_one(m, CONTAINER_OF(CONTAINER_OF(j, struct store_req, job), struct store_end, req));
    }
}

/* ---- the sweep ---- */

/* The ends in (swept, to], at most SWEEP_MAX; *to is set back to the last one taken when there are more. */
static enum err sweep_collect(struct maintain *m, int64_t *to)
{
    struct index_txn t;
    struct index_scan sc;
    enum err e = index_begin_read(m->st->index, &t);
    if (e != OK)
        return e;
    struct key from = key_time(m->swept_ms + 1, (struct str){ NULL, 0 });
    size_t cap = 0;
    int64_t last = m->swept_ms;
    scan_begin(&sc, &t, TAB_END);
    for (bool more = scan_seek(&sc, key_str(&from)); more && e == OK; more = scan_next(&sc)) {
        int64_t end = sc.key.n == 8 + BOX_ID_N ? (int64_t)get_be64((const uint8_t *)sc.key.p) : 0;
        if (end > *to || sc.val.n != 4)
            break;
        if (m->refs_n >= SWEEP_MAX && end != last) { /* all of one millisecond belong together */
            *to = last;
            break;
        }
        last = end;
        if (m->refs_n == cap) {
            cap = cap ? cap * 2 : 256;
            struct lease_ref *grown = realloc(m->refs, cap * sizeof *grown);
            if (!grown) {
                e = ERR_IO;
                break;
            }
            m->refs = grown;
        }
        struct lease_ref *r = &m->refs[m->refs_n++];
        *r = (struct lease_ref){ .slot = get_be32((const uint8_t *)sc.val.p) };
        memcpy(r->box.b, sc.key.p + 8, BOX_ID_N);
    }
    scan_end(&sc);
    index_end(&t);
    return e;
}

static void sweep_forget(struct maintain *m)
{
    free(m->refs);
    m->refs = NULL;
    m->refs_n = 0;
}

static void sweep(struct maintain *m)
{
    struct store *st = m->st;
    if (guard_frozen(st->guard))
        return;
    int64_t due = guard_due_ms(st->guard); /* read before the batch's start: the order matters, see above */
    int64_t batch = atomic_load(&st->batch_start_ms);
    if (m->refs_n == 0) {
        m->refs_to_ms = batch ? MIN(due, batch) : due;
        if (m->refs_to_ms <= m->swept_ms)
            return;
        if (sweep_collect(m, &m->refs_to_ms) != OK) {
            sweep_forget(m);
            return;
        }
    }
    if (m->refs_n > 0 && shred(st, m->refs, m->refs_n) != OK)
        return; /* the same boxes again at the next tick */
    m->swept_ms = m->refs_to_ms;
    if (m->refs_n == 0)
        return;
    ended(st, m->refs, m->refs_n);
    sweep_forget(m);
}

static int64_t lag(struct maintain *m)
{
    return m->refs_n > 0 ? MAX(guard_due_ms(m->st->guard) - m->swept_ms, (int64_t)0) : 0;
}

/* ---- the rest ---- */

/* One small step of what may take long. */
static bool slow_step(struct maintain *m)
{
    return segs_remove_step(m->st->segs) || puncher_step(m->puncher) || orphan_step(&m->orphan, m->st) ||
           compact_step(m->compact);
}

static void now_and_then(struct maintain *m)
{
    int64_t now = clock_mono_ms();
    guard_tick(m->st->guard);
    if (now - m->second_ms >= SECOND_MS) {
        m->second_ms = now;
        disk_check(m->st->disk);
        compact_again(m->compact);
        commit_kick(m->st->commit);
    }
    if (now - m->minute_ms >= MINUTE_MS) {
        m->minute_ms = now;
        index_check_readers(m->st->index);
    }
}

/* What must not wait for a slow step, then what may. */
static void *run(void *arg)
{
    struct maintain *m = arg;
    int64_t ticked = 0;
    pthread_setname_np(pthread_self(), "store-maintain");
    bool more = true;
    while (handover_wait(m->st->handover, more ? 0 : MAX(TICK_MS - (clock_mono_ms() - ticked), (int64_t)1))) {
        ends_run(m);
        if (clock_mono_ms() - ticked >= TICK_MS) {
            ticked = clock_mono_ms();
            now_and_then(m);
            again_run(m);
            sweep(m);
            atomic_store(&m->st->oldest_due_ms, lag(m));
        }
        more = slow_step(m);
    }
    return NULL;
}

enum err maintain_start(struct store *st, struct maintain **out)
{
    struct maintain *m = calloc(1, sizeof *m);
    if (!m)
        return ERR_IO;
    m->st = st;
    enum err e = compact_new(st, &m->compact);
    if (e == OK)
        e = puncher_new(st, m->compact, &m->puncher);
    if (e == OK && pthread_create(&m->thread, NULL, run, m))
        e = ERR_IO;
    if (e != OK) {
        puncher_free(m->puncher);
        compact_free(m->compact);
        free(m);
        return e;
    }
    *out = m;
    return OK;
}

void maintain_stop(struct maintain *m)
{
    if (!m)
        return;
    handover_stop(m->st->handover);
    pthread_join(m->thread, NULL);
    puncher_free(m->puncher);
    compact_free(m->compact);
    sweep_forget(m);
    free(m->again);
    free(m);
}
