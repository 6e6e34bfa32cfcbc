/* What a power cut may leave of the journal and of LMDB's file, and what is made of it. */
#include "io/file.h"
#include "store/embed_index.h"
#include "store/embed_journal.h"
#include "test.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct played {
    char text[4096];
    bool lies, dropped;
};

static enum err add(void *ctx, const struct journal_op *op)
{
    struct played *p = ctx;
    size_t n = strlen(p->text);
    if (!op)
        snprintf(p->text + n, sizeof p->text - n, ";");
    else
        snprintf(p->text + n, sizeof p->text - n, "%c%d%.*s%.*s", op->put ? '+' : '-', op->table, (int)op->key.n,
                 op->key.p, (int)op->val.n, op->val.n ? op->val.p : "");
    return OK;
}

static enum err is_true(void *ctx, const struct journal_op *)
{
    struct played *p = ctx;
    return p->lies ? ERR_GONE : OK;
}

static const char *folder(const char *name)
{
    static char path[512];
    snprintf(path, sizeof path, "%s/%s", test_dir(), name);
    mkdir(path, 0700);
    return path;
}

static int write_record(struct journal *j, uint64_t seq, const char *key)
{
    int fd = -1;
    journal_begin(j);
    journal_claim(j, S("what"), S("sum"));
    journal_put(j, 1, str_of(key, strlen(key)), S("=v"));
    journal_del(j, 2, S("gone"));
    CHECK_OK(journal_write(j, seq, &fd));
    CHECK(fd >= 0);
    return fd;
}

static void keep_record(struct journal *j, uint64_t seq, const char *key)
{
    write_record(j, seq, key);
    journal_keep(j);
}

/* What is played of it, opened anew, after record number `from`. */
static uint64_t replay(const char *dir, uint64_t from, uint64_t last, struct played *p)
{
    struct journal *j;
    struct journal_player player = { .apply = add, .holds = is_true, .ctx = p };
    p->text[0] = 0;
    CHECK_OK(journal_open(dir, &j));
    CHECK_OK(journal_replay(j, &from, last, &player));
    p->dropped = player.dropped;
    journal_close(j);
    return from;
}

TEST(records_come_back_in_order)
{
    const char *dir = folder("order");
    struct played p = { .lies = false };
    struct journal *j;
    CHECK_OK(journal_open(dir, &j));
    keep_record(j, 1, "a");
    journal_turn(j, 0);
    keep_record(j, 2, "b");
    keep_record(j, 3, "c");
    journal_turn(j, 0); /* the other one is still needed */
    keep_record(j, 4, "d");
    journal_close(j);
    CHECK_EQ(replay(dir, 0, UINT64_MAX, &p), 4);
    CHECK_STR("all", str_of(p.text, strlen(p.text)), "+1a=v-2gone;+1b=v-2gone;+1c=v-2gone;+1d=v-2gone;");
    CHECK_EQ(replay(dir, 2, UINT64_MAX, &p), 4);
    CHECK_STR("from a checkpoint", str_of(p.text, strlen(p.text)), "+1c=v-2gone;+1d=v-2gone;");
    CHECK_EQ(replay(dir, 2, 3, &p), 3);
    CHECK_STR("up to", str_of(p.text, strlen(p.text)), "+1c=v-2gone;");
    CHECK_EQ(replay(dir, 9, UINT64_MAX, &p), 9);
    CHECK_EQ(p.text[0], 0);
}

TEST(an_earlier_round_is_not_played)
{
    const char *dir = folder("round");
    struct played p = { .lies = false };
    struct journal *j;
    CHECK_OK(journal_open(dir, &j));
    for (uint64_t seq = 1; seq <= 3; seq++)
        keep_record(j, seq, "old");
    journal_turn(j, 3);
    keep_record(j, 4, "b");
    journal_turn(j, 3);
    keep_record(j, 5, "new");
    journal_close(j);
    CHECK_EQ(replay(dir, 3, UINT64_MAX, &p), 5);
    CHECK_STR("new", str_of(p.text, strlen(p.text)), "+1b=v-2gone;+1new=v-2gone;");
}

