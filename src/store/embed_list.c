/* A list over all folders merges one scan a folder by time of arrival. */
#include "store/embed_list.h"
#include "store/embed_box.h"
#include "store/embed_row.h"

enum { LIMIT_DEFAULT = 100, LIMIT_MAX = STORE_IDS_MAX, BYTES_DEFAULT = 8 << 20 };

/* They lie one behind the other in the segment, so one read has them all. */
static enum err read_record(struct store *st, struct arena *a, const struct row_rec *row, uint64_t skip, size_t n,
                            char **out)
{
    *out = arena_room(a, n);
    return *out ? seg_read(st->segs, row->seg, row->off + REC_HEAD_N + skip, *out, n) : ERR_IO;
}

enum err row_fill(struct store *st, struct arena *a, const struct row_rec *row, unsigned want, struct store_row *out)
{
    bool inside = row->row.env_n <= REC_ENV_INLINE_MAX;
    *out = row->row;
    out->env = out->hdr = out->body = (struct str){ NULL, 0 };
    if (want & ROW_ENV && inside) {
        out->env = arena_dup(a, row->row.env);
        if (!out->env.p)
            return ERR_IO;
    }
    size_t env = want & ROW_ENV && !inside ? row->row.env_n : 0, hdr = want & ROW_HDR ? row->row.hdr_n : 0,
           body = want & ROW_BODY ? row->row.body_n : 0;
    char *p;
    if (env + hdr + body == 0)
        return OK;
    if (read_record(st, a, row, env || inside ? 0 : row->row.env_n, env + hdr + body, &p) != OK)
        return ERR_IO;
    out->env = env ? str_of(p, env) : out->env;
    out->hdr = str_of(p + env, hdr);
    out->body = str_of(p + env + hdr, body);
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
    struct store *st;
    struct store_list *q;
    struct lane *lanes;
    size_t n;
    uint32_t rows_max; /* room in the answer */
    uint64_t bytes, bytes_max;
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

/* False: what is asked for of it no longer fits. */
static bool put_row(struct merge *m, const struct row_rec *row, enum err *e)
{
    struct store_list *q = m->q;
    unsigned body = q->want_hdr && row->row.body_n <= q->body_max ? ROW_BODY : 0,
             want = (q->want_env ? ROW_ENV : 0u) | (q->want_hdr ? ROW_HDR : 0u) | body;
    uint64_t n = (q->want_env ? row->row.env_n : 0) + (q->want_hdr ? (uint64_t)row->row.hdr_n : 0) +
                 (body ? row->row.body_n : 0);
    if (q->n > 0 && n > m->bytes_max - MIN(m->bytes, m->bytes_max))
        return false;
    m->bytes += n;
    *e = row_fill(m->st, &q->req.arena, row, want, &q->rows[q->n++]);
    return true;
}

static enum err merge_run(struct merge *m)
{
    struct store_list *q = m->q;
    enum err e = OK;
    for (struct lane *l; (l = merge_best(m)) && q->n < m->rows_max && put_row(m, &l->row, &e);) {
        if (e != OK)
            return e;
        lane_take(m, l, q->ascending ? scan_next(&l->sc) : scan_prev(&l->sc));
    }
    q->more = merge_best(m) != NULL;
    return m->damaged ? ERR_IO : OK;
}

static bool lane_room(struct merge *m, struct arena *a, size_t n)
{
    m->lanes = arena_array(a, n, sizeof *m->lanes);
    return m->lanes != NULL;
}

/* The folders to list, and how many rows there can be at most. */
static enum err lanes_begin(struct merge *m, struct index_txn *t, const struct box_rec *box, uint64_t *rows)
{
    enum { LANES_MAX = STORE_FOLDERS_MAX + FOLDER_FIXED };
    struct store_list *q = m->q;
    struct store_folder f;
    *rows = 0;
    if (!lane_room(m, &q->req.arena, q->folder == FOLDER_ANY ? LANES_MAX : 1))
        return ERR_IO;
    if (q->folder != FOLDER_ANY) {
        enum err e = folder_load(t, box, q->folder, &f);
        *rows = e == OK ? f.total : 0;
        if (e == OK)
            lane_begin(m, t, q->folder);
        return e == ERR_DENIED ? OK : e;
    }
    struct key k = key_box(&q->box, REC_FOLDER);
    struct index_scan sc;
    enum err e = OK;
    scan_begin(&sc, t, TAB_DATA);
    for (bool more = scan_seek(&sc, key_str(&k));
         e == OK && more && str_starts(sc.key, key_str(&k)) && m->n < LANES_MAX; more = scan_next(&sc)) {
        e = folder_of(t, box, sc.key, sc.val, &f);
        *rows += f.total;
        if (e == OK && f.total > 0)
            lane_begin(m, t, f.no);
    }
    scan_end(&sc);
    return e;
}

static enum err list_scan(struct merge *m, struct index_txn *t, const struct box_rec *box)
{
    struct store_list *q = m->q;
    uint64_t rows;
    enum err e = lanes_begin(m, t, box, &rows);
    if (e == OK) {
        uint32_t limit = MIN(q->limit ? q->limit : LIMIT_DEFAULT, (uint32_t)LIMIT_MAX);
        m->rows_max = (uint32_t)MIN(rows, (uint64_t)limit);
        q->rows = arena_array(&q->req.arena, (size_t)m->rows_max + 1, sizeof *q->rows);
        e = q->rows ? merge_run(m) : ERR_IO;
    }
    for (size_t i = 0; i < m->n; i++)
        scan_end(&m->lanes[i].sc);
    return e;
}

static enum err list_uids(struct merge *m, struct index_txn *t)
{
    struct store_list *q = m->q;
    enum err e = OK;
    if (q->folder == FOLDER_ANY || q->uids_n > STORE_IDS_MAX)
        return ERR_BAD;
    q->rows = arena_array(&q->req.arena, q->uids_n + 1, sizeof *q->rows);
    if (!q->rows)
        return ERR_IO;
    for (size_t i = 0; i < q->uids_n && e == OK && !q->more; i++) {
        struct row_rec row;
        e = row_at(t, &q->box, q->folder, q->uids[i], &row);
        if (e == OK)
            q->more = !put_row(m, &row, &e);
        else if (e == ERR_GONE)
            e = OK;
    }
    return e;
}

enum err read_list(struct store *st, struct index_txn *t, struct store_req *r)
{
    struct store_list *q = CONTAINER_OF(r, struct store_list, req);
    struct box_rec box;
    enum err e = box_load(st, t, &q->box, guard_due_ms(st->guard), &box, NULL);
    if (e != OK)
        return e;
    q->modseq = box.box.modseq;
    struct merge m = { .st = st, .q = q, .bytes_max = q->max_bytes ? q->max_bytes : BYTES_DEFAULT };
    return q->uids ? list_uids(&m, t) : list_scan(&m, t, &box);
}

/* ---- changes ---- */

/* ERR_GONE: of another folder than the one asked for. */
static enum err logged_row(struct index_txn *t, const struct store_changes *q, struct str place, struct row_rec *row)
{
    if (place.n != 8)
        return ERR_IO;
    const uint8_t *p = (const uint8_t *)place.p;
    uint32_t folder = get_be32(p);
    if (q->folder != FOLDER_ANY && q->folder != folder)
        return ERR_GONE;
    enum err e = row_at(t, &q->box, folder, get_be32(p + 4), row);
    return e == ERR_GONE ? ERR_IO : e; /* a log entry without its row: damaged */
}

static enum err changed_rows(struct store *st, struct index_txn *t, struct store_changes *q, uint32_t limit)
{
    struct key prefix = key_box(&q->box, REC_LOG), from = prefix;
    struct index_scan sc;
    enum err e = OK;
    key_add64(&from, q->since + 1);
    scan_begin(&sc, t, TAB_DATA);
    for (bool more = scan_seek(&sc, key_str(&from));
         e == OK && more && str_starts(sc.key, key_str(&prefix)) && !q->more; more = scan_next(&sc)) {
        struct row_rec row;
        e = logged_row(t, q, sc.val, &row);
        q->more = e == OK && q->n == limit;
        if (e == OK && !q->more)
            e = row_fill(st, &q->req.arena, &row, q->want_env ? ROW_ENV : 0, &q->rows[q->n++]);
        else if (e == ERR_GONE)
            e = OK;
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
        struct store_gone *g = &q->gone[q->gone_n];
        g->modseq = sc.key.n == prefix.n + 8 ? get_be64((const uint8_t *)sc.key.p + prefix.n) : 0;
        e = rec_gone_parse(sc.val, g) == OK ? OK : ERR_IO;
        q->gone_n += q->folder == FOLDER_ANY || q->folder == g->folder;
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
