/* The ends table has an entry a box, with its slot: the shortest list of all boxes there is. */
#include "store/embed_orphan.h"
#include "store/embed_reclaim.h"
#include <string.h>

enum { STEP_BOXES = 256 };

/* Boxes whose end a crash cut off are few. Without its leases no box can be opened any more, and none can be saved. */
static void note(struct store *st, size_t n)
{
    if (leases_fresh(st->leases))
        log_error(st->opts.log, "store.damaged", LOG_U64("boxes", n),
                  LOG_C("why", "lease.a and lease.b are gone: what these boxes held cannot be read any more"));
    else
        log_info(st->opts.log, "store.orphans", LOG_U64("boxes", n));
}

/* Before the rows go: should the process die once more, they are found and told again. */
static void tell(struct store *st, const struct lease_ref *refs, size_t n)
{
    struct box_id ids[STEP_BOXES];
    for (size_t i = 0; i < n; i++)
        ids[i] = refs[i].box;
    if (n > 0 && st->opts.ended)
        st->opts.ended(st->opts.ctx, ids, n);
}

bool orphan_step(struct orphan *o, struct store *st)
{
    struct lease_ref refs[STEP_BOXES];
    size_t n = 0, seen = 0;
    struct index_txn t;
    struct index_scan sc;
    if (o->done || index_begin_read(st->index, &t) != OK)
        return false;
    scan_begin(&sc, &t, TAB_END);
    bool more = scan_seek(&sc, key_str(&o->at));
    for (; more && seen < STEP_BOXES; more = scan_next(&sc), seen++) {
        if (sc.key.n != 8 + BOX_ID_N || sc.val.n != 4)
            continue;
        struct lease_ref r = { .slot = get_be32((const uint8_t *)sc.val.p) };
        memcpy(r.box.b, sc.key.p + 8, BOX_ID_N);
        if (lease_get(st->leases, &r.box, r.slot, NULL) == ERR_GONE)
            refs[n++] = r;
    }
    if (more)
        o->at = key_of(sc.key.p, MIN(sc.key.n, sizeof o->at.b));
    o->done = !more;
    scan_end(&sc);
    index_end(&t);
    if (n > 0)
        note(st, n);
    tell(st, refs, n);
    reclaim_add(st->reclaim, refs, n);
    return true;
}
