/* A list over all folders merges one scan a folder by time of arrival. */
#include "store/embed_list.h"
#include "store/embed_box.h"
#include "store/embed_row.h"

enum { LIMIT_DEFAULT = 100, LIMIT_MAX = 10000, FOLDERS_MAX = 64 };

enum err row_fill(struct store *st, struct arena *a, const struct row_rec *row, bool env, bool hdr,
                  struct store_row *out)
{
    bool inside = row->row.env_n <= REC_ENV_INLINE_MAX;
    *out = row->row;
    out->env = out->hdr = (struct str){ NULL, 0 };
    if (env && inside) {
        out->env = arena_dup(a, row->row.env);
        if (!out->env.p)
            return ERR_IO;
    }
    uint64_t skip = env || inside ? 0 : row->row.env_n,
             n = (env && !inside ? row->row.env_n : 0) + (hdr ? row->row.hdr_n : 0);
    if (n == 0)
        return OK;
    char *p = arena_alloc(a, n);
    enum err e = p ? seg_read(st->segs, row->seg, row->off + REC_HEAD_N + skip, p, n) : ERR_IO;
    if (e != OK)
        return ERR_IO;
    if (env && !inside)
        out->env = str_of(p, row->row.env_n);
    if (hdr)
        out->hdr = str_of(p + (n - row->row.hdr_n), row->row.hdr_n);
    return OK;
}

/* ---- list ---- */

struct lane { /* one folder's scan */
    struct index_scan sc;
    struct key prefix;
    struct row_rec row;
    bool has;
};
struct merge {
    struct store_list *q;
    struct lane lanes[FOLDERS_MAX];
    size_t n;
    uint32_t rows_max; /* room in the answer */
    bool damaged;
};

static void lane_take(struct merge *m, struct lane *l, bool more)
{
    l->has = more && str_starts(l->sc.key, key_str(&l->prefix));
    if (!l->has)
        return;
    if (row_of(l->sc.key, l->sc.val, &l->row) != OK) {
        m->damaged = true;
        l->has = false;
        return;
    }
    uint32_t uid = l->row.row.uid;
    if (m->q->ascending ? m->q->before_uid && uid >= m->q->before_uid : uid <= m->q->after_uid && m->q->after_uid)
        l->has = false;
}

static void lane_begin(struct merge *m, struct index_txn *t, uint32_t folder)
{
    struct lane *l = &m->lanes[m->n++];
    const struct store_list *q = m->q;
    l->prefix = key_box(&q->box, REC_ROW);
    key_add32(&l->prefix, folder);
    struct key from = l->prefix;
    bool none = q->ascending ? q->after_uid == UINT32_MAX : q->before_uid == 1;
    key_add32(&from, q->ascending ? q->after_uid + 1 : q->before_uid - 1); /* before_uid 0: the highest there can be */
    scan_begin(&l->sc, t, TAB_DATA);
    lane_take(m, l,
              !none && (q->ascending ? scan_seek(&l->sc, key_str(&from)) : scan_seek_back(&l->sc, key_str(&from))));
}

static struct lane *merge_best(struct merge *m)
{
    struct lane *best = NULL;
    for (struct lane *l = m->lanes; l < m->lanes + m->n; l++) {
        if (!l->has)
            continue;
        int64_t mine = l->row.row.received_ms, its = best ? best->row.row.received_ms : 0;
        if (!best || (m->q->ascending ? mine < its : mine > its))
            best = l;
    }
    return best;
}

static enum err merge_run(struct store *st, struct merge *m)
{
    struct store_list *q = m->q;
    for (struct lane *l; (l = merge_best(m)) && q->n < m->rows_max;) {
        enum err e = row_fill(st, &q->req.arena, &l->row, q->want_env, false, &q->rows[q->n++]);
        if (e != OK)
            return e;
        lane_take(m, l, q->ascending ? scan_next(&l->sc) : scan_prev(&l->sc));
    }
    q->more = merge_best(m) != NULL;
    return m->damaged ? ERR_IO : OK;
}

/* The folders to list, and how many rows there can be at most. */
static enum err lanes_begin(struct merge *m, struct index_txn *t, const struct box_rec *box, uint64_t *rows)
{
    struct store_list *q = m->q;
    struct store_folder f;
    *rows = 0;
    if (q->folder != FOLDER_ANY) {
        enum err e = folder_load(t, box, q->folder, &f);
        *rows = f.total;
        if (e == OK)
            lane_begin(m, t, q->folder);
        return e;
    }
    struct key k = key_box(&q->box, REC_FOLDER);
    struct index_scan sc;
    enum err e = OK;
    scan_begin(&sc, t, TAB_DATA);
    for (bool more = scan_seek(&sc, key_str(&k));
         e == OK && more && str_starts(sc.key, key_str(&k)) && m->n < FOLDERS_MAX; more = scan_next(&sc)) {
        e = folder_of(t, box, sc.key, sc.val, &f);
        *rows += f.total;
        if (e == OK && f.total > 0)
            lane_begin(m, t, get_be32((const uint8_t *)sc.key.p + k.n));
    }
    scan_end(&sc);
    return e;
}

