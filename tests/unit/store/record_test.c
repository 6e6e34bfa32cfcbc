/* Every record survives the way to bytes and back; cut short or changed it is refused or is another record, never read
 * past. */
#include "base/rand.h"
#include "store/record.h"
#include "test.h"
#include <stdlib.h>
#include <string.h>

/* On a page end of its own, so that a sanitizer sees a read past it. */
static enum err cut(struct str whole, size_t n, enum err (*parse)(struct str))
{
    char *copy = malloc(n ? n : 1);
    memcpy(copy, whole.p, n);
    enum err e = parse(str_of(copy, n));
    free(copy);
    return e;
}

static enum err parse_box(struct str s) { return rec_box_parse(s, &(struct box_rec){ 0 }); }
static enum err parse_cred(struct str s) { return rec_cred_parse(s, &(struct store_cred){ 0 }); }
static enum err parse_folder(struct str s) { return rec_folder_parse(s, &(struct store_folder){ 0 }); }
static enum err parse_keyword(struct str s) { return rec_keyword_parse(s, &(struct store_keyword){ 0 }); }
static enum err parse_row(struct str s) { return rec_row_parse(s, &(struct row_rec){ 0 }); }
static enum err parse_gone(struct str s) { return rec_gone_parse(s, &(struct store_gone){ 0 }); }
static enum err parse_dup(struct str s) { return rec_dup_parse(s, &(struct dup_rec){ 0 }); }
static enum err parse_seg(struct str s) { return rec_seg_parse(s, &(struct seg_rec){ 0 }); }
static enum err parse_head(struct str s) { return rec_head_parse(s, 1000, &(struct rec_head){ 0 }); }
static enum err parse_lease(struct str s) { return rec_lease_parse(s, 5, &(struct lease_rec){ 0 }); }

/* Any prefix and any flipped bit: total, and a prefix shorter than the fixed part is refused. */
static void torture(struct str whole, size_t fixed, enum err (*parse)(struct str))
{
    CHECK_EQ(cut(whole, whole.n, parse), OK);
    for (size_t n = 0; n < whole.n; n++) {
        enum err e = cut(whole, n, parse);
        CHECK(n >= fixed ? e == OK || e == ERR_BAD : e == ERR_BAD);
    }
    char copy[8192];
    for (size_t bit = 0; bit < whole.n * 8; bit++) {
        memcpy(copy, whole.p, whole.n);
        copy[bit / 8] ^= (char)(1 << (bit % 8));
        enum err e = cut(str_of(copy, whole.n), whole.n, parse);
        CHECK(e == OK || e == ERR_BAD);
    }
}

TEST(box)
{
    struct box_rec b = { .slot = 7, .gone_n = 8, .gone_floor = 9 }, back = { 0 };
    b.box = (struct store_box){ .generation = 1,
                                .uidvalidity = 2,
                                .created_ms = 3,
                                .end_ms = INT64_MAX,
                                .idle_ttl_ms = 5,
                                .last_visit_ms = 6,
                                .changed_ms = 7,
                                .ends_after = 8,
                                .received = 9,
                                .messages = 10,
                                .max_messages = 11,
                                .bytes = UINT64_MAX,
                                .max_bytes = 13,
                                .modseq = 14,
                                .flags = BOX_GUESSABLE,
                                .folder_last = 15 };
    b.vacated = 16;
    memset(b.box.addr_hash, 0xaa, HASH_N);
    memset(b.box.pub, 0xbb, KEY_N);
    uint8_t raw[REC_BOX_N];
    size_t n = rec_box_put(raw, &b);
    CHECK(n <= REC_BOX_N);
    CHECK_OK(rec_box_parse(str_of(raw, n), &back));
    uint8_t again[REC_BOX_N]; /* not memcmp() of the structs: padding is whatever it was */
    CHECK(str_eq(str_of(again, rec_box_put(again, &back)), str_of(raw, n)));
    CHECK(back.slot == 7 && back.gone_floor == 9 && back.box.modseq == 14 && back.box.end_ms == INT64_MAX);
    CHECK(back.box.folder_last == 15 && back.vacated == 16);
    torture(str_of(raw, n), n, parse_box);
    raw[0] = 1; /* as it was before there were made folders */
    CHECK_OK(rec_box_parse(str_of(raw, n - 8), &back));
    CHECK(back.box.folder_last == FOLDER_FIXED && back.vacated == 0 && back.gone_floor == 9);
    CHECK_EQ(rec_box_parse(str_of(raw, n), &back), ERR_BAD);
}

