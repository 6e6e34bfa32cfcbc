/* What an end leaves behind: no key within two seconds, no rows, no disk; and what a clock that jumps does not end. */
#include "contract.h"
#include "store/embed_lease.h"
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MINUTE = 60 * 1000, HOUR = 60 * MINUTE };

static bool in_file(struct rig *r, const char *name, const void *needle, size_t n)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", r->dir, name);
    int fd = open(path, O_RDONLY);
    off_t size = lseek(fd, 0, SEEK_END);
    char *all = malloc((size_t)size + 1);
    ssize_t got = pread(fd, all, (size_t)size, 0);
    bool found = got > 0 && memmem(all, (size_t)got, needle, n) != NULL;
    free(all);
    close(fd);
    return found;
}

static bool key_there(struct rig *r, const char *name)
{
    uint8_t key[KEY_N];
    memset(key, 0x65, KEY_N); /* of box 100, see new_create() */
    return in_file(r, name, key, KEY_N);
}

static bool key_gone(struct rig *r) { return !key_there(r, "lease.a") && !key_there(r, "lease.b"); }

static bool one_ended(struct rig *r) { return r->ended == 1; }

static bool empty(struct rig *r)
{
    struct store_stats s;
    store_stats(r->store, &s);
    return s.boxes == 0 && s.messages == 0 && s.segments == 0;
}

TEST(the_sweep_destroys_the_key)
{
    struct rig *r = rig_open("sweep");
    struct box_id box = rig_box(r, 100, HOUR);
    CHECK_OK(rig_append(r, &box, 1, "x"));
    CHECK(key_there(r, "lease.a") && key_there(r, "lease.b"));
    CHECK(!key_there(r, "index/data.mdb") && !key_there(r, "seg/0000000000000000"));
    rig_advance(r, HOUR + 1);
    CHECK_EQ(rig_find(r, &box), ERR_GONE);
    CHECK(rig_until(r, key_gone));
    CHECK(rig_until(r, one_ended)); /* told after it is so */
    rig_advance(r, 10 * MINUTE);
    CHECK(rig_until(r, empty));
    rig_close(r);
}

TEST(burning_destroys_the_key_before_the_answer)
{
    struct rig *r = rig_open("burnkey");
    struct box_id box = rig_box(r, 100, HOUR);
    CHECK_OK(rig_end(r, &box));
    CHECK(key_gone(r));
    CHECK(rig_until(r, empty));
    rig_close(r);
}

TEST(an_end_that_was_moved_on_is_not_swept)
{
    struct rig *r = rig_open("moved");
    struct box_id box = rig_box(r, 100, MINUTE);
    struct store_change *c = NEW(change);
    c->id = box;
    c->set = CHANGE_END;
    c->end_ms = store_now_ms(r->store) + HOUR;
    CHECK_OK(RUN(r, change, c)->req.err);
    rig_advance(r, 10 * MINUTE);
    usleep(600000); /* two sweeps */
    CHECK_OK(rig_find(r, &box));
    CHECK(!key_gone(r));
    rig_close(r);
}

TEST(a_jump_of_the_wall_ends_nothing)
{
    struct rig *r = rig_open("jump");
    struct box_id box = rig_box(r, 100, HOUR);
    atomic_fetch_add(&r->clock.wall_offset_ms, 5 * HOUR);
    usleep(600000);
    CHECK(store_clock_frozen(r->store));
    CHECK_OK(rig_find(r, &box));
    CHECK_OK(rig_append(r, &box, 1, "mail still comes"));
    CHECK(!key_gone(r));
    atomic_fetch_add(&r->clock.boot_offset_ms, 2 * HOUR);
    atomic_fetch_add(&r->clock.wall_offset_ms, 2 * HOUR);
    CHECK_OK(rig_find(r, &box)); /* its end is over by any clock, but not believed */
    store_clock_accept(r->store);
    CHECK_EQ(rig_find(r, &box), ERR_GONE);
    CHECK(rig_until(r, key_gone));
    rig_close(r);
}

TEST(a_step_back_of_the_wall_keeps_ends_in_time)
{
    struct rig *r = rig_open("back");
    struct box_id box = rig_box(r, 100, HOUR);
    atomic_fetch_sub(&r->clock.wall_offset_ms, 10 * HOUR);
    rig_advance(r, HOUR + 1);
    CHECK_EQ(rig_find(r, &box), ERR_GONE);
    CHECK(rig_until(r, key_gone));
    rig_close(r);
}

TEST(an_end_during_downtime)
{
    struct rig *r = rig_open("down");
    rig_box(r, 100, HOUR);
    store_close(r->store);
    rig_advance(r, HOUR + 1);
    CHECK_OK(store_open(&r->opts, &r->store));
    CHECK_EQ(rig_find(r, &(struct box_id){ { 0xb0, [15] = 100 } }), ERR_GONE);
    CHECK(rig_until(r, key_gone));
    CHECK(rig_until(r, empty));
    rig_close(r);
}