enum err read_list(struct store *st, struct index_txn *t, struct store_req *r)
{
    struct store_list *q = CONTAINER_OF(r, struct store_list, req);
    struct box_rec box;
    uint64_t rows;
    enum err e = box_load(st, t, &q->box, guard_due_ms(st->guard), &box, NULL);
    if (e != OK)
        return e;
    q->modseq = box.box.modseq;
    struct merge m = { .q = q };
    e = lanes_begin(&m, t, &box, &rows);
    if (e == OK) {
        uint32_t limit = MIN(q->limit ? q->limit : LIMIT_DEFAULT, (uint32_t)LIMIT_MAX);
        m.rows_max = (uint32_t)MIN(rows, (uint64_t)limit);
        q->rows = arena_array(&r->arena, (size_t)m.rows_max + 1, sizeof *q->rows);
        e = q->rows ? merge_run(st, &m) : ERR_IO;
    }
    for (size_t i = 0; i < m.n; i++)
        scan_end(&m.lanes[i].sc);
    return e;
}

/* ---- changes ---- */

static enum err changed_rows(struct store *st, struct index_txn *t, struct store_changes *q, uint32_t limit)
{
    struct key prefix = key_box(&q->box, REC_LOG), from = prefix;
    struct index_scan sc;
    enum err e = OK;
    key_add64(&from, q->since + 1);
    scan_begin(&sc, t, TAB_DATA);
    for (bool more = scan_seek(&sc, key_str(&from));
         e == OK && more && str_starts(sc.key, key_str(&prefix)) && q->n < limit; more = scan_next(&sc)) {
        struct row_rec row;
        const uint8_t *p = (const uint8_t *)sc.val.p;
        e = sc.val.n == 8 ? row_at(t, &q->box, get_be32(p), get_be32(p + 4), &row) : ERR_IO;
        if (e == OK)
            e = row_fill(st, &q->req.arena, &row, q->want_env, false, &q->rows[q->n++]);
        else if (e == ERR_GONE)
            e = ERR_IO; /* a log entry without its row: damaged */
    }
    scan_end(&sc);
    return e;
}

static enum err gone_rows(struct index_txn *t, struct store_changes *q, uint32_t box_gone)
{
    struct key prefix = key_box(&q->box, REC_GONE), from = prefix;
    struct index_scan sc;
    enum err e = OK;
    key_add64(&from, q->since + 1);
    scan_begin(&sc, t, TAB_DATA);
    for (bool more = scan_seek(&sc, key_str(&from));
         e == OK && more && str_starts(sc.key, key_str(&prefix)) && q->gone_n < MIN(box_gone, (uint32_t)GONE_MAX);
         more = scan_next(&sc)) {
        struct store_gone *g = &q->gone[q->gone_n++];
        g->modseq = sc.key.n == prefix.n + 8 ? get_be64((const uint8_t *)sc.key.p + prefix.n) : 0;
        e = rec_gone_parse(sc.val, g) == OK ? OK : ERR_IO;
    }
    scan_end(&sc);
    return e;
}

enum err read_changes(struct store *st, struct index_txn *t, struct store_req *r)
{
    struct store_changes *q = CONTAINER_OF(r, struct store_changes, req);
    struct box_rec box;
    enum err e = box_load(st, t, &q->box, guard_due_ms(st->guard), &box, NULL);
    if (e != OK)
        return e;
    q->modseq = box.box.modseq;
    q->too_old = q->since < box.gone_floor;
    if (q->since >= box.box.modseq)
        return OK;
    uint32_t limit = MIN(q->limit ? q->limit : LIMIT_DEFAULT, (uint32_t)LIMIT_MAX);
    uint64_t behind = MIN(box.box.modseq - q->since, (uint64_t)box.box.messages); /* each has one entry */
    uint32_t rows_max = (uint32_t)MIN(behind, (uint64_t)limit);
    q->rows = arena_array(&r->arena, rows_max + 1, sizeof *q->rows);
    q->gone = arena_array(&r->arena, MIN((uint64_t)box.gone_n, (uint64_t)GONE_MAX) + 1, sizeof *q->gone);
    if (!q->rows || !q->gone)
        return ERR_IO;
    e = changed_rows(st, t, q, rows_max);
    return e == OK && !q->too_old ? gone_rows(t, q, box.gone_n) : e;
}