TEST(a_torn_record_ends_it_and_is_written_over)
{
    const char *dir = folder("torn");
    struct played p = { .lies = false };
    struct journal *j;
    char path[600];
    uint64_t seq = 0;
    CHECK_OK(journal_open(dir, &j));
    keep_record(j, 1, "a");
    uint64_t at = journal_size(j);
    keep_record(j, 2, "b");
    journal_close(j);
    snprintf(path, sizeof path, "%s/journal.a", dir);
    int fd = open(path, O_RDWR);
    CHECK_EQ(pwrite(fd, "x", 1, (off_t)at + JOURNAL_HEAD_N + 3), 1);
    close(fd);
    CHECK_EQ(replay(dir, 0, UINT64_MAX, &p), 1);
    CHECK_OK(journal_open(dir, &j));
    struct journal_player player = { .apply = add, .ctx = &p };
    CHECK_OK(journal_replay(j, &seq, UINT64_MAX, &player));
    CHECK_EQ(journal_size(j), at);
    keep_record(j, 2, "again");
    journal_close(j);
    CHECK_EQ(replay(dir, 1, UINT64_MAX, &p), 2);
    CHECK_STR("again", str_of(p.text, strlen(p.text)), "+1again=v-2gone;");
}

TEST(one_that_was_not_kept_is_replaced)
{
    const char *dir = folder("given-up");
    struct played p = { .lies = false };
    struct journal *j;
    CHECK_OK(journal_open(dir, &j));
    keep_record(j, 1, "a");
    write_record(j, 2, "given up, and longer than what takes its place");
    keep_record(j, 3, "c"); /* its number is used up in a checkpoint */
    journal_close(j);
    CHECK_EQ(replay(dir, 2, UINT64_MAX, &p), 3);
    CHECK_STR("c", str_of(p.text, strlen(p.text)), "+1c=v-2gone;");
}

TEST(a_claim_counts_in_the_newest_alone)
{
    const char *dir = folder("claim");
    struct played p = { .lies = true };
    struct journal *j;
    CHECK_OK(journal_open(dir, &j));
    keep_record(j, 1, "a");
    keep_record(j, 2, "b");
    journal_turn(j, 0);
    keep_record(j, 3, "c");
    journal_close(j);
    CHECK_EQ(replay(dir, 0, UINT64_MAX, &p), 2);
    CHECK_STR("but the newest", str_of(p.text, strlen(p.text)), "+1a=v-2gone;+1b=v-2gone;");
    CHECK(p.dropped);
    p.lies = false;
    CHECK_EQ(replay(dir, 0, UINT64_MAX, &p), 3);
    CHECK(!p.dropped);
}

/* ---- the index over it ---- */

static _Atomic uint64_t syncs;

static enum err claim_is;
static enum err claimed(void *, struct str, struct str) { return claim_is; }

static struct index *open_index(const char *dir)
{
    struct index *ix;
    CHECK_OK(index_open(&(struct index_opts){ .dir = dir, .syncs = &syncs, .claimed = claimed }, &ix));
    return ix;
}

static void put(struct index *ix, const char *key, const char *val)
{
    struct index_txn t;
    CHECK_OK(index_begin_write(ix, &t));
    index_put(&t, TAB_ADDR, str_of(key, strlen(key)), str_of(val, strlen(val)));
    CHECK_OK(index_commit(&t));
}

static bool has(struct index *ix, const char *key, const char *val)
{
    struct index_txn t;
    struct str got;
    CHECK_OK(index_begin_read(ix, &t));
    bool same = index_get(&t, TAB_ADDR, str_of(key, strlen(key)), &got) == OK && str_eq(got, str_of(val, strlen(val)));
    index_end(&t);
    return same;
}

static void copy(const char *from, const char *to, const char *name)
{
    char a[600], b[600];
    AUTO_BUF struct buf raw = { .max = 64 << 20 };
    snprintf(a, sizeof a, "%s/%s", from, name);
    snprintf(b, sizeof b, "%s/%s", to, name);
    CHECK_OK(file_load(a, raw.max, &raw));
    CHECK_OK(file_save(b, buf_str(&raw)));
}

static void cut_off(const char *dir, const char *to)
{
    static const char *const names[] = { "checkpoint", "data.mdb", "journal.a", "journal.b" };
    for (size_t i = 0; i < COUNT(names); i++)
        copy(dir, to, names[i]);
}

/* Nothing that LMDB wrote since the checkpoint has reached the disk. */
TEST(the_journal_alone_brings_it_back)
{
    char dir[512], cut[512];
    snprintf(dir, sizeof dir, "%s", folder("index"));
    snprintf(cut, sizeof cut, "%s", folder("cut"));
    struct index *ix = open_index(dir);
    copy(dir, cut, "data.mdb");
    copy(dir, cut, "checkpoint");
    put(ix, "a", "1");
    put(ix, "a", "3"); /* no more: with two checkpoints the first record would be written over */
    copy(dir, cut, "journal.a");
    copy(dir, cut, "journal.b");
    struct index *after = open_index(cut);
    CHECK(has(after, "a", "3"));
    put(after, "c", "4");
    index_close(after);
    after = open_index(cut);
    CHECK(has(after, "a", "3"));
    CHECK(has(after, "c", "4"));
    index_close(after);
    index_close(ix);
}

