/* An index written before folders had names: records of version 1 are put in place of the new ones, and the store reads
 * them, counts what they lack, and writes the next version. */
#include "contract.h"
#include "io/file.h"
#include "store/embed_index.h"
#include "store/key.h"
#include <stdio.h>
#include <string.h>

enum { HOUR = 3600 * 1000 };

/* All of a kind in the box, rewritten by what() in place. */
static void rewrite(struct rig *r, const struct box_id *box, enum rec_kind kind,
                    size_t (*what)(uint8_t *out, struct str now))
{
    char dir[512];
    uint8_t raw[2048];
    struct index *ix;
    _Atomic uint64_t syncs = 0;
    struct index_txn t;
    struct index_scan sc;
    struct key prefix = key_box(box, kind);
    snprintf(dir, sizeof dir, "%s/index", r->dir);
    CHECK_OK(index_open(&(struct index_opts){ .dir = dir, .syncs = &syncs }, &ix));
    CHECK_OK(index_begin_write(ix, &t));
    scan_begin(&sc, &t, TAB_DATA);
    for (bool more = scan_seek(&sc, key_str(&prefix)); more && str_starts(sc.key, key_str(&prefix));
         more = scan_next(&sc)) {
        struct key k = key_of(sc.key.p, sc.key.n);
        index_put(&t, TAB_DATA, key_str(&k), str_of(raw, what(raw, sc.val)));
    }
    scan_end(&sc);
    CHECK_OK(index_commit(&t));
    index_close(ix);
}

static size_t old_box(uint8_t *out, struct str now)
{
    memcpy(out, now.p, now.n - 8);
    out[0] = 1;
    return now.n - 8;
}

static size_t old_row(uint8_t *out, struct str now)
{
    memcpy(out, now.p, 41);
    memcpy(out + 41, now.p + 49, now.n - 49);
    out[0] = 1;
    return now.n - 8;
}

/* uidnext, total, unseen, modseq of what is now uidvalidity, uidnext, total, unseen, deleted, recent … */
static size_t old_folder(uint8_t *out, struct str now)
{
    out[0] = 1;
    memcpy(out + 1, now.p + 5, 12);
    memcpy(out + 13, now.p + 45, 8);
    return 21;
}

/* Version 2: without deleted_bytes, which lies behind bytes. */
static size_t second_folder(uint8_t *out, struct str now)
{
    memcpy(out, now.p, 37);
    memcpy(out + 37, now.p + 45, now.n - 45);
    out[0] = 2;
    return now.n - 8;
}

TEST(records_of_version_1_are_read_and_written_anew)
{
    struct rig *r = rig_open("old");
    struct box_id box = rig_box(r, 1, HOUR);
    for (unsigned i = 1; i <= 3; i++) {
        struct store_append *a = new_append(r, &box, i, S("body"));
        a->items[0].flags = i == 2 ? FLAG_DELETED | FLAG_SEEN : 0;
        a->received_ms = 1000 + i;
        CHECK_OK(RUN(r, append, a)->req.err);
    }
    struct store_folder was = rig_folder(r, &box, FOLDER_INBOX);
    store_close(r->store);
    rewrite(r, &box, REC_BOX, old_box);
    rewrite(r, &box, REC_FOLDER, old_folder);
    rewrite(r, &box, REC_ROW, old_row);
    char path[512];
    AUTO_BUF struct buf version = { .max = 100 };
    snprintf(path, sizeof path, "%s/VERSION", r->dir);
    CHECK_OK(file_save(path, S("mayfly store 1 test-clock\n")));
    CHECK_OK(store_open(&r->opts, &r->store));
    CHECK_OK(file_load(path, 100, &version)); /* an older program shall not open it any more */
    CHECK(str_starts(buf_str(&version), S("mayfly store 3 test-clock\nindex.key ")));
    for (int again = 0; again < 2; again++) {
        struct store_folder f = rig_folder(r, &box, FOLDER_INBOX);
        CHECK(f.total == 3 && f.unseen == 2 && f.deleted == 1 && f.bytes == 12 && f.recent == 3 && f.recent_from == 1);
        CHECK_EQ(f.deleted_bytes, 4);
        CHECK(f.subscribed && f.uidvalidity == was.uidvalidity && f.uidnext == 4);
        CHECK(again || f.modseq == was.modseq);
        struct store_list *l = rig_list(r, &box, FOLDER_INBOX);
        CHECK(l->n == 3 && l->rows[0].saved_ms == 1003 && l->rows[0].received_ms == 1003);
        CHECK_STR("env", l->rows[2].env, "env 1");
        struct store_flag *q = NEW(flag); /* written anew */
        q->box = box;
        q->pick = (struct store_pick){ .ids = rig_ids(&q->req.arena, (unsigned[]){ 3 }, 1), .n = 1 };
        q->set = FLAG_FLAGGED;
        CHECK_EQ(RUN(r, flag, q)->changed, !again);
    }
    struct store_folder_put *p = NEW(folder_put);
    struct store_folder_item *item = arena_new(&p->req.arena, struct store_folder_item);
    *item = (struct store_folder_item){ .set = FOLDER_SET_NAME, .sealed = S("name") };
    *p = (struct store_folder_put){ .req = p->req, .box = box, .items = item, .n = 1 };
    p = RUN(r, folder_put, p);
    CHECK_OK(p->req.err);
    CHECK_EQ(rig_folder(r, &box, FOLDER_FIXED + 1).no, FOLDER_FIXED + 1);
    rig_close(r);
}

TEST(a_folder_of_version_2_is_counted_anew)
{
    struct rig *r = rig_open("second");
    struct box_id box = rig_box(r, 1, HOUR);
    for (unsigned i = 1; i <= 3; i++) {
        struct store_append *a = new_append(r, &box, i, S("body"));
        a->items[0].flags = i > 1 ? FLAG_DELETED : 0;
        CHECK_OK(RUN(r, append, a)->req.err);
    }
    struct store_recent *q = NEW(recent);
    q->box = box;
    q->folder = FOLDER_INBOX;
    q->claim = true;
    CHECK_OK(RUN(r, recent, q)->req.err);
    store_close(r->store);
    rewrite(r, &box, REC_FOLDER, second_folder);
    CHECK_OK(store_open(&r->opts, &r->store));
    for (int again = 0; again < 2; again++) {
        struct store_folder f = rig_folder(r, &box, FOLDER_INBOX);
        CHECK(f.total == 3 && f.unseen == 3 && f.deleted == 2 && f.deleted_bytes == 8 && f.bytes == 12);
        CHECK(f.recent == 0 && f.recent_from == 4 && f.uidnext == 4 && f.subscribed);
        struct store_flag *g = NEW(flag); /* written anew */
        g->box = box;
        g->pick = (struct store_pick){ .ids = rig_ids(&g->req.arena, (unsigned[]){ 1 }, 1), .n = 1 };
        g->set = FLAG_FLAGGED;
        CHECK_EQ(RUN(r, flag, g)->changed, !again);
    }
    rig_close(r);
}