static bool keep_all(void *, const struct box_id *, uint32_t) { return true; }

/* The process died after the lease and before the rows: rebuilt by ending the lease behind the store's back. */
TEST(a_box_without_a_lease_is_found_at_start)
{
    struct rig *r = rig_open("orphan");
    struct box_id box = rig_box(r, 100, HOUR);
    CHECK_OK(rig_append(r, &box, 1, "x"));
    store_close(r->store);
    struct leases *l;
    struct lease_ref ref = { .box = box, .slot = 0 };
    CHECK_OK(leases_open(r->dir, 0, NULL, &l));
    CHECK_OK(leases_check(l, keep_all, NULL));
    CHECK_OK(lease_shred(l, &ref, 1));
    CHECK(ref.was_live);
    leases_close(l);
    CHECK_EQ(r->ended, 0);
    CHECK_OK(store_open(&r->opts, &r->store));
    CHECK_EQ(rig_find(r, &box), ERR_GONE);
    CHECK_EQ(rig_append(r, &box, 2, "x"), ERR_GONE);
    CHECK_EQ(rig_list(r, &box, FOLDER_ANY)->req.err, ERR_GONE);
    CHECK(rig_until(r, empty));
    CHECK_EQ(r->ended, 1); /* for what lies outside of the store */
    rig_close(r);
}

TEST(lost_leases_are_told_loudly)
{
    static const char *const names[] = { "lease.a", "lease.b" };
    struct rig *r = rig_open("no-leases");
    rig_box(r, 100, HOUR);
    store_close(r->store);
    char path[512];
    snprintf(path, sizeof path, "%s/log", r->dir);
    int fd = open(path, O_RDWR | O_CREAT, 0600);
    struct log *log;
    CHECK_OK(log_open(&(struct log_opts){ .fd = fd, .min = LOG_ERROR }, &log));
    for (size_t i = 0; i < COUNT(names); i++) {
        snprintf(path, sizeof path, "%s/%s", r->dir, names[i]);
        CHECK_EQ(unlink(path), 0);
    }
    r->opts.log = log;
    CHECK_OK(store_open(&r->opts, &r->store));
    CHECK(rig_until(r, empty));
    CHECK(in_file(r, "log", "store.damaged", 13) && in_file(r, "log", "boxes=1", 7));
    rig_close(r);
    log_close(log);
    close(fd);
}

TEST(many_end_together)
{
    enum { BOXES = 1000, EACH = 5 };
    struct rig *r = rig_open("many");
    static struct store_req *answers[BOXES * EACH];
    for (unsigned i = 0; i < BOXES; i++)
        rig_send(r, &new_create(r, i + 1, HOUR)->req, &answers[i]);
    rig_wait(r);
    static char body[2000];
    for (unsigned i = 0; i < BOXES * EACH; i++) {
        struct box_id box = rig_id(i % BOXES + 1);
        rig_send(r, &new_append(r, &box, i, str_of(body, sizeof body))->req, &answers[i]);
    }
    rig_wait(r);
    struct store_stats s;
    store_stats(r->store, &s);
    CHECK_EQ(s.messages, BOXES * EACH);
    struct box_id other = rig_box(r, 5000, 10 * HOUR);
    rig_advance(r, HOUR + 100);
    for (unsigned i = 1; i <= BOXES; i += 37) {
        struct box_id box = rig_id(i);
        CHECK_EQ(rig_find(r, &box), ERR_GONE);
    }
    bool gone = false;
    for (int i = 0; i < 400 && !gone; i++) {
        CHECK_OK(rig_append(r, &other, 100000 + (unsigned)i, "meanwhile"));
        store_stats(r->store, &s);
        gone = s.boxes == 1 && s.messages == (uint64_t)i + 1;
        usleep(10000);
    }
    CHECK(gone);
    CHECK_EQ(r->ended, BOXES);
    rig_close(r);
}

/* ---- disk given back while the segment lives ---- */

static uint64_t blocks;
static int add_blocks(const char *path, const struct stat *s, int, struct FTW *)
{
    if (strstr(path, "/seg/"))
        blocks += (uint64_t)s->st_blocks * 512;
    return 0;
}
static uint64_t seg_disk(struct rig *r)
{
    blocks = 0;
    nftw(r->dir, add_blocks, 16, FTW_PHYS);
    return blocks;
}

enum { BIG = 60000, BIG_N = 60 };

static void fill_box(struct rig *r, const struct box_id *box, unsigned from)
{
    static char body[BIG];
    for (unsigned i = 0; i < BIG_N; i++) {
        memset(body, (int)(from + i), sizeof body);
        CHECK_OK(RUN(r, append, new_append(r, box, from + i, str_of(body, sizeof body)))->req.err);
    }
}