TEST(cred)
{
    struct store_cred c = { .id = 5, .kind = CRED_PASSWORD, .created_ms = 9, .sealed = S("sealed") },
                      back = { .id = 5 };
    uint8_t raw[REC_CRED_MAX];
    size_t n = rec_cred_put(raw, &c);
    CHECK_OK(rec_cred_parse(str_of(raw, n), &back));
    CHECK_EQ(back.id, 5);
    CHECK_EQ(back.kind, CRED_PASSWORD);
    CHECK_STR("sealed", back.sealed, "sealed");
    torture(str_of(raw, n), n - 6, parse_cred);
}

static enum err parse_vacant(struct str s) { return rec_vacant_parse(s, &(struct store_vacant){ 0 }); }

TEST(vacant)
{
    uint8_t raw[REC_VACANT_MAX];
    struct store_vacant v = { .name_hash = { 1 }, .sealed = S("name") }, back = { .name_hash = { 9 } };
    size_t n = rec_vacant_put(raw, &v);
    CHECK_STR("bytes", str_of(raw, n), "\1name");
    CHECK_OK(rec_vacant_parse(str_of(raw, n), &back));
    CHECK_STR("name", back.sealed, "name");
    CHECK_EQ(back.name_hash[0], 9);
    torture(str_of(raw, n), n - 3, parse_vacant); /* one octet is a name */
}

TEST(folder)
{
    uint8_t raw[REC_FOLDER_MAX];
    struct store_folder f = { .uidvalidity = 10,
                              .uidnext = 1,
                              .total = 2,
                              .unseen = 3,
                              .deleted = 5,
                              .recent = 6,
                              .recent_from = 7,
                              .bytes = 8,
                              .deleted_bytes = 13,
                              .modseq = 4,
                              .subscribed = true,
                              .archive = true,
                              .name_hash = { 1, 2 },
                              .sealed = S("name") },
                        fb = { .no = 9 };
    size_t n = rec_folder_put(raw, &f);
    CHECK_OK(rec_folder_parse(str_of(raw, n), &fb));
    CHECK(fb.no == 9 && fb.uidvalidity == 10 && fb.uidnext == 1 && fb.total == 2 && fb.unseen == 3);
    CHECK(fb.deleted == 5 && fb.recent == 6 && fb.recent_from == 7 && fb.bytes == 8 && fb.modseq == 4);
    CHECK(fb.subscribed && fb.archive && fb.deleted_bytes == 13 && fb.name_hash[1] == 2);
    CHECK_STR("name", fb.sealed, "name");
    torture(str_of(raw, n), n - 4, parse_folder);
    uint8_t second[REC_FOLDER_MAX]; /* version 2 had no deleted_bytes, which lies behind bytes */
    memcpy(second, raw, 37);
    memcpy(second + 37, raw + 45, n - 45);
    second[0] = 2;
    CHECK_OK(rec_folder_parse(str_of(second, n - 8), &fb));
    CHECK(fb.deleted_bytes == REC_NOT_COUNTED && fb.bytes == 8 && fb.modseq == 4 && fb.name_hash[1] == 2);
    static const uint8_t first[] = { 1, 0, 0, 0, 7, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 4, 'n' };
    CHECK_OK(
        rec_folder_parse(str_of(first, sizeof first), &fb)); /* version 1: counts that it lacks are for the reader */
    CHECK(fb.uidnext == 7 && fb.total == 2 && fb.unseen == 1 && fb.modseq == 4 && fb.recent_from == 0);
    CHECK(fb.uidvalidity == 0 && !fb.subscribed);
    CHECK_STR("name", fb.sealed, "n");
    fb.no = FOLDER_TRASH;
    CHECK_OK(rec_folder_parse(str_of(first, sizeof first), &fb));
    CHECK(fb.subscribed);
}

