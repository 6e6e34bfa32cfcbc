#include "store/embed_punch.h"
#include <stdlib.h>
#include <string.h>

enum {
    BATCH = 4096,
    RUNS_MAX = 64,
    RUN_MIN = 8192 /* less frees no block */
};

struct puncher {
    struct store *st;
    const struct compact *compact;
    struct punch v[BATCH]; /* taken over: by segment and offset */
    size_t n, at;
};

enum err puncher_new(struct store *st, const struct compact *c, struct puncher **out)
{
    struct puncher *p = calloc(1, sizeof *p);
    if (!p)
        return ERR_IO;
    p->st = st;
    p->compact = c;
    *out = p;
    return OK;
}

void puncher_free(struct puncher *p) { free(p); }

static int by_place(const void *a, const void *b)
{
    const struct punch *x = a, *y = b;
    if (x->seg != y->seg)
        return x->seg < y->seg ? -1 : 1;
    return x->off < y->off ? -1 : x->off > y->off;
}

/* Records one behind the other from *at on, as one run with the first one's head; *at is then behind them. */
static struct seg_run run_of(const struct puncher *p, size_t *at)
{
    const struct punch *first = &p->v[*at];
    struct seg_run run = { .off = first->off - REC_HEAD_N, .n = first->n + REC_HEAD_N };
    for (++*at; *at < p->n; ++*at) {
        const struct punch *next = &p->v[*at];
        if (next->seg != first->seg || next->off - REC_HEAD_N != run.off + run.n)
            break;
        run.n += next->n + REC_HEAD_N;
    }
    return run;
}

static void punch_one(struct puncher *p)
{
    const struct punch *one = &p->v[p->at++];
    if (one->n > 0)
        (void)!seg_punch(p->st->segs, one->seg, one->off, one->n); /* logged; the key's end takes what stays */
}

/* The runs at the front that are of one segment, under one head each. */
static size_t runs_at_front(struct puncher *p, struct seg_run runs[RUNS_MAX])
{
    uint64_t seg = p->v[p->at].seg;
    size_t n = 0;
    while (n < RUNS_MAX && p->at < p->n && p->v[p->at].seg == seg) {
        size_t behind = p->at;
        struct seg_run run = run_of(p, &behind);
        if (behind == p->at + 1 || run.n < RUN_MIN)
            break;
        runs[n++] = run;
        p->at = behind;
    }
    return n;
}

bool puncher_step(struct puncher *p)
{
    struct seg_run runs[RUNS_MAX];
    if (p->at == p->n) {
        p->n = handover_take_punches(p->st->handover, p->v, BATCH);
        p->at = 0;
        qsort(p->v, p->n, sizeof *p->v, by_place);
        return p->n > 0;
    }
    uint64_t seg = p->v[p->at].seg;
    size_t n = compact_walks(p->compact, seg) ? 0 : runs_at_front(p, runs); /* a walk goes by the heads there are */
    if (n == 0)
        punch_one(p);
    else if (seg_bury(p->st->segs, seg, runs, n) != OK)
        log_warn(p->st->opts.log, "store.bury", LOG_U64("segment", seg));
    return true;
}