static void check_body(struct rig *r, const struct box_id *box, unsigned msg)
{
    static char body[BIG];
    memset(body, (int)msg, sizeof body);
    struct store_read *q = NEW(read);
    q->box = *box;
    q->id = rig_msg(msg);
    q->len = BIG;
    q = RUN(r, read, q);
    CHECK_OK(q->req.err);
    CHECK(str_eq(q->bytes, str_of(body, sizeof body)));
}

static bool small_disk(struct rig *r) { return seg_disk(r) < 2u * BIG * 6; }

TEST(deleted_bytes_are_punched_out)
{
    struct rig *r = rig_open("punch");
    struct box_id box = rig_box(r, 1, HOUR);
    fill_box(r, &box, 1);
    CHECK(seg_disk(r) >= (uint64_t)BIG * BIG_N);
    struct store_delete *d = NEW(delete);
    struct msg_id *ids = arena_array(&d->req.arena, BIG_N, sizeof *ids);
    for (unsigned i = 0; i < BIG_N - 5; i++)
        ids[i] = rig_msg(1 + i);
    d->box = box;
    d->pick = (struct store_pick){ .ids = ids, .n = BIG_N - 5 };
    CHECK_EQ(RUN(r, delete, d)->deleted, BIG_N - 5);
    CHECK(rig_until(r, small_disk));
    for (unsigned i = BIG_N - 4; i <= BIG_N; i++)
        check_body(r, &box, i);
    rig_close(r);
}

static bool one_segment(struct rig *r)
{
    struct store_stats s;
    store_stats(r->store, &s);
    return s.segments == 1;
}

/* Two boxes in the same segments, the large one burned: its runs are punched; hours later the rest is carried on. */
TEST(a_half_dead_segment_is_punched_and_its_rest_carried_on)
{
    struct rig *r = rig_open("rest");
    struct store_create *q = new_create(r, 1, 100 * HOUR);
    q->box.max_bytes = 1 << 30;
    CHECK_OK(RUN(r, create, q)->req.err);
    struct box_id big = rig_id(1), small = rig_box(r, 2, 100 * HOUR);
    static char body[BIG];
    for (unsigned i = 0; i < 3; i++) {
        fill_box(r, &big, 1 + i * BIG_N);
        memset(body, (int)(1000 + i), sizeof body);
        CHECK_OK(RUN(r, append, new_append(r, &small, 1000 + i, str_of(body, sizeof body)))->req.err);
    }
    CHECK_OK(rig_end(r, &big));
    rig_advance(r, 10000); /* the open segment is not sealed while it is new */
    CHECK(rig_until(r, small_disk));
    struct store_stats s;
    store_stats(r->store, &s);
    CHECK(s.segments >= 3);
    for (unsigned i = 0; i < 3; i++)
        check_body(r, &small, 1000 + i);
    rig_reopen(r); /* walks again: it finds its way through the holes */
    rig_advance(r, 5 * HOUR);
    CHECK(rig_until(r, one_segment));
    for (unsigned i = 0; i < 3; i++)
        check_body(r, &small, 1000 + i);
    CHECK_EQ(rig_list(r, &small, FOLDER_INBOX)->rows[0].uid, 3);
    CHECK_STR("env", rig_list(r, &small, FOLDER_INBOX)->rows[0].env, "env 1002");
    rig_close(r);
}

enum { LITTLE = 3000, LITTLE_N = 600, KEPT_EVERY = 60 };

static bool tiny_disk(struct rig *r) { return seg_disk(r) < LITTLE_N * LITTLE / 8; }

/* Each of them alone would free no block; together they are one hole under one head, past which a later walk finds its
 * way to those that live. */
TEST(small_neighbours_deleted_together_are_walked_past)
{
    static char body[LITTLE];
    struct rig *r = rig_open("neighbours");
    struct store_create *q = new_create(r, 1, 100 * HOUR);
    CHECK_OK(RUN(r, create, q)->req.err);
    struct box_id box = rig_id(1);
    for (unsigned i = 0; i < LITTLE_N; i++) {
        memset(body, (int)i, sizeof body);
        CHECK_OK(RUN(r, append, new_append(r, &box, 1 + i, str_of(body, sizeof body)))->req.err);
    }
    struct store_delete *d = NEW(delete);
    struct msg_id *ids = arena_array(&d->req.arena, LITTLE_N, sizeof *ids);
    for (unsigned i = 0; i < LITTLE_N; i++)
        if (i % KEPT_EVERY != 0)
            ids[d->pick.n++] = rig_msg(1 + i);
    d->box = box;
    d->pick.ids = ids;
    CHECK_EQ(RUN(r, delete, d)->deleted, LITTLE_N - LITTLE_N / KEPT_EVERY);
    CHECK(rig_until(r, tiny_disk));
    rig_reopen(r);
    rig_advance(r, 5 * HOUR);
    CHECK(rig_until(r, one_segment));
    struct store_list *l = rig_list(r, &box, FOLDER_INBOX);
    CHECK_EQ(l->n, LITTLE_N / KEPT_EVERY);
    CHECK_STR("env", l->rows[0].env, "env 541");
    rig_close(r);
}