TEST(keyword_gone_dup_seg)
{
    uint8_t raw[REC_KEYWORD_MAX];
    struct store_keyword w = { .name_hash = { 3 }, .sealed = S("name") }, wb = { .flag = FLAG_KEYWORD(2) };
    size_t n = rec_keyword_put(raw, &w);
    CHECK_OK(rec_keyword_parse(str_of(raw, n), &wb));
    CHECK(wb.flag == FLAG_KEYWORD(2) && wb.name_hash[0] == 3);
    CHECK_STR("name", wb.sealed, "name");
    torture(str_of(raw, n), n - 4, parse_keyword);
    struct store_gone g = { .folder = 3, .uid = 4 }, gb = { .modseq = 8 };
    CHECK_EQ(n = rec_gone_put(raw, &g), REC_GONE_N);
    CHECK_OK(rec_gone_parse(str_of(raw, n), &gb));
    CHECK_EQ(gb.modseq, 8);
    CHECK_EQ(gb.uid, 4);
    torture(str_of(raw, n), n, parse_gone);
    struct dup_rec d = { 1, 2, 3, true, { { 9 } } }, db;
    CHECK_EQ(n = rec_dup_put(raw, &d), REC_DUP_N);
    CHECK_OK(rec_dup_parse(str_of(raw, n), &db));
    CHECK(db.at_ms + db.folder + db.uid == 6 && db.has_id && db.id.b[0] == 9);
    torture(str_of(raw, n), n, parse_dup);
    raw[0] = 1; /* version 1: no id */
    CHECK_OK(rec_dup_parse(str_of(raw, 17), &db));
    CHECK(db.at_ms + db.folder + db.uid == 6 && !db.has_id);
    struct seg_rec s = { .cls = 7, .sealed = true, .size = 1, .live_n = 2, .live_bytes = 3, .created_ms = 4 }, sb;
    CHECK_EQ(n = rec_seg_put(raw, &s), REC_SEG_N);
    CHECK_OK(rec_seg_parse(str_of(raw, n), &sb));
    CHECK(sb.sealed && sb.cls == 7 && sb.created_ms == 4);
    torture(str_of(raw, n), n, parse_seg);
}

TEST(row)
{
    static const char long_env[REC_ENV_INLINE_MAX + 1];
    struct row_rec r = { .row = { .folder = 1,
                                  .uid = 2,
                                  .modseq = 3,
                                  .flags = 4,
                                  .generation = 5,
                                  .received_ms = 6,
                                  .size = 7,
                                  .saved_ms = 12 } };
    uint8_t raw[REC_ROW_MAX];
    r.row.env = S("env");
    r.row.env_n = 3;
    r.row.hdr_n = 8;
    r.row.body_n = 9;
    r.seg = 10;
    r.off = 11;
    size_t n = rec_row_put(raw, &r);
    struct row_rec back = { .row = { .folder = 1, .uid = 2 } };
    CHECK_OK(rec_row_parse(str_of(raw, n), &back));
    CHECK_STR("env", back.row.env, "env");
    CHECK_EQ(back.row.uid, 2);
    CHECK_EQ(back.off, 11);
    CHECK_EQ(back.row.saved_ms, 12);
    torture(str_of(raw, n), n, parse_row);
    uint8_t first[REC_ROW_MAX]; /* version 1 had no saved_ms, which lay behind received_ms */
    memcpy(first, raw, 41);
    memcpy(first + 41, raw + 49, n - 49);
    first[0] = 1;
    CHECK_OK(rec_row_parse(str_of(first, n - 8), &back));
    CHECK(back.row.saved_ms == 6 && back.row.size == 7 && back.off == 11);
    CHECK_STR("env", back.row.env, "env");
    CHECK_EQ(rec_row_parse(str_of(first, n), &back), ERR_BAD);
    CHECK(memcmp(&back.row.origin, &back.row.id, MSG_ID_N) == 0);
    r.row.origin.b[0] = 7; /* a copy: version 3 */
    CHECK_EQ(n = rec_row_put(raw, &r), REC_ROW_HEAD_N + MSG_ID_N + 3);
    CHECK_OK(rec_row_parse(str_of(raw, n), &back));
    CHECK(memcmp(&back.row.origin, &r.row.origin, MSG_ID_N) == 0 && memcmp(&back.row.id, &r.row.id, MSG_ID_N) == 0);
    CHECK_STR("env", back.row.env, "env");
    torture(str_of(raw, n), n, parse_row);
    r.row.origin = r.row.id;
    r.row.env = str_of(long_env, sizeof long_env);
    r.row.env_n = sizeof long_env;
    CHECK_EQ(n = rec_row_put(raw, &r), REC_ROW_HEAD_N);
    CHECK_OK(rec_row_parse(str_of(raw, n), &back));
    CHECK(back.row.env.p == NULL);
    CHECK_EQ(back.row.env_n, sizeof long_env);
}