/* The newest pages have, and the root with them: it is put back, and what came after is played again. */
TEST(a_root_that_is_ahead_is_put_back)
{
    char dir[512], cut[512];
    snprintf(dir, sizeof dir, "%s", folder("ahead"));
    snprintf(cut, sizeof cut, "%s", folder("ahead-cut"));
    struct index *ix = open_index(dir);
    put(ix, "a", "1");
    for (int i = 0; i < 2000; i++) { /* over some checkpoints */
        char key[16], val[900];
        snprintf(key, sizeof key, "k%d", i % 100);
        memset(val, 'a' + i % 26, sizeof val - 1);
        val[sizeof val - 1] = 0;
        put(ix, key, val);
    }
    cut_off(dir, cut);
    struct index *after = open_index(cut);
    CHECK(has(after, "a", "1"));
    for (int i = 1900; i < 2000; i++) {
        char key[16], val[900];
        snprintf(key, sizeof key, "k%d", i % 100);
        memset(val, 'a' + i % 26, sizeof val - 1);
        val[sizeof val - 1] = 0;
        CHECK(has(after, key, val));
    }
    index_close(after);
    index_close(ix);
}

/* What it claims was never flushed: it is void for good, though the record itself is sound, and what comes next has
 * another number. Twice, since the second start has a checkpoint behind it. */
TEST(a_dropped_commit_does_not_come_back_either)
{
    char dir[512], cut[512], again[512];
    snprintf(dir, sizeof dir, "%s", folder("dropped"));
    snprintf(cut, sizeof cut, "%s", folder("dropped-cut"));
    snprintf(again, sizeof again, "%s", folder("dropped-again"));
    struct index *ix = open_index(dir);
    struct index_txn t;
    put(ix, "x", "1");
    CHECK_OK(index_begin_write(ix, &t));
    index_put(&t, TAB_ADDR, S("never"), S("2"));
    index_claim(&t, S("what"), S("sum"));
    CHECK_OK(index_commit(&t));
    cut_off(dir, cut);
    index_close(ix);
    claim_is = ERR_GONE;
    ix = open_index(cut);
    CHECK(has(ix, "x", "1"));
    CHECK(!has(ix, "never", "2"));
    put(ix, "y", "3");
    cut_off(cut, again);
    claim_is = OK; /* now it would be believed */
    struct index *after = open_index(again);
    CHECK(has(after, "x", "1"));
    CHECK(has(after, "y", "3"));
    CHECK(!has(after, "never", "2"));
    index_close(after);
    index_close(ix);
}

TEST(a_claim_that_cannot_be_read_is_no_reason_to_drop_it)
{
    char dir[512], cut[512];
    snprintf(dir, sizeof dir, "%s", folder("unread"));
    snprintf(cut, sizeof cut, "%s", folder("unread-cut"));
    struct index *ix = open_index(dir), *after;
    struct index_txn t;
    CHECK_OK(index_begin_write(ix, &t));
    index_put(&t, TAB_ADDR, S("a"), S("1"));
    index_claim(&t, S("what"), S("sum"));
    CHECK_OK(index_commit(&t));
    cut_off(dir, cut);
    index_close(ix);
    claim_is = ERR_IO;
    CHECK_EQ(index_open(&(struct index_opts){ .dir = cut, .syncs = &syncs, .claimed = claimed }, &after), ERR_IO);
    claim_is = OK;
    after = open_index(cut);
    CHECK(has(after, "a", "1"));
    index_close(after);
}

TEST(what_was_given_up_does_not_come_back)
{
    char dir[512];
    snprintf(dir, sizeof dir, "%s", folder("lost"));
    struct index *ix = open_index(dir);
    struct index_txn t;
    int fd;
    put(ix, "a", "1");
    CHECK_OK(index_begin_write(ix, &t));
    index_put(&t, TAB_ADDR, S("b"), S("2"));
    CHECK_OK(index_log(&t, &fd));
    index_end(&t); /* its segment could not be flushed, say */
    CHECK(!has(ix, "b", "2"));
    CHECK_OK(index_settle(ix));
    put(ix, "c", "3");
    char cut[512];
    snprintf(cut, sizeof cut, "%s", folder("lost-cut"));
    cut_off(dir, cut);
    struct index *after = open_index(cut);
    CHECK(has(after, "a", "1"));
    CHECK(!has(after, "b", "2"));
    CHECK(has(after, "c", "3"));
    index_close(after);
    index_close(ix);
}
