/* A walk goes from head to head of a sealed segment and asks the index of each message whether it still lies there. A
 * run of dead ones gets one head over all of it, made durable, before its bytes are punched out: so a later walk, or
 * one after a crash at any point here, still finds every head. */
#include "store/embed_compact.h"
#include "store/embed_copy.h"
#include "store/embed_row.h"
#include <stdlib.h>

enum {
    STEP_HEADS = 256,
    RUNS_MAX = 64,
    RUN_MIN = 8192,
    /* less would free no block */ COPY_FRACTION = 8,
    SETTLE_MS = 4 * 3600 * 1000
};

struct compact {
    struct store *st;
    struct copier *copier;
    bool look;     /* something may have died since the last look */
    uint64_t from; /* segments before it were walked in this look */
    bool walking;
    struct seg_info seg;
    uint64_t at;
    struct seg_run run;            /* dead bytes behind us */
    bool run_known;                /* they are one dead head already */
    struct seg_run runs[RUNS_MAX]; /* runs that ended */
    size_t runs_n;
    bool copying; /* second walk: the living are carried on */
};

enum err compact_new(struct store *st, struct compact **out)
{
    struct compact *c = calloc(1, sizeof *c);
    if (!c)
        return ERR_IO;
    c->st = st;
    enum err e = copier_new(st, &c->copier);
    if (e != OK) {
        free(c);
        return e;
    }
    *out = c;
    return OK;
}

void compact_free(struct compact *c)
{
    if (!c)
        return;
    copier_free(c->copier);
    free(c);
}

bool compact_walks(const struct compact *c, uint64_t seg) { return c->walking && c->seg.id == seg; }

void compact_again(struct compact *c)
{
    c->look = true;
    c->from = 0;
}

static void bury(struct compact *c)
{
    if (c->runs_n > 0 && seg_bury(c->st->segs, c->seg.id, c->runs, c->runs_n) != OK)
        log_warn(c->st->opts.log, "store.bury", LOG_U64("segment", c->seg.id));
    c->runs_n = 0;
}

static void run_end(struct compact *c)
{
    if (c->run.n >= RUN_MIN && !c->run_known)
        c->runs[c->runs_n++] = c->run;
    c->run.n = 0;
    if (c->runs_n == RUNS_MAX)
        bury(c);
}

static bool lives(struct index_txn *t, const struct compact *c, const struct rec_head *h)
{
    struct row_rec row;
    return !h->dead && row_find(t, &h->box, &h->id, &row) != ERR_GONE && row.seg == c->seg.id && row.off == c->at;
}

/* A dead one joins the run; a living one ends it. */
static void walk_one(struct compact *c, const struct rec_head *h, bool alive)
{
    uint64_t total = rec_head_total(h);
    if (alive) {
        run_end(c);
    } else {
        c->run_known = c->run.n == 0 && h->dead;
        if (c->run.n == 0)
            c->run.off = c->at;
        c->run.n += total;
    }
    c->at += total;
}

static enum err walk_some(struct compact *c)
{
    struct index_txn t;
    enum err e = index_begin_read(c->st->index, &t);
    if (e != OK)
        return e;
    for (int i = 0; i < STEP_HEADS && c->at < c->seg.rec.size && e == OK; i++) {
        uint8_t raw[REC_HEAD_N];
        struct rec_head h;
        e = c->seg.rec.size - c->at < REC_HEAD_N ? ERR_BAD : seg_read(c->st->segs, c->seg.id, c->at, raw, sizeof raw);
        if (e == OK)
            e = rec_head_parse(str_of(raw, sizeof raw), c->seg.rec.size - c->at - REC_HEAD_N, &h);
        if (e != OK)
            break;
        bool alive = lives(&t, c, &h);
        if (alive && c->copying && !copier_add(c->copier, c->seg.id, c->at, &h))
            break; /* its hands are full: this one again after the next commit */
        walk_one(c, &h, alive);
    }
    index_end(&t);
    return e;
}

/* Little is left, and that little outlives its class: it should not keep a file each for weeks. */
static int64_t settled_ms(const struct compact *c) { return guard_now_ms(c->st->guard) - SETTLE_MS; }
static bool worth_copying(const struct compact *c)
{
    return seg_is_rest(&c->seg.rec, settled_ms(c)) && !atomic_load(&c->st->full);
}

static void walk_end(struct compact *c, enum err e)
{
    if (e == OK)
        run_end(c);
    else if (e != ERR_GONE)
        log_error(c->st->opts.log, "store.walk", LOG_U64("segment", c->seg.id), LOG_U64("offset", c->at), LOG_ERR(e));
    bury(c);
    seg_walked(c->st->segs, c->seg.id, c->seg.rec.live_bytes, c->copying);
    c->run.n = c->at = 0;
    c->walking = c->copying = e == OK && !c->copying && worth_copying(c);
    if (!c->walking) {
        c->from = c->seg.id + 1;
        copier_send(c->copier);
    }
}

bool compact_step(struct compact *c)
{
    if (copier_busy(c->copier))
        return false;
    if (!c->walking) {
        c->walking = c->look && segs_half_dead(c->st->segs, c->from, settled_ms(c), &c->seg);
        c->look = c->walking;
        c->at = c->run.n = 0;
        c->copying = false;
        return c->walking;
    }
    enum err e = walk_some(c);
    if (e != OK || c->at >= c->seg.rec.size)
        walk_end(c, e);
    else if (c->copying && copier_full(c->copier))
        copier_send(c->copier);
    return true;
}
