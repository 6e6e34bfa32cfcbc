#include "io/file.h"
#include "test.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *path_of(const char *name)
{
    static char path[4][300];
    static unsigned turn;
    char *p = path[turn++ % 4];
    snprintf(p, sizeof path[0], "%s/%s", test_dir(), name);
    return p;
}

TEST(save_and_load)
{
    AUTO_BUF struct buf b = { .max = 1 << 20 };
    struct stat st;
    const char *path = path_of("a");
    CHECK_EQ(file_load(path, 100, &b), ERR_GONE);
    CHECK_OK(file_save(path, S("first")));
    CHECK_OK(file_save(path, S("second\0!")));
    CHECK_OK(file_load(path, 8, &b));
    CHECK(str_eq(buf_str(&b), S("second\0!")));
    buf_clear(&b);
    CHECK_EQ(file_load(path, 7, &b), ERR_FULL);
    CHECK(stat(path, &st) == 0 && (st.st_mode & 07777) == 0600);
    CHECK(access(path_of("a.new"), F_OK) != 0);
    CHECK_OK(file_save(path, (struct str){ 0 }));
    buf_clear(&b);
    CHECK_OK(file_load(path, 0, &b));
    CHECK_EQ(b.n, 0);
}

TEST(what_a_crash_left_is_replaced)
{
    AUTO_FD int fd = open(path_of("b.new"), O_CREAT | O_WRONLY, 0644);
    CHECK(fd >= 0);
    CHECK_OK(file_save(path_of("b"), S("x")));
}

TEST(failures)
{
    AUTO_BUF struct buf b = { .max = 4 };
    CHECK_EQ(file_save(path_of("no/such"), S("x")), ERR_IO);
    CHECK_EQ(file_load(path_of("no/such"), 9, &b), ERR_GONE);
    CHECK_EQ(file_load(test_dir(), 9, &b), ERR_IO);
    CHECK_OK(file_save(path_of("c"), S("12345")));
    CHECK_EQ(file_load(path_of("c"), 9, &b), ERR_FULL);
    CHECK_EQ(file_make_dir(path_of("c")), ERR_IO);
    AUTO_FD int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    CHECK_EQ(file_write_all(full, S("x")), ERR_FULL);
    CHECK_EQ(file_sync_dir(path_of("none")), ERR_IO);
}

TEST(folders)
{
    struct stat st;
    const char *path = path_of("folder/");
    CHECK_OK(file_make_dir(path));
    CHECK_OK(file_make_dir(path));
    CHECK(stat(path, &st) == 0 && (st.st_mode & 07777) == 0700);
    CHECK(!file_on_cow("/proc") && !file_on_cow("/no/such"));
}