TEST(head_and_lease_know_their_checksum)
{
    uint8_t raw[REC_LEASE_N];
    struct rec_head h = { .env_n = 100, .hdr_n = 200, .body_n = 700 }, hb;
    rec_head_put(raw, &h);
    CHECK_OK(rec_head_parse(str_of(raw, REC_HEAD_N), 1000, &hb));
    CHECK_EQ(rec_head_total(&hb), 1000 + REC_HEAD_N);
    CHECK_EQ(rec_head_parse(str_of(raw, REC_HEAD_N), 999, &hb), ERR_BAD); /* longer than the file */
    torture(str_of(raw, REC_HEAD_N), REC_HEAD_N, parse_head);
    for (size_t bit = 0; bit < REC_HEAD_N * 8; bit++) {
        raw[bit / 8] ^= (uint8_t)(1 << (bit % 8));
        CHECK_EQ(rec_head_parse(str_of(raw, REC_HEAD_N), 1000, &hb), ERR_BAD);
        raw[bit / 8] ^= (uint8_t)(1 << (bit % 8));
    }
    h = (struct rec_head){ .env_n = UINT64_MAX, .hdr_n = 2, .body_n = UINT64_MAX };
    rec_head_put(raw, &h);
    CHECK_EQ(rec_head_parse(str_of(raw, REC_HEAD_N), UINT64_MAX, &hb), ERR_BAD);
    struct lease_rec l = { .live = true, .slot = 5, .key = { 1, 2, 3 } }, lb;
    rec_lease_put(raw, &l);
    CHECK_OK(rec_lease_parse(str_of(raw, REC_LEASE_N), 5, &lb));
    CHECK(lb.live && lb.key[2] == 3);
    CHECK_EQ(rec_lease_parse(str_of(raw, REC_LEASE_N), 6, &lb), ERR_BAD); /* in another's place */
    torture(str_of(raw, REC_LEASE_N), REC_LEASE_N, parse_lease);
    l.live = false;
    rec_lease_put(raw, &l);
    for (size_t i = 12; i < REC_LEASE_N; i++)
        CHECK_EQ(raw[i], 0); /* an empty slot keeps nothing of what it held */
}

TEST(keys_sort_as_their_parts)
{
    struct box_id box = { { 1 } };
    struct key a = key_box(&box, REC_ROW), b = a;
    key_add32(&a, 1);
    key_add32(&a, 0x00ffffff);
    key_add32(&b, 1);
    key_add32(&b, 0x01000000);
    CHECK(str_cmp(key_str(&a), key_str(&b)) < 0);
    struct key kind = key_box(&box, REC_ID);
    CHECK(str_cmp(key_str(&b), key_str(&kind)) < 0);
}
