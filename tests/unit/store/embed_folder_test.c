/* Whose folder it is, and of which format. */
#include "base/rand.h"
#include "contract.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void write_file(struct rig *r, const char *name, const void *p, size_t n, off_t at)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", r->dir, name);
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    CHECK_EQ(pwrite(fd, p, n, at), (ssize_t)n);
    close(fd);
}

static enum err open_closed(struct rig *r)
{
    enum err e = store_open(&r->opts, &r->store);
    if (e == OK)
        store_close(r->store);
    r->store = NULL;
    return e;
}

/* Not opened, with that error and such a reason. */
static void check_refused(struct rig *r, enum err want, const char *reason)
{
    AUTO_BUF struct buf why = { .max = 1000 };
    r->opts.why = &why;
    CHECK_EQ(open_closed(r), want);
    r->opts.why = NULL;
    if (str_find(buf_str(&why), str_c(reason)) == STR_NONE)
        CHECK_STR("reason", buf_str(&why), reason);
}

static void finish(struct rig *r)
{
    CHECK(r->store == NULL);
    rig_close(r);
}

TEST(one_process_at_a_time)
{
    struct rig *r = rig_open("lock");
    struct store *first = r->store;
    check_refused(r, ERR_BUSY, "another mayfly serves this data folder");
    r->store = first;
    rig_close(r);
}

TEST(formats_and_marks)
{
    struct rig *r = rig_open("format");
    store_close(r->store);
    CHECK_OK(open_closed(r));
    r->opts.test_clock = false;
    check_refused(r, ERR_DENIED, "it was made with test.clock=true");
    r->opts.test_clock = true;
    static const struct {
        const char *text, *why;
    } bad[] = {
        { "mayfly store 4\n", "a newer mayfly made it: its format is 4, and this one reads up to 3" },
        { "mayfly store 0 test-clock\n", "VERSION is not that of a mayfly store" },
        { "mayfly store x\n", "VERSION is not that of a mayfly store" },
        { "something else\n", "VERSION is not that of a mayfly store" },
        { "\n", "VERSION is not that of a mayfly store" },
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        char path[512];
        snprintf(path, sizeof path, "%s/VERSION", r->dir);
        unlink(path);
        write_file(r, "VERSION", bad[i].text, strlen(bad[i].text), 0);
        check_refused(r, ERR_BAD, bad[i].why);
    }
    char path[512];
    snprintf(path, sizeof path, "%s/VERSION", r->dir);
    unlink(path);
    check_refused(r, ERR_BAD, "VERSION is gone while index/ is there"); /* not ours to make anew */
    finish(r);
}

TEST(without_its_index_key_it_does_not_open)
{
    struct rig *r = rig_open("key");
    uint8_t a[HASH_N], b[HASH_N];
    store_addr_hash(r->store, S("x@example.org"), a);
    rig_reopen(r);
    store_addr_hash(r->store, S("x@example.org"), b);
    CHECK(memcmp(a, b, HASH_N) == 0);
    store_hash(r->store, S("other"), S("x@example.org"), b);
    CHECK(memcmp(a, b, HASH_N) != 0);
    store_close(r->store);
    r->store = NULL;
    char path[512];
    snprintf(path, sizeof path, "%s/index.key", r->dir);
    CHECK_EQ(truncate(path, 31), 0);
    check_refused(r, ERR_BAD, "index.key is damaged");
    unlink(path);
    check_refused(r, ERR_BAD, "index.key is gone");
    finish(r);
}

TEST(a_damaged_index_is_refused)
{
    struct rig *r = rig_open("damaged");
    struct box_id box = rig_box(r, 1, 3600000);
    CHECK_OK(rig_append(r, &box, 1, "x"));
    store_close(r->store);
    r->store = NULL;
    char junk[8192], path[512];
    rand_bytes(junk, sizeof junk);
    write_file(r, "index/data.mdb", junk, 152, 0); /* its root is written down elsewhere */
    write_file(r, "index/data.mdb", junk, 152, 4096);
    CHECK_OK(store_open(&r->opts, &r->store));
    CHECK_EQ(rig_list(r, &box, FOLDER_INBOX)->n, 1);
    store_close(r->store);
    r->store = NULL;
    write_file(r, "index/checkpoint", junk, sizeof junk, 0);
    check_refused(r, ERR_BAD, "index/ is damaged");
    snprintf(path, sizeof path, "%s/index/checkpoint", r->dir);
    unlink(path);
    write_file(r, "index/data.mdb", junk, sizeof junk, 0);
    CHECK(open_closed(r) != OK);
    finish(r);
}

TEST(a_lost_index_is_no_new_store)
{
    struct rig *r = rig_open("no-index");
    (void)rig_box(r, 1, 3600000);
    store_close(r->store);
    r->store = NULL;
    static const char *const names[] = { "data.mdb", "checkpoint", "journal.a", "journal.b", "lock.mdb" };
    char path[512], lease[512];
    for (size_t i = 0; i < COUNT(names); i++) {
        snprintf(path, sizeof path, "%s/index/%s", r->dir, names[i]);
        unlink(path);
    }
    struct stat before, after;
    snprintf(lease, sizeof lease, "%s/lease.a", r->dir);
    CHECK_EQ(stat(lease, &before), 0);
    check_refused(r, ERR_BAD, "index/ is gone while the leases are there: is it mounted?");
    CHECK(stat(lease, &after) == 0 && before.st_mtim.tv_nsec == after.st_mtim.tv_nsec);
    finish(r);
}

TEST(a_lost_or_short_segment_loses_its_messages_only)
{
    struct rig *r = rig_open("lost");
    struct box_id box = rig_box(r, 1, 3600000);
    CHECK_OK(rig_append(r, &box, 1, "x"));
    store_close(r->store);
    char path[512];
    snprintf(path, sizeof path, "%s/seg/0000000000000000", r->dir);
    CHECK_EQ(truncate(path, 10), 0);
    CHECK_OK(store_open(&r->opts, &r->store));
    struct store_read *q = NEW(read);
    q->box = box;
    q->id = rig_msg(1);
    q->len = 1;
    CHECK_EQ(RUN(r, read, q)->req.err, ERR_IO);
    CHECK_OK(rig_append(r, &box, 2, "y"));
    CHECK_EQ(rig_list(r, &box, FOLDER_INBOX)->n, 2);
    unlink(path);
    rig_reopen(r);
    q = NEW(read);
    q->box = box;
    q->id = rig_msg(2);
    q->len = 1;
    CHECK_OK(RUN(r, read, q)->req.err);
    CHECK_OK(rig_end(r, &box));
    rig_close(r);
}

TEST(a_tail_that_was_never_committed_is_cut)
{
    struct rig *r = rig_open("tail");
    struct box_id box = rig_box(r, 1, 3600000);
    CHECK_OK(rig_append(r, &box, 1, "x"));
    store_close(r->store);
    char path[512];
    struct stat before, after;
    snprintf(path, sizeof path, "%s/seg/0000000000000000", r->dir);
    CHECK_EQ(stat(path, &before), 0);
    write_file(r, "seg/0000000000000000", "torn", 4, before.st_size);
    write_file(r, "seg/00000000000000ff", "stray", 5, 0);
    CHECK_OK(store_open(&r->opts, &r->store));
    CHECK_EQ(stat(path, &after), 0);
    CHECK_EQ(after.st_size, before.st_size);
    snprintf(path, sizeof path, "%s/seg/00000000000000ff", r->dir);
    CHECK(access(path, F_OK) != 0);
    CHECK_OK(rig_append(r, &box, 2, "y"));
    rig_close(r);
}

TEST(a_backup_has_no_mail_and_no_lease)
{
    struct rig *r = rig_open("backup");
    rig_box(r, 1, 3600000);
    char to[512];
    snprintf(to, sizeof to, "%s/copy", test_dir());
    mkdir(to, 0700);
    CHECK_OK(store_backup(r->store, to));
    char path[600];
    static const char *const there[] = { "VERSION", "index.key" }, *const not_there[] = { "lease.a", "lease.b", "index",
                                                                                          "seg" };
    for (size_t i = 0; i < COUNT(there); i++) {
        snprintf(path, sizeof path, "%s/%s", to, there[i]);
        CHECK(access(path, F_OK) == 0);
    }
    for (size_t i = 0; i < COUNT(not_there); i++) {
        snprintf(path, sizeof path, "%s/%s", to, not_there[i]);
        CHECK(access(path, F_OK) != 0);
    }
    rig_close(r);
}
